# SPDX-License-Identifier: Apache-2.0
"""HTTP/1.1 as a transcript has it: ``GET /path BODY`` and ``200 [DATE] BODY``, without all other headers.

A connection that turns into a WebSocket goes on with its messages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from heraldlink_sim.recording.transcript import Direction
from heraldlink_sim.recording.websocket import BINARY, TEXT, Frames

HEAD_END = b"\r\n\r\n"
_ANSWER = re.compile(rb"(\d{3})(?: \[([^\]]*)\])?(?: (.*))?$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Head:
    """First line and the headers that tell where a message ends."""

    first: bytes
    length: int
    chunked: bool
    date: bytes = b""
    key: bytes = b""
    """Of a client that asks for a WebSocket."""


def head_of(text: bytes) -> Head:
    """Read a head (without the empty line)."""
    first, *lines = text.split(b"\r\n")
    headers = {
        key.strip().lower(): value.strip() for key, _, value in (line.partition(b":") for line in lines)
    }
    length = headers.get(b"content-length", b"0")
    chunked = b"chunked" in headers.get(b"transfer-encoding", b"").lower()
    date = headers.get(b"date", b"")
    key = headers.get(b"sec-websocket-key", b"")
    return Head(first, int(length) if length.isdigit() else 0, chunked, date, key)


@dataclass(slots=True)
class Switched:
    """Whether a connection has turned into a WebSocket, and the path that was asked for last."""

    path: str = ""
    done: bool = False


class HttpFramer:
    """Cuts one direction of a connection into requests or responses.

    ``switched``: once the connection is a WebSocket, and to which path; shared by both directions.
    """

    def __init__(self, direction: Direction, switched: Switched | None = None) -> None:
        self._direction = direction
        self._switched = switched or Switched()
        self._buffer = b""
        self._frames = Frames()

    @property
    def suffix(self) -> str:
        """What the messages' service is called behind the instrument's own: the path of a WebSocket."""
        return self._switched.path if self._switched.done else ""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add bytes; yield each message as the transcript has it."""
        if self._switched.done:
            yield from self._messages(data)
            return
        self._buffer += data
        while not self._switched.done and HEAD_END in self._buffer:
            text, _, rest = self._buffer.partition(HEAD_END)
            head = head_of(text)
            taken = dechunked(rest) if head.chunked else _counted(rest, head.length)
            if taken is None:
                return
            body, self._buffer = taken
            yield self._written(head, body)
            self._switch(head)
        if self._switched.done and self._buffer:
            rest, self._buffer = self._buffer, b""
            yield from self._messages(rest)

    def _messages(self, data: bytes) -> Iterator[bytes]:
        yield from (payload for kind, payload in self._frames.feed(data) if kind in (TEXT, BINARY))

    def _switch(self, head: Head) -> None:
        words = head.first.split(b" ")
        if self._direction == ">" and len(words) > 1:
            self._switched.path = words[1].decode("ascii", "replace")
        elif self._direction == "<":
            self._switched.done = words[1:2] == [b"101"]

    def _written(self, head: Head, body: bytes) -> bytes:
        words = head.first.split(b" ")
        if self._direction == ">":
            told = words[:2]
        else:
            told = words[1:2] + ([b"[%s]" % head.date] if head.date else [])
        return b" ".join([*told, *([body] if body else [])])


def _counted(rest: bytes, length: int) -> tuple[bytes, bytes] | None:
    return (rest[:length], rest[length:]) if len(rest) >= length else None


def response(answer: bytes) -> bytes:
    """The bytes of a response that a transcript has; 404 for a text that is none."""
    found = _ANSWER.match(answer)
    status, date, body = found.groups() if found else (b"404", None, answer)
    lines = [b"HTTP/1.1 %s %s" % (status, b"OK" if status < b"300" else b"Error")]
    lines += [b"Date: " + date] if date else []
    lines += [b"Content-Type: application/json", b"Content-Length: %d" % len(body or b"")]
    return b"\r\n".join(lines) + HEAD_END + (body or b"")


def request(message: bytes) -> bytes:
    """The bytes of a request that a transcript has."""
    method, _, rest = message.partition(b" ")
    path, _, body = rest.partition(b" ")
    head = b"%s %s HTTP/1.1\r\nHost: instrument\r\nContent-Type: application/json\r\n" % (method, path)
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


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
