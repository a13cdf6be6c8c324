# SPDX-License-Identifier: Apache-2.0
"""Clocks that run away, and light on its way through glass and air."""

from __future__ import annotations

from math import pi

import numpy as np
import pytest
from scipy import integrate

from heraldlink_physics.clock import Clock
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.fibre import Fibre, FreeSpace


def test_a_locked_clock_is_only_late_and_a_free_one_runs_away() -> None:
    clock, times = Clock(250, 2e-6), np.array([250, 1_000_250, 10**11])
    assert clock.tagged(times, locked=True).tolist() == [0, 10**6, 10**11 - 250]
    assert clock.tagged(times, locked=False).tolist() == [0, 10**6 + 2, 10**11 - 250 + 200_000 - 0]
    assert np.array_equal(Clock().tagged(times, locked=False), times)


def test_fibre_loses_decibels_and_takes_time() -> None:
    fibre = Fibre(50_000, 0.2, 1.468, 1.0)
    assert fibre.transmission == pytest.approx(10**-1.1)
    assert fibre.delay_ps == pytest.approx(50_000 * 1.468 / 299_792_458 * 1e12, abs=1)
    assert (Fibre().transmission, Fibre().delay_ps) == (1.0, 0)


@pytest.mark.parametrize("sigma_rad", [0.0, 2e-6, 30e-6])
def test_free_space_collects_what_the_wandering_beam_brings(sigma_rad: float) -> None:
    """Against the double integral over the pointing error and the aperture, in polar coordinates."""
    path = FreeSpace(10_000, 1550e-9, 0.05, 0.1, sigma_rad)
    beam, wander = path.radius_m, sigma_rad * 10_000

    def collected(offset_m: float) -> float:
        def ring(r: float) -> float:
            def angle(turn: float) -> float:
                return np.exp(-2 * (r * r + offset_m**2 - 2 * r * offset_m * np.cos(turn)) / beam**2)

            return r * 2 * integrate.quad(angle, 0, pi)[0]

        return integrate.quad(ring, 0, 0.1)[0] * 2 / (pi * beam**2)

    if wander == 0:
        expected = collected(0.0)
    else:

        def weighted(x: float) -> float:
            return x / wander**2 * np.exp(-(x**2) / 2 / wander**2) * collected(x)

        expected = integrate.quad(weighted, 0, 8 * wander, epsrel=1e-6)[0]
    assert path.transmission == pytest.approx(expected, rel=1e-6)
    assert path.delay_ps == pytest.approx(10_000 / 299_792_458 * 1e12, abs=1)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Fibre(-1.0), "length_m = -1 is impossible"),
        (lambda: Fibre(1.0, 0.2, 0.9), "group_index = 0.9 is impossible: allowed are 1 to 5"),
        (lambda: FreeSpace(-1.0, 1e-6, 0.1, 0.1), "distance_m = -1 is impossible"),
        (lambda: Clock(0, 0.01), "drift = 0.01 is impossible"),
    ],
)
def test_impossible_paths_and_clocks_are_refused(make, words: str) -> None:
    with pytest.raises(PhysicsError, match=words):
        make()
