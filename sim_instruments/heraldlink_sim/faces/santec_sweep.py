# SPDX-License-Identifier: Apache-2.0
"""Sweeps of a Santec TSL: settings, triggers and the logs.

The faster the sweep, the less of the range is left: 0.01 nm at each end per nm/s [?] (the vendor's example
reads 1482 to 1638 nm). A start or stop that a higher speed has shut out is moved in silently, therefore the
speed comes first. ``:WAV:SWE 1`` makes one scan, ``:REP`` as many as ``:CYCL`` says, 0 without end [?].
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.faces.santec_format import SPEED_OF_LIGHT, Quantity, RawNumber, Reading, Seconds, Switch
from heraldlink_sim.faces.santec_light import SantecLight
from heraldlink_sim.faces.santec_scan import PREPARING, STANDBY, STOPPED, Phase, Plan, Sweep
from heraldlink_sim.scpi import Integer, Number, Optional, ScpiError, Setting, command, query

SPEEDS_nm_s = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0)
_FREQ = "[WAVelength]:FREQuency:SWEep"
_SWEEP = "WAVelength:SWEep"
_MARGIN_m_per_nm_s = 0.01e-9
_WORD = Optional(RawNumber.word(), "")


class SantecSweep(SantecLight):
    """The sweep, if there was one since the last wavelength was set."""

    mode = Setting(f"{_SWEEP}:MODe", Integer(0, 3, default=1))
    dwell_s = Setting(f"{_SWEEP}:DWELl", Seconds())
    delay_s = Setting(f"{_SWEEP}:DELay", Seconds())
    cycles = Setting(f"{_SWEEP}:CYCLes", Integer(0, 999, default=1))
    trigger_in = Setting("TRIGger:INPut:EXTernal", Switch())
    trigger_in_low = Setting("TRIGger:INPut[:EXTernal]:ACTive", Switch())
    standby = Setting("TRIGger:INPut:STANdby", Switch())
    trigger_out = Setting("TRIGger:OUTPut", Integer(0, 3, default=0))
    trigger_out_low = Setting("TRIGger:OUTPut:ACTive", Switch())
    trigger_in_time = Setting("TRIGger:OUTPut:SETTing", Switch())
    trigger_through = Setting("TRIGger:THRough", Switch())

    def _first_values(self) -> None:
        super()._first_values()
        self.sweep: Sweep | None = None
        self.speed_nm_s = 100.0
        self.start_m, self.stop_m = self.wavelengths.low, self.wavelengths.high
        self.step_m, self.log_step_m = 0.1e-9, 0.1e-9

    # --- the light

    def phase(self) -> Phase:
        """What the sweep is doing; 0 without one."""
        return STOPPED if self.sweep is None else self.sweep.phase(self.clock.now_s())

    def present_m(self) -> float:
        """Where the laser is, m, without the offset."""
        if self.sweep is not None and self.phase() == STOPPED:
            self._rest(self.sweep.wavelength_m(self.clock.now_s()))
        if self.sweep is None or self.phase() == STOPPED:
            return super().present_m()
        return self.sweep.wavelength_m(self.clock.now_s())

    def tunable(self) -> bool:
        """Whether a wavelength can be taken now."""
        return self.phase() == STOPPED

    def _tune(self, wavelength_m: float) -> None:
        self.present_m()
        self._keep_log()
        super()._tune(wavelength_m)

    # --- settings

    def range(self) -> Quantity:
        """Wavelengths that can be swept at the present speed."""
        margin_m = self.speed_nm_s * _MARGIN_m_per_nm_s
        return replace(
            self.wavelengths, low=self.wavelengths.low + margin_m, high=self.wavelengths.high - margin_m
        )

    def _frequency_range(self) -> Quantity:
        swept = self.range()
        return replace(self.frequencies, low=SPEED_OF_LIGHT / swept.high, high=SPEED_OF_LIGHT / swept.low)

    def _width(self) -> Quantity:
        return replace(self.wavelengths, low=1e-13, high=self.wavelengths.high - self.wavelengths.low)

    @command(f"{_SWEEP}:STARt", RawNumber())
    def _set_start(self, number: Reading) -> None:
        start_m = self.read(self.range(), number)
        if self.tunable():
            self.start_m = start_m

    @query(f"{_SWEEP}:STARt", _WORD)
    def _start(self, word: str) -> str:
        return self.answer(self.range(), self._swept_m()[0], word)

    @command(f"{_SWEEP}:STOP", RawNumber())
    def _set_stop(self, number: Reading) -> None:
        stop_m = self.read(self.range(), number)
        if self.tunable():
            self.stop_m = stop_m

    @query(f"{_SWEEP}:STOP", _WORD)
    def _stop(self, word: str) -> str:
        return self.answer(self.range(), self._swept_m()[1], word)

    @command(f"{_FREQ}:STARt", RawNumber())
    def _set_start_frequency(self, number: Reading) -> None:
        start_Hz = self.read(self._frequency_range(), number)
        if self.tunable():
            self.start_m = SPEED_OF_LIGHT / start_Hz

    @query(f"{_FREQ}:STARt", _WORD)
    def _start_frequency(self, word: str) -> str:
        return self.answer(self._frequency_range(), SPEED_OF_LIGHT / self._swept_m()[0], word)

    @command(f"{_FREQ}:STOP", RawNumber())
    def _set_stop_frequency(self, number: Reading) -> None:
        stop_Hz = self.read(self._frequency_range(), number)
        if self.tunable():
            self.stop_m = SPEED_OF_LIGHT / stop_Hz

    @query(f"{_FREQ}:STOP", _WORD)
    def _stop_frequency(self, word: str) -> str:
        return self.answer(self._frequency_range(), SPEED_OF_LIGHT / self._swept_m()[1], word)

    @query(f"{_SWEEP}:RANGe:MINimum", _WORD)
    def _range_low(self, word: str) -> str:
        return self.answer(self.range(), self.range().low, word)

    @query(f"{_SWEEP}:RANGe:MAXimum", _WORD)
    def _range_high(self, word: str) -> str:
        return self.answer(self.range(), self.range().high, word)

    @query(f"{_FREQ}:RANGe:MINimum", _WORD)
    def _range_low_frequency(self, word: str) -> str:
        return self.answer(self._frequency_range(), self._frequency_range().low, word)

    @query(f"{_FREQ}:RANGe:MAXimum", _WORD)
    def _range_high_frequency(self, word: str) -> str:
        return self.answer(self._frequency_range(), self._frequency_range().high, word)

    @command(f"{_SWEEP}:STEP[:WIDTh]", RawNumber())
    def _set_step(self, number: Reading) -> None:
        self.step_m = self.read(self._width(), number)

    @query(f"{_SWEEP}:STEP[:WIDTh]", _WORD)
    def _step(self, word: str) -> str:
        return self.answer(self._width(), self.step_m, word)

    @command(f"{_FREQ}:STEP[:WIDTh]", RawNumber())
    def _set_frequency_step(self, number: Reading) -> None:
        self.step_m = self.read(self._frequency_width(), number) * self._m_per_Hz()

    @query(f"{_FREQ}:STEP[:WIDTh]", _WORD)
    def _frequency_step(self, word: str) -> str:
        return self.answer(self._frequency_width(), self.step_m / self._m_per_Hz(), word)

    def _frequency_width(self) -> Quantity:
        return replace(self.frequencies, low=20e6, high=self.frequencies.high - self.frequencies.low)

    def _m_per_Hz(self) -> float:
        """Steps are equal in wavelength; one given in frequency holds in the middle of the sweep [?]."""
        middle_m = sum(self._swept_m()) / 2
        return middle_m**2 / SPEED_OF_LIGHT

    @command(f"{_SWEEP}:SPEed", Number(0.0, 1000.0))
    def _set_speed(self, speed_nm_s: float) -> None:
        if speed_nm_s not in SPEEDS_nm_s:
            raise ScpiError(-222)
        if self.tunable():
            self.speed_nm_s = speed_nm_s

    @query(f"{_SWEEP}:SPEed")
    def _speed(self) -> str:
        return f"{self.speed_nm_s:+.1f}" if self.scpi else f"{self.speed_nm_s:.1f}"

    @command("TRIGger:OUTPut:STEP[:WIDTh]", RawNumber())
    def _set_trigger_step(self, number: Reading) -> None:
        self.log_step_m = self.read(self._width(), number)

    @query("TRIGger:OUTPut:STEP[:WIDTh]", _WORD)
    def _trigger_step(self, word: str) -> str:
        return self.answer(self._width(), self.log_step_m, word)

    # --- running

    def _swept_m(self) -> tuple[float, float]:
        """Start and stop, moved into the range of the present speed."""
        swept = self.range()
        return min(max(self.start_m, swept.low), swept.high), min(max(self.stop_m, swept.low), swept.high)

    def _plan(self, scans: int | None) -> Plan:
        start_m, stop_m = self._swept_m()
        return Plan(
            start_m=start_m,
            stop_m=stop_m,
            step_m=self.step_m,
            speed_m_s=self.speed_nm_s * 1e-9,
            continuous=self.mode.get() % 2 == 1,
            two_way=self.mode.get() >= 2,
            dwell_s=self.dwell_s.get(),
            delay_s=self.delay_s.get(),
            scans=scans,
            standby=bool(self.standby.get()),
            log_step_m=self.log_step_m,
        )

    def _begin_sweep(self, scans: int | None) -> None:
        now_s = self.clock.now_s()
        if self.sweep is not None and self.phase() != STOPPED:
            self._early()
            return
        self.sweep = Sweep(self._plan(scans), self.present_m(), now_s)
        self._last_log_m, self._kept = np.empty(0), 0

    def _early(self) -> None:
        """Start again: one that prepares begins at once, one that runs goes on."""
        if self.sweep is not None and self.phase() == PREPARING:
            self.trigger()

    def trigger(self) -> None:
        """Give the sweep a trigger, as its input or the software does."""
        if self.sweep is not None and self.phase() in (PREPARING, STANDBY):
            self.sweep.trigger(self.clock.now_s())

    def quiet_from_s(self) -> float:
        """When the sweep ends, if that is known."""
        if self.sweep is None or self.phase() == STOPPED:
            return super().quiet_from_s()
        ends_s = self.sweep.ends_s()
        return -math.inf if ends_s is None else ends_s

    @command(f"{_SWEEP}[:STATe]", Switch())
    def _set_sweep(self, start: int) -> None:
        if start:
            self._begin_sweep(1)
        elif self.sweep is not None:
            present_m = self.present_m()
            self._keep_log()
            self._rest(present_m)

    @query(f"{_SWEEP}[:STATe]")
    def _sweep_state(self) -> str:
        return self.whole(self.phase())

    @command(f"{_SWEEP}[:STATe]:REPeat")
    def _repeat(self) -> None:
        self._begin_sweep(self.cycles.get() or None)

    @query(f"{_SWEEP}:COUNt")
    def _count(self) -> str:
        self.phase()
        return self.whole(self._kept if self.sweep is None else self.sweep.completed)

    @command("TRIGger:INPut:SOFTtrigger")
    def _soft_trigger(self) -> None:
        self.trigger()

    # --- the logs

    _last_log_m: NDArray[np.float64] = np.empty(0)
    _kept = 0

    def log_m(self) -> NDArray[np.float64]:
        """Wavelengths of the log, m."""
        return self._last_log_m if self.sweep is None else self.sweep.log_m(self.clock.now_s())

    def _keep_log(self) -> None:
        """Forget the sweep, but neither its log nor its count."""
        if self.sweep is not None:
            self._last_log_m, self._kept = self.log_m(), self.sweep.completed
            self.sweep = None
