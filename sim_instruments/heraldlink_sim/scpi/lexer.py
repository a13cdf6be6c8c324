# SPDX-License-Identifier: Apache-2.0
"""Program message -> units -> header and arguments (IEEE 488.2, chapter 7).

Blocks are skipped over by their length and sliced once, so that 100 MB of samples cost no more than a copy.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from heraldlink_sim.scpi.errors import ScpiError

Kind = Literal["word", "string", "block", "expression"]

_HEADER = re.compile(rb"[\x00-\x20]*(:?\*?[A-Za-z_][A-Za-z0-9_:]*\??|:?\*?[A-Za-z0-9_:]*\??)")
_NUMBER_WITH_BLANKS = re.compile(
    rb"[+-]?(\d+\.?\d*|\.\d+)([\x00-\x20]*[eE][\x00-\x20]*[+-]?\d+)?[\x00-\x20]*[A-Za-z/%]*"
)
_BLANK = re.compile(rb"[\x00-\x20]")
_BLANKS = bytes(range(33))
_MAY_BEGIN_DATA = b"\"'#(+-.,0123456789"
_SPECIAL = re.compile(rb"[;,\"'#]")
_NONDECIMAL = re.compile(rb"#[HhQqBb][0-9A-Fa-f]+")
_ONE_WORD = re.compile(rb"[ \t]+([A-Za-z0-9+.-][A-Za-z0-9_+.-]*)[ \t\r]*(?:;|\Z)")
_CONTROL_IN_WORD = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]+[A-Za-z?]")
_INVALID_IN_WORD = re.compile(rb"[^\x00-\x20%*+./0-9:A-Z\\_a-z-]")
_BLOCK = re.compile(rb"(?<=[ \t,])#[1-9]")


@dataclass(slots=True)
class Argument:
    """One parameter as it stood on the wire: word or number, quoted string, block's bytes, or ``(...)``."""

    kind: Kind
    data: bytes

    @property
    def text(self) -> str:
        """The argument as text (Latin-1, which accepts every byte)."""
        return self.data.decode("latin-1")


@dataclass(slots=True)
class Unit:
    """One program message unit: header without its question mark, and its arguments."""

    header: str
    query: bool
    arguments: tuple[Argument, ...]


def block_extent(data: bytes | bytearray, start: int) -> tuple[int, int] | None:
    """Payload bounds of the definite block whose ``#`` stands at ``start``; None while its length is cut off.

    ``#0`` gives bounds to the end of ``data``. Raises ScpiError -161 when the length is not a number.
    """
    if len(data) < start + 2:
        return None
    digits = data[start + 1] - ord("0")
    if digits == 0:
        return start + 2, len(data)
    if not 1 <= digits <= 9:
        raise ScpiError(-161)
    length = bytes(data[start + 2 : start + 2 + digits])
    if length and not length.isdigit():
        raise ScpiError(-161)
    if len(length) < digits:
        return None
    begin = start + 2 + digits
    return begin, begin + int(length)


def text_size(message: bytes) -> int:
    """Length of a message without what is in its definite blocks."""
    size, position = len(message), 0
    while match := _BLOCK.search(message, position):
        position = match.end()
        with suppress(ScpiError):
            if (extent := block_extent(message, match.start())) is not None and extent[1] <= len(message):
                size -= extent[1] - extent[0]
                position = extent[1]
    return size


def units(message: bytes) -> Iterator[Unit]:
    """Cut a message (without terminator) into units; raises ScpiError at the first malformed one."""
    position, end = 0, len(message)
    while position < end:
        match = _HEADER.match(message, position)
        header = match.group(1) if match else b""
        position = match.end() if match else position
        if header and (word := _ONE_WORD.match(message, position)) is not None:
            arguments, position = [Argument("word", word.group(1))], word.end()
        else:
            _check_separator(message, position, bool(header))
            arguments, position = _arguments(message, position, bool(header))
        if header == b"?":
            raise ScpiError(-102)
        if header:
            yield Unit(header.rstrip(b"?").decode("ascii"), header.endswith(b"?"), tuple(arguments))


