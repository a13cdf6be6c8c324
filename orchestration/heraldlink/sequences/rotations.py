# SPDX-License-Identifier: Apache-2.0
"""Rotations before a Z readout: the one place that fixes the sign of every measured correlator.

Outcome +1 is |g>, -1 is |e>. The drive V(t) = A(t) cos(2 pi f t + axis) turns the qubit by the angle
rabi_rad_per_Vs * integral of A dt about the axis cos(axis) X + sin(axis) Y of its Bloch sphere:
U = exp(-i angle/2 (cos(axis) X + sin(axis) Y)) with |g> = (1, 0).

Measuring X: -pi/2 about Y, which takes (|g>+|e>)/sqrt(2) to |g>. Measuring Y: +pi/2 about X. Both are +pi/2
about the axis (direction - pi/2), where `direction` is the measured axis' angle in the equator: 0 for X,
pi/2 for Y. A click in port c leaves (|eg> + exp(i phi)|ge>)/sqrt(2), so that node B, measuring along
direction + phi, sees the correlators of Psi+: its axis is turned by the estimate of phi.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi
from types import MappingProxyType
from typing import Literal

PauliBasis = Literal["X", "Y", "Z"]


@dataclass(frozen=True, slots=True)
class Rotation:
    """Resonant drive: rotation angle (rad, 0..pi) about cos(axis) X + sin(axis) Y."""

    angle_rad: float
    axis_rad: float


NO_ROTATION = Rotation(0.0, 0.0)
"""Leaves the qubit alone."""

EXCITE = Rotation(pi, 0.0)
"""Prepares |e> from |g>."""

DIRECTION_rad: Mapping[PauliBasis, float] = MappingProxyType({"X": 0.0, "Y": pi / 2})


def direction_rotation(polar_rad: float, azimuth_rad: float) -> Rotation:
    """Rotation that turns a measured direction into Z.

    ``polar_rad``: 0..pi, from Z; ``azimuth_rad``: from X towards Y.
    """
    if polar_rad == 0.0:
        return NO_ROTATION
    return Rotation(polar_rad, (azimuth_rad - pi / 2) % (2 * pi))


def analysis_rotation(basis: PauliBasis, turn_rad: float = 0.0) -> Rotation:
    """Rotation that turns ``basis`` into Z; ``turn_rad`` turns X and Y within the equator, Z stays."""
    if basis == "Z":
        return NO_ROTATION
    return direction_rotation(pi / 2, DIRECTION_rad[basis] + turn_rad)
