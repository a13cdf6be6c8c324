# SPDX-License-Identifier: Apache-2.0
"""What counts can tell about parameters: Fisher information.

A shot ends in exactly one of several cells with probabilities p_k(theta); n independent shots carry
F_ij = n sum_k (dp_k/dtheta_i)(dp_k/dtheta_j)/p_k (Lehmann and Casella, Theory of Point Estimation, 2nd ed.,
section 2.6). The inverse bounds the covariance of every unbiased estimate (Cramer and Rao).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.errors import PhysicsError, within

Real = NDArray[np.float64]


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

    def plus(self, other: Information) -> Information:
        """Information of two independent experiments about the same parameters."""
        if self.names != other.names:
            raise PhysicsError(f"information about {self.names} and {other.names} cannot be added")
        return Information(self.names, self.matrix + other.matrix)

    def _place(self, name: str) -> int:
        if name not in self.names:
            raise PhysicsError(f"no parameter {name!r}: known are {', '.join(self.names)}")
        return self.names.index(name)


def shots_for(sigma_one_shot: float, shift: float, sigmas: float = 5.0) -> float:
    """Shots after which ``shift`` is ``sigmas`` standard errors; inf without shift or information."""
    within("sigmas", sigmas, 0)
    return (sigmas * sigma_one_shot / abs(shift)) ** 2 if shift != 0 else inf
