# SPDX-License-Identifier: Apache-2.0
"""ID Quantique ID900 Time Controller: control over ZeroMQ, time stamps through the DataLink service.

Commands from the vendor's manual of the Time Controller series and its example code. The device reports
errors in its replies: words that begin with ``SCPI_ERR_``, or a sentence about a link that cannot be made.
"""

import re
from collections.abc import Sequence
from functools import partial
from threading import RLock
from typing import TYPE_CHECKING, Self, TypeVar

from qcodes import validators as vals
from qcodes.instrument import ChannelList, ChannelTuple, Instrument, InstrumentBaseKWArgs
from qcodes.parameters import Parameter

from heraldlink_drivers._datalink import DataLinkService, TagStream
from heraldlink_drivers._id900_blocks import (
    Block,
    ID900Combiner,
    ID900Delay,
    ID900Input,
    ID900Output,
    ID900Raw,
    picoseconds,
    volts,
)
from heraldlink_drivers._id900_program import INPUTS, check, commands
from heraldlink_drivers._readings import on_off, switched
from heraldlink_drivers._safety import take_all
from heraldlink_drivers._zmq_request import ZmqRequester
from heraldlink_drivers.errors import ConnectionLost, DriverError, InstrumentError
from heraldlink_drivers.roles import TaggerProgram, Tags

if TYPE_CHECKING:
    from typing_extensions import Unpack

CONTROL_PORT = 5555
DATALINK_PORT = 6060
B = TypeVar("B", bound=Block)

_ERROR = re.compile(r"SCPI_ERR_\w*|^No\s.*|.*No connection.*|^failed.*", re.MULTILINE)


