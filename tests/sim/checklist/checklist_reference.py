# SPDX-License-Identifier: Apache-2.0
"""An instrument that has a command for every part of the checklist: for what some models do not have."""

from collections.abc import Sequence

from checklist_parts import Numeric, Pair, Parts, Words

from heraldlink_sim.model import InstrumentConfig, Model, Place, scpi_server
from heraldlink_sim.scpi import (
    Block,
    Boolean,
    ChannelList,
    Choice,
    Number,
    ScpiDevice,
    Setting,
    Text,
    block,
    command,
    nr3,
    query,
)

NAME = "reference instrument"


class ReferenceInstrument(ScpiDevice):
    """One source that settles, sweeps and keeps what it is given."""

    level = Setting("[SOURce<1..2>]:VOLTage[:LEVel]", Number(-10, 10, default=0, unit="V"))
    frequency = Setting("[SOURce<1..2>]:FREQuency[:CW]", Number(1, 1e9, default=1e6, unit="HZ", form=nr3))
    output = Setting("OUTPut<1..4>[:STATe]", Boolean())
    shape = Setting("[SOURce]:FUNCtion[:SHAPe]", Choice("SINusoid", "SQUare", "RAMP"))
    label = Setting("DISPlay:TEXT", Text())

    def __init__(self, place: Place) -> None:
        super().__init__(place.clock)
        self._serial = place.serial
        self._data = b""
        self._closed: Sequence[int] = ()

    @query("*IDN")
    def _identify_reference(self) -> str:
        return f"heraldlink,REFERENCE,{self._serial},1.0"

    @command("TRACe:DATA", Block())
    def _set_data(self, data: bytes) -> None:
        self._data = data

    @query("TRACe:DATA")
    def _get_data(self) -> bytes:
        return block(self._data)

    @command("ROUTe:CLOSe", ChannelList(1, 16))
    def _close_channels(self, channels: Sequence[int]) -> None:
        self._closed = channels

    @query("ROUTe:CLOSe:STATe")
    def _closed_channels(self) -> str:
        return f"(@{','.join(map(str, self._closed))})"

    @command("INITiate[:IMMediate]")
    def _sweep(self) -> None:
        self.begin(10.0, self._swept)

    def _swept(self) -> None:
        self.label.set("swept")

    @query("MEASure:LEVel")
    def _nothing_to_measure(self) -> str:
        return nr3(float("nan"))

    @query("MEASure:PEAK")
    def _overload(self) -> str:
        return nr3(float("inf"))


def _make(place: Place, config: InstrumentConfig) -> ReferenceInstrument:
    return ReferenceInstrument(place)


MODEL = Model(NAME, "other", _make, scpi_server())

PARTS = Parts(
    numeric=Numeric("SOUR:FREQ", "HZ", 5e6, 6e6, "1E12", "5 V", scaled="5000 kHz", milli_or_mega="5MHZ"),
    boolean="OUTP1",
    words=Words("SOUR:FUNC", "SQUare", "SQU", "SINusoid"),
    text=Pair("DISP:TEXT {}", "DISP:TEXT?"),
    block=Pair("TRAC:DATA {}", "TRAC:DATA?"),
    spellings=("FREQ?", "SOUR:FREQ?", "SOURCE1:FREQUENCY?", ":SOUR1:FREQ:CW?"),
    suffix=("OUTP4?", "OUTP5?"),
    overlapped="INIT",
    channels=Pair("ROUT:CLOS {}", "ROUT:CLOS:STAT?"),
    largest_block=1 << 26,
)
