# SPDX-License-Identifier: Apache-2.0
"""When the photons of an attempt click: drawn from the arms' arrival profiles, inside a gate or outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.profile import ArrivalProfile
from heraldlink_physics.settings import GateSettings

Real = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Arrival times in ps after the hub's START: each arm's profile, and its share in the clicks (>= 0)."""

    profiles: tuple[ArrivalProfile, ArrivalProfile]
    weights: tuple[float, float]

    def anywhere(self, uniform: Real, choice: Real) -> Real:
        """Return one arrival per pair of uniform numbers."""
        return self._mixed(choice, lambda profile: profile.quantile_ps(uniform))

    def inside(self, gate: GateSettings, uniform: Real, choice: Real) -> Real:
        """Return one arrival inside the gate per pair of uniform numbers."""

        def gated(profile: ArrivalProfile) -> Real:
            low, high = _bounds(profile, gate)
            times = profile.quantile_ps(low + (high - low) * uniform)
            return np.clip(times, gate.begin_ps, np.nextafter(gate.end_ps, gate.begin_ps))

        return self._mixed(choice, gated)

    def outside(self, gate: GateSettings, uniform: Real, choice: Real) -> Real:
        """Return one arrival outside the gate per pair of uniform numbers."""

        def ungated(profile: ArrivalProfile) -> Real:
            low, high = _bounds(profile, gate)
            place = uniform * (1 - high + low)
            return profile.quantile_ps(np.where(place < low, place, place + high - low))

        return self._mixed(choice, ungated)

    def _mixed(self, choice: Real, times: Callable[[ArrivalProfile], Real]) -> Real:
        """Take each time from arm A or B with probability in proportion to its weight."""
        total = sum(self.weights)
        share = self.weights[0] / total if total > 0 else 0.5
        first, second = (profile if not profile.empty else None for profile in self.profiles)
        if first is None or second is None:
            only = first or second
            return times(only) if only else np.zeros_like(choice)
        return np.where(choice < share, times(first), times(second))


def _bounds(profile: ArrivalProfile, gate: GateSettings) -> tuple[float, float]:
    """Return the cumulative probabilities at the gate's edges."""
    low, high = profile.cumulative(
        np.array([gate.begin_ps, max(gate.begin_ps, gate.end_ps)], dtype=np.float64)
    )
    return float(low), float(high)
