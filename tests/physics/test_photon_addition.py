# SPDX-License-Identifier: Apache-2.0
"""Heralded photon addition against a brute-force state in Fock space."""

from __future__ import annotations

from math import atanh, sqrt

import numpy as np
import pytest
import qutip as qt

from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.photon_addition import photon_addition


@pytest.mark.parametrize(
    ("n_bar", "n_thermal", "efficiency", "dark"),
    [(0.05, 0.3, 0.4, 0.0), (0.02, 0.5, 0.1, 0.003), (0.1, 0.0, 1.0, 0.01), (0.0, 0.4, 0.5, 0.02)],
)
def test_against_fock_space(n_bar: float, n_thermal: float, efficiency: float, dark: float) -> None:
    levels = (40, 14)
    a, b = (
        qt.tensor(qt.destroy(levels[0]), qt.qeye(levels[1])),
        qt.tensor(qt.qeye(levels[0]), qt.destroy(levels[1])),
    )
    squeeze = (atanh(sqrt(n_bar / (1 + n_bar))) * (a.dag() * b.dag() - a * b)).expm()
    weights = (n_thermal / (1 + n_thermal)) ** np.arange(levels[0]) / (1 + n_thermal)
    state = squeeze * qt.tensor(qt.qdiags(weights, 0), qt.fock_dm(levels[1], 0)) * squeeze.dag()
    quiet = qt.tensor(qt.qeye(levels[0]), qt.qdiags((1 - dark) * (1 - efficiency) ** np.arange(levels[1]), 0))
    number = a.dag() * a
    mean, silent = (number * state).tr().real, (quiet * state).tr().real
    clicked = (mean - (number * quiet * state).tr().real) / (1 - silent)
    found = photon_addition(n_bar, n_thermal, efficiency, dark)
    assert found.click_probability == pytest.approx(1 - silent, abs=1e-7)
    assert found.microwave_photons == pytest.approx(mean, abs=1e-7)
    assert found.added_photons == pytest.approx(clicked - mean, abs=1e-6)


def test_a_rare_click_adds_one_photon_and_what_it_stimulates() -> None:
    for n_thermal in (0.0, 0.7, 1.9):
        assert photon_addition(1e-7, n_thermal, 1e-3).added_photons == pytest.approx(1 + n_thermal, rel=1e-6)


def test_dark_counts_add_nothing() -> None:
    assert photon_addition(0.0, 0.5, 0.5, 0.1).added_photons == 0
    half = photon_addition(1e-6, 0.0, 0.1, 1e-7)
    assert half.added_photons == pytest.approx(0.5, rel=1e-5)


def test_without_any_click_there_is_no_answer() -> None:
    with pytest.raises(PhysicsError, match="click is impossible"):
        photon_addition(0.1, 0.1, 0.0)
    with pytest.raises(PhysicsError, match="n_thermal"):
        photon_addition(0.1, -0.1, 0.1)
