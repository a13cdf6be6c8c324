# SPDX-License-Identifier: Apache-2.0
"""A CZ made with one pair: exact cases, and what each fault costs."""

from __future__ import annotations

import numpy as np
import pytest

from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.gate_teleportation import (
    average_fidelity,
    grover_success,
    process_fidelity,
    remote_cz,
)
from heraldlink_physics.gates import CZ, H
from heraldlink_physics.pair_protocols import Tools, werner
from heraldlink_physics.permanents import Matrix
from heraldlink_physics.register import Register


def gate(pair: Matrix, tools: Tools | None = None, memory_flip: float = 0.0):
    return lambda register, one, other: remote_cz(register, one, other, pair, tools or Tools(), memory_flip)


def plain(register: Register, one: str, other: str) -> Register:
    return register.applied(CZ, one, other)


def test_a_perfect_pair_makes_a_perfect_gate() -> None:
    assert process_fidelity(gate(werner(1.0))) == pytest.approx(1, abs=1e-12)
    start = Register.ket(("a", "b"), np.array([0.6, 0.0, 0.0, 0.8j])).applied(H, "a").applied(H, "b")
    made = gate(werner(1.0))(start, "a", "b")
    assert made.sites == ("a", "b")
    assert np.allclose(made.state, start.applied(CZ, "a", "b").state, atol=1e-12)


@pytest.mark.parametrize("fidelity", [0.25, 0.5, 0.8, 0.97])
def test_with_perfect_tools_the_gate_is_as_good_as_the_pair(fidelity: float) -> None:
    assert process_fidelity(gate(werner(fidelity))) == pytest.approx(fidelity, abs=1e-12)


def test_errors_of_gates_readouts_and_memories_add_to_first_order() -> None:
    """Of the 15 Pauli errors of a local gate, the one along the readout's own axis is harmless."""
    small = 1e-4
    swap = np.array([[1 - small, small], [small, 1 - small]])
    for tools, flip, cost in (
        (Tools(two_qubit_error=small), 0.0, 2 * small * 14 / 16),
        (Tools(confusion=swap), 0.0, 2 * small),
        (Tools(), small, 2 * small),
    ):
        assert 1 - process_fidelity(gate(werner(1.0), tools, flip)) == pytest.approx(cost, rel=1e-3)


def test_grover_finds_what_is_marked() -> None:
    assert grover_success(plain) == pytest.approx(1, abs=1e-12)
    assert grover_success(gate(werner(1.0))) == pytest.approx(1, abs=1e-12)
    assert grover_success(gate(werner(0.25))) == pytest.approx(0.25, abs=1e-12)


def test_average_fidelity() -> None:
    assert average_fidelity(1.0) == 1
    assert average_fidelity(0.825) == pytest.approx(0.86)
    with pytest.raises(PhysicsError, match="memory_flip"):
        process_fidelity(gate(werner(1.0), memory_flip=0.6))
