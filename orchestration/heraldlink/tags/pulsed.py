# SPDX-License-Identifier: Apache-2.0
"""Peaks in the pair histogram of a pulsed source: period, position, and the one that is missing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 8
"""Side peaks on each side that normalise the dip."""

FOLDED_CONTRAST = 0.2
"""Least |<exp(2 pi i t / period)>| of a source that is called pulsed."""

WINDOW_SHARE = 0.8
"""Share of the period that belongs to a peak; the rest is dark between pulses."""


@dataclass(frozen=True, slots=True)
class Dip:
    """The weakest peak, against its neighbours. ``g2`` = pairs / mean of the side peaks."""

    period_ps: float
    position_ps: float
    pairs: int
    side_pairs: float

    @property
    def g2(self) -> float:
        """Second-order correlation at the dip."""
        return self.pairs / self.side_pairs


def find_dip(differences_ps: NDArray[np.int64], begin_ps: int, end_ps: int) -> Dip | None:
    """Find period and weakest peak among pair differences; None if the pairs show no pulses."""
    if differences_ps.size < 100:
        return None
    period_ps = find_period_ps(differences_ps, begin_ps, end_ps)
    if period_ps is None:
        return None
    mean = _folded(differences_ps, period_ps)
    if abs(mean) < FOLDED_CONTRAST:
        return None
    phase_ps = float(np.angle(mean)) / (2 * np.pi) * period_ps
    half_ps = WINDOW_SHARE * period_ps / 2
    first = int(np.ceil((begin_ps + half_ps - phase_ps) / period_ps))
    last = int(np.floor((end_ps - half_ps - phase_ps) / period_ps))
    peaks_ps = phase_ps + period_ps * np.arange(first, last + 1)
    ordered = np.sort(differences_ps)
    counts = np.searchsorted(ordered, peaks_ps + half_ps) - np.searchsorted(ordered, peaks_ps - half_ps)
    here = int(np.argmin(counts))
    sides = np.delete(counts, here)[max(0, here - NEIGHBOURS) : here + NEIGHBOURS]
    if sides.size == 0 or not sides.any():
        return None
    return Dip(period_ps, float(peaks_ps[here]), int(counts[here]), float(sides.mean()))


def find_period_ps(differences_ps: NDArray[np.int64], begin_ps: int, end_ps: int) -> float | None:
    """Repetition period, ps, from the autocorrelation of the pair histogram, refined by folding."""
    bin_ps = max(1, (end_ps - begin_ps) // 4096)
    counts = np.bincount((differences_ps - begin_ps) // bin_ps).astype(np.float64)
    spectrum = np.abs(np.fft.rfft(counts - counts.mean(), 2 * counts.size)) ** 2
    correlation = np.fft.irfft(spectrum)[: counts.size // 2]
    negative = np.flatnonzero(correlation < 0)
    if negative.size == 0:
        return None
    later = int(negative[0])
    coarse_ps = (later + int(np.argmax(correlation[later:]))) * bin_ps
    multiple = _fundamental(correlation, coarse_ps // bin_ps, later)
    return _refined(differences_ps, coarse_ps / multiple, end_ps - begin_ps)


def _fundamental(correlation: NDArray[np.float64], peak: int, later: int) -> int:
    """How many periods lie before the highest peak: the most that still find a peak at each of them."""
    best = 1
    for count in range(2, peak // max(1, later) + 1):
        places = np.rint(np.arange(1, count) * peak / count).astype(np.int64)
        if np.all(correlation[places] > 0.5 * correlation[peak]):
            best = count
    return best


def _refined(differences_ps: NDArray[np.int64], period_ps: float, span_ps: int) -> float:
    """The period with the sharpest fold, searched to a hundredth of a period over the whole window."""
    step = 0.01 * period_ps / span_ps
    trial = period_ps * (1 + step * np.arange(-200, 201))
    contrast = [abs(_folded(differences_ps[:20000], float(item))) for item in trial]
    return float(trial[int(np.argmax(contrast))])


def _folded(differences_ps: NDArray[np.int64], period_ps: float) -> complex:
    return complex(np.exp(2j * np.pi * np.mod(differences_ps / period_ps, 1.0)).mean())
