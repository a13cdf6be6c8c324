# SPDX-License-Identifier: Apache-2.0
"""Clicks after reference events as times on one axis, for analyses that count by time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.block import END_PS, Block, Channels, Gap, Header, IndexedBlock, TagSource, Times
from heraldlink.tags.formats.stored import split


@dataclass(frozen=True)
class OneAxis:
    """An indexed source as one of times: index x ``period_ps`` + after_ps, in order of time.

    ``period_ps``: None for what the header says. With several pulses per reference event clicks come later
    than the next event; they are held back until no earlier click may follow. A period longer than all
    delays and an analysis' reach together leaves pairs of one event only: that is how to correlate clicks
    after events at irregular distances (a filtered or divided sync), whose period the header cannot know.
    Raises RequestError for a source of times, without a period, and (from ``blocks``) a time would
    reach 2^63 ps.
    """

    source: TagSource
    period_ps: float | None = None

    def __post_init__(self) -> None:
        if self.source.header.kind != "indexed":
            raise RequestError("these tags are times already: they need no period")
        if not self._period_ps > 0:
            raise RequestError("the time between reference events is not known: give a period in ps")

    @property
    def _period_ps(self) -> float:
        return self.period_ps or self.source.header.reference_period_ps or 0.0

    @property
    def header(self) -> Header:
        """That of the source, of kind "times"."""
        return replace(self.source.header, kind="times", reference_period_ps=None)

    def blocks(self, size: int = 1 << 20) -> Iterator[Block]:
        """All tags in blocks of at most ``size``. Raises DataError for a click before its event."""
        time_ps, channel = np.empty(0, np.int64), np.empty(0, np.int16)
        for block in cast("Iterator[IndexedBlock]", self.source.blocks(size)):
            time_ps, channel = self._joined(time_ps, channel, block)
            until_ps = self._at(block.until_index)
            ready = int(np.searchsorted(time_ps, until_ps))
            gaps = tuple(
                Gap(self._at(gap.begin_ps), self._at(gap.end_ps), gap.reason, gap.tags) for gap in block.gaps
            )
            if ready or gaps or until_ps == END_PS:
                yield from split(Block(time_ps[:ready], channel[:ready], until_ps, gaps), size)
            time_ps, channel = time_ps[ready:], channel[ready:]

    def _refuse_late(self, block: IndexedBlock) -> None:
        if not block.index.size:
            return
        latest_ps = (int(block.index[-1]) + 1) * self._period_ps + int(block.after_ps.max())
        if latest_ps > END_PS:
            raise RequestError(
                f"reference event {block.index[-1]} x {self._period_ps:g} ps is later than a time can be:"
                " take a narrower window, or a shorter period"
            )

    def _joined(self, time_ps: Times, channel: Channels, block: IndexedBlock) -> tuple[Times, Channels]:
        """Held clicks and those of a block, in order of time; equal ones as they came."""
        if block.after_ps.size and int(block.after_ps.min()) < 0:
            raise DataError(f"a click {-int(block.after_ps.min())} ps before its reference event")
        self._refuse_late(block)
        whole, part = divmod(self._period_ps, 1.0)
        begin_ps = block.index * int(whole) + np.rint(block.index * part).astype(np.int64)
        time_ps = np.concatenate((time_ps, begin_ps + block.after_ps))
        channel = np.concatenate((channel, block.channel))
        if (time_ps[1:] < time_ps[:-1]).any():
            order = np.argsort(time_ps, kind="stable")
            return time_ps[order], channel[order]
        return time_ps, channel

    def _at(self, index: int) -> int:
        """Time of a reference event; the end stays the end."""
        whole, part = divmod(self._period_ps, 1.0)
        return END_PS if index == END_PS else index * int(whole) + round(index * part)
