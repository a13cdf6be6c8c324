# SPDX-License-Identifier: Apache-2.0
"""Readout gates of one node: which qubit each one meets, and what happened to that qubit before.

Every pump pulse loads a qubit of its own. A gate reads, and thereby demolishes, the oldest loaded qubit of
its own waveform, or without a pump pulse in it of the attempt that played just before; drives act on the
qubit that the next gate reads. A gate that finds none reads a fresh one, reset when its waveform began or
when the gate before it ended.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.world.node import NodePlay, StepView
from heraldlink_sim.world.qubits import EXCITED, Real, seen_after_turn

Times = NDArray[np.int64]
NO_ATTEMPT = np.int64(-1)


@dataclass(frozen=True, slots=True)
class Readouts:
    """All readout gates of one node in a slot in order of time, arrays of length n.

    ``begin_ps``, ``end_ps``: the gate after the tick. ``attempt_ps``: start of the attempt's waveform whose
    qubit is read, or -1 for a fresh one; ``load``: which of that waveform's pump pulses loaded it, from 0;
    ``loaded_ps``: when (0 for a fresh one).
    ``effect``: float[n, 4], of finding e, on the qubit as it was loaded (or reset).
    """

    begin_ps: Times
    end_ps: Times
    attempt_ps: Times
    load: NDArray[np.int64]
    loaded_ps: Times
    effect: Real


@dataclass(frozen=True, slots=True)
class _Met:
    """A qubit that a gate meets: loaded at sample ``since``, next in turn from ``front`` (None: not yet)."""

    load: int | None
    since: int
    front: int | None


def readouts_of(node: NodePlay) -> Readouts:
    """Collect a node's readout gates."""
    found = [
        one
        for (step, source), runs in _groups(node).items()
        for one in _read(node, step, source, np.array(runs, dtype=np.int64))
    ]
    if not found:
        none = np.empty(0, np.int64)
        return Readouts(none, none, none, none, none, np.empty((0, 4)))
    columns = [np.concatenate([getattr(one, item.name) for one in found]) for item in fields(Readouts)]
    order = np.argsort(columns[0], kind="stable")
    return Readouts(*(column[order] for column in columns))


def since_waveform(node: NodePlay, readouts: Readouts) -> Readouts:
    """Take the effects on qubits of attempts to the frame of the attempt's start, in which emitters are."""
    frame_rad = frame_phase_rad(readouts.attempt_ps.clip(min=0), node.device.qubit.frequency_Hz)
    return replace(readouts, effect=seen_after_turn(readouts.effect, -frame_rad))


Run = tuple[int, int, int, int]
"""Start, repeats, period, and start of the attempt that is read."""


def _groups(node: NodePlay) -> dict[tuple[int, int | None], list[Run]]:
    """Gather equal readouts: by step, and by the step that loaded the qubits (None: nothing did)."""
    groups: dict[tuple[int, int | None], list[Run]] = defaultdict(list)
    before = None
    for run in node.timeline.runs:
        view = node.views[run.step]
        if not len(view.gates_ps):
            pass
        elif view.loads:
            groups[run.step, run.step].append((run.start_ps, run.count, run.period_ps, run.start_ps))
        else:
            start_ps, count = run.start_ps, run.count
            if before is not None and before.end_ps == start_ps and node.views[before.step].loads:
                attempt_ps = before.end_ps - before.period_ps
                groups[run.step, before.step].append((start_ps, 1, run.period_ps, attempt_ps))
                start_ps, count = start_ps + run.period_ps, count - 1
            if count:
                groups[run.step, None].append((start_ps, count, run.period_ps, int(NO_ATTEMPT)))
        before = run
    return groups


def _read(node: NodePlay, step: int, source: int | None, runs: NDArray[np.int64]) -> Iterator[Readouts]:
    """Answer a group's waveforms, gate by gate."""
    start_ps, _, period_ps, attempt_ps = (np.repeat(column, runs[:, 1]) for column in runs.T)
    repeat = np.arange(len(start_ps)) - np.repeat(np.cumsum(runs[:, 1]) - runs[:, 1], runs[:, 1])
    start_ps = start_ps + repeat * period_ps
    if source == step:
        attempt_ps = start_ps
    view = node.views[step]
    for met, gate, gate_ps in zip(_met(node, step, source), view.gates, view.gates_ps, strict=True):
        effect = EXCITED @ _history(node, step, met, int(gate[0]))
        frame_rad = frame_phase_rad(start_ps, node.device.qubit.frequency_Hz)
        effects = seen_after_turn(np.broadcast_to(effect, (len(start_ps), 4)), frame_rad)
        loaded_ps, read_ps = np.zeros_like(start_ps), np.full_like(start_ps, NO_ATTEMPT)
        if met.load is not None and source is not None:
            read_ps, loaded_ps = attempt_ps, attempt_ps + node.time_ps(node.views[source].loads[met.load])
            if source != step:
                effects = _before(node, source, met.load, attempt_ps, effects)
        load = np.full_like(start_ps, met.load or 0)
        yield Readouts(start_ps + gate_ps[0], start_ps + gate_ps[1], read_ps, load, loaded_ps, effects)


def _before(node: NodePlay, source: int, load: int, attempt_ps: Times, effects: Real) -> Real:
    """Take effects back from the end of the attempt's waveform to when its qubit was loaded."""
    past = _history(node, source, _left(node, source)[load], node.length(source))
    frame_rad = frame_phase_rad(attempt_ps, node.device.qubit.frequency_Hz)
    return seen_after_turn(seen_after_turn(effects, -frame_rad) @ past, frame_rad)


def _met(node: NodePlay, step: int, source: int | None) -> list[_Met]:
    """Say for each gate of a step which qubit it meets."""
    held = [] if source is None or source == step else list(_left(node, source))
    return _served(node.views[step], held)[0]


def _left(node: NodePlay, step: int) -> dict[int, _Met]:
    """Qubits that a loading step leaves to the waveform after it, by load."""
    return _served(node.views[step], [])[1]


def _served(view: StepView, held: list[int]) -> tuple[list[_Met], dict[int, _Met]]:
    """Give each gate the oldest qubit, of ``held`` and the waveform's own loads; say what is left."""
    queue, arriving = [(load, 0) for load in held], deque(enumerate(view.loads))
    met, free = list[_Met](), 0
    for begin, end in view.gates.tolist():
        while arriving and arriving[0][1] <= begin:
            queue.append(arriving.popleft())
        load, since = queue.pop(0) if queue else (None, free)
        met.append(_Met(load, since, max(since, free)))
        free = end
    queue += arriving
    left = {load: _Met(load, since, None if k else max(since, free)) for k, (load, since) in enumerate(queue)}
    return met, left


def _history(node: NodePlay, step: int, met: _Met, end: int) -> Real:
    """Return the map of what a qubit goes through in a waveform until sample ``end``."""
    return node.history(step, met.since, end if met.front is None else met.front, end)


def frame_phase_rad(times_ps: Times, frequency_Hz: float) -> Real:
    """Return 2πft mod 2π, by which a qubit (f >= 0) turned since the tick; exact for whole hertz."""
    whole, time_ps = int(frequency_Hz), times_ps % 10**12
    high, low = divmod(whole % 10**12, 10**6)
    t_high, t_low = np.divmod(time_ps, 10**6)
    cycles = (low * t_low + (high * t_low + low * t_high) % 10**6 * 10**6) % 10**12 / 1e12
    rest = (frequency_Hz - whole) * times_ps * 1e-12
    return np.asarray(2 * np.pi * ((cycles + rest) % 1.0))
