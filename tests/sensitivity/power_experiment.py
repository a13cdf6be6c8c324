# SPDX-License-Identifier: Apache-2.0
"""Deliberate shifts, played: how often a sequence's score test finds them, and how often it cries wolf."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from played_plans import Laboratory

from heraldlink.errors import DataError
from heraldlink.sensitivity.detection import Test
from heraldlink.sensitivity.knowledge import know
from heraldlink.sensitivity.observation import Observation
from heraldlink.sensitivity.parameters import leaves
from heraldlink.sensitivity.shifts import Sight, sights
from heraldlink_physics.device import Devices

POWER = 0.9
FALSE_ALARM = 0.01


@dataclass(frozen=True)
class Seen:
    """``found`` of ``plays`` alarms for one parameter, where it was shifted (to ``shifted``) or was not."""

    path: str
    sequence: str
    plays: int
    found: int
    shifted: float | None = None
    expected_z: float = 0.0
    mean_z: float = 0.0


def sight_of(devices: Devices, observation: Observation, path: str) -> Sight:
    """How well one sequence sees one parameter."""
    return sights(know(devices, [observation], [path]))[path]


def shifted_plays(devices: Devices, sight: Sight, plays: int, seed: int) -> Seen:
    """Play the sequence in a laboratory whose devices have the parameter shifted by 5 sigma."""
    moved = sight.moved(devices)
    assert moved is not None, sight.path
    changed, expected = moved
    found, scores = _alarms(devices, changed, sight.observation, (sight.path,), plays, seed)
    return Seen(
        sight.path,
        sight.observation.name,
        plays,
        found[sight.path],
        leaves(changed)[sight.path],
        expected,
        float(np.mean(scores[sight.path])) if scores[sight.path] else float("nan"),
    )


def unshifted_plays(
    devices: Devices, observation: Observation, paths: Sequence[str], plays: int, seed: int
) -> list[Seen]:
    """Play the sequence as it was calibrated; all of its parameters are tested on the same tags."""
    found, scores = _alarms(devices, devices, observation, tuple(paths), plays, seed)
    return [
        Seen(path, observation.name, plays, found[path], mean_z=float(np.mean(scores[path])))
        for path in paths
    ]


def _alarms(
    calibrated: Devices,
    present: Devices,
    observation: Observation,
    paths: tuple[str, ...],
    plays: int,
    seed: int,
) -> tuple[dict[str, int], dict[str, list[float]]]:
    test = _test(observation, calibrated, paths)
    laboratory, ties = Laboratory(present, seed), np.random.default_rng(seed)
    found, scores = dict.fromkeys(paths, 0), {path: [] for path in paths}
    for _ in range(plays):
        played = laboratory.play(observation)
        try:
            alarms = test.alarms(played, ties)
        except DataError:  # counts that the calibrated devices never give: found without any statistics
            alarms = dict.fromkeys(paths, True)
        else:
            for path, z in test.z(played).items():
                scores[path].append(z)
        for path, alarm in alarms.items():
            found[path] += alarm
    return found, scores


@lru_cache(maxsize=256)
def _test(observation: Observation, calibrated: Devices, paths: tuple[str, ...]) -> Test:
    """One test, so that its limits are drawn once."""
    return Test(observation, calibrated, paths)
