# SPDX-License-Identifier: Apache-2.0
"""Settings -> parameters: published numbers, and every change that instruments can make."""

from __future__ import annotations

from dataclasses import replace
from math import erf, exp, inf, pi, sqrt

import numpy as np
import physics_bench as bench
import pytest
from scipy.integrate import quad

from heraldlink_physics.chain import LinkModel, arm, link
from heraldlink_physics.device import Heating
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.model import Arm, Midpoint
from heraldlink_physics.pair_source import pair_source
from heraldlink_physics.profile import ArrivalProfile
from heraldlink_physics.settings import ArmSettings, DetectorSettings, OtherPulse
from heraldlink_physics.snspd import Snspd
from heraldlink_physics.transducer import intracavity_photons, thermal_photons

IMPROVED = bench.devices("improved")


def linked(a: ArmSettings, b: ArmSettings | None = None, **changes: object) -> LinkModel:
    return link(*IMPROVED.arms, IMPROVED.midpoint, a, b or a, bench.midpoint_settings(**changes))


def test_published_pump_gives_the_intracavity_photons_of_its_parameters() -> None:
    published = bench.devices("meesala_2024").arms[0].transducer
    n_c = intracavity_photons(published, published.optical_frequency_Hz + 5.004e9, 83e-9)
    assert n_c == pytest.approx(0.72, abs=0.005)


def test_pairs_are_the_integral_of_the_carved_pump() -> None:
    device, settings = IMPROVED.arms[0], bench.arm_settings("improved", 30.0)
    found = arm(device, settings)

    def power_W(time_ps: float) -> float:
        volts = 0.25 * exp(-((time_ps - bench.CENTRE_PS) ** 2) / 2 / bench.SIGMA_PS**2)
        return 1e-3 * 0.5 * 0.1 * 1e-3 * (1 - 1e-6) * np.sin(pi / 2 * volts / 0.25) ** 2

    energy_J = quad(power_W, 0, 800_000, epsabs=0, epsrel=1e-11)[0] * 1e-12
    energy_J += quad(power_W, 800_000, 5_000_000)[0] * 1e-12
    assert found.pulse_energy_J == pytest.approx(energy_J, rel=1e-8)
    transducer = device.transducer
    n_c_per_W = intracavity_photons(transducer, settings.laser_frequency_Hz, 1.0)
    rate = 4 * (2 * pi * 1.0e6) ** 2 / (2 * pi * 1300e6)
    assert found.arm.n_bar == pytest.approx(rate * n_c_per_W * energy_J, rel=1e-8)
    assert found.arm.efficiency == pytest.approx(0.9 * 0.8 * 0.75, rel=1e-12)


def test_the_link_is_the_model_of_its_own_parameters() -> None:
    found = bench.nominal()
    model = pair_source(*found.arms, found.midpoint)
    assert model.probability == found.model.probability
    assert found.model.probability == pytest.approx(5e-3, rel=0.15)
    assert found.model.fidelity_measured > 0.75


def test_published_set_gives_the_published_link() -> None:
    """0.83 heralds/s at F 0.39 from 50 kHz, with the detectors' 0.83 in an efficiency of 0.055."""
    found = bench.nominal("meesala_2024", 28.5)
    assert found.arms[0].n_bar == pytest.approx(1e-4, rel=0.05)
    assert found.arms[0].n_thermal == pytest.approx(0.15, abs=0.02)
    efficiency = found.arms[0].efficiency * found.midpoint.detector_efficiency[0]
    assert efficiency == pytest.approx(0.5 * 0.27 * 0.9 * 0.55 * 0.83, rel=1e-3)
    assert found.midpoint.dark_probability[0] == pytest.approx(2e-6, rel=0.2)
    assert found.model.probability / 20e-6 == pytest.approx(0.83, rel=0.1)
    assert found.model.fidelity == pytest.approx(0.39, abs=0.02)


