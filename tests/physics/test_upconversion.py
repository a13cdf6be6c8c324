# SPDX-License-Identifier: Apache-2.0
"""Upconverted photons with added noise: closed forms against the general model and random displacements."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest
import qutip as qt

from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.general import conditional
from heraldlink_physics.loading import psi_overlap
from heraldlink_physics.model import Emitter, Midpoint
from heraldlink_physics.single_click import single_click
from heraldlink_physics.upconversion import (
    best_bright,
    resolved_one_click,
    upconverted_arm,
    weak_one_click,
    weak_two_click,
)

THRESHOLD = (sqrt(2) - 1) / 2


def one_click(bright: float, efficiency: float, n_added: float, photons: int) -> tuple[float, float]:
    """P and F of one click in the general model."""
    arm = upconverted_arm(Emitter(bright, efficiency), n_added, photons)
    state = conditional(arm, arm, Midpoint()).state("c")
    probability = float(np.trace(state).real)
    return 2 * probability, psi_overlap(state, 1) / probability


def displaced(bright: float, n_added: float, dimension: int) -> np.ndarray:
    """Qubit and mode after displacements of Gaussian spread: added noise by its definition."""
    start = sqrt(1 - bright) * qt.tensor(qt.basis(2, 0), qt.basis(dimension, 0))
    start = start + sqrt(bright) * qt.tensor(qt.basis(2, 1), qt.basis(dimension, 1))
    nodes, weights = np.polynomial.hermite.hermgauss(16)
    total = 0 * qt.ket2dm(start)
    for x, weight_x in zip(nodes, weights, strict=True):
        for y, weight_y in zip(nodes, weights, strict=True):
            shift = qt.tensor(qt.qeye(2), qt.displace(dimension, sqrt(n_added) * complex(x, y)))
            total = total + weight_x * weight_y / np.pi * qt.ket2dm(shift * start)
    return total.full().reshape(2, dimension, 2, dimension)


@pytest.mark.parametrize(("bright", "n_added"), [(0.3, 0.05), (0.5, 0.2)])
def test_added_noise_is_a_random_displacement(bright: float, n_added: float) -> None:
    found = upconverted_arm(Emitter(bright, 0.1), n_added, 6).matrix
    expected = displaced(bright, n_added, 40)[:, :6, :, :6]
    assert np.abs(found - expected).max() < 1e-7


@pytest.mark.parametrize(("bright", "n_added", "photons"), [(0.2, 0.02, 8), (0.4, 0.2, 16), (0.05, 5e-4, 5)])
def test_closed_forms_are_the_limit_of_small_efficiency(bright: float, n_added: float, photons: int) -> None:
    probability, fidelity = one_click(bright, 1e-5, n_added, photons)
    assert probability == pytest.approx(2e-5 * (bright + n_added), rel=1e-4)
    assert fidelity == pytest.approx(weak_one_click(bright, n_added), abs=1e-5)


@pytest.mark.parametrize(("n_added", "photons"), [(5e-4, 5), (0.03, 9)])
def test_two_clicks_with_noise(n_added: float, photons: int) -> None:
    arm = upconverted_arm(Emitter(0.5, 1e-4), n_added, photons, twice=True)
    both = conditional(arm, arm, Midpoint())
    for state, sign in ((both.state("c", "c"), 1), (both.state("c", "d"), -1)):
        fidelity = psi_overlap(state, sign) / float(np.trace(state).real)
        assert fidelity == pytest.approx(weak_two_click(n_added), abs=3e-5)


def test_without_noise_it_is_the_emitter() -> None:
    emitter = Emitter(0.3, 0.4)
    probability, fidelity = one_click(0.3, 0.4, 0.0, 3)
    plain = single_click(emitter, emitter, Midpoint())
    assert probability == pytest.approx(plain.probability, abs=1e-12)
    assert fidelity == pytest.approx(plain.fidelity, abs=1e-12)


def test_best_population_and_thresholds() -> None:
    for n_added in (1e-4, 0.01, 0.3, 2.0):
        grid = [weak_one_click(alpha, n_added) for alpha in np.linspace(0.001, 0.999, 1999)]
        assert weak_one_click(best_bright(n_added), n_added) >= max(grid)
    assert weak_one_click(best_bright(THRESHOLD), THRESHOLD) == pytest.approx(0.5, abs=1e-12)
    assert weak_two_click(THRESHOLD) == pytest.approx(0.5, abs=1e-12)
    assert resolved_one_click(sqrt(THRESHOLD)) == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize("n_added", [0.01, 0.2, 0.5])
def test_exactly_one_photon_by_counting(n_added: float) -> None:
    """The closed form at its best α, from the arms' own matrix elements."""

    def fidelity(bright: float) -> float:
        rho = upconverted_arm(Emitter(bright, 1.0), n_added, 30).matrix
        one = np.einsum("xy,zw->xzyw", rho[:, 1, :, 1], rho[:, 0, :, 0])
        other = np.einsum("xy,zw->xzyw", rho[:, 0, :, 0], rho[:, 1, :, 1])
        cross = np.einsum("xy,zw->xzyw", rho[:, 1, :, 0], rho[:, 0, :, 1])
        state = (one + other + cross + cross.transpose(2, 3, 0, 1).conj()).reshape(4, 4) / 2
        return psi_overlap(state, 1) / float(np.trace(state).real)

    best = max(fidelity(alpha) for alpha in np.linspace(0.005, 0.995, 496))
    assert best == pytest.approx(resolved_one_click(n_added), abs=2e-5)


def test_what_is_not_modelled_is_refused() -> None:
    with pytest.raises(PhysicsError, match="double excitation"):
        upconverted_arm(Emitter(0.3, 0.1, double_excitation=0.1), 0.1, 5)
    with pytest.raises(PhysicsError, match="n_added"):
        weak_two_click(-0.1)
