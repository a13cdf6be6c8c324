# SPDX-License-Identifier: Apache-2.0
"""Deterministic microwave link: node A emits a shaped microwave photon, node B absorbs it; nothing heralds.

A link type of its own, of a metre-scale coupler or of cryostats 1 to 10 m apart (Kurpiers et al., Nature 558,
264, 2018; Storz et al., Nature 617, 265, 2023).
"""

from dataclasses import dataclass
from math import pi

from heraldlink.sequences.elements import Element, QubitDrive
from heraldlink.sequences.experiments.frame import (
    Angle_rad,
    Bases,
    Count,
    Detuning_Hz,
    Driven,
    Duration_ps,
    Ends,
    Time_ps,
)
from heraldlink.sequences.plan import Part, SlotPlan
from heraldlink.sequences.rotations import PauliBasis


@dataclass(frozen=True, kw_only=True)
class MicrowaveLinkSettings(Driven):
    """Emission and absorption: Gaussian drives of 8 ``transfer_sigma_ps``, detuned from the qubit.

    ``emission_rad``: pi empties node A (transfer), pi/2 leaves half of the excitation (a Bell pair).
    ``absorption_rad``: pi takes all of a mode-matched photon. ``flight_ps``: how much later node B's drive
    begins. ``transfer_detuning_Hz``: of the transition that couples to the line from the declared qubit
    frequency. ``attempts``: of each basis.
    """

    attempts: Count
    preparation_begin_ps: Time_ps
    emission_begin_ps: Time_ps
    transfer_sigma_ps: Duration_ps
    transfer_detuning_Hz: Detuning_Hz
    emission_rad: Angle_rad
    absorption_rad: Angle_rad
    flight_ps: Time_ps
    bases: Bases


def microwave_link(settings: MicrowaveLinkSettings, ends: Ends) -> SlotPlan:
    """One part per basis: node A in |e>, emission at A, absorption at B, analysis and readout at both.

    There is no herald, so that the gate is empty and every attempt counts; loss on the way lowers the
    fidelity, F = (1 + 3 eta^(1/(1 - eta)))/4 at best for a delivered Bell pair (PHYSICS section 2).
    """
    parts = (_part(settings, ends, k, basis) for k, basis in enumerate(settings.bases))
    return settings.plan(parts)


def _part(settings: MicrowaveLinkSettings, ends: Ends, k: int, basis: PauliBasis) -> Part:
    prepare = QubitDrive(settings.preparation_begin_ps, settings.rotation_sigma_ps, pi)
    emit = _transfer(settings, settings.emission_begin_ps, settings.emission_rad)
    absorb = _transfer(settings, settings.emission_begin_ps + settings.flight_ps, settings.absorption_rad)
    last: tuple[Element, ...] = (*settings.analysis(basis), settings.gate)
    elements: dict[str, tuple[Element, ...]] = {
        ends[0]: (settings.sync, prepare, emit, *last),
        ends[1]: (settings.sync, absorb, *last),
    }
    return Part(f"microwave_link_{k}", settings.attempts, elements)


def _transfer(settings: MicrowaveLinkSettings, begin_ps: int, angle_rad: float) -> QubitDrive:
    sigma_ps, detuning_Hz = settings.transfer_sigma_ps, settings.transfer_detuning_Hz
    return QubitDrive(begin_ps, sigma_ps, angle_rad, 0.0, detuning_Hz)
