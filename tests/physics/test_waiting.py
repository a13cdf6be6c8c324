# SPDX-License-Identifier: Apache-2.0
"""Pairs that wait: against the Bloch equations of each qubit, solved."""

from math import exp, inf

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink_physics.device import Qubit
from heraldlink_physics.model import Arm, Midpoint
from heraldlink_physics.pair_source import pair_source
from heraldlink_physics.waiting import waited

PAULIS = (np.eye(2), np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1]))
MODEL = pair_source(
    Arm(0.1, 0.3, 0.02, microwave_efficiency=0.9),
    Arm(0.2, 0.2, dephasing=0.05),
    Midpoint(0.9, 0.2, (1e-3, 2e-3), phase_offset_rad=0.3),
)


def bloch(qubit: Qubit, time_s: float) -> np.ndarray:
    """The map of (1, x, y, z), g at z = +1."""
    left, rest = exp(-time_s / qubit.t1_s), 1 - 2 * qubit.thermal_population
    coherence = exp(-time_s / qubit.t2_s)
    found = np.diag([1.0, coherence, coherence, left])
    found[3, 0] = rest * (1 - left)
    return found


def correlations(state: np.ndarray) -> np.ndarray:
    return np.array([[np.trace(state @ np.kron(a, b)).real for b in PAULIS] for a in PAULIS])


times = st.floats(1e-6, 1e-3)


@settings(max_examples=30)
@given(times, times, st.floats(0, 0.5), st.floats(0, 1e-4))
def test_every_correlation_follows_the_bloch_equations(
    t1_s: float, t2_s: float, thermal: float, wait_s: float
) -> None:
    qubits = (
        Qubit(5e9, 1e9, 0.0, 1.0, t1_s, min(t2_s, 2 * t1_s), thermal),
        Qubit(5e9, 1e9, 0.0, 1.0, 2 * t1_s, inf if t1_s == inf else t1_s),
    )
    found = waited(MODEL, qubits, wait_s)
    for port, sign in (("c", 1), ("d", -1)):
        before, after = MODEL.patterns[port], found.patterns[port]
        expected = bloch(qubits[0], wait_s) @ correlations(before.state) @ bloch(qubits[1], wait_s).T
        assert correlations(after.state) == pytest.approx(expected, abs=1e-12)
        fidelity = (1 - expected[3, 3] + sign * (expected[1, 1] + expected[2, 2])) / 4
        assert after.fidelity_measured == pytest.approx(fidelity, abs=1e-12)
        assert after.probability == before.probability
        assert np.trace(after.photon + after.dark).real == pytest.approx(before.probability, rel=1e-12)
    total = sum(np.trace(state).real for state in found.clicks.values())
    assert total == pytest.approx(1.0, abs=1e-12)


def test_a_qubit_that_keeps_its_state_changes_nothing() -> None:
    qubit = Qubit(5e9, 1e9, 0.0, 1.0)
    assert waited(MODEL, (qubit, qubit), 1.0) is MODEL
