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
    layers: Sequence[Sequence[Piece]],
    devices: Devices,
    phase_rad: float,
    rng: np.random.Generator,
    phase_rng: np.random.Generator,
) -> Answers:
    """Return which readouts find the qubit excited, per node, bool[n].

    Pairs of a round answer together from the state that its clicks, or their absence, left, with the fibres'
    phase at node B. Where both nodes' qubits have other frequencies, that phase holds when they were loaded
    and turns on.
    """
    a, b = readouts
    effects = a.effect, seen_after_turn(b.effect, _phases_rad(b, devices, phase_rad))
    uniform = rng.random(len(a.begin_ps)), rng.random(len(b.begin_ps))
    answers = _unheralded(readouts, effects, layers, devices, uniform)
    if heralds:
        places = _heralded(a, heralds, 0), _heralded(b, heralds, 1)
        states = correlations(np.stack([state for herald in heralds for _, state in herald.rounds]))
        seen = [
            np.where((place >= 0)[:, None], _taken(effect, place), ANYTHING / 2)
            for effect, place in zip(effects, places, strict=True)
        ]
        seen[1] = seen_after_turn(seen[1], _drawn_phases_rad(heralds, devices, phase_rng))
        outcome = draw(joint_probabilities(states, *seen), rng.random(len(states)))
        for answer, place, bit in zip(answers, places, (outcome // 2, outcome % 2), strict=True):
            answer[place[place >= 0]] = bit[place >= 0] == 1
    return answers


def _drawn_phases_rad(heralds: Sequence[Herald], devices: Devices, rng: np.random.Generator) -> Real:
    """Fast phase of each round: of several in one attempt it is drawn once and wanders in between.

    That of an only round is in its state already.
    """
    phases: list[float] = []
    for herald in heralds:
        rounds, midpoint = len(herald.rounds), devices.midpoint
        if rounds == 1:
            phases.append(0.0)
            continue
        steps = rng.normal(
            0.0, [midpoint.fast_phase_sigma_rad] + [midpoint.round_phase_sigma_rad] * (rounds - 1)
        )
        phases.extend(np.cumsum(steps).tolist())
    return np.array(phases)


def _phases_rad(b: Readouts, devices: Devices, phase_rad: float) -> Real:
    """Phase of B's qubits after A's in their frames, which coincide with the laboratory's at the tick."""
    beat_Hz = devices.arms[0].qubit.frequency_Hz - devices.arms[1].qubit.frequency_Hz
    if devices.emitters:
        beat_Hz = 0.0  # their photons carry it, and their phase is in their state
    turned = frame_phase_rad(b.loaded_ps, abs(beat_Hz)) if beat_Hz else np.zeros(len(b.loaded_ps))
    return np.asarray(phase_rad + np.sign(beat_Hz) * turned)


def _taken(effects: Real, places: Places) -> Real:
    return effects[places] if len(effects) else np.zeros((len(places), 4))


def _heralded(readouts: Readouts, heralds: Sequence[Herald], node: int) -> Places:
    """Return for each round of each herald the readout of its qubit at this node, -1 for none."""
    keys = zip(readouts.attempt_ps.tolist(), readouts.load.tolist(), strict=True)
    by_load: dict[tuple[int | None, int | None], int] = {key: place for place, key in enumerate(keys)}
    rounds = [(herald.starts_ps[node], loads[node]) for herald in heralds for loads, _ in herald.rounds]
    return np.array([by_load.get(key, NOWHERE) for key in rounds], dtype=np.int64)


def _unheralded(
    readouts: tuple[Readouts, Readouts],
    effects: tuple[Real, Real],
    layers: Sequence[Sequence[Piece]],
    devices: Devices,
    uniform: tuple[Real, Real],
) -> Answers:
    """Answer as if no attempt had clicked: first A, then B given A's answer where both read one round."""
    pieces = [piece for layer in layers for piece in layer]
    quiet = np.concatenate([_quiet_states(pieces), _rest(devices)])
    played = [_played(item, layers, node) for node, item in enumerate(readouts)]
    states = quiet[played[0] >> 32]
    answer_a = uniform[0] < np.einsum("ni,ni->n", effects[0], states[:, :, 0])
    other = _same(played)
    left = np.tile(ANYTHING, (len(other), 1))
    met = other >= 0
    seen = effects[0][other[met]]
    left[met] = np.where(answer_a[other[met], None], seen, ANYTHING - seen)
    states = np.einsum("ni,nij->nj", left, quiet[played[1] >> 32])
    return answer_a, uniform[1] < np.einsum("ni,ni->n", effects[1], states) / states[:, 0]


def _quiet_states(pieces: Sequence[Piece]) -> Real:
    """Correlations that rounds without a click leave, float[n, 4, 4]."""
    rows = {table: row for row, table in enumerate(dict.fromkeys(piece.table for piece in pieces))}
    if not rows:
        return np.empty((0, 4, 4))
    states = correlations(np.stack([table.states[0] for table in rows]))
    return states[[rows[piece.table] for piece in pieces]]


def _rest(devices: Devices) -> Real:
    """Two fresh qubits, float[1, 4, 4]; the last row, which is that of `NOWHERE`."""
    a, b = (rest(arm.qubit) for arm in devices.arms)
    return np.outer(a, b)[None]


def _played(readouts: Readouts, layers: Sequence[Sequence[Piece]], node: int) -> Places:
    """Return which repeat of which piece, in order of all layers, a node's readouts read, int64[n].

    The piece is in the upper 32 bits; `NOWHERE` in all of them for a fresh qubit.
    """
    found, first = np.full(len(readouts.begin_ps), NOWHERE), 0
    for layer in layers:
        columns = [
            (start_ps, piece.count, piece.period_ps, piece.loads[node], first + k)
            for k, piece in enumerate(layer)
            if (start_ps := piece.starts_ps[node]) is not None and piece.loads[node] is not None
        ]
        if columns:
            begin_ps, count, period_ps, load, index = np.array(sorted(columns), dtype=np.int64).T
            place = (np.searchsorted(begin_ps, readouts.attempt_ps, side="right") - 1).clip(min=0)
            repeat = (readouts.attempt_ps - begin_ps[place]) // period_ps[place]
            inside = (repeat >= 0) & (repeat < count[place]) & (readouts.load == load[place])
            found[inside] = ((index[place] << 32) + repeat)[inside]
        first += len(layer)
    return found


def _same(played: Sequence[Places]) -> Places:
    """Return per readout of B the readout of A of the same round, -1 for none."""
    a, b = played
    if not len(a):
        return np.full(len(b), NOWHERE)
    order = np.argsort(a, kind="stable")
    place = order[np.searchsorted(a[order], b).clip(max=len(a) - 1)]
    return np.where((b >= 0) & (a[place] == b), place, NOWHERE)
