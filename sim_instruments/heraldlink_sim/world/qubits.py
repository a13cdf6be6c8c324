# SPDX-License-Identifier: Apache-2.0
"""Loaded qubits as Bloch vectors (1, x, y, z): the maps that act on them, and the outcomes of reading them.

z = +1 is g, z = -1 is e. A drive A·cos(2πft + φ) turns by θ about cosφ·X + sinφ·Y. A map is a real 4 by 4
matrix on such vectors (Pauli transfer matrix; Nielsen and Chuang, section 8.3), a reading an effect: a row
vector whose product with the state is the probability of e.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.device import Qubit
from heraldlink_physics.qubit import kept

Complex = NDArray[np.complex128]
Real = NDArray[np.float64]

EXCITED: Real = np.array([0.5, 0.0, 0.0, -0.5])
"""Effect of finding e."""

ANYTHING: Real = np.array([1.0, 0.0, 0.0, 0.0])
"""Effect of finding g or e."""

PAULIS: Complex = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=np.complex128
)


def rest(qubit: Qubit) -> Real:
    """A qubit left alone for ever, or just reset: float[4]."""
    return np.array([1.0, 0.0, 0.0, 1 - 2 * qubit.thermal_population])


def waiting(qubit: Qubit, time_s: float) -> Real:
    """The map of ``time_s`` >= 0 without a drive: z goes to rest with T1, x and y vanish with T2."""
    population, coherence = kept(qubit, max(0.0, time_s))
    decay = np.diag([1.0, coherence, coherence, population])
    decay[3, 0] = (1 - 2 * qubit.thermal_population) * (1 - population)
    return decay


def turns(angles: Complex) -> Real:
    """Maps float[..., 4, 4] of rotations by abs(a) about cos(arg a)·X + sin(arg a)·Y (Rodrigues)."""
    angle = np.abs(angles)
    length = np.where(angle > 0, angle, 1.0)
    x, y = np.where(angle > 0, angles.real, 1.0) / length, angles.imag / length
    cos, sin = np.cos(angle), np.sin(angle)
    found = np.zeros((*np.shape(angles), 4, 4))
    found[..., 0, 0] = 1.0
    found[..., 1, 1], found[..., 2, 2] = cos + (1 - cos) * x * x, cos + (1 - cos) * y * y
    found[..., 3, 3] = cos
    found[..., 1, 2] = found[..., 2, 1] = (1 - cos) * x * y
    found[..., 1, 3], found[..., 3, 1] = sin * y, -sin * y
    found[..., 2, 3], found[..., 3, 2] = -sin * x, sin * x
    return found


def product(maps: Real) -> Real:
    """The map float[4, 4] of float[n, 4, 4] one after the other, the first one first."""
    while len(maps) > 1:
        last = maps[-1:] if len(maps) % 2 else maps[:0]
        maps = np.concatenate([maps[1::2] @ maps[: len(maps) - len(last) : 2], last])
    return maps[0] if len(maps) else np.eye(4)


def seen_after_turn(effects: Real, phases_rad: Real | float) -> Real:
    """Effects float[n, 4] on qubits that turn about z by ``phases_rad`` (float[n] or one) beforehand."""
    cos, sin = np.cos(phases_rad), np.sin(phases_rad)
    turned = effects.copy()
    turned[:, 1] = cos * effects[:, 1] + sin * effects[:, 2]
    turned[:, 2] = cos * effects[:, 2] - sin * effects[:, 1]
    return turned


def correlations(states: Complex) -> Real:
    """Tr(ρ σ_i ⊗ σ_j), float[n, 4, 4], of two-qubit states complex[n, 4, 4]."""
    pairs = np.asarray(states).reshape(-1, 2, 2, 2, 2)
    return np.asarray(np.einsum("nabcd,ica,jdb->nij", pairs, PAULIS, PAULIS).real)


def joint_probabilities(states: Real, effects_a: Real, effects_b: Real) -> Real:
    """Return the probabilities of gg, ge, eg, ee, float[n, 4].

    ``states``: `correlations` float[n, 4, 4] of any positive trace; ``effects_a``, ``effects_b``: [n, 4].
    """
    pairs = [(ANYTHING - effects_a, effects_a), (ANYTHING - effects_b, effects_b)]
    weights = np.stack([np.einsum("ni,nij,nj->n", a, states, b) for a in pairs[0] for b in pairs[1]], axis=1)
    weights = weights.clip(min=0.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def draw(probabilities: Real, uniform: Real) -> NDArray[np.int64]:
    """Return one index per row of ``probabilities`` (float[n, m], rows sum to 1) from uniform numbers."""
    return np.asarray((np.cumsum(probabilities, axis=1)[:, :-1] <= uniform[:, None]).sum(axis=1))
