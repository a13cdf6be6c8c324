# SPDX-License-Identifier: Apache-2.0
"""Where a journal begins whose old rows were moved to an archive.

A ``checkpoint`` row says what has to be known of all rows before it, so that a journal may begin with one. A
``cut`` row, written once the archive is sealed, says at which checkpoint; only then are rows let go of.
"""

import sqlite3
from pathlib import Path

import msgspec

from heraldlink.journal.chain import GENESIS, damaged

CHECKPOINT, CUT = "checkpoint", "cut"
_LAST_CUT = "SELECT payload FROM journal WHERE kind = 'cut' ORDER BY seq DESC LIMIT 1"
_FIRST = "SELECT seq, previous FROM journal ORDER BY seq LIMIT 1"


class CutFact(msgspec.Struct, frozen=True):
    """Rows below ``before``, a checkpoint's, lie in ``archive``; ``hash`` is that of the last one."""

    before: int
    hash: bytes
    archive: str


def last_cut(database: sqlite3.Connection, path: Path) -> CutFact | None:
    """The last cut as it stands there, to be verified with its row. Raises JournalError."""
    found = database.execute(_LAST_CUT).fetchone()
    try:
        return msgspec.msgpack.decode(found[0], type=CutFact) if found else None
    except (msgspec.MsgspecError, TypeError) as error:
        raise damaged(path, f"its last cut cannot be read ({error})") from error


def beginning(database: sqlite3.Connection, cut: CutFact | None, path: Path) -> tuple[int, bytes]:
    """Number and hash behind which the rows of a journal begin. Raises JournalError if rows are missing.

    Rows below the cut that are still there, because the process ended while it let go of them, are followed.
    """
    if cut is None:
        return 0, GENESIS
    seq, previous = database.execute(_FIRST).fetchone()
    if not isinstance(seq, int) or not isinstance(previous, bytes) or seq > cut.before:
        raise damaged(path, f"row {cut.before} is missing")
    if seq == cut.before and previous != cut.hash:
        raise damaged(path, f"row {seq} does not follow the archive {cut.archive}")
    return seq - 1, previous


def check_free_pages(database: sqlite3.Connection, path: Path) -> None:
    """Rows that were let go of left free pages: raise JournalError if their list names a page in use."""
    ((free,),) = database.execute("PRAGMA freelist_count")
    if free and (found := database.execute("PRAGMA quick_check(1)").fetchone()) != ("ok",):
        raise damaged(path, f"its pages are in disorder ({found[0]})")
