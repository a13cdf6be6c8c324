# SPDX-License-Identifier: Apache-2.0
"""Rotations of the loaded qubits and the outcomes of reading them, many pairs at once.

Basis of one qubit: g = (1, 0), e = (0, 1). A drive A·cos(2πft + φ) turns it by θ about cosφ·X + sinφ·Y.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]


def rotation(angle_rad: Real, axis_rad: Real) -> Complex:
    """Return exp(-iθ/2·(cosφ·X + sinφ·Y)), complex[..., 2, 2], for arrays of θ and φ."""
    cos, sin = np.cos(angle_rad / 2), np.sin(angle_rad / 2)
    turned = np.empty((*np.shape(angle_rad), 2, 2), dtype=np.complex128)
    turned[..., 0, 0] = turned[..., 1, 1] = cos
    turned[..., 0, 1] = -1j * sin * np.exp(-1j * axis_rad)
    turned[..., 1, 0] = -1j * sin * np.exp(1j * axis_rad)
    return turned


def phase_shift(phase_rad: float) -> Complex:
    """Return diag(1, e^{iφ}), the phase that node B's path gives its excited state."""
    return np.diag([1.0, np.exp(1j * phase_rad)]).astype(np.complex128)


def joint_probabilities(states: Complex, turn_a: Complex, turn_b: Complex) -> Real:
    """Return the probabilities of gg, ge, eg, ee, float[n, 4], after each qubit's rotation.

    ``states``: complex[n, 4, 4], any positive trace; ``turn_a``, ``turn_b``: complex[n, 2, 2].
    """
    pair = np.einsum("nij,nkl->nikjl", turn_a, turn_b).reshape(-1, 4, 4)
    weights = np.einsum("nij,njk,nik->ni", pair, states, pair.conj()).real.clip(min=0.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def draw(probabilities: Real, uniform: Real) -> NDArray[np.int64]:
    """Return one index per row of ``probabilities`` (float[n, m], rows sum to 1) from uniform numbers."""
    return np.asarray((np.cumsum(probabilities, axis=1)[:, :-1] <= uniform[:, None]).sum(axis=1))
