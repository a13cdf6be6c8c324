# SPDX-License-Identifier: Apache-2.0
"""Pairs of a node's journal as an application keeps them: each one once, whatever crashes in between.

A node delivers records at least once. Here each batch is stored in one transaction with the cursor behind it,
under a key that never changes, so that a repeated record has no effect.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Protocol

import msgspec

from heraldlink.errors import DataError, ProtocolError
from heraldlink.link.facts import PairFact
from heraldlink.messages.record import Record
from heraldlink.messages.values import BELL_STATES, BellState, Origin, Status

LOCK_PATIENCE_S = 60.0
"""How long another program may hold the lock of a store."""


@dataclass(frozen=True, slots=True)
class PairRecord:
    """One decided herald as a node's journal has it; (node, request, burst, attempt) identifies it for ever.

    ``number`` counts the node's records from 1 without gaps. ``outcomes`` are +1 for |g>, -1 for |e>, 0 where
    none was read; local is the node's own. ``goodness`` with its one-sigma uncertainty is in 0..1.
    """

    node: str
    number: int
    request: int
    burst: int
    slot: int
    attempt: int
    mhp_seq: int
    sequence_number: int
    bell_state: BellState
    basis: str
    outcome_local: int
    outcome_remote: int
    goodness: float
    goodness_sigma: float
    status: Status
    reason: str
    origin: Origin

    @classmethod
    def of(cls, node: str, first_end: str, record: Record) -> "PairRecord":
        """From the message. Raises ProtocolError if its fact cannot be read."""
        try:
            fact = msgspec.msgpack.decode(record.fact, type=PairFact)
        except msgspec.MsgspecError as error:
            raise ProtocolError(f"record {record.number} of node {node} cannot be read: {error}") from error
        decision = fact.decision
        first, second = decision.outcomes
        local, remote = (first, second) if node == first_end else (second, first)
        return cls(
            node=node,
            number=record.number,
            request=fact.request,
            burst=fact.burst,
            slot=fact.slot,
            attempt=decision.attempt,
            mhp_seq=decision.mhp_seq,
            sequence_number=decision.sequence_number,
            bell_state=BELL_STATES[decision.outcome],
            basis=fact.basis,
            outcome_local=local,
            outcome_remote=remote,
            goodness=decision.goodness,
            goodness_sigma=decision.goodness_sigma,
            status=decision.status,
            reason=decision.reason,
            origin=fact.origin,
        )


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far an application has stored a node's records; the hash fits that node's journal only."""

    number: int = 0
    hash: bytes = b""


class Sink(Protocol):
    """Where an application keeps records. ``write`` stores records and cursor together or not at all."""

    def cursor(self, node: str) -> Cursor:
        """Where to go on."""
        ...

    def write(self, node: str, records: Sequence[PairRecord], cursor: Cursor) -> list[PairRecord]:
        """Store, durably; the records that were not there yet."""
        ...


COLUMNS = tuple(field.name for field in fields(PairRecord))
_SCHEMA = (
    f"CREATE TABLE IF NOT EXISTS pairs ({', '.join(COLUMNS)}, PRIMARY KEY (node, request, burst, attempt))",
    "CREATE TABLE IF NOT EXISTS cursors (node TEXT PRIMARY KEY, number INTEGER NOT NULL, hash BLOB NOT NULL)",
)


class RecordStore:
    """An SQLite file with a table ``pairs`` and the cursors of all nodes that fill it."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(self.path, timeout=LOCK_PATIENCE_S)
            self._database.execute("PRAGMA synchronous = FULL")
            with self._database:
                for statement in _SCHEMA:
                    self._database.execute(statement)
        except (sqlite3.Error, OSError) as error:
            raise DataError(f"{self.path} cannot be opened as a store of records: {error}") from error

    def cursor(self, node: str) -> Cursor:
        """Where to go on with a node."""
        row = self._database.execute("SELECT number, hash FROM cursors WHERE node = ?", (node,)).fetchone()
        return Cursor(*row) if row else Cursor()

    def write(self, node: str, records: Sequence[PairRecord], cursor: Cursor) -> list[PairRecord]:
        """Store records and cursor in one transaction; the records that were new.

        Waits for the lock while another program reads or writes. Raises DataError; then nothing is stored.
        """
        marks = ", ".join("?" * len(COLUMNS))
        insert = f"INSERT OR IGNORE INTO pairs ({', '.join(COLUMNS)}) VALUES ({marks})"  # noqa: S608 - ours
        try:
            with self._database:
                new = [
                    record for record in records if self._database.execute(insert, astuple(record)).rowcount
                ]
                self._database.execute(
                    "INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)", (node, cursor.number, cursor.hash)
                )
        except sqlite3.Error as error:
            raise DataError(
                f"{self.path} cannot be written ({error}): close the program that holds it or free the disk; "
                "no record is lost, the node delivers them again"
            ) from error
        return new

    def pairs(self, node: str) -> Iterator[PairRecord]:
        """What is stored of a node, in the order of its journal."""
        query = f"SELECT {', '.join(COLUMNS)} FROM pairs WHERE node = ? ORDER BY number"  # noqa: S608 - ours
        for row in self._database.execute(query, (node,)):
            yield PairRecord(*row)

    def close(self) -> None:
        """Close the file."""
        self._database.close()
