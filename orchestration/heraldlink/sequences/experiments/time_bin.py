# SPDX-License-Identifier: Apache-2.0
"""Time-bin two-click: two pump pulses per attempt, a herald is one click in each bin; both bins are read."""

from dataclasses import dataclass

from heraldlink.sequences.elements import Element
from heraldlink.sequences.experiments.frame import Bases, Count, Driven, Duration_ps, Ends, Pulsed, at_both
from heraldlink.sequences.plan import Part, SlotPlan
from heraldlink.sequences.rotations import PauliBasis


@dataclass(frozen=True, kw_only=True)
class TimeBinSettings(Pulsed, Driven):
    """``bin_separation_ps``: of the late pulse from the early one, ``readout_separation_ps``: of their reads.

    ``gate_ps`` holds both bins. ``attempts``: of each basis. ``bases``: measured in both bins of both nodes.
    """

    attempts: Count
    bin_separation_ps: Duration_ps
    readout_separation_ps: Duration_ps
    bases: Bases


def time_bin(settings: TimeBinSettings, ends: Ends) -> SlotPlan:
    """One part per basis: early pulse, late pulse, drive and gate of the early bin, of the late bin.

    The first gate reads what the early pulse loaded, the second one what the late pulse loaded. That takes a
    memory per bin (a second qubit, or a cavity mode). A node with one qubit and no memory can load and read
    bin after bin, hence measure Z alone: in which bin its photon was. That suffices for the erasure check -
    exactly one excitation per node, which half of the two-click events fail - and for the populations, not
    for the coherence, so that it bounds but does not give F.

    With a memory the logical operators of a node are X = (X_E X_L + Y_E Y_L)/2 and Z = (Z_E - Z_L)/2 on its
    one-excitation space; heralds are found in software, since both bins must click.
    """
    parts = (_part(settings, ends, k, basis) for k, basis in enumerate(settings.bases))
    return settings.plan(parts, settings.gate_ps)


def _part(settings: TimeBinSettings, ends: Ends, k: int, basis: PauliBasis) -> Part:
    later_ps = settings.readout_separation_ps
    pulses = (settings.pulse(), settings.pulse(settings.bin_separation_ps))
    early: tuple[Element, ...] = (*settings.analysis(basis), settings.gate_at(0))
    late: tuple[Element, ...] = (*settings.analysis(basis, later_ps), settings.gate_at(later_ps))
    return at_both(ends, f"time_bin_{k}", settings.attempts, settings.sync, *pulses, *early, *late)
