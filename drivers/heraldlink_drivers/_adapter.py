# SPDX-License-Identifier: Apache-2.0
"""What a role around somebody else's VISA driver needs: one lock, our errors, reconnection, and short ways.

The driver's class stays as it is; of its instance, queries are asked on our line of the same connection.
"""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from logging import DEBUG
from threading import RLock
from typing import TYPE_CHECKING

from pyvisa import VisaIOError
from pyvisa.constants import StatusCode
from pyvisa.errors import Error as VisaError

from heraldlink_drivers._ahead import ReadAhead, joined, parted
from heraldlink_drivers._visa_connection import Reconnection, hung_up, mend_socket, raw_socket
from heraldlink_drivers._visa_line import line_of
from heraldlink_drivers.errors import ConnectionLost, DriverError, Timeout

if TYPE_CHECKING:
    from qcodes.instrument import VisaInstrument


class DriverAdapter:
    """Exchanges with an open driver; hold ``lock`` around those that belong together."""

    def __init__(self, instrument: "VisaInstrument") -> None:
        self.lock = RLock()
        self._instrument = instrument
        self._stale = False
        self._address = instrument.address
        self._reconnect = Reconnection(instrument.visa_handle)
        mend_socket(instrument.visa_handle)
        self._line = line_of(instrument.visa_handle)
        self._ahead = ReadAhead(self._ask_together)
        self._ask_by_pyvisa = instrument.ask_raw
        instrument.ask_raw = self._ask_raw  # type: ignore[method-assign]

    @property
    def name(self) -> str:
        """The driver's name."""
        return self._instrument.name

    def identity(self) -> str:
        """Reply to ``*IDN?``."""
        return self.ask("*IDN?")

    def ask(self, query: str) -> str:
        """Reply to a query, without blanks around it."""
        with self.exchange():
            return self._instrument.ask(query).strip()

    def _ask_raw(self, cmd: str) -> str:
        """What the driver's queries go through."""
        if (known := self._ahead.take(cmd)) is not None:
            return known
        handle, log = self._instrument.visa_handle, self._instrument.visa_log
        if self._line is None or not (end := handle.read_termination):
            return self._ask_by_pyvisa(cmd)
        message = (cmd + (handle.write_termination or "")).encode(handle.encoding)
        reply = self._line.exchange((message,), end.encode()).decode(handle.encoding)
        if log.isEnabledFor(DEBUG):
            log.debug("Queried: %s, response: %s", cmd, reply)
        return reply

    @contextmanager
    def reading_together(self, what: str) -> Generator[None, None, None]:
        """Queries inside leave in one message, joined by semicolons, once it is known which they are."""
        with self.lock, self._ahead.stretch(what):
            yield

    def _ask_together(self, queries: Sequence[str]) -> list[str]:
        """Replies to several queries in one exchange; a query may itself be several."""
        reply = self.ask(joined(queries))
        try:
            return parted(self.name, queries, reply)
        except DriverError:
            self._stale = True  # the others may be under way, each in a line of its own
            raise

    @contextmanager
    def exchange(self) -> Generator[None, None, None]:
        """Hold the lock; after an exchange that failed the next one starts on a new connection."""
        with self.lock:
            try:
                if self._stale:
                    self._reconnect()
                    self._line = line_of(self._instrument.visa_handle)
                self._stale = True
                yield
                self._stale = False
            except (VisaError, OSError, RuntimeError) as error:
                raise self._failure(error) from error

    def _failure(self, error: Exception) -> DriverError:
        silent = isinstance(error, VisaIOError) and error.error_code == StatusCode.error_timeout
        connection = raw_socket(self._instrument.visa_handle)
        gone = connection is not None and hung_up(connection)
        kind = Timeout if silent and not gone else ConnectionLost
        return kind(f"{self.name}: no reply at {self._address} ({error.args[0]})")
