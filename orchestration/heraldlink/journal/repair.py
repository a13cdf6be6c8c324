# SPDX-License-Identifier: Apache-2.0
"""Set a damaged journal aside and go on with its intact beginning."""

import os
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path

from heraldlink.errors import JournalError
from heraldlink.journal.chain import GENESIS, RawRow, follow
from heraldlink.journal.database import SELECT, absent, insert, open_database
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
        database.close()
        os.ftruncate(descriptor, 0)
        write_mark(descriptor, len(rows), rows[-1][4] if rows else GENESIS)
    except (OSError, sqlite3.Error) as error:
        raise JournalError(f"journal {path} cannot be repaired: {error}") from error
    finally:
        os.close(descriptor)
    return f"journal {path} was set aside as {aside.name}; {len(rows)} intact rows were kept"


def intact_rows(path: Path) -> list[RawRow]:
    """Rows from the beginning as far as the chain holds."""
    rows: list[RawRow] = []
    seq, digest = 0, GENESIS
    with closing(sqlite3.connect(path)) as database, suppress(sqlite3.DatabaseError, JournalError):
        for row in database.execute(SELECT):
            seq, digest = follow(row, seq, digest, path)
            rows.append(row)
    return rows
