# SPDX-License-Identifier: Apache-2.0
"""Barrett-Kok: two optical pulses with a pi flip between them; a herald is one click in each round."""

from dataclasses import dataclass
from math import pi

from heraldlink.sequences.elements import Element, QubitDrive
from heraldlink.sequences.experiments.frame import (
    Angle_rad,
    Bases,
    Count,
    Driven,
    Duration_ps,
    Ends,
    Pulsed,
    Time_ps,
    at_both,
)
from heraldlink.sequences.plan import Part, SlotPlan
from heraldlink.sequences.rotations import PauliBasis


@dataclass(frozen=True, kw_only=True)
class BarrettKokSettings(Pulsed, Driven):
    """Times of preparation, flip and analysis; the pulses are ``round_separation_ps`` apart.

    ``preparation_rad``: pi/2 makes the equal superposition of Barrett and Kok. ``attempts``: of each basis.
    ``gate_ps`` holds both rounds.
    """

    attempts: Count
    preparation_begin_ps: Time_ps
    preparation_rad: Angle_rad
    flip_begin_ps: Time_ps
    round_separation_ps: Duration_ps
    bases: Bases


def barrett_kok(settings: BarrettKokSettings, ends: Ends) -> SlotPlan:
    """One part per basis; the qubit is read in every attempt (Barrett and Kok, PRA 71, 060310, 2005).

    It is meant for nodes whose qubit itself emits, the pump pulses being its optical excitation: the same
    port twice heralds Psi+, different ports Psi-. With a transducer as the source the second pulse adds a
    photon of its own, and `time_bin` is the two-round scheme.
    """
    parts = (_part(settings, ends, k, basis) for k, basis in enumerate(settings.bases))
    return settings.plan(parts, settings.gate_ps)


def _part(settings: BarrettKokSettings, ends: Ends, k: int, basis: PauliBasis) -> Part:
    sigma_ps = settings.rotation_sigma_ps
    elements: tuple[Element, ...] = (
        settings.sync,
        QubitDrive(settings.preparation_begin_ps, sigma_ps, settings.preparation_rad),
        settings.pulse(),
        QubitDrive(settings.flip_begin_ps, sigma_ps, pi),
        settings.pulse(settings.round_separation_ps),
        *settings.analysis(basis),
        settings.gate,
    )
    return at_both(ends, f"barrett_kok_{k}", settings.attempts, *elements)
