# SPDX-License-Identifier: Apache-2.0
"""From what the instruments are set to, to the parameters of the herald model: one for world and nodes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import expm1, hypot, pi, sqrt

from heraldlink_physics.carving import PumpPulse, pump_pulse
from heraldlink_physics.device import ArmDevice, MidpointDevice
from heraldlink_physics.errors import within
from heraldlink_physics.interference import visibility
from heraldlink_physics.model import Arm, HeraldModel, Midpoint
from heraldlink_physics.pair_source import pair_source
from heraldlink_physics.profile import ArrivalProfile
from heraldlink_physics.settings import ArmSettings, GateSettings, MidpointSettings
from heraldlink_physics.transducer import extraction, pair_rate_Hz, photon_energy_J, thermal_photons


@dataclass(frozen=True, slots=True)
class PumpedArm:
    """One node's share in an attempt, before gate and detector."""

    arm: Arm
    profile: ArrivalProfile
    """Arrival at the midpoint's detectors, in ps after the slot tick."""
    pulse_energy_J: float
    """Of the carved pulse, in the fibre before the transducer."""
    background_rate_Hz: float
    """Photons per second at the beam splitter, all the time: pairs and pump through the carver's leak."""
    leaked_photons: float
    """Unfiltered pump photons at the beam splitter per pulse, in the pulse's own shape."""


@dataclass(frozen=True, slots=True)
class LinkModel:
    """Two arms and a midpoint under given settings."""

    pumped: tuple[PumpedArm, PumpedArm]
    """Both arms before gate and detectors."""
    arms: tuple[Arm, Arm]
    """Gate fractions folded into their efficiencies."""
    midpoint: Midpoint
    """Dark probability per gate, detector efficiencies at the bias, visibility from the modes' overlap."""
    model: HeraldModel
    profiles: tuple[ArrivalProfile, ArrivalProfile]
    """Times of each arm's clicks, in ps after the hub's START, the detectors' jitter included."""
    gate_fractions: tuple[float, float]
    dark_rates_Hz: tuple[float, float]
    """Uncorrelated clicks per second of detectors c, d, all the time: dark counts, leaking carvers."""
    leak_clicks: tuple[float, float]
    """Mean clicks per gate of detectors c, d from unfiltered pump pulses (counted in midpoint's darks)."""


def arm(device: ArmDevice, settings: ArmSettings) -> PumpedArm:
    """Pump power, envelope and detuning -> pairs, noise and arrival times of one node.

    Pairs per pulse are those of a weak pump: 4 g²/kappa times the integral of n_c.
    """
    pulse = pump_pulse(device, settings)
    pairs_per_J = 0.0 if device.emitter else pair_rate_Hz(device.transducer, settings.laser_frequency_Hz, 1.0)
    profile, passed = _photon(device, settings, pulse)
    efficiency = extraction(device.transducer) * device.transducer.chip_to_fibre * device.path_transmission
    efficiency *= passed
    pump_per_J = device.path_transmission * 10 ** (-device.pump_extinction_dB / 10)
    pump_per_J /= photon_energy_J(settings.laser_frequency_Hz)
    return PumpedArm(
        arm=Arm(
            n_bar=pulse.energy_J * pairs_per_J,
            efficiency=efficiency,
            n_thermal=_thermal_photons(device, settings, pulse),
            n_added=device.n_added,
            microwave_efficiency=device.qubit.loading_efficiency,
            dephasing=device.qubit.dephasing,
        ),
        profile=profile,
        pulse_energy_J=pulse.energy_J,
        background_rate_Hz=pulse.leak_W * (pairs_per_J * efficiency + pump_per_J),
        leaked_photons=pulse.energy_J * pump_per_J,
    )


def _thermal_photons(device: ArmDevice, settings: ArmSettings, pulse: PumpPulse) -> float:
    period_s = settings.attempt_period_ps * 1e-12
    others = [(other.energy_J, other.before_ps * 1e-12) for other in settings.others]
    average_W = sum((E for E, _ in others), pulse.energy_J) / period_s + pulse.leak_W
    return thermal_photons(device.heating, pulse.energy_J, period_s, average_W, others)


def _photon(device: ArmDevice, settings: ArmSettings, pulse: PumpPulse) -> tuple[ArrivalProfile, float]:
    """Mode of a photon: the pulse, answered by the transducer's cavity, through the filter; its share."""
    begin_ps = float(settings.start_ps + device.path_delay_ps)
    pumped = ArrivalProfile.of_power(pulse.power_W, 1e12 / settings.sample_rate_Hz, begin_ps)
    away_Hz = photon_frequency_Hz(device, settings) - device.transducer.optical_frequency_Hz
    kappa_Hz = device.transducer.kappa_external_Hz + device.transducer.kappa_internal_Hz
    emitted, _ = pumped.filtered(kappa_Hz, away_Hz)
    return emitted.filtered(device.filter_linewidth_Hz, away_Hz - device.filter_offset_Hz)


def cavity_delay_ps(device: ArmDevice) -> float:
    """By how much cavity and filter delay a resonant photon, long against their answers: 2/kappa each."""
    kappa_Hz = device.transducer.kappa_external_Hz + device.transducer.kappa_internal_Hz
    return sum(1e12 / (pi * linewidth_Hz) for linewidth_Hz in (kappa_Hz, device.filter_linewidth_Hz))


def photon_frequency_Hz(device: ArmDevice, settings: ArmSettings) -> float:
    """Optical frequency of a pair's photon: pump minus microwave."""
    return settings.laser_frequency_Hz - device.transducer.microwave_frequency_Hz


