# SPDX-License-Identifier: Apache-2.0
"""Messages over the socket pair between an agent and its worker: length-prefixed frames."""

import socket
import struct

from heraldlink.errors import ProtocolError
from heraldlink.messages.header import (
    MAX_MESSAGE_BYTES,
    VERSION,
    Body,
    Header,
    Message,
    decode,
    encode,
    kind_of,
)
from heraldlink.messages.worker import WORKER_TYPES

_COUNT = struct.Struct("<I")
_CHUNK = 1 << 18
"""What a socket pair holds at most: more is never received at once."""


class Closed(ProtocolError):
    """The other end of the pipe is gone."""


class Pipe:
    """One end of the pair. Sending blocks; receiving does so only on request."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._buffer = bytearray()
        self._chunk = memoryview(bytearray(_CHUNK))

    def fileno(self) -> int:
        """Descriptor to poll."""
        return self._socket.fileno()

    def send(self, body: Body, arrays: tuple[bytes, ...] = (), lease: int = 0) -> None:
        """Send one message, ordered under a lease's epoch. Raises Closed if nobody is there any more."""
        header = Header(VERSION, kind_of(type(body)), 0, 0, 0, lease=lease)
        try:
            self._socket.sendall(packed(encode(Message(header, body, arrays))))
        except OSError as error:
            raise Closed("the pipe between agent and worker is closed") from error

    def wait(self) -> Message:
        """Next message, however long it takes. Raises Closed."""
        while True:
            message = self._next()
            if message is not None:
                return message
            self._read()

    def receive(self) -> list[Message]:
        """Messages that have arrived; call it when the descriptor is readable. Raises Closed."""
        self._read()
        messages: list[Message] = []
        while (message := self._next()) is not None:
            messages.append(message)
        return messages

    def close(self) -> None:
        """Close this end."""
        self._socket.close()

    def _read(self) -> None:
        try:
            size = self._socket.recv_into(self._chunk)
        except OSError as error:
            raise Closed("the pipe between agent and worker is closed") from error
        if not size:
            raise Closed("the pipe between agent and worker is closed")
        self._buffer += self._chunk[:size]

    def _next(self) -> Message | None:
        if len(self._buffer) < _COUNT.size:
            return None
        (length,) = _COUNT.unpack_from(self._buffer)
        if length > MAX_MESSAGE_BYTES:
            raise Closed(f"a message of {length} bytes on the pipe exceeds the limit")
        end = _COUNT.size + length
        if len(self._buffer) < end:
            return None
        with memoryview(self._buffer) as received:
            frames = split(received[_COUNT.size : end])
        del self._buffer[:end]
        return decode(frames, WORKER_TYPES)


def packed(frames: list[bytes]) -> bytes:
    """A message as one piece: the length of all, then each frame behind its own."""
    parts = [b""]
    for frame in frames:
        parts += (_COUNT.pack(len(frame)), frame)
    parts[0] = _COUNT.pack(sum(map(len, parts)))
    return b"".join(parts)


def split(parts: memoryview) -> list[bytes]:
    """Frames of a length-prefixed sequence, copied out of it."""
    frames: list[bytes] = []
    position = 0
    while position < len(parts):
        (length,) = _COUNT.unpack_from(parts, position)
        position += _COUNT.size
        frames.append(bytes(parts[position : position + length]))
        position += length
    return frames
