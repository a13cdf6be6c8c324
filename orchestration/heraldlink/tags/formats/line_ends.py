# SPDX-License-Identifier: Apache-2.0
"""Texts whose lines end with a carriage return alone (Mac OS before 10, some instruments) read as others."""

from __future__ import annotations

import io
from typing import BinaryIO


def ends_with_returns(start: bytes) -> bool:
    """Whether a text's beginning has carriage returns and no line feeds."""
    return b"\r" in start and b"\n" not in start


def with_feeds(stream: BinaryIO, start: bytes) -> BinaryIO:
    """The stream, its carriage returns read as line feeds if ``start``, its beginning, has none of these."""
    return io.BufferedReader(Feeds(stream)) if ends_with_returns(start) else stream


class Feeds(io.RawIOBase):
    """An open stream, byte for byte, but line feeds for carriage returns."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As in the stream."""
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        """As in the stream."""
        return self._stream.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read what fits; the number of bytes."""
        data = self._stream.read(len(buffer)).replace(b"\r", b"\n")
        buffer[: len(data)] = data
        return len(data)
