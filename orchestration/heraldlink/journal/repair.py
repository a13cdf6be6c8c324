# SPDX-License-Identifier: Apache-2.0
"""Set a damaged journal aside and go on with its intact beginning."""

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

import msgspec

from heraldlink.errors import JournalError
from heraldlink.journal.chain import GENESIS, Entry, RawRow, follow, linked
from heraldlink.journal.cuts import CHECKPOINT, CUT, CutFact
from heraldlink.journal.database import SELECT, VERSION, absent, insert, open_database
from heraldlink.journal.mark import open_mark, write_mark


def repair(path: Path) -> str:
    """Set a damaged journal aside and start a new one with its intact beginning; says what was done.

    Rows that were acknowledged and cannot be trusted any more stay in the file that is set aside. Raises
    JournalError if the journal is in use or cannot be read at all.
    """
    if not path.exists():
        raise absent(path)
    descriptor = open_mark(path)
    try:
        rows = intact_rows(path)
        aside = path.with_name(f"{path.name}.damaged-{time.time_ns()}")
        for suffix in ("", "-wal", "-shm"):
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        database = open_database(path)
        insert(database, rows)
        if rows and rows[0][0] > 1:
            database.execute(f"PRAGMA user_version = {VERSION}")
        database.close()
        os.ftruncate(descriptor, 0)
        write_mark(descriptor, rows[-1][0] if rows else 0, rows[-1][4] if rows else GENESIS)
    except (OSError, sqlite3.Error) as error:
        raise JournalError(f"journal {path} cannot be repaired: {error}") from error
    finally:
        os.close(descriptor)
    return f"journal {path} was set aside as {aside.name}; {len(rows)} intact rows were kept"


def intact_rows(path: Path) -> list[RawRow]:
    """Rows from the beginning as far as the chain holds.

    Where old rows were moved to an archive, the beginning is a checkpoint, and the last row says so.
    """
    rows: list[RawRow] = []
    with closing(sqlite3.connect(path)) as database, suppress(sqlite3.DatabaseError, JournalError):
        for row in database.execute(SELECT):
            if not rows and row[0] > 1 and (row[1] != CHECKPOINT or not isinstance(row[3], bytes)):
                continue
            first = row[0] - 1, row[3] if row[0] > 1 else GENESIS
            seq, digest = (rows[-1][0], rows[-1][4]) if rows else first
            follow(row, seq, digest, path)
            rows.append(row)
    if rows and rows[0][0] > 1 and not any(is_cut_at(row, rows[0][0]) for row in rows):
        fact = CutFact(rows[0][0], rows[0][3], "before the repair")
        rows.append(linked(Entry(CUT, fact), rows[-1][0] + 1, rows[-1][4]))
    return rows


def is_cut_at(row: RawRow, first: int) -> bool:
    """Whether a row says that what is before ``first`` was moved to an archive."""
    return row[1] == CUT and msgspec.msgpack.decode(row[2], type=CutFact).before >= first
