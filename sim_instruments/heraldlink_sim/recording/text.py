# SPDX-License-Identifier: Apache-2.0
r"""Messages as one line of ASCII each, with blocks of data held apart in a folder, by hash and length.

* what is not printable ASCII is written ``\xNN``, a backslash ``\\``;
* a long definite block becomes ``#6{HASH 100000}``: the digit of its header, the SHA-256 of its
  payload (16 hex digits) and its length; the payload is the file ``HASH.bin``;
* a message that is binary as a whole becomes ``#b{HASH LENGTH}``; a ``#`` that could be read as one of these
  is written ``\x23``.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from heraldlink_sim.errors import TranscriptError

APART_BYTES = 64
"""Blocks longer than this are held apart."""

_MARK = re.compile(rb"#([1-9b])\{([0-9a-f]{16}) (\d+)\}")
_ESCAPE = re.compile(rb"\\(?:x([0-9a-f]{2})|(\\))")
_MOSTLY_TEXT = 0.8


class Blocks:
    """A folder of blocks, made when the first one is kept."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, payload: bytes) -> str:
        """Hold a payload apart; return ``HASH LENGTH``."""
        name = hashlib.sha256(payload).hexdigest()[:16]
        path = self.folder / f"{name}.bin"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            path.write_bytes(payload)
        return f"{name} {len(payload)}"

    def take(self, name: str, length: int) -> bytes:
        """Read a payload. Raises TranscriptError if the file is missing or another one."""
        path = self.folder / f"{name}.bin"
        try:
            payload = path.read_bytes()
        except OSError as error:
            raise TranscriptError(f"{path}: cannot be read ({error.strerror})") from error
        if len(payload) != length or not hashlib.sha256(payload).hexdigest().startswith(name):
            raise TranscriptError(f"{path}: is not the block that was recorded")
        return payload


def written(message: bytes, blocks: Blocks) -> str:
    """A message as one line."""
    if len(message) > APART_BYTES and not _is_text(message):
        return f"#b{{{blocks.keep(message)}}}"
    parts: list[str] = []
    for piece, header in _pieces(message):
        parts.append(f"#{header}{{{blocks.keep(piece)}}}" if header else _escaped(piece))
    return "".join(parts)


def read(line: str, blocks: Blocks) -> bytes:
    """The message of a line. Raises TranscriptError for a block that is not there."""
    data = line.encode("ascii", "replace")
    parts: list[bytes] = []
    position = 0
    for match in _MARK.finditer(data):
        parts.append(_unescaped(data[position : match.start()]))
        payload = blocks.take(match[2].decode(), int(match[3]))
        header = b"" if match[1] == b"b" else b"#" + match[1] + b"%0*d" % (int(match[1]), len(payload))
        parts += [header, payload]
        position = match.end()
    return b"".join([*parts, _unescaped(data[position:])])


def without_blocks(message: bytes) -> tuple[bytes, list[bytes]]:
    """A message with its definite blocks taken out, and their payloads."""
    pieces = list(_pieces(message, 0))
    text = b"".join(b"#" if header else piece for piece, header in pieces)
    return text, [piece for piece, header in pieces if header]


def block_end(data: bytes | bytearray, start: int) -> int | None:
    """Where a definite block whose ``#`` stands at ``start`` ends; ``start`` if none begins there.

    None while that cannot be told, or while the block is not there whole.
    """
    if start and data[start - 1] not in b" ,;\t=:":
        return start
    if not (first := data[start + 1 : start + 2]):
        return None
    if not b"1" <= first <= b"9":
        return start
    begin = start + 2 + int(first)
    length = bytes(data[start + 2 : begin])
    if length and not length.isdigit():
        return start
    if start + 2 + len(length) < begin or begin + int(length) > len(data):
        return None
    return begin + int(length)


def _pieces(message: bytes, longer_than: int = APART_BYTES) -> Iterator[tuple[bytes, str]]:
    """Text (with an empty header) and long blocks (with their header's digit), in order."""
    position = search = 0
    while (start := message.find(b"#", search)) >= 0:
        end = block_end(message, start)
        search = start + 1
        if end is None or end == start:
            continue
        begin = start + 2 + message[start + 1] - ord("0")
        if end - begin > longer_than:
            yield message[position:start], ""
            yield message[begin:end], chr(message[start + 1])
            position = end
        search = end
    yield message[position:], ""


def _is_text(message: bytes) -> bool:
    """Whether a message is text, or text with blocks in it."""
    text, _ = without_blocks(message)
    printable = sum(32 <= byte < 127 or byte in b"\t\r\n\x17" for byte in text[:1000])
    return printable >= _MOSTLY_TEXT * len(text[:1000])


def _escaped(piece: bytes) -> str:
    text = "".join(chr(byte) if 32 <= byte < 127 and byte != 92 else _code(byte) for byte in piece)
    return re.sub(r"#(?=[1-9b]\{)", r"\\x23", text)


def _code(byte: int) -> str:
    return "\\\\" if byte == 92 else f"\\x{byte:02x}"


def _unescaped(data: bytes) -> bytes:
    plain: Callable[[re.Match[bytes]], bytes] = lambda m: b"\\" if m[2] else bytes([int(m[1], 16)])  # noqa: E731
    return _ESCAPE.sub(plain, data)
