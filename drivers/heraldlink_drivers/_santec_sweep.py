# SPDX-License-Identifier: Apache-2.0
"""Sweeps of Santec TSL lasers: settings, run, wait, logs.

The range that can be swept shrinks with the speed, so the speed is set first. A laser ignores settings in a
wrong state without a word, so they are read back; one that is started again while it prepares sweeps a
shorter range, so it never is. The way back of a two-way sweep overwrites the log.
"""

import time
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from qcodes import validators as vals
from qcodes.instrument import InstrumentBaseKWArgs, InstrumentModule
from qcodes.parameters import Parameter, ParameterWithSetpoints

from heraldlink_drivers._santec_numbers import (
    choice_parameter,
    length,
    length_parameter,
    number_parameter,
    power_log,
    switch_parameter,
    wavelength_log,
    whole_parameter,
)
from heraldlink_drivers.errors import DriverError, Timeout

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from heraldlink_drivers.santec_tsl570 import SantecTSL570

STATES = {0: "stopped", 1: "running", 3: "standby", 4: "preparing"}
MODES = {"step": 0, "continuous": 1, "step two-way": 2, "continuous two-way": 3}
SPEEDS_m_s = (0.5e-9, 1e-9, 2e-9, 5e-9, 10e-9, 20e-9, 50e-9, 100e-9, 200e-9)
_STEP_m = 1e-13
_LONGEST_s = 999.9
_POLL_s = 0.002


@dataclass(frozen=True, slots=True)
class SweepProgress:
    """How far a sweep has come: its state, the scans completed, and the points of the log."""

    state: str
    scans: int
    points: int


