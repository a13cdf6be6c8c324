# SPDX-License-Identifier: Apache-2.0
"""Correlators, fidelities and exact tests, against sampled data and scipy."""

from __future__ import annotations

from math import isnan, sqrt

import numpy as np
import pytest
from exact_statistics import two_sided
from scipy import stats

from heraldlink_physics.analysis import (
    Estimate,
    ReadoutErrors,
    Table,
    bell_fidelity,
    combine,
    corrected_bell_fidelity,
    corrected_correlator,
    correlator,
)
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.statistics import binomial_p_value

PAULI = {"X": np.array([[0, 1], [1, 0]]), "Y": np.array([[0, -1j], [1j, 0]]), "Z": np.diag([1, -1])}


def table(a: int, b: int, c: int, d: int) -> Table:
    return np.array([[a, b], [c, d]], dtype=np.int64)


def probabilities(state: np.ndarray, basis: str) -> np.ndarray:
    sides = []
    for letter in basis:
        values, vectors = np.linalg.eigh(PAULI[letter])
        sides.append(vectors[:, np.argsort(-values)])
    both = np.kron(*sides)
    return np.real(np.diag(both.conj().T @ state @ both))


def read_out(share: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.kron(a, b).T @ share


def confusion(wrong_g: float, wrong_e: float) -> np.ndarray:
    return np.array([[1 - wrong_g, wrong_g], [wrong_e, 1 - wrong_e]])


@pytest.fixture
def state() -> np.ndarray:
    """Psi+ with weight 0.7, some coherence lost, the rest spread unevenly."""
    rho = np.diag([0.12, 0.33, 0.37, 0.18]).astype(complex)
    rho[1, 2] = 0.29 * np.exp(0.1j)
    rho[2, 1] = rho[1, 2].conjugate()
    return rho


def test_correlator_and_its_error() -> None:
    found = correlator(table(40, 10, 15, 35))
    assert found.value == pytest.approx(0.5)
    assert found.sigma == pytest.approx(sqrt(0.75 / 100))
    empty = correlator(table(0, 0, 0, 0))
    assert isnan(empty.value)
    assert empty.sigma == np.inf


@pytest.mark.parametrize(("bell", "sign"), [("psi+", 1), ("psi-", -1)])
def test_fidelity_is_the_overlap_with_the_bell_state(state: np.ndarray, bell: str, sign: int) -> None:
    tables = {
        basis: np.round(probabilities(state, basis).reshape(2, 2) * 10**12) for basis in ("XX", "YY", "ZZ")
    }
    vector = np.array([0, 1, sign, 0]) / sqrt(2)
    expected = float((vector @ state @ vector).real)
    assert bell_fidelity({k: v.astype(np.int64) for k, v in tables.items()}, bell).value == pytest.approx(
        expected, abs=1e-11
    )


def test_correction_undoes_readout_errors_and_its_error_is_right(state: np.ndarray) -> None:
    """Raw data misses the fidelity by many sigma; corrected data has the right mean and spread."""
    rng = np.random.default_rng(11)
    a, b = confusion(0.06, 0.11), confusion(0.09, 0.04)
    vector = np.array([0, 1, 1, 0]) / sqrt(2)
    truth = float((vector @ state @ vector).real)
    pulls, raws = [], []
    for _ in range(500):
        tables = {
            basis: rng.multinomial(700, read_out(probabilities(state, basis), a, b)).reshape(2, 2)
            for basis in ("XX", "YY", "ZZ")
        }
        calibrations = [
            ReadoutErrors(300, int(rng.binomial(300, m[0, 1])), 300, int(rng.binomial(300, m[1, 0])))
            for m in (a, b)
        ]
        pulls.append(corrected_bell_fidelity(tables, "psi+", *calibrations).deviation(truth))
        raws.append(bell_fidelity(tables, "psi+").deviation(truth))
    assert np.mean(raws) < -5
    assert abs(np.mean(pulls)) < 0.3  # a correction by a ratio of counts is biased by a fraction of sigma
    assert np.std(pulls) == pytest.approx(1, abs=0.12)


def test_corrected_correlator_agrees_with_inverting_the_matrices(state: np.ndarray) -> None:
    a, b = confusion(0.06, 0.11), confusion(0.09, 0.04)
    share = read_out(probabilities(state, "XX"), a, b)
    counts = np.round(share * 10**10).astype(np.int64).reshape(2, 2)
    errors = (
        ReadoutErrors(10**9, 6 * 10**7, 10**9, 11 * 10**7),
        ReadoutErrors(10**9, 9 * 10**7, 10**9, 4 * 10**7),
    )
    expected = np.array([1, -1, -1, 1]) @ np.linalg.solve(np.kron(a, b).T, counts.reshape(4) / counts.sum())
    assert corrected_correlator(counts, *errors).value == pytest.approx(expected, abs=1e-12)


def test_few_calibration_shots_widen_the_error(state: np.ndarray) -> None:
    counts = np.round(probabilities(state, "ZZ") * 10**4).astype(np.int64).reshape(2, 2)
    many, few = (ReadoutErrors(n, n // 20, n, n // 20) for n in (10**6, 60))
    assert corrected_correlator(counts, few, few).sigma > 2 * corrected_correlator(counts, many, many).sigma
    with pytest.raises(PhysicsError, match="contrast"):
        corrected_correlator(counts, ReadoutErrors(10, 6, 10, 5), many)
    with pytest.raises(PhysicsError, match="calibration"):
        ReadoutErrors(0, 0, 10, 0)


def test_both_bell_states_combine_by_their_heralds() -> None:
    found = combine([Estimate(0.8, 0.02), Estimate(0.6, 0.04)], [300, 100])
    assert found.value == pytest.approx(0.75)
    assert found.sigma == pytest.approx(sqrt((300 * 0.02) ** 2 + (100 * 0.04) ** 2) / 400)
    assert combine([Estimate(0.8, 0.02), Estimate(float("nan"), np.inf)], [300, 0]) == Estimate(0.8, 0.02)
    assert isnan(combine([], []).value)


@pytest.mark.parametrize(
    ("k", "n", "p"),
    [(0, 10, 0.3), (10, 10, 0.3), (3, 10, 0.3), (2100, 10**6, 2e-3), (1700, 10**6, 2e-3), (7, 7, 1.0)],
)
def test_binomial_tails(k: int, n: int, p: float) -> None:
    below, at, above = stats.binom.cdf(k - 1, n, p), stats.binom.pmf(k, n, p), stats.binom.sf(k, n, p)
    rel = 1e-7
    assert binomial_p_value(k, n, p) == pytest.approx(min(1, 2 * min(below + at, at + above)), rel=rel)


def test_randomised_p_values_are_uniform() -> None:
    rng = np.random.default_rng(3)
    values = [
        two_sided(int(k), 50, 0.05, float(u))
        for k, u in zip(rng.binomial(50, 0.05, 3000), rng.random(3000), strict=True)
    ]
    assert stats.kstest(values, "uniform").pvalue > 1e-3


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(PhysicsError, match="11 successes in 10"):
        binomial_p_value(11, 10, 0.5)
    with pytest.raises(PhysicsError, match=r"probability = 1\.5"):
        binomial_p_value(1, 10, 1.5)
