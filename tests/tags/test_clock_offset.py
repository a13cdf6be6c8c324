# SPDX-License-Identifier: Apache-2.0
"""Clocks of two taggers, from pairs among unrelated clicks; without pairs, that is told."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from heraldlink.calibration.measured import Measured
from heraldlink.errors import DataError, RequestError
from heraldlink.tags.clock_fit import fit_pairs
from heraldlink.tags.clock_offset import clock_offset
from heraldlink.tags.clock_pairs import ClockOffset, Line
from heraldlink.tags.clock_track import clock_track


@dataclass(frozen=True)
class Clocks:
    """Rates per second, of either tagger and of pairs; the second clock: offset, drift, its growth per s."""

    rate: float
    pairs: float
    seconds: float
    offset_ps: int
    drift: float
    wander: float = 0.0
    jitter_ps: float = 100.0

    def shown(self, t: np.ndarray) -> np.ndarray:
        """What the second clock shows at t."""
        ahead = self.drift * t + self.wander / 2 * (t * 1e-12) * t
        return t + self.offset_ps + np.rint(ahead).astype(np.int64)

    def clicks(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        end = int(self.seconds * 1e12)
        pairs = rng.integers(0, end, rng.poisson(self.pairs * self.seconds))
        alone = [rng.integers(0, end, rng.poisson((self.rate - self.pairs) * self.seconds)) for _ in range(2)]
        late = np.rint(rng.normal(0, self.jitter_ps, pairs.size)).astype(np.int64)
        second = np.concatenate((self.shown(pairs) + late, self.shown(alone[1])))
        return np.sort(np.concatenate((pairs, alone[0]))), np.sort(second)


@pytest.mark.parametrize(
    ("clocks", "reach_ps", "largest_drift"),
    [
        (Clocks(20_000, 1000, 1, 123_456_789_012, 1e-6), 10**12, 2e-6),
        (Clocks(20_000, 1000, 1, -723_456_789_012, -3e-6), 10**12, 4e-6),
        (Clocks(200_000, 5000, 0.5, 10**9, 1e-9, jitter_ps=300), 10**11, 1e-8),
        (Clocks(500, 100, 10, 77_777, 0.0), 10**10, 0.0),
    ],
)
def test_offset_and_drift_are_found(clocks: Clocks, reach_ps: int, largest_drift: float) -> None:
    first, second = clocks.clicks(np.random.default_rng(1))
    found = clock_offset(first, second, reach_ps, largest_drift, 10**13)
    truth = clocks.shown(np.array([found.at_ps]))[0] - found.at_ps
    assert abs(found.offset_ps.value - truth) < 4 * found.offset_ps.sigma + 0.5
    assert abs(found.drift.value - clocks.drift) < 4 * found.drift.sigma
    assert found.jitter_ps == pytest.approx(clocks.jitter_ps, rel=0.1)
    assert found.pairs <= clocks.pairs * clocks.seconds * 1.2
    assert found.significance > 8


def test_errors_of_the_fit_as_a_statistic() -> None:
    clocks = Clocks(50_000, 2000, 0.1, 5_000, 2e-8)
    rng = np.random.default_rng(7)
    pulls = []
    for _ in range(100):
        found = fit_pairs(*clocks.clicks(rng), Line(0, 4_950.0, 1.5e-8), 120.0, 10.0)
        truth = clocks.offset_ps + clocks.drift * found.at_ps
        pulls.append(
            (
                (found.offset_ps.value - truth) / found.offset_ps.sigma,
                (found.drift.value - clocks.drift) / found.drift.sigma,
            )
        )
    for one in np.array(pulls).T:
        assert stats.kstest(one, "norm").pvalue > 0.01


def test_clicks_without_jitter_leave_the_error_of_whole_picoseconds() -> None:
    time = np.sort(np.random.default_rng(6).integers(0, 10**10, 1000))
    found = clock_offset(time, time[::2] + 77, 10**9, 0.0)
    assert found.offset_ps.value == pytest.approx(77, abs=4 * found.offset_ps.sigma)
    assert 0.005 < found.offset_ps.sigma < 0.05
    assert found.drift.sigma < 1e-10


def test_unrelated_clicks_are_told() -> None:
    first, second = Clocks(50_000, 0, 0.5, 0, 0.0).clicks(np.random.default_rng(2))
    with pytest.raises(DataError, match="no related clicks within"):
        clock_offset(first, second, 10**11, 1e-6)
    with pytest.raises(DataError, match="0 and 5 clicks"):
        clock_offset(first[:0], second[:5])
    with pytest.raises(RequestError, match="drift"):
        clock_offset(first, second, 10**11, 0.5)


def test_a_wandering_clock_is_followed() -> None:
    clocks = Clocks(20_000, 2000, 6, 50_000_000, 1e-7, wander=2e-9)
    rng = np.random.default_rng(3)
    first, second = clocks.clicks(rng)
    start = clock_offset(first, second, 10**9, 5e-7)
    track = clock_track(first, second, start, 2 * 10**11)
    assert track.lost == ()
    assert track.at_ps.size >= 28
    truth = clocks.shown(track.at_ps) - track.at_ps
    pulls = (track.offset_ps - truth - clocks.wander * (2e11**2) / 24 * 1e-12) / track.sigma_ps
    assert stats.kstest(pulls, "norm").pvalue > 0.01
    t = np.sort(rng.integers(0, 6 * 10**12, 1000))
    assert np.abs(track.first_ps(clocks.shown(t)) - t).max() < 150


def test_stretches_without_pairs_are_named() -> None:
    clocks = Clocks(20_000, 2000, 2, 50_000_000, 1e-7)
    first, second = clocks.clicks(np.random.default_rng(4))
    start = clock_offset(first, second, 10**9, 5e-7)
    dark = (first < 1.5e12) | (first > 1.8e12)
    track = clock_track(first[dark], second, start, 10**11)
    assert 2 <= len(track.lost) <= 3
    assert all(1.4e12 < begin < end < 1.9e12 for begin, end in track.lost)
    with pytest.raises(RequestError, match="longer than 0"):
        clock_track(first, second, start, 0)


def test_a_line_and_back() -> None:
    some = Measured(-123_456_789_012.3, 1.0, "ps")
    found = ClockOffset(10**11, some, Measured(-9e-6, 0.0), 100.0, 50.0, 9.0)
    t = np.arange(0, 10**12, 10**10)
    assert np.abs(found.second_ps(t) - (t + some.value - 9e-6 * (t - 10**11))).max() <= 0.6
    assert np.abs(found.first_ps(found.second_ps(t)) - t).max() <= 1
