# SPDX-License-Identifier: Apache-2.0
"""Calibrations of the hub: detector bias, dark counts, wavelength, delays, pump power of each arm."""

from functools import partial
from math import hypot, log10

import numpy as np
from numpy.typing import NDArray

from heraldlink.agent.transducer_light import least_attenuation_dB
from heraldlink.calibration import counting
from heraldlink.calibration.bench import Bench, Finding
from heraldlink.calibration.detector import dark_rate, plateau
from heraldlink.calibration.light import arrival, efficiency_scale, resonance
from heraldlink.calibration.measured import Measured
from heraldlink.calibration.plans import light_plan
from heraldlink.calibration.point import RackPoint
from heraldlink.calibration.response import (
    detected_photons,
    linewidth_Hz,
    pair_response,
    shifted,
    strongest_Hz,
)
from heraldlink.errors import RunFailed
from heraldlink.sequences.tagger import CLICKS_C, CLICKS_D
from heraldlink_physics.device import ArmDevice

Real = NDArray[np.float64]
LIGHT_m_per_s = 299_792_458.0

PHOTONS = 0.04
"""Detected per attempt while light is counted: many, but hardly two at once, and little heat."""

PLATEAU = 0.9995
"""Share of a detector's plateau at which it is biased: more bias adds dark counts only."""

SCAN_ATTEMPTS = 60_000
BIAS_STEPS = 9
DARK_SLOTS, ARRIVAL_SLOTS, LIGHT_SLOTS = 5, 2, 4
LIGHT_SHARES = (0.05, 0.25, 0.7)
"""Of the attempts of a pump sweep: dark, at 0.8 of the envelope's peak, and at all of it."""

BIN_PS = 8_000.0
GATE_SIGMA = 4.0
"""Pulses are cut at four standard deviations: the gate holds all of them."""


def brighter(bench: Bench, wanted: float = PHOTONS) -> RackPoint:
    """The settings with both pump attenuators turned until so many photons should be detected per attempt.

    Or as far as limits.transducer of the midpoint's file allows.
    """
    point, peak_V = bench.point, full_peak_V(bench.point)
    plan = light_plan(point, [peak_V])
    turned: dict[str, object] = {}
    for name, arm in point.midpoint.operating_point.attenuator.items():
        photons = float(detected_photons(bench, name, point, plan, [peak_V])[0])
        change_dB = 10 * log10(wanted / max(photons, 1e-9))
        least_dB = least_attenuation_dB(point.midpoint, bench.declared_device(name))
        attenuation_dB = min(60.0, max(least_dB, arm.pump_attenuation_dB - change_dB))
        turned[f"attenuator__{name}__pump_attenuation_dB"] = round(attenuation_dB, 2)
    return point.hub(**turned)


def full_peak_V(point: RackPoint) -> float:
    """The largest pump envelope that both ends declare."""
    return min(config.operating_point.generator.envelope_peak_V for config in point.ends.values())


def detector_bias(bench: Bench) -> Finding:
    """Scan the bias of both detectors in the light of both arms, up to 0.8 of the node's limit."""
    point = brighter(bench)
    highest_A = 0.8 * point.midpoint.limits.bias_A
    biases_A = np.linspace(0.35, 1.0, BIAS_STEPS) * highest_A
    plan = light_plan(point, [full_peak_V(point)], SCAN_ATTEMPTS)
    counts: dict[int, list[int]] = {CLICKS_C: [], CLICKS_D: []}
    for bias_A in biases_A.tolist():
        slot = bench.player.play(plan, point.hub(detectors__bias_A=(bias_A, bias_A)))
        for raw, found in counts.items():
            found.append(int(counting.clicked(slot.hub, plan, (raw,))[0]))
    values: dict[str, Measured] = {}
    tries = np.full(BIAS_STEPS, SCAN_ATTEMPTS)
    for port, raw in (("c", CLICKS_C), ("d", CLICKS_D)):
        curve = plateau(biases_A, tries, np.array(counts[raw], dtype=np.int64))
        bias_A = min(highest_A, curve.bias_for(PLATEAU))
        reach = (bias_A - curve.knee_A.value) / curve.width_A.value
        values[f"bias_{port}"] = Measured(bias_A, hypot(curve.knee_A.sigma, reach * curve.width_A.sigma), "A")
        values[f"knee_{port}"], values[f"width_{port}"] = curve.knee_A, curve.width_A
    return Finding(values, plan.digest())


