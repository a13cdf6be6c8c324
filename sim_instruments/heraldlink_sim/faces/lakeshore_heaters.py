# SPDX-License-Identifier: Apache-2.0
"""Outputs of a Lake Shore 372, the loops that drive them, and the stages that they heat.

A heater sits at the stage whose sensor controls it. A stage in a bath at T0 that takes the power P settles at
T with P = a (T^2 - T0^2), as a dilution refrigerator does, and gets there with one time constant. The loop
runs ten times a second: output (%) = P/10 (e + 1/I integral of e dt + D de/dt), e being the error in percent
of the set point. [?]: the scale of the real loop's terms; they have the manual's ranges and signs here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from heraldlink_sim.faces.lakeshore_curves import Curve
from heraldlink_sim.faces.lakeshore_grammar import NO_INPUT
from heraldlink_sim.faces.lakeshore_records import SAMPLE, STILL, WARMUP, Settings

STEP_s = 0.1
LONGEST_LOOK_BACK_s = 300.0
COOLING_W_per_K2 = 0.05
TIME_CONSTANT_s = 2.0

OFF, MONITOR_OUT, OPEN_LOOP, ZONE, STILL_MODE, CLOSED_LOOP, WARM_UP = range(7)
_SMALLEST_A = 31.6e-6
_WARMUP_A = {1: 0.45, 2: 0.63}
_WARMUP_ohm = {1: 25.0, 2: 50.0}
_STILL_V, _STILL_ohm = 10.0, 100.0
_LOOP_SCALE = 0.1


@dataclass
class Ramp:
    """A set point, and on the way to it."""

    target: float = 0.0
    origin: float = 0.0
    begun_s: float = 0.0
    per_minute: float = 0.0
    announced: bool = True

    def value(self, now_s: float) -> float:
        """The set point now."""
        way = self.target - self.origin
        gone = self.per_minute * (now_s - self.begun_s) / 60
        if not self.per_minute or gone >= abs(way):
            return self.target
        return self.origin + math.copysign(gone, way)


@dataclass
class Loop:
    """State of one output."""

    ramp: Ramp = field(default_factory=Ramp)
    integral: float = 0.0
    error: float | None = None
    percent: float = 0.0


class Heaters:
    """Three outputs; ``bath_K(input)`` is the temperature of a stage without their heat."""

    def __init__(
        self, settings: Settings, bath_K: Callable[[int], float], curve: Callable[[int], Curve | None]
    ) -> None:
        self._settings, self._bath_K, self._curve = settings, bath_K, curve
        self.loops = {output: Loop() for output in (SAMPLE, WARMUP, STILL)}
        self._excess_K2: dict[int, float] = {}
        self._now_s = 0.0

    # --- what the face asks

    def temperature_K(self, channel: int) -> float:
        """Temperature of a stage with the heat of its heaters, as of the last :meth:`advance`."""
        bath_K = self._bath_K(channel)
        excess_K2 = self._excess_K2.get(channel, 0.0)
        return math.sqrt(bath_K**2 + excess_K2) if excess_K2 else bath_K

    def set_point(self, output: int, value: float, now_s: float) -> None:
        """Go to a set point, at the rate of ``RAMP`` if that is on."""
        on, per_minute = self._settings.get("RAMP", output)
        begin = self.loops[output].ramp.value(now_s)
        rate = float(per_minute) if on else 0.0
        self.loops[output].ramp = Ramp(value, begin, now_s, rate, announced=not rate)

    def ramping(self, output: int, now_s: float) -> bool:
        """Whether a set point is under way."""
        ramp = self.loops[output].ramp
        return ramp.value(now_s) != ramp.target

    def arrived(self, output: int, now_s: float) -> bool:
        """Whether a ramp came to its end since this was last asked."""
        ramp = self.loops[output].ramp
        if ramp.announced or self.ramping(output, now_s):
            return False
        ramp.announced = True
        return True

    def all_off(self) -> None:
        """Cut all outputs (``TLIMIT``, power-up)."""
        for output, loop in self.loops.items():
            self._settings.replace("RANGE", 0, 0, output)
            loop.percent = loop.integral = 0.0

    def percent(self, output: int) -> float:
        """Output in percent of its range; 0 while its range is off."""
        return self.loops[output].percent

    def power_W(self, output: int) -> float:
        """Heat of an output."""
        fraction = self.loops[output].percent / 100
        resistance, limit, user_A, _ = self._settings.get("HTRSET", output)
        if output == SAMPLE:
            range_A = _SMALLEST_A * math.sqrt(10) ** (self._range(output) - 1)
            return (fraction * range_A) ** 2 * float(resistance)
        if output == WARMUP:
            load_ohm = _WARMUP_ohm.get(round(float(resistance)), 25.0)
            return (fraction * _WARMUP_A.get(int(limit), float(user_A))) ** 2 * load_ohm
        return (fraction * _STILL_V) ** 2 / _STILL_ohm

    # --- time

    def advance(self, now_s: float) -> None:
        """Let time pass up to now."""
        if not self._excess_K2 and not any(self._driven(output) for output in self.loops):
            self._now_s = now_s
            for loop in self.loops.values():
                loop.percent = 0.0
            return
        self._now_s = max(self._now_s, now_s - LONGEST_LOOK_BACK_s)
        while now_s - self._now_s >= STEP_s:
            self._now_s += STEP_s
            self._step()

    def _step(self) -> None:
        heat_W: dict[int, float] = {}
        for output in self.loops:
            self._drive(output)
            stage = self._stage(output)
            heat_W[stage] = heat_W.get(stage, 0.0) + self.power_W(output)
        decay = math.exp(-STEP_s / TIME_CONSTANT_s)
        for stage in set(heat_W) | set(self._excess_K2):
            settled_K2 = heat_W.get(stage, 0.0) / COOLING_W_per_K2
            excess_K2 = settled_K2 + (self._excess_K2.get(stage, 0.0) - settled_K2) * decay
            if excess_K2 > 1e-12:
                self._excess_K2[stage] = excess_K2
            else:
                self._excess_K2.pop(stage, None)

    def _drive(self, output: int) -> None:
        loop, mode = self.loops[output], int(self._settings.get("OUTMODE", output)[0])
        if not self._driven(output):
            loop.percent, loop.integral, loop.error = 0.0, 0.0, None
        elif mode == OPEN_LOOP:
            loop.percent = self._bounded(float(self._settings.get("MOUT", output)[0]))
        elif mode == STILL_MODE:
            loop.percent = self._bounded(float(self._settings.get("STILL")[0]))
        elif mode == WARM_UP:
            loop.percent = self._bounded(float(self._settings.get("WARMUP")[1]))
        elif mode in (CLOSED_LOOP, ZONE):
            self._control(output, mode)

    def _control(self, output: int, mode: int) -> None:
        loop, stage = self.loops[output], self._stage(output)
        wanted_K = self._wanted_K(output, stage)
        if wanted_K <= 0:
            loop.percent = 0.0
            return
        zone = self._zone(output, wanted_K) if mode == ZONE else None
        gain, integral_s, derivative_s = (float(v) for v in zone or self._settings.get("PID", output))
        error = 100 * (wanted_K - self.temperature_K(stage)) / wanted_K
        slope = 0.0 if loop.error is None else (error - loop.error) / STEP_s
        summed = loop.integral + (error * STEP_s / integral_s if integral_s else 0.0)
        raw = _LOOP_SCALE * gain * (error + summed + derivative_s * slope)
        loop.percent, loop.error = self._bounded(raw), error
        if loop.percent == raw:  # no wind-up while the output is at its end
            loop.integral = summed

    def _wanted_K(self, output: int, stage: int) -> float:
        value = self.loops[output].ramp.value(self._now_s)
        if self._settings.get("INTYPE", stage)[5] != 2:
            return value
        curve = self._curve(stage)
        return (curve.kelvin(value) if curve else None) or 0.0

    def _zone(self, output: int, wanted_K: float) -> tuple[float, float, float] | None:
        """PID of the zone of a set point, whose heater range it switches to."""
        if output == STILL:
            return None
        for number in range(1, 11):
            top_K, gain, integral_s, derivative_s, _, heater, *_ = (
                float(value) for value in self._settings.get("ZONE", output, number)
            )
            if wanted_K <= top_K:
                self._settings.replace("RANGE", 0, int(heater), output)
                return gain, integral_s, derivative_s
        return None

    def _driven(self, output: int) -> bool:
        mode = int(self._settings.get("OUTMODE", output)[0])
        return mode not in (OFF, MONITOR_OUT) and self._range(output) > 0

    def _range(self, output: int) -> int:
        return int(self._settings.get("RANGE", output)[0])

    def _stage(self, output: int) -> int:
        stage = int(self._settings.get("OUTMODE", output)[1])
        return 6 if stage == NO_INPUT else stage

    def _bounded(self, percent: float) -> float:
        return min(100.0, max(0.0, percent))
