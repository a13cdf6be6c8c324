# SPDX-License-Identifier: Apache-2.0
"""Swapping and distillation against closed forms, and from heralded pairs."""

from __future__ import annotations

import numpy as np
import pytest

from heraldlink_physics import gates
from heraldlink_physics.device import Qubit
from heraldlink_physics.gates import BELL
from heraldlink_physics.model import Emitter, Midpoint
from heraldlink_physics.pair_protocols import (
    Tools,
    bbpssw,
    bell_measured,
    dejmps,
    swapped,
    teleported_cz,
    werner,
)
from heraldlink_physics.qubit import idle_kraus
from heraldlink_physics.register import Register
from heraldlink_physics.single_click import single_click

NAMES = ("phi+", "psi-", "psi+", "phi-")  # in the order of Deutsch's A, B, C, D


def two_pairs(first: np.ndarray, second: np.ndarray) -> Register:
    return Register.pair("a1", "b1", first).joined(Register.pair("a2", "b2", second))


def bell_diagonal(weights: np.ndarray) -> np.ndarray:
    kets = [BELL[name] for name in NAMES]
    return sum(w * np.outer(ket, ket.conj()) for w, ket in zip(weights, kets, strict=True))


@pytest.mark.parametrize("seed", range(10))
def test_a_swap_of_werner_pairs(seed: int) -> None:
    f1, f2 = np.random.default_rng(seed).uniform(0.25, 1, 2)
    register = Register.pair("a", "m1", werner(f1)).joined(Register.pair("m2", "b", werner(f2)))
    pair = swapped(register, ("m1", "m2"), "b")
    assert pair.sites == ("a", "b")
    np.testing.assert_allclose(pair.state, werner(f1 * f2 + (1 - f1) * (1 - f2) / 3), atol=1e-14)
    outcomes = bell_measured(register, "m1", "m2", Tools())
    assert [outcomes[name].probability for name in NAMES] == pytest.approx([0.25] * 4)


def test_a_chain_of_swaps_with_bad_tools() -> None:
    """A depolarised CNOT and readouts that err with r each multiply the Werner weight w of the result."""
    error, wrong = 0.02, 0.03
    tools = Tools(error, np.array([[1 - wrong, wrong], [wrong, 1 - wrong]]))
    w = [0.9, 0.8, 0.95]
    fidelity = [(1 + 3 * x) / 4 for x in w]
    chain = Register.pair("a", "m1", werner(fidelity[0])).joined(
        Register.pair("m2", "n1", werner(fidelity[1]))
    )
    chain = swapped(chain, ("m1", "m2"), "n1", tools).joined(Register.pair("n2", "b", werner(fidelity[2])))
    pair = swapped(chain, ("n1", "n2"), "b", tools)
    right = 1 - wrong
    z, x = right - wrong, right - wrong  # each wrong readout is a flip of the correction
    correlations = {"Z": z**2, "X": x**2, "Y": (z * x) ** 2}
    for name, factor in correlations.items():
        pauli = getattr(gates, name)
        expected = np.prod(w) * (1 - error) ** 2 * factor * (-1 if name == "Y" else 1)
        found = np.trace(gates.kron(pauli, pauli) @ pair.state).real
        assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("fidelity", [0.3, 0.5, 0.55, 0.7, 0.9, 1.0])
def test_bbpssw_recurrence(fidelity: float) -> None:
    bad = (1 - fidelity) / 3
    p = fidelity**2 + 2 * fidelity * bad + 5 * bad**2
    outcome = bbpssw(two_pairs(werner(fidelity), werner(fidelity)), ("a1", "b1"), ("a2", "b2"))
    assert outcome.probability == pytest.approx(p, rel=1e-12)
    assert outcome.rest is not None
    assert outcome.rest.bell_fidelity("phi+", "a1", "b1") == pytest.approx(
        (fidelity**2 + bad**2) / p, rel=1e-12
    )
    if 0.5 < fidelity < 1:
        assert outcome.rest.bell_fidelity("phi+", "a1", "b1") > fidelity


