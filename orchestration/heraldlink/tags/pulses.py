# SPDX-License-Identifier: Apache-2.0
"""Repetition period and phase of a pulsed source, from how the delays of its pairs bunch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]

CONTRAST = 0.2
"""Least |<exp(2 pi i delay / period)>| of a source that is called pulsed."""

RAYLEIGH = 20.0
"""Least pairs times contrast^2: of unpulsed light it exceeds x with probability exp(-x) in each trial."""

FEWEST_PERIODS = 7
FEWEST_PAIRS = 100
"""Pairs without which no period is looked for."""

COARSE_BINS = 4096
FARTHEST = 0.04
"""Relative error of a period from the autocorrelation."""


def find_period_ps(begin_ps: int, bin_ps: int, pairs: NDArray[np.int64]) -> float | None:
    """Repetition period of a pair histogram that begins at ``begin_ps``; None if it shows no pulses.

    From the autocorrelation of the histogram, refined to the sharpest fold, in which no period weighs
    more than most and the fullest one not at all: a single peak, as photon pairs of continuous light make, is
    no pulse train. The window has to hold `FEWEST_PERIODS`.
    """
    if pairs.sum() < FEWEST_PAIRS:
        return None
    join = max(1, -(-pairs.size // COARSE_BINS))
    whole = np.concatenate((pairs, np.zeros(-pairs.size % join, np.int64))).reshape(-1, join)
    counts: Real = whole.sum(axis=1).astype(np.float64)
    step_ps = join * bin_ps
    coarse = _autocorrelation_peak(counts)
    if coarse is None:
        return None
    delays: Real = begin_ps + (np.arange(counts.size).astype(np.float64) + 0.5) * step_ps
    weights = _level(delays, counts, coarse * step_ps)
    if coarse * FEWEST_PERIODS > counts.size or not weights.any():
        return None
    period = _refined(delays, weights, coarse * step_ps)
    contrast = abs(folded(delays, weights, period))
    return period if contrast >= CONTRAST and contrast**2 * float(weights.sum()) >= RAYLEIGH else None


def folded(delays_ps: Real, pairs: Real, period_ps: float) -> complex:
    """Mean of exp(2 pi i delay / period) over all pairs: its angle is the phase of the pulses."""
    turns = np.exp(2j * np.pi * np.mod(delays_ps / period_ps, 1.0))
    return complex(turns @ pairs / max(1.0, float(pairs.sum())))


def _level(delays_ps: Real, pairs: Real, period_ps: float) -> Real:
    """Pairs, those of each period scaled down to the median of all, those of the fullest one left out."""
    cell = np.floor(delays_ps / period_ps).astype(np.int64)
    cell -= cell[0]
    held = np.bincount(cell, weights=pairs)
    allowed = np.minimum(held, float(np.median(held))) / np.maximum(held, 1)
    allowed[int(np.argmax(held))] = 0
    level: Real = pairs * allowed[cell]
    return level


def _autocorrelation_peak(counts: Real) -> float | None:
    """Period in bins: the highest peak behind the first minimum, divided down to the fundamental."""
    spectrum = np.abs(np.fft.rfft(counts - counts.mean(), 2 * counts.size)) ** 2
    correlation = np.fft.irfft(spectrum)[: counts.size // 2]
    negative = np.flatnonzero(correlation < 0)
    if negative.size == 0:
        return None
    later = int(negative[0])
    peak = later + int(np.argmax(correlation[later:]))
    return peak / _fundamental(correlation, peak, later)


def _fundamental(correlation: Real, peak: int, later: int) -> int:
    """How many periods lie before the highest peak: the most that still find a peak at each of them."""
    best = 1
    for count in range(2, peak // max(1, later) + 1):
        places = np.rint(np.arange(1, count) * peak / count).astype(np.int64)
        if np.all(correlation[places] > 0.5 * correlation[peak]):
            best = count
    return best


def _refined(delays_ps: Real, pairs: Real, period_ps: float) -> float:
    """The sharpest fold within two periods over the whole window, and within `FARTHEST`."""
    lit = np.flatnonzero(pairs)
    delays, weights = delays_ps[lit], pairs[lit]
    reach = min(2 * period_ps / float(delays_ps[-1] - delays_ps[0]), FARTHEST)
    trial = period_ps * (1 + np.linspace(-reach, reach, 401))
    contrast = [abs(folded(delays, weights, float(item))) for item in trial]
    return float(trial[int(np.argmax(contrast))])
