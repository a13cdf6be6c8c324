# SPDX-License-Identifier: Apache-2.0
"""ID Quantique ID900 and ID1000 Time Controllers: control over ZeroMQ, time stamps through DataLink.

Commands from the vendor's manual of the Time Controller series and its example code. The device reports
errors in its replies: words that begin with ``SCPI_ERR_``, or a sentence about a link that cannot be made.
"""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from qcodes import validators as vals
from qcodes.instrument import InstrumentBaseKWArgs

from heraldlink_drivers._datalink import DataLinkService, TagStream, forget, read
from heraldlink_drivers._id900_acquisition import is_idle
from heraldlink_drivers._id900_block import picoseconds, volts
from heraldlink_drivers._id900_device import ID900Device
from heraldlink_drivers._id900_program import INPUTS, agrees, check, commands
from heraldlink_drivers._readings import on_off, switched
from heraldlink_drivers._safety import take_all
from heraldlink_drivers._zmq_request import ZmqRequester
from heraldlink_drivers.errors import DriverError, RecordIncomplete
from heraldlink_drivers.programs import TaggerProgram, Tags

if TYPE_CHECKING:
    from typing_extensions import Unpack

DATALINK_PORT = 6060


class IDQuantiqueID900(ID900Device):
    """ID900: ``IDQuantiqueID900("tagger", "tcp://192.168.1.40", datalink="tcp://192.168.1.2")``.

    ``datalink``: address of the computer that runs the vendor's DataLink service (default: port 6060 of the
    device's own host). ``device_address``: address by which that service knows the device. ``stream_port``:
    the service binds RAW channel n on ``stream_port + n``; 0 lets it choose, if it can. ``timeout``: for one
    reply, s. ``combiner``: block whose window is the gate, until ``configure`` names another.

    Connecting sends ``*IDN?`` and nothing else.
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
        super().__init__(name, address, timeout, **kwargs)
        self._datalink = datalink or f"tcp://{self.host}:{DATALINK_PORT}"
        self._device_address = device_address or self.host
        self._stream_port, self._timeout_s, self._combiner = stream_port, timeout, combiner
        self._service: DataLinkService | None = None
        self._streams: dict[int, TagStream] = {}
        self._opened = self._ended = self._swept = self._lost = False
        self._tick_input = "INPU4"
        self._recorded: tuple[int, ...] = (1, 2, 3, 4)
        self.connect_message()

    def close(self) -> None:
        """Close streams and connections; settings stay, and a record that runs goes on."""
        try:
            if getattr(self, "_streams", None):
                self.close_streams()
        except DriverError as error:
            self.log.warning("closing streams: %s", error)
        finally:
            if (service := getattr(self, "_service", None)) is not None:
                service.close()
            super().close()

    # the role of a time tagger

    def configure(self, program: TaggerProgram) -> None:
        """Apply a program and read it back; counters are not reset, streams stay open.

        Raises ProgramError before sending, DriverError for what reads back otherwise.
        """
        check(self.name, program)
        with self.lock:
            for stream in self._streams.values():
                stream.expect()  # some firmware records as soon as it may
            self._opened = False
            sent = list(commands(program))
            for command in sent:
                self.write(command)
            self._check_applied(sent)
            for number in program.raw:
                self.raws[number - 1].clear_errors()
            self._recorded = tuple(sorted(program.raw)) or (1,)
            if program.combiner is not None:
                self._combiner = program.combiner.number
            self._tick_input = program.tick_input

    def _check_applied(self, sent: list[str]) -> None:
        settings = [command.split(" ", 1) for command in sent]
        found = self.ask_all([f":{header}?" for header, _ in settings])
        for (header, value), reply in zip(settings, found, strict=True):
            if not agrees(value, reply):
                raise DriverError(f"{self.name}: {header} was set to {value} and reads back {reply!r}")

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

    def lost_tags(self) -> int:
        """Errors of the RAW blocks that send, since ``configure``: each is a time stamp that was lost."""
        return sum(map(int, self.ask_all([f":RAW{number}:ERRO?" for number in self._recorded])))

    def open_streams(self) -> None:
        """Start a stream for each RAW block that sends, as configured; streams that run stay.

        The first time, what earlier connections have left running on these channels is stopped.
        """
        with self.lock:
            if self._lost:
                with suppress(DriverError):
                    self.close_streams()
            if self._opened:
                return
            replies = self.ask_all([f":{raw.prefix}:SEND?" for raw in self.raws])
            sending = [number for number, reply in enumerate(replies, start=1) if on_off(reply)]
            service = self._datalink_service()
            if not self._swept:
                if left := service.stop_left(self._device_address, sending):
                    self.log.warning("stopped acquisitions that were left running: %s", ", ".join(left))
                self._swept = True
            for number in sending:
                if number not in self._streams:
                    port = self._stream_port and self._stream_port + number
                    self._streams[number] = TagStream(service, self._device_address, number, port)
            self._opened = True

    def _datalink_service(self) -> DataLinkService:
        if self._service is None:
            requester = ZmqRequester(self.name, self._datalink, DATALINK_PORT, self._timeout_s)
            self._service = DataLinkService(self.name, requester)
        return self._service

    def arm_record(self, duration_ps: int) -> int:
        """Arm one record for the next tick, ``duration_ps`` long; what earlier records left is dropped.

        Returns the tick count, read behind the arming in the same message, and behind the record's stage:
        raises DriverError if it is not armed by then.
        """
        if duration_ps <= 0:
            raise ValueError(f"{self.name}: a record of {duration_ps} ps")
        with self.lock:
            if not all(stream.read_out for stream in self._streams.values()):
                self.write("REC:STOP")
                with self._reading():
                    forget(self._datalink_service(), list(self._streams.values()))
            self._ended = False
            for stream in self._streams.values():
                stream.expect()
            arming = f":REC:STOP;:REC:DUR {duration_ps}TB;:REC:PLAY;:REC:STAG?;:{self._tick_input}:COUN?"
            stage, _, count = self.ask(arming).replace(";", "\n").partition("\n")
            if not count or is_idle(stage.strip()):
                raise DriverError(f"{self.name}: the record did not arm: {stage!r} after {arming!r}")
            return int(count)

    def record_done(self) -> bool:
        """Whether no record is armed or running."""
        self._ended = self.record.done()
        return self._ended

    def read_record(self, timeout_s: float = 10.0) -> dict[int, Tags]:
        """Tags of the finished record by RAW channel, whole or not at all (RecordIncomplete)."""
        with self.lock:
            if not (self._ended or self.record_done()):
                raise DriverError(f"{self.name}: the record is still {self.record.stage.get_latest()}")
            with self._reading():
                return read(self._datalink_service(), self._streams, timeout_s) if self._streams else {}

    @contextmanager
    def _reading(self) -> Generator[None, None, None]:
        """Streams of which the service knows nothing any more are opened anew the next time."""
        try:
            yield
        except DriverError as error:
            self._lost = self._lost or not isinstance(error, RecordIncomplete)
            raise

    def start_saving(self, channel: int, filename: str, form: str = "bin") -> str:
        """Let the DataLink service write the tags of a RAW channel to a file of its own computer.

        ``form``: "bin" (uint64 pairs of time and reference index) or "ascii". Returns the service's id.
        """
        vals.Enum("bin", "ascii").validate(form)
        with self.lock:
            return self._datalink_service().save(self._device_address, channel, filename, form)

    def stop_saving(self, identity: str) -> int:
        """End a file; return how many tags it got. Raises RecordIncomplete if some were lost."""
        with self.lock:
            return self._datalink_service().stop(identity)

    def close_streams(self) -> None:
        """Stop all streams."""
        with self.lock:
            streams, self._streams, self._opened, self._lost = self._streams, {}, False, False
            take_all(*(stream.close for stream in streams.values()))

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
            stage = self.record.stage.get_latest()
            raise DriverError(f"{self.name}: the record is {stage} after being stopped")
        for output in self.outputs:
            switched(self.name, output.short_name, output.enabled.get(), False)


class IDQuantiqueID1000(IDQuantiqueID900):
    """ID1000: the ID900's commands; what it does better (bins of 1 ps in HIRES) it says by itself."""
