# SPDX-License-Identifier: Apache-2.0
"""How good a CZ between two nodes is that one pair makes, and a search that takes two of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from heraldlink_physics.errors import within
from heraldlink_physics.gates import CZ, H, X, dephasing
from heraldlink_physics.pair_protocols import Tools, teleported_cz
from heraldlink_physics.permanents import Matrix
from heraldlink_physics.register import Register

HALVES = ("pair at one", "pair at other")
Gate = Callable[[Register, str, str], Register]


def remote_cz(
    register: Register, one: str, other: str, pair: Matrix, tools: Tools, memory_flip: float = 0.0
) -> Register:
    """CZ between qubits of two nodes; `pair` is complex[4, 4] of trace 1, towards phi+.

    `memory_flip` is the phase-flip probability of each of the two qubits while the gate is made, 0..0.5.
    """
    within("memory_flip", memory_flip, 0, 0.5)
    start = register.joined(Register(HALVES, pair))
    done = teleported_cz(start, one, other, HALVES, tools)
    for site in (one, other):
        done = done.through(dephasing(memory_flip), site) if memory_flip else done
    return done.reordered(*register.sites)


def process_fidelity(gate: Gate) -> float:
    """Overlap of a two-qubit gate's process with CZ's, from what it does to halves of two perfect pairs."""
    ket = np.zeros((2, 2, 2, 2), dtype=np.complex128)
    for i in range(2):
        for j in range(2):
            ket[i, j, i, j] = 0.5
    sites = ("one", "other", "memory of one", "memory of other")
    made = gate(Register.ket(sites, ket.ravel()), "one", "other")
    target = np.kron(CZ, np.eye(4)) @ ket.ravel()
    return made.overlap(target, *sites)


def average_fidelity(process: float) -> float:
    """Mean over pure two-qubit inputs, (4 F_process + 1)/5 (Nielsen, Phys. Lett. A 303, 249 (2002))."""
    within("process", process, 0, 1)
    return (4 * process + 1) / 5


def grover_success(gate: Gate) -> float:
    """P(the marked one of four is found), two such gates and perfect rotations, mean over the marked."""
    found = 0.0
    for marked in range(4):
        register = Register.ket(("one", "other"), np.full(4, 0.5, dtype=np.complex128))
        register = _flanked(register, gate, marked)
        register = register.applied(H, "one").applied(H, "other")
        register = _flanked(register, gate, 0)
        register = register.applied(H, "one").applied(H, "other")
        found += float(register.state[marked, marked].real) / 4
    return found


def _flanked(register: Register, gate: Gate, marked: int) -> Register:
    """Change the sign of one basis state: CZ between X on the qubits that are g in it."""
    flips = [site for site, bit in zip(("one", "other"), (marked >> 1, marked & 1), strict=True) if not bit]
    for site in flips:
        register = register.applied(X, site)
    register = gate(register, "one", "other")
    for site in flips:
        register = register.applied(X, site)
    return register
