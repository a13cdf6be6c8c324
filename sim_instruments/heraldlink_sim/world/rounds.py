# SPDX-License-Identifier: Apache-2.0
"""Attempts of one or several rounds: pump pulses of both nodes that meet, round by round, in the hub's gate.

Pulses that overlap at the beam splitter make a round; rounds are independent modes of light, and each loads
qubits of its own. A round's gate is what the hub's window leaves of the time that is nearer to it than to any
other round.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf

import numpy as np

from heraldlink_physics.device import Devices
from heraldlink_physics.settings import GateSettings
from heraldlink_sim.world.arrivals import Real
from heraldlink_sim.world.emitters import Emission, EmitterPair, Phases
from heraldlink_sim.world.node import Pulse, StepView
from heraldlink_sim.world.optics import Optics
from heraldlink_sim.world.qubits import Complex, rest
from heraldlink_sim.world.tables import REMEMBERED, AttemptTable, Meeting, TableBook

Views = tuple[StepView | None, StepView | None]
Loads = tuple[int | None, int | None]
"""Which of its waveform's pump pulses each node plays in a round, from 0; None without one."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round of an attempt: what its gate sees, and what it loads."""

    table: AttemptTable
    loads: Loads


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """What one attempt does.

    ``rounds``: as long as nothing clicks. ``probability``: of a click in the gate of any round. ``first``:
    cumulative chances, float[rounds], of the round with the first of them. ``to_hub_ps``: from the start of
    A's waveform to the hub's START. ``emitters``: the qubits that go through all rounds; without it each
    round loads its own.
    """

    rounds: tuple[Round, ...]
    probability: float
    first: Real
    to_hub_ps: int
    emitters: EmitterPair | None = None

    @classmethod
    def of(cls, rounds: tuple[Round, ...], to_hub_ps: int, emitters: EmitterPair | None = None) -> Attempt:
        """Put rounds together."""
        if len(rounds) == 1:
            return cls(rounds, rounds[0].table.probability, np.ones(1), to_hub_ps, emitters)
        with np.errstate(divide="ignore"):
            dark = np.cumsum(np.log1p([-item.table.probability for item in rounds]))
        clicked = -np.expm1(dark)
        probability = float(clicked[-1]) if rounds else 0.0
        first = clicked / probability if probability > 0 else clicked
        return cls(rounds, probability, first, to_hub_ps, emitters)

    def table(self, causes: tuple[int, ...]) -> AttemptTable:
        """Return the table of the round after those that did what ``causes`` say."""
        return self.emitters.table(causes) if self.emitters else self.rounds[len(causes)].table

    def loaded(self, causes: tuple[int, ...]) -> tuple[tuple[Loads, Complex], ...]:
        """Return the states that rounds with these causes leave, of every loaded pair of qubits."""
        if self.emitters:
            return ((self.rounds[-1].loads, self.table(causes[:-1]).states[causes[-1]]),)
        pairs = zip(self.rounds, causes, strict=True)
        return tuple((item.loads, item.table.states[cause]) for item, cause in pairs)


@dataclass(frozen=True, slots=True)
class _Light:
    """A pulse of a node at the beam splitter, ps after A's waveform began there without any delay."""

    node: int
    load: int
    pulse: Pulse
    begin_ps: float
    end_ps: float


