# SPDX-License-Identifier: Apache-2.0
"""Record channel: what an application fetches of a node's journal, and how far it has stored it.

Records are numbered from 1 without gaps, in the order of the journal, and are never changed. ``hash`` is the
journal's chain up to a record: a cursor with its hash fits one journal only.
"""

import msgspec

from heraldlink.messages.command import Err
from heraldlink.messages.header import Body, kind_of

MOST_RECORDS = 500
LONGEST_WAIT_S = 20.0


class Record(msgspec.Struct, frozen=True, array_like=True):
    """One decided herald. ``fact`` is what the journal has of it (msgpack of a PairFact)."""

    number: int
    hash: bytes
    fact: bytes


class Fetch(Body, frozen=True, tag="record.fetch"):
    """Records behind ``after``, at most ``most``; waits up to ``wait_s`` if there are none.

    ``after`` -1: behind what the consumer has committed. ``hash``: of the record ``after``, empty if unknown.
    """

    consumer: str
    after: int
    hash: bytes
    most: int
    wait_s: float


class Records(Body, frozen=True, tag="record.records"):
    """The records, in order; ``last`` is the number of the newest one. ``first_end`` orders outcomes."""

    node: str
    first_end: str
    last: int
    records: tuple[Record, ...]


class Keep(Body, frozen=True, tag="record.commit"):
    """The consumer has stored everything up to this record, durably."""

    consumer: str
    number: int
    hash: bytes


class Kept(Body, frozen=True, tag="record.committed"):
    """The node remembers it, durably; ``number`` is the consumer's furthest."""

    consumer: str
    number: int


_BODIES: tuple[type[Body], ...] = (Fetch, Records, Keep, Kept, Err)
RECORD_TYPES: dict[str, type[Body]] = {kind_of(body): body for body in _BODIES}
