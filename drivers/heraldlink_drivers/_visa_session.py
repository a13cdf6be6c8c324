# SPDX-License-Identifier: Apache-2.0
"""What every VISA driver here needs of its session: one lock, no Nagle stall, errors raised, no late replies.

pyvisa-py opens a refused port without complaint, leaves Nagle's algorithm on (44 ms for a write followed by
a query), and spins until the timeout when the instrument hangs up. A reply that comes after its timeout
would answer the next question. All four are mended here, for raw sockets and HiSLIP. After a connection
was lost, which its exchange reports, the next exchange begins on a new one.

On a raw socket a setting and the question for its error leave in one segment, as two messages: the instrument
sees what it would see anyway, and one wait is enough.
"""

import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from logging import DEBUG
from threading import RLock
from typing import TYPE_CHECKING, ClassVar

from pyvisa import VisaIOError
from pyvisa.constants import StatusCode
from pyvisa.errors import Error as VisaError
from qcodes.instrument import VisaInstrument

from heraldlink_drivers._ahead import ReadAhead, joined, parted
from heraldlink_drivers._visa_connection import LONGEST_PROBE_s, Reconnection, mend_socket, probe
from heraldlink_drivers._visa_line import BLOCK_CHUNK, HislipLine, Line, block_content, line_of
from heraldlink_drivers.errors import ConnectionLost, DriverError, InstrumentError, Timeout

if TYPE_CHECKING:
    from pyvisa.resources import MessageBasedResource
    from qcodes.instrument import VisaInstrumentKWArgs
    from typing_extensions import Unpack

ErrorEntry = tuple[int, str]

_OWN_CONNECTION = re.compile(r"TCPIP\d*::.*(hislip|SOCKET$)", re.IGNORECASE)
_HISLIP = re.compile(r"TCPIP\d*::.*hislip", re.IGNORECASE)
_MAX_ERRORS = 64
_LAST_WORDS_ms = 400


