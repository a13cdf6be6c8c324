# SPDX-License-Identifier: Apache-2.0
"""Clicks to attempts by recorded syncs, by slot ticks, and by reference index."""

from __future__ import annotations

from abc import ABC, abstractmethod
from math import floor

import numpy as np

from heraldlink.errors import RequestError
from heraldlink.heralding.assigned import Assigned, Needs, join_assigned
from heraldlink.heralding.results import AttemptReport
from heraldlink.heralding.stretches import Piece, Stretches
from heraldlink.tags.block import END_PS, Block, Channels, Gap, IndexedBlock, Times

NOTHING = join_assigned([])


class TimesAssigner(ABC):
    """What assigners of times share: pieces and gaps in, clicks of attempts that are over out."""

    def __init__(self) -> None:
        self._stretches = Stretches()
        self._pending = NOTHING
        self._cut: int = 0
        self._outside: int = 0
        self._until_ps = -END_PS

    def push(self, block: Block | IndexedBlock) -> Assigned:
        """See `Assigner`."""
        if not isinstance(block, Block):
            raise RequestError("tags come after reference events: their index tells the attempt")
        return join_assigned([self._take(item) for item in self._stretches.push(block)])

    def finish(self) -> Assigned:
        """See `Assigner`."""
        return join_assigned([*(self._piece(item) for item in self._stretches.finish()), self._end()])

    def _take(self, item: Piece | Gap) -> Assigned:
        if isinstance(item, Gap):
            return self._before_gap(item)
        self._until_ps = item.until_ps
        return self._piece(item)

    @abstractmethod
    def _piece(self, piece: Piece) -> Assigned: ...

    @abstractmethod
    def _before_gap(self, gap: Gap) -> Assigned:
        """What is still to come of the stretch that ends here; the next one begins anew."""

    def _end(self) -> Assigned:
        return self._over(END_PS)

    def _from_first(self, events: Times, time_ps: Times, channel: Channels) -> tuple[Times, Channels]:
        """Clicks from the first event on; those before it are outside."""
        before = int(np.searchsorted(time_ps, int(events[0]))) if events.size else time_ps.size
        self._outside += before
        return time_ps[before:], channel[before:]

    def _over(self, until_attempt: int) -> Assigned:
        """Waiting clicks of smaller attempts."""
        stop = int(np.searchsorted(self._pending.attempt, until_attempt))
        over = self._pending.part(slice(0, stop))
        self._pending = self._pending.part(slice(stop, None))
        return over


class CountedAssigner(TimesAssigner):
    """Attempts from sync to sync."""

    def __init__(self, channel: int, needs_ps: Needs) -> None:
        super().__init__()
        self._channel, self._needs_ps = channel, needs_ps
        self._sync_ps: int | None = None
        self._number = -1

    @property
    def oldest_ps(self) -> int:
        """See `Assigner`."""
        return self._until_ps if self._sync_ps is None else self._sync_ps

    @property
    def report(self) -> AttemptReport:
        """See `Assigner`."""
        attempts = self._number + 1 - self._cut
        return AttemptReport(attempts, self._cut, self._outside, self._stretches.in_gaps)

    def _piece(self, piece: Piece) -> Assigned:
        is_sync = piece.channel == self._channel
        syncs, time_ps, channel = piece.time_ps[is_sync], piece.time_ps[~is_sync], piece.channel[~is_sync]
        if self._sync_ps is None:
            time_ps, channel = self._from_first(syncs, time_ps, channel)
        began = np.concatenate(([self._sync_ps or 0], syncs))
        place = np.searchsorted(syncs, time_ps, side="right")
        clicks = Assigned(place + self._number, time_ps - began[place], time_ps, channel)
        self._pending = join_assigned([self._pending, clicks])
        if syncs.size:
            self._sync_ps = int(syncs[-1])
            self._number += syncs.size
        return self._over(self._number)

    def _before_gap(self, gap: Gap) -> Assigned:
        if self._sync_ps is None:
            return NOTHING
        if self._needs_ps is None or gap.begin_ps < self._sync_ps + self._needs_ps[1]:
            self._cut += 1
            self._pending = NOTHING
        self._sync_ps = None
        return self._over(END_PS)


