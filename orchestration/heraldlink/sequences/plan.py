# SPDX-License-Identifier: Apache-2.0
"""A slot as data: parts that follow each other, and what each node plays in them.

Trigger A starts the first part. The parts play in order, each ``count`` times; then the generator waits for
trigger A again. A part with ``jump_to`` leaves for that part at the end of the waveform in which a herald
came on trigger B, and then begins again; parts that are jumped to have no place in the order.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from heraldlink.errors import ConfigurationError
from heraldlink.sequences.elements import Element, Sync


@dataclass(frozen=True, slots=True)
class Part:
    """``count`` repeats of one waveform; ``elements``: what each node plays, by the node's name.

    ``jump_to``: name of the part that a herald leads to. A part with a count of 0 is left out.
    """

    name: str
    count: int
    elements: Mapping[str, tuple[Element, ...]]
    jump_to: str | None = None

    @property
    def syncs(self) -> int:
        """Attempt syncs in one repeat, the same at all nodes."""
        return max((sum(isinstance(e, Sync) for e in mine) for mine in self.elements.values()), default=0)


@dataclass(frozen=True, slots=True)
class SlotPlan:
    """What all nodes play in one slot; every waveform lasts ``period_ps``.

    ``record_ps``: how long the midpoint records after the slot tick. ``gate_ps``: herald window
    begin <= t < end after START at the midpoint; (0, 0): nothing heralds.
    """

    name: str
    sample_rate_Hz: float
    tick_rate_Hz: float
    period_ps: int
    parts: tuple[Part, ...]
    record_ps: int
    gate_ps: tuple[int, int]

    @property
    def played(self) -> tuple[Part, ...]:
        """The parts in the order in which they play if no herald comes."""
        return tuple(p for p in self.parts if p.count > 0 and p.name not in self._targets)

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names of all nodes that play something, in order of appearance."""
        return tuple(dict.fromkeys(node for part in self.parts for node in part.elements))

    @property
    def _targets(self) -> frozenset[str]:
        return frozenset(part.jump_to for part in self.parts if part.jump_to is not None)

    @property
    def duration_ps(self) -> int:
        """From the first waveform's start to the end of the last one, if no herald comes."""
        return sum(part.count for part in self.played) * self.period_ps

    def part(self, name: str) -> Part:
        """The part of this name; ConfigurationError, naming those there are, if there is none."""
        for part in self.parts:
            if part.name == name:
                return part
        known = ", ".join(part.name for part in self.parts)
        raise ConfigurationError(f"sequence {self.name!r} has no part {name!r} (its parts: {known})")

    def indices(self, part_name: str) -> range:
        """Reference indices of a part: START syncs counted from 0 after the tick.

        Of a part that heralds interrupt, as many as fit into the record. Empty for a part without sync: its
        tags carry the index of the attempt before.
        """
        wanted, first = self.part(part_name), 0
        for part in self.played:
            if part is wanted:
                most = self.record_ps // self.period_ps + 1 if part.jump_to else part.count
                return range(first, first + most * part.syncs)
            first += part.count * part.syncs
        return range(0)

    def digest(self) -> str:
        """SHA-256 of all fields, hexadecimal: equal on two nodes only if they play the same plan."""
        parts = [[p.name, p.count, p.jump_to, _described(p.elements)] for p in self.parts]
        rest = [
            self.name,
            self.sample_rate_Hz,
            self.tick_rate_Hz,
            self.period_ps,
            self.record_ps,
            self.gate_ps,
        ]
        return hashlib.sha256(json.dumps([*rest, parts], sort_keys=True).encode()).hexdigest()


def _described(elements: Mapping[str, tuple[Element, ...]]) -> dict[str, list[str]]:
    return {node: [repr(element) for element in mine] for node, mine in elements.items()}
