# SPDX-License-Identifier: Apache-2.0
"""The laser of a DLC pro: what its settings make of it as bench time passes.

Pure but for the clock it reads. Light leaves when the emission button is pressed, key and interlock allow it,
``laser1:enabled`` holds and the diode's current is on. Numbers of ``ctl:state``, of the power stabilisation's
state and of the health bits are not in any public source [?]; their texts are this model's words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from typing import cast

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.decop import RANGE, STATE, DecopError, Value
from heraldlink_sim.faces.toptica_physics import (
    AMBIENT_C,
    HEAD_TIME_CONSTANT_s,
    MOTOR_SPEED_nm_s,
    PIEZO_SLEW_V_s,
    Relaxation,
    Slew,
    current_for_mA,
    diode_voltage_V,
    output_mW,
    thermistor_ohm,
    wave,
)
from heraldlink_sim.world.rack import LaserState

SPEED_OF_LIGHT_nm_Hz = 2.99792458e17
CC, TC, PC, CTL = "laser1:dl:cc", "laser1:dl:tc", "laser1:dl:pc", "laser1:ctl"
STABILIZATION, SCAN, WIDE = "laser1:power-stabilization", "laser1:scan", "laser1:wide-scan"
PIEZO_OUTPUT, CURRENT_OUTPUT = 50, 51
IDLE, MOVING, SCANNING = 0, 1, 2
_STATES = {IDLE: "Idle", MOVING: "Moving", SCANNING: "Scanning"}


class CtlLaser:
    """Continuously tunable laser 1: reads its settings from ``settings`` and follows them in time."""

    def __init__(self, settings: MutableMapping[str, Value], clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self.interlock_open = False
        self.key_locked = False
        now_s = clock.now_s()
        self._current = Slew.at(0.0, 2000.0)
        self._piezo = Slew.at(self._real(f"{PC}:voltage-set"), PIEZO_SLEW_V_s)
        self._motor = Slew.at(self._real(f"{CTL}:wavelength-set"), MOTOR_SPEED_nm_s)
        self._head = Relaxation(AMBIENT_C, HEAD_TIME_CONSTANT_s, AMBIENT_C, now_s)
        self._scan_until_s = 0.0
        self._after_scan: float | None = None
        self.follow()

    # --- settings

    def follow(self, changed: str = "") -> None:
        """Set out for what the settings ask now; ``changed`` is the one that was written."""
        now_s = self._clock.now_s()
        self._refresh_scan(changed)
        rate = self._real(f"{CC}:output-filter:slew-rate")
        slewing = self._settings[f"{CC}:output-filter:slew-rate-enabled"]
        self._current.go(self._wanted_mA(), now_s, rate if slewing else 1e9)
        piezo = self._real(f"{PC}:voltage-set") if self._settings[f"{PC}:enabled"] else 0.0
        self._piezo.go(piezo, now_s, self._real(f"{PC}:output-filter:slew-rate"))
        warm = self._settings[f"{TC}:enabled"]
        self._head.go(self._real(f"{TC}:temp-set") if warm else AMBIENT_C, now_s)
        if changed == f"{CTL}:wavelength-set":
            self._end_scan()
            self._motor.go(self._real(changed), now_s, MOTOR_SPEED_nm_s)

    def check(self, name: str, value: Value) -> None:
        """Raise DecopError for a setting that is refused in this state."""
        if name == f"{CTL}:wavelength-set" and self.state_number() == SCANNING:
            raise DecopError(STATE, "wide scan in progress")
        if name == f"{CTL}:wavelength-set" and not self._settings[f"{TC}:enabled"]:
            raise DecopError(STATE, "temperature control is off")

    def set_interlock(self, is_open: bool) -> None:
        """Open or close the interlock; emission that it ended comes back only with the button."""
        self.interlock_open = is_open
        if is_open:
            self._settings["emission-button-enabled"] = False
        self.follow()

    def start_scan(self) -> None:
        """Begin a wide scan of the wavelength. Raises DecopError for a span of nothing or while one runs."""
        begin, end = self._real(f"{WIDE}:scan-begin"), self._real(f"{WIDE}:scan-end")
        if self.state_number() == SCANNING:
            raise DecopError(STATE, "wide scan in progress")
        if begin == end:
            raise DecopError(RANGE, "scan-begin equals scan-end")
        now_s, speed = self._clock.now_s(), self._real(f"{WIDE}:speed")
        self._after_scan = self._motor.target if self._settings[f"{WIDE}:restore-on-end"] else end
        self._motor = Slew.at(begin, speed)
        self._motor.go(end, now_s, speed)
        self._scan_until_s = self._motor.arrives_s()

    def stop_scan(self) -> None:
        """End a wide scan; the laser stays or goes back, as ``restore-on-end`` says."""
        if self.state_number() == SCANNING:
            self._end_scan()

    def _end_scan(self) -> None:
        now_s = self._clock.now_s()
        if self._after_scan is not None:
            self._motor.go(self._after_scan, min(now_s, self._scan_until_s), MOTOR_SPEED_nm_s)
        self._after_scan, self._scan_until_s = None, 0.0

    def _refresh_scan(self, changed: str) -> None:
        """Keep start and end, offset and amplitude of the piezo scan in step with each other."""
        setting = self._settings
        if changed in (f"{SCAN}:start", f"{SCAN}:end"):
            start, end = self._real(f"{SCAN}:start"), self._real(f"{SCAN}:end")
            setting[f"{SCAN}:offset"], setting[f"{SCAN}:amplitude"] = (start + end) / 2, abs(end - start)
        else:
            offset, half = self._real(f"{SCAN}:offset"), self._real(f"{SCAN}:amplitude") / 2
            setting[f"{SCAN}:start"], setting[f"{SCAN}:end"] = offset - half, offset + half

    def _real(self, name: str) -> float:
        return float(cast(float, self._settings[name]))

    def _wanted_mA(self) -> float:
        if not self.emitting:
            return 0.0
        clip = self._real(f"{CC}:current-clip")
        if self._settings[f"{STABILIZATION}:enabled"]:
            return min(clip, current_for_mA(self._real(f"{STABILIZATION}:setpoint")))
        return min(clip, self._real(f"{CC}:current-set"))

    # --- how it is

    @property
    def released(self) -> bool:
        """Whether button, key, interlock and ``laser1:enabled`` let laser 1 emit."""
        button, enabled = self._settings["emission-button-enabled"], self._settings["laser1:enabled"]
        return bool(button and enabled and not self.interlock_open and not self.key_locked)

    @property
    def emitting(self) -> bool:
        """Whether the diode is driven."""
        on = self._settings[f"{CC}:enabled"] and not self._settings[f"{CC}:forced-off"]
        return bool(self.released and on)

    def current_mA(self) -> float:
        """Diode current."""
        return self._current.value(self._clock.now_s())

    def power_mW(self) -> float:
        """Light power at the output."""
        return output_mW(self.current_mA())

    def piezo_V(self) -> float:
        """Piezo voltage, with the scan if that one runs and goes there."""
        now_s = self._clock.now_s()
        if not (self._settings[f"{SCAN}:enabled"] and self._output() == PIEZO_OUTPUT):
            return self._piezo.value(now_s)
        shape = wave(int(self._real(f"{SCAN}:signal-type")), now_s * self._real(f"{SCAN}:frequency"))
        return self._real(f"{SCAN}:offset") + self._real(f"{SCAN}:amplitude") / 2 * shape

    def temperature_C(self) -> float:
        """Temperature of the head."""
        return self._head.value(self._clock.now_s())

    def wavelength_nm(self) -> float:
        """Where the grating stands."""
        self._settle_scan()
        return self._motor.value(self._clock.now_s())

    def ready(self) -> bool:
        """Whether the head has its temperature."""
        off = abs(self.temperature_C() - self._real(f"{TC}:temp-set"))
        return bool(self._settings[f"{TC}:enabled"]) and off <= self._real(f"{TC}:t-loop:ok-tolerance")

    def state_number(self) -> int:
        """What the tuning does."""
        self._settle_scan()
        if self._after_scan is not None:
            return SCANNING
        return MOVING if self._motor.moving(self._clock.now_s()) else IDLE

    def _settle_scan(self) -> None:
        if self._after_scan is not None and self._clock.now_s() >= self._scan_until_s:
            self._end_scan()

    def health(self) -> tuple[int, str]:
        """Health bits and their text; 0 is healthy."""
        troubles = {
            1: "Interlock open" if self.interlock_open else "",
            2: "Key switch locked" if self.key_locked else "",
            4: "" if self.ready() else "Temperature not ready",
        }
        found = {bit: text for bit, text in troubles.items() if text}
        return sum(found), ", ".join(found.values()) or "OK"

    def lamp(self) -> LaserState:
        """What the world sees: there is no shutter; the diode's current stands for it.

        Power is what is set, whether or not light leaves.
        """
        clip = self._real(f"{CC}:current-clip")
        stable = self._settings[f"{STABILIZATION}:enabled"]
        asked = current_for_mA(self._real(f"{STABILIZATION}:setpoint")) if stable else clip
        current = min(clip, asked if stable else self._real(f"{CC}:current-set"))
        open_ = bool(self._settings[f"{CC}:enabled"] and not self._settings[f"{CC}:forced-off"])
        frequency_Hz = SPEED_OF_LIGHT_nm_Hz / self.wavelength_nm()
        return LaserState(self.released, open_, output_mW(current) * 1e-3, frequency_Hz)

    # --- parameters that are measured

    def _progress(self) -> int:
        now_s, speed = self._clock.now_s(), self._real(f"{WIDE}:speed")
        span = abs(self._real(f"{WIDE}:scan-end") - self._real(f"{WIDE}:scan-begin")) / speed
        left_s = max(0.0, self._scan_until_s - now_s)
        return round(100 * (1 - min(1.0, left_s / span))) if self.state_number() == SCANNING and span else 0

    def _left_s(self) -> int:
        return round(max(0.0, self._scan_until_s - self._clock.now_s()))

    def _regulates(self) -> int:
        enabled = self._settings[f"{STABILIZATION}:enabled"]
        return 0 if not enabled else 2 if self.emitting else 1

    def measured(self) -> Mapping[str, Callable[[], Value]]:
        """Readings by parameter name, taken when they are asked for."""
        return {**self._measured_system(), **self._measured_diode(), **self._measured_tuning()}

    def _measured_system(self) -> dict[str, Callable[[], Value]]:
        return {
            "emission": lambda: self.emitting,
            "interlock-open": lambda: self.interlock_open,
            "frontkey-locked": lambda: self.key_locked,
            "system-health": lambda: self.health()[0],
            "system-health-txt": lambda: self.health()[1],
            "laser1:emission": lambda: self.emitting,
            "laser1:enabled-valid": lambda: not self.interlock_open and not self.key_locked,
            "laser1:health": lambda: self.health()[0],
            "laser1:health-txt": lambda: self.health()[1],
            "laser1:busy": lambda: self.state_number() != IDLE,
        }

    def _measured_diode(self) -> dict[str, Callable[[], Value]]:
        now_s = self._clock.now_s
        return {
            f"{CC}:emission": lambda: self.emitting,
            f"{CC}:current-act": self.current_mA,
            f"{CC}:voltage-act": lambda: diode_voltage_V(self.current_mA()),
            f"{CC}:pd": self.power_mW,
            f"{CC}:output-filter:slew-rate-limited": lambda: self._current.moving(now_s()),
            f"{CC}:status": lambda: int(self.emitting),
            f"{CC}:status-txt": lambda: "Running" if self.emitting else "Off",
            f"{TC}:temp-act": self.temperature_C,
            f"{TC}:ready": self.ready,
            f"{TC}:status-txt": lambda: "OK" if self.ready() else "Regulating",
            f"{TC}:current-act": lambda: 0.05 * (self.temperature_C() - AMBIENT_C),
            f"{TC}:resistance": lambda: thermistor_ohm(self.temperature_C()),
            f"{PC}:voltage-act": self.piezo_V,
            f"{PC}:voltage-out": self.piezo_V,
            f"{PC}:output-filter:slew-rate-limited": lambda: self._piezo.moving(now_s()),
        }

    def _measured_tuning(self) -> dict[str, Callable[[], Value]]:
        return {
            f"{CTL}:wavelength-act": self.wavelength_nm,
            f"{CTL}:state": self.state_number,
            f"{CTL}:state-txt": lambda: _STATES[self.state_number()],
            f"{CTL}:head-temperature": self.temperature_C,
            f"{CTL}:power:power-act": self.power_mW,
            f"{STABILIZATION}:state": self._regulates,
            f"{STABILIZATION}:input-channel-value-act": self.power_mW,
            f"{SCAN}:unit": lambda: {CURRENT_OUTPUT: "mA"}.get(self._output(), "V"),
            f"{WIDE}:state": self.state_number,
            f"{WIDE}:state-txt": lambda: _STATES[self.state_number()],
            f"{WIDE}:value-act": self.wavelength_nm,
            f"{WIDE}:progress": self._progress,
            f"{WIDE}:remaining-time": self._left_s,
        }

    def _output(self) -> int:
        return int(cast(int, self._settings[f"{SCAN}:output-channel"]))
