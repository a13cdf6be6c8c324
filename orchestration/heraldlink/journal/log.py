# SPDX-License-Identifier: Apache-2.0
"""An open journal: append, synced, and read back."""

import os
import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

from heraldlink.errors import JournalError
from heraldlink.journal.chain import Entry, RawRow, Row, damaged, follow, linked
from heraldlink.journal.cuts import beginning, check_free_pages, last_cut
from heraldlink.journal.database import SELECT, VERSION, insert, is_full, open_database
from heraldlink.journal.mark import open_mark, read_mark, write_mark
from heraldlink.journal.place import warning_here
from heraldlink.journal.reserve import Reserve
from heraldlink.journal.wal import frames_of


def journal_file(data_directory: Path, node: str) -> Path:
    """Where a node's journal lies; its mark file is locked while the node runs."""
    return data_directory / f"journal-{node}.sqlite"


Reader = Callable[[int, str, bytes], None]
"""Takes a row: its number, kind and payload."""


def pass_over(seq: int, kind: str, payload: bytes) -> None:
    """Read nothing."""


class Journal:
    """An open, verified journal; one process at a time.

    ``path`` is the SQLite file; the mark lies beside it with the suffix ``.mark``, the space kept for a full
    disk with ``.reserve``. Opening verifies every row and raises JournalError, naming the file and the repair
    command, if anything does not fit. ``notes`` are sentences about what was found, for people. ``reader``
    gets every row while it is verified, so that who needs them need not read them again. Rows up to ``base``
    lie in archives: they are not read, and those that are still here are let go of (`forget`).
    """

    def __init__(self, path: Path, reader: Reader = pass_over) -> None:
        self.path = path
        self.notes: tuple[str, ...] = ()
        self.base = self._gone = 0
        self._mark = open_mark(path)
        try:
            self._reserve = Reserve(path)
            frames = frames_of(path)
            self._database = open_database(path)
            self._seq, self._hash = self._verify(reader)
            self._settle(frames.torn(self._committed_frames()))
        except BaseException:
            os.close(self._mark)
            raise

    @property
    def last_seq(self) -> int:
        """Sequence number of the last row, 0 if there is none."""
        return self._seq

    @property
    def full(self) -> bool:
        """Whether the disk is full: what was begun is still written, new pairs are not to be taken."""
        return not self._reserve.held

    def find_space(self) -> bool:
        """Set the reserve aside again if there is space by now; whether new pairs may be taken."""
        return self._reserve.take()

    def append(self, entries: Sequence[Entry]) -> int:
        """Commit ``entries`` together and return the last sequence number; durable when it returns.

        A full disk uses the reserve. Raises JournalError if the storage refuses; the journal is then closed
        to further writing: after a failed sync nobody knows what is on the disk.
        """
        rows: list[RawRow] = []
        seq, digest = self._seq, self._hash
        for entry in entries:
            rows.append(linked(entry, seq + 1, digest))
            seq, digest = rows[-1][0], rows[-1][-1]
        try:
            self._write(rows)
            write_mark(self._mark, seq, digest)
        except (sqlite3.Error, OSError) as error:
            raise self._spoiled(error) from error
        self._seq, self._hash = seq, digest
        return seq

    @property
    def leftover(self) -> int:
        """How many rows are here that lie in an archive as well."""
        return self.base - self._gone

    def cut(self, before: int) -> None:
        """Rows below ``before`` are in an archive, and a row that says so is on disk."""
        self.base = max(self.base, before - 1)

    def forget(self, most: int) -> bool:
        """Let go of up to ``most`` rows that lie in an archive; not on a full disk, and then says False.

        Raises JournalError as ``append`` does.
        """
        last = min(self._gone + most, self.base)
        try:
            with self._database:
                self._database.execute("DELETE FROM journal WHERE seq <= ?", (last,))
                self._database.execute(f"PRAGMA user_version = {VERSION}")
            self._gone = last
        except sqlite3.Error as error:
            if not is_full(error):
                raise self._spoiled(error) from error
            return False
        return True

    def rows(self, kind: str | None = None, after: int = 0) -> Iterator[Row]:
        """Rows after a sequence number, in order, of one kind or all."""
        query = (
            "SELECT seq, kind, payload, hash FROM journal"
            " WHERE seq > ? AND (? IS NULL OR kind = ?) ORDER BY seq"
        )
        for seq, name, payload, digest in self._database.execute(query, (after, kind, kind)):
            yield Row(seq, name, payload, digest)

    def of_kinds(self, kinds: Collection[str]) -> Iterator[Row]:
        """All rows of these kinds, in order."""
        marks = ", ".join("?" * len(kinds))
        query = f"SELECT seq, kind, payload, hash FROM journal WHERE kind IN ({marks}) ORDER BY seq"  # noqa: S608
        for seq, name, payload, digest in self._database.execute(query, tuple(kinds)):
            yield Row(seq, name, payload, digest)

    def last(self, kind: str) -> Row | None:
        """The last row of a kind, None if there is none."""
        query = "SELECT seq, kind, payload, hash FROM journal WHERE kind = ? ORDER BY seq DESC LIMIT 1"
        found = self._database.execute(query, (kind,)).fetchone()
        return Row(*found) if found else None

    def row(self, seq: int) -> Row:
        """One row. Raises KeyError if there is none of this number."""
        query = "SELECT seq, kind, payload, hash FROM journal WHERE seq = ?"
        found = self._database.execute(query, (seq,)).fetchone()
        if found is None:
            raise KeyError(seq)
        return Row(*found)

    def close(self) -> None:
        """Close the files and free the lock."""
        self._database.close()
        os.close(self._mark)

    def _spoiled(self, error: Exception) -> JournalError:
        self._database.close()
        return JournalError(
            f"journal {self.path} cannot be written ({error}): nothing more is accepted; "
            "look after the disk, then start the node again"
        )

    def _write(self, rows: list[RawRow]) -> None:
        try:
            insert(self._database, rows)
        except sqlite3.Error as error:
            if not is_full(error) or not self._reserve.release():
                raise
            insert(self._database, rows)

    def _verify(self, reader: Reader) -> tuple[int, bytes]:
        marked_seq, marked_hash = read_mark(self._mark, self.path)
        try:
            check_free_pages(self._database, self.path)
            cut = last_cut(self._database, self.path)
            self._gone, digest = beginning(self._database, cut, self.path)
            seq, self.base = self._gone, cut.before - 1 if cut else 0
            for row in self._database.execute(SELECT):
                seq, digest = follow(row, seq, digest, self.path)
                if seq == marked_seq and digest != marked_hash:
                    raise damaged(self.path, f"row {seq} is not the one that was acknowledged")
                if seq > self.base:
                    reader(seq, row[1], row[2])
        except sqlite3.DatabaseError as error:
            raise damaged(self.path, str(error)) from error
        if seq and os.fstat(self._mark).st_size == 0:
            raise damaged(self.path, "its mark file is missing")
        if seq < marked_seq:
            raise damaged(self.path, f"it ends at row {seq} but row {marked_seq} was acknowledged")
        return seq, digest

    def _committed_frames(self) -> int:
        """Frames of the write-ahead log that count; they are copied into the database, which is synced.

        Rows that a process read back after a failed sync may lie in the system's memory alone: copying them
        is what makes them durable before the mark says so.
        """
        try:
            ((busy, frames, copied),) = self._database.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.DatabaseError as error:
            if is_full(error):  # the log keeps them; what is in it was synced or is synced with the next row
                return 1 << 62
            raise damaged(self.path, str(error)) from error
        return max(frames, 0) if not busy and copied == frames else 1 << 62

    def _settle(self, torn: int) -> None:
        try:
            write_mark(self._mark, self._seq, self._hash)
        except OSError as error:
            raise JournalError(
                f"journal {self.path} cannot be written ({error}): look after the disk"
            ) from error
        notes: list[str] = []
        if torn:
            notes.append(
                f"journal {self.path}: a write that a crash had torn was dropped behind row {self._seq}; "
                "it had not been acknowledged"
            )
        if self.full:
            notes.append(f"journal {self.path}: its disk is full; no new pairs until there is space")
        self.notes = (*notes, *filter(None, [warning_here(self.path)]))
