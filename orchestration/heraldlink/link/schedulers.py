# SPDX-License-Identifier: Apache-2.0
"""Who is served next: strict priority, or weighted fair.

Weighted fair is start-time fair queueing (Goyal, Vin and Cheng 1996, section 2): a request's start tag is the
virtual time at which it came or the finish tag of its class' former request, whichever is later; its finish
tag is its cost over its class' weight later. The smallest start tag is served; virtual time is that tag. In
any stretch in which two classes both wait, what they get per weight differs by no more than the largest
request of each over its weight (theorem 1).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

SchedulerKind = Literal["strict_priority", "weighted_fair"]


class Candidate(msgspec.Struct, frozen=True):
    """A request in line. ``cost``: its pairs; ``came``: virtual time when it was put in line."""

    request: int
    number: int
    priority: int
    cost: float
    came: float = 0.0


class Scheduler(msgspec.Struct, frozen=True):
    """How the next is found. A class is a priority; its weight is in ``weights`` or 2 to its power."""

    kind: SchedulerKind = "strict_priority"
    weights: Mapping[int, float] = msgspec.field(default_factory=dict[int, float])

    def weight(self, priority: int) -> float:
        """Share of a class, > 0."""
        return self.weights.get(priority, float(2**priority))


class Tags(msgspec.Struct, frozen=True):
    """Virtual time, and each class' last finish tag."""

    virtual: float = 0.0
    finish: Mapping[int, float] = msgspec.field(default_factory=dict[int, float])


def next_of(scheduler: Scheduler, waiting: Sequence[Candidate], tags: Tags) -> tuple[Candidate, Tags]:
    """Who is served, and the tags after that; ``waiting`` is not empty."""
    if scheduler.kind == "strict_priority":
        return strict_priority(waiting), tags
    return weighted_fair(waiting, tags, scheduler.weight)


def strict_priority(waiting: Sequence[Candidate]) -> Candidate:
    """The highest priority, of those the first in line."""
    return min(waiting, key=lambda item: (-item.priority, item.number))


def weighted_fair(
    waiting: Sequence[Candidate], tags: Tags, weight: Callable[[int], float]
) -> tuple[Candidate, Tags]:
    """The smallest start tag; a class is served in the order of the line."""
    heads = [first_of(waiting, priority) for priority in {item.priority for item in waiting}]
    chosen = min(heads, key=lambda item: (start(item, tags), item.number))
    begin = start(chosen, tags)
    finish = {**tags.finish, chosen.priority: begin + chosen.cost / weight(chosen.priority)}
    return chosen, Tags(begin, finish)


def first_of(waiting: Sequence[Candidate], priority: int) -> Candidate:
    """First in line of a class."""
    return min((item for item in waiting if item.priority == priority), key=lambda item: item.number)


def start(item: Candidate, tags: Tags) -> float:
    """Start tag of a class' first request."""
    return max(item.came, tags.finish.get(item.priority, 0.0))