class AttemptBook:
    """Attempts by settings and waveforms, the latest ones remembered."""

    def __init__(self, devices: Devices, tables: TableBook) -> None:
        self._devices, self._tables = devices, tables
        self._attempts: OrderedDict[object, Attempt] = OrderedDict()

    def attempt(self, optics: Optics, views: Views, skew_ps: int, slow_rad: float) -> Attempt:
        """Return what A's and B's waveforms do together; ``skew_ps``: start of B's after A's.

        ``slow_rad``: phase B-A of the slot, which decides what emitters do in a second round. Without a sync
        of A there is no gate: all light is stray.
        """
        pulses = tuple(view.pulses if view else () for view in views)
        sync_ps = views[0].sync_ps if views[0] else None
        key: tuple[object, ...] = (optics, pulses, skew_ps, sync_ps)
        if self._devices.emitters:
            turned = [turn.tobytes() for view in views if view for turn in view.turns]
            key = (*key, slow_rad, *turned)
        if key not in self._attempts:
            gated = optics if sync_ps is not None else replace(optics, gate=GateSettings(0, 0))
            found = self._make(gated, pulses, skew_ps, sync_ps or 0)
            self._attempts[key] = self._emitting(found, views, slow_rad) if self._devices.emitters else found
            if len(self._attempts) > REMEMBERED:
                self._attempts.popitem(last=False)
        self._attempts.move_to_end(key)
        return self._attempts[key]

    def to_hub_ps(self, sync_ps: int) -> int:
        """Return when the hub's START comes, after the start of A's waveform."""
        return sync_ps + self._devices.midpoint.sync_delay_ps

    def _make(
        self, optics: Optics, pulses: tuple[tuple[Pulse, ...], ...], skew_ps: int, sync_ps: int
    ) -> Attempt:
        to_hub_ps = self.to_hub_ps(sync_ps)
        groups = _groups(self._lights(pulses, (0, skew_ps)))
        edges_ps = [-inf, *((a[-1].end_ps + b[0].begin_ps) / 2 - to_hub_ps for a, b in pairwise(groups)), inf]
        rounds = tuple(
            self._round(
                replace(optics, gate=_between(optics.gate, *edges)), group, skew_ps, sync_ps, len(groups)
            )
            for group, edges in zip(groups, pairwise(edges_ps), strict=True)
        )
        return Attempt.of(rounds, to_hub_ps)

    def _lights(self, pulses: tuple[tuple[Pulse, ...], ...], starts_ps: tuple[int, int]) -> list[_Light]:
        found: list[_Light] = []
        for node, (arm, start_ps) in enumerate(zip(self._devices.arms, starts_ps, strict=True)):
            shift_ps = start_ps + arm.path_delay_ps
            found += [
                _Light(node, k, pulse, pulse.begin_ps + shift_ps, pulse.end_ps + shift_ps)
                for k, pulse in enumerate(pulses[node])
            ]
        return sorted(found, key=lambda light: light.begin_ps)

    def _round(self, optics: Optics, group: list[_Light], skew_ps: int, sync_ps: int, rounds: int) -> Round:
        (pulse_a, load_a), (pulse_b, load_b) = (_joined(group, node) for node in (0, 1))
        meeting = Meeting(pulse_a, pulse_b, skew_ps, sync_ps, phase_drawn=rounds > 1)
        return Round(self._tables.attempt(optics, meeting), (load_a, load_b))

    def _emitting(self, attempt: Attempt, views: Views, slow_rad: float) -> Attempt:
        """Let qubits that emit go through the rounds, in place of those that each round loads."""
        if not attempt.rounds:
            return attempt
        midpoint, last = self._devices.midpoint, len(attempt.rounds) - 1
        phases = Phases(slow_rad, midpoint.fast_phase_sigma_rad, midpoint.round_phase_sigma_rad)
        emissions = [self._emission(item, views, k == last) for k, item in enumerate(attempt.rounds)]
        a, b = (rest(arm.qubit) for arm in self._devices.arms)
        pair = EmitterPair((a, b), emissions, phases)
        loads = (0 if views[0] and views[0].loads else None, 0 if views[1] and views[1].loads else None)
        rounds = tuple(
            replace(item, table=pair.table((0,) * k), loads=loads if k == last else (None, None))
            for k, item in enumerate(attempt.rounds)
        )
        return Attempt.of(rounds, attempt.to_hub_ps, pair)

    def _emission(self, item: Round, views: Views, last: bool) -> Emission:
        inside, beside, turns = [0.0, 0.0], [0.0, 0.0], [np.eye(4), np.eye(4)]
        for node, (view, load) in enumerate(zip(views, item.loads, strict=True)):
            source, pumped = self._devices.arms[node].emitter, item.table.link.pumped[node]
            if view is None or load is None or source is None or pumped.pulse_energy_J <= 0:
                continue
            share = item.table.link.gate_fractions[node]
            photon = source.emission * pumped.arm.efficiency
            inside[node], beside[node] = photon * share, photon * max(0.0, 1 - share)
            turns[node] = view.turns[load]
        a, b = (arm.qubit.dephasing if last else 0.0 for arm in self._devices.arms)
        return Emission(
            item.table, (inside[0], inside[1]), (beside[0], beside[1]), (turns[0], turns[1]), (a, b)
        )


def _groups(lights: list[_Light]) -> list[list[_Light]]:
    """Part lights, in order of time, where the beam splitter is dark in between."""
    groups: list[list[_Light]] = []
    end_ps = -inf
    for light in lights:
        if light.begin_ps >= end_ps:
            groups.append([])
        groups[-1].append(light)
        end_ps = max(end_ps, light.end_ps)
    return [sorted(group, key=lambda light: light.end_ps) for group in groups]


def _joined(group: list[_Light], node: int) -> tuple[Pulse | None, int | None]:
    """Return a node's pulse in a round; several that one pulse of the other node spans are one mode."""
    lights = [light for light in group if light.node == node]
    if not lights:
        return None, None
    load = min(light.load for light in lights)
    pulses = [light.pulse for light in lights]
    first, last = min(pulse.first for pulse in pulses), max(pulse.last for pulse in pulses)
    if (first, last) == (pulses[0].first, pulses[0].last):
        return pulses[0], load
    others = tuple(span for span in pulses[0].others if span[1] <= first or span[0] >= last)
    return replace(pulses[0], first=first, last=last, others=others), load


def _between(gate: GateSettings, low_ps: float, high_ps: float) -> GateSettings:
    begin_ps = gate.begin_ps if gate.begin_ps >= low_ps else round(low_ps)
    end_ps = gate.end_ps if gate.end_ps <= high_ps else round(high_ps)
    return GateSettings(begin_ps, max(begin_ps, end_ps))
