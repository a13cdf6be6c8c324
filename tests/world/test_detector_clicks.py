# SPDX-License-Identifier: Apache-2.0
"""Dead time, recovery and afterpulses of a detector's clicks, against renewal theory."""

import math
from dataclasses import replace

import numpy as np
import pytest
from laboratory import devices
from scipy import integrate, stats

from heraldlink_sim.world.strays import dark_counts, registered

LENGTH_PS = 100_000_000_000
QUIET = devices().midpoint.detectors[0]
NONE = np.empty(0, np.int64)
LEVEL = 1e-3


def everywhere(times_ps):
    return times_ps


def clicks(detector, rate_Hz, seed, gated=NONE, outside=everywhere):
    rng = np.random.default_rng(seed)
    return registered(gated, dark_counts(rate_Hz, LENGTH_PS, rng), detector, outside, rng)


@pytest.mark.parametrize("recovery_s", [0.0, 3e-7])
def test_intervals_are_those_of_a_recovering_detector(recovery_s):
    """Poisson light of rate r: after the dead time the hazard is r (1 - exp(-t/recovery))."""
    rate_Hz, dead_s = 2e5, QUIET.dead_time_s
    found = np.diff(clicks(replace(QUIET, recovery_s=recovery_s), rate_Hz, 5)) * 1e-12

    def law(interval_s):
        after = np.clip(np.asarray(interval_s) - dead_s, 0, None)
        lost = recovery_s * -np.expm1(-after / recovery_s) if recovery_s else 0.0
        return -np.expm1(-rate_Hz * (after - lost))

    assert found.min() >= dead_s
    assert stats.kstest(found, law).pvalue > LEVEL
    mean = dead_s + integrate.quad(lambda t: 1 - float(law(t + dead_s)), 0, 40 / rate_Hz)[0]
    expected, error = LENGTH_PS * 1e-12 / mean, math.sqrt(LENGTH_PS * 1e-12 / mean)
    assert 2 * stats.norm.sf(abs(len(found) - expected) / error) > LEVEL


def test_each_click_rings_with_its_chance_and_its_delay():
    """Sparse clicks: chains of geometric length, each step an exponential after the dead time."""
    detector = replace(QUIET, afterpulse_probability=0.2, afterpulse_decay_s=1e-7)
    found = clicks(detector, 4e4, 7)
    gaps = np.diff(found) * 1e-12
    rang = gaps < 3e-6  # an afterpulse, or another click by chance
    chance = 1 - (1 - 0.2) * math.exp(-4e4 * (3e-6 - detector.dead_time_s))
    assert stats.binomtest(int(rang.sum()), len(gaps), chance).pvalue > LEVEL
    near = gaps[gaps < 3e-7]
    edge = 3e-7 - detector.dead_time_s

    def law(gap_s):
        after = np.asarray(gap_s) - detector.dead_time_s
        return (1 - stays(after)) / (1 - stays(edge))

    def stays(after_s):
        return np.exp(-4e4 * after_s) * (0.8 + 0.2 * np.exp(-after_s / 1e-7))

    assert stats.kstest(near, law).pvalue > LEVEL


def test_clicks_in_gates_stay_and_no_afterpulse_enters_a_gate():
    detector = replace(QUIET, afterpulse_probability=0.5, afterpulse_decay_s=2e-6, recovery_s=1e-8)
    gated = np.arange(1_000_000, LENGTH_PS, 50_000_000, dtype=np.int64)

    def outside(times_ps):
        return times_ps[times_ps % 5_000_000 >= 2_000_000]

    found = clicks(detector, 0.0, 3, gated, outside)
    assert set(gated.tolist()) <= set(found.tolist())
    rest = np.setdiff1d(found, gated)
    assert len(rest) > 300
    assert np.all(rest % 5_000_000 >= 2_000_000)
    assert np.diff(found).min() >= round(detector.dead_time_s * 1e12)


def test_a_quiet_detector_draws_nothing():
    rng = np.random.default_rng(1)
    before = rng.bit_generator.state["state"]["state"]
    times = np.array([5, 100, 10**6, 10**9], np.int64)
    assert registered(NONE, times, QUIET, everywhere, rng).tolist() == [5, 10**6, 10**9]
    assert rng.bit_generator.state["state"]["state"] == before
