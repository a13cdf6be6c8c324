# SPDX-License-Identifier: Apache-2.0
"""Framing of the Single Quantum WebSQ protocol: JSON objects undelimited in, 0x17 behind each one out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from heraldlink_sim.errors import TransportError

END = b"\x17"
MAX_MESSAGE_BYTES = 1 << 16

_OUTSIDE = re.compile(rb'["{}]')
_INSIDE = re.compile(rb'["\\]')


class JsonSession:
    """Cuts one connection's bytes into JSON objects, however they are split over segments.

    Each byte is looked at once: where the scan is, how deep in braces and whether in a string is kept.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._forget()

    def _forget(self) -> None:
        self._position, self._depth, self._in_string = 0, 0, False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield each complete object. Raises TransportError for bytes that are none; they are dropped."""
        self._buffer += data
        while self._buffer.strip():
            end = self._object_end()
            if end is None:
                if len(self._buffer) > MAX_MESSAGE_BYTES or not self._buffer.lstrip().startswith(b"{"):
                    self._buffer = b""
                    self._forget()
                    raise TransportError("message is not a JSON object")
                return
            text, self._buffer = self._buffer[:end], self._buffer[end:]
            self._forget()
            yield text

    def _object_end(self) -> int | None:
        """Index behind the first object's closing brace; None if it is not there yet."""
        while match := (_INSIDE if self._in_string else _OUTSIDE).search(self._buffer, self._position):
            if match[0] == b"\\":
                if match.end() == len(self._buffer):
                    self._position = match.start()  # what is escaped is still to come
                    return None
                self._position = match.end() + 1
                continue
            self._position = match.end()
            if match[0] == b'"':
                self._in_string = not self._in_string
                continue
            self._depth += 1 if match[0] == b"{" else -1
            if self._depth <= 0:
                return self._position
        self._position = len(self._buffer)
        return None


def decode(text: bytes) -> dict[str, object]:
    """Decode one object. Raises TransportError for bytes that are none."""
    try:
        message: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TransportError(f"message is not JSON: {error}") from error
    if not isinstance(message, dict):
        raise TransportError("message is not a JSON object")
    return {str(key): value for key, value in message.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]


def encode(label: str, value: object) -> bytes:
    """Encode one message to a client."""
    return json.dumps({"label": label, "value": value}).encode() + END
