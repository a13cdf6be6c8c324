# SPDX-License-Identifier: Apache-2.0
"""The history of a laboratory, and the seven invariants that hold whatever was broken.

I1  no acknowledged pair is lost or doubled      I5  every running node answers `status` within 1 s
I2  nothing acts outside a valid lease epoch     I6  memory and open files stay bounded
I3  outputs are off where control was lost       I7  every refusal is one clear sentence; no node's log
I4  all journals name the same attempt               holds a traceback

Sources: what clients were told, the journals of the three nodes, the bench's wire, /proc, the nodes' logs.
I2 and I3 are in :mod:`history_control`.
"""

import re
import sqlite3
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import msgspec

import heraldlink
from fault_lab.broken import HistoryBroken, demand
from fault_lab.history_control import OUTPUTS, Control, Row, check_control, place_of
from fault_lab.processes import check_growth, descendants, usage_of, words_of
from heraldlink.agent.admission import LEASE, LeaseFact
from heraldlink.agent.ledger import COMMAND, CommandFact
from heraldlink.errors import HeraldlinkError
from heraldlink.journal import journal_file
from heraldlink.link.facts import BOOT, END, PAIR, BootFact, EndFact, PairFact
from heraldlink.messages.values import BELL_STATES
from heraldlink.pairs import Pair

if TYPE_CHECKING:
    from fault_lab.laboratory import Laboratory

SETTLE_S = 10.0
NODES = ("alice", "bob", "midpoint")
NAMED = re.compile(r"\b(alice|bob|midpoint)\b|\b(alice|bob|hub)_[a-z]+\b")
"""A node or an instrument: the culprit, in words of its own."""
Outcome = Literal["invoke", "ok", "fail", "info"]
CONTROL: dict[str, type[Row]] = {LEASE: LeaseFact, COMMAND: CommandFact, BOOT: BootFact}
"""What a journal says of who commanded, by kind."""


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
    """One pair as a client was told it, with what must be equal everywhere; the link's first end first."""

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
    def of(cls, client: str, request: int, pair: Pair, *, first: bool) -> "Told":
        """From the pair of a client that asked the link's ``first`` end, or the second one."""
        local, remote = pair.outcomes
        return cls(
            client, request, pair.sequence_number, pair.mhp_seq, pair.slot, pair.attempt, pair.bell_state,
            pair.basis if first else pair.basis[::-1],
            (local, remote) if first else (remote, local),
        )  # fmt: skip

    @property
    def identity(self) -> tuple[object, ...]:
        """What journals must say of it."""
        return (
            self.request, self.sequence_number, self.mhp_seq, self.slot, self.attempt,
            self.bell_state, self.basis, self.outcomes,
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
    control: list[Row] = field(default_factory=list[Row])

    @property
    def confirmed(self) -> list[PairFact]:
        """The pairs."""
        return [fact for fact in self.pairs if fact.decision.status == "CONFIRMED"]


def read_book(data: Path, node: str) -> Book:
    """Read a journal beside the running node: SQLite's own snapshot."""
    pairs: list[PairFact] = []
    ends: dict[int, list[EndFact]] = defaultdict(list)
    control: list[Row] = []
    path = journal_file(data, node)
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10) as database:
        for kind, payload in database.execute("SELECT kind, payload FROM journal ORDER BY seq"):
            if kind == PAIR:
                pairs.append(msgspec.msgpack.decode(payload, type=PairFact))
            elif kind == END:
                fact = msgspec.msgpack.decode(payload, type=EndFact)
                ends[fact.request].append(fact)
            elif kind in CONTROL:
                control.append(msgspec.msgpack.decode(payload, type=CONTROL[kind]))
    database.close()
    return Book(node, pairs, ends, control)


def check(lab: "Laboratory") -> None:
    """All invariants; what journals, wire and processes say may take ``SETTLE_S`` to come true."""
    settled(partial(check_journals, lab))
    check_answers(lab)
    check_resources(lab)
    check_sentences(lab)