class SlotAssigner(TimesAssigner):
    """Attempts a period apart after each tick."""

    def __init__(self, channel: int, period_ps: float, attempts: int, first_ps: int, needs_ps: Needs) -> None:
        super().__init__()
        self._channel, self._period_ps, self._attempts = channel, period_ps, attempts
        self._first_ps = first_ps
        self._needed_ps = period_ps if needs_ps is None else float(needs_ps[1])
        self._tick_ps: int | None = None
        self._slot = -1

    @property
    def oldest_ps(self) -> int:
        """See `Assigner`."""
        since_ps = self._until_ps if self._tick_ps is None else self._tick_ps
        return since_ps + min(0, self._first_ps)

    @property
    def report(self) -> AttemptReport:
        """See `Assigner`."""
        attempts = (self._slot + 1) * self._attempts - self._cut
        return AttemptReport(attempts, self._cut, self._outside, self._stretches.in_gaps)

    def _piece(self, piece: Piece) -> Assigned:
        is_tick = piece.channel == self._channel
        ticks, time_ps, channel = piece.time_ps[is_tick], piece.time_ps[~is_tick], piece.channel[~is_tick]
        if self._tick_ps is None:
            time_ps, channel = self._from_first(ticks, time_ps, channel)
        place = np.searchsorted(ticks, time_ps, side="right")
        after_ps = time_ps - np.concatenate(([self._tick_ps or 0], ticks))[place] - self._first_ps
        number = np.floor(after_ps / self._period_ps).astype(np.int64)
        inside = (number >= 0) & (number < self._attempts)
        self._outside += int(inside.size - np.count_nonzero(inside))
        after_ps -= np.rint(number * self._period_ps).astype(np.int64)
        attempt = (place + self._slot) * self._attempts + number
        clicks = Assigned(attempt[inside], after_ps[inside], time_ps[inside], channel[inside])
        self._pending = join_assigned([self._pending, clicks])
        if ticks.size:
            self._tick_ps, self._slot = int(ticks[-1]), self._slot + ticks.size
        return self._over(self._slot * self._attempts + self._whole(piece.until_ps, self._period_ps))

    def _whole(self, until_ps: int, needed_ps: float) -> int:
        """How many attempts of the open slot have so much before a time."""
        if self._tick_ps is None:
            return 0
        since_ps = until_ps - self._tick_ps - self._first_ps
        return max(0, min(self._attempts, floor((since_ps - needed_ps) / self._period_ps) + 1))

    def _before_gap(self, gap: Gap) -> Assigned:
        if self._tick_ps is None:
            return NOTHING
        whole = self._whole(gap.begin_ps, self._needed_ps)
        self._cut += self._attempts - whole
        over = self._over(self._slot * self._attempts + whole)
        self._pending, self._tick_ps = NOTHING, None
        return over


class IndexAssigner:
    """Attempts by reference index."""

    def __init__(self, first_index: int, period_ps: float | None) -> None:
        self._first, self._period_ps = first_index, period_ps
        self._pending = NOTHING
        self._gaps: list[Gap] = []
        self._end = 0
        self._told_until: int | None = None
        self._outside = self._in_gaps = 0

    def push(self, block: Block | IndexedBlock) -> Assigned:
        """See `Assigner`."""
        if not isinstance(block, IndexedBlock):
            raise RequestError("tags carry no reference index: count or reconstruct their syncs")
        before = int(block.index.searchsorted(self._first))
        self._outside += before
        attempt = block.index[before:] - self._first if self._first else block.index[before:]
        clicks = Assigned(attempt, block.after_ps[before:], attempt, block.channel[before:])
        self._pending = join_assigned([self._pending, clicks])
        if attempt.size:
            self._end = int(attempt[-1]) + 1
        for gap in block.gaps:
            self._leave_out(gap)
        until = int(block.index[-1]) if block.index.size else block.until_index
        return self._over(max(until, block.until_index))

    def finish(self) -> Assigned:
        """See `Assigner`."""
        return self._over(END_PS)

    @property
    def oldest_ps(self) -> int:
        """See `Assigner`."""
        if self._period_ps is None or self._told_until is None:
            return -END_PS
        return int(self._told_until * self._period_ps)

    @property
    def report(self) -> AttemptReport:
        """See `Assigner`. Attempts end with the last one that holds a tag: no reference event is a tag."""
        cut = sum(
            max(0, min(gap.end_ps - self._first, self._end) - max(gap.begin_ps - self._first, 0))
            for gap in self._gaps
        )
        return AttemptReport(self._end - cut, cut, self._outside, self._in_gaps)

    def _leave_out(self, gap: Gap) -> None:
        self._gaps.append(gap)
        waiting = self._pending.attempt + self._first
        begin, end = np.searchsorted(waiting, (gap.begin_ps, gap.end_ps))
        self._in_gaps += int(end - begin)
        self._pending = join_assigned(
            [self._pending.part(slice(0, begin)), self._pending.part(slice(end, None))]
        )

    def _over(self, until_index: int) -> Assigned:
        """Clicks of smaller indices, with their times."""
        self._told_until = until_index - self._first
        stop = int(self._pending.attempt.searchsorted(self._told_until))
        over = self._pending.part(slice(0, stop))
        self._pending = self._pending.part(slice(stop, None))
        if self._period_ps is None:
            return Assigned(over.attempt, over.after_ps, None, over.channel)
        time_ps = np.rint(over.attempt * self._period_ps).astype(np.int64) + over.after_ps
        return Assigned(over.attempt, over.after_ps, time_ps, over.channel)
