# SPDX-License-Identifier: Apache-2.0
"""Modes behind cavities and how alike two of them are, against closed forms and differential equations."""

from __future__ import annotations

from dataclasses import replace
from math import exp, inf, pi, sqrt

import numpy as np
import physics_bench as bench
import pytest
from scipy import integrate, special
from scipy.linalg import expm

from heraldlink_physics.chain import arm, link
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.interference import visibility
from heraldlink_physics.polarisation import misalignment_rad, polarisation_overlap, rotations, stokes
from heraldlink_physics.profile import ArrivalProfile, overlap
from heraldlink_physics.settings import ArmSettings

STEP_PS = 20.0
EVER = (-1e9, 1e9)


def gaussian(sigma_ps: float, centre_ps: float = 0.0, step_ps: float = STEP_PS) -> ArrivalProfile:
    """Normal distribution of arrivals."""
    edges = np.arange(centre_ps - 9 * sigma_ps, centre_ps + 9 * sigma_ps, step_ps)
    power = np.exp(-((edges + step_ps / 2 - centre_ps) ** 2) / 2 / sigma_ps**2)
    return ArrivalProfile.of_power(power, step_ps, float(edges[0]))


def exponential(kappa_per_ps: float, begin_ps: float = 0.0) -> ArrivalProfile:
    """The photon of an instant inside a cavity: |xi|² = kappa exp(-kappa t)."""
    edges = begin_ps + np.arange(0, 40 / kappa_per_ps, STEP_PS)
    weight = np.exp(-kappa_per_ps * (edges - begin_ps)) * -np.expm1(-kappa_per_ps * STEP_PS)
    return ArrivalProfile(begin_ps, STEP_PS, weight / weight.sum())


@pytest.mark.parametrize(
    ("linewidth_Hz", "detuning_Hz"), [(20e6, 0.0), (5e6, 0.0), (20e6, 12e6), (80e6, -30e6)]
)
def test_a_filtered_mode_solves_the_cavitys_equation(linewidth_Hz: float, detuning_Hz: float) -> None:
    """d psi/dt = -(kappa/2 - i delta) psi + kappa/2 xi, integrated by an adaptive solver."""
    sigma_ps, kappa, delta = 10_000.0, 2e-12 * pi * linewidth_Hz, 2e-12 * pi * detuning_Hz

    def slope(t: float, psi: np.ndarray) -> np.ndarray:
        xi = (2 * pi) ** -0.25 / sqrt(sigma_ps) * exp(-(t**2) / 4 / sigma_ps**2)
        return -(kappa / 2 - 1j * delta) * psi + kappa / 2 * xi

    behind, share = gaussian(sigma_ps).filtered(linewidth_Hz, detuning_Hz)
    times = np.linspace(-40_000, 150_000, 39)
    solved = integrate.solve_ivp(
        slope, (-90_000, 150_000), np.zeros(1, complex), t_eval=times, rtol=1e-9, atol=1e-13
    ).y[0]
    found = behind.amplitude(times) * sqrt(share / STEP_PS)
    turn = np.exp(1j * np.angle(np.vdot(found, solved)))
    assert abs(turn - 1) < 1e-4
    np.testing.assert_allclose(found, solved, atol=2e-5 * abs(solved).max())


@pytest.mark.parametrize("linewidth_Hz", [2e6, 30e6, 400e6])
@pytest.mark.parametrize("detuning_Hz", [0.0, 10e6])
def test_the_share_that_passes_is_the_lines_overlap_with_the_spectrum(
    linewidth_Hz: float, detuning_Hz: float
) -> None:
    """Parseval: a Gaussian spectrum of rms 1/(4 pi sigma) under a Lorentzian line is a Voigt profile."""
    sigma_ps = 10_000.0
    _, share = gaussian(sigma_ps).filtered(linewidth_Hz, detuning_Hz)
    spread_Hz = 1 / (4 * pi * sigma_ps * 1e-12)
    voigt = special.voigt_profile(detuning_Hz, spread_Hz, linewidth_Hz / 2) * pi * linewidth_Hz / 2
    assert share == pytest.approx(voigt, rel=3e-4)


def test_a_flash_behind_a_cavity_decays_exponentially() -> None:
    kappa = 2e-12 * pi * 10e6
    flash = ArrivalProfile(0.0, STEP_PS, np.ones(1))
    behind, _ = flash.filtered(10e6)
    expected = exponential(kappa, STEP_PS)
    times = np.array([1e3, 2e4, 5e4])
    np.testing.assert_allclose(behind.cumulative(times), expected.cumulative(times), atol=2e-3)
    assert flash.filtered(inf) == (flash, 1.0)
    with pytest.raises(PhysicsError, match="linewidth_Hz = -1"):
        flash.filtered(-1.0)


@pytest.mark.parametrize("case", range(8))
def test_gaussian_overlap_has_its_closed_form(case: int) -> None:
    """V = 2 s_a s_b/(s_a² + s_b²) exp(-(t² + (4 pi nu s_a s_b)²)/(2 (s_a² + s_b²)))."""
    rng = np.random.default_rng(case)
    s_a, s_b = rng.uniform(5_000, 20_000, 2)
    delay, beat = rng.uniform(-20_000, 20_000), rng.uniform(-20e6, 20e6)
    total = s_a**2 + s_b**2
    expected = 2 * s_a * s_b / total * exp(-(delay**2) / 2 / total)
    expected *= exp(-((4e-12 * pi * beat * s_a * s_b) ** 2) / 2 / total)
    found = visibility(gaussian(s_a), gaussian(s_b, delay), EVER, beat_Hz=beat)
    assert found == pytest.approx(expected, abs=2e-5)


