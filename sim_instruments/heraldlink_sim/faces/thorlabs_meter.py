# SPDX-License-Identifier: Apache-2.0
"""How a Thorlabs console measures: ``MEAS``, ``CONF``, ``INIT``, ``FETC?`` and ``READ?``.

A measurement takes 3 ms per average (PM100D manual). A reading above the range is 9.9E+37 (pylablib).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.thorlabs_sensor import RANGES_A, Sensor, range_for
from heraldlink_sim.faces.thorlabs_status import ThorlabsStatus, number
from heraldlink_sim.scpi import Boolean, Choice, Integer, Number, ScpiError, Setting, command, query

OVERRANGE = 9.9e37
_AVERAGE_s = 3e-3
_DARK_A, _NOISE_A, _NOISE = 2e-11, 2e-12, 1e-4
CALIBRATING, _MEASURING, _FINISHED = 1, 1 << 4, 1 << 9


def _dark() -> tuple[float, float]:
    return 0.0, 1550e-9


class ThorlabsMeter(ThorlabsStatus):
    """One console; ``input_W()`` tells the light at its head: power (W) and wavelength (m)."""

    averages = Setting("[SENSe]:AVERage[:COUNt]", Integer(1, 10_000, default=1))
    loss_dB = Setting(
        "[SENSe]:CORRection[:LOSS][:INPut][:MAGNitude]",
        Number(-60.0, 60.0, default=0.0, unit="DB", form=number),
    )
    beam_mm = Setting(
        "[SENSe]:CORRection:BEAMdiameter", Number(0.1, 1000.0, default=9.5, unit="MM", form=number)
    )
    power_auto = Setting("[SENSe]:POWer[:DC]:RANGe:AUTO", Boolean(True))
    current_auto = Setting("[SENSe]:CURRent[:DC]:RANGe:AUTO", Boolean(True))
    power_unit = Setting("[SENSe]:POWer[:DC]:UNIT", Choice("W", "DBM"))
    power_delta = Setting("[SENSe]:POWer[:DC]:REFerence:STATe", Boolean())
    power_reference = Setting(
        "[SENSe]:POWer[:DC]:REFerence", Number(0.0, 1.0, default=0.0, unit="W", form=number)
    )
    current_delta = Setting("[SENSe]:CURRent[:DC]:REFerence:STATe", Boolean())
    current_reference = Setting(
        "[SENSe]:CURRent[:DC]:REFerence", Number(0.0, 1.0, default=0.0, unit="A", form=number)
    )

    def __init__(self, clock: Clock | None, sensor: Sensor, seed: int) -> None:
        super().__init__(clock)
        self.sensor = sensor
        self.input_W: Callable[[], tuple[float, float]] = _dark
        self._random = Random(seed)
        self._offset_A = self._random.gauss(0.0, _DARK_A)
        self.zero_A: float = 0.0
        self._first_values()

    def _first_values(self) -> None:
        self.wavelength_nm = self.sensor.peak_nm
        self.response_A_W = self.sensor.response_A_W(self.wavelength_nm)
        self._range_A = RANGES_A[-1]
        self._mode = "POW"
        self._measured_A: float | None = None

    def reset(self) -> None:
        """Return to power-on; the zero stays."""
        super().reset()
        self._first_values()

    # --- the light

    def current_A(self) -> float:
        """Mean current of the head without noise and with the zero removed."""
        power_W, wavelength_m = self.input_W()
        return power_W * self.sensor.response_A_W(wavelength_m * 1e9) + self._offset_A - self.zero_A

    def _scale_A(self, current_A: float) -> float:
        if self.power_auto.get():
            self._range_A = range_for(current_A)
        return self._range_A

    @power_auto.changed
    def _power_auto_changed(self, on: bool) -> None:
        self.current_auto.set(on)  # there is one amplifier

    @current_auto.changed
    def _current_auto_changed(self, on: bool) -> None:
        self.power_auto.set(on)

    def fix_range(self, current_A: float) -> None:
        """Take the range for a current from now on."""
        self._range_A = range_for(current_A)
        self.power_auto.set(False)
        self.current_auto.set(False)

    def _take(self) -> None:
        """Finish a measurement."""
        mean_A = self.current_A()
        noise_A = math.hypot(_NOISE_A, _NOISE * mean_A) / math.sqrt(self.averages.get())
        current_A = mean_A + self._random.gauss(0.0, noise_A)
        within = abs(current_A) <= self._scale_A(current_A) * (1 + 1e-9)
        self._measured_A = current_A if within else math.inf
        self.status.operation.set_condition(_MEASURING, False)
        self.status.operation.set_condition(_FINISHED, True)

    def _reading(self) -> float:
        if self._measured_A is None:
            raise ScpiError(-230)
        if math.isinf(self._measured_A):
            return OVERRANGE
        if self._mode == "FREQ":
            return 0.0  # the light is not modulated
        if self._mode == "CURR":
            return self._current(self._measured_A)
        return (self._density if self._mode == "PDEN" else self._power)(self._measured_A)

    def _power_W(self, current_A: float) -> float:
        power_W = current_A / self.response_A_W * 10 ** (self.loss_dB.get() / 10)
        return power_W - (self.power_reference.get() if self.power_delta.get() else 0.0)

    def _power(self, current_A: float) -> float:
        power_W = self._power_W(current_A)
        if self.power_unit.get() == "W":
            return power_W
        return 10 * math.log10(power_W * 1e3) if power_W > 0 else -OVERRANGE

    def _density(self, current_A: float) -> float:
        return self._power_W(current_A) / (math.pi * (self.beam_mm.get() / 20) ** 2)  # W/cm2

    def _current(self, current_A: float) -> float:
        return current_A - (self.current_reference.get() if self.current_delta.get() else 0.0)

    # --- measuring

    def _initiate(self) -> None:
        if self.busy:
            raise ScpiError(-213)
        self.status.operation.set_condition(_FINISHED, False)
        self.status.operation.set_condition(_MEASURING, True)
        self.begin(self.averages.get() * _AVERAGE_s, self._take)

    def abort_operations(self) -> None:
        """Give up measuring and zeroing."""
        super().abort_operations()
        self.status.operation.set_condition(_MEASURING | CALIBRATING, False)

    def configure(self, quantity: str) -> None:
        """Choose what is measured from now on."""
        self._mode = quantity

    async def measure(self, quantity: str = "") -> str:
        """Measure once."""
        await self.complete()
        self._mode = quantity or self._mode
        self._initiate()
        await self.complete()
        return number(self._reading())

    @command("INITiate[:IMMediate]")
    def _start(self) -> None:
        self._initiate()

    @command("ABORt")
    def _abort(self) -> None:
        self.abort_operations()

    @query("FETCh")
    async def _fetch(self) -> str:
        await self.complete()
        return number(self._reading())

    @query("READ")
    async def _read(self) -> str:
        return await self.measure()

    @query("CONFigure")
    def _configured(self) -> str:
        return self._mode

    @command("CONFigure[:SCALar]:POWer")
    def _configure_power(self) -> None:
        self.configure("POW")

    @command("CONFigure[:SCALar]:CURRent[:DC]")
    def _configure_current(self) -> None:
        self.configure("CURR")

    @command("CONFigure[:SCALar]:FREQuency")
    def _configure_frequency(self) -> None:
        self.configure("FREQ")

    @command("CONFigure[:SCALar]:PDENsity")
    def _configure_density(self) -> None:
        self.configure("PDEN")

    @query("MEASure[:SCALar]:POWer")
    async def _measure_power(self) -> str:
        return await self.measure("POW")

    @query("MEASure[:SCALar]:CURRent[:DC]")
    async def _measure_current(self) -> str:
        return await self.measure("CURR")

    @query("MEASure[:SCALar]:FREQuency")
    async def _measure_frequency(self) -> str:
        return await self.measure("FREQ")

    @query("MEASure[:SCALar]:PDENsity")
    async def _measure_density(self) -> str:
        return await self.measure("PDEN")

    def _begin(self, quantity: str) -> None:
        self.configure(quantity)
        self._initiate()

    @command("MEASure[:SCALar]:POWer")
    def _begin_power(self) -> None:
        self._begin("POW")

    @command("MEASure[:SCALar]:CURRent[:DC]")
    def _begin_current(self) -> None:
        self._begin("CURR")

    @command("MEASure[:SCALar]:FREQuency")
    def _begin_frequency(self) -> None:
        self._begin("FREQ")

    @command("MEASure[:SCALar]:PDENsity")
    def _begin_density(self) -> None:
        self._begin("PDEN")