def start_ps(midpoint_device: MidpointDevice, settings_a: ArmSettings) -> int:
    """The hub's START event after the slot tick: node A's first attempt sync plus its cable."""
    return settings_a.start_ps + settings_a.sync_ps + midpoint_device.sync_delay_ps


def link(
    device_a: ArmDevice,
    device_b: ArmDevice,
    midpoint_device: MidpointDevice,
    settings_a: ArmSettings,
    settings_b: ArmSettings,
    midpoint_settings: MidpointSettings,
    *,
    phase_variance_rad2: float = 0.0,
    coherent: bool = True,
    phase_offset_rad: float = 0.0,
) -> LinkModel:
    """Settings of both nodes and the midpoint -> what one attempt gives.

    `phase_variance_rad2` is that of the slow phase B-A around `phase_offset_rad`, on top of the fast noise.
    The detectors' jitter (rms over both) blurs the arrivals that a gate cuts, not the modes' overlap.
    """
    within("phase_variance_rad2", phase_variance_rad2, 0)
    gate = midpoint_settings.gate
    pumped = (arm(device_a, settings_a), arm(device_b, settings_b))
    start = start_ps(midpoint_device, settings_a)
    modes = (pumped[0].profile.shifted(-start), pumped[1].profile.shifted(-start))
    profiles = (modes[0].blurred(_jitter_ps(midpoint_device)), modes[1].blurred(_jitter_ps(midpoint_device)))
    fractions = (_gated(profiles[0], gate), _gated(profiles[1], gate))
    arms = (_with_gate(pumped[0].arm, fractions[0]), _with_gate(pumped[1].arm, fractions[1]))
    beat_Hz = photon_frequency_Hz(device_b, settings_b) - photon_frequency_Hz(device_a, settings_a)
    efficiencies, rates, leaks = _detectors(midpoint_device, midpoint_settings, pumped, fractions)
    midpoint = Midpoint(
        visibility=_alike(midpoint_device, modes, gate, beat_Hz),
        phase_sigma_rad=hypot(midpoint_device.fast_phase_sigma_rad, sqrt(phase_variance_rad2)),
        dark_probability=_darks(midpoint_device, gate, settings_a, arms, efficiencies, rates, leaks),
        detector_efficiency=efficiencies,
        coherent=coherent,
        phase_offset_rad=phase_offset_rad,
    )
    model = pair_source(arms[0], arms[1], midpoint)
    return LinkModel(pumped, arms, midpoint, model, profiles, fractions, rates, leaks)


def _alike(
    device: MidpointDevice,
    modes: tuple[ArrivalProfile, ArrivalProfile],
    gate: GateSettings,
    beat_Hz: float,
) -> float:
    return visibility(
        *modes,
        (gate.begin_ps, gate.end_ps),
        beat_Hz=beat_Hz,
        misalignment_rad=device.polarisation_misalignment_rad,
        mode_match=device.mode_match,
    )


def _jitter_ps(device: MidpointDevice) -> float:
    return hypot(*(detector.jitter_s for detector in device.detectors)) / sqrt(2) * 1e12


def _gated(profile: ArrivalProfile, gate: GateSettings) -> float:
    return profile.fraction(gate.begin_ps, gate.end_ps)


def _with_gate(arm: Arm, fraction: float) -> Arm:
    return replace(arm, efficiency=arm.efficiency * fraction)


Pair = tuple[float, float]


def _detectors(
    device: MidpointDevice, settings: MidpointSettings, pumped: tuple[PumpedArm, PumpedArm], fractions: Pair
) -> tuple[Pair, Pair, Pair]:
    """Efficiencies, uncorrelated rates (1/s) and mean pump clicks per gate of detectors c, d."""
    background = sum(item.background_rate_Hz for item in pumped) / 2
    leaked = sum(item.leaked_photons * fraction for item, fraction in zip(pumped, fractions, strict=True)) / 2
    (c, d), (bias_c, bias_d) = device.detectors, settings.detectors
    on_c, on_d = ((bias.bias_A, bias.enabled, bias.trigger_V) for bias in (bias_c, bias_d))
    efficiencies = (c.efficiency(*on_c), d.efficiency(*on_d))
    darks = (c.dark_rate(*on_c), d.dark_rate(*on_d))
    rates = (darks[0] + background * efficiencies[0], darks[1] + background * efficiencies[1])
    return efficiencies, rates, (leaked * efficiencies[0], leaked * efficiencies[1])


def _darks(
    device: MidpointDevice,
    gate: GateSettings,
    settings: ArmSettings,
    arms: tuple[Arm, Arm],
    efficiencies: Pair,
    rates_Hz: Pair,
    leaks: Pair,
) -> Pair:
    """Probabilities of uncorrelated clicks per gate, the afterpulses of earlier attempts' clicks included.

    That those follow a click is forgotten: each attempt has their mean.
    """
    gate_s = gate.length_ps * 1e-12
    period_s = max(settings.attempt_period_ps, gate.length_ps) * 1e-12
    photons = sum(item.n_bar * (1 + item.n_thermal) * item.efficiency for item in arms) / 2
    c, d = (
        (1 + detector.afterpulses_in_gates(gate_s, period_s)) * (rate_Hz * gate_s + leak)
        + detector.afterpulses_in_gates(gate_s, period_s) * photons * efficiency
        for detector, efficiency, rate_Hz, leak in zip(
            device.detectors, efficiencies, rates_Hz, leaks, strict=True
        )
    )
    return -expm1(-c), -expm1(-d)