@pytest.mark.parametrize(
    ("ratio", "delay_ps", "beat_Hz"), [(1.0, 0, 4e6), (3.0, 0, 0), (1.0, 9e3, 0), (2.0, 5e3, 7e6)]
)
def test_overlap_of_two_decays_has_its_closed_form(ratio: float, delay_ps: float, beat_Hz: float) -> None:
    """|int sqrt(k_a k_b) exp(-k_a t/2 - k_b (t - tau)/2 - i w t) dt|² from tau on."""
    k_a = 2e-12 * pi * 10e6
    k_b = ratio * k_a
    w = 2e-12 * pi * beat_Hz
    expected = k_a * k_b * exp(-k_a * delay_ps) / (((k_a + k_b) / 2) ** 2 + w**2)
    found = overlap(exponential(k_a), exponential(k_b, delay_ps), *EVER, beat_Hz)
    assert found == pytest.approx(expected, rel=3e-3)


def test_two_detuned_cavities_overlap_as_their_amplitudes_do() -> None:
    """A detuned filter turns the phase along the photon: V needs the complex amplitudes."""
    sigma_ps, line_Hz, away_Hz = 10_000.0, 20e6, 8e6
    a, _ = gaussian(sigma_ps).filtered(line_Hz, away_Hz)
    b, _ = gaussian(sigma_ps).filtered(line_Hz, -away_Hz)
    f = np.linspace(-200e6, 200e6, 400_001)
    spectrum = np.exp(-((4 * pi * f * sigma_ps * 1e-12) ** 2) / 2)  # |xi(f)|², unnormalised
    lines = [1 / (line_Hz / 2 - 1j * (f + shift)) for shift in (away_Hz, -away_Hz)]
    top = abs(np.sum(spectrum * np.conj(lines[0]) * lines[1])) ** 2
    norm = np.sum(spectrum * abs(lines[0]) ** 2) * np.sum(spectrum * abs(lines[1]) ** 2)
    assert overlap(a, b, *EVER) == pytest.approx(top / norm, rel=1e-4)
    assert overlap(a, a.shifted(0.0), *EVER) == pytest.approx(1.0, abs=1e-12)


def test_polarisation_overlap_is_that_of_the_stokes_vectors() -> None:
    for angle in (0.0, 0.3, pi / 4, pi / 2):
        s = stokes(angle)
        assert polarisation_overlap(angle) == pytest.approx((1 + s[2]) / 2)
        assert misalignment_rad(s) == pytest.approx(angle, abs=1e-7)
    with pytest.raises(PhysicsError, match="misalignment_rad = 2"):
        polarisation_overlap(2.0)
    with pytest.raises(PhysicsError, match=r"mode_match = 1\.5"):
        visibility(gaussian(1e4), gaussian(1e4), EVER, mode_match=1.5)


def test_rotations_turn_by_the_matrix_exponential() -> None:
    vectors = np.random.default_rng(1).normal(0, 2, (5, 3))
    for (x, y, z), found in zip(vectors, rotations(vectors), strict=True):
        np.testing.assert_allclose(found, expm(np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])), atol=1e-12)
    np.testing.assert_allclose(rotations(np.zeros((2, 3))), [np.eye(3)] * 2)


def weakly_carved(**changes: object) -> ArmSettings:
    """A pulse so weak a modulation that its power is the envelope's square: normal, rms sigma/sqrt 2."""
    envelope_V = bench.envelope(5_000_000, 1e-3)
    return bench.arm_settings("improved", 0.0, **{"envelope_V": envelope_V, **changes})


def test_the_links_visibility_is_the_product_of_all_causes() -> None:
    """Pulses 20 ns apart, polarisations turned by 0.4 rad, and the device file's mode match."""
    found, one = bench.devices("improved"), weakly_carved()
    other = weakly_carved(start_ps=one.start_ps + 20_000)
    turned = replace(found.midpoint, polarisation_misalignment_rad=0.4)
    wide = bench.midpoint_settings(gate=(-(10**7), 10**7))
    model = link(*found.arms, turned, one, other, wide)
    time = exp(-((20_000 / bench.SIGMA_PS) ** 2) / 2)
    expected = turned.mode_match * np.cos(0.4) ** 2 * time
    assert model.midpoint.visibility == pytest.approx(expected, rel=1e-5)


def test_a_narrow_filter_costs_rate_and_makes_the_photon_late() -> None:
    found = bench.devices("improved").arms[0]
    spread_Hz = sqrt(2) / (4 * pi * bench.SIGMA_PS * 1e-12)
    free = arm(found, weakly_carved())
    for offset_Hz in (0.0, 5e6):
        device = replace(found, filter_linewidth_Hz=2e6, filter_offset_Hz=offset_Hz)
        filtered = arm(device, weakly_carved())
        share = special.voigt_profile(offset_Hz, spread_Hz, 1e6) * pi * 1e6
        assert filtered.arm.efficiency / free.arm.efficiency == pytest.approx(share, rel=1e-3)
    assert mean_ps(filtered.profile) > mean_ps(free.profile)


def mean_ps(profile: ArrivalProfile) -> float:
    return float(profile.edges_ps()[:-1] @ profile.weight)
