# SPDX-License-Identifier: Apache-2.0
"""Inputs of a Lake Shore 372: a scanner that looks at one sensor at a time, and readings with noise.

Ten readings a second. An input that the scanner is not at keeps its last reading; behind a change of input
nothing new comes for its pause time. The control input (A, here 0) has a channel of its own. The noise of a
reading depends on seed, input and number of the reading alone, however often anybody looks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from heraldlink_sim.faces.lakeshore_curves import Curve, calibrated, sensor_ohm
from heraldlink_sim.faces.lakeshore_grammar import CONTROL_INPUT, HIGHEST_INPUT
from heraldlink_sim.faces.lakeshore_records import Settings

READING_s = 0.1
RELATIVE_NOISE = 2e-4
CABLE_F = 100e-12
FREQUENCIES_Hz = {1: 9.8, 2: 13.7, 3: 16.2, 4: 11.6, 5: 18.2}
INPUTS = range(1, HIGHEST_INPUT + 1)

CURRENT_OVERLOAD, RESISTANCE_OVER = 1, 16
TEMPERATURE_OVER, TEMPERATURE_UNDER = 64, 128

ENABLED, DWELL, PAUSE, CURVE = range(4)
MODE, EXCITATION, AUTO_RANGE, RANGE, SHUNTED, UNITS = range(6)
OHMS = 2

_SMALLEST_RANGE_ohm, _SMALLEST_V, _SMALLEST_A = 2e-3, 2e-6, 1e-12
_ROOT_10 = math.sqrt(10)


@dataclass(frozen=True, slots=True)
class Reading:
    """One reading: resistance (ohm), temperature (K, 0 if it has none) and status bits."""

    resistance_ohm: float = 0.0
    temperature_K: float = 0.0
    status: int = 0


class Inputs:
    """All inputs; ``temperature_K(input)`` is asked for the temperature at a sensor.

    ``on_reading(input, reading)`` is called with each new reading.
    """

    def __init__(self, settings: Settings, temperature_K: Callable[[int], float], seed: int) -> None:
        self._settings, self._temperature_K, self._seed = settings, temperature_K, seed
        self.curves = {1: calibrated("RX-102A", "STANDARD"), 21: calibrated("SIM RX-102A", "SIM-21")}
        self.autoscan = False
        self._at, self._since_s = 6, -math.inf
        self._held: dict[int, Reading] = {}
        self._numbers: dict[int, int] = {}
        self.extremes: dict[int, tuple[float, float]] = {}
        self.on_reading: Callable[[int, Reading], None] = lambda channel, reading: None

    # --- the scanner

    def scan(self, channel: int, autoscan: bool, now_s: float) -> None:
        """Go to an input, and on from there if ``autoscan``."""
        self.refresh(now_s)
        if channel != self._at:
            self._at, self._since_s = channel, now_s
        elif autoscan and not self.autoscan:
            self._since_s = now_s - self._pause_s(channel)  # measured at once, for its dwell time
        self.autoscan = autoscan

    def scanned(self, now_s: float) -> int:
        """The input that the scanner is at."""
        self._advance(now_s)
        return self._at

    def enabled(self, channel: int) -> bool:
        """Whether an input is measured at all."""
        return bool(self._settings.get("INSET", channel)[ENABLED])

    def _advance(self, now_s: float) -> None:
        """Move on to where the scanner is by now, taking a last reading wherever it was."""
        active = [channel for channel in INPUTS if self.enabled(channel)]
        if not self.autoscan or len(active) < 2:
            return
        round_s = sum(self._stay_s(channel) for channel in active)
        self._since_s += max(0.0, (now_s - self._since_s) // round_s - 1) * round_s
        while now_s >= (leaves_s := self._since_s + self._stay_s(self._at)):
            self._take(self._at, leaves_s)
            self._at = next((channel for channel in active if channel > self._at), active[0])
            self._since_s = leaves_s

    def _pause_s(self, channel: int) -> float:
        return self._settings.number("INSET", PAUSE, channel)

    def _stay_s(self, channel: int) -> float:
        return max(1.0, self._pause_s(channel) + self._settings.number("INSET", DWELL, channel))

    # --- readings

    def reading(self, channel: int, now_s: float) -> Reading:
        """The last reading of an input; zeros for one that is disabled or was never measured."""
        self.refresh(now_s)
        return self._held.get(channel, Reading()) if self.enabled(channel) else Reading()

    def forget(self) -> None:
        """Measure anew, since a setting was changed."""
        self._numbers.clear()

    def refresh(self, now_s: float) -> None:
        """Take the readings that are due."""
        if not self._held:
            for channel in (CONTROL_INPUT, *INPUTS):
                if self.enabled(channel):
                    self._take(channel, now_s)
        self._advance(now_s)
        if now_s >= self._since_s + self._pause_s(self._at) and self.enabled(self._at):
            self._take(self._at, now_s)
        if self.enabled(CONTROL_INPUT):
            self._take(CONTROL_INPUT, now_s)

    def _take(self, channel: int, time_s: float) -> None:
        number = int(time_s / READING_s)
        if self._numbers.get(channel) == number:
            return
        self._numbers[channel] = number
        setup = self._settings.get("INTYPE", channel)
        self._held[channel] = reading = self._measured(channel, number)
        if not reading.status:
            value = reading.resistance_ohm if setup[UNITS] == OHMS else reading.temperature_K
            low, high = self.extremes.get(channel, (value, value))
            self.extremes[channel] = min(low, value), max(high, value)
        self.on_reading(channel, reading)

    def _measured(self, channel: int, number: int) -> Reading:
        setup = self._settings.get("INTYPE", channel)
        if setup[SHUNTED]:
            return Reading(status=CURRENT_OVERLOAD)
        true_ohm = sensor_ohm(max(1e-4, self._temperature_K(channel)))
        resistance_ohm = true_ohm * (1 + self._noise(channel, number))
        if not setup[AUTO_RANGE] and resistance_ohm > _scaled(_SMALLEST_RANGE_ohm, float(setup[RANGE])):
            return Reading(status=RESISTANCE_OVER)
        curve = self.curve(channel)
        if curve is None:
            return Reading(resistance_ohm)
        if (kelvin := curve.kelvin(resistance_ohm)) is None:
            cold = curve.too_cold(resistance_ohm)
            return Reading(resistance_ohm, 0.0, TEMPERATURE_UNDER if cold else TEMPERATURE_OVER)
        return Reading(resistance_ohm, kelvin)

    def _noise(self, channel: int, number: int) -> float:
        on, settle_s, _ = self._settings.get("FILTER", channel)
        averaged = max(1.0, float(settle_s) / READING_s) if on else 1.0
        draw = np.random.Generator(np.random.Philox(key=[self._seed, channel], counter=[number, 0, 0, 0]))
        return RELATIVE_NOISE * float(draw.standard_normal()) / math.sqrt(averaged)

    # --- derived

    def curve(self, channel: int) -> Curve | None:
        """The curve of an input, if it has one."""
        return self.curves.get(int(self._settings.get("INSET", channel)[CURVE]))

    def quadrature_ohm(self, channel: int, now_s: float) -> float:
        """Quadrature reading, from the capacitance of the cable."""
        frequency_Hz = FREQUENCIES_Hz[int(self._settings.get("FREQ", channel)[0])]
        return 2 * math.pi * frequency_Hz * CABLE_F * self.reading(channel, now_s).resistance_ohm ** 2

    def excitation_W(self, channel: int, now_s: float) -> float:
        """Power of the excitation in the sensor."""
        setup = self._settings.get("INTYPE", channel)
        resistance_ohm = self.reading(channel, now_s).resistance_ohm
        if not resistance_ohm or setup[SHUNTED]:
            return 0.0
        if setup[MODE]:
            return _scaled(_SMALLEST_A, float(setup[EXCITATION])) ** 2 * resistance_ohm
        return _scaled(_SMALLEST_V, float(setup[EXCITATION])) ** 2 / resistance_ohm


def _scaled(smallest: float, step: float) -> float:
    """Full scale of range ``step`` (1..), two ranges to a decade."""
    return smallest * float(_ROOT_10 ** (step - 1))
