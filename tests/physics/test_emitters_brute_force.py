# SPDX-License-Identifier: Apache-2.0
"""Emitters, with one click and with two, against explicit isometries and beam splitters."""

from __future__ import annotations

import fock_oracle as oracle
import numpy as np
import pytest

from heraldlink_physics.model import Emitter, Midpoint
from heraldlink_physics.single_click import single_click
from heraldlink_physics.two_rounds import barrett_kok

SEEDS = range(12)


def station(rng: np.random.Generator) -> oracle.Station:
    return oracle.Station(
        visibility=rng.uniform(0, 1),
        sigma=rng.uniform(0, 1),
        dark=(rng.uniform(0, 0.1), rng.uniform(0, 0.1)),
        detectors=(rng.uniform(0.2, 1), rng.uniform(0.2, 1)),
        offset=rng.uniform(-3, 3),
    )


def midpoint(item: oracle.Station) -> Midpoint:
    return Midpoint(item.visibility, item.sigma, item.dark, item.detectors, phase_offset_rad=item.offset)


def emit(state: np.ndarray, phase: float) -> np.ndarray:
    """Two qubits (4, 4) -> with a photon from each e, B's with the phase; axes (qubits, A, B) twice."""
    emission = np.zeros((4, 2, 2, 4), dtype=complex)
    for a in range(2):
        for b in range(2):
            emission[2 * a + b, a, b, 2 * a + b] = np.exp(1j * phase * b)
    return np.einsum("qabx,xy,rcdy->qabrcd", emission, state, emission.conj())


def clicked(state: np.ndarray, operator: np.ndarray) -> np.ndarray:
    return np.einsum("qabrcd,cdab->qr", state, operator)


def flips(state: np.ndarray, dephasing: tuple[float, float]) -> np.ndarray:
    z_a, z_b = np.diag([1, 1, -1, -1]), np.diag([1, -1, 1, -1])
    state = (1 - dephasing[0]) * state + dephasing[0] * z_a @ state @ z_a
    return (1 - dephasing[1]) * state + dephasing[1] * z_b @ state @ z_b


def one_click(operators: dict[tuple[str, str], np.ndarray], port: str) -> np.ndarray:
    if port == "c":
        return operators["photon", "none"] + operators["dark", "none"]
    return operators["none", "photon"] + operators["none", "dark"]


@pytest.mark.parametrize("seed", SEEDS)
def test_single_click(seed: int) -> None:
    rng = np.random.default_rng(seed)
    place = station(rng)
    alphas, etas, dephasing = rng.uniform(0, 1, 2), rng.uniform(0, 1, 2), tuple(rng.uniform(0, 0.5, 2))
    vectors = [np.array([np.sqrt(1 - alpha), np.sqrt(alpha)]) for alpha in alphas]
    start = np.outer(np.kron(*vectors), np.kron(*vectors))
    emitted = sum(weight * emit(start, phase) for phase, weight in oracle.phases(place))
    a, b = (Emitter(*item) for item in zip(alphas, etas, dephasing, strict=True))
    model = single_click(a, b, midpoint(place))
    for cause, operator in oracle.click_operators(2, etas[0], etas[1], place).items():
        expected = flips(clicked(emitted, operator), dephasing)
        np.testing.assert_allclose(model.clicks[cause], expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("seed", SEEDS)
def test_barrett_kok(seed: int) -> None:
    rng = np.random.default_rng(seed)
    place = station(rng)
    etas, dephasing = rng.uniform(0, 1, 2), tuple(rng.uniform(0, 0.5, 2))
    operators = oracle.click_operators(2, etas[0], etas[1], place)
    flip = np.fliplr(np.eye(4))
    p = good = 0.0
    for x in "cd":
        for y in "cd":
            after = np.zeros((4, 4), dtype=complex)
            for phase, weight in oracle.phases(place):
                first = clicked(emit(np.full((4, 4), 0.25), 0.4), one_click(operators, x))
                after += weight * clicked(emit(flip @ first @ flip, 0.4 + phase), one_click(operators, y))
            after = flips(after, dephasing)
            p += float(np.trace(after).real)
            good += oracle.overlap(after, "c" if x == y else "d")
    result = barrett_kok(etas[0], etas[1], midpoint(place), dephasing=dephasing)
    assert result.probability == pytest.approx(p, rel=1e-10)
    assert result.fidelity == pytest.approx(good / p, rel=1e-10)
