# SPDX-License-Identifier: Apache-2.0
"""The node's durable log: SQLite with a dense sequence, a hash chain and a mark outside the database.

A row is committed (WAL, synchronous FULL) and the mark synced before anything is said about it. SQLite alone
is not enough: a flipped bit in a write-ahead log can make committed rows vanish with ``integrity_check`` ok.
The chain shows a changed or missing row, the mark a lost end.
"""

import fcntl
import hashlib
import os
import sqlite3
import struct
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from heraldlink.errors import JournalError

GENESIS = bytes(32)
_MARK = struct.Struct(">Q32sI")
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS journal (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, "
    "payload BLOB NOT NULL, previous BLOB NOT NULL, hash BLOB NOT NULL) STRICT"
)


@dataclass(frozen=True, slots=True)
class Row:
    """One journalled fact; ``payload`` is msgpack of a struct of that kind."""

    seq: int
    kind: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact to journal."""

    kind: str
    body: msgspec.Struct


def chain(previous: bytes, seq: int, kind: str, payload: bytes) -> bytes:
    """Hash of a row: SHA-256 over its predecessor's hash, its number, kind and payload."""
    name = kind.encode()
    return hashlib.sha256(previous + struct.pack(">QI", seq, len(name)) + name + payload).digest()


class Journal:
    """An open, verified journal; one process at a time.

    ``path`` is the SQLite file; the mark lies beside it with the suffix ``.mark``. Opening verifies every
    row and raises JournalError, naming the file and the repair command, if anything does not fit.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._mark = open_mark(path)
        try:
            self._database = open_database(path)
            self._seq, self._hash = self._verify()
        except BaseException:
            os.close(self._mark)
            raise

    @property
    def last_seq(self) -> int:
        """Sequence number of the last row, 0 if there is none."""
        return self._seq

    def append(self, entries: Sequence[Entry]) -> int:
        """Commit ``entries`` together and return the last sequence number; durable when it returns.

        Raises JournalError if the storage refuses; the journal is then closed to further writing.
        """
        seq, digest = self._seq, self._hash
        rows: list[tuple[int, str, bytes, bytes, bytes]] = []
        for entry in entries:
            payload = msgspec.msgpack.encode(entry.body)
            seq, previous = seq + 1, digest
            digest = chain(previous, seq, entry.kind, payload)
            rows.append((seq, entry.kind, payload, previous, digest))
        try:
            with self._database:
                self._database.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", rows)
            write_mark(self._mark, seq, digest)
        except (sqlite3.Error, OSError) as error:
            self._database.close()
            raise JournalError(
                f"journal {self.path} cannot be written ({error}): nothing more is accepted"
            ) from error
        self._seq, self._hash = seq, digest
        return seq

    def rows(self, kind: str | None = None, after: int = 0) -> Iterator[Row]:
        """Rows after a sequence number, in order, of one kind or all."""
        query = (
            "SELECT seq, kind, payload FROM journal WHERE seq > ? AND (? IS NULL OR kind = ?) ORDER BY seq"
        )
        for seq, name, payload in self._database.execute(query, (after, kind, kind)):
            yield Row(seq, name, payload)

    def close(self) -> None:
        """Close the files and free the lock."""
        self._database.close()
        os.close(self._mark)

    def _verify(self) -> tuple[int, bytes]:
        seq, digest = 0, GENESIS
        marked_seq, marked_hash = read_mark(self._mark, self.path)
        try:
            for row in self._database.execute("SELECT * FROM journal ORDER BY seq"):
                seq, digest = follow(row, seq, digest, self.path)
                if seq == marked_seq and digest != marked_hash:
                    raise damaged(self.path, f"row {seq} is not the one that was acknowledged")
        except sqlite3.DatabaseError as error:
            raise damaged(self.path, str(error)) from error
        if seq and os.fstat(self._mark).st_size == 0:
            raise damaged(self.path, "its mark file is missing")
        if seq < marked_seq:
            raise damaged(self.path, f"it ends at row {seq} but row {marked_seq} was acknowledged")
        write_mark(self._mark, seq, digest)
        return seq, digest


def follow(
    row: tuple[int, str, bytes, bytes, bytes], seq: int, digest: bytes, path: Path
) -> tuple[int, bytes]:
    """Check that ``row`` continues the chain; its number and hash. Raises JournalError."""
    found, kind, payload, previous, own = row
    if found != seq + 1:
        raise damaged(path, f"row {seq + 1} is missing")
    if previous != digest or own != chain(digest, found, kind, payload):
        raise damaged(path, f"row {found} was changed")
    return found, own


def damaged(path: Path, what: str) -> JournalError:
    """The error that refuses to start, with the remedy."""
    return JournalError(
        f"journal {path} is damaged: {what}; the node does not start on it. "
        f"To set it aside and keep its intact beginning: heraldlink journal repair {path}"
    )


def journal_file(data_directory: Path, node: str) -> Path:
    """Where a node's journal lies; its mark file is locked while the node runs."""
    return data_directory / f"journal-{node}.sqlite"


