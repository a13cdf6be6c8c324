# SPDX-License-Identifier: Apache-2.0
"""Pump power at both transducers, from the qubits: n̄ that no loss of light can be taken for."""

from functools import partial
from math import log, log10

import numpy as np

from heraldlink.agent.transducer_light import least_attenuation_dB
from heraldlink.calibration import counting
from heraldlink.calibration.bench import Bench, Finding
from heraldlink.calibration.discrimination import most_telling_threshold
from heraldlink.calibration.hub import full_peak_V
from heraldlink.calibration.measured import Measured
from heraldlink.calibration.microwave import pump_scale
from heraldlink.calibration.plans import loading_plan
from heraldlink.calibration.point import RackPoint
from heraldlink.calibration.response import loaded_photons, pairs_left
from heraldlink.errors import RunFailed
from heraldlink.sequences import SlotPlan

LOADED = 0.25
"""Microwave photons per pump pulse while pairs are counted: the most certain for the heat that they bring."""

SLOTS = 110


def pairs(bench: Bench) -> Finding:
    """Play pump pulses with a readout after each, and readouts of |g> and |e> between them.

    The attenuators are corrected so that each transducer makes as many pairs as declared, also beside its
    resonance. The loading efficiency and the heating are taken from the device file.
    """
    peak_V = full_peak_V(bench.point)
    point = stronger(bench, peak_V)
    plan = loading_plan(point, peak_V)
    width_ps = point.midpoint.sequence.readout_width_ps
    totals = dict.fromkeys(point.names, np.zeros((2, 3), dtype=np.int64))
    for _ in range(SLOTS):
        slot = bench.player.play(plan, point)
        for arm in point.names:
            totals[arm] = totals[arm] + excited_of(counting.photons(slot.ends[arm], plan, width_ps))
    values: dict[str, Measured] = {}
    for arm, (shots, excited) in totals.items():
        scale = pump_scale(partial(loaded_photons, bench, arm, point, plan, peak_V), shots, excited)
        values |= corrections(bench, arm, scale)
    return Finding(values, plan.digest())


def excited_of(photons: list[counting.Integers]) -> counting.Integers:
    """(shots, excited readouts) of each part, int64[2, parts]."""
    threshold = most_telling_threshold(photons[:2])
    excited = [int(np.sum(part >= threshold)) for part in photons]
    return np.array([[part.size for part in photons], excited], dtype=np.int64)


def stronger(bench: Bench, peak_V: float) -> RackPoint:
    """The settings with both pump attenuators turned until `LOADED` photons are expected per pulse.

    Or as far as limits.transducer of the midpoint's file allows.
    """
    plan = loading_plan(bench.point, peak_V)
    turned: dict[str, object] = {}
    for name in bench.point.names:
        low_dB, high_dB = least_attenuation_dB(bench.point.midpoint, bench.declared_device(name)), 60.0
        while high_dB - low_dB > 0.01:
            middle_dB = (low_dB + high_dB) / 2
            photons = expected(bench, name, plan, peak_V, middle_dB)
            low_dB, high_dB = (middle_dB, high_dB) if photons > LOADED else (low_dB, middle_dB)
        turned[f"attenuator__{arm_key(name)}"] = min(60.0, round(low_dB, 2))
    return bench.point.hub(**turned)


def arm_key(name: str) -> str:
    """The key of an arm's pump attenuation."""
    return f"{name}__pump_attenuation_dB"


def expected(bench: Bench, arm: str, plan: SlotPlan, peak_V: float, attenuation_dB: float) -> float:
    """Loaded photons with the pump as far as it is known, at an attenuation."""
    point = bench.point.hub(**{f"attenuator__{arm_key(arm)}": attenuation_dB})
    declared = bench.declared_device(arm)
    known = bench.device(arm).insertion / declared.insertion
    return loaded_photons(bench, arm, point, plan, peak_V, known)


def corrections(bench: Bench, arm: str, scale: Measured) -> dict[str, Measured]:
    """The scale, and the attenuations that make up for it and for a cavity beside the laser."""
    declared = bench.declared.midpoint.operating_point.attenuator[arm]
    surplus_dB = 10 * log10(scale.value * pairs_left(bench, arm))
    sigma_dB = 10 * scale.sigma / scale.value / log(10)
    pump_dB = declared.pump_attenuation_dB + surplus_dB
    if pump_dB < 0:
        raise RunFailed(f"pairs: the pump of {arm} is {-pump_dB:.1f} dB too weak for its attenuator")
    readout_dB = max(0.0, declared.readout_attenuation_dB + surplus_dB)
    return {
        f"scale_{arm}": scale,
        f"attenuation_{arm}": Measured(pump_dB, sigma_dB, "dB"),
        f"readout_attenuation_{arm}": Measured(readout_dB, sigma_dB, "dB"),
    }
