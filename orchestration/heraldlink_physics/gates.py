# SPDX-License-Identifier: Apache-2.0
"""Gates and channels for registers; qubit basis g, e, the first site's qubit runs slowest.

A channel is complex[k, D, D], its k Kraus operators (Nielsen and Chuang, Quantum Computation and Quantum
Information, chapter 8). What idling does to a memory is `heraldlink_physics.qubit.idle_kraus`.
"""

from __future__ import annotations

from itertools import product
from math import cos, sin, sqrt

import numpy as np

from heraldlink_physics.errors import PhysicsError, within
from heraldlink_physics.permanents import Matrix

I2 = np.eye(2, dtype=np.complex128)
X = np.array([[0, 1], [1, 0]], dtype=np.complex128)
Y = np.array([[0, -1j], [1j, 0]], dtype=np.complex128)
Z = np.array([[1, 0], [0, -1]], dtype=np.complex128)
H = (X + Z) / sqrt(2)
CZ = np.diag([1, 1, 1, -1]).astype(np.complex128)
CNOT = np.eye(4, dtype=np.complex128)[[0, 1, 3, 2]]
"""First qubit controls."""

BELL: dict[str, Matrix] = {
    "phi+": np.array([1, 0, 0, 1], dtype=np.complex128) / sqrt(2),
    "phi-": np.array([1, 0, 0, -1], dtype=np.complex128) / sqrt(2),
    "psi+": np.array([0, 1, 1, 0], dtype=np.complex128) / sqrt(2),
    "psi-": np.array([0, 1, -1, 0], dtype=np.complex128) / sqrt(2),
}
"""Kets by name."""


def rotation(angle_rad: float, axis: tuple[float, float, float]) -> Matrix:
    """exp(-i angle (axis·sigma)/2); the axis, of any length but zero, is normalised."""
    within("angle_rad", angle_rad, -float("inf"))
    length = sqrt(sum(component * component for component in axis))
    within("length of the axis", length, 1e-300)
    sigma = sum((c / length * pauli for c, pauli in zip(axis, (X, Y, Z), strict=True)), np.zeros_like(X))
    return cos(angle_rad / 2) * I2 - 1j * sin(angle_rad / 2) * sigma


def kron(*matrices: Matrix) -> Matrix:
    """Tensor product, the first factor slowest."""
    whole: Matrix = np.ones((1, 1), dtype=np.complex128)
    for matrix in matrices:
        whole = np.asarray(np.kron(whole, matrix), dtype=np.complex128)
    return whole


def dephasing(flip: float) -> Matrix:
    """A phase flip with probability `flip`, 0..0.5: coherences shrink by 1 - 2 flip."""
    within("flip", flip, 0, 0.5)
    return np.stack([sqrt(1 - flip) * I2, sqrt(flip) * Z])


def depolarising(error: float, qubits: int = 1) -> Matrix:
    """With probability `error`, 0..1, the qubits' state is replaced by the mixed one."""
    within("error", error, 0, 1)
    within("qubits", qubits, 1, 4)
    paulis = [kron(*chosen) for chosen in product((I2, X, Y, Z), repeat=qubits)]
    weights = np.full(4**qubits, error / 4**qubits)
    weights[0] += 1 - error
    return np.sqrt(weights)[:, None, None] * np.stack(paulis)


def check_channel(kraus: Matrix) -> None:
    """Raise `PhysicsError` unless the Kraus operators, complex[k, D, D], keep the trace."""
    if kraus.ndim != 3 or kraus.shape[1] != kraus.shape[2]:
        raise PhysicsError(f"Kraus operators have shape (k, D, D), not {kraus.shape}")
    total = np.einsum("kij,kil->jl", kraus.conj(), kraus)
    if np.abs(total - np.eye(len(total))).max() > 1e-9:
        raise PhysicsError("these Kraus operators do not keep the trace")
