# SPDX-License-Identifier: Apache-2.0
"""When clicks arrive after their reference event (sync, attempt): a histogram for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink.tags.block import Block, IndexedBlock, Times
from heraldlink.tags.engine_numpy import whole_bins
from heraldlink.tags.passes import as_indexed


@dataclass(frozen=True, eq=False, slots=True)
class ArrivalTable:
    """Clicks of ``channels`` by time after the reference event.

    ``edges_ps``: int64[n + 1], bins [lo, hi). ``clicks``: int64[channels, n]. ``outside``: int64[channels],
    clicks before or behind the window.
    """

    edges_ps: Times
    channels: tuple[int, ...]
    clicks: NDArray[np.int64]
    outside: Times


class Arrivals:
    """Analysis of tags after reference events: clicks in bins of begin_ps <= t < end_ps.

    For tags with their own times, say how attempts are counted: `heraldlink.heralding.by_attempt`.
    """

    def __init__(self, channels: Sequence[int], begin_ps: int, end_ps: int, bin_ps: int) -> None:
        self._window = (begin_ps, end_ps, bin_ps)
        self._channels = tuple(channels)
        self._clicks = np.zeros((len(self._channels), whole_bins(*self._window)), dtype=np.int64)
        self._outside = np.zeros(len(self._channels), dtype=np.int64)

    def push(self, block: Block | IndexedBlock) -> None:
        """Take the next block."""
        begin_ps, end_ps, bin_ps = self._window
        here = as_indexed(block)
        for row, channel in enumerate(self._channels):
            after = here.after_ps[here.channel == channel]
            inside = after[(after >= begin_ps) & (after < end_ps)]
            self._clicks[row] += np.bincount((inside - begin_ps) // bin_ps, minlength=self._clicks.shape[1])
            self._outside[row] += after.size - inside.size

    def finish(self) -> ArrivalTable:
        """The histograms."""
        begin_ps, end_ps, bin_ps = self._window
        edges = np.arange(begin_ps, end_ps + 1, bin_ps, dtype=np.int64)
        return ArrivalTable(edges, self._channels, self._clicks.copy(), self._outside.copy())
