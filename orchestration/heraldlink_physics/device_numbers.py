# SPDX-License-Identifier: Apache-2.0
"""What a device file's hardware can do by itself: conversion, readout, memory, and links without settings.

Sections of numbers by name; None where a quantity does not exist. Formulas and sources are those of the
modules that are called.
"""

from __future__ import annotations

from heraldlink_physics import electro_optic, piezo
from heraldlink_physics.device import ArmDevice, Devices, Qubit
from heraldlink_physics.electro_optic import ElectroOpticPort
from heraldlink_physics.emitter_link import EmitterLink, heralds
from heraldlink_physics.errors import PhysicsError, within
from heraldlink_physics.microwave_link import MicrowaveLink
from heraldlink_physics.microwave_transfer import bell_fidelity, bell_pair, transfer
from heraldlink_physics.pair_protocols import werner
from heraldlink_physics.piezo import PiezoPort
from heraldlink_physics.qubit import idle_kraus
from heraldlink_physics.readout import assignment_fidelity, best_threshold, confusion
from heraldlink_physics.register import Register
from heraldlink_physics.stability import largest_stable_power_W
from heraldlink_physics.transducer import (
    blue_pump_frequency_Hz,
    extraction,
    intracavity_photons,
    red_pump_frequency_Hz,
)

Numbers = dict[str, float | None]


def device_numbers(
    found: Devices | EmitterLink | MicrowaveLink,
    *,
    bright: float | None = None,
    pump_power_W: float | None = None,
    bath: float | None = None,
    wait_s: float = 0.0,
) -> dict[str, Numbers]:
    """Sections of a file of any kind.

    `bright`: bright-state population of both emitters, 0..1, needed for an emitter link. `pump_power_W`: in
    the fibre before each transducer, the readout's by default. `bath`: thermal photons of the bath behind
    the mechanics, or the microwave cavity's internal loss, each arm's `heating.n_0` by default. `wait_s`: how
    long a pair is kept in both qubits. Raises `PhysicsError` that names the value and its range.
    """
    if isinstance(found, MicrowaveLink):
        return {"link": microwave_numbers(found)}
    if isinstance(found, EmitterLink):
        if bright is None:
            raise PhysicsError(
                f"{found.name} is a link of emitters: their bright-state population, alpha, is needed"
            )
        return {"link": emitter_numbers(found, bright)}
    arms = {arm.name: arm_numbers(arm, pump_power_W, bath) for arm in found.arms}
    a, b = (arm.qubit for arm in found.arms)
    return {**arms, "memory": {"wait_s": wait_s, "F_kept": kept_fidelity(a, b, wait_s)}}


def microwave_numbers(link: MicrowaveLink) -> Numbers:
    """Transfers per second, their parts and fidelities, and the Bell pair's."""
    moved = transfer(link)
    return {
        "transfers_per_s": link.rate_Hz,
        "emission": moved.emission,
        "absorption": moved.absorption,
        "transferred_population": moved.population,
        "F_process": moved.process_fidelity,
        "F_average": moved.average_fidelity,
        "F_bell_pair": bell_fidelity(bell_pair(link)),
    }


def emitter_numbers(link: EmitterLink, bright: float) -> Numbers:
    """Single-click heralds of both emitters at the same bright-state population."""
    model = heralds(link, bright, bright)
    return {
        "success_probability": model.probability,
        "heralds_per_s": model.probability * link.attempt_rate_Hz,
        "F": model.fidelity if model.probability > 0 else None,
    }


def arm_numbers(arm: ArmDevice, pump_power_W: float | None = None, bath: float | None = None) -> Numbers:
    """One node's transducer at a steady pump power, its readout at the nominal one."""
    power_W = arm.readout.pump_power_W if pump_power_W is None else pump_power_W
    within("pump_power_W", power_W, 0)
    thermal = arm.heating.n_0 if bath is None else bath
    within("bath", thermal, 0)
    found: Numbers = {"pump_power_W": power_W, "intracavity_photons": _pumped(arm, power_W, blue=False)}
    if arm.piezo is not None:
        found |= _piezo(arm, arm.piezo, power_W, thermal)
    if arm.electro_optic is not None:
        found |= _electro_optic(arm, arm.electro_optic, power_W, thermal)
    return {**found, "readout_fidelity": _readout_fidelity(arm)}


