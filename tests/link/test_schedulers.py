# SPDX-License-Identifier: Apache-2.0
"""Schedulers against brute force: the definition of strict order, and tags computed beforehand."""

from collections import defaultdict

from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.link.schedulers import Candidate, Scheduler, Tags, next_of

FAIR = Scheduler("weighted_fair", {0: 1.0, 1: 2.0, 2: 5.0})
WORK = st.lists(st.tuples(st.integers(0, 2), st.integers(1, 50)), min_size=1, max_size=40)
"""Requests in line from the beginning: (priority, pairs)."""


def served(scheduler: Scheduler, work: list[tuple[int, int]]) -> list[Candidate]:
    line = [Candidate(place + 1, place + 1, *item) for place, item in enumerate(work)]
    tags, order = Tags(), []
    while line:
        chosen, tags = next_of(scheduler, line, tags)
        line.remove(chosen)
        order.append(chosen)
    return order


@given(WORK)
def test_strict_priority_serves_as_if_sorted(work: list[tuple[int, int]]) -> None:
    order = served(Scheduler(), work)
    expected = sorted(range(len(work)), key=lambda place: (-work[place][0], place))
    assert [item.number - 1 for item in order] == expected


@given(WORK)
def test_weighted_fair_serves_in_the_order_of_tags_computed_beforehand(work: list[tuple[int, int]]) -> None:
    finish: dict[int, float] = defaultdict(float)
    starts = []
    for place, (priority, pairs) in enumerate(work):
        starts.append((finish[priority], place))
        finish[priority] += pairs / FAIR.weight(priority)
    assert [item.number - 1 for item in served(FAIR, work)] == [place for _, place in sorted(starts)]


@settings(max_examples=300)
@given(WORK)
def test_of_two_classes_that_wait_none_gets_ahead_by_more_than_its_largest_request(work) -> None:
    order = served(FAIR, work)
    share = {priority: FAIR.weight(priority) for priority in range(3)}
    largest = {p: max((pairs for q, pairs in work if q == p), default=0) / share[p] for p in range(3)}
    left = {p: sum(q == p for q, _ in work) for p in range(3)}
    got: dict[int, float] = defaultdict(float)
    for item in order:
        for p in range(3):
            for q in range(p):
                if left[p] and left[q]:
                    assert abs(got[p] - got[q]) <= largest[p] + largest[q] + 1e-9
        got[item.priority] += item.cost / share[item.priority]
        left[item.priority] -= 1


def test_a_class_that_comes_late_has_no_claim_on_what_was_before() -> None:
    """A hundred requests of one class are served first; the other class then alternates, and no more."""
    tags, number = Tags(), 0
    for number in range(1, 101):
        _, tags = next_of(FAIR, [Candidate(number, number, 0, 1)], tags)
    line = [Candidate(number + k, number + k, k % 2, (1, 2)[k % 2], tags.virtual) for k in range(1, 21)]
    first = []
    for _ in range(10):
        chosen, tags = next_of(FAIR, line, tags)
        line.remove(chosen)
        first.append(chosen.priority)
    assert first.count(1) in (5, 6)
