# SPDX-License-Identifier: Apache-2.0
"""Archives of a journal's old rows: files like it, each sealed, each going on where the last one ends.

An archive is written beside the journal, synced, read back and then named; nothing is taken from the journal
before. One whose name ends with ``.part`` was not finished: all its rows are in the journal.
"""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from heraldlink.errors import JournalError
from heraldlink.journal.books import Book, Place, read_rows
from heraldlink.journal.chain import RawRow, damaged, follow
from heraldlink.journal.cuts import last_cut
from heraldlink.journal.database import CREATE, INSERT, VERSION, read_only
from heraldlink.journal.log import pass_over
from heraldlink.journal.mark import Seal, write_seal
from heraldlink.journal.reserve import RESERVE_BYTES, SPARE_BYTES, free_bytes
from heraldlink.link.facts import PAIR
from heraldlink.messages.record import MOST_RECORDS, Record

PIECE = 200
"""Rows that are copied at once: 1 ms."""
FREE_BYTES = 2 * (RESERVE_BYTES + SPARE_BYTES)
"""What an archive leaves free on its disk: the journal may lie there too, and must not run out of space."""
_SELECT = (
    "SELECT seq, kind, payload, previous, hash FROM journal WHERE seq > ? AND seq < ? ORDER BY seq LIMIT ?"
)
NUMBERS = "-".join(["[0-9]" * 12] * 2)
"""First and last row in an archive's name, as a pattern."""

Pause = Callable[[], None]
"""Called between pieces; raises JournalError to break off."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A finished archive: rows below ``before``, the last one with this hash."""

    path: Path
    before: int
    hash: bytes


def archives_of(journal: Path, folder: Path) -> list[Path]:
    """The archives of a journal in a folder, in the order of their rows."""
    return sorted(folder.glob(f"{journal.stem}-{NUMBERS}.sqlite"))


def first_row(archive: Path) -> int:
    """Where an archive begins, by its name."""
    return int(archive.stem.split("-")[-2])


def name_of(journal: Path, first: int, last: int) -> str:
    """What the archive of these rows is called."""
    return f"{journal.stem}-{first:012d}-{last:012d}.sqlite"


def seal_rows(journal: Path, folder: Path, first: int, before: int, records: int, pause: Pause) -> Sealed:
    """Copy rows from ``first`` to below ``before`` into an archive, verified and synced.

    ``records``: how many there are before ``first``. One that begins at ``first`` and was finished already is
    taken instead. Raises JournalError; then there is none, and the journal was not touched in any case.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        check_space(folder)
        for old in folder.glob(f"{journal.stem}-{NUMBERS}.sqlite.part*"):
            old.unlink()
        for known in archives_of(journal, folder):
            if first_row(known) == first:
                return adopted(known, pause)
        target = folder / name_of(journal, first, before - 1)
        part = target.with_name(target.name + ".part")
        seal = Seal(first, records, copy(journal, part, first, before, pause))
        return finished(part, target, seal, before, pause)
    except (OSError, sqlite3.Error) as error:
        raise JournalError(f"rows of journal {journal} cannot be moved to {folder}: {error}") from error


def copy(journal: Path, part: Path, first: int, before: int, pause: Pause) -> bytes:
    """Copy rows piece by piece and sync each one; the hash before the first one."""
    seq, previous, digest = first - 1, b"", b""
    with closing(read_only(journal)) as source, closing(sqlite3.connect(part)) as target:
        target.execute("PRAGMA journal_mode = OFF")  # what a crash leaves of it is worth nothing
        target.execute("PRAGMA synchronous = NORMAL")  # small syncs: the node's own do not wait long
        target.execute(CREATE)
        target.execute(f"PRAGMA user_version = {VERSION}")
        while seq < before - 1:
            rows: list[RawRow] = source.execute(_SELECT, (seq, before, PIECE)).fetchall()
            if not rows:
                raise damaged(journal, f"row {seq + 1} is missing")
            previous = previous or rows[0][3]
            for row in rows:
                seq, digest = follow(row, seq, digest or row[3], journal)
            check_space(part.parent)
            with target:
                target.executemany(INSERT, rows)
            pause()
    return previous


def check_space(folder: Path) -> None:
    """Raise JournalError if an archive would leave too little on the disk."""
    if (left := free_bytes(folder)) < FREE_BYTES:
        raise JournalError(f"only {left / 2**20:.0f} MiB are free on its disk, {FREE_BYTES >> 20} are kept")


def finished(part: Path, target: Path, seal: Seal, before: int, pause: Pause) -> Sealed:
    """Sync an archive, read it back, and give it its name."""
    descriptor = os.open(part, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
    with closing(read_only(part)) as database:
        (digest,) = database.execute("SELECT hash FROM journal WHERE seq = ?", (before - 1,)).fetchone()
    write_seal(part, seal, before - 1, digest)
    found = adopted(part, pause)
    mark = target.with_name(target.name + ".mark")
    part.with_name(part.name + ".mark").rename(mark)
    part.rename(target)
    sync_folder(target.parent)
    return Sealed(target, before, found.hash)


def adopted(archive: Path, pause: Pause) -> Sealed:
    """Verify an archive with pauses."""

    def paced(seq: int, kind: str, payload: bytes) -> None:
        if seq % PIECE == 0:
            pause()

    place = read_rows(archive, paced)
    return Sealed(archive, place.last + 1, place.hash)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_whole(journal: Path, folder: Path) -> Book:
    """Read and verify a journal with all its archives, the oldest first.

    Raises JournalError if an archive is missing, or does not follow the one before.
    """
    book = Book()
    with closing(read_only(journal)) as database:
        cut = last_cut(database, journal)

    def reader(seq: int, kind: str, payload: bytes) -> None:
        book.add(kind, payload)

    archives = [path for path in archives_of(journal, folder) if cut and first_row(path) < cut.before]
    for path in (*archives, journal):
        book.places.append(following(read_rows(path, reader), book.places))
    return book


def records_of(archive: Path) -> Iterator[list[Record]]:
    """Records of an archive with their numbers, in parts, once all of it is verified. Raises JournalError."""
    seal = read_rows(archive, pass_over).seal
    number = seal.records if seal else 0
    with closing(read_only(archive)) as database:
        rows = database.execute("SELECT hash, payload FROM journal WHERE kind = ? ORDER BY seq", (PAIR,))
        while found := rows.fetchmany(MOST_RECORDS):
            yield [Record(number + place, *row) for place, row in enumerate(found, 1)]
            number += len(found)


def following(place: Place, before: list[Place]) -> Place:
    """The same place, if its first row follows the last one before it. Raises JournalError."""
    last, digest = (before[-1].last, before[-1].hash) if before else (0, bytes(32))
    if place.first != last + 1:
        raise JournalError(
            f"{place.path} begins at row {place.first}, and what is before it ends at row {last}: "
            "put the archives of all rows into one folder and name it (--archive)"
        )
    if place.previous != digest:
        raise damaged(place.path, f"row {place.first} does not follow row {last} of the file before")
    return place
