# SPDX-License-Identifier: Apache-2.0
"""Santec TSL-570 tunable laser (also 550, 580, 770, 775) over LAN, in its SCPI command set.

Commands and formats from the vendor's command description (Santec TSL series). The family speaks two
command sets with equal mnemonics and different formats; this driver speaks SCPI (``:SYST:COMM:COD 1``).
"""

from typing import TYPE_CHECKING, Self

from qcodes import validators as vals
from qcodes.parameters import Parameter

from heraldlink_drivers._readings import dBm, on_off, switched, watts
from heraldlink_drivers._safety import take_all
from heraldlink_drivers._visa_session import VisaSession
from heraldlink_drivers.errors import DriverError

if TYPE_CHECKING:
    from qcodes.instrument import VisaInstrumentKWArgs
    from typing_extensions import Unpack

SPEED_OF_LIGHT_m_s = 299_792_458.0


class SantecTSL570(VisaSession):
    """Santec TSL-570: ``SantecTSL570("pump", "TCPIP::192.168.1.100::5000::SOCKET", visalib="@py")``.

    The delimiter on LAN is a carriage return. Connecting sends queries only, and raises DriverError if the
    laser is in its Legacy command set: choose SCPI at the front panel, or with ``:SYST:COMM:COD 1``.
    The shutter command is inverted on the wire (0 is open); ``shutter_open`` is not.
    """

    default_terminator = "\r"
    error_query = ":SYST:ERR?"

    def __init__(self, name: str, address: str, **kwargs: "Unpack[VisaInstrumentKWArgs]") -> None:
        super().__init__(name, address, **kwargs)
        if int(self.ask(":SYST:COMM:COD?")) != 1:
            self.close()
            raise DriverError(f"{name}: the laser is in its Legacy command set; switch it to SCPI")
        self._add_light()
        self._add_status()
        self.connect_message()

    def _add_light(self) -> None:
        self.wavelength: Parameter[float, Self] = self.add_parameter(
            "wavelength",
            label="Wavelength",
            unit="m",
            get_cmd=":WAV?",
            set_cmd=":WAV {:.13e}",
            get_parser=float,
            vals=vals.Numbers(1.2e-6, 1.7e-6),
        )
        """Vacuum wavelength (m), in steps of 0.1 pm; the range of a model is narrower than checked here."""
        self.frequency: Parameter[float, Self] = self.add_parameter(
            "frequency",
            label="Optical frequency",
            unit="Hz",
            get_cmd=":FREQ?",
            set_cmd=":FREQ {:.13e}",
            get_parser=float,
            vals=vals.Numbers(SPEED_OF_LIGHT_m_s / 1.7e-6, SPEED_OF_LIGHT_m_s / 1.2e-6),
        )
        """Optical frequency (Hz), in steps of 10 MHz."""
        self.power: Parameter[float, Self] = self.add_parameter(
            "power",
            label="Optical power",
            unit="W",
            get_cmd=self._get_power,
            set_cmd=self._set_power,
            vals=vals.Numbers(1e-5, 2e-2),
        )
        """Power set (W): -20 to +13 dBm; written in the unit that the laser displays."""
        self.output: Parameter[bool, Self] = self.add_parameter(
            "output",
            label="Laser diode",
            get_cmd=":POW:STAT?",
            set_cmd=":POW:STAT {}",
            get_parser=on_off,
            set_parser=int,
            vals=vals.Bool(),
        )
        """Laser diode current on or off."""
        self.shutter: Parameter[bool, Self] = self.add_parameter(
            "shutter",
            label="Shutter open",
            get_cmd=":POW:SHUT?",
            set_cmd=":POW:SHUT {}",
            get_parser=_open,
            set_parser=_closed,
            vals=vals.Bool(),
        )
        """Internal shutter: True is open."""

    def _add_status(self) -> None:
        self.power_monitor: Parameter[float, Self] = self.add_parameter(
            "power_monitor",
            label="Power before the shutter",
            unit="W",
            get_cmd=lambda: self._in_watts(":POW:ACT?"),
        )
        """Monitored power (W). It is measured before the shutter: it says nothing about emitted light."""
        self.attenuation: Parameter[float, Self] = self.add_parameter(
            "attenuation",
            label="Internal attenuator",
            unit="dB",
            get_cmd=":POW:ATT?",
            set_cmd=":POW:ATT {:.2f}",
            get_parser=float,
            vals=vals.Numbers(0, 30),
        )
        """Internal attenuator (dB); in automatic power control the laser sets it itself."""
        self.interlock: Parameter[str, Self] = self.add_parameter(
            "interlock", label="External interlock", get_cmd=":SYST:LOCK?", get_parser=str.strip
        )
        """External interlock as the laser reports it."""
        self.alert: Parameter[str, Self] = self.add_parameter(
            "alert", label="Alert", get_cmd=":SYST:ALER?", get_parser=str.strip
        )
        """Alert as the laser words it."""

    def _displays_dBm(self) -> bool:
        return int(self.ask(":POW:UNIT?")) == 0

    def _in_watts(self, query: str) -> float:
        with self.lock:
            displayed_dBm = self._displays_dBm()
            value = float(self.ask(query))
        return watts(value) if displayed_dBm else 1e-3 * value

    def _get_power(self) -> float:
        return self._in_watts(":POW?")

    def _set_power(self, power_W: float) -> None:
        with self.lock:
            if self._displays_dBm():
                self.write(f":POW {dBm(power_W):.2f}")
            else:
                self.write(f":POW {power_W * 1e3:.4f}")

    # the role of a pump laser

    def wavelength_m(self) -> float:
        """Vacuum wavelength set, m."""
        return self.wavelength.get()

    def set_wavelength_m(self, wavelength_m: float) -> None:
        """Tune to a vacuum wavelength, m."""
        self.wavelength.set(wavelength_m)

    def power_W(self) -> float:
        """Power set, W."""
        return self.power.get()

    def set_power_W(self, power_W: float) -> None:
        """Set the power, W; the laser rounds to 0.01 dB."""
        self.power.set(power_W)

    def emission(self) -> bool:
        """Whether the laser diode is on."""
        return self.output.get()

    def set_emission(self, on: bool) -> None:
        """Switch the laser diode."""
        self.output.set(on)

    def shutter_open(self) -> bool:
        """Whether the shutter is open."""
        return self.shutter.get()

    def set_shutter_open(self, is_open: bool) -> None:
        """Move the shutter."""
        self.shutter.set(is_open)

    def safe_state(self) -> None:
        """Close the shutter, then switch the diode off; raises DriverError if the read-back disagrees.

        Neither step is left out because the other failed.
        """
        with self.lock:
            take_all(
                lambda: self.shutter.set(False),
                lambda: self.output.set(False),
                lambda: switched(self.name, "shutter", self.shutter.get(), False),
                lambda: switched(self.name, "laser diode", self.output.get(), False),
            )


def _open(reply: str) -> bool:
    return not on_off(reply)


def _closed(is_open: bool) -> int:
    return int(not is_open)
