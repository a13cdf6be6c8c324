# SPDX-License-Identifier: Apache-2.0
"""All parameters of a device file, sorted by what the calibration sequences can tell about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from heraldlink.sensitivity.combinations import Together, together
from heraldlink.sensitivity.knowledge import know
from heraldlink.sensitivity.observation import Observation
from heraldlink.sensitivity.parameters import leaves
from heraldlink.sensitivity.reasons import why_beyond, why_unseen
from heraldlink.sensitivity.shifts import Sight, sights
from heraldlink_physics.device import Devices


@dataclass(frozen=True)
class Told:
    """A parameter that its best sequence tells. ``shifted``: to this value by 5 sigma, with ``z`` to expect.

    ``together``: what is left of that while all others are unknown too, from all sequences.
    """

    sight: Sight
    shifted: float
    z: float
    together: Together


@dataclass(frozen=True)
class Untold:
    """A parameter out of reach, and why. ``shots``: for a change by 10 %; infinite if no number is enough."""

    path: str
    value: float
    shots: float
    reason: str


@dataclass(frozen=True)
class Report:
    """Every parameter once: ``told``, ``beyond`` reach, or ``unseen`` by every sequence."""

    devices: Devices
    observations: tuple[Observation, ...]
    told: tuple[Told, ...]
    beyond: tuple[Untold, ...]
    unseen: tuple[Untold, ...]


def report(devices: Devices, observations: Sequence[Observation]) -> Report:
    """Work out and sort. Takes half a minute."""
    knowledge = know(devices, observations)
    seen = sights(knowledge)
    moved = {path: sight.moved(devices) if sight.within_reach else None for path, sight in seen.items()}
    known = together(knowledge, [path for path, change in moved.items() if change is not None])
    told: list[Told] = []
    beyond: list[Untold] = []
    for path, sight in seen.items():
        change = moved[path]
        if change is None:
            beyond.append(Untold(path, sight.value, sight.shots_needed, why_beyond(path)))
        else:
            told.append(Told(sight, leaves(change[0])[path], change[1], known[path]))
    unseen = tuple(
        Untold(path, value, inf, why_unseen(path, value))
        for path, value in leaves(devices).items()
        if path not in seen
    )
    return Report(devices, tuple(observations), tuple(told), tuple(beyond), unseen)
