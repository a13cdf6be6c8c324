# SPDX-License-Identifier: Apache-2.0
"""An ID900 as a QCoDeS instrument: its connection, the device's own parameters, and all blocks."""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, Self, TypeVar

from qcodes import validators as vals
from qcodes.instrument import ChannelList, ChannelTuple, Instrument, InstrumentBaseKWArgs
from qcodes.parameters import Parameter

from heraldlink_drivers._ahead import ReadAhead
from heraldlink_drivers._id900_acquisition import ID900Generator, ID900Histogram, ID900Raw
from heraldlink_drivers._id900_block import Block, switch
from heraldlink_drivers._id900_blocks import ID900Combiner, ID900Delay, ID900Input, ID900Output
from heraldlink_drivers._readings import on_off
from heraldlink_drivers._zmq_request import ZmqRequester
from heraldlink_drivers.errors import ConnectionLost, DriverError, InstrumentError

if TYPE_CHECKING:
    from typing_extensions import Unpack

CONTROL_PORT = 5555
PRESETS = ("INIT", "HISTO", "COUNT", "BLANK")
B = TypeVar("B", bound=Block)

_ERROR = re.compile(r"SCPI_ERR_\w*|^No\s.*|.*No connection.*|.*\bfailed\b.*", re.MULTILINE)