def open_mark(path: Path) -> int:
    """Open and lock the mark file. Raises JournalError if another process holds it or it is not writable."""
    mark = path.with_name(path.name + ".mark")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(mark, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise JournalError(f"journal {path} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise JournalError(f"journal {path} is in use: another process of this node is running") from error
    return descriptor


def open_database(path: Path) -> sqlite3.Connection:
    """Open the SQLite file with write-ahead log and full synchronisation. Raises JournalError."""
    try:
        database = sqlite3.connect(path)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute(_SCHEMA)
    except sqlite3.DatabaseError as error:
        raise damaged(path, str(error)) from error
    return database


def write_mark(descriptor: int, seq: int, digest: bytes) -> None:
    """Write and sync the mark; even and odd rows use two places, so a torn write spoils only one."""
    body = struct.pack(">Q32s", seq, digest)
    record = _MARK.pack(seq, digest, zlib.crc32(body))
    os.pwrite(descriptor, record, (seq % 2) * 512)
    os.fdatasync(descriptor)


def read_mark(descriptor: int, path: Path) -> tuple[int, bytes]:
    """Last acknowledged (sequence, hash); (0, zeros) in a new file. Raises JournalError if unreadable."""
    best, size = (0, GENESIS), os.fstat(descriptor).st_size
    valid = size == 0
    for offset in (0, 512):
        record = os.pread(descriptor, _MARK.size, offset)
        if len(record) == _MARK.size:
            seq, digest, crc = _MARK.unpack(record)
            if zlib.crc32(record[:-4]) == crc:
                valid, best = True, max(best, (seq, digest))
    if not valid:
        raise damaged(path, "its mark file is unreadable")
    return best


def repair(path: Path) -> str:
    """Set a damaged journal aside and start a new one with its intact beginning; says what was done.

    Rows that were acknowledged and cannot be trusted any more stay in the file that is set aside. Raises
    JournalError if the journal is in use or cannot be read at all.
    """
    descriptor = open_mark(path)
    try:
        rows = intact_rows(path)
        aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
        for suffix in ("", "-wal", "-shm"):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        database = open_database(path)
        with database:
            database.executemany("INSERT INTO journal VALUES (?, ?, ?, ?, ?)", rows)
        database.close()
        os.ftruncate(descriptor, 0)
        write_mark(descriptor, len(rows), rows[-1][4] if rows else GENESIS)
    except (OSError, sqlite3.Error) as error:
        raise JournalError(f"journal {path} cannot be repaired: {error}") from error
    finally:
        os.close(descriptor)
    return f"journal {path} was set aside as {aside.name}; {len(rows)} intact rows were kept"


def intact_rows(path: Path) -> list[tuple[int, str, bytes, bytes, bytes]]:
    """Rows from the beginning as far as the chain holds."""
    rows: list[tuple[int, str, bytes, bytes, bytes]] = []
    seq, digest = 0, GENESIS
    with closing(sqlite3.connect(path)) as database, suppress(sqlite3.DatabaseError, JournalError):
        for row in database.execute("SELECT * FROM journal ORDER BY seq"):
            seq, digest = follow(row, seq, digest, path)
            rows.append(row)
    return rows
