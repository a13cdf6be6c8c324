# SPDX-License-Identifier: Apache-2.0
"""Repetition period and phase of a pulsed source, from how the delays of its pairs bunch."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Real = NDArray[np.float64]

CONTRAST = 0.2
"""Least |<exp(2 pi i delay / period)>| of a source that is called pulsed."""

FEWEST_PAIRS = 100
"""Pairs without which no period is looked for."""

COARSE_BINS = 4096


def find_period_ps(begin_ps: int, bin_ps: int, pairs: NDArray[np.int64]) -> float | None:
    """Repetition period of a pair histogram that begins at ``begin_ps``; None if it shows no pulses.

    From the autocorrelation of the histogram, refined to the sharpest fold; the window should hold three
    periods or more.
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
    period = _refined(delays, counts, coarse * step_ps)
    return period if abs(folded(delays, counts, period)) >= CONTRAST else None


def folded(delays_ps: Real, pairs: Real, period_ps: float) -> complex:
    """Mean of exp(2 pi i delay / period) over all pairs: its angle is the phase of the pulses."""
    turns = np.exp(2j * np.pi * np.mod(delays_ps / period_ps, 1.0))
    return complex(turns @ pairs / max(1.0, float(pairs.sum())))


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
    """The sharpest fold within two periods over the whole window, to a hundredth of a period."""
    lit = np.flatnonzero(pairs)
    delays, weights = delays_ps[lit], pairs[lit]
    step = 0.01 * period_ps / float(delays_ps[-1] - delays_ps[0])
    trial = period_ps * (1 + step * np.arange(-200, 201))
    contrast = [abs(folded(delays, weights, float(item))) for item in trial]
    return float(trial[int(np.argmax(contrast))])
