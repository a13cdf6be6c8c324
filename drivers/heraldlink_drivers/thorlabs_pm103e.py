# SPDX-License-Identifier: Apache-2.0
"""Thorlabs PM103E optical power meter on Ethernet; also PM100D, PM100USB, PM400 and others with their SCPI.

Commands from the vendor's manuals of these consoles. The console hangs up on who is silent for 120 s (NQCP's
driver of the PM103E): the next exchange begins on a new connection.
"""

import time
from threading import Event
from typing import TYPE_CHECKING, Self

from qcodes import validators as vals
from qcodes.parameters import Parameter

from heraldlink_drivers._readings import on_off, reached, watts
from heraldlink_drivers._visa_session import VisaSession
from heraldlink_drivers.errors import ConnectionLost, DriverError, Timeout

if TYPE_CHECKING:
    from qcodes.instrument import VisaInstrumentKWArgs
    from typing_extensions import Unpack

_OVERRANGE = 1e30
_ZEROING_s = 30.0
_POLL_s = 0.02
_STEP_m = 5e-10  # some consoles round to whole nanometres [?]


class ThorlabsPM103E(VisaSession):
    """PM103E: ``ThorlabsPM103E("meter", "TCPIP::192.168.1.50::2000::SOCKET", visalib="@py")``.

    Connecting sends ``SENS:CORR:WAV? MIN``, ``SENS:CORR:WAV? MAX``, ``*IDN?`` and ``SYST:ERR?``, nothing
    else. Reading ``power`` or ``current`` measures that quantity from now on, as the console does.
    """

    hangs_up_when_idle = True
    answers_as = "thorlabs,*"

    def __init__(self, name: str, address: str, **kwargs: "Unpack[VisaInstrumentKWArgs]") -> None:
        super().__init__(name, address, **kwargs)
        self._add_readings()
        self._add_corrections()
        self._add_ranges()
        self.connect_message()

    def write(self, cmd: str) -> None:
        """Send a command, once more if the console had hung up just then; raises as every session does."""
        try:
            super().write(cmd)
        except ConnectionLost:
            super().write(cmd)

    def ask_raw(self, cmd: str) -> str:
        """Ask, once more if the console had hung up just then."""
        try:
            return super().ask_raw(cmd)
        except ConnectionLost:
            return super().ask_raw(cmd)

    def _add_readings(self) -> None:
        self.power: Parameter[float, Self] = self.add_parameter(
            "power", label="Optical power", unit="W", get_cmd=self._power
        )
        """Power at the sensor (W) in whichever unit it is displayed; raises DriverError above the range."""
        self.current: Parameter[float, Self] = self.add_parameter(
            "current", label="Current of the diode", unit="A", get_cmd=lambda: self._within("MEAS:CURR?")
        )
        """Current of the photodiode (A); raises DriverError above its range."""
        self.sensor: Parameter[str, Self] = self.add_parameter(
            "sensor", label="Sensor", get_cmd="SYST:SENS:IDN?", get_parser=str.strip
        )
        """Name, serial number, calibration, type, subtype and flags of the sensor."""
        self.averages: Parameter[int, Self] = self.add_parameter(
            "averages",
            label="Averages",
            get_cmd="SENS:AVER:COUN?",
            set_cmd="SENS:AVER:COUN {}",
            get_parser=_whole,
            vals=vals.Ints(1, 10_000),
        )
        """Samples of a reading."""

    def _add_corrections(self) -> None:
        low_nm, high_nm = (float(self.ask(f"SENS:CORR:WAV? {end}")) for end in ("MIN", "MAX"))
        self.wavelength: Parameter[float, Self] = self.add_parameter(
            "wavelength",
            label="Wavelength",
            unit="m",
            get_cmd="SENS:CORR:WAV?",
            set_cmd="SENS:CORR:WAV {:.6f}",
            get_parser=_metres,
            set_parser=_nanometres,
            vals=vals.Numbers(_metres(str(low_nm)), _metres(str(high_nm))),
        )
        """Wavelength (m) for which the reading is corrected; the limits are the sensor's."""
        self.attenuation: Parameter[float, Self] = self.add_parameter(
            "attenuation",
            label="Attenuation before the sensor",
            unit="dB",
            get_cmd="SENS:CORR?",
            set_cmd="SENS:CORR {:.6g}",
            get_parser=float,
            vals=vals.Numbers(-60, 60),
        )
        """Loss before the sensor (dB), by which the reading is multiplied."""
        self.zero_offset: Parameter[float, Self] = self.add_parameter(
            "zero_offset",
            label="Zero",
            unit="A",
            get_cmd="SENS:CORR:COLL:ZERO:MAGN?",
            get_parser=float,
        )
        """Current that ``zero`` found (A)."""

    def _add_ranges(self) -> None:
        self.auto_range: Parameter[bool, Self] = self.add_parameter(
            "auto_range",
            label="Automatic range",
            get_cmd="SENS:POW:RANG:AUTO?",
            set_cmd="SENS:POW:RANG:AUTO {}",
            get_parser=on_off,
            set_parser=int,
            vals=vals.Bool(),
        )
        """Whether the range follows the power."""
        self.range: Parameter[float, Self] = self.add_parameter(
            "range",
            label="Range",
            unit="W",
            get_cmd="SENS:POW:RANG?",
            set_cmd="SENS:POW:RANG {:.6e}",
            get_parser=float,
            vals=vals.Numbers(0, 1e3),
        )
        """Full scale (W); the console takes the next one up. Setting it ends automatic ranging."""

    def _power(self) -> float:
        with self.lock:
            unit = self.ask("SENS:POW:UNIT?").strip().upper()
            value = self._within("MEAS:POW?")
        return watts(value) if unit == "DBM" else value

    def _within(self, query: str) -> float:
        value = float(self.ask(query))
        if abs(value) > _OVERRANGE:
            raise DriverError(f"{self.name}: the light is out of the sensor's range")
        return value

    def zero(self) -> None:
        """Remove the current that flows now from all readings: darken the sensor first.

        Raises Timeout if the console does not finish within 30 s.
        """
        self.write("SENS:CORR:COLL:ZERO:INIT")
        deadline = time.monotonic() + _ZEROING_s
        with self.timeout.set_to(_ZEROING_s):
            self.ask("*OPC?")  # waits for the end, or does not [?]
        while int(float(self.ask("SENS:CORR:COLL:ZERO:STAT?"))) != 0:
            if time.monotonic() > deadline:
                raise Timeout(f"{self.name}: still zeroing after {_ZEROING_s:g} s")
            Event().wait(_POLL_s)

    # the role of a power meter

    def measured_W(self) -> float:
        """Power at the sensor, W; raises DriverError if it is out of the sensor's range."""
        return self.power.get()

    def wavelength_m(self) -> float:
        """Wavelength for which the reading is corrected, m."""
        return self.wavelength.get()

    def set_wavelength_m(self, wavelength_m: float) -> None:
        """Set the wavelength for which the reading is corrected, m. Raises DriverError if it stays."""
        with self.lock:
            self.wavelength.set(wavelength_m)
            reached(self.name, "wavelength (m)", self.wavelength.get(), wavelength_m, _STEP_m)

    def safe_state(self) -> None:
        """Leave it as it is: a meter does nothing."""


def _whole(reply: str) -> int:
    return round(float(reply))


def _metres(reply: str) -> float:
    return float(f"{float(reply):.6f}e-9")


def _nanometres(length_m: float) -> float:
    return length_m * 1e9
