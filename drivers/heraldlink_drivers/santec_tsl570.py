# SPDX-License-Identifier: Apache-2.0
"""Santec TSL-570 tunable laser (also 550, 580, 770, 775) over LAN, in either of its command sets.

Commands and formats from the vendor's command description (Santec TSL series). The family speaks two
command sets, SCPI and Legacy, with equal mnemonics and different formats.
"""

import time
from threading import Event
from typing import TYPE_CHECKING, Any, Self

from qcodes import validators as vals
from qcodes.parameters import Parameter

from heraldlink_drivers._readings import dBm, on_off, reached, switched, watts
from heraldlink_drivers._safety import take_all
from heraldlink_drivers._santec_numbers import (
    choice_parameter,
    frequency,
    frequency_text,
    length,
    length_parameter,
    length_text,
    number_parameter,
    switch_parameter,
    whole_parameter,
)
from heraldlink_drivers._santec_sweep import SantecSweep
from heraldlink_drivers._visa_session import VisaSession
from heraldlink_drivers.errors import DriverError, Timeout

if TYPE_CHECKING:
    from qcodes.instrument import VisaInstrumentKWArgs
    from typing_extensions import Unpack

SPEED_OF_LIGHT_m_s = 299_792_458.0
_TUNING_s = 30.0
_POLL_s = 0.002
_STEP_m = 1e-13
_STEP = 3e-3  # 0.01 dB, and the four digits of a power in mW