def _check_separator(message: bytes, position: int, has_header: bool) -> None:
    """Behind a header stands white space, ``;`` or the end; raises -101 or -111 for anything else.

    Control characters are white space too (7.4.1.2), but one amid letters is told as invalid.
    """
    if has_header and _CONTROL_IN_WORD.match(message, position):
        raise ScpiError(-101)
    if position >= len(message) or message[position] <= ord(" ") or message[position] == ord(";"):
        return
    if message[position] not in _MAY_BEGIN_DATA:
        raise ScpiError(-101)
    if has_header:
        raise ScpiError(-111)


def _arguments(message: bytes, position: int, has_header: bool) -> tuple[list[Argument], int]:
    """Arguments up to the next ``;`` or the end, and where the next unit begins."""
    arguments: list[Argument] = []
    separator = False
    while True:
        position = _skip_blanks(message, position)
        at_end = position >= len(message) or message[position] == ord(";")
        if at_end and not separator:
            return arguments, position + 1
        if at_end:
            raise ScpiError(-109)
        if not has_header:
            raise ScpiError(-102)
        argument, position = _argument(message, position)
        arguments.append(argument)
        position = _skip_blanks(message, position)
        if position >= len(message) or message[position] == ord(";"):
            return arguments, position + 1
        if message[position] != ord(","):
            raise ScpiError(-103)
        position, separator = position + 1, True


def _argument(message: bytes, position: int) -> tuple[Argument, int]:
    first = message[position : position + 1]
    if first in (b'"', b"'"):
        return _string(message, position, first)
    if first == b"(":
        return _expression(message, position)
    if first == b"#" and not _NONDECIMAL.match(message, position):
        return _block(message, position)
    return _word(message, position)


def _word(message: bytes, position: int) -> tuple[Argument, int]:
    match = _SPECIAL.search(message, position + 1)
    end = match.start() if match else len(message)
    word = message[position:end].strip(_BLANKS)
    if not word or word.startswith(b","):
        raise ScpiError(-103)
    if _BLANK.search(word) and not _NUMBER_WITH_BLANKS.fullmatch(word):
        raise ScpiError(-103 if word.isascii() else -101)
    if _INVALID_IN_WORD.search(word, 1 if word[:1] == b"#" else 0):
        raise ScpiError(-101)
    return Argument("word", word), end


def _expression(message: bytes, position: int) -> tuple[Argument, int]:
    """Expression data such as a channel list (IEEE 488.2, 7.7.7): up to its closing parenthesis."""
    end = message.find(b")", position)
    if end < 0:
        raise ScpiError(-171)
    return Argument("expression", message[position : end + 1]), end + 1


def _string(message: bytes, position: int, quote: bytes) -> tuple[Argument, int]:
    parts: list[bytes] = []
    while True:
        end = message.find(quote, position + 1)
        if end < 0:
            raise ScpiError(-151)
        parts.append(message[position + 1 : end])
        if message[end + 1 : end + 2] != quote:
            return Argument("string", quote.join(parts)), end + 1
        position = end + 1


def _block(message: bytes, position: int) -> tuple[Argument, int]:
    if message[position + 1 : position + 2].upper() in (b"H", b"Q", b"B"):
        raise ScpiError(-121)
    extent = block_extent(message, position)
    if extent is None or extent[1] > len(message):
        raise ScpiError(-161)
    if message[position + 1] == ord("0"):  # its end is NL^END, which a framed transport leaves there
        return Argument("block", message[extent[0] :].removesuffix(b"\n")), extent[1]
    return Argument("block", message[extent[0] : extent[1]]), extent[1]


def _skip_blanks(message: bytes, position: int) -> int:
    while position < len(message) and message[position] <= ord(" "):
        position += 1
    return position
