# SPDX-License-Identifier: Apache-2.0
"""Registers against QuTiP: gates, channels, partial traces, measurements on random states and sites."""

from __future__ import annotations

import numpy as np
import pytest
import qutip

from heraldlink_physics import gates
from heraldlink_physics.device import Qubit
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.qubit import idle_kraus
from heraldlink_physics.register import Outcome, Register, mixed

SITES = ("a", "b", "c", "d")


def random_register(rng: np.random.Generator, sites: tuple[str, ...] = SITES) -> Register:
    size = 2 ** len(sites)
    factor = rng.normal(size=(size, size, 2)) @ [1, 1j]
    state = factor @ factor.conj().T
    return Register(sites, state / np.trace(state))


def as_qutip(register: Register) -> qutip.Qobj:
    return qutip.Qobj(register.state, dims=[[2] * len(register.sites)] * 2)


def expanded(operator: np.ndarray, places: list[int]) -> qutip.Qobj:
    """QuTiP's own embedding of an operator on some of the four qubits."""
    k = len(places)
    return qutip.expand_operator(qutip.Qobj(operator, dims=[[2] * k] * 2), dims=[2] * 4, targets=places)


def random_unitary(rng: np.random.Generator, qubits: int) -> np.ndarray:
    return np.linalg.qr(rng.normal(size=(2**qubits, 2**qubits, 2)) @ [1, 1j])[0]


@pytest.mark.parametrize("seed", range(10))
def test_gates_and_channels_act_on_their_sites(seed: int) -> None:
    rng = np.random.default_rng(seed)
    register = random_register(rng)
    places = rng.permutation(4)[: rng.integers(1, 4)].tolist()
    sites = [SITES[place] for place in places]
    gate = random_unitary(rng, len(places))
    whole = expanded(gate, places)
    expected = whole * as_qutip(register) * whole.dag()
    np.testing.assert_allclose(register.applied(gate, *sites).state, expected.full(), atol=1e-14)
    kraus = gates.depolarising(0.3, len(places))
    expected = sum(expanded(k, places) * as_qutip(register) * expanded(k, places).dag() for k in kraus)
    np.testing.assert_allclose(register.through(kraus, *sites).state, expected.full(), atol=1e-14)


@pytest.mark.parametrize("seed", range(10))
def test_partial_traces_and_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    register = random_register(rng)
    places = rng.permutation(4)[: rng.integers(1, 5)].tolist()
    kept = register.reduced(*(SITES[place] for place in places))
    expected = as_qutip(register).ptrace(places).permute(np.argsort(np.argsort(places)).tolist())
    np.testing.assert_allclose(kept.state, expected.full(), atol=1e-14)
    order = [SITES[place] for place in rng.permutation(4)]
    back = register.reordered(*order).reordered(*SITES)
    np.testing.assert_allclose(back.state, register.state, atol=1e-15)


def test_channels_are_those_of_their_equations() -> None:
    rng = np.random.default_rng(1)
    one = random_register(rng, ("q",))
    rho = one.state
    flipped = one.through(gates.dephasing(0.2), "q").state
    np.testing.assert_allclose(flipped, rho * [[1, 0.6], [0.6, 1]], atol=1e-15)
    np.testing.assert_allclose(
        one.through(gates.depolarising(0.3), "q").state, 0.7 * rho + 0.15 * np.eye(2), atol=1e-15
    )
    thermal, time = 0.1, -np.log(0.6)
    down, up = qutip.destroy(2), qutip.create(2)
    rates = [np.sqrt(1 - thermal) * down, np.sqrt(thermal) * up]
    liouvillian = qutip.liouvillian(None, rates) * time
    expected = qutip.vector_to_operator(liouvillian.expm() * qutip.operator_to_vector(as_qutip(one)))
    found = one.through(idle_kraus(Qubit(5e9, 1e9, 0.0, 1.0, 1.0, 2.0, thermal), time), "q").state
    np.testing.assert_allclose(found, expected.full(), atol=1e-12)


