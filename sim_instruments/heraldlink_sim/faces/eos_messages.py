# SPDX-License-Identifier: Apache-2.0
"""Framing of the Single Quantum WebSQ protocol: JSON objects undelimited in, 0x17 behind each one out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from heraldlink_sim.errors import TransportError

END = b"\x17"
MAX_MESSAGE_BYTES = 1 << 16

_STRUCTURE = re.compile(rb'["{}]')
_STRING_END = re.compile(rb'(?:[^"\\]|\\.)*"', re.DOTALL)


class JsonSession:
    """Cuts one connection's bytes into JSON objects, however they are split over segments."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield each complete object. Raises TransportError for bytes that are none; they are dropped."""
        self._buffer += data
        while self._buffer.strip():
            end = _object_end(self._buffer)
            if end is None:
                if len(self._buffer) > MAX_MESSAGE_BYTES or not self._buffer.lstrip().startswith(b"{"):
                    self._buffer = b""
                    raise TransportError("message is not a JSON object")
                return
            text, self._buffer = self._buffer[:end], self._buffer[end:]
            yield text


def _object_end(data: bytes) -> int | None:
    """Index behind the first object's closing brace; None if it is not there yet."""
    depth, position = 0, 0
    while match := _STRUCTURE.search(data, position):
        position = match.end()
        if match.group() == b'"':
            string = _STRING_END.match(data, position)
            if string is None:
                return None
            position = string.end()
            continue
        depth += 1 if match.group() == b"{" else -1
        if depth <= 0:
            return position
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
