# SPDX-License-Identifier: Apache-2.0
"""The history of a laboratory, and the seven invariants that hold whatever was broken.

I1  no acknowledged pair is lost or doubled      I5  every running node answers `status` within 1 s
I2  nothing acts outside a valid lease epoch     I6  memory and open files stay bounded
I3  outputs are off where control was lost       I7  every refusal is one clear sentence; no node's log
I4  all journals name the same attempt               holds a traceback

Sources: what clients were told, the journals of the three nodes, the bench's wire, /proc, the nodes' logs.
"""

import re
import sqlite3
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

import heraldlink
from heraldlink.errors import HeraldlinkError
from heraldlink.journal import journal_file
from heraldlink.link.facts import END, PAIR, EndFact, PairFact
from heraldlink.messages.values import BELL_STATES
from heraldlink.pairs import Pair

if TYPE_CHECKING:
    from fault_lab.laboratory import Laboratory

SETTLE_S = 10.0
MOST_MORE_BYTES = 64 << 20
MOST_MORE_FILES = 24
NAMED = re.compile(r"\b(alice|bob|midpoint)\b|\b(alice|bob|hub)_[a-z]+\b")
"""A node or an instrument: the culprit, in words of its own."""
Outcome = Literal["invoke", "ok", "fail", "info"]


class HistoryBroken(AssertionError):
    """An invariant does not hold; its text begins with the invariant."""


@dataclass(frozen=True, slots=True)
class Note:
    """One step of a client's call."""

    clock_s: float
    client: str
    outcome: Outcome
    what: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Told:
    """One pair as a client was told it, with what must be equal everywhere."""

    client: str
    request: int
    sequence_number: int
    mhp_seq: int
    slot: int
    attempt: int
    bell_state: str
    basis: str
    outcomes: tuple[int, int]

    @classmethod
    def of(cls, client: str, request: int, pair: Pair) -> "Told":
        """From the client's pair."""
        return cls(
            client, request, pair.sequence_number, pair.mhp_seq, pair.slot, pair.attempt,
            pair.bell_state, pair.basis, pair.outcomes,
        )  # fmt: skip

    @property
    def identity(self) -> tuple[object, ...]:
        """What journals must say of it."""
        return (
            self.request, self.sequence_number, self.mhp_seq, self.slot, self.attempt,
            self.bell_state, self.basis, frozenset(Counter(self.outcomes).items()),
        )  # fmt: skip


@dataclass
class History:
    """Everything clients asked and were told."""

    notes: list[Note] = field(default_factory=list[Note])
    told: list[Told] = field(default_factory=list[Told])
    ends: list[tuple[str, int, str]] = field(default_factory=list[tuple[str, int, str]])
    requests: set[int] = field(default_factory=set[int])

    def note(self, client: str, outcome: Outcome, what: str, sentence: str = "") -> None:
        """Log one step."""
        self.notes.append(Note(time.monotonic(), client, outcome, what, sentence))


@dataclass(frozen=True)
class Book:
    """What one node's journal says."""

    node: str
    pairs: list[PairFact]
    ends: dict[int, list[EndFact]]

    @property
    def confirmed(self) -> list[PairFact]:
        """The pairs."""
        return [fact for fact in self.pairs if fact.decision.status == "CONFIRMED"]


def read_book(data: Path, node: str) -> Book:
    """Read a journal beside the running node: SQLite's own snapshot."""
    pairs: list[PairFact] = []
    ends: dict[int, list[EndFact]] = defaultdict(list)
    path = journal_file(data, node)
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as database:
        query = "SELECT kind, payload FROM journal WHERE kind IN (?, ?) ORDER BY seq"
        for kind, payload in database.execute(query, (PAIR, END)):
            if kind == PAIR:
                pairs.append(msgspec.msgpack.decode(payload, type=PairFact))
            else:
                fact = msgspec.msgpack.decode(payload, type=EndFact)
                ends[fact.request].append(fact)
    database.close()
    return Book(node, pairs, ends)


def check(lab: "Laboratory") -> None:
    """All invariants; those of the journals may take ``SETTLE_S`` to come true while nodes catch up."""
    deadline = time.monotonic() + SETTLE_S
    while True:
        books = {node: read_book(lab.data, node) for node in ("alice", "bob", "midpoint")}
        try:
            check_books(lab.history, books)
            break
        except HistoryBroken:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
    check_answers(lab)
    check_resources(lab)
    check_sentences(lab)


