# SPDX-License-Identifier: Apache-2.0
"""One DLC pro connection through the vendor's library, with our errors and never out of step."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Protocol, cast

from toptica.lasersdk.asyncio.connection import ConnectionClosedError, NetworkConnection, UnavailableError
from toptica.lasersdk.client import Client, DeviceNotFoundError, DeviceTimeoutError, Subscription
from toptica.lasersdk.decop import DecopError, DecopValueError, SubscriptionValue

from heraldlink_drivers.errors import ConnectionLost, InstrumentError, Timeout

Value = bool | int | float | str
_NUMBER = re.compile(r"-\d+")
_GONE = (ConnectionClosedError, UnavailableError, DeviceNotFoundError, OSError)


class _Library(Protocol):
    """What we use of the vendor's client, with types."""

    def open(self) -> None: ...
    def close(self) -> None: ...
    def run(self) -> None: ...
    def stop(self) -> None: ...
    def get(self, name: str, kind: type[Value]) -> Value: ...
    def set(self, name: str, value: Value) -> int: ...
    def exec(self, name: str, *, output_type: type[str]) -> str: ...
    def subscribe(
        self,
        name: str,
        callback: Callable[[Subscription, datetime, SubscriptionValue], None],
        kind: type[Value],
        interval_ms: int,
    ) -> Subscription: ...


class _Told(Protocol):
    def get(self) -> Value: ...


class DecopSession:
    """Reads and writes parameters; not locked: its owner holds a lock.

    A late answer must not be taken for the next one: after a timeout, or an answer of another type, the
    connection is given up and the next exchange makes a new one.
    """

    def __init__(self, instrument: str, host: str, port: int, timeout_s: float) -> None:
        self._instrument, self._at, self._timeout_s = instrument, (host, port), timeout_s
        self._client: _Library | None = None
        with self._exchange("connect"):
            pass

    def get(self, name: str, kind: type[Value]) -> Value:
        """Value of a parameter. Raises InstrumentError, Timeout or ConnectionLost."""
        with self._exchange(f"param-ref '{name}") as client:
            return client.get(name, kind)

    def set(self, name: str, value: Value) -> None:
        """Write a parameter. Raises InstrumentError if it is refused, Timeout or ConnectionLost."""
        with self._exchange(f"param-set! '{name} {value}") as client:
            client.set(name, value)

    def text_of(self, command: str) -> str:
        """What a command prints. Raises InstrumentError, Timeout or ConnectionLost."""
        with self._exchange(f"exec '{command}") as client:
            return client.exec(command, output_type=str)

    def close(self) -> None:
        """Close the connection."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(DecopError, OSError):
                client.close()

    @contextmanager
    def _exchange(self, what: str) -> Generator[_Library, None, None]:
        try:
            if self._client is None:
                self._client = self._opened()
            yield self._client
        except DeviceTimeoutError as error:
            self.close()
            raise Timeout(f"{self._instrument}: no answer to {what} within {self._timeout_s} s") from error
        except (*_GONE, DecopValueError) as error:
            self.close()
            where = f"tcp://{self._at[0]}:{self._at[1]}"
            raise ConnectionLost(f"{self._instrument}: connection to {where} lost ({error!r})") from error
        except DecopError as error:
            raise InstrumentError(self._instrument, what, code_of(str(error)), str(error)) from error

    def _opened(self) -> _Library:
        client = cast(_Library, Client(_InStep(*self._at, 0, self._timeout_s)))
        client.open()
        return client


class _InStep(NetworkConnection):
    """A command line on which an answer that nobody asked for is noticed before the next question."""

    async def write_command_line(self, message: str) -> None:
        """Send a line, or give the connection up if something is left of the answer before."""
        left: bytes = getattr(self._command_line_reader, "_buffer", b"")
        if left:
            await self.close()
            raise ConnectionClosedError(f"unexpected {left[:40]!r}")
        await super().write_command_line(message)


def code_of(text: str) -> int:
    """Number of an error, 0 if there is none in its text."""
    found = _NUMBER.search(text)
    return int(found[0]) if found else 0


class DecopWatch:
    """Calls back when a parameter changes, from a thread of its own, until it is closed."""

    def __init__(self, instrument: str, host: str, ports: tuple[int, int], timeout_s: float) -> None:
        self._client = cast(_Library, Client(NetworkConnection(host, *ports, timeout_s)))
        try:
            self._client.open()
        except (DecopError, OSError) as error:
            raise ConnectionLost(
                f"{instrument}: nothing to monitor at {host}:{ports[1]} ({error!r})"
            ) from error
        self._thread = threading.Thread(target=self._client.run, name=f"{instrument}-monitor", daemon=True)
        self._thread.start()

    def add(
        self, name: str, kind: type[Value], callback: Callable[[datetime, Value], None], interval_s: float
    ) -> None:
        """Watch a parameter; ``callback(time, value)`` gets each change, at most one per interval."""

        def told(_: Subscription, time: datetime, value: SubscriptionValue) -> None:
            with suppress(DecopError):
                callback(time, cast(_Told, value).get())

        self._client.subscribe(name, told, kind, round(interval_s * 1e3))

    def close(self) -> None:
        """Stop watching."""
        self._client.stop()
        self._thread.join(2.0)
        with suppress(DecopError, OSError):
            self._client.close()
