# SPDX-License-Identifier: Apache-2.0
"""What each parameter's best sequence can see: its standard error there, and a shift by 5 of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt

from heraldlink.sensitivity.knowledge import PHASES, Knowledge, shot_weights, without
from heraldlink.sensitivity.observation import Observation, joined
from heraldlink.sensitivity.parameters import leaves, shifted
from heraldlink.sensitivity.slopes import by_parameter, by_phase
from heraldlink_physics.device import Devices
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.fisher import shots_for

SIGMAS = 5.0
CHANGE = 0.1
"""Relative change whose detection at `SIGMAS` the stated shots are compared with."""
MOST_SHOTS = 1e8
ENOUGH = 4.0
"""Mean z that gives a power of 0.92 at 1 % false alarm."""


@dataclass(frozen=True)
class Sight:
    """How well a sequence sees a parameter. ``sigma``: its standard error at the sequence's stated shots."""

    path: str
    value: float
    observation: Observation
    sigma: float

    @property
    def shots_needed(self) -> float:
        """Shots after which a change by `CHANGE` of the value is seen; the stated ones at 0."""
        if self.value == 0:
            return float(self.observation.shots)
        return shots_for(self.sigma * self.observation.shots**0.5, CHANGE * self.value, SIGMAS)

    @property
    def within_reach(self) -> bool:
        """Whether so many shots can be taken."""
        return self.shots_needed <= MOST_SHOTS

    def moved(self, devices: Devices) -> tuple[Devices, float] | None:
        """Devices with the parameter 5 standard errors away, and the z to expect of its sequence.

        Upwards, or downwards where that is outside its range or answered with less than `ENOUGH`, the answer
        not being linear; None if both leave its range: the sequence would need more shots.
        """
        found: list[tuple[Devices, float]] = []
        for side in (SIGMAS, -SIGMAS):
            try:
                changed = shifted(devices, self.path, self.value + side * self.sigma)
            except PhysicsError:
                continue
            found.append((changed, expected_z(self.observation, devices, self.path, changed)))
            if abs(found[-1][1]) >= ENOUGH:
                return found[-1]
        return max(found, key=lambda pair: abs(pair[1]), default=None)


def expected_z(observation: Observation, devices: Devices, path: str, changed: Devices) -> float:
    """Mean of the score test's z for one parameter where the devices are the changed ones."""
    score = information = 0.0
    for take in observation.takes:
        for phase_rad in PHASES if take.follows_phase else (0.0,):
            found = by_parameter(take, devices, path, phase_rad)
            if found is None:
                continue
            cells = take.cells(devices, phase_rad)
            weight = shot_weights(take, cells) * observation.slots
            weight /= len(PHASES) if take.follows_phase else 1
            slope = found.slope
            if take.follows_phase:
                slope = without(slope, by_phase(take, devices, phase_rad), weight)
            score += float((weight * slope) @ (joined(take.cells(changed, phase_rad)) - joined(cells)))
            information += float((weight * slope) @ slope)
    return score / sqrt(information) if information > 0 else 0.0


def sights(knowledge: Knowledge) -> dict[str, Sight]:
    """The best sequence of every parameter that any sequence depends on, by path."""
    values = leaves(knowledge.devices)
    found: dict[str, Sight] = {}
    for path in knowledge.names:
        best = knowledge.best(path)
        if best is not None and best[1] < inf:
            found[path] = Sight(path, values[path], *best)
    return found
