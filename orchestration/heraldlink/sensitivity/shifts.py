# SPDX-License-Identifier: Apache-2.0
"""What each parameter's best sequence can see: its standard error there, and the deliberate shift by 5 of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from heraldlink.sensitivity.knowledge import Knowledge
from heraldlink.sensitivity.observation import Observation
from heraldlink.sensitivity.parameters import leaves, shifted
from heraldlink_physics.device import Devices
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.fisher import shots_for

SIGMAS = 5.0
CHANGE = 0.1
"""Relative change whose detection at `SIGMAS` the stated shots are compared with."""
MOST_SHOTS = 1e8


@dataclass(frozen=True)
class Sight:
    """How well a sequence sees a parameter. ``sigma``: its standard error at the sequence's stated shots."""

    path: str
    value: float
    observation: Observation
    sigma: float

    @property
    def shots_needed(self) -> float:
        """Shots after which a change by `CHANGE` of the value (by 1 of its unit at 0) is seen."""
        change = CHANGE * abs(self.value) or 1.0
        return shots_for(self.sigma * self.observation.shots**0.5, change, SIGMAS)

    @property
    def within_reach(self) -> bool:
        """Whether so many shots can be taken."""
        return self.shots_needed <= MOST_SHOTS

    def moved(self, devices: Devices) -> tuple[Devices, float]:
        """Devices with the parameter 5 standard errors away, upwards if its range allows, and its value.

        Raises PhysicsError where neither direction is possible: the sequence needs more slots.
        """
        for side in (SIGMAS, -SIGMAS):
            try:
                changed = shifted(devices, self.path, self.value + side * self.sigma)
            except PhysicsError:
                continue
            return changed, leaves(changed)[self.path]
        raise PhysicsError(f"{self.path}: {SIGMAS:g} standard errors leave its range on both sides")


def sights(knowledge: Knowledge) -> dict[str, Sight]:
    """The best sequence of every parameter that any sequence depends on, by path."""
    values = leaves(knowledge.devices)
    found: dict[str, Sight] = {}
    for path in knowledge.names:
        best = knowledge.best(path)
        if best is not None and best[1] < inf:
            found[path] = Sight(path, values[path], *best)
    return found
