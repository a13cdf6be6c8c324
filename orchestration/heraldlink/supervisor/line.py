# SPDX-License-Identifier: Apache-2.0
"""The pipe between supervisor and agent: JSON lines over a socket pair. Its end means that the other died."""

import socket

import msgspec

from heraldlink.errors import ProtocolError
from heraldlink.messages.header import UNREADABLE
from heraldlink.messages.oversight import Word

_LARGEST = 1 << 20
_decoder: msgspec.json.Decoder[Word] = msgspec.json.Decoder(Word)


class Hung(ProtocolError):
    """The other end is gone, or takes nothing any more."""


class Line:
    """One end. Neither sending nor receiving ever waits."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._socket, self._buffer = end, bytearray()

    def fileno(self) -> int:
        """Descriptor to poll."""
        return self._socket.fileno()

    def send(self, word: Word) -> None:
        """Send one word. Raises Hung."""
        try:
            data = msgspec.json.encode(word) + b"\n"
            if self._socket.send(data) != len(data):
                raise Hung("the other end of the supervisor's pipe reads nothing")
        except OSError as error:
            raise Hung("the supervisor's pipe is closed") from error

    def receive(self) -> list[Word]:
        """Words that have arrived; what is no word is left out, as if the other had said nothing.

        Raises Hung once the other end is closed and all was received.
        """
        closed = False
        try:
            while data := self._socket.recv(1 << 16):
                self._buffer += data
                if len(self._buffer) > _LARGEST:
                    raise Hung("a word on the supervisor's pipe has no end")
            closed = True
        except BlockingIOError:
            pass
        except OSError:
            closed = True
        *whole, rest = bytes(self._buffer).split(b"\n")
        self._buffer = bytearray(rest)
        if closed and not whole:
            raise Hung("the supervisor's pipe is closed")
        return [word for line in whole if (word := _word(line)) is not None]

    def close(self) -> None:
        """Close this end."""
        self._socket.close()


def _word(line: bytes) -> Word | None:
    try:
        return _decoder.decode(line)
    except UNREADABLE:
        return None
