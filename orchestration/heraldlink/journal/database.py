# SPDX-License-Identifier: Apache-2.0
"""The SQLite file of a journal: its schema, its version, and how it is opened.

Version 0 (before there was a number) has the same table; it is read and continued, never rewritten. A journal
becomes version 2 when rows are let go of that lie in an archive: earlier programs would find it damaged. What
a newer program wrote is refused.
"""

import sqlite3
from pathlib import Path

from heraldlink.errors import JournalError
from heraldlink.journal.chain import RawRow, damaged

WHOLE, VERSION = 1, 2
INSERT = "INSERT INTO journal VALUES (?, ?, ?, ?, ?)"
SELECT = "SELECT seq, kind, payload, previous, hash FROM journal ORDER BY seq"
CREATE = (
    "CREATE TABLE journal (seq INTEGER PRIMARY KEY, kind TEXT NOT NULL, "
    "payload BLOB NOT NULL, previous BLOB NOT NULL, hash BLOB NOT NULL) STRICT"
)


def open_database(path: Path) -> sqlite3.Connection:
    """Open the SQLite file with write-ahead log and full synchronisation. Raises JournalError."""
    try:
        database = sqlite3.connect(path)
        check_version(database, path)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'journal'").fetchone():
            with database:
                database.execute(CREATE)
                database.execute(f"PRAGMA user_version = {WHOLE}")
    except sqlite3.OperationalError as error:
        if is_full(error):
            raise JournalError(
                f"journal {path} cannot be opened: its disk is full; free some space"
            ) from error
        raise damaged(path, str(error)) from error
    except sqlite3.DatabaseError as error:
        raise damaged(path, str(error)) from error
    return database


def read_only(path: Path) -> sqlite3.Connection:
    """Open a journal to look at, also while its node runs. Raises JournalError if there is none."""
    if not path.is_file():
        raise absent(path)
    try:
        database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        check_version(database, path)
    except sqlite3.DatabaseError as error:
        raise damaged(path, str(error)) from error
    return database


def absent(path: Path) -> JournalError:
    """The error where no journal is."""
    return JournalError(f"there is no journal {path}: a node's file names its data_directory")


def check_version(database: sqlite3.Connection, path: Path) -> None:
    """Raise JournalError if a newer program wrote this journal."""
    ((version,),) = database.execute("PRAGMA user_version")
    if version > VERSION:
        raise JournalError(
            f"journal {path} is of version {version}, this program knows up to {VERSION}: "
            "upgrade heraldlink, or give the node another data_directory"
        )


def insert(database: sqlite3.Connection, rows: list[RawRow]) -> None:
    """Commit rows together, synced. Raises sqlite3.Error; then none of them is there."""
    with database:
        database.executemany(INSERT, rows)


def is_full(error: Exception) -> bool:
    """Whether a write failed because there is no space."""
    return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL
