# SPDX-License-Identifier: Apache-2.0
"""g2 of a pulsed source over continuous time: pairs in the peak at zero delay against its side peaks."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from heraldlink.calibration.measured import Measured
from heraldlink.errors import RequestError
from heraldlink.tags import engine_numpy
from heraldlink.tags.block import Block, IndexedBlock, Times
from heraldlink.tags.correlation import Correlation, Correlogram
from heraldlink.tags.engine_numpy import PairEngine
from heraldlink.tags.pulses import Real, find_period_ps, folded

NEIGHBOURS = 8
"""Side peaks on each side that normalise."""

WINDOW_SHARE = 0.8
"""Share of the period that belongs to a peak; the rest is dark between pulses."""

MOST_BINS = 1 << 17


@dataclass(frozen=True, eq=False, slots=True)
class PulsedPeaks:
    """Peaks of a pair histogram.

    ``position_ps``: float64[n], centres; ``pairs``: int64[n], within ``window_ps`` around each. ``zero``:
    place of the peak at zero delay. ``side``: places of the peaks that normalise it, int64[m].
    """

    period_ps: float
    window_ps: float
    position_ps: Real
    pairs: Times
    zero: int
    side: Times

    @property
    def side_pairs(self) -> float:
        """Mean of the side peaks."""
        return float(self.pairs[self.side].mean())

    @property
    def g2(self) -> Measured:
        """Zero peak / mean side peak, with the Poisson error of both (of one pair where there is none)."""
        zero, side = int(self.pairs[self.zero]), self.side_pairs
        relative = 1 / (side * self.side.size)
        return Measured(zero / side, sqrt(max(1, zero) + zero**2 * relative) / side)


class PulsedCorrelation:
    """Analysis: g2 of a source that is pulsed (``period_ps``: found in the pairs if it is not given).

    ``zero_ps``: delay t_second - t_first of photons of one pulse (cables and detectors). Without it the
    weakest peak is taken: right for antibunched light, too low for any other. ``window_ps``: width of a
    peak, 0.8 periods if it is not given. Result: None if there are no pulses or fewer than two peaks.
    """

    def __init__(
        self,
        first: int,
        second: int,
        begin_ps: int,
        end_ps: int,
        period_ps: float | None = None,
        zero_ps: float | None = None,
        window_ps: float | None = None,
        resolution_ps: float = 1.0,
        engine: PairEngine = engine_numpy,
    ) -> None:
        if first == second:
            raise RequestError(f"channel {first} with itself: its dead time hides pairs; take two channels")
        if period_ps is not None and not 0 < 2 * period_ps <= end_ps - begin_ps:
            raise RequestError(f"{begin_ps}..{end_ps} ps do not hold two periods of {period_ps} ps")
        fine = max(ceil(resolution_ps), -(-(end_ps - begin_ps) // MOST_BINS))
        end_ps = begin_ps + -(-(end_ps - begin_ps) // fine) * fine
        self._period_ps, self._zero_ps, self._window_ps = period_ps, zero_ps, window_ps
        self._correlation = Correlation(first, second, begin_ps, end_ps, fine, resolution_ps, engine)

    def push(self, block: Block | IndexedBlock) -> None:
        """Take the next block."""
        self._correlation.push(block)

    def finish(self) -> PulsedPeaks | None:
        """The peaks."""
        return pulsed_peaks(self._correlation.finish(), self._period_ps, self._zero_ps, self._window_ps)


def pulsed_peaks(
    found: Correlogram,
    period_ps: float | None = None,
    zero_ps: float | None = None,
    window_ps: float | None = None,
) -> PulsedPeaks | None:
    """Sort a fine pair histogram into peaks; parameters and result as of `PulsedCorrelation`.

    Bins much narrower than a pulse are needed: a bin belongs to the peak that its middle lies in.
    """
    edges = found.edges_ps
    begin, bin_ps = int(edges[0]), int(edges[1] - edges[0])
    period = period_ps if period_ps is not None else find_period_ps(begin, bin_ps, found.pairs)
    if period is None:
        return None
    window = WINDOW_SHARE * period if window_ps is None else window_ps
    if not 0 < window <= period:
        raise RequestError(f"peaks of {window} ps overlap or are empty: the period is {period} ps")
    middles = (edges[:-1] + edges[1:]) / 2
    phase = zero_ps
    if phase is None:
        phase = (
            float(np.angle(folded(middles, found.pairs.astype(np.float64), period))) / (2 * np.pi) * period
        )
    first = ceil((begin + window / 2 - phase) / period)
    last = int(np.floor((int(edges[-1]) - window / 2 - phase) / period))
    position: Real = phase + period * np.arange(first, last + 1).astype(np.float64)
    done = np.concatenate(([0], np.cumsum(found.pairs)))
    bounds = [done[np.searchsorted(middles, position + side * window / 2)] for side in (-1, 1)]
    pairs = bounds[1] - bounds[0]
    zero = -first if zero_ps is not None else int(np.argmin(pairs)) if pairs.size else 0
    return _normalised(period, window, position, pairs, zero)


def _normalised(period: float, window: float, position: Real, pairs: Times, zero: int) -> PulsedPeaks | None:
    if position.size < 2:
        return None
    if not 0 <= zero < position.size:
        raise RequestError(f"the window does not hold the peak at zero delay (peaks: {position.size})")
    side = np.array(
        [k for k in range(zero - NEIGHBOURS, zero + NEIGHBOURS + 1) if k != zero and 0 <= k < position.size]
    )
    if side.size == 0 or not pairs[side].any():
        return None
    return PulsedPeaks(period, window, position, pairs, zero, side)
