# SPDX-License-Identifier: Apache-2.0
"""How alike two arms' photons are at the beam splitter: in time, in frequency and in polarisation.

The visibility of every scheme is V = |<xi_A|xi_B>|², and a pure mode is a product: V is the temporal and
spectral overlap of the two wave packets inside the gate, times that of the polarisations, times what the
device file states for the rest (spatial modes of a beam splitter in free space).
"""

from __future__ import annotations

from heraldlink_physics.errors import within
from heraldlink_physics.polarisation import polarisation_overlap
from heraldlink_physics.profile import ArrivalProfile, overlap


def visibility(
    a: ArrivalProfile,
    b: ArrivalProfile,
    gate_ps: tuple[float, float],
    *,
    beat_Hz: float = 0.0,
    misalignment_rad: float = 0.0,
    mode_match: float = 1.0,
) -> float:
    """V of two photons, 0..1; 0 where one of them has no part in the gate.

    ``beat_Hz``: photon frequency of B minus A's. ``misalignment_rad``: of the polarisations, 0..pi/2.
    """
    within("mode_match", mode_match, 0, 1)
    alike = overlap(a, b, *gate_ps, beat_Hz)
    return mode_match * alike * polarisation_overlap(misalignment_rad)