@pytest.mark.parametrize(
    "dark", [dict(laser_power_W=0.0), dict(attenuation_dB=inf), dict(envelope_V=np.zeros(62_500))]
)
def test_without_pump_only_darks_herald(dark: dict[str, object]) -> None:
    found = linked(bench.arm_settings("improved", 30.0, **dark))
    p_c, p_d = found.midpoint.dark_probability
    assert found.arms[0].n_bar == 0
    assert p_c == pytest.approx(found.dark_rates_Hz[0] * 300e-9, rel=1e-6)
    assert found.model.probability == pytest.approx(p_c * (1 - p_d) + p_d * (1 - p_c), rel=1e-12)
    assert all(np.trace(found.model.patterns[port].photon).real == 0 for port in "cd")


def test_the_pump_off_resonance_makes_almost_no_pairs() -> None:
    settings = bench.arm_settings("improved", 30.0)
    off_Hz = 299_792_458 / (299_792_458 / settings.laser_frequency_Hz + 2e-9)
    ratio = arm(IMPROVED.arms[0], replace(settings, laser_frequency_Hz=off_Hz)).arm.n_bar
    ratio /= arm(IMPROVED.arms[0], settings).arm.n_bar
    detuning = off_Hz - settings.laser_frequency_Hz
    half = 0.65e9
    expected = (5e9**2 + half**2) / ((5e9 + detuning) ** 2 + half**2) * half**2 / (detuning**2 + half**2)
    assert ratio == pytest.approx(expected, rel=2e-3)  # the photon energy changes by 0.1 %


@pytest.mark.parametrize("peak_V", [0.05, 0.125, 0.2, 0.4])
def test_the_envelope_acts_through_the_modulators_curve(peak_V: float) -> None:
    full = arm(IMPROVED.arms[0], bench.arm_settings("improved", 30.0))
    part = arm(
        IMPROVED.arms[0], bench.arm_settings("improved", 30.0, envelope_V=bench.envelope(5_000_000, peak_V))
    )
    time = np.linspace(-8, 8, 200_001)
    shape = [np.sin(pi / 2 * v / 0.25 * np.exp(-(time**2) / 2)) ** 2 for v in (peak_V, 0.25)]
    assert part.arm.n_bar / full.arm.n_bar == pytest.approx(shape[0].sum() / shape[1].sum(), rel=1e-6)


def test_a_moved_sync_moves_the_gate_off_the_pulse() -> None:
    """Node A's marker 50 ns later: every arrival is 50 ns earlier after START, on both arms."""
    nominal = linked(bench.arm_settings("improved", 30.0))
    moved = bench.arm_settings("improved", 30.0, sync_ps=bench.SYNC_PS + 50_000)
    found = linked(moved, bench.arm_settings("improved", 30.0))
    for one, other in zip(nominal.profiles, found.profiles, strict=True):
        assert one.begin_ps - other.begin_ps == 50_000
    unmoved = linked(bench.arm_settings("improved", 30.0), moved)
    assert unmoved.model.probability == nominal.model.probability  # B's sync does not reach the hub's START


LAGUERRE = np.polynomial.laguerre.laggauss(24)


def emitted(t: float, away_MHz: float = 0.0) -> complex:
    """Photon amplitude at t ns: the pump's, sin(pi/2 exp(-t²/2 sigma²)), behind a cavity of 1300 MHz.

    int kappa/2 exp(-(kappa/2 - i delta) u) xi(t - u) du by Gauss and Laguerre in kappa u/2.
    """
    x, weights = LAGUERRE
    u = x / (pi * 1.3)
    pumped = np.sin(pi / 2 * np.exp(-(((t - u) / 48.0) ** 2) / 2))
    return complex(np.sum(weights * np.exp(2e-3j * pi * away_MHz * u) * pumped))


@pytest.mark.parametrize(
    "gate", [(50_000, 200_000), (200_000, 350_000), (180_000, 230_000), (150_000, 190_000)]
)
def test_the_gate_cuts_pairs_by_its_share_of_the_pulse(gate: tuple[int, int]) -> None:
    def power(t: float) -> float:
        return abs(emitted(t)) ** 2

    early, late = gate[0] / 1000 - 200, gate[1] / 1000 - 200
    shifts, weights = np.polynomial.hermite_e.hermegauss(9)  # jitter 30 ps
    seen = [quad(power, early + 0.03 * x, late + 0.03 * x, epsrel=1e-11)[0] for x in shifts]
    expected = np.dot(seen, weights) / weights.sum() / quad(power, -300, 300, epsrel=1e-11)[0]
    found = linked(bench.arm_settings("improved", 30.0), gate=gate)
    assert found.gate_fractions[0] == pytest.approx(expected, rel=2e-6)
    assert found.arms[1].efficiency == pytest.approx(0.54 * expected, rel=2e-6)


