# SPDX-License-Identifier: Apache-2.0
"""What an engine needs to turn clicks into heralds, and what it gives: arrays without names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from heraldlink.heralding.patterns import PatternTable

Times = NDArray[np.int64]
Channels = NDArray[np.int16]

SYNC, IGNORED = -1, -2
"""Roles of channels that are no detector."""

SYNC_PS, ATTEMPT, PATTERN, CLICKS, AFTER_PS = range(5)
"""Entries of an `OpenAttempt`."""

OpenAttempt = NDArray[np.int64]
"""The attempt that is not over yet, int64[5]: time of its sync, its number (-1 before the first sync), the
bits and the number of its clicks in gates, and the first of these, ps after the sync."""


class Rows(NamedTuple):
    """Attempts whose outcome is not NONE, ascending: number, outcome, pattern, and first click in a gate.

    ``after_ps``: that click after the reference event; ``time_ps``: its own time. Arrays of equal length.
    """

    attempt: Times
    outcome: NDArray[np.uint8]
    pattern: NDArray[np.uint32]
    after_ps: Times
    time_ps: Times

    def chosen(self, places: NDArray[np.intp]) -> Rows:
        """Only the rows at these places, which ascend."""
        if places.size == self.attempt.size:
            return self
        after_ps = self.after_ps.take(places)
        return Rows(
            self.attempt.take(places),
            self.outcome.take(places),
            self.pattern.take(places),
            after_ps,
            after_ps if self.time_ps is self.after_ps else self.time_ps.take(places),
        )


@dataclass(frozen=True, eq=False, slots=True)
class GateLogic:
    """A pattern table as arrays.

    ``roles`` int8[65536], by ``channel.view(uint16)``: a detector's place, `SYNC` or `IGNORED`.
    ``begin_ps``, ``end_ps`` int64[gates]. ``outcomes`` uint8[2 ** bits]. ``repeats_ambiguous``: a herald with
    more clicks in gates than bits is ambiguous.
    """

    roles: NDArray[np.int8]
    begin_ps: Times
    end_ps: Times
    outcomes: NDArray[np.uint8]
    repeats_ambiguous: bool

    @staticmethod
    def of(table: PatternTable, sync: int | None = None) -> GateLogic:
        """The logic of a table; ``sync``: channel of the reference events, if they stand among the tags."""
        numbers = {detector.channel: place for place, detector in enumerate(table.detectors)}
        if sync is not None:
            numbers[sync] = SYNC
        return GateLogic(
            roles=_roles(numbers),
            begin_ps=np.array([gate.begin_ps for gate in table.gates], dtype=np.int64),
            end_ps=np.array([gate.end_ps for gate in table.gates], dtype=np.int64),
            outcomes=table.outcomes(),
            repeats_ambiguous=table.repeats == "ambiguous",
        )


class HeraldEngine(Protocol):
    """Turns clicks into rows. All engines give equal arrays."""

    @property
    def name(self) -> str:
        """As the command line and run records call it."""
        ...

    def counted(
        self, logic: GateLogic, time_ps: Times, channel: Channels, still: OpenAttempt, counts: Times
    ) -> Rows:
        """Tags in order of time, syncs among them; a click belongs to the last sync at or before it.

        A click that stands before a sync of equal time belongs to that sync; equal times never straddle two
        calls. Clicks before the first sync are ignored. Every attempt that ends here (by the next sync) adds
        1 to ``counts[pattern]``, int64[2 ** bits], and the one that does not stays in ``still``.
        """
        ...

    def assigned(
        self,
        logic: GateLogic,
        attempt: Times,
        after_ps: Times,
        time_ps: Times,
        channel: Channels,
        counts: Times,
    ) -> Rows:
        """Clicks of whole attempts, ascending by attempt; the first one in order is an attempt's first click.

        Adds 1 to ``counts[pattern]`` for each attempt with a click in a gate.
        """
        ...


def no_attempt() -> OpenAttempt:
    """Before the first sync."""
    return np.array([0, -1, 0, 0, 0], dtype=np.int64)


def _roles(numbers: Mapping[int, int]) -> NDArray[np.int8]:
    roles = np.full(1 << 16, IGNORED, dtype=np.int8)
    for channel, role in numbers.items():
        roles[channel & 0xFFFF] = role
    return roles