class SantecTSL570(VisaSession):
    """Santec TSL-570: ``SantecTSL570("pump", "TCPIP::192.168.1.100::5000::SOCKET", visalib="@py")``.

    The delimiter on LAN is a carriage return. Connecting sends queries only: the command set in force
    (``:SYST:COMM:COD?``), the limits of wavelength and power (``:WAV? MIN``, ``:WAV? MAX``, ``:POW:UNIT?``,
    ``:POW? MIN``, ``:POW? MAX``; in Legacy ``:WAV:MIN?`` and so on), ``*IDN?`` and ``:SYST:ERR?``. The
    shutter command is inverted on the wire (0 is open); ``shutter_open`` is not. ``sweep`` sweeps.
    """

    default_terminator = "\r"
    answers_as = "*,tsl-5*"
    error_query = ":SYST:ERR?"

    def __init__(self, name: str, address: str, **kwargs: "Unpack[VisaInstrumentKWArgs]") -> None:
        super().__init__(name, address, **kwargs)
        self._scpi = int(self.ask(":SYST:COMM:COD?")) == 1
        self._add_light()
        self._add_switches()
        self._add_power()
        self._add_settings()
        self._add_triggers()
        self._add_status()
        self.sweep: SantecSweep = self.add_submodule("sweep", SantecSweep(self, "sweep"))
        """Wavelength sweep."""
        self.connect_message()

    @property
    def speaks_scpi(self) -> bool:
        """Whether the SCPI set is in force, not the Legacy one."""
        return self._scpi

    def use_command_set(self, *, scpi: bool) -> None:
        """Choose the command set; the driver speaks both."""
        with self.lock:
            self.write(f":SYST:COMM:COD {int(scpi)}")
            self._scpi = int(self.ask(":SYST:COMM:COD?")) == 1

    def _limit(self, cmd: str, end: str) -> str:
        return self.ask(f"{cmd}? {end}" if self._scpi else f"{cmd}:{end}?")

    def _add_light(self) -> None:
        low_m, high_m = (length(self._limit(":WAV", end), scpi=self._scpi) for end in ("MIN", "MAX"))
        self.wavelength: Parameter[float, Self] = self.add_parameter(
            "wavelength",
            label="Wavelength",
            unit="m",
            get_cmd=lambda: length(self.ask(":WAV?"), scpi=self._scpi),
            set_cmd=self._set_wavelength,
            vals=vals.Numbers(low_m, high_m),
        )
        """Vacuum wavelength (m), in steps of 0.1 pm; set returns when it is reached."""
        self.frequency: Parameter[float, Self] = self.add_parameter(
            "frequency",
            label="Optical frequency",
            unit="Hz",
            get_cmd=lambda: frequency(self.ask(":FREQ?"), scpi=self._scpi),
            set_cmd=self._set_frequency,
            vals=vals.Numbers(SPEED_OF_LIGHT_m_s / high_m, SPEED_OF_LIGHT_m_s / low_m),
        )
        """Optical frequency (Hz), in steps of 10 MHz; set returns when it is reached."""

    def _add_switches(self) -> None:
        self.fine_tuning: Parameter[float, Self] = number_parameter(
            self, self, "fine_tuning", "Fine tuning", ":WAV:FIN", vals.Numbers(-100, 100), ""
        )
        """Fine tuning, -100 to 100."""
        self.wavelength_offset: Parameter[float, Self] = length_parameter(
            self, self, "wavelength_offset", "Wavelength offset", ":WAV:OFFS", vals.Numbers(-1e-10, 1e-10)
        )
        """Offset (m) that is added to the light's wavelength, within 0.1 nm."""
        self.output: Parameter[bool, Self] = switch_parameter(
            self, self, "output", "Laser diode", ":POW:STAT"
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

    def _add_power(self) -> None:
        with self.lock:
            in_dBm = self._displays_dBm()
            limits = (float(self._limit(":POW", end)) for end in ("MIN", "MAX"))
            low_W, high_W = (watts(value) if in_dBm else 1e-3 * value for value in limits)
        self.power: Parameter[float, Self] = self.add_parameter(
            "power",
            label="Optical power",
            unit="W",
            get_cmd=lambda: self._in_watts(":POW?"),
            set_cmd=self._set_power,
            vals=vals.Numbers(low_W, high_W),
        )
        """Power set (W), in steps of 0.01 dB; written in the unit that the laser displays."""
        self.power_monitor: Parameter[float, Self] = self.add_parameter(
            "power_monitor",
            label="Power before the shutter",
            unit="W",
            get_cmd=lambda: self._in_watts(":POW:ACT?"),
        )
        """Monitored power (W). It is measured before the shutter: it says nothing about emitted light."""
        self.attenuation: Parameter[float, Self] = number_parameter(
            self, self, "attenuation", "Internal attenuator", ":POW:ATT", vals.Numbers(0, 30), "dB"
        )
        """Internal attenuator (dB); in automatic power control the laser sets it itself."""
        self.automatic_power: Parameter[bool, Self] = switch_parameter(
            self, self, "automatic_power", "Automatic power control", ":POW:ATT:AUT"
        )
        """Whether the laser keeps the power set; else ``attenuation`` holds."""

    def _add_settings(self) -> None:
        self.coherence_control: Parameter[bool, Self] = switch_parameter(
            self, self, "coherence_control", "Coherence control", ":COHC"
        )
        """Broadens the line."""
        self.modulation: Parameter[bool, Self] = switch_parameter(
            self, self, "modulation", "Modulation", ":AM:STAT"
        )
        """Modulation on or off."""
        sources = {"coherence": 0, "intensity": 1, "frequency": 3}
        self.modulation_source: Parameter[str, Self] = choice_parameter(
            self, self, "modulation_source", "What is modulated", ":AM:SOUR", sources
        )
        """What is modulated."""
        self.brightness: Parameter[int, Self] = whole_parameter(
            self, self, "brightness", "Brightness of the display", ":DISP:BRIG", 0, 100, "%"
        )
        """Brightness of the display (%)."""

    def _add_triggers(self) -> None:
        self.trigger_output: Parameter[str, Self] = choice_parameter(
            self, self, "trigger_output", "Output trigger", ":TRIG:OUTP", _TRIGGER_TIMES
        )
        """When the output trigger comes: 25 us, 3.3 V, up to 20 kHz."""
        periodic = {"wavelength": 0, "time": 1}
        self.trigger_period: Parameter[str, Self] = choice_parameter(
            self, self, "trigger_period", "Output trigger periodic in", ":TRIG:OUTP:SETT", periodic
        )
        """What the triggers at steps are periodic in [?]: the 770's manual has them the other way round."""
        self.trigger_input: Parameter[bool, Self] = switch_parameter(
            self, self, "trigger_input", "External trigger", ":TRIG:INP:EXT"
        )
        """Whether the trigger input is heard."""
        self.trigger_through: Parameter[bool, Self] = switch_parameter(
            self, self, "trigger_through", "Trigger through", ":TRIG:THR"
        )
        """Whether triggers at the input go on to the output."""
        edges = {"rising": 0, "falling": 1}
        self.trigger_input_edge: Parameter[str, Self] = choice_parameter(
            self, self, "trigger_input_edge", "Edge of the trigger input", ":TRIG:INP:ACT", edges
        )
        """Edge that triggers."""
        self.trigger_output_edge: Parameter[str, Self] = choice_parameter(
            self, self, "trigger_output_edge", "Edge of the trigger output", ":TRIG:OUTP:ACT", edges
        )
        """Edge that is the trigger."""

    def _add_status(self) -> None:
        self.interlock: Parameter[str, Self] = self._text("interlock", "External interlock", ":SYST:LOCK?")
        """External interlock as the laser reports it: 1 is open."""
        self.alert: Parameter[str, Self] = self._text("alert", "Alert", ":SYST:ALER?")
        """Alert as the laser words it, ``No alerts.`` without one."""
        self.firmware: Parameter[str, Self] = self._text("firmware", "Firmware", ":SYST:VERS?")
        """Version of the firmware."""
        self.product_code: Parameter[str, Self] = self._text("product_code", "Product code", ":SYST:COD?")
        """Product code; its six digits are the range in nm."""
        self.ip_address: Parameter[str, Self] = self._text("ip_address", "IP", ":SYST:COMM:ETH:IPAD?")
        """Address on LAN."""
        self.mac_address: Parameter[str, Self] = self._text("mac_address", "MAC", ":SYST:COMM:ETH:MAC?")
        """Hardware address, 12 digits."""

    def _text(self, name: str, label: str, query: str) -> "Parameter[str, Any]":
        return self.add_parameter(name, label=label, get_cmd=query, get_parser=str.strip)

    def _displays_dBm(self) -> bool:
        return int(self.ask(":POW:UNIT?")) == 0

    def _in_watts(self, query: str) -> float:
        with self.lock:
            displayed_dBm = self._displays_dBm()
            value = float(self.ask(query))
        return watts(value) if displayed_dBm else 1e-3 * value

    def _set_power(self, power_W: float) -> None:
        with self.lock:
            if self._displays_dBm():
                self.write(f":POW {dBm(power_W):.2f}")
            else:
                self.write(f":POW {power_W * 1e3:.4f}")

    def _set_wavelength(self, wavelength_m: float) -> None:
        self._tune(f":WAV {length_text(wavelength_m, scpi=self._scpi)}")

    def _set_frequency(self, frequency_Hz: float) -> None:
        self._tune(f":FREQ {frequency_text(frequency_Hz, scpi=self._scpi)}")

    def _tune(self, command: str) -> None:
        """Set a wavelength and return when it is reached; ``*OPC?`` waits, or answers 0 until then [?]."""
        with self.lock:
            self.write(command)
            deadline = time.monotonic() + _TUNING_s
            while int(self.ask("*OPC?")) == 0:
                if time.monotonic() > deadline:
                    raise Timeout(f"{self.name}: still tuning {_TUNING_s:g} s after {command}")
                Event().wait(_POLL_s)

    # the role of a pump laser

    def wavelength_m(self) -> float:
        """Vacuum wavelength set, m."""
        return self.wavelength.get()

    def set_wavelength_m(self, wavelength_m: float) -> None:
        """Tune to a vacuum wavelength, m, and return when it is reached; raises DriverError if it is not."""
        with self.lock:
            self.wavelength.set(wavelength_m)
            reached(self.name, "wavelength (m)", self.wavelength.get(), wavelength_m, _STEP_m)

    def power_W(self) -> float:
        """Power set, W."""
        return self.power.get()

    def set_power_W(self, power_W: float) -> None:
        """Set the power, W, and have it held; the laser rounds to 0.01 dB.

        Raises DriverError if it reads back other.
        """
        with self.lock:
            self.power.set(power_W)
            reached(self.name, "power (W)", self.power.get(), power_W, _STEP * power_W)
            self.automatic_power.set(True)
            switched(self.name, "automatic power control", self.automatic_power.get(), True)

    def emission(self) -> bool:
        """Whether the laser diode is on."""
        return self.output.get()

    def set_emission(self, on: bool) -> None:
        """Switch the laser diode. Raises DriverError if it reads back other, or the power is not held."""
        with self.lock:
            if on:
                self._must_hold_power()
            self.output.set(on)
            switched(self.name, "laser diode", self.output.get(), on)

    def interlock_open(self) -> bool:
        """Whether the external interlock is open, so that nothing is emitted whatever is set."""
        return int(self.interlock.get()) == 1

    def shutter_open(self) -> bool:
        """Whether the shutter is open."""
        return self.shutter.get()

    def set_shutter_open(self, is_open: bool) -> None:
        """Move the shutter. Raises DriverError if it reads back other, or the power is not held."""
        with self.lock:
            if is_open:
                self._must_hold_power()
            self.shutter.set(is_open)
            switched(self.name, "shutter", self.shutter.get(), is_open)

    def _must_hold_power(self) -> None:
        """Raise DriverError where the light is the diode's, attenuated, and not the power that reads back."""
        if not self.automatic_power.get():
            raise DriverError(
                f"{self.name}: automatic power control is off, so that light is not what power_W says:"
                " setting the power switches it on"
            )

    def safe_state(self) -> None:
        """Close the shutter, switch the diode off, stop a sweep; raises DriverError if it reads back other.

        No step is left out because another failed.
        """
        with self.lock:
            take_all(
                lambda: self.set_shutter_open(False),
                lambda: self.set_emission(False),
                self.sweep.stop,
            )


_TRIGGER_TIMES = {"none": 0, "stop": 1, "start": 2, "step": 3}


def _open(reply: str) -> bool:
    return not on_off(reply)


def _closed(is_open: bool) -> int:
    return int(not is_open)
