# SPDX-License-Identifier: Apache-2.0
"""When a photon arrives: its mode in time, cut by gates and compared with another arm's."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, erf, sqrt

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
    _total: NDArray[np.float64] = field(init=False, repr=False, compare=False)
    """Probability of arrival before each edge, shape (n + 1,)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_total", np.concatenate(([0.0], np.cumsum(self.weight))))

    @classmethod
    def of_power(cls, power_W: NDArray[np.float64], step_ps: float, begin_ps: float) -> ArrivalProfile:
        """Mode of photons made in proportion to a pulse's power, shape (n,); dark ends are cut away."""
        lit = np.flatnonzero(power_W > 0)
        if lit.size == 0:
            return cls(begin_ps, step_ps, np.zeros(0))
        first, last = int(lit[0]), int(lit[-1]) + 1
        weight = power_W[first:last]
        return cls(begin_ps + first * step_ps, step_ps, weight / weight.sum())

    @property
    def empty(self) -> bool:
        """True without any pulse."""
        return not bool(np.any(self.weight))

    def shifted(self, by_ps: float) -> ArrivalProfile:
        """The same mode, later by `by_ps`."""
        return ArrivalProfile(self.begin_ps + by_ps, self.step_ps, self.weight)

    def blurred(self, sigma_ps: float) -> ArrivalProfile:
        """The distribution of arrivals after normal jitter of rms `sigma_ps`."""
        if self.empty or sigma_ps <= 0:
            return self
        reach = ceil(6 * sigma_ps / self.step_ps)
        scale = self.step_ps / (sigma_ps * sqrt(2))
        steps = np.array([erf((k + 0.5) * scale) for k in range(-reach - 1, reach + 1)], dtype=np.float64)
        kernel = np.diff(steps) / (steps[-1] - steps[0])
        weight = np.asarray(np.convolve(self.weight, kernel), dtype=np.float64)
        return ArrivalProfile(self.begin_ps - reach * self.step_ps, self.step_ps, weight)

    def edges_ps(self) -> NDArray[np.float64]:
        """Edges of the steps, shape (n + 1,)."""
        return self.begin_ps + self.step_ps * np.arange(self.weight.size + 1, dtype=np.float64)

    def cumulative(self, time_ps: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """Probability of arrival before `time_ps`, same shape."""
        return np.asarray(np.interp(time_ps, self.edges_ps(), self._total), dtype=np.float64)

    def fraction(self, begin_ps: float, end_ps: float) -> float:
        """Share of the photon inside a window, 0..1."""
        if end_ps <= begin_ps:
            return 0.0
        low, high = self.cumulative(np.array([begin_ps, end_ps], dtype=np.float64))
        return float(high - low)

    def quantile_ps(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        """Arrival times at given cumulative probabilities 0..1, same shape: samples them, gated or not.

        Within the step where the cumulative probability passes the given one: never between two pulses.
        """
        if self.empty:
            return np.full_like(probability, self.begin_ps)
        last = int(np.flatnonzero(self.weight)[-1])
        step = (np.searchsorted(self._total, probability, side="right") - 1).clip(0, last)
        within = ((probability - self._total[step]) / self.weight[step]).clip(0.0, 1.0)
        return np.asarray(self.begin_ps + self.step_ps * (step + within), dtype=np.float64)

    def amplitude(self, time_ps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Square root of the probability per step, interpolated, same shape; 0 outside the mode."""
        centres = self.edges_ps()[:-1] + self.step_ps / 2
        return np.interp(time_ps, centres, np.sqrt(self.weight), left=0.0, right=0.0)


def overlap(
    a: ArrivalProfile, b: ArrivalProfile, begin_ps: float, end_ps: float, beat_Hz: float = 0.0
) -> float:
    """|<xi_A|xi_B>|² of two modes inside a window, 0..1; `beat_Hz` is the difference of their frequencies.

    Sampled at the finer of the two steps; 0 when a mode has no part in the window.
    """
    if a.empty or b.empty:
        return 0.0
    step_ps = min(a.step_ps, b.step_ps)
    low = max(begin_ps, a.begin_ps, b.begin_ps)
    high = min(end_ps, float(a.edges_ps()[-1]), float(b.edges_ps()[-1]))
    if high <= low:
        return 0.0
    first = min(a.begin_ps, b.begin_ps)
    edges_ps = np.arange(first, max(a.edges_ps()[-1], b.edges_ps()[-1]), step_ps)
    time_ps = edges_ps + step_ps / 2
    time_ps = time_ps[(time_ps >= begin_ps) & (time_ps < end_ps)]
    xi_a, xi_b = a.amplitude(time_ps), b.amplitude(time_ps)
    norm = float(np.sum(xi_a**2) * np.sum(xi_b**2))
    turning = np.exp(2j * np.pi * beat_Hz * 1e-12 * time_ps) if beat_Hz else 1.0
    return float(abs(np.sum(xi_a * xi_b * turning)) ** 2 / norm) if norm > 0 else 0.0
