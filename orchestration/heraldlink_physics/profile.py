# SPDX-License-Identifier: Apache-2.0
"""When a photon arrives: its mode in time, shaped by cavities, cut by gates, compared with another arm's.

A cavity of linewidth kappa (full width at half maximum, in angular frequency) answers an impulse with
kappa/2 exp(-(kappa/2 + i delta) t), delta its detuning from the photon: a Lorentzian line, an exponential
tail.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, erf, inf, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.errors import within


@dataclass(frozen=True, slots=True)
class ArrivalProfile:
    """Temporal mode of one arm's photon as a staircase; an arm without a pulse has no photon (`empty`)."""

    begin_ps: float
    """Left edge of the first step."""
    step_ps: float
    weight: NDArray[np.float64]
    """Probability of arrival in each step, shape (n,), sum 1, or all 0."""
    phase_rad: NDArray[np.float64] | None = None
    """Phase of the amplitude in each step beyond that of its carrier, shape (n,); None: 0 throughout."""
    _total: NDArray[np.float64] = field(init=False, repr=False, compare=False)
    """Probability of arrival before each edge, shape (n + 1,)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_total", np.concatenate(([0.0], np.cumsum(self.weight))))

    @classmethod
    def of_power(cls, power_W: NDArray[np.float64], step_ps: float, begin_ps: float) -> ArrivalProfile:
        """Mode of photons made in proportion to a pulse's power, shape (n,); dark ends are cut away.

        Dark is what has less than 1e-20 of the largest power.
        """
        lit = np.flatnonzero(power_W > 1e-20 * power_W.max(initial=0.0))
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
        return ArrivalProfile(self.begin_ps + by_ps, self.step_ps, self.weight, self.phase_rad)

    def filtered(self, linewidth_Hz: float, detuning_Hz: float = 0.0) -> tuple[ArrivalProfile, float]:
        """The mode behind a cavity, and the share of photons that pass it, 0..1, lossless on resonance.

        ``linewidth_Hz``: full width at half maximum. ``detuning_Hz``: the photon's frequency less the
        cavity's. The amplitude is taken as linear between the middles of the steps.
        """
        if self.empty or linewidth_Hz == inf:
            return self, 1.0
        within("linewidth_Hz", linewidth_Hz, 1.0)
        amplitude = np.sqrt(self.weight) * np.exp(1j * (0.0 if self.phase_rad is None else self.phase_rad))
        behind = _convolved(amplitude, _response(linewidth_Hz, detuning_Hz, self.step_ps))
        power = np.abs(behind) ** 2
        share = float(power.sum())
        flat = self.phase_rad is None and detuning_Hz == 0
        phase = None if flat else np.unwrap(np.angle(behind))
        return ArrivalProfile(self.begin_ps, self.step_ps, power / share, phase), min(1.0, share)

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
        return min(1.0, float(high - low))

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

    def amplitude(self, time_ps: NDArray[np.float64]) -> NDArray[np.float64] | NDArray[np.complex128]:
        """Amplitude per step, interpolated, same shape: its square is a probability; 0 outside the mode."""
        centres = self.edges_ps()[:-1] + self.step_ps / 2
        size = np.asarray(
            np.interp(time_ps, centres, np.sqrt(self.weight), left=0.0, right=0.0), dtype=np.float64
        )
        if self.phase_rad is None:
            return size
        phase = np.interp(time_ps, centres, self.phase_rad)
        return np.asarray(size * np.exp(1j * phase), dtype=np.complex128)


def _response(linewidth_Hz: float, detuning_Hz: float, step_ps: float) -> NDArray[np.complex128]:
    """What an amplitude that rises to one over a step, and falls over the next, leaves at later middles.

    complex[m]; such hats add up to an amplitude that is linear between the middles of the steps.
    """
    kappa = 2 * pi * linewidth_Hz * step_ps * 1e-12
    rate = kappa / 2 - 2j * pi * detuning_Hz * step_ps * 1e-12
    at_once = (rate + np.expm1(-rate)) / rate**2
    later = np.exp(-rate * np.arange(1, 2 + ceil(30 / kappa))) * (2 * np.sinh(rate / 2) / rate) ** 2
    return np.asarray(kappa / 2 * np.concatenate(([at_once], later)), dtype=np.complex128)


def _convolved(first: NDArray[np.complex128], second: NDArray[np.complex128]) -> NDArray[np.complex128]:
    """Linear convolution by Fourier transform, length n + m - 1."""
    length = first.size + second.size - 1
    fast = 1 << (length - 1).bit_length()
    return np.asarray(np.fft.ifft(np.fft.fft(first, fast) * np.fft.fft(second, fast))[:length])


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
    norm = float(np.sum(np.abs(xi_a) ** 2) * np.sum(np.abs(xi_b) ** 2))
    turning = np.exp(-2j * np.pi * beat_Hz * 1e-12 * time_ps) if beat_Hz else 1.0
    return float(abs(np.sum(np.conj(xi_a) * xi_b * turning)) ** 2 / norm) if norm > 0 else 0.0
