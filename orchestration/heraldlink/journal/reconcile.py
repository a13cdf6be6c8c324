# SPDX-License-Identifier: Apache-2.0
"""Journals of one link compared: the midpoint's decides on pairs, the master's on how a request ended."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from heraldlink.errors import RequestError
from heraldlink.journal.books import Book, Identity
from heraldlink.link.facts import PairFact

Kind = Literal[
    "missing", "unknown", "different", "undecided", "repeated", "number twice", "ended differently"
]


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not the same everywhere. ``says`` is by node; ``mendable``: ``--write`` adds it."""

    kind: Kind
    node: str
    request: int
    burst: int
    attempt: int
    says: dict[str, str]
    remedy: str
    mendable: bool = False


def midpoint_of(books: Mapping[str, Book]) -> str:
    """Which of the nodes numbers the heralds. Raises RequestError if that cannot be told."""
    found = [node for node, book in books.items() if book.numbers_heralds]
    if len(found) != 1:
        names = ", ".join(books)
        raise RequestError(f"which of {names} is the midpoint cannot be told: name it (--midpoint)")
    return found[0]


def differences(books: Mapping[str, Book], midpoint: str) -> list[Difference]:
    """All differences, pairs first, in the order of the midpoint's numbers where it has them."""
    authority = books[midpoint]
    found: list[Difference] = []
    for node, book in books.items():
        found += repeated(node, book)
        if node != midpoint:
            found += missing(node, book, midpoint, authority)
            found += unknown(node, book, midpoint, authority)
    found += undecided(midpoint, authority)
    found += numbers_twice(books)
    found += ended_differently(books)
    return found


def missing(node: str, book: Book, midpoint: str, authority: Book) -> Iterable[Difference]:
    """Decisions of requests that the node took part in, which it has not, or has otherwise."""
    for identity, fact in authority.pairs.items():
        mine = book.pairs.get(identity)
        says = {midpoint: describe(fact), node: describe(mine)}
        if mine is None:
            remedy = (
                f"start {node} beside the midpoint: it fetches what it lacks; or --write while it is stopped"
            )
            yield Difference("missing", node, *identity, says, remedy, mendable=True)
        elif mine != fact:
            remedy = f"the midpoint decides: do not use this record of {node}; {repair_of(node)}"
            yield Difference("different", node, *identity, says, remedy)


def unknown(node: str, book: Book, midpoint: str, authority: Book) -> Iterable[Difference]:
    """Decisions that a node has and the midpoint has not."""
    for identity, fact in book.pairs.items():
        if identity not in authority.pairs:
            says = {midpoint: describe(None), node: describe(fact)}
            remedy = f"the journal of {midpoint} has lost rows: look for the file that was set aside"
            yield Difference("unknown", node, *identity, says, remedy)


def undecided(midpoint: str, authority: Book) -> Iterable[Difference]:
    """Heralds on which the midpoint has not decided."""
    for identity in authority.undecided:
        says = {midpoint: f"herald {authority.heralds[identity]}, no decision"}
        remedy = f"start {midpoint}: it decides EXPIRED on what a former life left"
        yield Difference("undecided", midpoint, *identity, says, remedy)


def repeated(node: str, book: Book) -> Iterable[Difference]:
    """Pairs that one journal holds twice."""
    for identity in book.repeated:
        says = {node: describe(book.pairs[identity])}
        yield Difference("repeated", node, *identity, says, "count it once: its identity is the same")


def numbers_twice(books: Mapping[str, Book]) -> Iterable[Difference]:
    """One mhp_seq for two different heralds, anywhere."""
    owners: dict[int, tuple[str, Identity]] = {}
    for node, book in books.items():
        known = {fact.decision.mhp_seq: identity for identity, fact in book.pairs.items()}
        known |= {number: identity for identity, number in book.heralds.items()}
        for number, identity in known.items():
            first, other = owners.setdefault(number, (node, identity))
            if other != identity:
                says = {first: f"herald {number} is {tuple(other)}", node: f"it is {tuple(identity)}"}
                remedy = "do not use either pair; the midpoint's journal was lost between them"
                yield Difference("number twice", node, *identity, says, remedy)


def ended_differently(books: Mapping[str, Book]) -> Iterable[Difference]:
    """Requests with more than one final state."""
    for request in sorted({request for book in books.values() for request in book.ends}):
        says = {
            node: " and ".join(fact.state for fact in book.ends[request])
            for node, book in books.items()
            if request in book.ends
        }
        if len(set(says.values())) > 1 or any(" and " in state for state in says.values()):
            masters = {book.requests[request].master for book in books.values() if request in book.requests}
            master = ", ".join(sorted(masters)) or "nobody known"
            yield Difference(
                "ended differently", master, request, 0, 0, says, f"its master decides: {master}"
            )


def repair_of(node: str) -> str:
    """How an end gets the midpoint's decisions anew."""
    return (
        f"to fetch all decisions anew, stop {node}, move its journal, mark and archives away, and start it; "
        "those in the midpoint's archives then come with --write while it is stopped"
    )


def describe(fact: PairFact | None) -> str:
    """One pair in a few words."""
    if fact is None:
        return "nothing"
    item = fact.decision
    return f"{item.status}, herald {item.mhp_seq}, pair {item.sequence_number}, outcomes {item.outcomes}" + (
        f", {item.reason}" if item.reason else ""
    )
