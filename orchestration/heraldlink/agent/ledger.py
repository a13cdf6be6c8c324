# SPDX-License-Identifier: Apache-2.0
"""Which commands were begun and how they were answered, so that a repeated one is never done twice.

Rows of the journal: `CommandFact` before a command is begun, `AnswerFact` afterwards. One that was begun in
an earlier life of the node and has no answer is INDETERMINATE; it is told so and never done by itself.
"""

import hashlib
import sys
from collections import OrderedDict, deque
from dataclasses import dataclass, field

import msgspec

from heraldlink.agent.lease import Refused
from heraldlink.journal import Entry, Row
from heraldlink.messages.command import COMMAND_TYPES
from heraldlink.messages.header import Body, kind_of

COMMAND, ANSWER = "command", "answer"
KEPT = 10_000
"""Commands remembered of each sender; those that come later than that are past their deadline."""
Key = tuple[str, int]
"""Who sent it, and its request id."""


class CommandFact(msgspec.Struct, frozen=True):
    """A command that changes something is begun; who asked, under which lease, in which life."""

    name: str
    request_id: int
    kind: str
    digest: bytes
    lease: int
    boot: int


class AnswerFact(msgspec.Struct, frozen=True):
    """A command was answered; ``body`` is msgpack of the answer of this ``kind``."""

    name: str
    request_id: int
    kind: str
    body: bytes


@dataclass(slots=True)
class Entered:
    """One command; ``boot`` is the life in which it was begun. Answers: (kind, msgpack)."""

    digest: bytes
    boot: int
    answers: list[tuple[str, bytes]] = field(default_factory=list[tuple[str, bytes]])


class Ledger:
    """Commands by sender and request id."""

    def __init__(self, boot: int) -> None:
        self._boot = boot
        self._entries: dict[str, OrderedDict[int, Entered]] = {}
        self._unwritten: deque[Entry] = deque()

    def restore(self, row: Row) -> None:
        """Take over what a row of the journal says of earlier lives; to be called in their order."""
        if row.kind == COMMAND:
            self._enter(msgspec.msgpack.decode(row.payload, type=CommandFact))
        elif row.kind == ANSWER:
            fact = msgspec.msgpack.decode(row.payload, type=AnswerFact)
            entered = self._found((fact.name, fact.request_id))
            if entered and fact.kind in COMMAND_TYPES:
                entered.answers.append((sys.intern(fact.kind), fact.body))

    def find(self, key: Key, body: Body) -> list[Body] | None:
        """Answers so far of a command that came before, None of one that did not.

        Raises Refused: ID_REUSED if its id belonged to another command, INDETERMINATE if an earlier life of
        the node began it.
        """
        entered = self._found(key)
        if entered is None:
            return None
        if entered.digest != digest_of(body):
            raise Refused("ID_REUSED", f"request id {key[1]} was used for another command: draw a new one")
        if not entered.answers and entered.boot != self._boot:
            raise Refused(
                "INDETERMINATE",
                "the node ended while it did this; whether it was done is not known and it is not repeated: "
                "look at what the instruments say, then ask anew",
            )
        return [msgspec.msgpack.decode(body, type=COMMAND_TYPES[kind]) for kind, body in entered.answers]

    def begin(self, key: Key, body: Body, lease: int) -> Entry:
        """Note that a command is begun; the entry has to be on disk before it is."""
        name, request_id = key
        fact = CommandFact(name, request_id, kind_of(type(body)), digest_of(body), lease, self._boot)
        self._enter(fact)
        return Entry(COMMAND, fact)

    def answered(self, key: Key, body: Body) -> None:
        """Keep an answer; `unwritten` then has its entry."""
        name, request_id = key
        entered = self._found(key)
        if entered is None:
            return
        kind, packed = kind_of(type(body)), msgspec.msgpack.encode(body)
        entered.answers.append((kind, packed))
        self._unwritten.append(Entry(ANSWER, AnswerFact(name, request_id, kind, packed)))

    def unwritten(self) -> list[Entry]:
        """Answers to journal with whatever is journalled next: a lost one only makes INDETERMINATE."""
        entries = list(self._unwritten)
        self._unwritten.clear()
        return entries

    def _found(self, key: Key) -> Entered | None:
        entries = self._entries.get(key[0])
        return entries.get(key[1]) if entries else None

    def _enter(self, fact: CommandFact) -> None:
        entries = self._entries.setdefault(fact.name, OrderedDict())
        entries[fact.request_id] = Entered(fact.digest, fact.boot)
        while len(entries) > KEPT:
            entries.popitem(last=False)


def digest_of(body: Body) -> bytes:
    """What tells two commands apart: SHA-256 over kind and content."""
    return hashlib.sha256(msgspec.msgpack.encode(body)).digest()
