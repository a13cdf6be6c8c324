# SPDX-License-Identifier: Apache-2.0
"""Counts of a readout gate in which the qubit may relax: exact sums, an integral, and a simulation."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest
from scipy import integrate, linalg, stats

from heraldlink_physics.counting import count_probabilities
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.readout import assignment_fidelity, best_threshold, confusion

CASES = [
    (0.21, 1.8, 0.3, 0.0),
    (0.03, 3.5, 0.05, 0.02),
    (2.0, 9.0, 1.5, 0.3),
    (12.0, 60.0, 0.2, 0.1),
    (0.0, 5.0, 8.0, 0.5),
]


@pytest.mark.parametrize(("g", "e", "x", "p"), CASES)
def test_counts_solve_the_master_equation_of_state_and_count(g: float, e: float, x: float, p: float) -> None:
    """Against the exponential of its generator, counts above the largest one leaving the space."""
    largest = 25
    generator = np.zeros((2 * (largest + 1),) * 2)
    for n in range(largest + 1):
        for state, (clicks, jump) in enumerate(((g, x * p), (e, x * (1 - p)))):
            here = 2 * n + state
            generator[here, here] -= clicks + jump
            generator[2 * n + 1 - state, here] += jump
            if n < largest:
                generator[here + 2, here] += clicks
    law = linalg.expm(generator)
    expected = [law[:, start].reshape(-1, 2).sum(axis=1) for start in (0, 1)]
    found = count_probabilities(g, e, largest, gate_over_t1=x, thermal=p)
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(("g", "e", "x"), [(0.21, 1.8, 0.3), (2.0, 9.0, 1.5)])
def test_counts_of_one_decay_are_its_integral(g: float, e: float, x: float) -> None:
    """A cold qubit decays once, at a random time, or not at all."""
    for n in (0, 1, 4):
        after = integrate.quad(
            lambda s, n=n: x * exp(-x * s) * stats.poisson.pmf(n, e * s + g * (1 - s)), 0, 1
        )
        expected = exp(-x) * stats.poisson.pmf(n, e) + after[0]
        found = count_probabilities(g, e, n, gate_over_t1=x)
        assert found[1, n] == pytest.approx(expected, rel=1e-9)
        assert found[0, n] == pytest.approx(stats.poisson.pmf(n, g), rel=1e-12)


@pytest.mark.parametrize(("g", "e", "x", "p"), CASES[:3])
def test_counts_match_a_walk_through_many_gates(g: float, e: float, x: float, p: float) -> None:
    """Qubits followed in steps of a two-thousandth of the gate, chi squared over the counts."""
    rng, shots, steps = np.random.default_rng(8), 4000, 2000
    excited = np.ones(shots, dtype=bool)
    in_e = np.zeros(shots)
    for _ in range(steps):
        in_e += excited
        jump = np.where(excited, 1 - p, p) * x / steps
        excited ^= rng.random(shots) < jump
    counts = rng.poisson(g + (e - g) * in_e / steps)
    largest = int(np.quantile(counts, 0.98))
    likely = count_probabilities(g, e, largest, gate_over_t1=x, thermal=p)[1]
    seen = np.bincount(counts.clip(max=largest + 1), minlength=largest + 2)
    assert stats.chisquare(seen, shots * np.append(likely, 1 - likely.sum())).pvalue > 1e-3


def test_a_qubit_that_stays_counts_as_poisson_says() -> None:
    found = count_probabilities(0.4, 30.0, 60)
    np.testing.assert_allclose(found, stats.poisson.pmf(np.arange(61), [[0.4], [30.0]]), atol=1e-14)
    assert np.array_equal(count_probabilities(0.0, 0.0, 2), [[1, 0, 0], [1, 0, 0]])


@pytest.mark.parametrize(("g", "e", "x", "p"), CASES)
def test_means_and_thresholds_follow_the_distribution(g: float, e: float, x: float, p: float) -> None:
    whole = count_probabilities(g, e, 200, gate_over_t1=x, thermal=p)
    in_e = p + (np.array([0.0, 1.0]) - p) * (1 - exp(-x)) / x  # share of the gate
    np.testing.assert_allclose(whole @ np.arange(201), g + (e - g) * in_e, rtol=1e-9)
    chosen = best_threshold(g, e, gate_over_t1=x, thermal=p)
    matrices = [confusion(g, e, t, gate_over_t1=x, thermal=p) for t in range(1, 60)]
    fidelities = [assignment_fidelity(matrix) for matrix in matrices]
    assert fidelities[chosen - 1] == pytest.approx(max(fidelities), abs=1e-12)
    np.testing.assert_allclose(matrices[chosen - 1][:, 0], whole[:, :chosen].sum(axis=1), atol=1e-12)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gate_over_t1": -0.1}, "gate_over_t1 = -0.1 is impossible"),
        ({"thermal": 0.7}, "thermal = 0.7 is impossible: allowed are 0 to 0.5"),
    ],
)
def test_impossible_gates_are_refused(changes: dict[str, float], words: str) -> None:
    with pytest.raises(PhysicsError, match=words):
        confusion(0.1, 1.0, 1, **changes)
    with pytest.raises(PhysicsError, match="mean_g = -1"):
        confusion(-1.0, 1.0, 1)
    with pytest.raises(PhysicsError, match="cannot be told apart"):
        best_threshold(1.0, 1.0)