class SantecSweep(InstrumentModule["SantecTSL570"]):
    """Wavelength sweep of a laser: ``configure``, ``run``, ``wait``, ``read``."""

    def __init__(self, parent: "SantecTSL570", name: str, **kwargs: "Unpack[InstrumentBaseKWArgs]") -> None:
        super().__init__(parent, name, **kwargs)
        lengths = vals.Numbers(1e-6, 2e-6)
        self.speed: Parameter[float, Self] = self.add_parameter(
            "speed",
            label="Sweep speed",
            unit="m/s",
            get_cmd=lambda: float(f"{float(self.parent.ask(':WAV:SWE:SPE?')):g}e-9"),
            set_cmd=self._set_speed,
            vals=vals.Enum(*SPEEDS_m_s),
        )
        """Speed (m/s), one of a few; a TSL-570 has 1 to 200 nm/s."""
        self.start: Parameter[float, Self] = length_parameter(
            self, parent, "start", "Sweep start", ":WAV:SWE:STAR", lengths
        )
        """First wavelength (m)."""
        self.stop_at: Parameter[float, Self] = length_parameter(
            self, parent, "stop_at", "Sweep stop", ":WAV:SWE:STOP", lengths
        )
        """Last wavelength (m)."""
        self.step: Parameter[float, Self] = length_parameter(
            self, parent, "step", "Step", ":WAV:SWE:STEP", vals.Numbers(_STEP_m, 1e-6)
        )
        """Step (m) of the step modes."""
        self.log_step: Parameter[float, Self] = length_parameter(
            self, parent, "log_step", "Interval of the log", ":TRIG:OUTP:STEP", vals.Numbers(_STEP_m, 1e-6)
        )
        """Interval (m) of output triggers and of the log in the continuous modes."""
        self._add_times()
        self._add_readings()

    def _add_times(self) -> None:
        parent = self.parent
        self.mode: Parameter[str, Self] = choice_parameter(
            self, parent, "mode", "Sweep mode", ":WAV:SWE:MOD", MODES
        )
        """How it sweeps."""
        times = vals.Numbers(0, _LONGEST_s)
        self.dwell: Parameter[float, Self] = number_parameter(
            self, parent, "dwell", "Dwell", ":WAV:SWE:DWEL", times, "s"
        )
        """Time at each step (s), in steps of 0.1 s."""
        self.delay: Parameter[float, Self] = number_parameter(
            self, parent, "delay", "Delay between scans", ":WAV:SWE:DEL", times, "s"
        )
        """Time between scans (s), in steps of 0.1 s."""
        self.cycles: Parameter[int, Self] = whole_parameter(
            self, parent, "cycles", "Scans", ":WAV:SWE:CYCL", 0, 999
        )
        """Scans of ``repeat``."""
        self.standby: Parameter[bool, Self] = switch_parameter(
            self, parent, "standby", "Waits for a trigger", ":TRIG:INP:STAN"
        )
        """Whether each scan waits for a trigger."""

    def _add_readings(self) -> None:
        self.state: Parameter[str, Self] = self.add_parameter(
            "state", label="Sweep state", get_cmd=":WAV:SWE?", get_parser=_state
        )
        """stopped, preparing, standby (for a trigger) or running."""
        self.scans: Parameter[int, Self] = self.add_parameter(
            "scans", label="Completed scans", get_cmd=":WAV:SWE:COUN?", get_parser=int
        )
        """Scans completed."""
        self.points: Parameter[int, Self] = self.add_parameter(
            "points", label="Points of the log", get_cmd=":READ:POIN?", get_parser=int
        )
        """Points of the log, up to 500,000."""
        self.wavelengths: Parameter[NDArray[np.float64], Self] = self.add_parameter(
            "wavelengths",
            label="Wavelength",
            unit="m",
            get_cmd=self._wavelengths,
            vals=vals.Arrays(shape=(self.points.get_latest,)),
            snapshot_value=False,
            snapshot_get=False,
        )
        """Wavelengths of the log (m), float64[points]; get ``points`` first, or use ``read``."""
        self.powers: ParameterWithSetpoints[NDArray[np.float64], Any] = self.add_parameter(
            "powers",
            parameter_class=ParameterWithSetpoints,
            label="Power",
            unit="dBm",
            setpoints=(self.wavelengths,),
            get_cmd=lambda: power_log(self.parent.ask_block(":READ:DAT:POW?")),
            vals=vals.Arrays(shape=(self.points.get_latest,)),
            snapshot_value=False,
            snapshot_get=False,
        )
        """Powers of the log (dBm), float64[points], over ``wavelengths``."""

    def range_m(self) -> tuple[float, float]:
        """Shortest and longest wavelength that can be swept at the present speed, m."""
        low, high = (self.parent.ask(f":WAV:SWE:RANG:{end}?") for end in ("MIN", "MAX"))
        scpi = self.parent.speaks_scpi
        return length(low, scpi=scpi), length(high, scpi=scpi)

    def configure(
        self,
        start_m: float,
        stop_m: float,
        speed_m_s: float,
        *,
        mode: str = "continuous",
        step_m: float = 1e-10,
        dwell_s: float = 0.0,
    ) -> None:
        """Set a sweep up; ``step_m`` is that of the step modes, and of the log in the others.

        Raises ValueError for a range that the laser cannot sweep at that speed, DriverError if a sweep is
        under way, or if a setting does not read back.
        """
        with self.parent.lock:
            self._must_be_stopped("configured")
            self.speed.set(speed_m_s)
            low_m, high_m = self.range_m()
            for wanted_m in (start_m, stop_m):
                if not low_m - _STEP_m / 2 <= wanted_m <= high_m + _STEP_m / 2:
                    raise ValueError(
                        f"{self.full_name}: {wanted_m:g} m is out of range: {low_m:g} to {high_m:g} m "
                        f"at {speed_m_s:g} m/s"
                    )
            self.mode.set(mode)
            self.dwell.set(dwell_s)
            for parameter, wanted_m in self._lengths(start_m, stop_m, step_m):
                parameter.set(wanted_m)
                self._check(parameter, wanted_m)

    def _set_speed(self, speed_m_s: float) -> None:
        self.parent.write(f":WAV:SWE:SPE {speed_m_s * 1e9:g}")

    def _lengths(
        self, start_m: float, stop_m: float, step_m: float
    ) -> list[tuple[Parameter[float, Any], float]]:
        step = self.step if self.mode.get_latest().startswith("step") else self.log_step
        return [(self.start, start_m), (self.stop_at, stop_m), (step, step_m)]

    def _check(self, parameter: Parameter[float, Any], wanted_m: float) -> None:
        if abs((found_m := parameter.get()) - wanted_m) > _STEP_m:
            raise DriverError(f"{parameter.full_name}: is {found_m:g} m after being set to {wanted_m:g} m")

    def run(self) -> None:
        """Start one scan. Raises DriverError if one is under way."""
        with self.parent.lock:
            self._must_be_stopped("started")
            self.parent.write(":WAV:SWE 1")

    def repeat(self) -> None:
        """Start ``cycles`` scans. Raises DriverError if one is under way."""
        with self.parent.lock:
            self._must_be_stopped("started")
            self.parent.write(":WAV:SWE:REP")

    def stop(self) -> None:
        """Stop at once, where the laser is."""
        self.parent.write(":WAV:SWE 0")

    def trigger(self, timeout_s: float = 10.0) -> None:
        """Wait until the laser stands by, and trigger it. Raises Timeout if it does not."""
        self._wait_for(("standby",), timeout_s)
        self.parent.write(":TRIG:INP:SOFT")

    def progress(self) -> SweepProgress:
        """How far it has come."""
        with self.parent.lock:
            return SweepProgress(self.state.get(), self.scans.get(), self.points.get())

    def wait(self, timeout_s: float) -> None:
        """Return when the sweep has stopped; others may use the laser meanwhile. Raises Timeout."""
        self._wait_for(("stopped",), timeout_s)

    def read(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Wavelengths (m) and powers (dBm) of the log, float64[points] each.

        Raises DriverError if the laser sends fewer or more points than it says.
        """
        with self.parent.lock:
            points = self.points.get()
            log = self._wavelengths(), power_log(self.parent.ask_block(":READ:DAT:POW?"))
        if {len(part) for part in log} != {points}:
            raise DriverError(f"{self.full_name}: {points} points, but {len(log[0])} and {len(log[1])} came")
        return log

    def _wavelengths(self) -> NDArray[np.float64]:
        return wavelength_log(self.parent.ask_block(":READ:DAT?"), scpi=self.parent.speaks_scpi)

    def _must_be_stopped(self, what: str) -> None:
        if (state := self.state.get()) != "stopped":
            raise DriverError(f"{self.full_name}: cannot be {what} while it is {state}")

    def _wait_for(self, states: tuple[str, ...], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while (state := self.state.get()) not in states:
            if time.monotonic() > deadline:
                raise Timeout(f"{self.full_name}: still {state} after {timeout_s:g} s")
            Event().wait(_POLL_s)


def _state(reply: str) -> str:
    if (number := int(reply)) not in STATES:
        raise ValueError(f"no state of a sweep: {reply!r}")
    return STATES[number]