def check_books(history: History, books: dict[str, Book]) -> None:
    """I1 and I4, and that every request ends in exactly one state, the same everywhere."""
    known = {node: confirmed_once(book) for node, book in books.items()}
    for client, seen in Counter((told.client, told.request, told.mhp_seq) for told in history.told).items():
        demand(seen == 1, f"I1: {client} was told {seen} times")
    for told in history.told:
        for node, facts in known.items():
            fact = facts.get(told.mhp_seq)
            demand(fact is not None, f"I1: {told} was acknowledged, and {node}'s journal does not have it")
            demand(identity(fact) == told.identity, f"I4: {told} is {fact} at {node}")
    for node, facts in known.items():
        for number, fact in facts.items():
            mine = known["midpoint"].get(number)
            demand(mine is not None, f"I1: {node} confirmed mhp_seq {number}, the midpoint did not")
            demand(
                identity(mine) == identity(fact),
                f"I4: mhp_seq {number} is {fact} at {node}, {mine} at the midpoint",
            )
    numbers = sorted(fact.decision.sequence_number for fact in known["midpoint"].values())
    demand(numbers == list(range(1, len(numbers) + 1)), f"I1: sequence numbers are not dense: {numbers[:20]}")
    check_ends(history, books)


def check_ends(history: History, books: dict[str, Book]) -> None:
    """Exactly one final state for a request; a delivered one gave its client every pair."""
    for node, book in books.items():
        for request, facts in book.ends.items():
            demand(len(facts) == 1, f"I1: request {request} ended {len(facts)} times at {node}: {facts}")
    states: dict[int, set[str]] = defaultdict(set)
    for book in books.values():
        for request, facts in book.ends.items():
            states[request] |= {fact.state for fact in facts}
    for _, request, state in history.ends:
        states[request].add(state)
    for request, found in states.items():
        demand(len(found) == 1, f"I1: request {request} ended as {' and '.join(sorted(found))}")
    for client, request, state in history.ends:
        told = {item.mhp_seq for item in history.told if (item.client, item.request) == (client, request)}
        book = {fact.decision.mhp_seq for fact in books["midpoint"].confirmed if fact.request == request}
        if state == "DELIVERED":
            demand(told == book, f"I1: request {request} was DELIVERED without {sorted(book - told)[:10]}")


def confirmed_once(book: Book) -> dict[int, PairFact]:
    """Confirmed pairs by mhp_seq; no number is decided twice."""
    decided: dict[int, PairFact] = {}
    for fact in book.pairs:
        number = fact.decision.mhp_seq
        demand(number not in decided, f"I1: mhp_seq {number} was decided twice at {book.node}")
        decided[number] = fact
    return {fact.decision.mhp_seq: fact for fact in book.confirmed}


def identity(fact: PairFact | None) -> tuple[object, ...]:
    """As of ``Told``."""
    assert fact is not None
    item = fact.decision
    return (
        fact.request, item.sequence_number, item.mhp_seq, fact.slot, item.attempt,
        BELL_STATES[item.outcome], fact.basis, frozenset(Counter(item.outcomes).items()),
    )  # fmt: skip


def check_answers(lab: "Laboratory") -> None:
    """I5: `status` within 1 s of every running node."""
    with heraldlink.connect(lab.addresses) as network:
        for node in ("alice", "bob", "midpoint"):
            if lab.running(node):
                begin = time.monotonic()
                try:
                    network[node].status()
                except HeraldlinkError as error:
                    raise HistoryBroken(f"I5: {error}") from error
                took_s = time.monotonic() - begin
                demand(took_s < 1.0, f"I5: {node} took {took_s:.2f} s to answer status")


def check_resources(lab: "Laboratory") -> None:
    """I6: memory and open files of every process that still is the one first seen.

    What belongs to work, as streams of tags, is opened with the first request and stays: growth begins there.
    """
    if not lab.history.ends:
        return
    for name, process in lab.processes.items():
        if process.poll() is not None:
            continue
        usage = usage_of(process.pid)
        first = lab.usage.setdefault(f"{name} {process.pid}", usage)
        more_bytes, more_files = usage[0] - first[0], usage[1] - first[1]
        demand(more_bytes < MOST_MORE_BYTES, f"I6: {name} grew by {more_bytes >> 20} MiB")
        demand(more_files < MOST_MORE_FILES, f"I6: {name} has {more_files} more open files")


def usage_of(pid: int) -> tuple[int, int]:
    """(resident bytes, open files) of a process (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096, len(list(Path(f"/proc/{pid}/fd").iterdir()))


def check_sentences(lab: "Laboratory") -> None:
    """I7: what clients were refused is one sentence that names something; logs hold no traceback."""
    for note in lab.history.notes:
        if note.outcome in ("fail", "info"):
            one = note.sentence and "\n" not in note.sentence and NAMED.search(note.sentence)
            demand(bool(one), f"I7: {note.what} was refused with {note.sentence!r}")
    for node in ("alice", "bob", "midpoint"):
        text = lab.log(node)
        demand("Traceback" not in text, f"I7: {node}'s log holds a traceback:\n{text[-3000:]}")


def demand(holds: bool, sentence: str) -> None:
    """Raise HistoryBroken unless it holds."""
    if not holds:
        raise HistoryBroken(sentence)
