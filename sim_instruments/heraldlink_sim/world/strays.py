# SPDX-License-Identifier: Apache-2.0
"""Clicks that are nobody's herald: photons outside the gates and dark counts at any time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.world.block import Piece

Times = NDArray[np.int64]


def stray_photons(pieces: Sequence[Piece], port: int, rng: np.random.Generator) -> Times:
    """Return clicks of photons outside their attempt's gate, int64[n] ps after the tick, unsorted."""
    means = np.array([piece.table.stray_mean[port] * piece.count for piece in pieces])
    counts = rng.poisson(means) if len(pieces) else np.empty(0, np.int64)
    found = [_of_piece(pieces[k], int(counts[k]), rng) for k in np.flatnonzero(counts).tolist()]
    return np.concatenate(found) if found else np.empty(0, np.int64)


def _of_piece(piece: Piece, count: int, rng: np.random.Generator) -> Times:
    first_ps = piece.start_ps + piece.start_to_hub_ps
    index = rng.integers(0, piece.count, count)
    after_ps = piece.table.stray.outside(piece.table.gate, rng.random(count), rng.random(count))
    return np.asarray(first_ps + index * piece.period_ps + np.floor(after_ps).astype(np.int64))


def dark_counts(rate_Hz: float, length_ps: int, rng: np.random.Generator) -> Times:
    """Return uncorrelated clicks of one detector over ``length_ps``, int64[n], unsorted."""
    count = int(rng.poisson(rate_Hz * length_ps * 1e-12))
    return rng.integers(0, length_ps, count, dtype=np.int64)


def outside_gates(times_ps: Times, pieces: Sequence[Piece]) -> Times:
    """Return the times that lie in no attempt's gate: what happens inside is drawn with the attempt."""
    if not pieces or not len(times_ps):
        return times_ps
    begins = np.array([p.start_ps + p.start_to_hub_ps + p.table.gate.begin_ps for p in pieces])
    periods, counts, lengths = (
        np.array(column)
        for column in zip(*((p.period_ps, p.count, p.table.gate.length_ps) for p in pieces), strict=True)
    )
    place = np.searchsorted(begins, times_ps, side="right") - 1
    near = place.clip(min=0)
    index, within_ps = np.divmod(times_ps - begins[near], periods[near])
    gated = (place >= 0) & (index < counts[near]) & (within_ps < lengths[near])
    return np.asarray(times_ps[~gated])


def registered(gated_ps: Times, others_ps: Times, dead_ps: int) -> Times:
    """Return the clicks of one detector, sorted, without those of ``others_ps`` that its dead time hides.

    ``gated_ps``: clicks in gates, at most one per gate as the herald model has them; they stay, unless gates
    are closer than the dead time.
    """
    gated_ps, others_ps = _awake(np.sort(gated_ps), dead_ps), np.sort(others_ps)
    if len(gated_ps):
        after = np.searchsorted(gated_ps, others_ps)
        gap_ps = np.minimum(
            np.abs(others_ps - gated_ps[(after - 1).clip(min=0)]),
            np.abs(gated_ps[after.clip(max=len(gated_ps) - 1)] - others_ps),
        )
        others_ps = others_ps[gap_ps >= dead_ps]
    return np.sort(np.concatenate([gated_ps, _awake(others_ps, dead_ps)]))


def _awake(times_ps: Times, dead_ps: int) -> Times:
    """Return sorted times without those less than ``dead_ps`` after the last one that stays."""
    if not np.any(np.diff(times_ps) < dead_ps):
        return times_ps
    kept: list[int] = []
    for time_ps in times_ps.tolist():
        if not kept or time_ps - kept[-1] >= dead_ps:
            kept.append(time_ps)
    return np.array(kept, dtype=np.int64)
