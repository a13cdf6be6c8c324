# SPDX-License-Identifier: Apache-2.0
"""By how much F_meas changes if an input of the model is off by one standard deviation."""

from collections.abc import Iterator
from dataclasses import replace
from math import sqrt

from heraldlink.agent.measured_link import MeasuredLink, with_rate
from heraldlink.config.node import Uncertainties
from heraldlink_physics import chain
from heraldlink_physics.device import ArmDevice, Devices, Qubit
from heraldlink_physics.model import Arm, Midpoint
from heraldlink_physics.pair_source import pair_source
from heraldlink_physics.waiting import waited


def changes(
    link: chain.LinkModel,
    given: Uncertainties,
    measured: MeasuredLink,
    kept_s: float,
    qubits: tuple[Qubit, Qubit],
) -> list[float]:
    """Changes of F_meas for what is declared of arms and midpoint, and for axes that miss their qubits.

    Dark counts: the calibration's doubt, where they were counted. F_meas is level in the angle of the axes,
    so that it is looked at where a normal distribution's fourth moment is matched (Gauss-Hermite, three
    points): the root of the summed squares is the rms of F_meas about its prediction.
    """
    a, b = link.arms
    middle = link.midpoint
    doubts = measured.dark_doubt or (given.dark_relative, given.dark_relative)
    c, d = (min(1.0, p * (1 + doubt)) for p, doubt in zip(middle.dark_probability, doubts, strict=True))
    turn_rad = sqrt(3) * measured.axis_doubt_rad(kept_s)
    variants: tuple[tuple[tuple[Arm, Arm], Midpoint], ...] = (
        (scaled(link.arms, efficiency=1 - given.efficiency_relative), middle),
        (scaled(link.arms, n_bar=1 + given.n_bar_relative), middle),
        ((hotter(a, given.n_thermal), hotter(b, given.n_thermal)), middle),
        (link.arms, replace(middle, visibility=max(0.0, middle.visibility - given.visibility))),
        (link.arms, replace(middle, phase_sigma_rad=middle.phase_sigma_rad + given.phase_sigma_rad)),
        (link.arms, replace(middle, dark_probability=(c, d))),
    )

    def fidelity(arms: tuple[Arm, Arm], midpoint: Midpoint) -> float:
        return waited(pair_source(*arms, midpoint), qubits, kept_s).fidelity_measured

    reference = fidelity(link.arms, middle)
    turned = [
        fidelity(link.arms, replace(middle, phase_offset_rad=middle.phase_offset_rad + angle_rad)) - reference
        for angle_rad in (turn_rad, -turn_rad)
    ]
    return [*(fidelity(*variant) - reference for variant in variants), *(one / sqrt(6) for one in turned)]


def doubted(devices: Devices, measured: MeasuredLink) -> Iterator[Devices]:
    """Devices with one calibrated value off by its standard deviation: pumps, cavities, relaxation."""
    for place, arm in enumerate(devices.arms):
        for moved in _moved(arm, measured):
            yield replace(devices, arms=(moved, devices.arms[1]) if place == 0 else (devices.arms[0], moved))


def _moved(arm: ArmDevice, measured: MeasuredLink) -> Iterator[ArmDevice]:
    if doubt := measured.pump_doubt.get(arm.name):
        yield replace(arm, insertion=min(1.0, arm.insertion * (1 + doubt)))
    if shift_Hz := measured.cavity_doubt_Hz.get(arm.name):
        moved_Hz = arm.transducer.optical_frequency_Hz + shift_Hz
        yield replace(arm, transducer=replace(arm.transducer, optical_frequency_Hz=moved_Hz))
    if rate_Hz := measured.relaxation_doubt_Hz.get(arm.name):
        yield replace(arm, qubit=with_rate(arm.qubit, 1 / arm.qubit.t1_s + rate_Hz))


def scaled(arms: tuple[Arm, Arm], *, n_bar: float = 1.0, efficiency: float = 1.0) -> tuple[Arm, Arm]:
    """Both arms with scaled parameters."""
    a, b = (
        replace(arm, n_bar=arm.n_bar * n_bar, efficiency=min(1.0, arm.efficiency * efficiency))
        for arm in arms
    )
    return a, b


def hotter(arm: Arm, n_thermal: float) -> Arm:
    """An arm with more thermal photons."""
    return replace(arm, n_thermal=arm.n_thermal + n_thermal)
