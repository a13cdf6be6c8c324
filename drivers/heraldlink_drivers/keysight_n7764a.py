# SPDX-License-Identifier: Apache-2.0
"""Keysight N7764A four-channel optical attenuator with a shutter and a power monitor per channel.

Commands from public drivers of the N776x family (INPut:ATTenuation, OUTPut, READ:POWer). The slot numbers of
the four channels are an argument because no public source confirms them.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Self

from qcodes import validators as vals
from qcodes.instrument import ChannelList, InstrumentBaseKWArgs, InstrumentChannel
from qcodes.parameters import Parameter

from heraldlink_drivers._readings import on_off, switched, watts
from heraldlink_drivers._safety import take_all
from heraldlink_drivers._visa_session import VisaSession

if TYPE_CHECKING:
    from qcodes.instrument import VisaInstrumentKWArgs
    from typing_extensions import Unpack


class N7764AChannel(InstrumentChannel["KeysightN7764A"]):
    """One attenuator with its shutter and its power monitor."""

    def __init__(
        self, parent: "KeysightN7764A", name: str, slot: int, **kwargs: "Unpack[InstrumentBaseKWArgs]"
    ) -> None:
        super().__init__(parent, name, **kwargs)
        self._slot = slot
        self.attenuation: Parameter[float, Self] = self.add_parameter(
            "attenuation",
            label="Attenuation",
            unit="dB",
            get_cmd=f":INP{slot}:ATT?",
            set_cmd=f":INP{slot}:ATT {{:.3f}}",
            get_parser=float,
            vals=vals.Numbers(0, 45),
        )
        """Attenuation (dB), 0 to 45, without the insertion loss."""
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
        self.monitor: Parameter[float, Self] = self.add_parameter(
            "monitor", label="Power behind the attenuator", unit="W", get_cmd=self._monitor_W
        )
        """Power behind the attenuator (W), in whichever unit the instrument displays it."""

    def _monitor_W(self) -> float:
        with self.parent.lock:
            displayed_W = self.ask(f":SENS{self._slot}:POW:UNIT?").strip().lstrip("+") in ("1", "W", "WATT")
            value = float(self.ask(f":READ{self._slot}:POW?"))
        return value if displayed_W else watts(value)


class KeysightN7764A(VisaSession):
    """Keysight N7764A: ``KeysightN7764A("voa", "TCPIP::192.168.1.30::5025::SOCKET", visalib="@py")``.

    ``slots``: the instrument's numbers of channels 1 to 4 [?].
    """

    error_query = ":SYST:ERR?"

    def __init__(
        self,
        name: str,
        address: str,
        slots: Sequence[int] = (1, 2, 3, 4),
        **kwargs: "Unpack[VisaInstrumentKWArgs]",
    ) -> None:
        super().__init__(name, address, **kwargs)
        channels = ChannelList(self, "channels", N7764AChannel)
        for number, slot in enumerate(slots, start=1):
            channel = N7764AChannel(self, f"ch{number}", slot)
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

    def _channel(self, channel: int) -> N7764AChannel:
        if not 1 <= channel <= self.channel_count:
            raise ValueError(f"{self.name}: no channel {channel}, only 1..{self.channel_count}")
        return self.channels[channel - 1]

    def attenuation_dB(self, channel: int) -> float:
        """Attenuation, dB."""
        return self._channel(channel).attenuation.get()

    def set_attenuation_dB(self, channel: int, attenuation_dB: float) -> None:
        """Set the attenuation, dB."""
        self._channel(channel).attenuation.set(attenuation_dB)

    def is_open(self, channel: int) -> bool:
        """Whether light passes."""
        return self._channel(channel).output.get()

    def set_open(self, channel: int, is_open: bool) -> None:
        """Move the shutter of a channel."""
        self._channel(channel).output.set(is_open)

    def monitor_W(self, channel: int) -> float:
        """Power behind the attenuator, W."""
        return self._channel(channel).monitor.get()

    def safe_state(self) -> None:
        """Close all shutters; raises DriverError if one refuses or reads back open, after all others."""
        numbers = range(1, self.channel_count + 1)
        with self.lock:
            take_all(*(partial(self.set_open, number, False) for number in numbers))
            take_all(*(partial(self._check_closed, number) for number in numbers))

    def _check_closed(self, channel: int) -> None:
        switched(self.name, f"shutter {channel}", self.is_open(channel), False)
