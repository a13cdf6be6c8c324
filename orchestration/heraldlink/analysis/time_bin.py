# SPDX-License-Identifier: Apache-2.0
"""Fidelity of time-bin pairs from the answers of both bins at both nodes, raw and after the erasure check.

A node's early and late qubit hold the logical qubit |0> = excitation early, |1> = late; then F(Psi±) =
(P01 + P10)/2 ± Re <01|rho|10>. With the logical X = (X_E X_L + Y_E Y_L)/2 of a node 2 Re <01|rho|10> is
<X_A X_B>, the mean over A in XX or YY and B in XX or YY. XX at both nodes alone, or YY, also sees the
coherence of both photons in A with both in B, which turns with twice the fibres' phase; the mixed ones see it
with the other sign. <00|rho|11> vanishes: a round of one click keeps no coherence between no photon and two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from heraldlink.analysis.attempts import Answers, Patterns
from heraldlink.calibration.measured import Measured
from heraldlink.errors import RunFailed
from heraldlink_physics.analysis import ReadoutErrors

Table = NDArray[np.int64]
"""Heralds by Bell state (Psi+, Psi-) and by answers, int64[2, 16]: index 8 A_E + 4 A_L + 2 B_E + B_L."""
Real = NDArray[np.float64]

PLUS_MINUS: Real = np.array([[1.0], [-1.0]])
STEP = 1e-4
"""Of a readout error, for its derivative; the estimates are smooth and of order 1."""


@dataclass(frozen=True, slots=True)
class TimeBinFidelity:
    """F_meas of all heralds, of those with one excitation per node, and the share of those."""

    raw: Measured
    post_selected: Measured
    kept: Measured


def herald_table(early: Patterns, late: Patterns, a: Answers, b: Answers) -> Table:
    """Sort heralds - one click in each bin, the same port twice Psi+, different ports Psi-.

    ``early``, ``late``: int64[n] patterns of each bin; ``a``, ``b``: bool[n, 2] answers of both nodes.
    """
    if not early.shape == late.shape == a.shape[:1] == b.shape[:1] or a.shape[1:] + b.shape[1:] != (2, 2):
        raise RunFailed("time bin: each attempt needs two bins at the midpoint and two readouts per node")
    heralds = (early % 3 > 0) & (late % 3 > 0)
    read = 8 * a[:, 0] + 4 * a[:, 1] + 2 * b[:, 0] + b[:, 1]
    cells = 16 * (early != late) + read
    return np.bincount(cells[heralds], minlength=32).reshape(2, 16)


def time_bin_fidelity(z: Table, x: Sequence[Table], a: ReadoutErrors, b: ReadoutErrors) -> TimeBinFidelity:
    """Corrected for readout errors, whose uncertainty is propagated.

    ``z``: heralds read in Z; ``x``: four tables, A read in XX or YY, B in XX or YY, in both bins each.
    Raises RunFailed where a table is empty or nothing passes the erasure check.
    """
    if len(x) != 4 or not all(table.sum() for table in (z, *x)):
        raise RunFailed("time bin: heralds are needed in Z and in all four of (XX, YY) at A and at B")
    rates = np.array([*a.rates, *b.rates])
    values = estimates(z, x, rates)
    slopes = np.stack([_slope(z, x, rates, k) for k in range(4)])
    calibration = np.array([*a.variances, *b.variances]) @ slopes**2
    raw, kept, post = (
        Measured(float(value), sqrt(float(variance)))
        for value, variance in zip(values, _variances(z, x, rates, values) + calibration, strict=True)
    )
    return TimeBinFidelity(raw, post, kept)


def estimates(z: Table, x: Sequence[Table], rates: Real) -> Real:
    """(F_meas raw, share kept, F_meas post-selected), float64[3]; ``rates``: P(e|g), P(g|e) of A, of B."""
    different, one_each, parity = _weights(rates)
    coherence = sum(_mean(PLUS_MINUS * parity, table) for table in x) / 4
    raw, kept = (_mean(different, z) + coherence) / 2, _mean(one_each, z)
    if kept <= 0:
        raise RunFailed("time bin: no herald passes the erasure check")
    return np.array([raw, kept, raw / kept])


def _weights(rates: Real) -> tuple[Real, Real, Real]:
    """Unbiased weights of each answer, float64[16] each: |01>, |10>; one excitation per node; parity.

    Of one qubit, (answer - P(e|g)) / (1 - P(e|g) - P(g|e)) is 1 in e and 0 in g on average.
    """
    if max(rates[0] + rates[1], rates[2] + rates[3]) >= 1:
        raise RunFailed(f"time bin: readout errors {rates.tolist()} leave no contrast")
    bits = np.arange(16)[:, None] >> np.array([3, 2, 1, 0]) & 1
    wrong_g, wrong_e = rates[[0, 0, 2, 2]], rates[[1, 1, 3, 3]]
    e = (bits - wrong_g) / (1 - wrong_g - wrong_e)
    (early_a, early_b), (late_a, late_b) = (
        (e[:, k] * (1 - e[:, 1 - k]), e[:, 2 + k] * (1 - e[:, 3 - k])) for k in (0, 1)
    )
    different = early_a * late_b + late_a * early_b
    one_each = (early_a + late_a) * (early_b + late_b)
    return different, one_each, np.prod(1 - 2 * e, axis=1)


def _mean(weights: Real, table: Table) -> float:
    return float(np.sum(weights * table) / table.sum())


def _variances(z: Table, x: Sequence[Table], rates: Real, values: Real) -> Real:
    """From the counts, of raw, kept and post-selected."""
    different, one_each, parity = _weights(rates)
    coherence = sum(_spread(PLUS_MINUS * parity, table) for table in x) / 64
    ratio = float(values[2])
    return np.array(
        [
            _spread(different, z) / 4 + coherence,
            _spread(one_each, z),
            (_spread(different / 2 - ratio * one_each, z) + coherence) / float(values[1]) ** 2,
        ]
    )


def _spread(weights: Real, table: Table) -> float:
    """Variance of a mean."""
    return max(0.0, _mean(weights**2, table) - _mean(weights, table) ** 2) / float(table.sum())


def _slope(z: Table, x: Sequence[Table], rates: Real, place: int) -> Real:
    step = STEP * np.eye(4)[place]
    return (estimates(z, x, rates + step) - estimates(z, x, rates - step)) / (2 * STEP)
