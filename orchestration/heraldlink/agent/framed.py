# SPDX-License-Identifier: Apache-2.0
"""Whole messages over a socket pair: a length, then so many bytes."""

import socket
import struct

from heraldlink.agent.pipe import Closed
from heraldlink.messages.header import MAX_MESSAGE_BYTES

_LENGTH = struct.Struct("<I")
_CHUNK = 1 << 20


def send(pipe: socket.socket, message: bytes) -> None:
    """Send one message. Raises Closed, TimeoutError."""
    try:
        pipe.sendall(_LENGTH.pack(len(message)) + message)
    except TimeoutError:
        raise
    except OSError as error:
        raise Closed("the pipe to an instrument's process is closed") from error


def receive(pipe: socket.socket) -> bytes:
    """Wait for one message. Raises Closed, TimeoutError."""
    (length,) = _LENGTH.unpack(_exactly(pipe, _LENGTH.size))
    if length > MAX_MESSAGE_BYTES:
        raise Closed(f"a message of {length} bytes on the pipe exceeds the limit")
    return _exactly(pipe, length)


def _exactly(pipe: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        try:
            piece = pipe.recv(min(_CHUNK, size - len(found)))
        except TimeoutError:
            raise
        except OSError as error:
            raise Closed("the pipe to an instrument's process is closed") from error
        if not piece:
            raise Closed("the pipe to an instrument's process is closed")
        found += piece
    return bytes(found)


__all__ = ["Closed", "receive", "send"]
