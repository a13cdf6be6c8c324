# SPDX-License-Identifier: Apache-2.0
"""CHSH: the largest S that a two-qubit state gives, with readout errors.

S = E(a,b) + E(a,b') + E(a',b) - E(a',b'). For perfect readout the maximum is 2 sqrt(u1 + u2), u1, u2 the two
largest eigenvalues of T^T T, T_ij = <sigma_i sigma_j> (Horodecki, Phys. Lett. A 200, 340 (1995)); the same
directions are measured with readout errors, which are never corrected inside such a claim.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, sin

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.errors import within
from heraldlink_physics.model import State

Direction = NDArray[np.float64]
"""Unit vector on the Bloch sphere, shape (3,); +z is g."""

_X = np.array([[0, 1], [1, 0]], dtype=np.complex128)
_Y = np.array([[0, -1j], [1j, 0]], dtype=np.complex128)
_Z = np.array([[1, 0], [0, -1]], dtype=np.complex128)
_PAULI = (_X, _Y, _Z)
_ONE = np.eye(2, dtype=np.complex128)


@dataclass(frozen=True, slots=True)
class WrongReads:
    """One qubit's readout errors."""

    wrong_g: float = 0.0
    """Probability that g is read as e, 0..1."""
    wrong_e: float = 0.0
    """Probability that e is read as g, 0..1."""

    def __post_init__(self) -> None:
        within("wrong_g", self.wrong_g, 0, 1)
        within("wrong_e", self.wrong_e, 0, 1)

    @property
    def contrast(self) -> float:
        """A measured <sigma> is shift + contrast <sigma>."""
        return 1 - self.wrong_g - self.wrong_e

    @property
    def shift(self) -> float:
        """See `contrast`."""
        return self.wrong_e - self.wrong_g


def correlations(state: State) -> tuple[NDArray[np.float64], Direction, Direction]:
    """T_ij = <sigma_i sigma_j>, shape (3, 3), and the two Bloch vectors of a normalised state."""
    both = [[_mean(state, np.kron(a, b)) for b in _PAULI] for a in _PAULI]
    first = [_mean(state, np.kron(a, _ONE)) for a in _PAULI]
    second = [_mean(state, np.kron(_ONE, b)) for b in _PAULI]
    return np.array(both), np.array(first), np.array(second)


def largest_s(state: State, a: WrongReads, b: WrongReads) -> float:
    """S along the directions that are best for perfect readout, read with the errors of `a` and `b`.

    Of the two signs of A's directions, which perfect readout cannot tell apart, the better is taken.
    """
    turned = [_s(state, sign, a, b) for sign in (1.0, -1.0)]
    return max(turned)


def _s(state: State, sign: float, a: WrongReads, b: WrongReads) -> float:
    both, first, second = correlations(state)
    left, strength, right = np.linalg.svd(both)
    angle = atan2(float(strength[1]), float(strength[0]))
    a_0, a_1 = sign * left[:, 0], sign * left[:, 1]
    b_0 = sign * (cos(angle) * right[0] + sin(angle) * right[1])
    b_1 = sign * (cos(angle) * right[0] - sin(angle) * right[1])

    def correlator(one: Direction, other: Direction) -> float:
        product = a.contrast * b.contrast * float(one @ both @ other)
        alone = a.contrast * b.shift * float(one @ first) + a.shift * b.contrast * float(other @ second)
        return product + alone + a.shift * b.shift

    return correlator(a_0, b_0) + correlator(a_0, b_1) + correlator(a_1, b_0) - correlator(a_1, b_1)


def _mean(state: State, operator: NDArray[np.complexfloating]) -> float:
    return float(np.sum(state * operator.T).real)