def dark_counts(bench: Bench) -> Finding:
    """Count with both pump channels closed."""
    point = bench.point.block(*bench.point.names)
    plan = light_plan(point, [0.0])
    totals = {CLICKS_C: 0, CLICKS_D: 0}
    for _ in range(DARK_SLOTS):
        slot = bench.player.play(plan, point)
        for raw in totals:
            totals[raw] += int(counting.of_channel(slot.hub, raw)[0].size)
    seconds = DARK_SLOTS * plan.record_ps * 1e-12
    return Finding(
        {"dark_c": dark_rate(totals[CLICKS_C], seconds), "dark_d": dark_rate(totals[CLICKS_D], seconds)},
        plan.digest(),
    )


def pump_wavelength(bench: Bench) -> Finding:
    """Scan the pump laser over three widths of the cavities to either side, in the light of each arm alone.

    Both arms share the laser: it goes where they make most pairs together. The readout's red pump belongs as
    far below the cavities as the pair pump above them.
    """
    declared = bench.declared_devices.arms
    scans = [cavity_shift(bench, arm) for arm in declared]
    shifts = {f"shift_{arm.name}": shift for arm, (shift, _) in zip(declared, scans, strict=True)}
    arms = [shifted(arm, shift.value) for arm, (shift, _) in zip(declared, scans, strict=True)]
    light_Hz = strongest_Hz(arms)
    cavity_Hz = sum(arm.transducer.optical_frequency_Hz for arm in arms) / len(arms)
    sigma_Hz = hypot(*(shift.sigma for shift in shifts.values())) / len(arms)
    found = dict(shifts)
    for name, frequency_Hz in (("wavelength", light_Hz), ("red", 2 * cavity_Hz - light_Hz)):
        found[name] = Measured(LIGHT_m_per_s / frequency_Hz, LIGHT_m_per_s * sigma_Hz / frequency_Hz**2, "m")
    span = bench.point.midpoint.limits.wavelength_m
    if not span.minimum <= found["wavelength"].value <= found["red"].value <= span.maximum:
        raise RunFailed(f"wavelength: {found['wavelength']} lies outside limits.wavelength_m")
    return Finding(found, scans[0][1])


def cavity_shift(bench: Bench, arm: ArmDevice) -> tuple[Measured, str]:
    """(by how much an arm's cavity is off the declared frequency, digest of what was played)."""
    point = brighter(bench).block(*(name for name in bench.point.names if name != arm.name))
    span, kappa_Hz = point.midpoint.limits.wavelength_m, linewidth_Hz(arm)
    now_Hz = LIGHT_m_per_s / point.midpoint.operating_point.pump.wavelength_m
    steps_Hz = now_Hz + np.arange(-6, 7) * kappa_Hz / 2
    allowed = (LIGHT_m_per_s / steps_Hz >= span.minimum) & (LIGHT_m_per_s / steps_Hz <= span.maximum)
    lights_Hz = steps_Hz[allowed]
    plan = light_plan(point, [full_peak_V(point)], SCAN_ATTEMPTS)
    counts = [
        int(counting.clicked(bench.player.play(plan, point.hub(pump__wavelength_m=wave_m)).hub, plan)[0])
        for wave_m in (LIGHT_m_per_s / lights_Hz).tolist()
    ]
    best_Hz = strongest_Hz([arm])
    shift = resonance(
        partial(pair_response, [arm], best_Hz),
        lights_Hz - best_Hz,
        np.full(lights_Hz.size, SCAN_ATTEMPTS),
        np.array(counts, dtype=np.int64),
        kappa_Hz,
    )
    return shift, plan.digest()


