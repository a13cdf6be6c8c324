# SPDX-License-Identifier: Apache-2.0
"""Random stations and states for brute force, in its words and in the package's."""

from __future__ import annotations

from itertools import product

import brute_force as brute
import fock_oracle as oracle
import numpy as np

from heraldlink_physics.model import HeraldModel, Midpoint

POINTS = 200
EXACT = 1e-12
BRUTE = 1e-7
PORTS = list(product("cd", "cd"))


def place(rng: np.random.Generator, dark: float = 0.1) -> oracle.Station:
    return oracle.Station(
        visibility=rng.uniform(0, 1),
        sigma=rng.uniform(0, 1),
        dark=(rng.uniform(0, dark), rng.uniform(0, dark)),
        detectors=(rng.uniform(0.2, 1), rng.uniform(0.2, 1)),
        offset=rng.uniform(-3, 3),
    )


def midpoint(item: oracle.Station) -> Midpoint:
    return Midpoint(item.visibility, item.sigma, item.dark, item.detectors, phase_offset_rad=item.offset)


def random_state(rng: np.random.Generator, levels: int, cut: int) -> np.ndarray:
    """A random density matrix of a qubit and a mode, of random rank."""
    size = levels * cut
    factor = rng.normal(size=(size, rng.integers(1, size + 1), 2)) @ [1, 1j]
    state = factor @ factor.conj().T
    return (state / np.trace(state)).reshape(levels, cut, levels, cut)


def assert_same_clicks(model: HeraldModel, expected: dict[tuple[str, str], np.ndarray], atol: float) -> None:
    for cause in brute.CAUSES:
        np.testing.assert_allclose(model.clicks[cause], expected[cause], atol=atol, rtol=0)
