# SPDX-License-Identifier: Apache-2.0
"""Client side of Single Quantum's WebSQ protocol: JSON objects, the server's ended by byte 0x17.

Messages of the server are ``{"label": L, "value": V}``. The answer to ``labelProps`` is one message per label
whose value is an object with ``value``; broadcasts carry plain values; a label with ``Error`` in it reports
an error. All of them come in order on one connection, so that a property asked for after a command is the
one that the command left.
"""

import json
import socket
import time
from collections import deque
from collections.abc import Sequence
from typing import cast

from heraldlink_drivers.errors import ConnectionLost, InstrumentError, Timeout

END = b"\x17"
_CHUNK = 1 << 16
_MAX_BUFFER = 1 << 22


class WebSQSession:
    """One connection; not locked: its owner holds a lock."""

    def __init__(self, instrument: str, connection: socket.socket, timeout_s: float) -> None:
        self._instrument = instrument
        self._connection = connection
        self._buffer = b""
        self.timeout_s = timeout_s
        self.errors: deque[str] = deque(maxlen=64)
        """Errors that arrived unasked, or while something else was read."""

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def command(self, command: str, label: str, value: object) -> None:
        """Send a command; what it does is seen in the property of ``label``."""
        self._drain()
        self._send({"command": command, "label": label, "value": value})

    def property(self, label: str, command: str = "") -> object:
        """Ask for all properties and return the value of one, as `properties` does."""
        return self.properties((label,), command)[label]

    def properties(self, labels: Sequence[str], command: str = "") -> dict[str, object]:
        """Ask for all properties and return the values of some.

        Raises InstrumentError for an error that arrives before them, naming ``command``; the answer is
        awaited nevertheless, lest it be taken for the next one's.
        """
        if not command:
            self._drain()
        self._send({"request": "labelProps", "value": "None"})
        deadline = time.monotonic() + self.timeout_s
        wrong, values = "", dict[str, object]()
        while missing := [label for label in labels if label not in values]:
            found, value = self._receive(deadline, missing[0])
            if _is_error(found):
                wrong = wrong or f"{found}: {value}"
            elif found in missing and isinstance(value, dict):
                values[found] = cast("dict[str, object]", value).get("value")
        if wrong:
            raise InstrumentError(self._instrument, command or "labelProps", 0, wrong)
        return values

    def take_errors(self) -> list[str]:
        """Errors that arrived so far; they are forgotten."""
        self._drain()
        errors = list(self.errors)
        self.errors.clear()
        return errors

    def _send(self, message: dict[str, object]) -> None:
        try:
            self._connection.settimeout(self.timeout_s)
            self._connection.sendall(json.dumps(message).encode())
        except OSError as error:
            raise self._lost(str(error)) from error

    def _drain(self) -> None:
        """Take what has arrived without waiting; keep its errors."""
        while (message := self._next_message(0.0)) is not None:
            if _is_error(message[0]):
                self.errors.append(f"{message[0]}: {message[1]}")

    def _receive(self, deadline: float, label: str) -> tuple[str, object]:
        message = self._next_message(max(0.0, deadline - time.monotonic()))
        if message is None:
            raise Timeout(f"{self._instrument}: no property {label} within {self.timeout_s} s")
        return message

    def _next_message(self, timeout_s: float) -> tuple[str, object] | None:
        deadline = time.monotonic() + timeout_s
        while END not in self._buffer:
            if not self._fill(max(0.0, deadline - time.monotonic())):
                return None
        text, _, self._buffer = self._buffer.partition(END)
        return self._parse(text)

    def _fill(self, timeout_s: float) -> bool:
        """Read once; False if nothing came in time."""
        try:
            self._connection.settimeout(timeout_s)
            data = self._connection.recv(_CHUNK)
        except (TimeoutError, BlockingIOError):
            return False
        except OSError as error:
            raise self._lost(str(error)) from error
        if not data or len(self._buffer) > _MAX_BUFFER:
            raise self._lost("closed by the instrument" if not data else "no end of message")
        self._buffer += data
        return True

    def _parse(self, text: bytes) -> tuple[str, object]:
        """Label and value of a message; one that is none means that the connection is out of step."""
        try:
            message: object = json.loads(text)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            raise self._lost(f"unreadable message {text[:80]!r}")
        fields = cast("dict[str, object]", message)
        return str(fields.get("label", "")), fields.get("value")

    def _lost(self, why: str) -> ConnectionLost:
        return ConnectionLost(f"{self._instrument}: connection lost ({why})")


def _is_error(label: str) -> bool:
    return "Error" in label
