# SPDX-License-Identifier: Apache-2.0
"""Channels of Keysight N776x optical attenuators, and what the models have in common.

Commands from public drivers of the N776x family (INPut:ATTenuation, OUTPut, READ:POWer). The numbers by which
the instrument knows its channels are an argument because no public source confirms them.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray
from qcodes import validators as vals
from qcodes.instrument import ChannelList, InstrumentBaseKWArgs, InstrumentChannel
from qcodes.parameters import Parameter

from heraldlink_drivers._limits import InstrumentLimits
from heraldlink_drivers._readings import dBm, on_off, reached, switched, watts
from heraldlink_drivers._safety import take_all
from heraldlink_drivers._visa_session import VisaSession
from heraldlink_drivers.errors import DriverError

if TYPE_CHECKING:
    from qcodes.instrument import VisaInstrumentKWArgs
    from typing_extensions import Unpack

_ZEROING_s = 60.0
_STEP_dB = 0.005


class N776xChannel(InstrumentChannel["KeysightN776x"]):
    """One attenuator with its shutter and its power monitor."""

    def __init__(
        self, parent: "KeysightN776x", name: str, slot: int, **kwargs: "Unpack[InstrumentBaseKWArgs]"
    ) -> None:
        super().__init__(parent, name, **kwargs)
        self._slot = slot
        self._limits = InstrumentLimits(self._attenuation_limits)
        self._found_offset_dB: float | None = None
        self.attenuation: Parameter[float, Self] = self.add_parameter(
            "attenuation",
            label="Attenuation",
            unit="dB",
            get_cmd=f":INP{slot}:ATT?",
            set_cmd=f":INP{slot}:ATT {{:.3f}}",
            get_parser=float,
            vals=self._limits,
        )
        """Attenuation (dB), without the insertion loss; the filter moves there at ``speed``. The limits are
        those that the instrument names, when a value is first set; ``offset`` shifts them."""
        self.wavelength: Parameter[float, Self] = self.add_parameter(
            "wavelength",
            label="Wavelength",
            unit="m",
            get_cmd=f":INP{slot}:WAV?",
            set_cmd=f":INP{slot}:WAV {{:.6e}}",
            get_parser=float,
            vals=vals.Numbers(1.26e-6, 1.64e-6),
        )
        """Wavelength (m) for which the attenuation is calibrated."""
        self.output: Parameter[bool, Self] = self.add_parameter(
            "output",
            label="Shutter open",
            get_cmd=f":OUTP{slot}?",
            set_cmd=f":OUTP{slot} {{}}",
            get_parser=on_off,
            set_parser=int,
            vals=vals.Bool(),
        )
        """Shutter of the channel: True lets light through."""
        self._add_filter()
        self._add_power()

    def _add_filter(self) -> None:
        self.offset: Parameter[float, Self] = self.add_parameter(
            "offset",
            label="Offset of the attenuation",
            unit="dB",
            get_cmd=self._offset_dB,
            set_cmd=self._set_offset,
            vals=vals.Numbers(-100, 100),
        )
        """Added to what the filter attenuates (dB)."""
        self.speed: Parameter[float, Self] = self.add_parameter(
            "speed",
            label="Speed of the filter",
            unit="dB/s",
            get_cmd=f":INP{self._slot}:ATT:SPE?",
            set_cmd=f":INP{self._slot}:ATT:SPE {{:.3f}}",
            get_parser=float,
            vals=vals.Numbers(0.1, 1000),
        )
        """Speed (dB/s)."""

    def _add_power(self) -> None:
        slot = self._slot
        self.monitor: Parameter[float, Self] = self.add_parameter(
            "monitor", label="Power behind the attenuator", unit="W", get_cmd=self._monitor_W
        )
        """Power behind the attenuator (W), in whichever unit the instrument displays it."""
        self.power: Parameter[float, Self] = self.add_parameter(
            "power",
            label="Power behind the attenuator set",
            unit="W",
            get_cmd=self._power_W,
            set_cmd=self._set_power_W,
            vals=vals.Numbers(1e-13, 0.2),
        )
        """Power (W) for which the instrument chooses the attenuation."""
        self.power_control: Parameter[bool, Self] = self.add_parameter(
            "power_control",
            label="Power control",
            get_cmd=f":OUTP{slot}:POW:CONT?",
            set_cmd=f":OUTP{slot}:POW:CONT {{}}",
            get_parser=on_off,
            set_parser=int,
            vals=vals.Bool(),
        )
        """Whether the attenuation follows the input, so that ``power`` stays; setting one ends it."""
        self.averaging: Parameter[float, Self] = self.add_parameter(
            "averaging",
            label="Averaging of the monitor",
            unit="s",
            get_cmd=f":OUTP{slot}:ATIM?",
            set_cmd=f":OUTP{slot}:ATIM {{:.6f}}",
            get_parser=float,
            vals=vals.Numbers(1e-3, 10),
        )
        """Averaging time of a reading of the monitor (s)."""

    def _attenuation_limits(self) -> tuple[float, float]:
        low, high = (float(self.ask(f":INP{self._slot}:ATT? {end}")) for end in ("MIN", "MAX"))
        return low, high

    def _offset_dB(self) -> float:
        """As it is; where others have changed it, the limits are no longer those that were read."""
        found_dB = float(self.ask(f":INP{self._slot}:OFFS?"))
        if found_dB != self._found_offset_dB:
            self._limits.forget()
        self._found_offset_dB = found_dB
        return found_dB

    def _set_offset(self, offset_dB: float) -> None:
        with self.parent.lock:
            self.write(f":INP{self._slot}:OFFS {offset_dB:.3f}")
            self._limits.forget()

    def _in_watt(self, query: str) -> bool:
        return self.ask(query).strip().lstrip("+").upper() in ("1", "W", "WATT")

    def _monitor_W(self) -> float:
        with self.parent.lock:
            displayed_W = self._in_watt(f":SENS{self._slot}:POW:UNIT?")
            value = float(self.ask(f":READ{self._slot}:POW?"))
        return value if displayed_W else watts(value)

    def _power_W(self) -> float:
        with self.parent.lock:
            displayed_W = self._in_watt(f":OUTP{self._slot}:POW:UNIT?")
            value = float(self.ask(f":OUTP{self._slot}:POW?"))
        return value if displayed_W else watts(value)

    def _set_power_W(self, power_W: float) -> None:
        self.write(f":OUTP{self._slot}:POW {dBm(power_W):.4f}DBM")

    def zero(self) -> None:
        """Zero the monitor; raises DriverError if the instrument reports a failure."""
        with self.parent.lock, self.parent.timeout.set_to(_ZEROING_s):
            self.write(f":OUTP{self._slot}:CORR:COLL:ZERO")
            self.ask("*OPC?")
            if int(self.ask(f":OUTP{self._slot}:CORR:COLL:ZERO?")) != 0:
                raise DriverError(f"{self.full_name}: the monitor cannot be zeroed")

    def record(self, points: int, spacing_s: float) -> NDArray[np.float64]:
        """Powers (W) at the monitor, float64[points], one each ``spacing_s``; the blocks are big endian."""
        with self.parent.lock, self.parent.timeout.set_to(points * spacing_s + _ZEROING_s):
            self.write(f":SENS{self._slot}:FUNC:PAR:LOGG {points},{spacing_s:.6f}")
            self.write(f":SENS{self._slot}:FUNC:STAT LOGG,START")
            self.ask("*OPC?")
            data = self.parent.ask_block(f":SENS{self._slot}:FUNC:RES?")
            self.write(f":SENS{self._slot}:FUNC:STAT LOGG,STOP")
        return np.frombuffer(data, ">f4").astype(np.float64)


class KeysightN776x(VisaSession):
    """What the models have in common; ``slots``: the instrument's numbers of its channels."""

    error_query = ":SYST:ERR?"
    answers_as = "*,n77*"

    def __init__(
        self, name: str, address: str, slots: Sequence[int], **kwargs: "Unpack[VisaInstrumentKWArgs]"
    ) -> None:
        super().__init__(name, address, **kwargs)
        channels = ChannelList(self, "channels", N776xChannel)
        for number, slot in enumerate(slots, start=1):
            channel = N776xChannel(self, f"ch{number}", slot)
            channels.append(channel)
            self.add_submodule(f"ch{number}", channel)
        self.channels = self.add_submodule("channels", channels.to_channel_tuple())
        """Channels, index 0 is channel 1."""
        self.connect_message()

    # the role of an attenuator

    @property
    def channel_count(self) -> int:
        """Number of channels; they count from 1."""
        return len(self.channels)

    def _channel(self, channel: int) -> N776xChannel:
        if not 1 <= channel <= self.channel_count:
            raise ValueError(f"{self.name}: no channel {channel}, only 1..{self.channel_count}")
        return self.channels[channel - 1]

    def attenuation_dB(self, channel: int) -> float:
        """What the filter attenuates, dB: an offset only shifts the display."""
        with self.lock:
            chosen = self._channel(channel)
            return chosen.attenuation.get() - chosen.offset.get()

    def set_attenuation_dB(self, channel: int, attenuation_dB: float) -> None:
        """Set what the filter attenuates, dB, and return when it is there. Raises DriverError if it is not.

        The offset stays, and power control ends.
        """
        with self.lock:
            chosen = self._channel(channel)
            chosen.attenuation.set(attenuation_dB + chosen.offset.get())
            self.ask("*OPC?")
            found_dB = self.attenuation_dB(channel)
            reached(self.name, f"attenuation {channel} (dB)", found_dB, attenuation_dB, _STEP_dB)

    def is_open(self, channel: int) -> bool:
        """Whether light passes."""
        return self._channel(channel).output.get()

    def set_open(self, channel: int, is_open: bool) -> None:
        """Move the shutter of a channel. Raises DriverError if it reads back other.

        Nor is it opened while the attenuation follows a power.
        """
        with self.lock:
            if is_open and self._channel(channel).power_control.get():
                raise DriverError(
                    f"{self.name}: shutter {channel} stays as it is: under power control the attenuation does"
                    " not stay as set; setting the attenuation ends power control"
                )
            self._channel(channel).output.set(is_open)
            self._check_shutter(channel, is_open)

    def monitor_W(self, channel: int) -> float:
        """Power behind the attenuator, W."""
        return self._channel(channel).monitor.get()

    def safe_state(self) -> None:
        """Close all shutters; raises DriverError if one refuses or reads back open, after all others."""
        numbers = range(1, self.channel_count + 1)
        with self.lock:
            take_all(*(partial(self.set_open, number, False) for number in numbers))

    def _check_shutter(self, channel: int, is_open: bool) -> None:
        switched(self.name, f"shutter {channel}", self.is_open(channel), is_open)
