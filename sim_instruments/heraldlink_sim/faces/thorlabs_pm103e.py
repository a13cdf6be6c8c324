# SPDX-License-Identifier: Apache-2.0
"""Thorlabs PM103E: console of an optical power meter on Ethernet, with a photodiode head.

SCPI on TCP port 2000. ``MEAS:POW?`` measures, ``INIT`` and ``FETC?`` do it in two steps, ``READ?`` repeats
what is configured. A measurement takes 3 ms per average. The reading is the head's current over its response
at the wavelength set (``SENS:CORR:WAV``, nm), times the user's attenuation (``SENS:CORR``, dB); above the
range it is 9.9E+37. Zeroing takes 4 s [?] and removes whatever current flows then. The console hangs up on
who is silent for 120 s. The head is an InGaAs diode, 800 to 1700 nm, to 5 mW.

Sources: the vendor's manuals of PM100D and PM400 (SCPI commands), public drivers (pylablib for the
overrange value, QMI, the NQCP driver of the PM103E for port and hang-up). Limits of averaging, attenuation
and beam are [?].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.device_limits import ASKED, Bounded, within
from heraldlink_sim.faces.thorlabs_meter import CALIBRATING, ThorlabsMeter
from heraldlink_sim.faces.thorlabs_sensor import RANGES_A, Sensor
from heraldlink_sim.faces.thorlabs_status import number
from heraldlink_sim.model import InstrumentConfig, Model, Place, scpi_server
from heraldlink_sim.scpi import ScpiError, command, query

IDLE_s = 120.0
_ZEROING_s = 4.0
_TO_NM: Mapping[str, Callable[[float], float]] = {
    "M": lambda value: value * 1e9,
    "UM": lambda value: value * 1e3,
    "PM": lambda value: value * 1e-3,
}


class ThorlabsPM103E(ThorlabsMeter):
    """One console with its head."""

    def __init__(
        self,
        serial: str = "SIM-0001",
        clock: Clock | None = None,
        *,
        sensor: Sensor | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(clock, sensor or Sensor(), seed)
        self.serial = serial

    @query("*IDN")
    def _identity(self) -> str:
        return f"Thorlabs,PM103E,{self.serial},1.4.0"

    @query("SYSTem:SENSor:IDN")
    def _sensor(self) -> str:
        return self.sensor.identity()

    @query("CALibration:STRing")
    def _calibration(self) -> str:
        return '"uncalibrated simulation"'

    # --- corrections

    def _wavelength_limit(self, asked: float | None) -> float:
        """The wavelength set, or a limit, nm."""
        if asked is None:
            return self.wavelength_nm
        return within(asked, self.sensor.low_nm, self.sensor.high_nm, self.sensor.peak_nm)

    @command("[SENSe]:CORRection:WAVelength", Bounded(unit="NM", units=_TO_NM))
    def _set_wavelength(self, wanted_nm: float) -> None:
        self.wavelength_nm = self._wavelength_limit(wanted_nm)
        self.response_A_W = self.sensor.response_A_W(self.wavelength_nm)

    @query("[SENSe]:CORRection:WAVelength", ASKED)
    def _wavelength(self, asked: float | None) -> str:
        return number(self._wavelength_limit(asked))

    def _response_limit(self, asked: float | None) -> float:
        if asked is None:
            return self.response_A_W
        default_A_W = self.sensor.response_A_W(self.wavelength_nm)
        return within(asked, 1e-3, 10.0, default_A_W)

    @command("[SENSe]:CORRection:POWer[:PDIOde][:RESPonse]", Bounded(unit="A"))
    def _set_response(self, wanted_A_W: float) -> None:
        self.response_A_W = self._response_limit(wanted_A_W)

    @query("[SENSe]:CORRection:POWer[:PDIOde][:RESPonse]", ASKED)
    def _response(self, asked: float | None) -> str:
        return number(self._response_limit(asked))

    # --- ranges

    def _range_limit(self, asked: float | None, per_A: float) -> float:
        """Full scale, or a limit of it, in a unit of which ``per_A`` are one ampere."""
        if asked is None:
            self._follow()
            return self._range_A * per_A
        return within(asked, RANGES_A[0] * per_A, RANGES_A[-1] * per_A, RANGES_A[-1] * per_A)

    def _follow(self) -> None:
        """Let automatic ranges follow the light."""
        self._scale_A(self.current_A())

    @command("[SENSe]:POWer[:DC]:RANGe[:UPPer]", Bounded(0.0, unit="W"))
    def _set_power_range(self, wanted_W: float) -> None:
        per_A = self._W_per_A()
        self.fix_range(self._range_limit(max(wanted_W, RANGES_A[0] * per_A), per_A) / per_A)

    @query("[SENSe]:POWer[:DC]:RANGe[:UPPer]", ASKED)
    def _power_range(self, asked: float | None) -> str:
        return number(self._range_limit(asked, self._W_per_A()))

    def _W_per_A(self) -> float:
        return 10 ** (self.loss_dB.get() / 10) / self.response_A_W

    @command("[SENSe]:CURRent[:DC]:RANGe[:UPPer]", Bounded(0.0, unit="A"))
    def _set_current_range(self, wanted_A: float) -> None:
        self.fix_range(self._range_limit(max(wanted_A, RANGES_A[0]), 1.0))

    @query("[SENSe]:CURRent[:DC]:RANGe[:UPPer]", ASKED)
    def _current_range(self, asked: float | None) -> str:
        return number(self._range_limit(asked, 1.0))

    @query("[SENSe]:FREQuency:RANGe[:UPPer]")
    def _highest_frequency(self) -> str:
        return number(1e5)

    @query("[SENSe]:FREQuency:RANGe:LOWer")
    def _lowest_frequency(self) -> str:
        return number(1.0)

    # --- zero

    @command("[SENSe]:CORRection:COLLect:ZERO[:INITiate]")
    def _zero(self) -> None:
        if self.busy:
            raise ScpiError(-213)
        self.status.operation.set_condition(CALIBRATING, True)
        self.begin(_ZEROING_s, self._zeroed)

    def _zeroed(self) -> None:
        self.zero_A = self.zero_A + self.current_A()
        self.status.operation.set_condition(CALIBRATING, False)

    @command("[SENSe]:CORRection:COLLect:ZERO:ABORt")
    def _give_up_zeroing(self) -> None:
        if self.status.operation.condition & CALIBRATING:
            self.abort_operations()

    @query("[SENSe]:CORRection:COLLect:ZERO:STATe")
    def _zeroing(self) -> int:
        self.look()
        return int(bool(self.status.operation.condition & CALIBRATING))

    @query("[SENSe]:CORRection:COLLect:ZERO:MAGNitude")
    def _zero_magnitude(self) -> str:
        return number(self.zero_A)


def _make(place: Place, config: InstrumentConfig) -> ThorlabsPM103E:
    return ThorlabsPM103E(place.serial, place.clock, seed=place.seed)


MODEL = Model("Thorlabs PM103E", "power_meter", _make, scpi_server("raw", b"\n", idle_s=IDLE_s))