@pytest.mark.parametrize(("name", "axis"), [("x", (1, 0, 0)), ("y", (0, 2, 0)), ("z", (0, 0, 0.5))])
def test_rotations(name: str, axis: tuple[float, float, float]) -> None:
    expected = (-0.5j * 0.7 * {"x": qutip.sigmax(), "y": qutip.sigmay(), "z": qutip.sigmaz()}[name]).expm()
    np.testing.assert_allclose(gates.rotation(0.7, axis), expected.full(), atol=1e-14)


def test_controlled_gates_and_bell_states() -> None:
    zero = Register.ket(("a", "b"), np.array([1, 0, 0, 0]))
    pair = zero.applied(gates.H, "a").applied(gates.CNOT, "a", "b")
    assert pair.bell_fidelity("phi+", "a", "b") == pytest.approx(1)
    by_cz = zero.applied(gates.H, "a").applied(gates.H, "b").applied(gates.CZ, "b", "a").applied(gates.H, "b")
    np.testing.assert_allclose(by_cz.state, pair.state, atol=1e-15)
    for name, pauli in (("phi-", gates.Z), ("psi+", gates.X), ("psi-", gates.Z @ gates.X)):
        assert pair.applied(pauli, "b").bell_fidelity(name, "a", "b") == pytest.approx(1)
    assert np.trace(gates.kron(gates.Y, gates.Y) @ pair.state).real == pytest.approx(-1)


def test_measurement_with_a_confused_readout() -> None:
    rng = np.random.default_rng(4)
    register = random_register(rng)
    confusion = np.array([[0.9, 0.1], [0.25, 0.75]])
    outcomes = register.measured("c", confusion)
    projectors = [expanded(np.diag(d).astype(complex), [2]) for d in ([1, 0], [0, 1])]
    for read, outcome in enumerate(outcomes):
        parts = [
            confusion[t, read] * (projectors[t] * as_qutip(register)).ptrace([0, 1, 3]) for t in range(2)
        ]
        expected = sum(parts)
        assert outcome.probability == pytest.approx(expected.tr().real, rel=1e-12)
        assert outcome.rest is not None
        np.testing.assert_allclose(outcome.rest.state, expected.full() / expected.tr(), atol=1e-14)
    forgotten = mixed(outcomes).rest
    assert forgotten is not None
    np.testing.assert_allclose(forgotten.state, register.reduced("a", "b", "d").state, atol=1e-14)


def test_what_never_happens_has_no_state() -> None:
    ground = Register.ket(("a", "b"), np.array([1, 0, 0, 0]))
    g, e = ground.measured("a")
    assert (g.probability, e) == (1.0, Outcome(0.0, None))
    assert mixed([e]) == Outcome(0.0, None)


def test_impossible_registers_are_refused() -> None:
    ground = Register.ket(("a", "b"), np.array([1, 0, 0, 0]))
    with pytest.raises(PhysicsError, match="different names"):
        ground.joined(ground)
    with pytest.raises(PhysicsError, match="not different ones"):
        ground.applied(gates.CZ, "a", "a")
    with pytest.raises(PhysicsError, match="not different ones"):
        ground.reduced("z")
    with pytest.raises(PhysicsError, match="keep the trace"):
        ground.applied(2 * gates.X, "a")
    with pytest.raises(PhysicsError, match="does not act on 1"):
        ground.applied(gates.CZ, "a")
    with pytest.raises(PhysicsError, match="trace 1"):
        Register(("a",), np.eye(2, dtype=complex))
    with pytest.raises(PhysicsError, match="never heralded"):
        Register.pair("a", "b", np.zeros((4, 4), dtype=complex))
    with pytest.raises(PhysicsError, match="sum to 1"):
        ground.measured("a", np.array([[1, 0], [0.5, 0.6]]))
    with pytest.raises(PhysicsError, match="at most 10"):
        Register(tuple(map(str, range(11))), np.eye(2, dtype=complex))
