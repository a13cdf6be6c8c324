# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 as a transcript has it: ``GET /path BODY`` and ``200 BODY``; what headers say besides is left out.

A connection that turns into a WebSocket is passed on unread from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from heraldlink_sim.recording.transcript import Direction

HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Head:
    """First line and the headers that tell where a message ends."""

    first: bytes
    length: int
    chunked: bool


def head_of(text: bytes) -> Head:
    """Read a head (without the empty line)."""
    first, *lines = text.split(b"\r\n")
    headers = {
        key.strip().lower(): value.strip() for key, _, value in (line.partition(b":") for line in lines)
    }
    length = headers.get(b"content-length", b"0")
    chunked = b"chunked" in headers.get(b"transfer-encoding", b"").lower()
    return Head(first, int(length) if length.isdigit() else 0, chunked)


class HttpFramer:
    """Cuts one direction of a connection into requests or responses."""

    def __init__(self, direction: Direction) -> None:
        self._direction = direction
        self._buffer = b""
        self._passing = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add bytes; yield each message as the transcript has it."""
        self._buffer = b"" if self._passing else self._buffer + data
        while not self._passing and HEAD_END in self._buffer:
            text, _, rest = self._buffer.partition(HEAD_END)
            head = head_of(text)
            taken = dechunked(rest) if head.chunked else _counted(rest, head.length)
            if taken is None:
                return
            body, self._buffer = taken
            self._passing = b" 101 " in head.first + b" "
            yield self._written(head.first, body)

    def _written(self, first: bytes, body: bytes) -> bytes:
        words = first.split(b" ")
        told = b" ".join(words[:2]) if self._direction == ">" else words[1] if len(words) > 1 else b""
        return told + (b" " + body if body else b"")


def _counted(rest: bytes, length: int) -> tuple[bytes, bytes] | None:
    return (rest[:length], rest[length:]) if len(rest) >= length else None


def dechunked(rest: bytes) -> tuple[bytes, bytes] | None:
    """Body of chunks, and what follows; None while it is not there whole."""
    body = b""
    while b"\r\n" in rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size.split(b";")[0] or b"0", 16)
        if len(rest) < length + 2:
            return None
        body, rest = body + rest[:length], rest[length + 2 :]
        if length == 0:
            return body, rest
    return None
