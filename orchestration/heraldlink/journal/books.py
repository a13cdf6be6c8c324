# SPDX-License-Identifier: Apache-2.0
"""What a journal says, read beside its node: pairs by identity, and how its requests ended.

An archive of old rows is read in the same way.
"""

import os
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec

from heraldlink.errors import JournalError
from heraldlink.journal.chain import damaged, follow
from heraldlink.journal.cuts import beginning, last_cut
from heraldlink.journal.database import SELECT, absent, read_only
from heraldlink.journal.log import Reader
from heraldlink.journal.mark import Seal, read_mark, read_seal
from heraldlink.link.facts import (
    BOOT,
    END,
    HERALDS,
    PAIR,
    PENDING,
    REQUEST,
    BootFact,
    EndFact,
    HeraldsFact,
    PairFact,
    PendingFact,
    RequestFact,
)


class Identity(NamedTuple):
    """What names a herald everywhere, for ever."""

    request: int
    burst: int
    attempt: int


@dataclass
class Book:
    """One node's journal. ``repeated`` pairs have more than one decision; ``heralds`` are all it knows.

    ``places``: where its files begin and end, in the order in which they were read.
    """

    node: str = ""
    rows: int = 0
    places: list["Place"] = field(default_factory=list["Place"])
    kinds: Counter[str] = field(default_factory=Counter[str])
    requests: dict[int, RequestFact] = field(default_factory=dict[int, RequestFact])
    ends: dict[int, list[EndFact]] = field(default_factory=dict[int, list[EndFact]])
    pairs: dict[Identity, PairFact] = field(default_factory=dict[Identity, PairFact])
    repeated: list[Identity] = field(default_factory=list[Identity])
    heralds: dict[Identity, int] = field(default_factory=dict[Identity, int])

    @property
    def last(self) -> "Place":
        """The file that was read last."""
        return self.places[-1]

    @property
    def undecided(self) -> list[Identity]:
        """Heralds without a decision."""
        return [identity for identity in self.heralds if identity not in self.pairs]

    @property
    def open_requests(self) -> list[int]:
        """Requests that were taken and have no end yet."""
        return [request for request in self.requests if request not in self.ends]

    @property
    def numbers_heralds(self) -> bool:
        """Whether this is a midpoint's."""
        return self.kinds[HERALDS] > 0

    def add(self, kind: str, payload: bytes) -> None:
        """Take one row. Raises msgspec.MsgspecError if it is not what its kind says."""
        self.rows += 1
        self.kinds[kind] += 1
        if kind not in _TYPES:
            return
        match msgspec.msgpack.decode(payload, type=_TYPES[kind]):
            case BootFact(node=node):
                self.node = node
            case RequestFact() as fact:
                self.requests[fact.request] = fact
            case EndFact() as fact:
                self.ends.setdefault(fact.request, []).append(fact)
            case PairFact() as fact:
                identity = Identity(fact.request, fact.burst, fact.decision.attempt)
                if identity in self.pairs:
                    self.repeated.append(identity)
                self.pairs[identity] = fact
            case HeraldsFact() | PendingFact() as fact:
                for herald in fact.heralds:
                    self.heralds[Identity(fact.request, fact.burst, herald.attempt)] = herald.mhp_seq
            case _:
                pass


_TYPES: dict[str, type[msgspec.Struct]] = {
    BOOT: BootFact,
    REQUEST: RequestFact,
    END: EndFact,
    PAIR: PairFact,
    HERALDS: HeraldsFact,
    PENDING: PendingFact,
}


@dataclass(frozen=True, slots=True)
class Place:
    """First and last row of a verified file, the hash before the first one and that of the last one.

    ``seal``: of an archive. ``left``: rows of a journal that are in an archive too and were passed over.
    """

    path: Path
    first: int
    last: int
    previous: bytes
    hash: bytes
    seal: Seal | None = None
    left: int = 0


def read_book(path: Path) -> Book:
    """Read and verify a journal or an archive, also while its node runs. Raises JournalError."""
    book = Book()
    book.places.append(read_rows(path, lambda _, kind, payload: book.add(kind, payload)))
    return book


def read_rows(path: Path, reader: Reader) -> Place:
    """Verify a journal or an archive and give its rows to ``reader``. Raises JournalError."""
    marked, marked_hash, seal = mark_of(path)
    seq = 0
    with closing(read_only(path)) as database:
        try:
            cut = None if seal else last_cut(database, path)
            seq, digest = (seal.first - 1, seal.previous) if seal else beginning(database, cut, path)
            start, base, previous = seq, cut.before - 1 if cut else seq, digest
            for row in database.execute(SELECT):
                seq, digest = follow(row, seq, digest, path)
                if seq == marked and digest != marked_hash:
                    raise damaged(path, f"row {seq} is not the one that was acknowledged")
                if seq == base:
                    previous = digest
                if seq > base:
                    reader(seq, row[1], row[2])
        except sqlite3.DatabaseError as error:
            raise damaged(path, str(error)) from error
        except msgspec.MsgspecError as error:
            raise JournalError(
                f"journal {path}: row {seq} cannot be read ({error}): which version wrote it?"
            ) from error
    if seq < marked or (seal and seq > marked):
        raise damaged(path, f"it ends at row {seq} but row {marked} was acknowledged")
    return Place(path, base + 1, seq, previous, digest, seal, base - start)


def mark_of(path: Path) -> tuple[int, bytes, Seal | None]:
    """The mark beside a journal, without its lock, and the seal of an archive. Raises JournalError."""
    mark = path.with_name(path.name + ".mark")
    try:
        descriptor = os.open(mark, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        if not path.is_file():
            raise absent(path) from None
        raise damaged(path, "its mark file is missing") from None
    try:
        return *read_mark(descriptor, path), read_seal(descriptor, path)
    finally:
        os.close(descriptor)
