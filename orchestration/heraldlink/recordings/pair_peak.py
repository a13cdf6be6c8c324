# SPDX-License-Identifier: Apache-2.0
"""The coincidence peak of a continuous pair source: where it is, how wide, what it holds beside chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heraldlink.recordings.first_look import FirstLook
from heraldlink.tags.block import Times
from heraldlink.tags.engine_numpy import histogram

NEAR_PS = 1_000_000
BIN_PS = 200
STANDS_OUT = 7.0
"""Standard errors over the usual bin from which the highest one is a peak (of 10,000 bins)."""

REACH = 1.5
"""Widths (FWHM) on either side of the centre that belong to the peak."""


@dataclass(frozen=True, slots=True)
class PairPeak:
    """``pairs`` lie within ``window_ps`` around ``delay_ps``; unrelated clicks would make ``accidental``."""

    delay_ps: float
    fwhm_ps: float
    window_ps: int
    pairs: int
    accidental: float

    @property
    def car(self) -> float | None:
        """True coincidences over accidental ones; None without the latter."""
        return (self.pairs - self.accidental) / self.accidental if self.accidental else None

    def summary(self) -> dict[str, object]:
        """Plain values."""
        return {
            "delay_ps": round(self.delay_ps),
            "fwhm_ps": round(self.fwhm_ps),
            "window_ps": self.window_ps,
            "pairs": self.pairs,
            "accidental": self.accidental,
            "car": self.car,
        }


def pair_peak(edges_ps: Times, pairs: Times) -> PairPeak | None:
    """The highest peak of a histogram of pairs, bins of one width; None if it does not stand out.

    Accidentals are those of the bins outside the peak. Its width is at least that of a bin.
    """
    bin_ps = int(edges_ps[1] - edges_ps[0])
    place, usual = int(np.argmax(pairs)), float(np.median(pairs))
    if pairs[place] <= usual + STANDS_OUT * max(1.0, usual) ** 0.5:
        return None
    half = (float(pairs[place]) + usual) / 2
    left, right = _crossing(pairs[place::-1], half), _crossing(pairs[place:], half)
    fwhm_ps = max(1.0, left + right) * bin_ps
    around = np.arange(max(0, place - int(left) - 2), min(pairs.size, place + int(right) + 3))
    weights = np.maximum(pairs[around] - usual, 0.0)
    centre_ps = float(edges_ps[0]) + float((around + 0.5) @ weights / weights.sum()) * bin_ps
    low, high = np.searchsorted(edges_ps, [centre_ps - REACH * fwhm_ps, centre_ps + REACH * fwhm_ps])
    low, high = max(0, int(low) - 1), min(pairs.size, int(high))
    inside = int(pairs[low:high].sum())
    outside = pairs.size - (high - low)
    accidental = (int(pairs.sum()) - inside) * (high - low) / outside if outside else 0.0
    return PairPeak(centre_ps, fwhm_ps, (high - low) * bin_ps, inside, accidental)


def seen_peak(look: FirstLook, first: int, second: int) -> PairPeak | None:
    """The peak within a microsecond in the first look."""
    if look.time_ps is None or first == second or look.step_ps > NEAR_PS:
        return None
    clicks = [look.time_ps[look.channel == channel] for channel in (first, second)]
    bin_ps = max(1, -(-BIN_PS // max(1, look.step_ps))) * max(1, look.step_ps)
    reach = NEAR_PS // bin_ps * bin_ps
    edges = np.arange(-reach, reach + 1, bin_ps, dtype=np.int64)
    return pair_peak(edges, histogram(clicks[0], clicks[1], -reach, reach, bin_ps))


def _crossing(pairs: Times, half: float) -> float:
    """Bins from the first one's middle to where the histogram falls below ``half``."""
    below = np.flatnonzero(pairs < half)
    if not below.size:
        return float(pairs.size)
    place = int(below[0])
    above, under = float(pairs[place - 1]), float(pairs[place])
    return place - 1 + (above - half) / (above - under)
