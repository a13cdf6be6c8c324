# SPDX-License-Identifier: Apache-2.0
"""Bytes of one direction of a connection -> messages, for each protocol that runs over TCP.

They only read along: whatever they make of the bytes, these have already been passed on.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Protocol

from heraldlink_sim.recording.text import block_end
from heraldlink_sim.recording.transcript import Direction, Service

_LARGEST = 1 << 29
_HISLIP = struct.Struct("!2sBBIQ")
_HISLIP_DATA, _HISLIP_DATA_END, _HISLIP_TRIGGER = 6, 7, 12


class Framer(Protocol):
    """Cuts one direction of one connection into messages."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add bytes; yield each message that is complete, without its end."""
        ...


class Terminated:
    """Messages that end with any byte of ``ends``, but not within a string or a definite block."""

    def __init__(self, ends: bytes) -> None:
        self._ends = ends
        self._buffer = bytearray()
        self._position = 0
        self._interesting = re.compile(b"[" + re.escape(ends) + b"#]")

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add bytes; yield each message."""
        self._buffer += data
        while match := self._interesting.search(self._buffer, self._position):
            start = match.start()
            if match[0] == b"#":
                if (end := block_end(self._buffer, start)) is None:
                    self._position = start
                    return
                self._position = max(end, start + 1)
                continue
            message = bytes(self._buffer[:start])
            del self._buffer[: start + 1]
            self._position = 0
            if message.strip():
                yield message
        self._position = len(self._buffer)


class Separated:
    """Messages that end with a byte sequence."""

    def __init__(self, end: bytes) -> None:
        self._end, self._buffer = end, b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add bytes; yield each message."""
        *messages, self._buffer = (self._buffer + data).split(self._end)
        yield from (message for message in messages if message.strip())


class JsonObjects:
    """Requests of the WebSQ protocol: JSON objects, one behind the other."""

    _structure = re.compile(rb'"(?:[^"\\]|\\.)*(?:"|\\?\Z)|[{}]', re.DOTALL)

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add bytes; yield each object's text."""
        self._buffer += data
        while (end := self._end()) is not None:
            yield self._buffer[:end].strip()
            self._buffer = self._buffer[end:]

    def _end(self) -> int | None:
        depth = 0
        for match in self._structure.finditer(self._buffer):
            depth += {b"{": 1, b"}": -1}.get(match[0], 0)
            if depth == 0 and match[0] == b"}":
                return match.end()
        return None


class Hislip:
    """Payloads of data messages on a synchronous channel; anything else is no message of the instrument's."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add bytes; yield each message, without the line feed at its end."""
        self._buffer += data
        while len(self._buffer) >= _HISLIP.size:
            _, kind, _, _, length = _HISLIP.unpack_from(self._buffer)
            if length > _LARGEST or len(self._buffer) < _HISLIP.size + length:
                return
            payload = bytes(self._buffer[_HISLIP.size : _HISLIP.size + length])
            del self._buffer[: _HISLIP.size + length]
            if kind == _HISLIP_TRIGGER:
                yield b"*TRG"
            elif kind in (_HISLIP_DATA, _HISLIP_DATA_END):
                self._parts.append(payload)
            if kind == _HISLIP_DATA_END:
                message, self._parts = b"".join(self._parts), []
                yield message.removesuffix(b"\n").removesuffix(b"\r")


def framer(service: Service, direction: Direction) -> Framer:
    """What cuts this direction of a service's connections."""
    if service.protocol == "hislip":
        return Hislip()
    if service.protocol == "websq":
        return JsonObjects() if direction == ">" else Separated(b"\x17")
    if service.protocol == "decop":
        return Separated(b"\n") if direction == ">" else Separated(b"\n> ")
    if service.protocol in ("stream", "lines"):
        return Separated(b"\n")
    return Terminated(service.terminator)
