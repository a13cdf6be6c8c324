# SPDX-License-Identifier: Apache-2.0
"""Sensors of a Lake Shore 372 and the calibration curves by which it reads them.

All sensors are ruthenium oxide: R(T) = R0 exp((T0 / T)^(1/4)), variable-range hopping, with R0 and T0 such
that R is 2005 ohm at 4.2 K and 63.8 kohm at 50 mK, near the vendor's table of the RX-102A. Curves 1 to 20 are
standard ones, 21 to 59 the user's. Between its points a curve is straight in temperature over the logarithm
(format 4) or over the resistance (format 3); format 7, a cubic spline, is read as format 3 [?].
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

RESISTANCE_0_ohm = 364.0
TEMPERATURE_0_K = 35.6
LOG_OHM = 4
CURVE_POINTS = 200
COLDEST_K, WARMEST_K = 0.005, 350.0

Point = tuple[float, float]


def sensor_ohm(temperature_K: float) -> float:
    """Resistance of a sensor (ohm) at a temperature (K, above 0)."""
    return RESISTANCE_0_ohm * math.exp((TEMPERATURE_0_K / temperature_K) ** 0.25)


@dataclass
class Curve:
    """One curve: header, and points (sensor units, K) by rising sensor units."""

    name: str = "User Curve"
    serial: str = ""
    form: int = LOG_OHM
    limit_K: float = 350.0
    coefficient: int = 1
    points: list[Point] = field(default_factory=list[Point])
    _sorted: tuple[list[float], list[float]] | None = None

    def set_point(self, index: int, point: Point) -> None:
        """Set point ``index`` (1 to 200); those before it that were never set are zeros."""
        self.points += [(0.0, 0.0)] * (index - len(self.points))
        self.points[index - 1] = point
        self._sorted = None

    def change_form(self, form: int) -> None:
        """Set the data format: what the points' sensor units are."""
        self.form, self._sorted = form, None

    def point(self, index: int) -> Point:
        """Point ``index``, zeros behind the last one."""
        return self.points[index - 1] if index <= len(self.points) else (0.0, 0.0)

    def kelvin(self, resistance_ohm: float) -> float | None:
        """Temperature (K) for a resistance; None outside of the curve."""
        units, kelvins = self._columns()
        if len(units) < 2 or resistance_ohm <= 0:
            return None
        return _interpolated(units, kelvins, self._unit(resistance_ohm))

    def ohm(self, temperature_K: float) -> float | None:
        """Resistance for a temperature (K); None outside of the curve."""
        units, kelvins = self._columns()
        pairs = sorted(zip(kelvins, units, strict=True))
        if len(pairs) < 2:
            return None
        unit = _interpolated([kelvin for kelvin, _ in pairs], [unit for _, unit in pairs], temperature_K)
        return None if unit is None else 10**unit if self.form == LOG_OHM else unit

    def too_cold(self, resistance_ohm: float) -> bool:
        """Whether a resistance outside of the curve lies beyond its cold end."""
        units, kelvins = self._columns()
        beyond = bool(units) and self._unit(resistance_ohm) > units[-1]
        return beyond == (not kelvins or kelvins[-1] < kelvins[0])

    def _unit(self, resistance_ohm: float) -> float:
        return math.log10(resistance_ohm) if self.form == LOG_OHM else resistance_ohm

    def _columns(self) -> tuple[list[float], list[float]]:
        if self._sorted is None:
            points = sorted(point for point in self.points if point != (0.0, 0.0))
            self._sorted = [unit for unit, _ in points], [kelvin for _, kelvin in points]
        return self._sorted


def calibrated(name: str, serial: str) -> Curve:
    """The curve of a sensor, 200 points from 350 K to 5 mK."""
    ratio = (COLDEST_K / WARMEST_K) ** (1 / (CURVE_POINTS - 1))
    kelvins = (WARMEST_K * ratio**step for step in range(CURVE_POINTS))
    points = [(math.log10(sensor_ohm(kelvin)), kelvin) for kelvin in kelvins]
    return Curve(name, serial, LOG_OHM, WARMEST_K, 1, points)


def _interpolated(xs: Sequence[float], ys: Sequence[float], x: float) -> float | None:
    if not xs[0] <= x <= xs[-1]:
        return None
    right = max(1, bisect_left(xs, x))
    low, high = xs[right - 1], xs[right]
    return ys[right - 1] + (ys[right] - ys[right - 1]) * (x - low) / (high - low) if high > low else ys[right]