class ID900Device(Instrument):
    """Control connection and blocks; errors are words in the replies, which raise InstrumentError."""

    def __init__(
        self, name: str, address: str, timeout: float, **kwargs: "Unpack[InstrumentBaseKWArgs]"
    ) -> None:
        super().__init__(name, **kwargs)
        self.lock = RLock()
        self._ahead = ReadAhead(self._ask_together)
        self._control: ZmqRequester | None = ZmqRequester(name, address, CONTROL_PORT, timeout)
        self.host = self._control.host
        self.identity()  # raises if nothing answers
        self._add_device()
        self._add_signal_blocks()
        self._add_acquisition_blocks()

    def _add_device(self) -> None:
        self.reference: Parameter[str, Self] = self.add_parameter(
            "reference",
            label="Clock reference",
            get_cmd="DEVI:SYNC?",
            set_cmd="DEVI:SYNC {}",
            get_parser=_first_three,
            vals=vals.Enum("INT", "EXT"),
        )
        """Clock reference: INT, or EXT for 10 MHz from outside."""
        self.resolution: Parameter[str, Self] = self.add_parameter(
            "resolution",
            label="Resolution",
            get_cmd="DEVI:RES?",
            set_cmd="DEVI:RES {}",
            get_parser=_upper,
            vals=vals.Enum("HIRES", "LOWRES"),
        )
        """HIRES (up to 25 MHz an input) or LOWRES."""
        self.resolution_bin: Parameter[float, Self] = self.add_parameter(
            "resolution_bin", label="Bin of time stamps", unit="s", get_cmd="DEVI:RES:BWID?", get_parser=_bin
        )
        """Bin width of time stamps (s): the device says it, 1 ps for an ID1000 in HIRES."""
        self.leds: Parameter[bool, Self] = self.add_parameter(
            "leds",
            label="Front panel lights",
            get_cmd="DEVI:LEDS?",
            set_cmd="DEVI:LEDS {}",
            get_parser=on_off,
            set_parser=switch,
            vals=vals.Bool(),
        )
        """Whether the lights are on."""

    def _add_signal_blocks(self) -> None:
        self.start = self.add_submodule("start", ID900Input(self, "start", "STAR"))
        """Input STARt."""
        inputs = [ID900Input(self, f"input{n}", f"INPU{n}") for n in range(1, 5)]
        self.inputs = self._blocks("inputs", inputs, ID900Input)
        """Inputs 1 to 4, from index 0."""
        delays = [ID900Delay(self, f"delay{n}", f"DELA{n}") for n in range(1, 9)]
        self.delays = self._blocks("delays", delays, ID900Delay)
        """Delay blocks 1 to 8, from index 0."""
        combiners = [ID900Combiner(self, f"combiner{n}", f"TSCO{n}") for n in range(1, 25)]
        self.combiners = self._blocks("combiners", combiners, ID900Combiner)
        """Combiners 1 to 24, from index 0."""
        outputs = [ID900Output(self, f"output{n}", f"OUTP{n}") for n in range(1, 5)]
        self.outputs = self._blocks("outputs", outputs, ID900Output)
        """Outputs 1 to 4, from index 0."""

    def _add_acquisition_blocks(self) -> None:
        generators = [ID900Generator(self, f"generator{n}", f"GEN{n}") for n in range(1, 9)]
        self.generators = self._blocks("generators", generators, ID900Generator)
        """Generators 1 to 8, from index 0."""
        self.record = self.add_submodule("record", ID900Generator(self, "record", "REC"))
        """The generator whose pulse is the acquisition."""
        histograms = [ID900Histogram(self, f"histogram{n}", f"HIST{n}") for n in range(1, 5)]
        self.histograms = self._blocks("histograms", histograms, ID900Histogram)
        """Histograms 1 to 4, from index 0."""
        raws = [ID900Raw(self, f"raw{n}", f"RAW{n}") for n in range(1, 5)]
        self.raws = self._blocks("raws", raws, ID900Raw)
        """RAW blocks 1 to 4, from index 0."""

    def _blocks(self, name: str, blocks: list[B], kind: type[B]) -> "ChannelTuple[B]":
        channels = ChannelList(self, name, kind)
        for block in blocks:
            channels.append(block)
            self.add_submodule(block.short_name, block)
        return self.add_submodule(name, channels.to_channel_tuple())

    def close(self) -> None:
        """Close the connection; settings stay, and a record that runs goes on."""
        if (control := getattr(self, "_control", None)) is not None:
            control.close()
        super().close()

    def ask_raw(self, cmd: str) -> str:
        """Send a request and return its reply; raises InstrumentError for an error in it."""
        with self.lock:
            if (known := self._ahead.take(cmd)) is not None:
                return known
            if self._control is None:
                raise ConnectionLost(f"{self.name}: not connected")
            reply = self._control.ask(cmd).rstrip("\r\n")
        if found := _ERROR.search(reply):
            raise InstrumentError(self.name, cmd, 0, found[0])
        return reply

    def write_raw(self, cmd: str) -> None:
        """Send a command; raises InstrumentError for an error in its reply."""
        self.ask_raw(cmd)

    def ask_all(self, queries: Sequence[str]) -> list[str]:
        """Replies to several queries in one exchange, in order; queries begin with a colon."""
        replies = re.split(r"[\n;]", self.ask(";".join(queries)))
        if len(replies) != len(queries):
            raise DriverError(f"{self.name}: {len(replies)} replies to {len(queries)} queries")
        return [reply.strip() for reply in replies]

    @contextmanager
    def reading_together(self, what: str) -> Generator[None, None, None]:
        """Queries inside leave in one message, once it is known which they are."""
        with self.lock, self._ahead.stretch(what):
            yield

    def _ask_together(self, queries: Sequence[str]) -> list[str]:
        """Replies to several queries in one exchange; a query may itself be several."""
        counts = [query.count(";") + 1 for query in queries]
        single = [one for query in queries for one in query.split(";")]
        parts = iter(self.ask_all([one if one[0] in ":*" else f":{one}" for one in single]))
        return ["\n".join(next(parts) for _ in range(count)) for count in counts]

    def identity(self) -> str:
        """Reply to ``*IDN?``."""
        return self.ask("*IDN?").strip()

    def load_preset(self, name: str) -> None:
        """Load one of the device's own configurations: INIT, HISTO, COUNT or BLANK.

        It undoes all links and the settings of all blocks; those of the inputs may stay [?].
        """
        vals.Enum(*PRESETS).validate(name)
        self.write(f"DEVI:CONF:LOAD {name}")

    def recalibrate(self) -> None:
        """Recalibrate the sampling; raises InstrumentError if the device says that it failed."""
        self.write("DEVI:SAMP:RECA")

    def errors(self) -> list[str]:
        """High-resolution errors of the enabled inputs; the device keeps no queue, reading clears nothing."""
        found: list[str] = []
        for block in (self.start, *self.inputs):
            if block.enabled.get() and (code := block.hires_error.get()):
                found.append(f"{code} {block.prefix}: high-resolution error")
        return found


def _first_three(reply: str) -> str:
    return reply.strip().upper()[:3]


def _upper(reply: str) -> str:
    return reply.strip().upper()


def _bin(reply: str) -> float:
    return int(reply.strip().upper().removesuffix("TB")) * 1e-12
