# SPDX-License-Identifier: Apache-2.0
"""What happens in the slots of a virtual network, and what its nodes' counters make of it."""

from dataclasses import dataclass, field
from random import Random

from heraldlink.messages.values import Readout

ENDS = ("alice", "bob")


@dataclass
class World:
    """What happens in the slots: which attempts are heralded, the outcomes, and how counters slip.

    Attempts are heralded close to each other, from ``first`` on, so that a slip has a chance to pass. With
    ``slips`` (a probability) a node's counter misses or adds a sync, or both, somewhere in the slot.
    """

    seed: int
    slips: float = 0.0
    first: int = 100
    played: set[int] = field(default_factory=set[int])

    def draw(self, *what: object) -> Random:
        return Random("/".join(map(str, (self.seed, *what))))

    def read_out(self, slot: int) -> list[tuple[int, int]]:
        """Attempts with clicks in a slot that was played, and what they herald: 1, 2, or 3 for both."""
        if slot not in self.played:
            return []
        draw = self.draw(slot)
        attempts = sorted(draw.sample(range(self.first, self.first + 12), draw.randrange(6)))
        return [(attempt, draw.choice((1, 1, 2, 2, 3))) for attempt in attempts]

    def label(self, node: str, slot: int, attempt: int) -> int:
        """The index that a node's own counter gives to an attempt."""
        draw = self.draw("slip", node, slot)
        if draw.random() >= self.slips:
            return attempt
        slips = draw.choice(((-1,), (1,), (-1, 1), (1, -1), (-1, -1)))
        where = sorted(draw.choices(range(self.first - 2, self.first + 12), k=len(slips)))
        return attempt + sum(shift for place, shift in zip(where, slips, strict=True) if attempt >= place)

    def heralds(self, slot: int) -> tuple[tuple[int, int], ...]:
        """As the midpoint labels them."""
        return tuple(
            (self.label("midpoint", slot, attempt), kind) for attempt, kind in self.read_out(slot) if kind < 3
        )

    def doubles(self, slot: int) -> tuple[int, ...]:
        """Attempts in which both detectors clicked, as the midpoint labels them."""
        found = self.read_out(slot)
        return tuple(self.label("midpoint", slot, attempt) for attempt, kind in found if kind == 3)

    def readouts(self, node: str, slot: int) -> tuple[Readout, ...]:
        """As an end node labels them; an attempt that was read out twice has no outcome."""
        labels = [self.label(node, slot, attempt) for attempt, _ in self.read_out(slot)]
        outcomes = [self.outcome(node, slot, attempt) for attempt, _ in self.read_out(slot)]
        return tuple(
            Readout(label, 0 if labels.count(label) > 1 else outcome)
            for label, outcome in zip(labels, outcomes, strict=True)
        )

    def truth(self, slot: int, label: int) -> set[tuple[int, int]]:
        """Outcomes of the attempts that the midpoint may have meant."""
        return {
            (self.outcome(ENDS[0], slot, attempt), self.outcome(ENDS[1], slot, attempt))
            for attempt, kind in self.read_out(slot)
            if kind < 3 and self.label("midpoint", slot, attempt) == label
        }

    def outcome(self, node: str, slot: int, attempt: int) -> int:
        """Perfectly anticorrelated, so that outcomes of different attempts do not pass for a pair."""
        first = self.draw(slot, attempt).choice((1, -1))
        return first if node == ENDS[0] else -first
