# SPDX-License-Identifier: Apache-2.0
"""Which attempt a click belongs to, and how long after the attempt's reference event it came.

Delays are subtracted before (`heraldlink.tags.channels`). Syncs are counted where each one is recorded, and
reconstructed where a filter kept only those with a click. Nothing is counted over a gap: an attempt that a
gap reaches into is left out, and numbers go on after the last one before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from heraldlink.errors import RequestError
from heraldlink.heralding.assigned import Assigned, Needs
from heraldlink.heralding.assigners import CountedAssigner, IndexAssigner, SlotAssigner
from heraldlink.heralding.reconstruction import ReconstructedAssigner
from heraldlink.heralding.results import AttemptReport
from heraldlink.tags.block import Block, IndexedBlock


class Assigner(Protocol):
    """Gives the clicks of one stream to attempts, block by block.

    An ``assigner(needs_ps)`` leaves out attempts of which a gap takes something from [begin, end), ps after
    the reference event; None: from any part, up to the next reference event.
    """

    def push(self, block: Block | IndexedBlock) -> Assigned:
        """Clicks of the attempts that are over now. Raises RequestError for the other kind of block."""
        ...

    def finish(self) -> Assigned:
        """The rest."""
        ...

    @property
    def oldest_ps(self) -> int:
        """No later result holds a click of an attempt whose reference event lies before this time."""
        ...

    @property
    def report(self) -> AttemptReport:
        """How the stream was divided, so far."""
        ...


@dataclass(frozen=True, slots=True)
class CountedSyncs:
    """Every sync is recorded on ``channel``; a click belongs to the last one at or before it.

    The first sync begins attempt 0. Clicks before it belong to no attempt.
    """

    channel: int

    def assigner(self, needs_ps: Needs = None) -> CountedAssigner:
        """See `Assigner`."""
        return CountedAssigner(self.channel, self.check(needs_ps))

    def check(self, needs_ps: Needs) -> Needs:
        """Raises RequestError if part of what is needed comes before the sync."""
        return _from_reference(needs_ps)


@dataclass(frozen=True, slots=True)
class ReconstructedSyncs:
    """Syncs come with a period, but a filter recorded only some of them on ``channel``.

    The number of a sync is round((t - t0) / P): step by step from sync to sync, with a period fitted to 4,096
    of them at a time, so that it may drift. The first recorded sync has number 0. A click's reference event
    is the last sync at or before it if that was recorded; otherwise the one a period before the next recorded
    sync, if this comes within a period; otherwise it is counted on from the last recorded one. Clicks before
    the first recorded sync have negative numbers.

    ``period_ps``: nominal, to a per cent; None: found from the differences between syncs, as the longest that
    divides them all. Raises DataError if there is none.
    """

    channel: int
    period_ps: float | None = None

    def __post_init__(self) -> None:
        _check_period(self.period_ps)

    def assigner(self, needs_ps: Needs = None) -> ReconstructedAssigner:
        """See `Assigner`."""
        return ReconstructedAssigner(self.channel, self.period_ps, _from_reference(needs_ps))


@dataclass(frozen=True, slots=True)
class ReferenceIndex:
    """Tags carry the index of their reference event (`IndexedBlock`); ``first_index`` is attempt 0.

    ``period_ps`` between reference events, where known, gives each click a time: (index - first) * period.
    """

    period_ps: float | None = None
    first_index: int = 0

    def __post_init__(self) -> None:
        _check_period(self.period_ps)

    def assigner(self, needs_ps: Needs = None) -> IndexAssigner:
        """See `Assigner`."""
        return IndexAssigner(self.first_index, self.period_ps)


@dataclass(frozen=True, slots=True)
class SlotTicks:
    """A tick on ``channel`` begins ``attempts`` attempts, the first ``first_ps`` later, ``period_ps`` apart.

    Attempt k of slot n has number n * attempts + k. Clicks before a slot's first attempt and after its last
    belong to none. After a gap the next tick begins the next slot: another may have come in the gap.
    """

    channel: int
    period_ps: float
    attempts: int
    first_ps: int = 0

    def __post_init__(self) -> None:
        _check_period(self.period_ps)
        if self.attempts < 1:
            raise RequestError(f"a slot of {self.attempts} attempts")

    def assigner(self, needs_ps: Needs = None) -> SlotAssigner:
        """See `Assigner`."""
        needs_ps = _from_reference(needs_ps)
        return SlotAssigner(self.channel, self.period_ps, self.attempts, self.first_ps, needs_ps)


Attempts = CountedSyncs | ReconstructedSyncs | ReferenceIndex | SlotTicks
"""Ways to tell attempts apart."""


def _check_period(period_ps: float | None) -> None:
    if period_ps is not None and not 0 < period_ps < 1e18:
        raise RequestError(f"a period of {period_ps} ps")


def _from_reference(needs_ps: Needs) -> Needs:
    if needs_ps and needs_ps[0] < 0:
        raise RequestError(
            f"a gate begins at {needs_ps[0]} ps, but a click before a sync belongs to the attempt before:"
            " delay the sync's channel"
        )
    return needs_ps
