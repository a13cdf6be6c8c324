# SPDX-License-Identifier: Apache-2.0
"""Readout of the qubits: which state each readout gate meets, what it answers, and the photons it makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.world.block import Herald
from heraldlink_sim.world.node import NodePlay
from heraldlink_sim.world.qubits import Complex, draw, joint_probabilities, phase_shift, rotation

Times = NDArray[np.int64]
NO_ATTEMPT = np.int64(-1)
IDENTITY = np.eye(2, dtype=np.complex128)


@dataclass(frozen=True, slots=True)
class Readouts:
    """All readout gates of one node in a slot, arrays of length n.

    ``begin_ps``, ``end_ps``: the gate after the tick. ``attempt_ps``: start of the attempt's waveform whose
    qubit is read, or -1 for a qubit that was just reset to g. ``turn``: complex[n, 2, 2], its drive.
    """

    begin_ps: Times
    end_ps: Times
    attempt_ps: Times
    turn: Complex


def readouts_of(node: NodePlay) -> Readouts:
    """Collect a node's readout gates; each reads the qubit of its own pulse, else of the attempt before."""
    chosen = np.array([len(view.gates_ps) > 0 for view in node.views], dtype=np.bool_)
    starts_ps, steps = node.starts_ps(chosen)
    views = [node.views[int(step)] for step in steps]
    gates = np.array([view.gates_ps[0] for view in views], dtype=np.int64).reshape(-1, 2)
    angles = np.array([view.drive_rad for view in views], dtype=np.float64)
    axes = np.array([view.drive_axis_rad for view in views], dtype=np.float64)
    return Readouts(
        begin_ps=starts_ps + gates[:, 0],
        end_ps=starts_ps + gates[:, 1],
        attempt_ps=_attempts_read(node, starts_ps, steps),
        turn=rotation(angles, axes - drive_phase_rad(starts_ps, node.device.qubit.frequency_Hz)),
    )


def drive_phase_rad(starts_ps: Times, frequency_Hz: float) -> NDArray[np.float64]:
    """Return 2πft, mod 2π, that the qubit has turned since the tick; exact for whole hertz."""
    cycles = [(int(frequency_Hz) * int(t)) % 10**12 / 1e12 for t in starts_ps]
    rest = (frequency_Hz - int(frequency_Hz)) * starts_ps * 1e-12
    return np.asarray(2 * np.pi * ((np.array(cycles, dtype=np.float64) + rest) % 1.0))


def _attempts_read(node: NodePlay, starts_ps: Times, steps: Times) -> Times:
    """Return per readout the start of the attempt it reads: its own, or the last of the run just before."""
    last_of = {
        after.start_ps: before.end_ps - before.period_ps
        for before, after in zip(node.timeline.runs, node.timeline.runs[1:], strict=False)
        if _loads(node, before.step) and before.end_ps == after.start_ps
    }
    return np.array(
        [
            start if _loads(node, step) else last_of.get(start, NO_ATTEMPT)
            for start, step in zip(starts_ps.tolist(), steps.tolist(), strict=True)
        ],
        dtype=np.int64,
    )


def _loads(node: NodePlay, step: int) -> bool:
    view = node.views[step]
    return view.pulse is not None and not view.bright


def excited(
    readouts: tuple[Readouts, Readouts],
    heralds: Sequence[Herald],
    quiet_states: Complex,
    phase_rad: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which readouts find the qubit excited, per node, bool[n].

    Pairs of a heralded attempt answer together from the joint state, turned by the fibres' phase at node B.
    ``quiet_states``: complex[4, 4], what an attempt without a click leaves behind.
    """
    answers = [_alone(item, quiet_states, node, rng) for node, item in enumerate(readouts)]
    if heralds:
        places = [_places(item, heralds, node) for node, item in enumerate(readouts)]
        turns = [_turns(item, place) for item, place in zip(readouts, places, strict=True)]
        states = np.stack([herald.state for herald in heralds])
        joint = joint_probabilities(states, turns[0], turns[1] @ phase_shift(phase_rad))
        outcome = draw(joint, rng.random(len(heralds)))
        for node, bit in enumerate((outcome // 2, outcome % 2)):
            read = places[node] >= 0
            answers[node][places[node][read]] = bit[read] == 1
    return answers[0], answers[1]


def _places(readouts: Readouts, heralds: Sequence[Herald], node: int) -> NDArray[np.int64]:
    """Return per herald the index of the readout that reads its qubit at this node, -1 for none."""
    by_attempt = {start: place for place, start in enumerate(readouts.attempt_ps.tolist())}
    starts = [herald.start_b_ps if node else herald.start_a_ps for herald in heralds]
    return np.array([-1 if start is None else by_attempt.get(start, -1) for start in starts], dtype=np.int64)


def _turns(readouts: Readouts, places: NDArray[np.int64]) -> Complex:
    if not len(readouts.begin_ps):
        return np.broadcast_to(IDENTITY, (len(places), 2, 2))
    return np.where((places >= 0)[:, None, None], readouts.turn[places], IDENTITY)


def _alone(readouts: Readouts, quiet: Complex, node: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Answer each readout as if no herald concerned it: a reset qubit, or an attempt without a click."""
    pair = quiet.reshape(2, 2, 2, 2)
    reduced = np.einsum("ikjk->ij" if node == 0 else "kikj->ij", pair)
    fresh = np.diag([1.0, 0.0]).astype(np.complex128)
    states = np.where((readouts.attempt_ps == NO_ATTEMPT)[:, None, None], fresh, reduced)
    chance = np.einsum("ni,nij,nj->n", readouts.turn[:, 1], states, readouts.turn[:, 1].conj()).real
    return np.asarray(rng.random(len(chance)) < chance)
