# SPDX-License-Identifier: Apache-2.0
"""The node's durable log: SQLite with a dense sequence, a hash chain and a mark outside the database.

A row is committed (WAL, synchronous FULL) and the mark synced before anything is said about it. SQLite alone
is not enough: a flipped bit in a write-ahead log can make committed rows vanish with ``integrity_check`` ok.
The chain shows a changed or missing row, the mark a lost end.
"""

from heraldlink.journal.chain import Entry, Row
from heraldlink.journal.log import Journal, Reader, journal_file
from heraldlink.journal.repair import repair

__all__ = ["Entry", "Journal", "Reader", "Row", "journal_file", "repair"]
