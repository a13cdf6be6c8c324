# SPDX-License-Identifier: Apache-2.0
"""Clicks that are nobody's herald: photons outside the gates, dark counts, and what a click leaves behind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.snspd import Snspd
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


def outside_all_gates(times_ps: Times, layers: Iterable[Sequence[Piece]]) -> Times:
    """Return the times that lie in no gate of any layer of pieces."""
    for pieces in layers:
        times_ps = outside_gates(times_ps, pieces)
    return times_ps


def registered(
    gated_ps: Times,
    others_ps: Times,
    detector: Snspd,
    outside: Callable[[Times], Times],
    rng: np.random.Generator,
) -> Times:
    """Return the clicks of one detector, sorted: those its dead time leaves, and their afterpulses.

    ``gated_ps``: clicks in gates, at most one per gate as the herald model has them; they stay, unless gates
    are closer than the dead time. ``outside``: what of given times lies in no gate; afterpulses inside
    are in the model's dark counts.
    """
    dead_ps = round(detector.dead_time_s * 1e12)
    gated_ps, others_ps = _awake(np.sort(gated_ps), dead_ps), np.sort(others_ps)
    others_ps = others_ps[_gap_ps(others_ps, gated_ps) >= dead_ps]
    if detector.afterpulse_probability == 0 and detector.recovery_s == 0:
        return np.sort(np.concatenate([gated_ps, _awake(others_ps, dead_ps)]))

    def comes(time_ps: int) -> bool:
        times_ps = np.array([time_ps], dtype=np.int64)
        return len(outside(times_ps)) > 0 and bool(_gap_ps(times_ps, gated_ps)[0] >= dead_ps)

    return _followed(gated_ps, others_ps, detector, comes, rng)


def _gap_ps(times_ps: Times, gated_ps: Times) -> Times:
    """Return how far each time is from the nearest click in a gate."""
    if not len(gated_ps):
        return np.full(len(times_ps), np.iinfo(np.int64).max)
    after = np.searchsorted(gated_ps, times_ps)
    nearest: Times = np.minimum(
        np.abs(times_ps - gated_ps[(after - 1).clip(min=0)]),
        np.abs(gated_ps[after.clip(max=len(gated_ps) - 1)] - times_ps),
    )
    return nearest


def _followed(
    gated_ps: Times,
    others_ps: Times,
    detector: Snspd,
    comes: Callable[[int], bool],
    rng: np.random.Generator,
) -> Times:
    """Walk through candidates in order of time, each click recovering and perhaps ringing."""
    dead_ps, decay_ps = round(detector.dead_time_s * 1e12), detector.afterpulse_decay_s * 1e12
    waiting = [(time_ps, True) for time_ps in gated_ps.tolist()]
    waiting += [(time_ps, False) for time_ps in others_ps.tolist()]
    heapify(waiting)
    kept: list[int] = []
    while waiting:
        time_ps, sure = heappop(waiting)
        if not sure and kept and rng.random() >= detector.recovered((time_ps - kept[-1]) * 1e-12):
            continue
        kept.append(time_ps)
        if rng.random() < detector.afterpulse_probability:
            again_ps = time_ps + dead_ps + int(rng.exponential(decay_ps))
            if comes(again_ps):
                heappush(waiting, (again_ps, False))
    return np.array(kept, dtype=np.int64)


def _awake(times_ps: Times, dead_ps: int) -> Times:
    """Return sorted times without those less than ``dead_ps`` after the last one that stays."""
    if not np.any(np.diff(times_ps) < dead_ps):
        return times_ps
    kept: list[int] = []
    for time_ps in times_ps.tolist():
        if not kept or time_ps - kept[-1] >= dead_ps:
            kept.append(time_ps)
    return np.array(kept, dtype=np.int64)
