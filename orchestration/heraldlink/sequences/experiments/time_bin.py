# SPDX-License-Identifier: Apache-2.0
"""Time-bin two-click: two pump pulses per attempt, a herald is one click in each bin; both bins are read."""

from dataclasses import dataclass
from typing import Annotated, Literal, cast

from pydantic import Field

from heraldlink.sequences.elements import Element
from heraldlink.sequences.experiments.frame import Count, Driven, Duration_ps, Ends, Pulsed
from heraldlink.sequences.plan import Part, SlotPlan
from heraldlink.sequences.rotations import PauliBasis

PairBasis = Literal["X", "Y", "Z", "XY", "YX"]
"""Measured at both nodes, or at A and at B."""


@dataclass(frozen=True, kw_only=True)
class TimeBinSettings(Pulsed, Driven):
    """``bin_separation_ps``: of the late pulse from the early one, ``readout_separation_ps``: of their reads.

    ``gate_ps`` holds both bins. ``attempts``: of each basis. ``bases``: of both bins, at both nodes alike or
    (two letters) at A and at B.
    """

    attempts: Count
    bin_separation_ps: Duration_ps
    readout_separation_ps: Duration_ps
    bases: Annotated[tuple[PairBasis, ...], Field(min_length=1)]


def time_bin(settings: TimeBinSettings, ends: Ends) -> SlotPlan:
    """One part per basis: early pulse, late pulse, drive and gate of the early bin, of the late bin.

    The first gate reads what the early pulse loaded, the second one what the late pulse loaded. That takes a
    memory per bin (a second qubit, or a cavity mode). A node with one qubit and no memory can load and read
    bin after bin, hence measure Z alone: in which bin its photon was. That suffices for the erasure check -
    exactly one excitation per node, which half of the two-click events fail - and for the populations, not
    for the coherence, so that it bounds but does not give F.

    With a memory the logical operators of a node are X = (X_E X_L + Y_E Y_L)/2 and Z = (Z_E - Z_L)/2 on its
    one-excitation space, so that the logical XX takes bases X, Y, XY and YX (`heraldlink.analysis.time_bin`);
    heralds are found in software, since both bins must click.
    """
    parts = (_part(settings, ends, k, basis) for k, basis in enumerate(settings.bases))
    return settings.plan(parts, settings.gate_ps)


def _part(settings: TimeBinSettings, ends: Ends, k: int, basis: PairBasis) -> Part:
    bases = cast(tuple[PauliBasis, PauliBasis], (basis[0], basis[-1]))
    elements = {end: _elements(settings, letter) for end, letter in zip(ends, bases, strict=True)}
    return Part(f"time_bin_{k}", settings.attempts, elements)


def _elements(settings: TimeBinSettings, basis: PauliBasis) -> tuple[Element, ...]:
    later_ps = settings.readout_separation_ps
    pulses = (settings.pulse(), settings.pulse(settings.bin_separation_ps))
    early: tuple[Element, ...] = (*settings.analysis(basis), settings.gate_at(0))
    late: tuple[Element, ...] = (*settings.analysis(basis, later_ps), settings.gate_at(later_ps))
    return (settings.sync, *pulses, *early, *late)
