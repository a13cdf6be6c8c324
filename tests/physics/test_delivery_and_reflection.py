# SPDX-License-Identifier: Apache-2.0
"""Delivery at a stated time and heralding by reflection."""

from __future__ import annotations

from math import exp

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from heraldlink_physics.delivery import (
    best_delivered_fidelity,
    best_wait,
    delivered_fidelity,
    entangling_link_efficiency,
)
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.reflection import Cavity, reflection


@pytest.mark.parametrize("eta", [0.05, 0.5, 0.83, 0.999999999, 1.0, 3.0, 8.0])
def test_the_best_delivery_is_the_published_one(eta: float) -> None:
    expected = (1 + 3 * (eta ** (1 / (1 - eta)) if abs(eta - 1) > 1e-6 else exp(-1))) / 4
    assert best_delivered_fidelity(eta) == pytest.approx(expected, rel=1e-7)
    found = minimize_scalar(lambda t: -delivered_fidelity(eta, t), bounds=(0, 20), method="bounded")
    assert -found.fun == pytest.approx(best_delivered_fidelity(eta), abs=1e-9)
    assert best_wait(eta) == pytest.approx(found.x, abs=1e-3)


@pytest.mark.parametrize("eta", [0.5, 1 - 1e-9, 2.0, 1e308])
def test_a_pair_that_is_long_overdue_is_mixed(eta):
    """exp(-wait) alone would underflow where the other exponential overflows."""
    assert delivered_fidelity(eta, 1e5) == 0.25
    kept = 0.5 / (0.5 - 1) * (exp(-100.0) - exp(-50.0))
    assert delivered_fidelity(0.5, 100.0) == pytest.approx((1 + 3 * kept) / 4, rel=1e-12)


@pytest.mark.parametrize("eta", [0.2, 1.0, 5.0])
def test_what_is_delivered_is_the_average_over_arrivals(eta: float) -> None:
    wait = 0.7
    kept = quad(lambda t: eta * exp(-eta * t) * exp(-(wait - t)), 0, wait)[0]
    assert delivered_fidelity(eta, wait) == pytest.approx((1 + 3 * kept) / 4, rel=1e-10)


def test_the_threshold_is_where_half_is_reached() -> None:
    assert entangling_link_efficiency() == pytest.approx(0.83, abs=0.005)
    assert best_delivered_fidelity(entangling_link_efficiency()) == pytest.approx(0.5, abs=1e-10)
    with pytest.raises(PhysicsError, match="link_efficiency"):
        best_wait(0.0)


def test_perfect_cavities_herald_with_the_efficiency_itself() -> None:
    for eta in (0.01, 0.6, 1.0):
        result = reflection(Cavity(1e12), Cavity(1e12), eta)
        assert result.probability == pytest.approx(eta, rel=1e-9)
        assert result.fidelity == pytest.approx(1, abs=1e-9)
        assert np.trace(result.equal) == pytest.approx(eta / 2, rel=1e-9)


def test_reflection_against_the_photon_in_two_paths() -> None:
    """Kets over qubits and the photon's paths (cavities, mirror); a Hadamard on the paths."""
    rng = np.random.default_rng(3)
    for _ in range(50):
        a, b = (Cavity(10 ** rng.uniform(-1, 3), rng.uniform(0.5, 1)) for _ in range(2))
        eta, mirror = rng.uniform(size=2)
        ket = np.full((2, 2, 2), 1 / np.sqrt(8))  # qubits, path
        ket[:, :, 0] *= np.multiply.outer(
            *(1 - 2 * x.outcoupling / np.array([1, 1 + x.cooperativity]) for x in (a, b))
        )
        ket[:, :, 1] *= mirror
        ports = ket @ np.array([[1, 1], [1, -1]]) / np.sqrt(2) * np.sqrt(eta)
        found = reflection(a, b, eta, mirror=mirror)
        assert found.probability == pytest.approx(np.sum(ports**2), rel=1e-12)
        good = (ports[0, 0, 0] + ports[1, 1, 0]) ** 2 / 2 + (ports[0, 1, 1] + ports[1, 0, 1]) ** 2 / 2
        assert found.fidelity == pytest.approx(good / np.sum(ports**2), rel=1e-12)
    with pytest.raises(PhysicsError, match="outcoupling"):
        Cavity(1.0, 1.2)
    assert np.isnan(reflection(a, b, 0.0).fidelity)
