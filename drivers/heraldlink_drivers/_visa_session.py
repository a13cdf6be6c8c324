# SPDX-License-Identifier: Apache-2.0
"""What every VISA driver here needs of its session: one lock, no Nagle stall, errors raised, no late replies.

pyvisa-py opens a refused port without complaint, leaves Nagle's algorithm on (44 ms for a write followed by
a query), and spins until the timeout when the instrument hangs up. A reply that comes after its timeout
would answer the next question. All four are mended here, for raw sockets and HiSLIP. After a connection
was lost, which its exchange reports, the next exchange begins on a new one.
"""

import select
import socket
from collections.abc import Generator
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING

from pyvisa import VisaIOError
from pyvisa.constants import StatusCode
from pyvisa.errors import Error as VisaError
from qcodes.instrument import VisaInstrument

from heraldlink_drivers._visa_connection import Reconnection, hung_up, mend_socket, raw_socket
from heraldlink_drivers.errors import ConnectionLost, DriverError, InstrumentError, Timeout

if TYPE_CHECKING:
    from pyvisa.resources import MessageBasedResource
    from qcodes.instrument import VisaInstrumentKWArgs
    from typing_extensions import Unpack

ErrorEntry = tuple[int, str]

_MAX_ERRORS = 64
_LAST_WORDS_ms = 400


class VisaSession(VisaInstrument):
    """A VISA instrument with one lock around every exchange and its error queue read after every setting.

    Hold ``lock`` around exchanges that belong together. ``error_query`` is SCPI's; override ``read_error``
    where the instrument has another way.
    """

    default_terminator = "\n"
    default_timeout = 4.0
    error_query = "SYST:ERR?"

    def __init__(self, name: str, address: str, **kwargs: "Unpack[VisaInstrumentKWArgs]") -> None:
        self.lock = RLock()
        self._stale = False
        self._explaining = False
        self._batching = False
        if address.upper().endswith("::SOCKET"):
            kwargs.setdefault("device_clear", False)  # on a socket: a local drain that waits 0.1 s
        super().__init__(name, address, **kwargs)
        self._reconnect = Reconnection(self.visa_handle)

    def identity(self) -> str:
        """Reply to ``*IDN?``: maker, model, serial number, firmware."""
        return self.ask("*IDN?").strip()

    def errors(self) -> list[str]:
        """Empty the instrument's error queue; oldest first."""
        return [f"{code} {text}" for code, text in self._drain_errors()]

    def write(self, cmd: str) -> None:
        """Send a command and raise InstrumentError if the instrument then reports an error."""
        with self.lock:
            super().write(cmd)
            if not self._batching:
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
        if entries := self._drain_errors():
            text = "; ".join(text for _, text in entries)
            raise InstrumentError(self.name, command, entries[0][0], text)

    def read_error(self) -> ErrorEntry:
        """Take the oldest entry from the error queue: (code, text), code 0 when it is empty."""
        reply = super().ask(self.error_query)
        code, _, text = reply.partition(",")
        try:
            return int(code), text.strip().strip('"')
        except ValueError:
            raise DriverError(f"{self.name}: no error entry in {reply!r}") from None

    def write_raw(self, cmd: str) -> None:
        """Send a command."""
        with self.lock, self.guarded(cmd):
            super().write_raw(cmd)

    def ask_raw(self, cmd: str) -> str:
        """Send a query and return its reply without terminator."""
        with self.lock, self.guarded(cmd):
            super().write_raw(cmd)
            self._await_reply()
            return self.visa_handle.read()

    def _drain_errors(self) -> list[ErrorEntry]:
        entries: list[ErrorEntry] = []
        with self.lock:
            while len(entries) < _MAX_ERRORS and (entry := self.read_error())[0]:
                entries.append(entry)
        return entries

    @contextmanager
    def guarded(self, command: str) -> Generator[None, None, None]:
        """Raise Timeout or ConnectionLost for what goes wrong on the wire, and leave no late reply behind."""
        if self._stale:
            self._resynchronise()
        try:
            yield
        except VisaIOError as error:
            if error.error_code != StatusCode.error_timeout or self._hung_up():
                raise self._lost(str(error)) from error
            self._stale = True
            if entries := self._reasons():
                raise InstrumentError(self.name, command, *entries[0]) from error
            raise Timeout(f"{self.name}: no reply to {command[:80]!r}") from error
        except (VisaError, OSError, RuntimeError) as error:
            raise self._lost(str(error)) from error

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
        if self._socket() is None:
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
            else:
                self.visa_handle.clear()
        except (VisaError, OSError, RuntimeError) as error:
            raise self._lost(str(error)) from error
        self._stale = False

    def _open_resource(self, address: str, visalib: str | None) -> "MessageBasedResource":
        resource = super()._open_resource(address, visalib)
        mend_socket(resource)
        return resource

    def _connect_and_handle_error(self, address: str, visalib: str | None) -> "MessageBasedResource":
        try:
            return self._open_resource(address, visalib)
        except Exception as error:
            self.close()
            raise ConnectionLost(f"{self.name}: nothing answers at {address} ({error})") from error

    def _socket(self) -> socket.socket | None:
        return raw_socket(self.visa_handle)

    def _hung_up(self) -> bool:
        connection = self._socket()
        return connection is not None and hung_up(connection)

    def _await_reply(self) -> None:
        """Wait for the first byte of a reply on a raw socket, so that a hang-up is noticed at once."""
        connection, timeout_s = self._socket(), self.timeout.get()
        if connection is None:
            return
        if not select.select([connection], [], [], timeout_s)[0]:
            raise VisaIOError(StatusCode.error_timeout)
        if hung_up(connection):
            raise ConnectionResetError("the instrument closed the connection")
