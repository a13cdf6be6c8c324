# SPDX-License-Identifier: Apache-2.0
"""How an external-cavity diode laser behaves in time: currents that slew, a head that warms up, a motor.

Pure: times are given. Numbers are those of a typical CTL 1550 and are this model's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, pi, sin

THRESHOLD_mA = 60.0
SLOPE_mW_mA = 0.18
AMBIENT_C = 22.0
HEAD_TIME_CONSTANT_s = 8.0
MOTOR_SPEED_nm_s = 10.0
CURRENT_SLEW_mA_s = 2000.0
PIEZO_SLEW_V_s = 5000.0
NTC_10K_OHM, NTC_BETA_K = 10_000.0, 3450.0
ZERO_C_K = 273.15


@dataclass(slots=True)
class Slew:
    """A quantity that goes to its target at a steady rate (units per second)."""

    target: float
    rate: float
    _from: float = 0.0
    _since_s: float = 0.0

    @classmethod
    def at(cls, value: float, rate: float) -> Slew:
        """One that is where it should be."""
        return cls(value, rate, value)

    def go(self, target: float, now_s: float, rate: float | None = None) -> None:
        """Set out for a target, from wherever it is now."""
        self._from, self._since_s = self.value(now_s), now_s
        self.target, self.rate = target, self.rate if rate is None else rate

    def value(self, now_s: float) -> float:
        """Where it is."""
        way = self.target - self._from
        gone = self.rate * max(0.0, now_s - self._since_s)
        return self.target if abs(way) <= gone else self._from + (gone if way > 0 else -gone)

    def moving(self, now_s: float) -> bool:
        """Whether it has not arrived."""
        return self.value(now_s) != self.target

    def arrives_s(self) -> float:
        """When it arrives, or arrived."""
        return self._since_s + abs(self.target - self._from) / self.rate


@dataclass(slots=True)
class Relaxation:
    """A quantity that approaches its target exponentially."""

    target: float
    time_constant_s: float
    _from: float
    _since_s: float = 0.0

    def go(self, target: float, now_s: float) -> None:
        """Approach another target, from wherever it is now."""
        self._from, self._since_s, self.target = self.value(now_s), now_s, target

    def value(self, now_s: float) -> float:
        """Where it is."""
        left = exp(-max(0.0, now_s - self._since_s) / self.time_constant_s)
        return self.target + (self._from - self.target) * left


def output_mW(current_mA: float) -> float:
    """Light power of the head at a diode current."""
    return max(0.0, SLOPE_mW_mA * (current_mA - THRESHOLD_mA))


def current_for_mA(power_mW: float) -> float:
    """Diode current at which the head gives a power."""
    return THRESHOLD_mA + power_mW / SLOPE_mW_mA


def diode_voltage_V(current_mA: float) -> float:
    """Voltage over the diode: a junction and a series resistance."""
    return 0.0 if current_mA <= 0 else 1.05 + 2.5e-3 * current_mA


def wave(signal_type: int, cycles: float) -> float:
    """A scan's shape, -1 to 1: 0 sine, 1 triangle, 2 triangle with rounded turns (taken for a triangle)."""
    if signal_type == 0:
        return sin(2 * pi * cycles)
    return 1 - 4 * abs((cycles + 0.25) % 1 - 0.5)


def thermistor_ohm(temperature_C: float) -> float:
    """Resistance of the 10 kOhm thermistor."""
    warm_K = temperature_C + ZERO_C_K
    return NTC_10K_OHM * exp(NTC_BETA_K * (1 / warm_K - 1 / (25 + ZERO_C_K)))
