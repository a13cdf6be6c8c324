# SPDX-License-Identifier: Apache-2.0
"""Second-order correlation of two channels over continuous time: all pairs by delay, with Poisson errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import RequestError
from heraldlink.tags import engine_numpy
from heraldlink.tags.block import Block, IndexedBlock, Times
from heraldlink.tags.engine_numpy import PairEngine, whole_bins
from heraldlink.tags.live_time import Live, LiveTime
from heraldlink.tags.pair_carry import PairCarry

Real = NDArray[np.float64]


@dataclass(frozen=True, eq=False, slots=True)
class Correlogram:
    """All pairs of ``clicks`` (first, second channel) by delay t_second - t_first.

    ``edges_ps``: int64[n + 1], bins [lo, hi). ``pairs``: int64[n]. ``expected``: float64[n], pairs that
    unrelated clicks at the mean rates would make in the time that both lay outside gaps.
    """

    edges_ps: Times
    pairs: Times
    expected: Real
    clicks: tuple[int, int]
    live: Live

    @property
    def g2(self) -> Real:
        """Pairs / expected, float64[n]: 1 for unrelated clicks; nan where nothing is expected."""
        return _ratio(self.pairs.astype(np.float64), self.expected)

    @property
    def sigma(self) -> Real:
        """Standard error of g2: Poisson noise of the pairs (of one for none), and what gaps cut off.

        Given N clicks at random in live time, of which a share f has its partner's time live too, the
        variance of C pairs is C + C^2 (1/N_first + 1/N_second) (1 - f)/f.
        """
        share = self.live.overlap_ps((self.edges_ps[:-1] + self.edges_ps[1:]) / 2) / max(
            1, self.live.total_ps
        )
        each = sum(1 / max(1, count) for count in self.clicks)
        cut = np.divide(1 - share, share, out=np.zeros(share.shape), where=share > 0)
        return _ratio(np.sqrt(np.maximum(self.pairs, 1) + each * self.pairs**2 * cut), self.expected)


class Correlation:
    """Analysis: histogram of begin_ps <= t_second - t_first < end_ps in bins of bin_ps, all pairs.

    Of a channel with itself, pairs of different clicks, in both orders. ``resolution_ps``: step of the times;
    a bin that holds more of these steps than its neighbours is expected to hold more pairs.
    """

    def __init__(
        self,
        first: int,
        second: int,
        begin_ps: int,
        end_ps: int,
        bin_ps: int,
        resolution_ps: float = 1.0,
        engine: PairEngine = engine_numpy,
    ) -> None:
        if bin_ps < resolution_ps:
            raise RequestError(f"bins of {bin_ps} ps: the times come in steps of {resolution_ps} ps")
        self._window = (begin_ps, end_ps, bin_ps)
        self._pairs = np.zeros(whole_bins(*self._window), dtype=np.int64)
        self._resolution_ps, self._engine = resolution_ps, engine
        self._channels = (first, second)
        self._carry = PairCarry(first, second, begin_ps, end_ps)
        self._live = LiveTime()

    def push(self, block: Block | IndexedBlock) -> None:
        """Take the next block."""
        self._live.push(block)
        for new in self._carry.push(block):
            for one, other in new.across:
                self._pairs += self._engine.histogram(one, other, *self._window)
            part, channels = new.part, self._channels
            self._pairs += self._engine.histogram_in_stream(
                part.time_ps, part.channel, *channels, *self._window
            )

    def finish(self) -> Correlogram:
        """The histogram and what chance alone would make."""
        begin_ps, end_ps, bin_ps = self._window
        edges = np.arange(begin_ps, end_ps + 1, bin_ps, dtype=np.int64)
        live, (first, second) = self._live.finish(), self._carry.counts
        pairs = live.overlap_ps((edges[:-1] + edges[1:]) / 2) * lattice_ps(edges, self._resolution_ps)
        rates = first * self._carry.partners / live.total_ps**2 if live.total_ps else 0.0
        return Correlogram(edges, self._pairs.copy(), pairs * rates, (first, second), live)


def lattice_ps(edges_ps: Times, resolution_ps: float) -> Real:
    """Width of bins [lo, hi) in multiples of the resolution that lie in them, ps, float64[n]."""
    if resolution_ps <= 1:
        return np.diff(edges_ps).astype(np.float64)
    width: Real = np.diff(np.ceil((edges_ps - 0.5) / resolution_ps)) * resolution_ps
    return width


def _ratio(values: Real, expected: Real) -> Real:
    ratio: Real = np.divide(values, expected, out=np.full(values.shape, np.nan), where=expected > 0)
    return ratio
