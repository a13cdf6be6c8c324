# SPDX-License-Identifier: Apache-2.0
"""QCoDeS' own Rohde & Schwarz SGS100A driver, unchanged, in the role of a microwave source.

The driver neither locks nor reads errors; both happen here, around it.
"""

import logging
from math import degrees, pi, radians
from typing import TYPE_CHECKING

from heraldlink_drivers._adapter import DriverAdapter
from heraldlink_drivers._readings import reached, switched
from heraldlink_drivers._safety import take_all
from heraldlink_drivers.errors import InstrumentError

if TYPE_CHECKING:
    from qcodes.instrument_drivers.rohde_schwarz import RohdeSchwarzSGS100A

_log = logging.getLogger(__name__)
_NO_ERROR = "0"
_NO_REFERENCE = "50,"  # static error "Extern reference out of range or disconnected"
_STEP = 0.01  # Hz, dB, degrees: the driver sends two digits


class SGS100ARole(DriverAdapter):
    """Microwave source around ``driver``; hold ``lock`` around exchanges that belong together.

    Every setting is read back: DriverError if the source did not take it.
    """

    def __init__(self, driver: "RohdeSchwarzSGS100A") -> None:
        super().__init__(driver)
        self.driver = driver

    @classmethod
    def adapts(cls) -> "type[RohdeSchwarzSGS100A]":
        """QCoDeS' driver."""
        from qcodes.instrument_drivers.rohde_schwarz import RohdeSchwarzSGS100A

        return RohdeSchwarzSGS100A

    def errors(self) -> list[str]:
        """Empty the error queue; oldest first."""
        entries = self.ask("SYST:ERR:ALL?")
        return [] if entries.split(",")[0].strip() == _NO_ERROR else [entries]

    def frequency_Hz(self) -> float:
        """Frequency, Hz."""
        return float(self._get("frequency"))

    def set_frequency_Hz(self, frequency_Hz: float) -> None:
        """Set the frequency, 1 MHz to 20 GHz."""
        with self.lock:
            self._set("frequency", frequency_Hz)
            reached(self.name, "frequency (Hz)", self.frequency_Hz(), frequency_Hz, _STEP)

    def power_dBm(self) -> float:
        """Power, dBm."""
        return float(self._get("power"))

    def set_power_dBm(self, power_dBm: float) -> None:
        """Set the power, -120 to 25 dBm."""
        with self.lock:
            self._set("power", power_dBm)
            reached(self.name, "power (dBm)", self.power_dBm(), power_dBm, _STEP)

    def phase_rad(self) -> float:
        """Phase offset, rad."""
        return radians(float(self._get("phase")))

    def set_phase_rad(self, phase_rad: float) -> None:
        """Set the phase offset, rad (modulo 2 pi)."""
        with self.lock:
            self._set("phase", wanted := degrees(phase_rad % (2 * pi)))
            away = (float(self._get("phase")) - wanted + 180) % 360 - 180
            reached(self.name, "phase (degrees away)", away, 0.0, _STEP)

    def output(self) -> bool:
        """Whether the output is on."""
        return bool(self._get("status"))

    def set_output(self, on: bool) -> None:
        """Switch the output."""
        with self.lock:
            self._set("status", on)
            switched(self.name, "output", self.output(), on)

    def reference_external(self) -> bool:
        """Whether it follows the external 10 MHz: it is told to, and does not say that they are missing."""
        with self.lock:
            told = str(self._get("ref_osc_source")).upper().startswith("EXT")
            return told and not self.ask("SYST:SERR?").startswith(_NO_REFERENCE)

    def set_reference_external(self, external: bool) -> None:
        """Choose the reference: EXT for the 10 MHz from outside."""
        with self.lock:
            self._set("ref_osc_source", "EXT" if external else "INT")
            switched(self.name, "external reference", self.reference_external(), external)

    def safe_state(self) -> None:
        """Output off; raises DriverError if it reads back on.

        An error it tells may be older than the command, as that of a lost reference: it goes to the log.
        """
        with self.lock:
            take_all(self._switch_off)

    def _switch_off(self) -> None:
        with self.exchange():
            self.driver.parameters["status"].set(False)
        for error in self.errors():
            _log.warning("%s: %s when its output was switched off", self.name, error)
        switched(self.name, "output", self.output(), False)

    def _get(self, name: str) -> str | float | bool:
        with self.exchange():
            value: str | float | bool = self.driver.parameters[name].get()
        return value

    def _set(self, name: str, value: str | float | bool) -> None:
        parameter = self.driver.parameters[name]
        parameter.validate(value)
        with self.lock:
            with self.exchange():
                parameter.set(value)
            if errors := self.errors():
                code, _, text = errors[0].partition(",")
                raise InstrumentError(self.driver.name, f"{name} = {value}", int(code), text.strip(' "'))
