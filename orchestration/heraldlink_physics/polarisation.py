# SPDX-License-Identifier: Apache-2.0
"""Polarisation of two arms at the beam splitter, and how a fibre's birefringence turns it.

Two pure polarisations an angle Theta apart on the Poincare sphere overlap by |<e_A|e_B>|² = cos²(Theta/2);
half that angle is their misalignment. A fibre turns the sphere as a whole (Gordon and Kogelnik, PNAS 97,
4541 (2000)); its drift is taken as rotational diffusion (Czegledi et al., Sci. Rep. 6, 21217 (2016)).
"""

from __future__ import annotations

from math import acos, cos, pi, sin, sqrt

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.errors import within

Real = NDArray[np.float64]


def polarisation_overlap(misalignment_rad: float) -> float:
    """|<e_A|e_B>|², 0..1, of polarisations misaligned by 0..pi/2 (linear ones: the angle between them)."""
    within("misalignment_rad", misalignment_rad, 0, pi / 2)
    return cos(misalignment_rad) ** 2


def stokes(misalignment_rad: float) -> Real:
    """Unit Stokes vector, float[3], of arm B where arm A's is (0, 0, 1)."""
    within("misalignment_rad", misalignment_rad, 0, pi / 2)
    return np.array([0.0, sin(2 * misalignment_rad), cos(2 * misalignment_rad)])


def misalignment_rad(vector: Real) -> float:
    """Misalignment 0..pi/2 of arm B with this unit Stokes vector, float[3], from arm A with (0, 0, 1)."""
    return acos(min(1.0, max(-1.0, float(vector[2])))) / 2


def diffusion_sigma_rad(diffusion_rad2_per_s: float, time_s: float) -> float:
    """rms of each of the three components of the rotation vector that ``time_s`` adds, sqrt(2 D t).

    For steps well below one radian; the mean Stokes vector then shrinks by exp(-2 D t).
    """
    within("diffusion_rad2_per_s", diffusion_rad2_per_s, 0)
    within("time_s", time_s, 0)
    return sqrt(2 * diffusion_rad2_per_s * time_s)


def rotations(vectors_rad: Real) -> Real:
    """Rotation matrices, float[n, 3, 3], about rotation vectors, float[n, 3] (Rodrigues)."""
    angle = np.linalg.norm(vectors_rad, axis=-1)[:, None, None]
    x, y, z = (vectors_rad / np.maximum(angle[:, :, 0], 1e-300)).T
    zero = np.zeros_like(x)
    cross = np.array([[zero, -z, y], [z, zero, -x], [-y, x, zero]]).transpose(2, 0, 1)
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * (cross @ cross))
