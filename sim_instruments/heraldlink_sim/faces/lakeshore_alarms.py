# SPDX-License-Identifier: Apache-2.0
"""Alarms, temperature limits and relays of a Lake Shore 372."""

from __future__ import annotations

from heraldlink_sim.faces.lakeshore_heaters import ZONE, Heaters
from heraldlink_sim.faces.lakeshore_inputs import Inputs, Reading
from heraldlink_sim.faces.lakeshore_records import SAMPLE, WARMUP, Settings

_RELAY_ON, _RELAY_ALARM, _SAMPLE_ZONE, _WARMUP_ZONE = 1, 2, 3, 4


class Alarms:
    """Whether inputs are above or below their limits, latched where ``ALARM`` says so."""

    def __init__(self, settings: Settings, inputs: Inputs, heaters: Heaters) -> None:
        self._settings, self._heaters = settings, heaters
        self._states: dict[int, tuple[bool, bool]] = {}
        inputs.on_reading = self._look

    def _look(self, channel: int, reading: Reading) -> None:
        """Compare a new reading with its limits; beyond the temperature limit all heaters go off."""
        limit_K = self._settings.number("TLIMIT", 0, channel)
        if limit_K and reading.temperature_K > limit_K:
            self._heaters.all_off()
        if not self._settings.get("ALARM", channel)[0]:
            self._states.pop(channel, None)
        elif not reading.status:
            self._compare(channel, reading)

    def state(self, channel: int) -> tuple[bool, bool]:
        """Whether the high and the low alarm of an input are on."""
        return self._states.get(channel, (False, False))

    def any(self) -> bool:
        """Whether an alarm is on."""
        return any(high or low for high, low in self._states.values())

    def reset(self) -> None:
        """``ALMRST``: forget what was latched."""
        self._states.clear()

    def relay(self, number: int) -> bool:
        """Whether a relay is closed."""
        mode, channel, kind = (int(value) for value in self._settings.get("RELAY", number))
        if mode == _RELAY_ALARM:
            high, low = self.state(channel)
            return (low, high, high or low)[kind]
        if mode in (_SAMPLE_ZONE, _WARMUP_ZONE):
            return self._zone_relay(number, SAMPLE if mode == _SAMPLE_ZONE else WARMUP)
        return mode == _RELAY_ON

    def _zone_relay(self, number: int, output: int) -> bool:
        if self._settings.get("OUTMODE", output)[0] != ZONE:
            return False
        wanted = self._heaters.loops[output].ramp.target
        for zone in range(1, 11):
            row = self._settings.get("ZONE", output, zone)
            if wanted <= float(row[0]):
                return bool(row[6 + number])
        return False

    def _compare(self, channel: int, reading: Reading) -> None:
        _, source, high, low, deadband, latch, *_ = self._settings.get("ALARM", channel)
        value = reading.resistance_ohm if source == 2 else reading.temperature_K
        was_high, was_low = self.state(channel)
        slack = float(deadband)
        above = value > float(high) - (slack if was_high else 0)
        below = value < float(low) + (slack if was_low else 0)
        self._states[channel] = (above or (was_high and bool(latch)), below or (was_low and bool(latch)))
