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
from heraldlink_sim.world.node import Pulse, StepView
from heraldlink_sim.world.optics import Optics
from heraldlink_sim.world.tables import AttemptTable, Meeting, TableBook

REMEMBERED = 128
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

    ``probability``: of a click in the gate of any round. ``first``: cumulative chances, float[rounds], of the
    round with the first of them. ``to_hub_ps``: from the start of A's waveform to the hub's START.
    """

    rounds: tuple[Round, ...]
    probability: float
    first: Real
    to_hub_ps: int


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

    def attempt(
        self, optics: Optics, view_a: StepView | None, view_b: StepView | None, skew_ps: int
    ) -> Attempt:
        """Return what A's and B's waveforms do together; ``skew_ps``: start of B's after A's.

        Without a sync of A there is no gate: all light is stray.
        """
        pulses = tuple(view.pulses if view else () for view in (view_a, view_b))
        sync_ps = view_a.sync_ps if view_a else None
        key = (optics, pulses, skew_ps, sync_ps)
        if key not in self._attempts:
            gated = optics if sync_ps is not None else replace(optics, gate=GateSettings(0, 0))
            self._attempts[key] = self._make(gated, pulses, skew_ps, sync_ps or 0)
            if len(self._attempts) > REMEMBERED:
                self._attempts.popitem(last=False)
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
        if len(rounds) == 1:
            return Attempt(rounds, rounds[0].table.probability, np.ones(1), to_hub_ps)
        with np.errstate(divide="ignore"):
            dark = np.cumsum(np.log1p([-item.table.probability for item in rounds]))
        clicked = -np.expm1(dark)
        probability = float(clicked[-1]) if rounds else 0.0
        return Attempt(rounds, probability, clicked / probability if probability > 0 else clicked, to_hub_ps)

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
