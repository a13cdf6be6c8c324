# SPDX-License-Identifier: Apache-2.0
"""Superconducting nanowire single-photon detector: what its bias current does."""

from __future__ import annotations

import math
from dataclasses import dataclass

from heraldlink_physics.errors import within, within_or_infinite


@dataclass(frozen=True, slots=True)
class Snspd:
    """Efficiency is an error function of the bias (internal saturation), dark counts exponential in it."""

    max_efficiency: float
    """On the plateau, 0..1."""
    knee_A: float
    """Bias of half the plateau."""
    width_A: float
    """Width of the error function: efficiency = max/2 (1 + erf((I - knee)/width))."""
    dark_rate_Hz: float
    """Extrapolated to zero bias: rate = dark_rate exp(I / dark_scale) on any biased, superconducting wire."""
    dark_scale_A: float
    latch_A: float
    """From this bias on the wire stays normal and never clicks."""
    jitter_s: float
    """rms of the click time."""
    dead_time_s: float
    """For how long after a click it cannot click again; a gate holds one click at most in any case."""
    afterpulse_probability: float = 0.0
    """Mean number of clicks that a click brings about later by itself, 0..0.9."""
    afterpulse_decay_s: float = 1e-7
    """Mean delay of such a click (exponential)."""
    latch_rate_Hz: float = math.inf
    """Sustained count rate at which the wire stays normal, too hot to recover."""

    def __post_init__(self) -> None:
        within("max_efficiency", self.max_efficiency, 0, 1)
        for name in ("knee_A", "dark_rate_Hz", "jitter_s", "dead_time_s"):
            within(name, float(getattr(self, name)), 0)
        for name in ("width_A", "dark_scale_A", "latch_A"):
            within(name, float(getattr(self, name)), 1e-12)
        within("afterpulse_probability", self.afterpulse_probability, 0, 0.9)
        within("afterpulse_decay_s", self.afterpulse_decay_s, 1e-12)
        within_or_infinite("latch_rate_Hz", self.latch_rate_Hz, 1e-3)

    def biased(self, bias_A: float, enabled: bool = True) -> bool:
        """Whether the wire can click at all: enabled, biased and superconducting."""
        return enabled and 0 < bias_A < self.latch_A

    def efficiency(self, bias_A: float, enabled: bool = True) -> float:
        """Probability that a photon at the detector clicks, 0..1."""
        if not self.biased(bias_A, enabled):
            return 0.0
        return self.max_efficiency / 2 * (1 + math.erf((bias_A - self.knee_A) / self.width_A))

    def dark_rate(self, bias_A: float, enabled: bool = True) -> float:
        """Dark counts per second."""
        if not self.biased(bias_A, enabled):
            return 0.0
        return self.dark_rate_Hz * math.exp(bias_A / self.dark_scale_A)
