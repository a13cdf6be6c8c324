# SPDX-License-Identifier: Apache-2.0
"""When a photon arrives: its mode in time, cut by gates and compared with another arm's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ArrivalProfile:
    """Temporal mode of one arm's photon as a staircase; an arm without a pulse has no photon (`empty`)."""

    begin_ps: float
    """Left edge of the first step."""
    step_ps: float
    weight: NDArray[np.float64]
    """Probability of arrival in each step, shape (n,), sum 1, or all 0."""

    @property
    def empty(self) -> bool:
        """True without any pulse."""
        return not bool(np.any(self.weight))

    def shifted(self, by_ps: float) -> ArrivalProfile:
        """The same mode, later by `by_ps`."""
        return ArrivalProfile(self.begin_ps + by_ps, self.step_ps, self.weight)

    def edges_ps(self) -> NDArray[np.float64]:
        """Edges of the steps, shape (n + 1,)."""
        return self.begin_ps + self.step_ps * np.arange(self.weight.size + 1)

    def cumulative(self, time_ps: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Probability of arrival before `time_ps`, same shape."""
        total = np.concatenate(([0.0], np.cumsum(self.weight)))
        return np.asarray(np.interp(time_ps, self.edges_ps(), total), dtype=np.float64)

    def fraction(self, begin_ps: float, end_ps: float) -> float:
        """Share of the photon inside a window, 0..1."""
        if end_ps <= begin_ps:
            return 0.0
        low, high = self.cumulative(np.array([begin_ps, end_ps], dtype=np.float64))
        return float(high - low)

    def quantile_ps(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Arrival times at given cumulative probabilities 0..1, same shape: samples them, gated or not."""
        total = np.concatenate(([0.0], np.cumsum(self.weight)))
        rising = np.concatenate(([True], np.diff(total) > 0))
        return np.asarray(np.interp(probability, total[rising], self.edges_ps()[rising]), dtype=np.float64)
