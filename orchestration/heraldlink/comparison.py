# SPDX-License-Identifier: Apache-2.0
"""One request's pairs compared at all nodes, through their record channels, while they run."""

import time
from collections.abc import Mapping
from contextlib import ExitStack

import msgspec

from heraldlink.journal.books import Book
from heraldlink.journal.reconcile import Difference, differences
from heraldlink.link.facts import PAIR, PairFact
from heraldlink.record_reader import RecordReader
from heraldlink.records import Cursor

SETTLE_S = 5.0
"""For a decision to reach every node."""

AGAIN_S = 0.1
OTHERS = 1000
"""Records of other requests that may stand between this one's."""


def compare(
    readers: Mapping[str, RecordReader], midpoint: str, request: int, heralds: int
) -> list[Difference]:
    """What the nodes' journals say differently of a request with ``heralds`` decided heralds.

    Decisions on their way get ``SETTLE_S`` seconds. Closes the readers. Raises NodeLost if a node does not
    answer.
    """
    with ExitStack() as stack:
        for reader in readers.values():
            stack.callback(reader.close)
        return settled(readers, midpoint, request, heralds)


def settled(
    readers: Mapping[str, RecordReader], midpoint: str, request: int, heralds: int
) -> list[Difference]:
    """The differences that stay."""
    cursors = {node: Cursor(max(0, reader.last() - heralds - OTHERS)) for node, reader in readers.items()}
    books = {node: Book(node) for node in readers}
    end = time.monotonic() + SETTLE_S
    while True:
        for node, reader in readers.items():
            cursors[node] = read_on(reader, books[node], cursors[node], request)
        found = differences(books, midpoint)
        if not found or time.monotonic() > end:
            return found
        time.sleep(AGAIN_S)


def read_on(reader: RecordReader, book: Book, cursor: Cursor, request: int) -> Cursor:
    """Put new records of a request into a book; where to go on."""
    while True:
        answer = reader.fetch(cursor)
        if not answer.records:
            return cursor
        for record in answer.records:
            if msgspec.msgpack.decode(record.fact, type=PairFact).request == request:
                book.add(PAIR, record.fact)
        cursor = Cursor(answer.records[-1].number, answer.records[-1].hash)