class IDQuantiqueID900(Instrument):
    """ID900: ``IDQuantiqueID900("tagger", "tcp://192.168.1.40", datalink="tcp://192.168.1.2")``.

    ``datalink``: address of the computer that runs the vendor's DataLink service (default: port 6060 of the
    device's own host). ``device_address``: address by which that service knows the device. ``stream_port``:
    the service binds RAW channel n on ``stream_port + n``; 0 lets it choose, if it can. ``timeout``: for one
    reply, s. ``combiner``: block whose window is the gate, until ``configure`` names another.
    """

    def __init__(
        self,
        name: str,
        address: str,
        datalink: str | None = None,
        device_address: str | None = None,
        stream_port: int = 4241,
        timeout: float = 4.0,
        combiner: int = 5,
        **kwargs: "Unpack[InstrumentBaseKWArgs]",
    ) -> None:
        super().__init__(name, **kwargs)
        self.lock = RLock()
        self._control: ZmqRequester | None = ZmqRequester(name, address, CONTROL_PORT, timeout)
        host = self._control.host
        self._datalink = datalink or f"tcp://{host}:{DATALINK_PORT}"
        self._device_address = device_address or host
        self._stream_port, self._timeout_s, self._combiner = stream_port, timeout, combiner
        self._service: DataLinkService | None = None
        self._streams: dict[int, TagStream] = {}
        self._tick_input = "INPU4"
        self.identity()  # raises if nothing answers
        self._add_device()
        self._add_blocks()
        self.connect_message()

    def _add_device(self) -> None:
        self.reference: Parameter[str, Self] = self.add_parameter(
            "reference",
            label="Clock reference",
            get_cmd="DEVI:SYNC?",
            set_cmd="DEVI:SYNC {}",
            get_parser=_reference,
            vals=vals.Enum("INT", "EXT"),
        )
        """Clock reference: INT, or EXT for 10 MHz from outside."""
        self.record_stage: Parameter[str, Self] = self.add_parameter(
            "record_stage", label="Stage of the record", get_cmd="REC:STAG?", get_parser=str.strip
        )
        """STOPPED, ARMED or PLAYING."""

    def _add_blocks(self) -> None:
        self.start = self.add_submodule("start", ID900Input(self, "start", "STAR"))
        """Input STARt."""
        inputs = [ID900Input(self, f"input{n}", f"INPU{n}") for n in range(1, 5)]
        self.inputs = self._blocks("inputs", inputs, ID900Input)
        """Inputs 1 to 4, from index 0."""
        delays = [ID900Delay(self, f"delay{n}", f"DELA{n}") for n in range(1, 9)]
        self.delays = self._blocks("delays", delays, ID900Delay)
        """Delay blocks 1 to 8, from index 0."""
        combiners = [ID900Combiner(self, f"combiner{n}", f"TSCO{n}") for n in range(1, 9)]
        self.combiners = self._blocks("combiners", combiners, ID900Combiner)
        """Combiners 1 to 8, from index 0."""
        raws = [ID900Raw(self, f"raw{n}", f"RAW{n}") for n in range(1, 5)]
        self.raws = self._blocks("raws", raws, ID900Raw)
        """RAW blocks 1 to 4, from index 0."""
        outputs = [ID900Output(self, f"output{n}", f"OUTP{n}") for n in range(1, 5)]
        self.outputs = self._blocks("outputs", outputs, ID900Output)
        """Outputs 1 to 4, from index 0."""

    def _blocks(self, name: str, blocks: list[B], kind: type[B]) -> "ChannelTuple[B]":
        channels = ChannelList(self, name, kind)
        for block in blocks:
            channels.append(block)
            self.add_submodule(block.short_name, block)
        return self.add_submodule(name, channels.to_channel_tuple())

    def close(self) -> None:
        """Close streams and connections; settings stay, and a record that runs goes on."""
        try:
            self.close_streams()
        except DriverError as error:
            self.log.warning("closing streams: %s", error)
        finally:
            for connection in (getattr(self, "_service", None), getattr(self, "_control", None)):
                if connection is not None:
                    connection.close()
            super().close()

    def ask_raw(self, cmd: str) -> str:
        """Send a request and return its reply; raises InstrumentError for an error in it."""
        with self.lock:
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

    def identity(self) -> str:
        """Reply to ``*IDN?``."""
        return self.ask("*IDN?").strip()

    def errors(self) -> list[str]:
        """High-resolution errors of the enabled inputs; the device keeps no queue, reading clears nothing."""
        found: list[str] = []
        for block in (self.start, *self.inputs):
            if block.enabled.get() and (code := self.ask(f"{block.prefix}:HIRE:ERRO?").strip()) != "0":
                found.append(f"{code} {block.prefix}: high-resolution error")
        return found

    # the role of a time tagger

    def configure(self, program: TaggerProgram) -> None:
        """Apply a program. Counters are not reset, streams stay open; raises ProgramError before sending."""
        check(self.name, program)
        with self.lock:
            for command in commands(program):
                self.write(command)
            if program.combiner is not None:
                self._combiner = program.combiner.number
            self._tick_input = program.tick_input

    def gate_ps(self) -> tuple[int, int]:
        """Window of the gate combiner, (begin, end) in ps after the reference event, read back."""
        window = f":TSCO{self._combiner}:WIND"
        begin, end = self.ask_all([f"{window}:BEGI:DELA?", f"{window}:END:DELA?"])
        return picoseconds(begin), picoseconds(end)

    def thresholds_V(self) -> dict[str, float]:
        """Threshold of each enabled input, by name."""
        enabled = self.ask_all([f":{name}:ENAB?" for name in INPUTS])
        levels = self.ask_all([f":{name}:THRE?" for name in INPUTS])
        return {name: volts(v) for name, on, v in zip(INPUTS, enabled, levels, strict=True) if on_off(on)}

    def reference_external(self) -> bool:
        """Whether the clock follows the external 10 MHz."""
        return self.reference.get() == "EXT"

    def counts(self) -> dict[str, int]:
        """Counters of all inputs, by name."""
        counts = self.ask_all([f":{name}:COUN?" for name in INPUTS])
        return dict(zip(INPUTS, map(int, counts), strict=True))

    def tick_count(self) -> int:
        """Slot ticks counted so far."""
        return int(self.ask(f"{self._tick_input}:COUN?"))

    def open_streams(self) -> None:
        """Start a stream for each RAW block that sends; streams that run stay."""
        with self.lock:
            for number, raw in enumerate(self.raws, start=1):
                if number not in self._streams and raw.sending.get():
                    port = self._stream_port and self._stream_port + number
                    self._streams[number] = TagStream(
                        self._datalink_service(), self._device_address, number, port
                    )

    def _datalink_service(self) -> DataLinkService:
        if self._service is None:
            requester = ZmqRequester(self.name, self._datalink, DATALINK_PORT, self._timeout_s)
            self._service = DataLinkService(self.name, requester)
        return self._service

    def arm_record(self, duration_ps: int) -> int:
        """Arm one record for the next tick, ``duration_ps`` long; what earlier records left is dropped.

        Returns the tick count, read behind the arming in the same message.
        """
        if duration_ps <= 0:
            raise ValueError(f"{self.name}: a record of {duration_ps} ps")
        with self.lock:
            self.write("REC:STOP")
            for stream in self._streams.values():
                stream.forget()
            return int(self.ask(f":REC:DUR {duration_ps}TB;:REC:PLAY;:{self._tick_input}:COUN?"))

    def record_done(self) -> bool:
        """Whether no record is armed or running."""
        return self.record_stage.get() == "STOPPED"

    def read_record(self, timeout_s: float = 10.0) -> dict[int, Tags]:
        """Tags of the finished record by RAW channel, whole or not at all (RecordIncomplete)."""
        with self.lock:
            if not self.record_done():
                raise DriverError(f"{self.name}: the record is still {self.record_stage.get()}")
            return {number: stream.read(timeout_s) for number, stream in self._streams.items()}

    def close_streams(self) -> None:
        """Stop all streams."""
        with self.lock:
            while self._streams:
                self._streams.popitem()[1].close()

    def safe_state(self) -> None:
        """Stop the record and switch all outputs off; raises DriverError if the read-back disagrees."""
        with self.lock:
            take_all(
                lambda: self.write("REC:STOP"),
                *(partial(output.enabled.set, False) for output in self.outputs),
                self._check_safe,
            )

    def _check_safe(self) -> None:
        if not self.record_done():
            raise DriverError(f"{self.name}: the record is {self.record_stage.get()} after being stopped")
        for output in self.outputs:
            switched(self.name, output.short_name, output.enabled.get(), False)


def _reference(reply: str) -> str:
    return reply.strip().upper()[:3]
