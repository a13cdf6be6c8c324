# SPDX-License-Identifier: Apache-2.0
"""Write tags so that what was flushed survives whatever ends the process."""

import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from heraldlink.errors import DataError, RequestError
from heraldlink.record.folder import sync
from heraldlink.tags.block import Header
from heraldlink.tags.description import BEGIN_PS, AnyBlock, joined, key_of, refuse_disorder, refuse_other_kind
from heraldlink.tags.formats.segment import END, SegmentEncoder

SUFFIX: Final = ".arrows"


class SegmentWriter:
    """Writes blocks to a new segment, one Arrow record batch and one fsync per flush.

    A push flushes once ``flush_tags`` wait in memory, or ``flush_s`` have passed since the last flush: that
    is what a SIGKILL or a power cut may cost. Raises DataError if the file exists or cannot be written; then
    it is whole up to the last flush, the tags still wait, and `flush` may be tried again. The file is locked
    (flock) for as long as its writer lives.
    """

    def __init__(self, path: Path, header: Header, flush_tags: int = 1 << 20, flush_s: float = 1.0) -> None:
        self.path, self._header = path, header
        self._flush_tags, self._flush_s = flush_tags, flush_s
        self._encoder = SegmentEncoder(header)
        self._held: list[AnyBlock] = []
        self._waiting, self._last = 0, BEGIN_PS
        self._frame, self._coded = b"", 0
        self._handle = _create(path)
        self._size = 0
        self.tags = 0
        """Tags that were flushed."""
        self._append(self._encoder.start)
        sync(path.parent)
        self._flushed_s = time.monotonic()

    def push(self, block: AnyBlock) -> None:
        """Take a block. Raises RequestError if it is of another kind or steps back."""
        refuse_other_kind(block, self._header)
        refuse_disorder(block, self._last)
        self._held.append(block)
        self._last = max(self._last, int(key_of(block)[-1]) if block.channel.size else BEGIN_PS)
        self._waiting += block.channel.size
        if self._waiting >= self._flush_tags or time.monotonic() - self._flushed_s >= self._flush_s:
            self.flush()

    def flush(self) -> None:
        """Write all tags that wait, and have them on the disk when this returns."""
        if self._held:
            self._frame += self._encoder.frame(joined(self._held))
            self._coded += self._waiting
            self._held, self._waiting = [], 0
        if self._frame:
            self._append(self._frame)
            self._frame, self.tags = b"", self._coded
        self._flushed_s = time.monotonic()

    def close(self) -> None:
        """Flush, and end the segment on purpose."""
        if self._handle >= 0:
            self.flush()
            self._append(END)
            os.close(self._handle)
            self._handle = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.break_off()

    def break_off(self) -> None:
        """Flush if that is possible, and end without saying so: readers take the rest for missing."""
        if self._handle >= 0:
            with suppress(DataError):
                self.flush()
            os.close(self._handle)
            self._handle = -1

    def _append(self, data: bytes) -> None:
        """All of it or, as far as the disk lets us, nothing."""
        if self._handle < 0:
            raise DataError(f"{self.path}: is closed")
        try:
            os.lseek(self._handle, self._size, os.SEEK_SET)  # over what an interrupted one may have left
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._handle, rest) :]
            os.fsync(self._handle)
        except OSError as error:
            os.ftruncate(self._handle, self._size)
            raise DataError(
                f"{self.path}: cannot be written after byte {self._size} ({error.strerror}): "
                "make room and flush again"
            ) from error
        self._size += len(data)


def _create(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return handle
    except OSError as error:
        raise DataError(f"{path}: cannot be created ({error.strerror}); nothing is overwritten") from error


def refuse_open(path: Path) -> None:
    """Raise RequestError if a process still writes the file."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise RequestError(f"{path}: a process still writes it; end that one first") from error
    finally:
        os.close(handle)
