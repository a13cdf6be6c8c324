# SPDX-License-Identifier: Apache-2.0
"""Clicks of each channel: how many, how close to one another, at what rate."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from heraldlink.calibration.measured import Measured
from heraldlink.errors import DataError, RequestError
from heraldlink.tags.block import Block, IndexedBlock
from heraldlink.tags.live_time import Live, LiveTime
from heraldlink.tags.passes import clicks, live_parts, present


@dataclass(frozen=True, eq=False, slots=True)
class SinglesCount:
    """By channel: ``clicks``, and ``smallest_gap_ps`` between two clicks (none of a channel with one click).

    ``live``: when the recording listened; None, as the smallest gaps, for tags after reference events.
    """

    clicks: dict[int, int]
    smallest_gap_ps: dict[int, int]
    live: Live | None

    def rate(self, channel: int) -> Measured:
        """Clicks per second of live time, with the Poisson error (of one click where there is none).

        Raises RequestError without times, DataError without live time.
        """
        if self.live is None:
            raise RequestError("tags after reference events give no rate per second; give their period")
        if not self.live.total_ps:
            raise DataError("there are no two tags with time between them: no rate")
        count, seconds = self.clicks.get(channel, 0), self.live.total_ps * 1e-12
        return Measured(count / seconds, sqrt(max(1, count)) / seconds, "1/s")


class Singles:
    """Analysis: clicks of every channel. A gap in the stream is no time between two clicks."""

    def __init__(self) -> None:
        self._counts = np.zeros(1, dtype=np.int64)
        self._last: dict[int, int] = {}
        self._smallest: dict[int, int] = {}
        self._live = LiveTime()
        self._timed = True

    def push(self, block: Block | IndexedBlock) -> None:
        """Take the next block, of either kind."""
        self._count(block.channel)
        if isinstance(block, IndexedBlock):
            self._timed = False
            return
        self._live.push(block)
        for after_gap, part in live_parts(block):
            if after_gap:
                self._last = {}
            self._gaps(part)

    def finish(self) -> SinglesCount:
        """Clicks by channel, in order of channel."""
        counts = {
            int(np.int16(np.uint16(place))): int(self._counts[place]) for place in self._counts.nonzero()[0]
        }
        smallest = {channel: self._smallest[channel] for channel in sorted(self._smallest)}
        return SinglesCount(
            dict(sorted(counts.items())), smallest, self._live.finish() if self._timed else None
        )

    def _count(self, channel: NDArray[np.int16]) -> None:
        here = np.bincount(channel.view(np.uint16), minlength=self._counts.size)
        here[: self._counts.size] += self._counts
        self._counts = here

    def _gaps(self, part: Block) -> None:
        for channel in present(part.channel):
            times = clicks(part, channel)
            if channel in self._last:
                times = np.concatenate(([self._last[channel]], times))
            if times.size > 1:
                smallest = int(np.diff(times).min())
                self._smallest[channel] = min(smallest, self._smallest.get(channel, smallest))
            self._last[channel] = int(times[-1])