@pytest.mark.parametrize("seed", range(10))
def test_dejmps_recurrence(seed: int) -> None:
    weights = np.random.default_rng(seed).dirichlet([4, 1, 1, 1])
    a, b, c, d = weights
    norm = (a + b) ** 2 + (c + d) ** 2
    expected = np.array([a * a + b * b, 2 * c * d, c * c + d * d, 2 * a * b]) / norm
    outcome = dejmps(two_pairs(*[bell_diagonal(weights)] * 2), ("a1", "b1"), ("a2", "b2"))
    assert outcome.probability == pytest.approx(norm, rel=1e-12)
    assert outcome.rest is not None
    np.testing.assert_allclose(outcome.rest.state, bell_diagonal(expected), atol=1e-14)


def test_distilling_heralded_pairs_beats_each_of_them() -> None:
    """Single-click pairs err only by ee, a bit flip against psi+: one round squares that error away."""
    herald = single_click(Emitter(0.2, 0.01), Emitter(0.2, 0.01), Midpoint()).patterns["c"]
    pair = Register.pair("a1", "b1", herald.photon).applied(gates.X, "b1")  # psi+ to phi+
    before = pair.bell_fidelity("phi+", "a1", "b1")
    assert before == pytest.approx(herald.fidelity_measured, rel=1e-12)
    both = pair.joined(Register(("a2", "b2"), pair.state))
    outcome = bbpssw(both, ("a1", "b1"), ("a2", "b2"))
    assert outcome.rest is not None
    after = outcome.rest.bell_fidelity("phi+", "a1", "b1")
    assert after == pytest.approx(before**2 / (before**2 + (1 - before) ** 2), rel=1e-9)
    noisy = bbpssw(both, ("a1", "b1"), ("a2", "b2"), Tools(0.05))
    assert noisy.rest is not None
    assert noisy.rest.bell_fidelity("phi+", "a1", "b1") < after


def process_fidelity(pair: np.ndarray, tools: Tools) -> float:
    """Fidelity of the gate's Choi state: control and target are halves of phi+ with references."""
    phi = np.outer(BELL["phi+"], BELL["phi+"])
    register = Register.pair("r1", "control", phi).joined(Register.pair("r2", "target", phi))
    register = register.joined(Register.pair("a", "b", pair))
    done = teleported_cz(register, "control", "target", ("a", "b"), tools)
    ideal = Register.pair("r1", "control", phi).joined(Register.pair("r2", "target", phi))
    wanted = ideal.applied(gates.CZ, "control", "target").reordered(*done.sites)
    return float(np.trace(wanted.state @ done.state).real)


@pytest.mark.parametrize("seed", range(4))
def test_a_teleported_gate_is_as_good_as_its_pair(seed: int) -> None:
    weights = np.random.default_rng(seed).dirichlet([4, 1, 1, 1])
    assert process_fidelity(bell_diagonal(weights), Tools()) == pytest.approx(weights[0], rel=1e-12)


def test_a_teleported_gate_with_bad_tools() -> None:
    """Readouts that err turn the gate by the same Zs as a wrong pair: all four chances convolve."""
    wrong, error, fidelity = 0.02, 0.01, 0.97
    tools = Tools(0.0, np.array([[1 - wrong, wrong], [wrong, 1 - wrong]]))
    bad = (1 - fidelity) / 3
    right = fidelity * (1 - wrong) ** 2 + bad * (2 * wrong * (1 - wrong) + wrong**2)
    assert process_fidelity(werner(fidelity), tools) == pytest.approx(right, rel=1e-12)
    assert process_fidelity(werner(1.0), Tools(error)) < process_fidelity(werner(1.0), Tools(error / 2)) < 1


def test_a_pair_that_waits_in_two_memories() -> None:
    """Idle memories from the device's T1 and T2: the coherence of phi+ decays with both nodes' T2."""
    qubit, wait_s = Qubit(5e9, 1e9, dephasing=0.0, loading_efficiency=1.0, t1_s=1e-3, t2_s=4e-4), 1e-4
    pair = Register.pair("a", "b", werner(1.0))
    for site in pair.sites:
        pair = pair.through(idle_kraus(qubit, wait_s), site)
    assert abs(pair.state[0, 3]) == pytest.approx(0.5 * np.exp(-2 * wait_s / 4e-4), rel=1e-12)
    assert pair.state[3, 3].real == pytest.approx(0.5 * np.exp(-2 * wait_s / 1e-3), rel=1e-12)
