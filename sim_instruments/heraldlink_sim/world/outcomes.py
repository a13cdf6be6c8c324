# SPDX-License-Identifier: Apache-2.0
"""What readout gates find: heralded pairs answer from their joint state, others from what silence left."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.device import Devices
from heraldlink_sim.world.block import Herald, Piece
from heraldlink_sim.world.qubits import (
    ANYTHING,
    Real,
    correlations,
    draw,
    joint_probabilities,
    rest,
    seen_after_turn,
)
from heraldlink_sim.world.readouts import Readouts, frame_phase_rad

Times = NDArray[np.int64]
Answers = tuple[NDArray[np.bool_], NDArray[np.bool_]]
Places = Times
NOWHERE = -1
NEVER = 1 << 60


def excited(
    readouts: tuple[Readouts, Readouts],
    heralds: Sequence[Herald],
    pieces: Sequence[Piece],
    devices: Devices,
    phase_rad: float,
    rng: np.random.Generator,
) -> Answers:
    """Return which readouts find the qubit excited, per node, bool[n].

    Pairs of an attempt answer together from the state that its clicks, or their absence, left, with the
    fibres' phase at node B. Where both nodes' qubits have other frequencies, that phase holds when they were
    loaded and turns on.
    """
    a, b = readouts
    effects = a.effect, seen_after_turn(b.effect, _phases_rad(b, devices, phase_rad))
    uniform = rng.random(len(a.begin_ps)), rng.random(len(b.begin_ps))
    answers = _unheralded(readouts, effects, pieces, devices, uniform)
    if heralds:
        places = _heralded(a, heralds, 0), _heralded(b, heralds, 1)
        states = correlations(np.stack([herald.state for herald in heralds]))
        seen = [
            np.where((place >= 0)[:, None], _taken(effect, place), ANYTHING / 2)
            for effect, place in zip(effects, places, strict=True)
        ]
        outcome = draw(joint_probabilities(states, *seen), rng.random(len(heralds)))
        for answer, place, bit in zip(answers, places, (outcome // 2, outcome % 2), strict=True):
            answer[place[place >= 0]] = bit[place >= 0] == 1
    return answers


def _phases_rad(b: Readouts, devices: Devices, phase_rad: float) -> Real:
    """Phase of B's qubits after A's in their frames, which coincide with the laboratory's at the tick."""
    beat_Hz = devices.arms[0].qubit.frequency_Hz - devices.arms[1].qubit.frequency_Hz
    turned = frame_phase_rad(b.loaded_ps, abs(beat_Hz)) if beat_Hz else np.zeros(len(b.loaded_ps))
    return np.asarray(phase_rad + np.sign(beat_Hz) * turned)


def _taken(effects: Real, places: Places) -> Real:
    return effects[places] if len(effects) else np.zeros((len(places), 4))


def _heralded(readouts: Readouts, heralds: Sequence[Herald], node: int) -> Places:
    """Return per herald the index of the readout that reads its qubit at this node, -1 for none."""
    by_attempt = {start: place for place, start in enumerate(readouts.attempt_ps.tolist())}
    starts = [herald.start_b_ps if node else herald.start_a_ps for herald in heralds]
    return np.array([NOWHERE if t is None else by_attempt.get(t, NOWHERE) for t in starts], dtype=np.int64)


def _unheralded(
    readouts: tuple[Readouts, Readouts],
    effects: tuple[Real, Real],
    pieces: Sequence[Piece],
    devices: Devices,
    uniform: tuple[Real, Real],
) -> Answers:
    """Answer as if no attempt had clicked: first A, then B given A's answer where both read one attempt."""
    quiet = np.concatenate([_quiet_states(pieces), _rest(devices)])
    played = [_played(item.attempt_ps, pieces, node) for node, item in enumerate(readouts)]
    states = quiet[played[0]]
    answer_a = uniform[0] < np.einsum("ni,ni->n", effects[0], states[:, :, 0])
    other = _same_attempt(readouts, played, pieces)
    left = np.tile(ANYTHING, (len(other), 1))
    met = other >= 0
    seen = effects[0][other[met]]
    left[met] = np.where(answer_a[other[met], None], seen, ANYTHING - seen)
    states = np.einsum("ni,nij->nj", left, quiet[played[1]])
    return answer_a, uniform[1] < np.einsum("ni,ni->n", effects[1], states) / states[:, 0]


def _quiet_states(pieces: Sequence[Piece]) -> Real:
    """Correlations that attempts without a click leave, float[n, 4, 4]."""
    rows = {table: row for row, table in enumerate(dict.fromkeys(piece.table for piece in pieces))}
    if not rows:
        return np.empty((0, 4, 4))
    states = correlations(np.stack([table.states[0] for table in rows]))
    return states[[rows[piece.table] for piece in pieces]]


def _rest(devices: Devices) -> Real:
    """Two fresh qubits, float[1, 4, 4]; the last row, which is that of `NOWHERE`."""
    a, b = (rest(arm.qubit) for arm in devices.arms)
    return np.outer(a, b)[None]


def _played(attempt_ps: Times, pieces: Sequence[Piece], node: int) -> Places:
    """Return the piece that an attempt of a node belongs to, `NOWHERE` for none, int64[n]."""
    begins = [NEVER if (t := piece.starts_ps[node]) is None else t for piece in pieces]
    if not begins:
        return np.full(len(attempt_ps), NOWHERE)
    order = np.argsort(begins, kind="stable")
    place = order[(np.searchsorted(np.array(begins)[order], attempt_ps, side="right") - 1).clip(min=0)]
    begin_ps, count, period_ps = (
        np.array(column)[place]
        for column in (begins, [piece.count for piece in pieces], [piece.period_ps for piece in pieces])
    )
    inside = (attempt_ps >= begin_ps) & (attempt_ps < begin_ps + count * period_ps)
    return np.where(inside, place, NOWHERE)


def _same_attempt(
    readouts: tuple[Readouts, Readouts], played: Sequence[Places], pieces: Sequence[Piece]
) -> Places:
    """Return per readout of B the readout of A of the same attempt, -1 for none."""
    a, b = readouts
    if not len(a.begin_ps) or not len(b.begin_ps) or not pieces:
        return np.full(len(b.begin_ps), NOWHERE)
    shifts = np.array([start_a - start_b for start_a, start_b in (_both(piece) for piece in pieces)])
    wanted = b.attempt_ps + shifts[played[1]]
    order = np.argsort(a.attempt_ps, kind="stable")
    place = order[np.searchsorted(a.attempt_ps[order], wanted).clip(max=len(order) - 1)]
    return np.where((played[1] >= 0) & (a.attempt_ps[place] == wanted), place, NOWHERE)


def _both(piece: Piece) -> tuple[int, int]:
    """Return the starts at both nodes, or a pair that no attempt of A fits if one is silent."""
    a, b = piece.starts_ps
    return (a, b) if a is not None and b is not None else (-NEVER, 0)
