# SPDX-License-Identifier: Apache-2.0
"""Offset and drift between the clocks of two taggers, from clicks of photon pairs that they share.

A click at t of the first clock and its partner at t' of the second one obey t' = t + offset + drift (t - at).
The offset is found by a Fourier transform of both streams in coarse bins (Ho, Lamas-Linares and Kurtsiefer,
New J. Phys. 11, 045011 (2009)), narrowed bin by bin together with the drift, and fitted to the pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import log, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.block import Times
from heraldlink.tags.clock_fit import fit_pairs
from heraldlink.tags.clock_pairs import ClockOffset, Line, SharedPairs, shared_pairs

Real = NDArray[np.float64]

COARSE_BINS = 1 << 22
MOST_CLICKS = 400_000
"""Clicks of the first stream that the search uses."""

MOST_TRIALS = 50
"""Drifts that are tried, either sign, before the stretch is shortened instead."""

LEVELS = 3
"""Drifts, either sign, behind the best one that are tried before it is taken for the best of all."""

CANDIDATES = 12
NARROWER = 8
"""Each step of the narrowing divides the bin by this."""

KEPT = 4
"""Peaks that are looked into at each step."""

FALSE_ALARM = 1e-6
"""Chance that unrelated clicks are taken for related ones."""


class _Peak(NamedTuple):
    surprise: float
    """-ln of a bound on the chance that unrelated clicks make it."""
    line: Line
    width_ps: float


def clock_offset(
    first_ps: Times,
    second_ps: Times,
    reach_ps: int = 10**12,
    largest_drift: float = 1e-5,
    stretch_ps: int = 2 * 10**12,
) -> ClockOffset:
    """Find offset and drift of the second clock against the first one.

    ``first_ps``, ``second_ps``: clicks of one channel of each tagger, sorted, int64[n]. ``reach_ps``: largest
    offset looked for, either sign; ``largest_drift`` likewise (1e-5 is a quartz, 1e-9 disciplined clocks).
    ``stretch_ps`` in the middle of the recordings is used, or less (`MOST_CLICKS`); the drift must be
    constant over it, `clock_track` follows the clocks from there. Pulsed or bunched light is related without
    pairs, too: look at jitter and number of pairs. Raises RequestError for senseless limits, DataError if
    nothing stands out.
    """
    if min(reach_ps, stretch_ps) <= 0 or not 0 <= largest_drift < 1e-2:
        raise RequestError(
            f"reach {reach_ps} ps, stretch {stretch_ps} ps, drift {largest_drift}: take above 0, above 0,"
            f" and 0 to below 0.01"
        )
    if min(first_ps.size, second_ps.size) < 2:
        raise DataError(f"{first_ps.size} and {second_ps.size} clicks: no clock offset")
    first = _stretch(first_ps, second_ps, _longest_ps(reach_ps, largest_drift, stretch_ps))
    low, high = np.searchsorted(second_ps, [int(first[0]) - reach_ps, int(first[-1]) + reach_ps])
    second = second_ps[low:high]
    best = 0.0
    for coarse in _coarse(first, second, reach_ps, largest_drift):
        found = _narrowed(first, second, coarse)
        best = max(best, found.surprise)
        if found.surprise > _needed(first, reach_ps, largest_drift, found.width_ps):
            return fit_pairs(first, second, found.line, found.width_ps, sqrt(2 * found.surprise))
    raise DataError(
        f"no related clicks within {reach_ps} ps and a drift of {largest_drift}: the highest peak stands out"
        f" by {sqrt(2 * best):.1f} standard deviations; record for longer, or allow a larger offset or drift"
    )


def _stretch(first: Times, second: Times, longest_ps: int) -> Times:
    """Clicks around the middle of the time that both recordings cover (if none, of the first one)."""
    begin, end = max(int(first[0]), int(second[0])), min(int(first[-1]), int(second[-1]))
    middle = (begin + end) // 2 if begin < end else (int(first[0]) + int(first[-1])) // 2
    low, place, high = np.searchsorted(
        first, [middle - longest_ps // 2, middle, middle + longest_ps // 2]
    ).tolist()
    start = min(max(low, place - MOST_CLICKS // 2), first.size - 2)
    return first[start : max(start + 2, min(high, place + MOST_CLICKS // 2))]


def _longest_ps(reach_ps: int, largest_drift: float, stretch_ps: int) -> int:
    """The stretch, or how much of it needs no more than `MOST_TRIALS` drifts."""
    trials = largest_drift * COARSE_BINS / 2 - MOST_TRIALS
    return stretch_ps if trials <= 0 else min(stretch_ps, int(2 * reach_ps * MOST_TRIALS / trials))


def _needed(first: Times, reach_ps: int, largest_drift: float, width_ps: float) -> float:
    """Surprise that makes a false alarm unlikely: one bin of all offsets and drifts has to stand out."""
    drifts = 1 + largest_drift * float(first[-1] - first[0]) / width_ps
    return log(2 * reach_ps / width_ps * drifts / FALSE_ALARM)


def _coarse(first: Times, second: Times, reach_ps: int, largest_drift: float) -> list[_Peak]:
    """Highest peaks of the cross correlation in coarse bins, for drifts from 0 outwards, best first."""
    begin, length_ps = int(first[0]), max(1, int(first[-1] - first[0]))
    bin_ps = max(1.0, (2 * reach_ps + length_ps) / COARSE_BINS)
    spectrum = np.conj(_spectrum((first - begin).astype(np.float64), bin_ps))
    later = (second - begin).astype(np.float64)
    step = 2 * bin_ps / length_ps
    trials = int(largest_drift / step)
    found: list[_Peak] = []
    best, best_level = 0.0, 0
    for trial in sorted(range(-trials, trials + 1), key=abs):
        if best > _needed(first, reach_ps, largest_drift, bin_ps) and abs(trial) > best_level + LEVELS:
            break
        drift = trial * step
        counts = np.fft.irfft(spectrum * _spectrum(later / (1 + drift), bin_ps), COARSE_BINS)
        surprise, place = _highest_of_all(counts)
        bins = place + 1 if place + 1 < COARSE_BINS / 2 else place + 1 - COARSE_BINS
        found.append(_Peak(surprise, Line(begin, bins * bin_ps * (1 + drift), drift), bin_ps))
        if surprise > best:
            best, best_level = surprise, abs(trial)
    return sorted(found, key=lambda peak: -peak.surprise)[:CANDIDATES]


def _spectrum(times_ps: Real, bin_ps: float) -> NDArray[np.complexfloating]:
    """Fourier transform of the clicks in bins, folded to `COARSE_BINS`."""
    places = np.floor(times_ps / bin_ps).astype(np.int64) % COARSE_BINS
    return np.fft.rfft(np.bincount(places, minlength=COARSE_BINS).astype(np.float32))


def _highest_of_all(counts: NDArray[np.floating]) -> tuple[float, int]:
    """Surprise and place of the highest sum of two neighbouring bins, against the bins around them."""
    both = counts + np.roll(counts, -1)
    place = int(np.argmax(both))
    around = np.roll(counts, 34 - place)[:70]
    mean = (around.sum() - around[32:38].sum()) / (around.size - 6)
    return _surprise(float(both[place]), 2 * max(float(mean), float(counts.mean()))), place


def _surprise(count: float, mean: float) -> float:
    """-ln of a bound on the chance of ``count`` or more where ``mean`` are expected (Chernoff, Poisson)."""
    return count * log(count / mean) - count + mean if count > mean > 0 else 0.0


def _narrowed(first: Times, second: Times, coarse: _Peak) -> _Peak:
    """Narrow the bins, drift and offset together, down to a picosecond; of all widths, what stands out most.

    The `KEPT` best peaks of each width are looked into: bunched light makes a broad one, with the sharp one
    of the pairs not always in its highest place.
    """
    length_ps = max(1, int(first[-1] - first[0]))
    line = coarse.line.seen_from(coarse.line.at_ps + length_ps // 2)
    kept, best = [_Peak(0.0, line, coarse.width_ps)], _Peak(0.0, line, coarse.width_ps)
    while kept[0].width_ps > 1:
        peaks = [inner for peak in kept for inner in _within(first, second, peak, length_ps)]
        kept = _apart(sorted(peaks, key=lambda peak: -peak.surprise), length_ps)
        best = max(best, kept[0], key=lambda peak: peak.surprise)
    return best


def _within(first: Times, second: Times, peak: _Peak, length_ps: int) -> Iterator[_Peak]:
    """Highest narrower peak for each drift that turns the line by up to a bin at its ends."""
    near = shared_pairs(first, second, peak.line, 2 * peak.width_ps)
    bin_ps = peak.width_ps / NARROWER
    for turn in range(-NARROWER, NARROWER + 1):
        drift = 2 * bin_ps / length_ps * turn
        surprise, offset = _highest(near, drift, bin_ps)
        line = Line(peak.line.at_ps, peak.line.offset_ps + offset, peak.line.drift + drift)
        yield _Peak(surprise, line, bin_ps)


def _apart(peaks: list[_Peak], length_ps: int) -> list[_Peak]:
    """The best ones that lie more than three bins off the better ones at an end of the stretch."""
    kept: list[_Peak] = []
    for peak in peaks:
        nearest = [
            abs(peak.line.offset_ps - other.line.offset_ps)
            + abs(peak.line.drift - other.line.drift) * length_ps / 2
            for other in kept
        ]
        if all(distance > 3 * peak.width_ps for distance in nearest):
            kept.append(peak)
        if len(kept) == KEPT:
            break
    return kept


def _highest(near: SharedPairs, drift: float, bin_ps: float) -> tuple[float, float]:
    """(surprise, offset) of the highest sum of two bins of distances from a line turned by drift."""
    away = near.away_ps - drift * near.since_ps
    places = np.floor((away + near.within_ps) / bin_ps).astype(np.int64)
    bins = int(2 * near.within_ps / bin_ps)
    counts = np.bincount(places[(places >= 0) & (places < bins)], minlength=bins)
    both = counts[:-1] + counts[1:]
    place = int(np.argmax(both))
    return _surprise(float(both[place]), 2 * away.size / bins), (place + 1) * bin_ps - near.within_ps