def kept_fidelity(a: Qubit, b: Qubit, wait_s: float) -> float:
    """F of a perfect pair after both qubits have waited, from their T1, T2 and thermal population."""
    within("wait_s", wait_s, 0)
    pair = Register(("a", "b"), werner(1.0))
    for site, qubit in (("a", a), ("b", b)):
        pair = pair.through(idle_kraus(qubit, wait_s), site)
    return pair.bell_fidelity("phi+", "a", "b")


def _pumped(arm: ArmDevice, power_W: float, *, blue: bool) -> float:
    pump_Hz = blue_pump_frequency_Hz if blue else red_pump_frequency_Hz
    return intracavity_photons(arm.transducer, pump_Hz(arm.transducer), power_W)


def _kappa_Hz(arm: ArmDevice) -> float:
    return arm.transducer.kappa_external_Hz + arm.transducer.kappa_internal_Hz


def _oscillates(arm: ArmDevice, power_W: float) -> tuple[bool, float]:
    """Whether a blue pump of this power lets the transducer oscillate, and from which power on it does."""
    limit_W = largest_stable_power_W(arm, blue_pump_frequency_Hz(arm.transducer))
    return power_W >= limit_W, limit_W


def _piezo(arm: ArmDevice, port: PiezoPort, power_W: float, bath: float) -> Numbers:
    optical, microwave, c_em = extraction(arm.transducer), port.microwave_extraction, port.cooperativity
    red, blue = (
        piezo.optomechanical_cooperativity(
            port, arm.transducer.coupling_Hz, _kappa_Hz(arm), _pumped(arm, power_W, blue=blue)
        )
        for blue in (False, True)
    )
    unstable, limit_W = _oscillates(arm, power_W)
    return {
        "C_om": red,
        "C_em": c_em,
        "phonon_emission": piezo.emission(port),
        "conversion": piezo.conversion(optical, microwave, red, c_em),
        "bandwidth_Hz": piezo.bandwidth_Hz(port.mechanical_loss_Hz, red, c_em),
        "added_noise": piezo.added_noise(microwave, c_em, bath) if c_em > 0 else None,
        "blue_limit_W": limit_W if limit_W < float("inf") else None,
        "blue_gain": None if unstable else piezo.blue_gain(optical, microwave, blue, c_em),
        "blue_photons_per_s_Hz": None if unstable else piezo.blue_photons(optical, blue, c_em, bath),
    }


def _electro_optic(arm: ArmDevice, port: ElectroOpticPort, power_W: float, bath: float) -> Numbers:
    """The line being cold."""
    optical, microwave = extraction(arm.transducer), port.microwave_extraction
    red, blue = (
        electro_optic.cooperativity(
            port, arm.transducer.coupling_Hz, _kappa_Hz(arm), _pumped(arm, power_W, blue=blue)
        )
        for blue in (False, True)
    )
    unstable, limit_W = _oscillates(arm, power_W)
    hot = bath * (1 - microwave)
    photons = None if unstable else electro_optic.blue_photons(optical, blue, hot)
    squeezed = None if unstable else electro_optic.squeezed_variance(optical, microwave, blue, bath)
    return {
        "C": red,
        "conversion": electro_optic.conversion(optical, microwave, red),
        "added_noise": electro_optic.added_noise(microwave, bath),
        "blue_limit_W": limit_W if limit_W < float("inf") else None,
        "blue_photons_per_s_Hz": photons,
        "squeezing_dB": None if squeezed is None else electro_optic.squeezing_dB(squeezed),
    }


def _readout_fidelity(arm: ArmDevice) -> float | None:
    """At the best threshold, the qubit relaxing while it is read; None where the states look alike."""
    readout, qubit = arm.readout, arm.qubit
    relaxing = {"gate_over_t1": readout.gate_s / qubit.t1_s, "thermal": qubit.thermal_population}
    if readout.photons_e <= readout.photons_g:
        return None
    photons = (readout.photons_g, readout.photons_e)
    return assignment_fidelity(confusion(*photons, best_threshold(*photons, **relaxing), **relaxing))