def settled(look: Callable[[], None]) -> None:
    """Look again until an invariant holds; raises HistoryBroken if it does not in time."""
    deadline = time.monotonic() + SETTLE_S
    while True:
        try:
            return look()
        except HistoryBroken:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def check_journals(lab: "Laboratory") -> None:
    """I1 to I4."""
    books = {node: read_book(lab.data, node) for node in NODES}
    check_books(lab.history, books)
    check_control(seen_of(lab, books))
    check_dark(lab)


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
        BELL_STATES[item.outcome], fact.basis, item.outcomes,
    )  # fmt: skip


def seen_of(lab: "Laboratory", books: dict[str, Book]) -> Control:
    """What I2 and I3 look at; the wire is read last, so that it has whatever the journals allow."""
    rows = {node: book.control for node, book in books.items()}
    return Control(rows, lab.settings(), lab.losses, lab.faulty, lab.gaps, time.monotonic())


def check_dark(lab: "Laboratory") -> None:
    """I3 at the instruments themselves: those of a node that says SAFE have their outputs off."""
    for node in NODES:
        if lab.running(node) and lab.state(node) == "SAFE":
            for instrument in lab.instruments:
                if place_of(instrument)[0] == node:
                    check_panel(lab, node, instrument)


def check_panel(lab: "Laboratory", node: str, instrument: str) -> None:
    """Each output of one instrument, as somebody in front of it sees it."""
    for header, (_, off) in OUTPUTS.get(place_of(instrument)[1], {}).items():
        answer = lab.panel(instrument, f"{header}?")
        dark = float(answer) == float(off) or lab.state(node) != "SAFE"
        demand(dark, f"I3: {node} says SAFE, and {instrument} answers {answer!r} to {header}?, not {off}")


def check_answers(lab: "Laboratory") -> None:
    """I5: `status` within 1 s of every running node."""
    with heraldlink.connect(lab.addresses) as network:
        for node in NODES:
            if lab.running(node):
                begin, refusal = time.monotonic(), ""
                try:
                    network[node].status()
                except HeraldlinkError as error:
                    refusal = str(error)
                check_answer(node, time.monotonic() - begin, refusal)


def check_answer(node: str, took_s: float, refusal: str) -> None:
    """I5 for one node."""
    demand(not refusal, f"I5: {node} did not answer status: {refusal}")
    demand(took_s < 1.0, f"I5: {node} took {took_s:.2f} s to answer status")


def check_resources(lab: "Laboratory") -> None:
    """I6: memory and open files of every process that still is the one first seen, and of its children.

    What is loaded and connected for a first request is no growth, nor what a child loads that may just have
    begun when it is first seen: nothing is looked at before a request was DELIVERED, and of children the
    second time counts.
    """
    if all(state != "DELIVERED" for _, _, state in lab.history.ends):
        return
    for name, process in lab.processes.items():
        for pid in (process.pid, *descendants(process.pid)) if process.poll() is None else ():
            if pid == process.pid or pid in lab.seen:
                with suppress(OSError):  # a child that has ended meanwhile
                    settled(partial(check_process, lab, name, pid))
            lab.seen.add(pid)


def check_process(lab: "Laboratory", name: str, pid: int) -> None:
    """I6 for one process."""
    usage = usage_of(pid)
    first = lab.usage.setdefault(f"{name} {pid}", usage)
    check_growth(f"{name} (process {pid}: {words_of(pid)[-60:]})", first, usage)


def check_sentences(lab: "Laboratory") -> None:
    """I7: what clients were refused is one sentence that names something; logs hold no traceback."""
    for note in lab.history.notes:
        check_note(note)
    for node in NODES:
        check_log(node, lab.log(node))


def check_note(note: Note) -> None:
    """I7 for one refusal."""
    if note.outcome in ("fail", "info"):
        one = note.sentence and "\n" not in note.sentence and NAMED.search(note.sentence)
        demand(bool(one), f"I7: {note.what} was refused with {note.sentence!r}")


def check_log(node: str, text: str) -> None:
    """I7 for what a node wrote."""
    demand("Traceback" not in text, f"I7: {node}'s log holds a traceback:\n{text[-3000:]}")
