# SPDX-License-Identifier: Apache-2.0
"""Streams with a delay subtracted from each channel, sorted again; tags wait while an earlier one may come.

Tags of equal time come in order of channel, so that the result does not depend on how a stream was divided.
A gap of the recording is missing from every channel at another time: it widens by the spread of the delays.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, floor

import numpy as np

from heraldlink.errors import RequestError
from heraldlink.tags.block import END_PS, Block, Channels, Gap, IndexedBlock, Times


class DelayTimes:
    """Blocks of times: ``delays_ps`` by channel, 0 where not given."""

    def __init__(self, delays_ps: Mapping[int, int]) -> None:
        self._delays_ps = _by_channel(delays_ps)
        self._largest_ps, self._least_ps = int(self._delays_ps.max()), int(self._delays_ps.min())
        self._time: Times = np.empty(0, dtype=np.int64)
        self._channel: Channels = np.empty(0, dtype=np.int16)
        self._gaps = _Gaps(-self._largest_ps, -self._least_ps)

    def push(self, block: Block) -> Block:
        """Take the next block; give the tags that no later one can precede."""
        delayed = block.time_ps - self._delays_ps.take(block.channel.view(np.uint16))
        time_ps = np.concatenate((self._time, delayed))
        channel = np.concatenate((self._channel, block.channel))
        by_channel = np.argsort(channel, kind="stable")
        order = by_channel.take(np.argsort(time_ps.take(by_channel), kind="stable"))
        self._time, self._channel = time_ps.take(order), channel.take(order)
        self._gaps.push(block.gaps)
        return self._before(_moved(block.until_ps, -self._largest_ps))

    def finish(self) -> Block:
        """The rest."""
        return self._before(END_PS)

    def _before(self, until_ps: int) -> Block:
        until_ps = self._gaps.settled(until_ps)
        stop = self._time.size if until_ps == END_PS else int(np.searchsorted(self._time, until_ps))
        block = Block(self._time[:stop], self._channel[:stop], until_ps, self._gaps.over(until_ps))
        self._time, self._channel = self._time[stop:], self._channel[stop:]
        return block


class DelayIndexed:
    """Blocks after reference events; with their period, delayed tags move to the index they belong to.

    Without it they keep their index, and their time after the reference event may be negative.
    """

    def __init__(self, delays_ps: Mapping[int, int], period_ps: float | None) -> None:
        if period_ps is not None and not period_ps > 0:
            raise RequestError(f"a reference period of {period_ps} ps")
        self._delays_ps, self._period_ps = _by_channel(delays_ps), period_ps
        per_period = 0.0 if period_ps is None else 1 / period_ps
        self._back = floor(-int(self._delays_ps.max()) * per_period)
        self._gaps = _Gaps(self._back, ceil(-int(self._delays_ps.min()) * per_period))
        self._after: Times = np.empty(0, dtype=np.int64)
        self._index: Times = np.empty(0, dtype=np.int64)
        self._channel: Channels = np.empty(0, dtype=np.int16)

    def push(self, block: IndexedBlock) -> IndexedBlock:
        """Take the next block; give the tags of every index that is complete."""
        after_ps, index = self._delayed(block)
        after_ps, index = np.concatenate((self._after, after_ps)), np.concatenate((self._index, index))
        channel = np.concatenate((self._channel, block.channel))
        order = np.lexsort((channel, after_ps, index))
        self._after, self._index, self._channel = after_ps[order], index[order], channel[order]
        self._gaps.push(block.gaps)
        return self._before(_moved(block.until_index, self._back))

    def finish(self) -> IndexedBlock:
        """The rest."""
        return self._before(END_PS)

    def _delayed(self, block: IndexedBlock) -> tuple[Times, Times]:
        delay_ps = self._delays_ps[block.channel.view(np.uint16)]
        after_ps = block.after_ps - delay_ps
        if self._period_ps is None:
            return after_ps, block.index
        periods = np.where(delay_ps == 0, 0, np.floor(after_ps / self._period_ps)).astype(np.int64)
        shift_ps = np.rint(periods * self._period_ps).astype(np.int64)
        return after_ps - shift_ps, block.index + periods

    def _before(self, until: int) -> IndexedBlock:
        until = self._gaps.settled(until)
        stop = self._index.size if until == END_PS else int(np.searchsorted(self._index, until))
        over = self._gaps.over(until)
        block = IndexedBlock(self._after[:stop], self._index[:stop], self._channel[:stop], until, over)
        self._after, self._index = self._after[stop:], self._index[stop:]
        self._channel = self._channel[stop:]
        return block


class _Gaps:
    """Gaps widened by ``back`` <= 0 at their begin and ``forth`` >= 0 at their end."""

    def __init__(self, back: int, forth: int) -> None:
        self._back, self._forth = back, forth
        self._waiting: list[Gap] = []

    def push(self, gaps: tuple[Gap, ...]) -> None:
        for gap in gaps:
            wide = Gap(
                _moved(gap.begin_ps, self._back), _moved(gap.end_ps, self._forth), gap.reason, gap.tags
            )
            self._waiting.append(wide)

    def settled(self, until: int) -> int:
        """The time up to which tags may be given: not into a gap that is not over."""
        for gap in reversed(self._waiting):
            if gap.begin_ps < until < gap.end_ps:
                until = gap.begin_ps
        return until

    def over(self, until: int) -> tuple[Gap, ...]:
        """Gaps that end by ``until``, once."""
        over = tuple(gap for gap in self._waiting if gap.end_ps <= until)
        self._waiting = self._waiting[len(over) :]
        return over


def _by_channel(delays_ps: Mapping[int, int]) -> Times:
    """Delay by ``channel.view(uint16)``, int64[65536]."""
    table = np.zeros(1 << 16, dtype=np.int64)
    for channel, delay_ps in delays_ps.items():
        table[channel & 0xFFFF] = delay_ps
    return table


def _moved(place: int, by: int) -> int:
    """A time or index moved, unless it stands for an end of the stream."""
    return place if abs(place) >= END_PS else place + by
