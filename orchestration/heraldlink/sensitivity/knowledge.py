# SPDX-License-Identifier: Apache-2.0
"""Fisher information of every calibration sequence about every parameter of a device file.

Where a slot has the phase between the arms among its unknowns, the information left after estimating it is
counted (the Schur complement of its own), averaged over the phase.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from math import isinf, pi

import numpy as np

from heraldlink.sensitivity.observation import Observation, Take, joined
from heraldlink.sensitivity.parameters import leaves
from heraldlink.sensitivity.slopes import by_parameter, by_phase
from heraldlink.sensitivity.watches import Real
from heraldlink_physics.device import Devices
from heraldlink_physics.fisher import Information

PHASES = tuple(0.3 + k * pi / 2 for k in range(4))
"""Evenly spread; the cells hold harmonics of the phase up to the second."""

RARE = 1e-13
"""Probabilities below this are rounding: no number of shots considered here meets them."""
ALMOST = 1.01
"""Standard errors this close count as equal: then the sequence that comes first is taken."""


@dataclass(frozen=True)
class Knowledge:
    """What the sequences tell at their stated numbers of shots. ``by_name``: information of each sequence."""

    devices: Devices
    observations: tuple[Observation, ...]
    by_name: dict[str, Information]

    @property
    def names(self) -> tuple[str, ...]:
        """All parameters, by path."""
        return next(iter(self.by_name.values())).names

    @property
    def total(self) -> Information:
        """Of all sequences together."""
        return reduce(Information.plus, self.by_name.values())

    def best(self, path: str) -> tuple[Observation, float] | None:
        """The sequence that tells most about a parameter, and its standard error alone, or None."""
        found = [(item, self.by_name[item.name].alone(path)) for item in self.observations]
        least = min(error for _, error in found)
        return None if isinf(least) else next(pair for pair in found if pair[1] <= ALMOST * least)


def know(
    devices: Devices, observations: Sequence[Observation], about: Sequence[str] | None = None
) -> Knowledge:
    """Work out what every sequence tells about every finite parameter, or ``about`` these paths alone."""
    names = tuple(
        path
        for path, value in leaves(devices).items()
        if not isinf(value) and (about is None or path in about)
    )
    found = {item.name: Information(names, _information(item, devices, names)) for item in observations}
    return Knowledge(devices, tuple(observations), found)


def _information(item: Observation, devices: Devices, names: Sequence[str]) -> Real:
    total = np.zeros((len(names), len(names)))
    for take in item.takes:
        phases = PHASES if take.follows_phase else (0.0,)
        seen, first = _slopes(take, devices, names, phases[0])
        for phase_rad in phases:
            rows = first if phase_rad == phases[0] else _slopes(take, devices, seen, phase_rad)[1]
            part = _effective(take, devices, rows, phase_rad) * item.slots / len(phases)
            places = [names.index(name) for name in seen]
            total[np.ix_(places, places)] += part
    return total


def _slopes(take: Take, devices: Devices, names: Sequence[str], phase_rad: float) -> tuple[list[str], Real]:
    """The parameters that a take's cells depend on, and its derivatives by them, float[m, n]."""
    found = {name: by_parameter(take, devices, name, phase_rad) for name in names}
    wanted = len(names) if phase_rad != PHASES[0] and take.follows_phase else None
    rows = {name: item.slope for name, item in found.items() if item and (wanted or item.slope.any())}
    return list(rows), np.array(list(rows.values()))


def _effective(take: Take, devices: Devices, slopes: Real, phase_rad: float) -> Real:
    """Information of one take about the parameters whose slopes these are, float[m, n]."""
    weight = shot_weights(take, take.cells(devices, phase_rad))
    if take.follows_phase:
        turn = by_phase(take, devices, phase_rad)
        slopes = np.array([without(slope, turn, weight) for slope in slopes])
    return np.asarray((slopes * weight) @ slopes.T)


def without(slope: Real, turn: Real, weight: Real) -> Real:
    """A derivative without its part along ``turn``, that by a nuisance parameter; float[n] each."""
    own = float((weight * turn) @ turn)
    return slope - float((weight * turn) @ slope) / own * turn if own > 0 else slope


def shot_weights(take: Take, cells: list[Real]) -> Real:
    """Shots over probability of every cell, float[n]; 0 where a cell does not occur (`RARE`)."""
    middle = joined(cells)
    counted = middle > RARE
    shots = np.repeat(np.array(take.shots, dtype=np.float64), [len(part) for part in cells])
    return np.where(counted, shots / np.where(counted, middle, 1.0), 0.0)