def arrival_of(bench: Bench, arm: str) -> tuple[Measured, Measured, str]:
    """(centre and rms width of an arm's arrivals after START in ps, digest); the other arm is blocked."""
    point = brighter(bench).block(*(name for name in bench.point.names if name != arm))
    plan = light_plan(point, [full_peak_V(point)])
    times = [counting.arrival_times_ps(bench.player.play(plan, point).hub) for _ in range(ARRIVAL_SLOTS)]
    edges_ps = np.arange(0.0, plan.period_ps + BIN_PS, BIN_PS)
    counts = np.histogram(np.concatenate(times), edges_ps)[0].astype(np.int64)
    centre, width = arrival(edges_ps, counts, float(point.midpoint.sequence.pulse_sigma_ps))
    return centre, width, plan.digest()


def delays(bench: Bench) -> Finding:
    """When the first end's photons arrive, and the herald gate around them."""
    centre, width, digest = arrival_of(bench, bench.point.names[0])
    reach_ps = GATE_SIGMA * bench.point.midpoint.sequence.pulse_sigma_ps + 4 * centre.sigma
    gate = (max(0.0, centre.value - reach_ps), centre.value + reach_ps)
    return Finding(
        {
            "arrival": centre,
            "width": width,
            "gate_begin": Measured(gate[0], centre.sigma, "ps"),
            "gate_end": Measured(gate[1], centre.sigma, "ps"),
        },
        digest,
    )


def slot_delay(bench: Bench) -> Finding:
    """The second end's trigger delay that brings its photons where the first end's arrive.

    The delay differs from the first end's by whole periods of the qubit: the drives of both ends keep their
    phase relation, whatever the fibres' lengths.
    """
    first, second = bench.point.names
    here, _, _ = arrival_of(bench, first)
    there, _, digest = arrival_of(bench, second)
    delay_s, other_s = (
        bench.point.ends[name].operating_point.slot_trigger.delay_s for name in (second, first)
    )
    period_s = 1 / bench.point.ends[second].operating_point.qubit.frequency_Hz
    wanted_s = delay_s + (here.value - there.value) * 1e-12
    new_s = round(other_s + round((wanted_s - other_s) / period_s) * period_s, 15)
    if not 0 <= new_s < 0.1:
        raise RunFailed(f"slot_delay: {second} would need a delay of {new_s:.9g} s, allowed are 0..0.1 s")
    moved_ps = (new_s - delay_s) * 1e12
    sigma = hypot(here.sigma, there.sigma)
    return Finding(
        {
            "delay": Measured(new_s, sigma * 1e-12, "s"),
            "arrival": Measured(there.value + moved_ps, there.sigma, "ps"),
            "skew": Measured(there.value - here.value, sigma, "ps"),
        },
        digest,
    )


def efficiency(arm: str, bench: Bench) -> Finding:
    """Clicks of one arm against the pump's envelope, whose power is known: what of the light is lost."""
    point = brighter(bench).block(*(name for name in bench.point.names if name != arm))
    peak_V = full_peak_V(point)
    peaks_V = [0.0, 0.8 * peak_V, peak_V]
    plan = light_plan(point, peaks_V, shares=LIGHT_SHARES)
    clicks = np.sum(
        [counting.clicked(bench.player.play(plan, point).hub, plan) for _ in range(LIGHT_SLOTS)], axis=0
    )
    expected = detected_photons(bench, arm, point, plan, peaks_V)
    scale, background = efficiency_scale(expected, counting.attempts(plan) * LIGHT_SLOTS, clicks)
    known = bench.device(arm).path_efficiency
    declared = bench.declared_device(arm).path_efficiency
    lost = Measured(scale.value * known / declared, scale.sigma * known / declared)
    return Finding({"efficiency": lost, "background": background}, plan.digest())