def test_no_photon_arrives_in_the_dark_between_two_pulses() -> None:
    power_W = np.array([0.0, 1.0, 2.0, 0.0, 0.0, 0.0, 1.0, 0.0, 4.0, 0.0])
    profile = ArrivalProfile.of_power(power_W, 80.0, 1000.0)
    share = (np.arange(1000) + 0.5) / 1000
    times_ps = profile.quantile_ps(share)
    assert np.allclose(profile.cumulative(times_ps), share, rtol=0, atol=1e-12)
    assert np.all(power_W[np.floor((times_ps - 1000.0) / 80.0).astype(int)] > 0)


@pytest.mark.parametrize("late_ps", [0, 10_000, 37_123, 90_000])
def test_a_late_arm_overlaps_less(late_ps: int) -> None:
    settings = bench.arm_settings("improved", 30.0)
    found = linked(
        settings, replace(settings, start_ps=settings.start_ps + late_ps), gate=(-500_000, 1_500_000)
    )
    whole = quad(lambda t: abs(emitted(t)) ** 2, -400, 400)[0]
    both = quad(lambda t: (emitted(t) * emitted(t - late_ps / 1000)).real, -400, 500)[0]
    assert found.midpoint.visibility == pytest.approx(0.97 * (both / whole) ** 2, rel=1e-6)


def test_a_beat_between_the_arms_washes_out_the_overlap() -> None:
    settings = bench.arm_settings("improved", 30.0)
    found = linked(settings, replace(settings, laser_frequency_Hz=settings.laser_frequency_Hz + 3e6))

    def product(t: float) -> complex:
        return emitted(t).conjugate() * emitted(t, 3.0) * np.exp(-2j * pi * 3e-3 * t)

    turned = (
        quad(lambda t: product(t).real, -150, 150)[0] + 1j * quad(lambda t: product(t).imag, -150, 150)[0]
    )
    norm = quad(lambda t: abs(emitted(t)) ** 2, -150, 150)[0]
    norm *= quad(lambda t: abs(emitted(t, 3.0)) ** 2, -150, 150)[0]
    assert found.midpoint.visibility == pytest.approx(0.97 * abs(turned) ** 2 / norm, rel=1e-6)


def test_bias_zero_and_latched_detectors_are_silent() -> None:
    settings = bench.arm_settings("improved", 30.0)
    for bias_A in (0.0, 30e-6):
        found = linked(settings, bias_A=bias_A)
        assert found.model.probability == 0
        assert found.dark_rates_Hz == (0, 0)
    chosen = replace(
        bench.midpoint_settings(), detectors=(DetectorSettings(18e-6), DetectorSettings(18e-6, enabled=False))
    )
    found = link(*IMPROVED.arms, IMPROVED.midpoint, settings, settings, chosen)
    assert found.model.patterns["d"].probability == 0 < found.model.patterns["c"].probability


def test_detector_curve() -> None:
    wire = Snspd(0.9, 11e-6, 2e-6, 0.05, 3.7e-6, 23e-6, 3e-11, 5e-8)
    assert wire.efficiency(11e-6) == pytest.approx(0.45)
    assert wire.efficiency(13e-6) == pytest.approx(0.45 * (1 + erf(1)))
    assert wire.dark_rate(18e-6) == pytest.approx(0.05 * exp(18 / 3.7))


def test_phase_noise_adds_and_a_lost_reference_leaves_zz() -> None:
    settings = bench.arm_settings("improved", 30.0)
    rest = (IMPROVED.midpoint, settings, settings, bench.midpoint_settings())
    noisy = link(*IMPROVED.arms, *rest, phase_variance_rad2=0.16, phase_offset_rad=0.3)
    assert noisy.midpoint.phase_sigma_rad == pytest.approx(sqrt(0.15**2 + 0.16))
    assert noisy.midpoint.phase_offset_rad == 0.3
    lost = link(*IMPROVED.arms, *rest, coherent=False)
    still = link(*IMPROVED.arms, *rest)
    assert lost.model.probability == still.model.probability
    assert lost.model.fidelity_measured < 0.5 < still.model.fidelity_measured


