# SPDX-License-Identifier: Apache-2.0
"""Messages of WebSockets (RFC 6455), read along by the recorder and sent by a replay."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_LARGEST = 1 << 28
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Frames:
    """Cuts bytes into messages: (kind, payload); fragments are joined, control frames come as they are."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._parts: list[bytes] = []
        self._kind = TEXT

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Add bytes; yield each message that is complete."""
        self._buffer += data
        while (frame := self._next()) is not None:
            final, kind, payload = frame
            if kind >= CLOSE:
                yield kind, payload
                continue
            self._kind = kind or self._kind
            self._parts.append(payload)
            if final:
                whole, self._parts = b"".join(self._parts), []
                yield self._kind, whole

    def _next(self) -> tuple[bool, int, bytes] | None:
        """Take one frame from the buffer (RFC 6455, 5.2)."""
        data = self._buffer
        if len(data) < 2:
            return None
        size = {126: 2, 127: 8}.get(data[1] & 0x7F, 0)
        begin = 2 + size + (4 if data[1] & 0x80 else 0)
        if len(data) < begin:
            return None
        length = int.from_bytes(data[2 : 2 + size]) if size else data[1] & 0x7F
        if length > _LARGEST or len(data) < begin + length:
            return None
        payload = bytes(data[begin : begin + length])
        if data[1] & 0x80:
            payload = _unmasked(payload, bytes(data[begin - 4 : begin]))
        frame = bool(data[0] & 0x80), data[0] & 0x0F, payload
        del data[: begin + length]
        return frame


def frame(kind: int, payload: bytes) -> bytes:
    """One message of a server, in one frame."""
    length = len(payload)
    if length < 126:
        return bytes((0x80 | kind, length)) + payload
    size = (126, 2) if length < 1 << 16 else (127, 8)
    return bytes((0x80 | kind, size[0])) + length.to_bytes(size[1]) + payload


def is_text(payload: bytes) -> bool:
    """Whether a message was a text: transcripts do not say, and no text has control characters."""
    try:
        return not any(ord(letter) < 32 and letter not in "\t\r\n" for letter in payload.decode())
    except UnicodeDecodeError:
        return False


def acceptance(key: bytes) -> bytes:
    """What a server answers to a client's key (RFC 6455, 4.2.2)."""
    proof = hashlib.sha1(key + _GUID, usedforsecurity=False).digest()
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + b64encode(proof) + b"\r\n\r\n"
    )


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    if not payload:
        return payload
    keys = (mask * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload) ^ int.from_bytes(keys)).to_bytes(len(payload))
