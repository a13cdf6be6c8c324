# SPDX-License-Identifier: Apache-2.0
"""From microwave levels 0, 1, "2 or more" to qubits: the one loading map, and the corner of Fock space.

Loading takes 0 to g, 1 to e, and 2 or more to e incoherently.
"""

from __future__ import annotations

import numpy as np

from heraldlink_physics.permanents import Matrix

LEVELS = 3
_MAP = np.zeros((2, 2, LEVELS, LEVELS), dtype=np.complex128)
_MAP[[0, 0, 1, 1], [0, 1, 0, 1], [0, 0, 1, 1], [0, 1, 0, 1]] = 1
_MAP[1, 1, 2, 2] = 1


def load(state: Matrix, modes: int) -> Matrix:
    """Load `modes` microwave modes, complex[3**modes, 3**modes], into as many qubits."""
    grid = state.reshape((LEVELS,) * 2 * modes)
    for mode in range(modes):
        grid = np.tensordot(_MAP, grid, axes=([2, 3], [mode, modes + mode]))
        grid = np.moveaxis(grid, [0, 1], [mode, modes + mode])
    return grid.reshape(2**modes, 2**modes)


def fock_corner(state: Matrix, modes: int) -> Matrix:
    """Part of the state with at most one photon in each mode, complex[2**modes, 2**modes]."""
    corner = state.reshape((LEVELS,) * 2 * modes)[(slice(2),) * 2 * modes]
    return corner.reshape(2**modes, 2**modes)


def psi_overlap(state: Matrix, sign: float) -> float:
    """<Psi±|state|Psi±> of two qubits, not normalised; Psi± = (|ge> ± |eg>)/sqrt(2)."""
    return float((state[1, 1] + state[2, 2]).real / 2 + sign * state[1, 2].real)


def one_per_node(state: Matrix) -> Matrix:
    """Logical qubits of two nodes with an early and a late qubit each: node A's early, late, then node B's.

    complex[16, 16] -> complex[4, 4]; logical 0 is the excitation early, 1 late; the rest is dropped.
    """
    rail = np.array([2, 1])  # |eg>, |ge> of a node's two qubits
    kept = (4 * rail[:, None] + rail).ravel()
    return state[np.ix_(kept, kept)]
