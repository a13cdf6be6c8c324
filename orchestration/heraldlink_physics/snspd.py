# SPDX-License-Identifier: Apache-2.0
"""Superconducting nanowire single-photon detector: what its bias current does, and what a click leaves.

After a click the wire is dead while its current comes back, and then recovers (Kerman et al., Appl. Phys.
Lett. 88, 111116 (2006)); amplifiers ring it into afterpulses (Burenkov et al., J. Appl. Phys. 113, 213102
(2013)); heated too often it stays normal and latches (Kerman et al., Phys. Rev. B 79, 100509 (2009)).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from heraldlink_physics.comparator import noise_crossings_Hz, passing
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
    recovery_s: float = 0.0
    """Time constant with which the efficiency comes back after the dead time."""
    afterpulse_probability: float = 0.0
    """That a click is followed by another one by itself, which may be followed in turn, 0..0.9."""
    afterpulse_decay_s: float = 1e-7
    """Mean delay of such a click after the dead time (exponential)."""
    pulse_ohm: float = 0.0
    """Height of its amplified pulse per bias; 0: every click triggers, whatever the level."""
    pulse_spread: float = 0.05
    """rms of the heights relative to their mean."""
    noise_V: float = 0.0
    """rms of the amplifier's noise at the comparator."""
    noise_bandwidth_Hz: float = 1e9
    latch_rate_Hz: float = math.inf
    """Sustained count rate at which the wire stays normal, too hot to recover."""

    def __post_init__(self) -> None:
        within("max_efficiency", self.max_efficiency, 0, 1)
        for name in ("knee_A", "dark_rate_Hz", "jitter_s", "dead_time_s"):
            within(name, float(getattr(self, name)), 0)
        for name in ("width_A", "dark_scale_A", "latch_A"):
            within(name, float(getattr(self, name)), 1e-12)
        for name in ("recovery_s", "pulse_ohm", "pulse_spread", "noise_V", "noise_bandwidth_Hz"):
            within(name, float(getattr(self, name)), 0)
        within("afterpulse_probability", self.afterpulse_probability, 0, 0.9)
        within("afterpulse_decay_s", self.afterpulse_decay_s, 1e-12)
        within_or_infinite("latch_rate_Hz", self.latch_rate_Hz, 1e-3)

    def biased(self, bias_A: float, enabled: bool = True) -> bool:
        """Whether the wire can click at all: enabled, biased and superconducting."""
        return enabled and 0 < bias_A < self.latch_A

    def efficiency(self, bias_A: float, enabled: bool = True, trigger_V: float | None = None) -> float:
        """Probability that a photon at the detector clicks, 0..1.

        ``trigger_V``: level of the comparator behind the amplifier; None: set so that nothing is missed.
        """
        if not self.biased(bias_A, enabled):
            return 0.0
        absorbed = self.max_efficiency / 2 * (1 + math.erf((bias_A - self.knee_A) / self.width_A))
        return absorbed * self._triggering(bias_A, trigger_V)

    def dark_rate(self, bias_A: float, enabled: bool = True, trigger_V: float | None = None) -> float:
        """Dark counts per second, crossings of the trigger level by the amplifier's noise included."""
        if not self.biased(bias_A, enabled):
            return 0.0
        wire_Hz = self.dark_rate_Hz * math.exp(bias_A / self.dark_scale_A)
        noise_Hz = 0.0
        if trigger_V is not None:
            noise_Hz = noise_crossings_Hz(self.noise_V, self.noise_bandwidth_Hz, trigger_V)
        return wire_Hz * self._triggering(bias_A, trigger_V) + noise_Hz

    def _triggering(self, bias_A: float, trigger_V: float | None) -> float:
        if trigger_V is None or self.pulse_ohm == 0:
            return 1.0
        height_V = self.pulse_ohm * bias_A
        return passing(height_V, self.pulse_spread * height_V, self.noise_V, trigger_V)

    def recovered(self, after_s: float) -> float:
        """Efficiency this long after a click relative to that of a wire at rest, 0..1."""
        within("after_s", after_s, 0)
        if after_s < self.dead_time_s:
            return 0.0
        return 1.0 if self.recovery_s == 0 else -math.expm1((self.dead_time_s - after_s) / self.recovery_s)

    def latches(self, rate_Hz: float) -> bool:
        """Whether this sustained count rate keeps the wire normal."""
        within("rate_Hz", rate_Hz, 0)
        return rate_Hz >= self.latch_rate_Hz

    def afterpulses_in_gates(self, gate_s: float, period_s: float) -> float:
        """Mean afterpulses in all later gates per click anywhere in a gate, to first order in their chance.

        An afterpulse is exponential after the dead time and meets gates every ``period_s``; the click is
        uniform over its own. A gate that begins before all such clicks are over their dead time is left out.
        """
        within("gate_s", gate_s, 0)
        within("period_s", period_s, gate_s)
        if self.afterpulse_probability == 0 or gate_s == 0:
            return 0.0
        decay_s = self.afterpulse_decay_s
        first = max(1, math.ceil((self.dead_time_s + gate_s) / period_s))
        wait_s = first * period_s - self.dead_time_s - gate_s
        mean = decay_s / gate_s * math.exp(-wait_s / decay_s) * math.expm1(-gate_s / decay_s) ** 2
        return self.afterpulse_probability * mean / -math.expm1(-period_s / decay_s)
