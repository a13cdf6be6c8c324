# SPDX-License-Identifier: Apache-2.0
"""Phase from bright pulses and readout from photon counts, against sampled pulses and scipy."""

from __future__ import annotations

from dataclasses import replace
from math import pi

import numpy as np
import physics_bench as bench
import pytest
from scipy import stats

from heraldlink_physics.chain import arm
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.phase import (
    QUADRATURE_RAD,
    QuadratureCounts,
    bright_click_probabilities,
    bright_photons,
    estimate_phase,
)
from heraldlink_physics.readout import (
    assignment_fidelity,
    best_threshold,
    confusion,
    mean_counts,
)
from heraldlink_physics.transducer import red_pump_frequency_Hz

DEVICE = bench.devices("improved").arms[0]


def sample(
    rng: np.random.Generator, phase: float, pulses: int, efficiency: tuple[float, float]
) -> QuadratureCounts:
    c, d = bright_click_probabilities(0.8, 0.5, phase, 0.9, efficiency, (1e-3, 1e-3))
    return QuadratureCounts(pulses, int(rng.binomial(pulses, c)), int(rng.binomial(pulses, d)))


@pytest.mark.parametrize("phase", [-3.0, -pi / 2, -0.4, 0.0, 0.9, 2.5])
def test_the_estimate_is_unbiased_and_its_variance_is_right(phase: float) -> None:
    rng = np.random.default_rng(5)
    efficiency = (0.9, 0.6)
    pulls = []
    for _ in range(600):
        i = sample(rng, phase, 500, efficiency)
        q = sample(rng, phase + QUADRATURE_RAD, 500, efficiency)
        found = estimate_phase(i, q, efficiency)
        assert found is not None
        error = (found.phase_rad - phase + pi) % (2 * pi) - pi
        pulls.append(error / found.variance_rad2**0.5)
    assert abs(np.mean(pulls)) < 5 / 600**0.5
    assert stats.chi2.sf(np.sum(np.square(pulls)), 600) > 1e-4
    assert stats.chi2.cdf(np.sum(np.square(pulls)), 600) > 1e-4


def test_the_estimate_is_the_phase_of_the_heralded_state() -> None:
    """A phase that sends all bright light to c makes a click in c herald |eg> + |ge>."""
    light = QuadratureCounts(100, 60, 0)
    even = QuadratureCounts(100, 30, 30)
    assert estimate_phase(light, even).phase_rad == 0
    assert estimate_phase(even, QuadratureCounts(100, 0, 60)).phase_rad == pytest.approx(pi / 2)


def test_no_light_holds_no_phase() -> None:
    nothing = QuadratureCounts(500, 0, 0)
    assert estimate_phase(nothing, nothing) is None
    assert estimate_phase(QuadratureCounts(0, 0, 0), nothing) is None
    with pytest.raises(PhysicsError):
        QuadratureCounts(10, 11, 0)


def test_bright_light_follows_the_pump() -> None:
    devices, settings = bench.devices("improved"), bench.arm_settings("improved", 30.0)
    one, other = (arm(DEVICE, replace(settings, attenuation_dB=x)) for x in (30.0, 33.0))
    photons = bright_photons(devices.midpoint, one, settings.laser_frequency_Hz)
    assert photons == pytest.approx(one.pulse_energy_J / 6.62607015e-34 / 192.025e12 * 1e-5)
    assert bright_photons(devices.midpoint, other, 192.025e12) == pytest.approx(photons * 10**-0.3)


def test_nominal_readout_is_right_97_times_in_100() -> None:
    red = red_pump_frequency_Hz(DEVICE.transducer)
    g, e = mean_counts(DEVICE, pump_frequency_Hz=red, pump_power_W=1e-6, gate_s=2e-6, bias_A=18e-6)
    assert (g, e) == (pytest.approx(0.03, rel=1e-3), pytest.approx(3.5, rel=1e-4))
    assert best_threshold(g, e) == 1
    assert assignment_fidelity(confusion(g, e, 1)) == pytest.approx(0.97, abs=0.002)


def test_published_readout_is_right_81_times_in_100() -> None:
    readout = bench.devices("qphox_2024").arms[0].readout
    right = assignment_fidelity(confusion(readout.photons_g, readout.photons_e, 1))
    assert right == pytest.approx(0.81, abs=0.005)  # as published, to two digits


def test_counts_follow_pump_gate_tone_and_bias() -> None:
    red = red_pump_frequency_Hz(DEVICE.transducer)
    half = mean_counts(DEVICE, pump_frequency_Hz=red, pump_power_W=0.5e-6, gate_s=2e-6, bias_A=18e-6)
    short = mean_counts(DEVICE, pump_frequency_Hz=red, pump_power_W=1e-6, gate_s=1e-6, bias_A=18e-6)
    assert half == pytest.approx((0.015, 1.75), rel=2e-3)
    assert short == pytest.approx((0.015, 1.75), rel=2e-3)
    g, e = mean_counts(DEVICE, pump_frequency_Hz=red, pump_power_W=1e-6, gate_s=2e-6, bias_A=18e-6, tone=0.0)
    assert g == e
    assert mean_counts(DEVICE, pump_frequency_Hz=red, pump_power_W=1e-6, gate_s=2e-6, bias_A=0.0) == (0, 0)
    blue = mean_counts(DEVICE, pump_frequency_Hz=red + 10e9, pump_power_W=1e-6, gate_s=2e-6, bias_A=18e-6)
    assert blue[1] < 0.05


@pytest.mark.parametrize(("g", "e"), [(0.03, 3.5), (0.5, 4.0), (2.0, 9.0), (0.0, 1.0)])
def test_threshold_and_confusion(g: float, e: float) -> None:
    chosen = best_threshold(g, e)
    assert assignment_fidelity(confusion(g, e, chosen)) == pytest.approx(
        max(assignment_fidelity(confusion(g, e, t)) for t in range(1, 20)), abs=1e-12
    )
    np.testing.assert_allclose(
        confusion(g, e, chosen)[:, 0], stats.poisson.cdf(chosen - 1, [g, e]), rtol=1e-12
    )
