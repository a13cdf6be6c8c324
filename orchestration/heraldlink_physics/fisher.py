# SPDX-License-Identifier: Apache-2.0
"""What counts can tell about parameters: Fisher information, and combinations that no count can tell apart.

A shot ends in exactly one of several cells with probabilities p_k(theta); n independent shots carry
F_ij = n sum_k (dp_k/dtheta_i)(dp_k/dtheta_j)/p_k (Lehmann and Casella, Theory of Point Estimation, 2nd ed.,
section 2.6). The inverse bounds the covariance of every unbiased estimate (Cramer and Rao).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.errors import PhysicsError, within

Real = NDArray[np.float64]
Cells = Callable[[Mapping[str, float]], Real]
"""Parameters -> probabilities of all cells of one shot, float[k], sum 1."""

RELATIVE_STEP = 1e-4
FLAT = 1e-6
"""Share of a parameter's own information below which a direction counts as empty: the derivatives of the
numeric difference are good to about its root."""


@dataclass(frozen=True, slots=True)
class Experiment:
    """Shots of one kind: what a shot can end in, and how many are taken."""

    cells: Cells
    shots: float

    def __post_init__(self) -> None:
        within("shots", self.shots, 0)


@dataclass(frozen=True, slots=True)
class Information:
    """Fisher information about named parameters."""

    names: tuple[str, ...]
    matrix: Real
    """float[n, n], in units of 1/(parameter i x parameter j)."""

    def alone(self, name: str) -> float:
        """Smallest standard error of a parameter while all others are known; inf if nothing tells it."""
        own = float(self.matrix[self._place(name), self._place(name)])
        return 1 / sqrt(own) if own > 0 else inf

    def among_all(self, name: str) -> float:
        """Smallest standard error while all others are estimated too; inf if it cannot be told from them."""
        place = self._place(name)
        scale = self._scale()
        if scale[place] == 0:
            return inf
        values, vectors = self._spectrum()
        empty = values < FLAT
        if np.any(np.abs(vectors[place, empty]) > sqrt(FLAT)):
            return inf
        variance = float(np.sum(vectors[place, ~empty] ** 2 / values[~empty]))
        return sqrt(variance) / float(scale[place])

    def empty_directions(self) -> list[dict[str, float]]:
        """Combinations of relative changes that no count tells: name -> share, the largest share being 1.

        A parameter that has no information of its own is a direction for itself.
        """
        values, vectors = self._spectrum()
        found = [vectors[:, k] for k in np.flatnonzero(values < FLAT)]
        return [self._named(vector) for vector in found]

    def plus(self, other: Information) -> Information:
        """Information of two independent experiments about the same parameters."""
        if self.names != other.names:
            raise PhysicsError(f"information about {self.names} and {other.names} cannot be added")
        return Information(self.names, self.matrix + other.matrix)

    def _place(self, name: str) -> int:
        if name not in self.names:
            raise PhysicsError(f"no parameter {name!r}: known are {', '.join(self.names)}")
        return self.names.index(name)

    def _scale(self) -> Real:
        return np.asarray(np.sqrt(np.diag(self.matrix).clip(min=0.0)))

    def _spectrum(self) -> tuple[Real, Real]:
        """Eigenvalues and eigenvectors where each parameter is measured in its own smallest error."""
        scale = self._scale()
        scaled = self.matrix / np.outer(*(np.where(scale > 0, scale, 1.0),) * 2)
        values, vectors = np.linalg.eigh(scaled)
        return values, vectors

    def _named(self, vector: Real) -> dict[str, float]:
        scale = self._scale()
        changes = vector / np.where(scale > 0, scale, 1.0)
        changes = changes / changes[np.argmax(np.abs(changes))]
        kept = np.abs(vector) > sqrt(FLAT)
        return {name: float(changes[k]) for k, name in enumerate(self.names) if kept[k]}


def information(
    experiments: Sequence[Experiment], at: Mapping[str, float], names: Sequence[str]
) -> Information:
    """Information of all experiments together about ``names`` at the point ``at``.

    Derivatives are central differences of 1e-4 of a parameter's value (of 1e-4 itself at zero). Raises
    PhysicsError for an unknown name, or for cells that are no probabilities.
    """
    for name in names:
        if name not in at:
            raise PhysicsError(f"no parameter {name!r}: known are {', '.join(at)}")
    matrix = np.zeros((len(names), len(names)))
    for experiment in experiments:
        middle = _checked(experiment.cells(at))
        slopes = np.stack([_slope(experiment.cells, at, name) for name in names])
        seen = middle > 0
        weighted = slopes[:, seen] / middle[seen]
        matrix += experiment.shots * weighted @ slopes[:, seen].T
    return Information(tuple(names), matrix)


def shots_for(sigma_one_shot: float, shift: float, sigmas: float = 5.0) -> float:
    """Shots after which ``shift`` is ``sigmas`` standard errors; inf without shift or information."""
    within("sigmas", sigmas, 0)
    return (sigmas * sigma_one_shot / abs(shift)) ** 2 if shift != 0 else inf


def _slope(cells: Cells, at: Mapping[str, float], name: str) -> Real:
    step = RELATIVE_STEP * (abs(at[name]) or 1.0)
    above, below = (cells({**at, name: at[name] + side}) for side in (step, -step))
    return np.asarray((above - below) / (2 * step))


def _checked(cells: Real) -> Real:
    if np.any(cells < -1e-12) or abs(float(cells.sum()) - 1) > 1e-9:
        raise PhysicsError(f"cells must be probabilities that sum to 1, not {float(cells.sum()):.12g}")
    return np.asarray(cells.clip(min=0.0))