def test_heat_grows_with_pulse_average_and_rate() -> None:
    bath = Heating(0.01, 0.02, 1e-14, 1.0, 1e-5, 0.03, 1e-9, 0.5)
    assert thermal_photons(bath, 0, 1e-5, 0) == 0.01
    expected = 0.01 + 0.02 * 2 * exp(-1) + 0.03 * 2
    assert thermal_photons(bath, 2e-14, 1e-5, 4e-9) == pytest.approx(expected, rel=1e-12)


def test_other_pulses_of_an_attempt_heat_too() -> None:
    """A second pulse 2 us earlier: its own exponential, and its share in the average power."""
    bath = Heating(0.01, 0.02, 1e-14, 1.0, 1e-5, 0.03, 1e-9, 0.5)
    expected = 0.01 + 0.02 * (2 * exp(-1) + 3 * exp(-0.2)) + 0.03 * 2
    assert thermal_photons(bath, 2e-14, 1e-5, 4e-9, [(3e-14, 2e-6)]) == pytest.approx(expected, rel=1e-12)
    device, settings = IMPROVED.arms[0], bench.arm_settings("improved", 30.0)
    alone = arm(device, settings)
    energy_J = alone.pulse_energy_J
    both = arm(device, replace(settings, others=(OtherPulse(energy_J, 2_000_000),)))
    heat, leak_W = device.heating, 1e-3 * device.splitter * device.insertion * 1e-3 * 1e-6
    pulses = energy_J / heat.pulse_reference_J * (exp(-5e-6 / heat.decay_s) + exp(-2e-6 / heat.decay_s))
    average = ((2 * energy_J / 5e-6 + leak_W) / heat.average_reference_W) ** heat.average_exponent
    expected = heat.n_0 + heat.pulse_photons * pulses + heat.average_photons * average
    assert both.arm.n_thermal == pytest.approx(expected, rel=1e-9)
    assert both.arm.n_thermal > alone.arm.n_thermal


def test_leaks_click_without_correlation() -> None:
    """A carver with no extinction worth the name lights the detectors all the time."""
    leaky = replace(IMPROVED.arms[0], carver=replace(IMPROVED.arms[0].carver, extinction_dB=20.0))
    settings = bench.arm_settings("improved", 30.0)
    found = link(leaky, leaky, IMPROVED.midpoint, settings, settings, bench.midpoint_settings())
    pumped = arm(leaky, settings)
    pairs_per_J = pumped.arm.n_bar / pumped.pulse_energy_J
    leak_W = 1e-3 * 0.5 * 0.1 * 1e-3 * 1e-2
    assert pumped.background_rate_Hz == pytest.approx(leak_W * pairs_per_J * 0.54, rel=1e-3)
    assert found.dark_rates_Hz[0] == pytest.approx(6.5 + pumped.background_rate_Hz * 0.93, rel=1e-2)
    assert found.midpoint == replace(
        bench.nominal().midpoint, dark_probability=found.midpoint.dark_probability
    )


def test_unequal_arms_reach_the_general_model() -> None:
    a, b = bench.arm_settings("improved", 30.0), bench.arm_settings("improved", 33.0)
    found = linked(a, b)
    assert found.arms[0].n_bar / found.arms[1].n_bar == pytest.approx(10**0.3, rel=1e-9)
    assert isinstance(found.arms[0], Arm)
    assert isinstance(found.midpoint, Midpoint)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (dict(attenuation_dB=-1.0), "attenuation_dB"),
        (dict(laser_power_W=-1e-3), "laser_power_W"),
        (dict(laser_frequency_Hz=1550e-9), "laser_frequency_Hz"),
        (dict(envelope_V=np.array([np.nan])), "envelope_V"),
        (dict(attempt_period_ps=0), "attempt_period_ps"),
    ],
)
def test_impossible_settings_are_refused(change: dict[str, object], words: str) -> None:
    with pytest.raises(PhysicsError, match=words):
        bench.arm_settings("improved", 30.0, **change)
