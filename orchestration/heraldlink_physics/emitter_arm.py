# SPDX-License-Identifier: Apache-2.0
"""Emitters as arms of the general model: a photon from the bright state e, sometimes two.

Modes of a bin: the photon, then the extra photon of a double excitation (absent if that cannot happen).
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from heraldlink_physics.arm_state import ArmState
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.model import Emitter
from heraldlink_physics.permanents import Matrix

FLIP = np.array([[0, 1], [1, 0]])


def emitter_arm(emitter: Emitter) -> ArmState:
    """One round of sqrt(1-alpha)|g> + sqrt(alpha)|e>, each e with its light."""
    start = np.array([sqrt(1 - emitter.bright), sqrt(emitter.bright)])
    return emission(np.outer(start, start).astype(np.complex128), emitter)


def emission(qubit: Matrix, emitter: Emitter) -> ArmState:
    """One round from any qubit state, complex[2, 2]; the emitter's own bright population plays no part."""
    light = _light(emitter)
    matrix = np.einsum("xn,xy,ym->xnym", light, _qubit(qubit), light)
    return _arm(matrix, emitter, rounds=1)


def two_emissions(qubit: Matrix, emitter: Emitter) -> ArmState:
    """Two rounds with a flip of the qubit between them, from any qubit state (Barrett-Kok: |g> + |e>)."""
    light = _light(emitter)
    flipped = np.einsum("zx,xn->zxn", FLIP, light)  # emit, then flip: x -> z
    both = np.einsum("zl,zxn->zxnl", light, flipped)
    matrix = np.einsum("zxnl,xy,wymk->znlwmk", both, _qubit(qubit), both)
    return _arm(matrix, emitter, rounds=2)


def _arm(matrix: Matrix, emitter: Emitter, rounds: int) -> ArmState:
    """Dephase the qubit; mix in what an inert node leaves, g without light."""
    matrix = (1 - emitter.inert) * _dephased(matrix, emitter.dephasing)
    matrix[(0,) * matrix.ndim] += emitter.inert
    return ArmState(matrix, (_cuts(emitter),) * rounds, _efficiencies(emitter))


def _qubit(qubit: Matrix) -> Matrix:
    if qubit.shape != (2, 2):
        raise PhysicsError(f"a qubit state has shape (2, 2), not {qubit.shape}")
    return np.asarray(qubit, dtype=np.complex128)


def _light(emitter: Emitter) -> Matrix:
    """Amplitudes [qubit, photon numbers]: g stays dark, e emits one photon or one in each mode."""
    double = emitter.double_excitation
    light = np.zeros((2, 4 if double else 2), dtype=np.complex128)
    light[0, 0] = 1
    if double:
        light[1, 2], light[1, 3] = sqrt(1 - double), sqrt(double)
    else:
        light[1, 1] = 1
    return light


def _cuts(emitter: Emitter) -> tuple[int, ...]:
    return (2, 2) if emitter.double_excitation else (2,)


def _efficiencies(emitter: Emitter) -> tuple[float, ...]:
    extra = emitter.efficiency * emitter.extra_share
    return (emitter.efficiency, extra) if emitter.double_excitation else (emitter.efficiency,)


def _dephased(matrix: Matrix, flip: float) -> Matrix:
    """Phase flips of the qubit: coherences between g and e shrink by 1 - 2 flip."""
    kept = np.array([[1, 1 - 2 * flip], [1 - 2 * flip, 1]])
    half = matrix.ndim // 2
    dephased: Matrix = matrix * kept.reshape(2, *[1] * (half - 1), 2, *[1] * (half - 1))
    return dephased
