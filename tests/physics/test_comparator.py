# SPDX-License-Identifier: Apache-2.0
"""Trigger levels: pulses that miss them, noise that reaches them."""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import physics_bench as bench
import pytest
from scipy import stats

from heraldlink_physics.chain import arm, cavity_delay_ps, link
from heraldlink_physics.comparator import noise_crossings_Hz, passing
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.settings import DetectorSettings

QUIET = bench.devices("improved").midpoint.detectors[0]
NOISY = replace(QUIET, pulse_ohm=1e4, pulse_spread=0.1, noise_V=0.015)  # 180 mV at 18 uA


@pytest.mark.parametrize("level_V", [0.0, 0.15, 0.18, 0.25])
def test_pulses_pass_as_often_as_drawn_ones_do(level_V: float) -> None:
    rng = np.random.default_rng(4)
    drawn = rng.normal(0.18, 0.018, 20_000) + rng.normal(0.0, 0.015, 20_000) >= level_V
    share = passing(0.18, 0.018, 0.015, level_V)
    assert stats.binomtest(int(drawn.sum()), 20_000, share).pvalue > 1e-3
    assert (passing(0.2, 0, 0, 0.1), passing(0.2, 0, 0, 0.3)) == (1.0, 0.0)


@pytest.mark.parametrize("level", [0.0, 1.0, 2.0])
def test_noise_crosses_a_level_as_rice_says(level: float) -> None:
    """Band-limited white noise made of its Fourier components, sampled 16 times finer than its bandwidth."""
    rng, tones, finer, runs = np.random.default_rng(6), 512, 16, 60
    crossings = []
    for _ in range(runs):
        spectrum = np.zeros(tones * finer + 1, dtype=complex)
        spectrum[1 : tones + 1] = rng.normal(size=tones) + 1j * rng.normal(size=tones)
        noise = np.fft.irfft(spectrum) * (2 * tones * finer)
        noise /= sqrt(4 * tones)
        crossings.append(int(np.sum((noise[:-1] < level) & (noise[1:] >= level))))
    expected = noise_crossings_Hz(1.0, tones, level)  # `tones` periods of the band's edge in one run
    error = np.std(crossings) / sqrt(runs)
    assert abs(np.mean(crossings) - expected) < 4 * error + 0.005 * expected
    assert error < 0.05 * expected
    assert noise_crossings_Hz(0.0, 1e9, 0.0) == 0.0


def test_a_level_costs_clicks_above_and_noise_below() -> None:
    assert NOISY.efficiency(18e-6) == QUIET.efficiency(18e-6)
    levels = np.linspace(0.02, 0.3, 29)
    clicks = [NOISY.efficiency(18e-6, True, level) for level in levels]
    darks = [NOISY.dark_rate(18e-6, True, level) for level in levels]
    assert np.all(np.diff(clicks) < 0)
    assert np.all(np.diff(darks) < 0)
    half = NOISY.efficiency(18e-6, True, 0.18)
    assert half == pytest.approx(QUIET.efficiency(18e-6) / 2)
    assert QUIET.efficiency(18e-6, True, 5.0) == QUIET.efficiency(18e-6)


def test_the_link_sees_the_level() -> None:
    found, settings = bench.devices("improved"), bench.arm_settings("improved", 30.0)
    midpoint = replace(found.midpoint, detectors=(NOISY, NOISY))
    gates = bench.midpoint_settings()
    levels = replace(gates, detectors=(DetectorSettings(18e-6, True, 0.18), DetectorSettings(18e-6)))
    model = link(*found.arms, midpoint, settings, settings, levels)
    c, d = model.midpoint.detector_efficiency
    assert c == pytest.approx(d / 2)
    noise_Hz = noise_crossings_Hz(0.015, 1e9, 0.18)
    assert model.dark_rates_Hz[0] == pytest.approx(model.dark_rates_Hz[1] / 2 + noise_Hz, rel=1e-6)


def test_cavities_delay_a_long_photon_by_two_over_kappa() -> None:
    found = bench.devices("improved").arms[0]
    slow = replace(found, filter_linewidth_Hz=20e6)
    settings = bench.arm_settings("improved", 30.0)
    edges = [arm(device, settings).profile for device in (slow, found)]
    means = [float((p.edges_ps()[:-1] + p.step_ps / 2) @ p.weight) for p in edges]
    later = cavity_delay_ps(slow) - cavity_delay_ps(found)
    assert means[0] - means[1] == pytest.approx(later, rel=0.05)
    assert means[1] - (1_000_000 + found.path_delay_ps + bench.CENTRE_PS) == pytest.approx(
        cavity_delay_ps(found), rel=0.02
    )


def test_impossible_comparators_are_refused() -> None:
    with pytest.raises(PhysicsError, match="noise_V = -1"):
        noise_crossings_Hz(-1.0, 1e9, 0.1)
    with pytest.raises(PhysicsError, match="spread_V = -1"):
        passing(0.1, -1.0, 0.0, 0.1)
    with pytest.raises(PhysicsError, match="pulse_ohm = -1"):
        replace(QUIET, pulse_ohm=-1.0)
