# SPDX-License-Identifier: Apache-2.0
"""Byte stream -> program messages, for transports that do not mark the end of a message themselves."""

import re
from collections.abc import Iterator

from heraldlink_sim.scpi.errors import ScpiError
from heraldlink_sim.scpi.lexer import block_extent

_AFTER_BLANK = b" \t,"
_INTERESTING = re.compile(rb"[\n\"'#]")


def split(message: bytes) -> list[bytes]:
    """Cut what a transport delivers as one message at the line feeds that end one (IEEE 488.2, 7.5).

    Those inside of strings and blocks do not, and nothing behind the beginning of an indefinite block does.
    """
    parts: list[bytes] = []
    begin = position = 0
    while found := _INTERESTING.search(message, position):
        start, position = found.start(), found.end()
        byte = found.group()
        if byte == b"\n":
            parts.append(message[begin:start])
            begin = position
        elif byte == b"#":
            position = _behind_block(message, start)
        else:
            closing = message.find(byte, position)
            position = len(message) if closing < 0 else closing + 1
    parts.append(message[begin:])
    return [part for part in parts if part and not part.isspace()]


def _behind_block(message: bytes, start: int) -> int:
    """End of the block at ``start``; one past the ``#`` when none begins there or it is malformed."""
    if start == 0 or message[start - 1] not in _AFTER_BLANK:
        return start + 1
    try:
        extent = block_extent(message, start)
    except ScpiError:
        return start + 1
    return start + 1 if extent is None else min(extent[1], len(message))


class Session:
    r"""Framing state of one connection.

    Bytes may come in pieces of any size; a terminator inside a definite block does not end the message, nor
    does a ``#`` inside a string begin a block. An indefinite block (``#0``) runs to the terminator.

    ``terminator``: every byte of it ends a message and empty messages are dropped, so ``b"\r\n"`` also takes
    a bare CR or LF. ``block_ends_message``: for clients which send nothing behind a block; the message then
    ends with it. ``limit``: a longer message is dropped whole and yields ``None`` once (error -363); so is
    one with more than ``text_limit`` bytes outside of blocks.
    """

    def __init__(
        self,
        terminator: bytes = b"\n",
        *,
        block_ends_message: bool = False,
        limit: int = 1 << 28,
        text_limit: int = 1 << 21,
    ) -> None:
        self._buffer = bytearray()
        self._position: int = 0  # everything before it has been looked at
        self._quote: int | None = None
        self._overrun = False
        self._terminator = terminator
        self._block_ends_message = block_ends_message
        self._limit, self._text_limit = limit, text_limit
        self._in_blocks = 0
        self._ends = re.compile(b"[" + re.escape(terminator) + b"]+")
        self._interesting = re.compile(b"[" + re.escape(terminator) + b"\"'#]")

    @property
    def pending(self) -> bool:
        """Whether part of a message has arrived."""
        return bool(self._buffer)

    def plain_messages(self, data: bytes) -> list[bytes] | None:
        """The messages in ``data``, if they are complete and without strings and blocks; None: feed it.

        It spares most messages of most clients the search for quotes and blocks.
        """
        if self._buffer or self._overrun or data[-1] not in self._terminator:
            return None
        if b'"' in data or b"'" in data or b"#" in data:
            return None
        return [message for message in self._ends.split(data) if message and not message.isspace()]

    def feed(self, data: bytes) -> Iterator[bytes | None]:
        """Add received bytes; yields each complete message without its terminator."""
        self._buffer += data
        while (bounds := self._find_end()) is not None:
            end, following = bounds
            with memoryview(self._buffer) as view:
                message = bytes(view[:end])
            del self._buffer[:following]
            self._position, self._quote, self._in_blocks = 0, None, 0
            overrun, self._overrun = self._overrun, False
            if overrun:
                yield None
            elif message and not message.isspace():
                yield message
        self._drop_overlong()

    def clear(self) -> None:
        """Forget a half-received message (device clear)."""
        self._buffer.clear()
        self._position, self._quote, self._overrun, self._in_blocks = 0, None, False, 0

    def _find_end(self) -> tuple[int, int] | None:
        """Where the message at the front of the buffer ends, and where the next one begins."""
        while match := self._interesting.search(self._buffer, self._position):
            byte, start = match.group()[0], match.start()
            if byte in self._terminator:
                return start, start + 1
            if byte != ord("#"):
                self._toggle_quote(byte)
                self._position = start + 1
            elif self._quote is not None or not self._begins_block(start):
                self._position = start + 1
            elif (end := self._block_end(start)) is None:
                self._position = start
                return None
            else:
                self._in_blocks += end - start
                self._position = end
                whole = end > start + 2  # neither malformed nor indefinite
                if whole and self._block_ends_message and self._nothing_follows(end):
                    return end, end
        self._position = max(self._position, len(self._buffer))
        return None

    def _toggle_quote(self, byte: int) -> None:
        if self._quote is None:
            self._quote = byte
        elif self._quote == byte:
            self._quote = None

    def _begins_block(self, start: int) -> bool:
        following = self._buffer[start + 1 : start + 2]
        return (
            start > 0 and self._buffer[start - 1] in _AFTER_BLANK and (not following or following.isdigit())
        )

    def _block_end(self, start: int) -> int | None:
        """End of a block that is here whole; one past the ``#`` when it is malformed or indefinite."""
        try:
            extent = block_extent(self._buffer, start)
        except ScpiError:
            return start + 1
        if extent is None:
            return None
        if self._buffer[start + 1] == ord("0"):
            return start + 2
        return extent[1] if extent[1] <= len(self._buffer) else None

    def _nothing_follows(self, end: int) -> bool:
        return end == len(self._buffer) or self._buffer[end] not in b";," + self._terminator

    def _drop_overlong(self) -> None:
        text = self._position - self._in_blocks
        if len(self._buffer) > self._limit or text > self._text_limit:
            self.clear()
            self._overrun = True
