# SPDX-License-Identifier: Apache-2.0
"""Has a parameter changed? Score test of counted cells against the devices as they were calibrated.

z = U / sqrt(I) with the score U = sum n_k p_k' / p_k and its information I (C. R. Rao, Proc. Camb. Phil. Soc.
44, 50 (1948)): locally most powerful, standard normal for many shots. Where a slot has the phase between the
arms among its unknowns, it is estimated from the slot itself and the score is made orthogonal to it
(J. Neyman's C(alpha), 1959). Where it has not, the 1 % limit comes from multinomial draws of the calibrated
probabilities and is exact for any number of shots (M. Dwass, Ann. Math. Stat. 28, 181 (1957)).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import DataError
from heraldlink.sensitivity.knowledge import RARE, shot_weights
from heraldlink.sensitivity.observation import Observation, Take, joined
from heraldlink.sensitivity.slopes import by_parameter, by_phase
from heraldlink.sensitivity.watches import Counts, Real
from heraldlink_physics.device import Devices

FALSE_ALARM = 0.01
NORMAL_LIMIT = 2.5758293035489004
"""Two-sided, of a standard normal deviate at `FALSE_ALARM`."""
DRAWS = 20_000
PHASE_GRID = 24

Played = Sequence[Sequence[Sequence[Counts]]]
"""Counts by take, slot and watch."""


@dataclass(frozen=True)
class Test:
    """Score test of one observation for changes of ``names`` from the calibrated ``devices``."""

    observation: Observation
    devices: Devices
    names: tuple[str, ...]

    def z(self, played: Played) -> dict[str, float]:
        """Standardised score of every parameter. Raises DataError for counts that cannot occur."""
        score, information = np.zeros(len(self.names)), np.zeros(len(self.names))
        for place, (take, slots) in enumerate(zip(self.observation.takes, played, strict=True)):
            if take.follows_phase:
                parts = [self._with_phase(take, counts) for counts in slots]
            else:
                parts = [self._plain(place, slots)]
            score += sum(part[0] for part in parts)
            information += sum(part[1] for part in parts)
        root = np.sqrt(np.where(information > 0, information, np.inf))
        return dict(zip(self.names, (score / root).tolist(), strict=True))

    def alarms(self, played: Played, rng: np.random.Generator) -> dict[str, bool]:
        """Which parameters are found changed, two-sided at `FALSE_ALARM`; ``rng`` breaks ties."""
        limits = self.limits
        return {
            name: abs(z) > limits[name][0] or (abs(z) == limits[name][0] and rng.random() < limits[name][1])
            for name, z in self.z(played).items()
        }

    @cached_property
    def limits(self) -> Mapping[str, tuple[float, float]]:
        """Limit of abs(z) per parameter, and with which probability an equal z alarms."""
        if self.observation.follows_phase:
            return dict.fromkeys(self.names, (NORMAL_LIMIT, 0.0))
        drawn = np.abs(self._drawn())
        return {name: _limit(drawn[:, k]) for k, name in enumerate(self.names)}

    def _drawn(self) -> Real:
        """z of all parameters for draws from the calibrated probabilities, float[`DRAWS`, m]."""
        rng = np.random.Generator(np.random.Philox(int.from_bytes(self.observation.name.encode()) % 2**64))
        score, information = np.zeros((DRAWS, len(self.names))), np.zeros(len(self.names))
        for take, (cells, slopes) in zip(self.observation.takes, self._nominal, strict=True):
            ratio, matrix = _ratio(take, cells, slopes)
            at = 0
            for part, shots in zip(cells, take.shots, strict=True):
                counts = rng.multinomial(shots * self.observation.slots, part / part.sum(), DRAWS)
                score += counts @ ratio[:, at : at + len(part)].T
                at += len(part)
            information += self.observation.slots * np.diag(matrix)
        return np.asarray(score / np.sqrt(np.where(information > 0, information, np.inf)))

    @cached_property
    def _nominal(self) -> list[tuple[list[Real], Real]]:
        """Cells of each take and their derivatives, float[m, n], at phase 0."""
        return [(take.cells(self.devices), self._slopes(take, 0.0)) for take in self.observation.takes]

    def _slopes(self, take: Take, phase_rad: float) -> Real:
        found = [by_parameter(take, self.devices, name, phase_rad) for name in self.names]
        length = len(joined(take.cells(self.devices, phase_rad)))
        return np.array([np.zeros(length) if item is None else item.slope for item in found])

    def _plain(self, place: int, slots: Sequence[Sequence[Counts]]) -> tuple[Real, Real]:
        take, (cells, slopes) = self.observation.takes[place], self._nominal[place]
        ratio, matrix = _ratio(take, cells, slopes)
        total = np.sum([np.concatenate(list(counts)) for counts in slots], axis=0)
        _possible(total, cells)
        return ratio @ total, len(slots) * np.diag(matrix)

    def _with_phase(self, take: Take, counts: Sequence[Counts]) -> tuple[Real, Real]:
        """Score and information of one slot, orthogonal to the phase, which is the slot's own."""
        seen = np.concatenate(list(counts))
        phase_rad = estimated_phase(take, self.devices, seen)
        cells = take.cells(self.devices, phase_rad)
        _possible(seen, cells)
        slopes = np.vstack([self._slopes(take, phase_rad), by_phase(take, self.devices, phase_rad)])
        ratio, matrix = _ratio(take, cells, slopes)
        score = ratio @ seen
        own = matrix[-1, -1]
        share = matrix[:-1, -1] / own if own > 0 else np.zeros(len(self.names))
        return score[:-1] - share * score[-1], np.diag(matrix)[:-1] - share * matrix[:-1, -1]


def estimated_phase(take: Take, devices: Devices, seen: Counts) -> float:
    """Most likely phase between the arms, rad: the best of a grid, then three steps of scoring."""

    def likelihood(phase_rad: float) -> float:
        return float(seen @ np.log(joined(take.cells(devices, phase_rad)).clip(min=1e-300)))

    grid: list[float] = np.linspace(0, 2 * np.pi, PHASE_GRID, endpoint=False).tolist()
    phase_rad = max(grid, key=likelihood)
    for _ in range(3):
        cells = take.cells(devices, phase_rad)
        slope = by_phase(take, devices, phase_rad)
        ratio, matrix = _ratio(take, cells, slope[None])
        if matrix[0, 0] > 0:
            phase_rad += float(ratio[0] @ seen) / float(matrix[0, 0])
    return phase_rad


def _ratio(take: Take, cells: list[Real], slopes: Real) -> tuple[Real, Real]:
    """p'/p of every cell, float[m, n], and the information of one slot, float[m, m]."""
    middle = joined(cells)
    ratio = np.divide(slopes, middle, out=np.zeros_like(slopes), where=middle > RARE)
    return ratio, np.asarray((slopes * shot_weights(take, cells)) @ slopes.T)


def _possible(seen: Counts, cells: list[Real]) -> None:
    if np.any(seen[joined(cells) <= RARE]):
        raise DataError("counts in a cell that the calibrated devices never reach")


def _limit(drawn: NDArray[np.float64]) -> tuple[float, float]:
    """Limit c and probability r with P(z > c) + r P(z = c) = `FALSE_ALARM` among the draws."""
    limit = float(np.sort(drawn)[-int(FALSE_ALARM * len(drawn)) - 1])
    above, equal = np.count_nonzero(drawn > limit), np.count_nonzero(drawn == limit)
    return limit, (FALSE_ALARM * len(drawn) - above) / equal
