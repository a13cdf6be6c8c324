# SPDX-License-Identifier: Apache-2.0
"""Clicks to attempts where only some of the syncs were recorded."""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import DataError
from heraldlink.heralding.assigned import Assigned, Needs, join_assigned
from heraldlink.heralding.assigners import NOTHING, TimesAssigner
from heraldlink.heralding.period import FEWEST
from heraldlink.heralding.results import AttemptReport, PeriodFit
from heraldlink.heralding.stretches import Piece
from heraldlink.heralding.sync_line import Numbered, SyncLine, join_numbered
from heraldlink.tags.block import END_PS, Block, Channels, Gap, IndexedBlock, Times

Places = NDArray[np.intp]

MOST_WAITING = 1 << 24
"""Tags that wait for the syncs of the first fit, at most."""

HALF_PS = 0.5
"""Rounding of a fitted period must not move a click that comes with its reference event before it."""


class ReconstructedAssigner(TimesAssigner):
    """Attempts a fitted period apart, through the recorded syncs of each stretch without gaps."""

    def __init__(self, channel: int, period_ps: float | None, needs_ps: Needs) -> None:
        super().__init__()
        self._channel, self._nominal_ps, self._needs_ps = channel, period_ps, needs_ps
        self._fits: list[PeriodFit] = []
        self._attempts = 0
        self._next = 0
        self._left_out: int | None = None
        self._fitted_ps: float | None = None
        self._begin(-END_PS)

    @property
    def oldest_ps(self) -> int:
        """See `Assigner`."""
        return self._oldest_ps

    @property
    def report(self) -> AttemptReport:
        """See `Assigner`. Attempts are counted from the first to the last that hold a sync or a click."""
        in_gaps = self._stretches.in_gaps
        return AttemptReport(self._attempts, self._cut, self._outside, in_gaps, tuple(self._fits))

    def _begin(self, since_ps: int) -> None:
        """A stretch begins; no tag before ``since_ps`` can be known."""
        self._line = SyncLine(self._fitted_ps or self._nominal_ps, self._fitted_ps is not None)
        self._syncs = join_numbered([])
        self._time_ps: Times = np.empty(0, dtype=np.int64)
        self._clicked: Channels = np.empty(0, dtype=np.int16)
        self._since_ps = since_ps
        self._base: int | None = None
        self._lost: int | None = None
        self._least = self._largest = self._alone = 0
        self._oldest_ps = -END_PS
        self._until_ps = -END_PS

    def push(self, block: Block | IndexedBlock) -> Assigned:
        """See `Assigner`."""
        over = super().push(block)
        if self._time_ps.size > MOST_WAITING and not self._line.begun:
            raise DataError(self._too_few())
        if not self._line.begun or self._until_ps == END_PS:
            return over
        horizon_ps = self._until_ps - 2 * ceil(self._line.period_ps)
        if horizon_ps < self._syncs.time_ps[0]:
            return over
        self._assign(int(np.searchsorted(self._time_ps, horizon_ps)))
        attempt, _, _ = self._placed(np.array([horizon_ps], dtype=np.int64))
        self._forget(horizon_ps)
        return join_assigned([over, self._over(int(attempt[0]))])

    def _piece(self, piece: Piece) -> Assigned:
        if piece.time_ps.size:
            is_sync = piece.channel == self._channel
            syncs, clicks = np.flatnonzero(is_sync), np.flatnonzero(~is_sync)
            self._time_ps = np.concatenate((self._time_ps, piece.time_ps.take(clicks)))
            self._clicked = np.concatenate((self._clicked, piece.channel.take(clicks)))
            if syncs.size:
                self._add(self._line.push(piece.time_ps.take(syncs)))
        return NOTHING

    def _too_few(self) -> str:
        return (
            f"only {self._line.syncs} syncs on channel {self._channel} beside {self._time_ps.size} other"
            " tags: too few to tell attempts; give the channel of the syncs"
        )

    def _before_gap(self, gap: Gap) -> Assigned:
        over = self._end_stretch(gap.begin_ps)
        self._begin(gap.end_ps)
        return over

    def _end(self) -> Assigned:
        return self._end_stretch(END_PS)

    def _end_stretch(self, end_ps: int) -> Assigned:
        few = self._line.syncs <= FEWEST and not self._line.period_ps and end_ps != END_PS
        if not self._line.syncs or (few and not self._line.begun):
            self._outside += self._time_ps.size
            return NOTHING
        self._add(self._line.finish())
        self._assign(self._time_ps.size)
        base = self._base or 0
        fit = replace(self._line.fit(base), alone=self._alone)
        self._fits.append(fit)
        if fit.syncs > FEWEST:
            self._fitted_ps = fit.period_ps
        largest = max(self._largest, base + self._line.last_number)
        self._attempts += largest - self._least + 1
        if self._reaches(largest, end_ps):
            self._leave_out(largest)
        self._next = largest + 1
        return self._over(END_PS)

    def _reaches(self, attempt: int, end_ps: int) -> bool:
        """Whether the stretch ends before the attempt has all that it needs."""
        if end_ps == END_PS:
            return False
        period_ps = self._line.period_ps
        needed_ps = period_ps if self._needs_ps is None else min(period_ps, self._needs_ps[1])
        begin_ps = int(self._syncs.time_ps[-1])
        times = self._pending.time_ps
        if times is not None and times.size and self._pending.attempt[-1] == attempt:
            begin_ps = int(times[-1] - self._pending.after_ps[-1])
        return begin_ps + needed_ps > end_ps

    def _leave_out(self, attempt: int) -> None:
        """Leave out the clicks of an attempt that a gap reaches into."""
        if attempt != self._left_out:
            self._cut += 1
            self._attempts -= 1
        self._left_out = attempt
        self._pending = self._pending.part(self._pending.attempt != attempt)

    def _add(self, numbered: Numbered) -> None:
        self._syncs = join_numbered([self._syncs, numbered])

    def _assign(self, stop: int) -> None:
        """Give the first ``stop`` waiting clicks their attempts."""
        if self._base is None:
            self._base = self._first_number()
            self._least = self._largest = self._base
            self._lost = self._begun_in_gap()
        if not stop:
            return
        time_ps, clicked = self._time_ps[:stop], self._clicked[:stop]
        self._time_ps, self._clicked = self._time_ps[stop:], self._clicked[stop:]
        attempt, after_ps, alone = self._placed(time_ps)
        self._alone += alone
        self._least = min(self._least, int(attempt[0]))
        self._largest = max(self._largest, int(attempt[-1]))
        self._pending = join_assigned([self._pending, Assigned(attempt, after_ps, time_ps, clicked)])
        if self._lost is not None and attempt[0] == self._lost:
            self._leave_out(self._lost)

    def _first_number(self) -> int:
        """Number of the stretch's first sync: 0, or so large that no number comes twice."""
        if not self._fits:
            return 0
        sync_ps, period_ps = int(self._syncs.time_ps[0]), float(self._syncs.period_ps[0])
        before_ps = sync_ps - int(self._time_ps[0]) if self._time_ps.size else 0
        return self._next + max(0, ceil(before_ps / period_ps))

    def _begun_in_gap(self) -> int | None:
        """The attempt of which the gap before the stretch took a part that is needed."""
        if self._since_ps == -END_PS:
            return None
        attempt, after_ps, _ = self._placed(np.array([self._since_ps], dtype=np.int64))
        begin_ps = 0 if self._needs_ps is None else self._needs_ps[0]
        return int(attempt[0]) if after_ps[0] > begin_ps else None

    def _placed(self, time_ps: Times) -> tuple[Times, Times, int]:
        """Attempt of each time, how long after its reference event it is; how many are far from any sync."""
        behind = np.searchsorted(self._syncs.time_ps, time_ps, side="right")
        last = np.maximum(behind - 1, 0)
        after_ps = time_ps - self._syncs.time_ps.take(last)
        attempt = self._syncs.number.take(last)
        missed = ((after_ps + HALF_PS >= self._syncs.period_ps.take(last)) | (after_ps < 0)).nonzero()[0]
        alone = 0
        if missed.size:
            since_ps, last, behind = after_ps.take(missed), last.take(missed), behind.take(missed)
            periods, after_ps[missed], alone = self._counted_on(since_ps, last, behind)
            attempt[missed] += periods
        return attempt + (self._base or 0), after_ps, alone

    def _counted_on(self, since_ps: Times, last: Places, behind: Places) -> tuple[Times, Times, int]:
        """Periods since the sync at place ``last``, and the rest, of clicks whose own sync is missing.

        From the next recorded sync, at place ``behind``, if it comes within a period.
        """
        syncs, number, period_ps = self._syncs
        period = period_ps.take(last)
        whole = np.floor((since_ps + HALF_PS) / period)
        after_ps = np.maximum(since_ps - np.rint(whole * period).astype(np.int64), 0)
        periods = whole.astype(np.int64)
        after = np.minimum(behind, syncs.size - 1)
        to_next_ps = syncs.take(after) - syncs.take(last) - since_ps
        near = ((to_next_ps > 0) & (to_next_ps - HALF_PS <= period_ps.take(after))).nonzero()[0]
        place = after.take(near)
        one = np.rint(period_ps.take(place)).astype(np.int64)
        periods[near] = number.take(place) - 1 - number.take(last.take(near))
        after_ps[near] = np.maximum(one - to_next_ps.take(near), 0)
        return periods, after_ps, since_ps.size - near.size

    def _forget(self, before_ps: int) -> None:
        """Drop syncs that no waiting click needs."""
        kept = max(0, int(np.searchsorted(self._syncs.time_ps, before_ps, side="right")) - 1)
        self._syncs = self._syncs.since(kept)
        times = self._pending.time_ps
        if times is not None and times.size:
            before_ps = min(before_ps, int(times[0] - self._pending.after_ps[0]))
        self._oldest_ps = before_ps - 2 * ceil(self._line.period_ps)
