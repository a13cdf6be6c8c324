# SPDX-License-Identifier: Apache-2.0
"""The mark beside a journal: sequence number and hash of the last row that was acknowledged, synced.

It has two places, for even and odd rows, so that a torn write spoils only one. Its file is never longer or
shorter than at its creation, so that a full disk cannot keep it from being written; it is also the lock.
The mark of an archive has a seal as well: where its rows begin.
"""

import fcntl
import os
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

from heraldlink.errors import InUse, JournalError
from heraldlink.journal.chain import GENESIS, damaged

PLACE_BYTES = 512
_MARK = struct.Struct(">Q32sI")
_SEAL = struct.Struct(">QQ32sI")


@dataclass(frozen=True, slots=True)
class Seal:
    """Where an archive begins: its first row, the hash before it, and how many records are earlier."""

    first: int
    records: int
    previous: bytes


def open_mark(path: Path) -> int:
    """Open and lock the mark file. Raises JournalError if another process holds it or it is not writable."""
    mark = path.with_name(path.name + ".mark")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise JournalError(
            f"journal {path} cannot be opened: {error.strerror}; the node needs a data_directory "
            "that it may write to"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise InUse(f"journal {path} is in use: another process of this node is running") from error
    return descriptor


def write_mark(descriptor: int, seq: int, digest: bytes) -> None:
    """Write and sync the mark. Raises OSError."""
    body = struct.pack(">Q32s", seq, digest)
    record = _MARK.pack(seq, digest, zlib.crc32(body))
    # the whole place is written, so that the file has its full length after the first two rows
    os.pwrite(descriptor, record.ljust(PLACE_BYTES, b"\0"), (seq % 2) * PLACE_BYTES)
    os.fdatasync(descriptor)


def read_mark(descriptor: int, path: Path) -> tuple[int, bytes]:
    """Last acknowledged (sequence, hash); (0, zeros) in a new file. Raises JournalError if unreadable."""
    best, size = (0, GENESIS), os.fstat(descriptor).st_size
    valid = size == 0
    for offset in (0, PLACE_BYTES):
        record = os.pread(descriptor, _MARK.size, offset)
        if len(record) == _MARK.size:
            seq, digest, crc = _MARK.unpack(record)
            if zlib.crc32(record[:-4]) == crc:
                valid, best = True, max(best, (seq, digest))
    if not valid:
        raise damaged(path, "its mark file is unreadable")
    return best


def write_seal(path: Path, seal: Seal, last: int, digest: bytes) -> None:
    """Write and sync the mark of an archive whose last row is ``last``. Raises OSError."""
    body = struct.pack(">QQ32s", seal.first, seal.records, seal.previous)
    descriptor = os.open(path.with_name(path.name + ".mark"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.pwrite(descriptor, body + struct.pack(">I", zlib.crc32(body)), 2 * PLACE_BYTES)
        write_mark(descriptor, last, digest)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_seal(descriptor: int, path: Path) -> Seal | None:
    """Where an archive begins, None of a journal that is in use. Raises JournalError if unreadable."""
    record = os.pread(descriptor, _SEAL.size, 2 * PLACE_BYTES)
    if not record:
        return None
    if len(record) < _SEAL.size or zlib.crc32(record[:-4]) != _SEAL.unpack(record)[-1]:
        raise damaged(path, "its seal is unreadable")
    return Seal(*_SEAL.unpack(record)[:-1])