class VisaSession(VisaInstrument):
    """A VISA instrument with one lock around every exchange and its error queue read after every setting.

    Hold ``lock`` around exchanges that belong together. ``error_query`` is SCPI's; override ``parse_error``
    where the entries look otherwise, or ``read_error`` where the instrument has another way.

    Connecting sends no device clear over TCP (a new session is clear; it would abort what another client
    began, and pyvisa-py waits 0.1 s), and ``connect_message``, behind everything else, empties the error
    queue: errors that others left there are logged, and never blamed on a later command.
    """

    default_terminator = "\n"
    default_timeout = 4.0
    answers_as: ClassVar[str] = ""
    """How its models answer ``*IDN?``, as a pattern in small letters; "" where that is not told."""
    error_query = "SYST:ERR?"
    root: ClassVar[str] = ":"
    """What a query begins with that follows another one in a message (IEEE 488.2, SCPI-1999 6.2.4)."""
    hangs_up_when_idle: ClassVar[bool] = False
    """Whether the instrument is known to close silent connections: an exchange then begins on a new one,
    if nothing of it was sent. Otherwise it raises ConnectionLost, because the settings may be gone too."""

    def __init__(self, name: str, address: str, **kwargs: "Unpack[VisaInstrumentKWArgs]") -> None:
        self.lock = RLock()
        self._stale = False
        self._explaining = False
        self._batching = False
        self._line: Line | None = None
        self._ahead = ReadAhead(self._ask_together)
        self._scpi_errors = type(self).read_error is VisaSession.read_error
        timeout_s = kwargs.get("timeout", self.default_timeout)
        self._first_timeout_s = timeout_s if isinstance(timeout_s, float | int) else LONGEST_PROBE_s
        if _OWN_CONNECTION.match(address):
            kwargs.setdefault("device_clear", False)
        super().__init__(name, address, **kwargs)

    def set_terminator(self, terminator: str | None) -> None:
        """End of commands and replies; over HiSLIP a reply ends with a line feed (IEEE 488.2, 8.5)."""
        super().set_terminator(terminator)
        if terminator is not None and _HISLIP.match(self.visa_handle.resource_name):
            self.visa_handle.read_termination = "\n"

    def connect_message(self, idn_param: str = "IDN", begin_time: float | None = None) -> None:
        """Empty the error queue, then print who answers."""
        if entries := self._drain_errors():
            self.visa_log.warning(
                f"errors from before: {'; '.join(f'{code} {text}' for code, text in entries)}"
            )
        super().connect_message(idn_param, begin_time)

    def identity(self) -> str:
        """Reply to ``*IDN?``: maker, model, serial number, firmware."""
        return self.ask("*IDN?").strip()

    def errors(self) -> list[str]:
        """Empty the instrument's error queue; oldest first."""
        return [f"{code} {text}" for code, text in self._drain_errors()]

    def write(self, cmd: str) -> None:
        """Send a command and raise InstrumentError if the instrument then reports an error."""
        with self.lock:
            if self._batching:
                super().write(cmd)
            elif self._line is not None and self._scpi_errors and (end := self.visa_handle.read_termination):
                messages = (self._encoded(cmd), self._encoded(self.error_query))
                self._raise_entry(cmd, self.parse_error(self._exchange(cmd, messages, end)))
            else:
                super().write(cmd)
                self.raise_errors(cmd)

    @contextmanager
    def batch(self, what: str) -> Generator[None, None, None]:
        """Hold the lock, and read the error queue once behind all settings inside; errors name ``what``."""
        with self.lock:
            outer, self._batching = self._batching, True
            try:
                yield
            finally:
                self._batching = outer
            if not outer:
                self.raise_errors(what)

    def raise_errors(self, command: str) -> None:
        """Raise InstrumentError, naming ``command``, if the error queue is not empty."""
        self._raise_entry(command, self.read_error())

    def read_error(self) -> ErrorEntry:
        """Take the oldest entry from the error queue: (code, text), code 0 when it is empty."""
        return self.parse_error(super().ask(self.error_query))

    def parse_error(self, reply: str) -> ErrorEntry:
        """Code and text of a reply to ``error_query``; raises DriverError if it is no error entry."""
        code, _, text = reply.partition(",")
        try:
            return int(code), text.strip().strip('"')
        except ValueError:
            raise DriverError(f"{self.name}: no error entry in {reply!r}") from None

    def write_raw(self, cmd: str) -> None:
        """Send a command."""
        with self.lock, self.guarded(cmd):
            if self._line is None:
                super().write_raw(cmd)
            else:
                self.visa_log.debug("Writing: %s", cmd)
                self._line.send(self._encoded(cmd))

    def ask_raw(self, cmd: str) -> str:
        """Send a query and return its reply without terminator."""
        with self.lock:
            if (known := self._ahead.take(cmd)) is not None:
                return known
            if self._line is not None and (end := self.visa_handle.read_termination):
                return self._exchange(cmd, (self._encoded(cmd),), end)
            with self.guarded(cmd):
                super().write_raw(cmd)
                return self.visa_handle.read()

    @contextmanager
    def reading_together(self, what: str) -> Generator[None, None, None]:
        """Queries inside leave in one message, joined by semicolons, once it is known which they are."""
        with self.lock, self._ahead.stretch(what):
            yield

    def _ask_together(self, queries: Sequence[str]) -> list[str]:
        """Replies to several queries in one exchange; a query may itself be several."""
        reply = self.ask(joined(queries, self.root))
        try:
            return parted(self.name, queries, reply)
        except DriverError:
            self._stale = True  # the others may be under way, each in a line of its own
            raise

    def write_block(self, command: str, data: bytes | memoryview) -> None:
        """Send ``command`` and ``data`` as a definite block, ended as any message; asks for no error."""
        length = str(len(data)).encode()
        end = (self.visa_handle.write_termination or "").encode()
        message = b"".join((command.encode(), b"#%d" % len(length), length, data, end))
        with self.lock, self.guarded(command):
            if self._line is None:
                self.visa_handle.write_raw(message)
            else:
                self._line.send(message)

    def ask_block(self, query: str) -> bytes:
        """Bytes of the definite block that answers a query; they may contain the terminator."""
        end = (self.visa_handle.read_termination or "").encode()
        try:
            with self.lock, self.guarded(query):
                if self._line is not None:
                    return self._line.block(self._encoded(query), end)
                self.visa_handle.write(query)
                return block_content(self.visa_handle.read_raw(BLOCK_CHUNK))
        except ValueError:
            raise DriverError(f"{self.name}: no whole block in the reply to {query[:80]!r}") from None

    def _encoded(self, cmd: str) -> bytes:
        handle = self.visa_handle
        return (cmd + (handle.write_termination or "")).encode(handle.encoding)

    def _exchange(self, cmd: str, messages: tuple[bytes, ...], end: str) -> str:
        """Send messages and return the reply to the last. The quick way through :meth:`guarded`."""
        if self._stale or self.hangs_up_when_idle:
            self._begin()
        if self.visa_log.isEnabledFor(DEBUG):
            self.visa_log.debug("Sending: %s", messages)
        try:
            reply = self._open_line().exchange(messages, end.encode()).decode()
        except BaseException as error:
            raise self._failure(cmd, error) from error
        if self.visa_log.isEnabledFor(DEBUG):
            self.visa_log.debug("Response: %s", reply)
        return reply

    def _open_line(self) -> Line:
        if self._line is None:
            raise OSError("not connected")
        return self._line

    def _raise_entry(self, command: str, first: ErrorEntry) -> None:
        if first[0]:
            texts = [text for _, text in [first, *self._drain_errors()]]
            raise InstrumentError(self.name, command, first[0], "; ".join(texts))

    def _drain_errors(self) -> list[ErrorEntry]:
        entries: list[ErrorEntry] = []
        with self.lock:
            while len(entries) < _MAX_ERRORS and (entry := self.read_error())[0]:
                entries.append(entry)
        return entries

    @contextmanager
    def guarded(self, command: str) -> Generator[None, None, None]:
        """Raise Timeout or ConnectionLost for what goes wrong on the wire, and leave no late reply behind."""
        self._begin()
        try:
            yield
        except (VisaError, OSError, RuntimeError, KeyboardInterrupt, SystemExit) as error:
            raise self._failure(command, error) from error

    def _begin(self) -> None:
        """Connect anew if a late reply may be under way, or if the instrument has closed for idleness."""
        if self._stale or (self.hangs_up_when_idle and self._hung_up()):
            self._resynchronise()

    def _failure(self, command: str, error: BaseException) -> BaseException:
        """What to raise for an exchange that failed; the next one begins on a new connection."""
        self._stale = True  # half a message may be sent, or its reply under way
        if isinstance(error, VisaIOError) and error.error_code == StatusCode.error_timeout:
            if self._hung_up():
                return self._lost(str(error))
            if entries := self._reasons():
                return InstrumentError(self.name, command, *entries[0])
            return Timeout(f"{self.name}: no reply to {command[:80]!r}")
        if isinstance(error, (VisaError, OSError, RuntimeError)):
            return self._lost(str(error))
        return error

    def _reasons(self) -> list[ErrorEntry]:
        """Error entries that explain a missing reply; none from an instrument that stays silent."""
        if self._explaining:
            return []
        self._explaining = True
        try:
            with self._reconnect.patience(_LAST_WORDS_ms):
                return self._last_words()
        except (DriverError, VisaError, OSError, RuntimeError):
            return []
        finally:
            self._explaining = False

    def _last_words(self) -> list[ErrorEntry]:
        if isinstance(self._line, HislipLine):
            self.visa_handle.read_stb()  # HiSLIP: a frozen instrument would hold up the new connection
        self._resynchronise()
        return self._drain_errors()

    def _lost(self, why: str) -> ConnectionLost:
        self._stale = True
        return ConnectionLost(f"{self.name}: connection to {self._legacy_address} lost ({why})")

    def _resynchronise(self) -> None:
        """Drop whatever may still arrive: a new connection with pyvisa-py, device clear elsewhere.

        pyvisa-py has no device clear on sockets, and on HiSLIP it stumbles over a reply under way.
        """
        try:
            if self.visabackend == "py":
                self._reconnect()
                self._line = line_of(self.visa_handle)
            else:
                self.visa_handle.clear()
        except (VisaError, OSError, RuntimeError) as error:
            raise self._lost(str(error)) from error
        self._stale = False

    def _open_resource(self, address: str, visalib: str | None) -> "MessageBasedResource":
        if "hislip" in address.lower():
            probe(address, self._first_timeout_s)
        resource = super()._open_resource(address, visalib)
        mend_socket(resource)
        self._line = line_of(resource)
        self._reconnect = Reconnection(resource)  # some drivers ask for the model while they are constructed
        return resource

    def _connect_and_handle_error(self, address: str, visalib: str | None) -> "MessageBasedResource":
        try:
            return self._open_resource(address, visalib)
        except Exception as error:
            self.close()
            raise ConnectionLost(f"{self.name}: nothing answers at {address} ({error})") from error

    def _hung_up(self) -> bool:
        try:
            return self._line is not None and self._line.hung_up()
        except OSError:
            return True
