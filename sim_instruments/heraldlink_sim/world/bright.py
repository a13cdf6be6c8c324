# SPDX-License-Identifier: Apache-2.0
"""Bright pulses: light of both arms around the transducers, interfering with the phase of the fibres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.world.tables import BrightTable

Clicks = tuple[NDArray[np.int64], NDArray[np.int64]]


def bright_means(table: BrightTable, phase_rad: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return mean photons per pulse at detectors c and d, float[2, n], for phases of arm B after arm A.

    (μ_A + μ_B ± 2·sqrt(V·μ_A·μ_B)·cosφ) with the beam splitter's half in the table's means.
    """
    sums = table.means.sum(axis=1)[:, None]
    fringes = 2 * np.sqrt(table.visibility * table.means.prod(axis=1))[:, None]
    return np.asarray((sums + fringes * np.outer([1.0, -1.0], np.cos(phase_rad))).clip(min=0.0))


def bright_clicks(
    table: BrightTable, phase_rad: float, fast_sigma_rad: float, count: int, rng: np.random.Generator
) -> tuple[Clicks, Clicks]:
    """Return per detector which of ``count`` pulses clicked, and when after START (ps), both int64[n]."""
    phases = phase_rad + fast_sigma_rad * rng.standard_normal(count)
    clicked = rng.random((2, count)) < -np.expm1(-bright_means(table, phases))
    uniform = rng.random((2, 2, count))
    c, d = (
        (
            np.flatnonzero(clicked[port]).astype(np.int64),
            np.floor(table.arrivals.anywhere(*uniform[port][:, clicked[port]])).astype(np.int64),
        )
        for port in (0, 1)
    )
    return c, d
