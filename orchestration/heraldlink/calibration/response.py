# SPDX-License-Identifier: Apache-2.0
"""What the declared devices should answer: detected photons of a pump pulse, pairs against wavelength."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from heraldlink.calibration.bench import Bench
from heraldlink.calibration.point import RackPoint
from heraldlink.sequences import SlotPlan, shapes
from heraldlink_physics import chain
from heraldlink_physics.device import ArmDevice
from heraldlink_physics.settings import ArmSettings
from heraldlink_physics.transducer import blue_pump_frequency_Hz, pair_rate_Hz

Real = NDArray[np.float64]
LIGHT_m_per_s = 299_792_458.0


def detected_photons(
    bench: Bench, arm: str, point: RackPoint, plan: SlotPlan, peaks_V: Sequence[float]
) -> Real:
    """Detected photons per attempt and peak of one arm, of both detectors together, as the model has them.

    Pairs, heated microwaves included, and pump that leaks with the pulse.
    """
    device = bench.device(arm)
    settings = bench.point.midpoint.operating_point
    detectors = zip(bench.devices.midpoint.detectors, settings.detectors.bias_A, strict=True)
    efficiency = sum(detector.efficiency(bias_A) for detector, bias_A in detectors) / 2
    photons: list[float] = []
    for peak_V in peaks_V:
        pumped = chain.arm(device, arm_settings(point, arm, plan, peak_V))
        pairs = pumped.arm.n_bar * (1 + pumped.arm.n_thermal) * pumped.arm.efficiency
        photons.append((pairs + pumped.leaked_photons) * efficiency)
    return np.array(photons, dtype=np.float64)


def loaded_photons(
    bench: Bench, arm: str, point: RackPoint, plan: SlotPlan, peak_V: float, scale: float
) -> float:
    """Mean microwave photons in the qubit after a pump pulse, with ``scale`` times the declared pump."""
    insertion = bench.declared_device(arm).insertion * scale
    device = replace(bench.device(arm), insertion=min(1.0, insertion))
    pumped = chain.arm(device, arm_settings(point, arm, plan, peak_V)).arm
    photons = (1 + pumped.n_bar) * (1 + pumped.n_thermal) - 1 + pumped.n_added
    return photons * pumped.microwave_efficiency


def arm_settings(point: RackPoint, arm: str, plan: SlotPlan, peak_V: float) -> ArmSettings:
    """What the instruments are set to for one part of a light plan."""
    hub, sequence, rate_Hz = point.midpoint.operating_point, point.midpoint.sequence, int(plan.sample_rate_Hz)
    time_ps = shapes.time_ps(shapes.samples_of(plan.period_ps, rate_Hz), rate_Hz)
    envelope_V = shapes.pump_envelope_V(time_ps, sequence.pulse_centre_ps, sequence.pulse_sigma_ps, peak_V)
    return ArmSettings(
        laser_frequency_Hz=LIGHT_m_per_s / hub.pump.wavelength_m,
        laser_power_W=hub.pump.power_W,
        attenuation_dB=hub.attenuator[arm].pump_attenuation_dB,
        envelope_V=envelope_V,
        sample_rate_Hz=plan.sample_rate_Hz,
        attempt_period_ps=plan.period_ps,
    )


def pair_response(arms: Sequence[ArmDevice], best_Hz: float, offsets_Hz: Real) -> Real:
    """Pairs of all arms at ``best_Hz`` + offset, relative to those at ``best_Hz``, float64[n]."""

    def pairs(light_Hz: float) -> float:
        return sum(pair_rate_Hz(arm.transducer, light_Hz, 1.0) for arm in arms)

    top = pairs(best_Hz)
    return np.array([pairs(best_Hz + offset) / top for offset in offsets_Hz.tolist()], dtype=np.float64)


def linewidth_Hz(arm: ArmDevice) -> float:
    """Full width of an arm's optical resonance."""
    return arm.transducer.kappa_external_Hz + arm.transducer.kappa_internal_Hz


def shifted(arm: ArmDevice, by_Hz: float) -> ArmDevice:
    """An arm with its optical cavity elsewhere."""
    moved_Hz = arm.transducer.optical_frequency_Hz + by_Hz
    return replace(arm, transducer=replace(arm.transducer, optical_frequency_Hz=moved_Hz))


def pairs_left(bench: Bench, arm: str) -> float:
    """Pairs of an arm at the present wavelength, relative to those at the best one for it alone, 0..1."""
    device = bench.device(arm)
    light_Hz = LIGHT_m_per_s / bench.point.midpoint.operating_point.pump.wavelength_m
    best_Hz = strongest_Hz([device])
    return float(pair_response([device], best_Hz, np.array([light_Hz - best_Hz]))[0])


def strongest_Hz(arms: Sequence[ArmDevice]) -> float:
    """Pump frequency near the blue sidebands at which most pairs are made per joule; golden section."""
    blue = [blue_pump_frequency_Hz(arm.transducer) for arm in arms]
    kappa = max(map(linewidth_Hz, arms))
    low, high = min(blue) - kappa, max(blue) + kappa
    golden = (5**0.5 - 1) / 2

    def pairs(light_Hz: float) -> float:
        return sum(pair_rate_Hz(arm.transducer, light_Hz, 1.0) for arm in arms)

    while high - low > 1e5:
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (left, high) if pairs(left) < pairs(right) else (low, right)
    return (low + high) / 2
