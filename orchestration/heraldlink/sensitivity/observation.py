# SPDX-License-Identifier: Apache-2.0
"""A calibration sequence as a statistical experiment: what is played, how often, and what is counted."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from heraldlink.sensitivity.bench import Bench
from heraldlink.sensitivity.tags import SlotTags
from heraldlink.sensitivity.watches import Counts, Real, Watch
from heraldlink.sequences import SlotPlan
from heraldlink_physics.device import Devices


@dataclass(frozen=True, eq=False)
class Take:
    """One slot of a sequence under one setting of the bench, and what is counted in it."""

    bench: Bench
    plan: SlotPlan
    watches: tuple[Watch, ...]

    @cached_property
    def shots(self) -> tuple[int, ...]:
        """Shots of each watch."""
        return tuple(self.plan.part(watch.part).count for watch in self.watches)

    @cached_property
    def follows_phase(self) -> bool:
        """Whether the slot's phase between the arms is one of its unknowns."""
        return any(watch.follows_phase for watch in self.watches)

    def cells(self, devices: Devices, phase_rad: float = 0.0) -> list[Real]:
        """Probabilities of each watch."""
        return [watch.cells(devices, self.bench, self.plan, phase_rad) for watch in self.watches]

    def counts(self, tags: SlotTags) -> list[Counts]:
        """Counts of each watch."""
        return [watch.counts(tags, self.plan) for watch in self.watches]


@dataclass(frozen=True, eq=False)
class Observation:
    """A calibration sequence. ``tells``: in words; ``slots``: how often all takes are played."""

    name: str
    tells: str
    takes: tuple[Take, ...]
    slots: int = 1

    @property
    def shots(self) -> int:
        """Shots of all parts and slots together."""
        return self.slots * sum(sum(take.shots) for take in self.takes)

    @cached_property
    def follows_phase(self) -> bool:
        """Whether any take has the phase between the arms among its unknowns."""
        return any(take.follows_phase for take in self.takes)


def joined(parts: list[Real]) -> Real:
    """All watches' numbers in one row."""
    return np.concatenate(parts)
