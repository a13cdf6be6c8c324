# SPDX-License-Identifier: Apache-2.0
"""The record channel of a node: applications fetch decided pairs from its journal, as often as needed.

Delivery is at least once; numbers, hashes and cursors let each application make it exactly once. Nothing is
said that is not on disk.
"""

import re
from dataclasses import dataclass

import zmq

from heraldlink.agent.archive import MOST_CONSUMERS, Archive
from heraldlink.agent.outbox import Outbox
from heraldlink.errors import ProtocolError
from heraldlink.journal import Entry
from heraldlink.link.facts import CURSOR, CursorFact
from heraldlink.messages.command import Err
from heraldlink.messages.header import (
    VERSION,
    Body,
    Header,
    Message,
    decode,
    encode,
    kind_of,
    request_id_of,
)
from heraldlink.messages.record import (
    LONGEST_WAIT_S,
    MOST_RECORDS,
    RECORD_TYPES,
    Fetch,
    Keep,
    Kept,
    Record,
    Records,
)
from heraldlink.security.sender import Sender
from heraldlink.transport import MOST_AT_ONCE, Refused, Router

CONSUMER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
MOST_WAITING = 1000


@dataclass(frozen=True, slots=True)
class Question:
    """Who asked, under which id, and under which name its cursors are kept."""

    peer: bytes
    request_id: int
    sender: Sender

    def key(self, consumer: str) -> str:
        """Nobody can move another key's cursor."""
        return f"{self.sender.name}/{consumer}"


class RecordPort:
    """ROUTER for applications. One bad message is answered with Err and never stops the node."""

    def __init__(
        self, router: Router, node: str, boot: int, first_end: str, archive: Archive, outbox: Outbox
    ) -> None:
        self._router, self._node, self._boot, self._first_end = router, node, boot, first_end
        self._archive, self._outbox = archive, outbox
        self._waiting: dict[bytes, tuple[Question, Fetch, float]] = {}

    @property
    def socket(self) -> zmq.Socket[bytes]:
        """Socket to poll."""
        return self._router.socket

    @property
    def endpoint(self) -> str:
        """Address as bound."""
        return self._router.endpoint

    def serve(self, now: float) -> None:
        """Take the questions that have come; fetches wait for ``settle``."""
        for _ in range(MOST_AT_ONCE):
            try:
                received = self._router.receive()
            except Refused as refused:
                self._wrong(refused.peer, refused.frames, refused)
                continue
            if received is None:
                return
            self._read(received.peer, received.frames, received.sender, now)

    def settle(self, now: float) -> None:
        """Answer the fetches for which there are records, or whose time is over."""
        for peer, (question, fetch, until) in list(self._waiting.items()):
            if fetch.after < self._archive.records or now >= until:
                del self._waiting[peer]
                self._answer(question, self._records(fetch))

    def reloaded(self, names: frozenset[str]) -> None:
        """Fetches of those who are let in no more are not answered."""
        self._waiting = {
            peer: waiting for peer, waiting in self._waiting.items() if waiting[0].sender.name in names
        }

    def _read(self, peer: bytes, frames: list[bytes], sender: Sender, now: float) -> None:
        try:
            message = decode(frames, RECORD_TYPES)
        except ProtocolError as error:
            self._wrong(peer, frames, error)
            return
        question = Question(peer, message.header.request_id, sender)
        match message.body:
            case Fetch() as fetch:
                self._fetch(question, fetch, now)
            case Keep() as keep:
                self._keep(question, keep)
            case other:
                self._refuse(question, f"{kind_of(type(other))} is not for a node")

    def _fetch(self, question: Question, fetch: Fetch, now: float) -> None:
        if not CONSUMER.fullmatch(fetch.consumer):
            self._refuse(question, "a consumer's name is 1 to 64 letters, digits, '_', '.' or '-'")
            return
        if not (1 <= fetch.most <= MOST_RECORDS and 0 <= fetch.wait_s <= LONGEST_WAIT_S):
            limits = f"most is 1 to {MOST_RECORDS} and wait_s 0 to {LONGEST_WAIT_S:g} s"
            self._refuse(question, f"{limits} (got {fetch.most} and {fetch.wait_s:g})")
            return
        if fetch.after < 0:
            cursor = self._archive.cursors.get(question.key(fetch.consumer), 0)
            fetch = Fetch(fetch.consumer, cursor, b"", fetch.most, fetch.wait_s)
        if 0 <= fetch.after < self._archive.moved:
            self._moved(question)
        elif not self._fits(fetch.after, fetch.hash):
            self._foreign(question, fetch.after)
        elif len(self._waiting) >= MOST_WAITING and question.peer not in self._waiting:
            self._answer(question, Err("LIMIT", "too many applications wait for records", self._node))
        else:
            self._waiting[question.peer] = (question, fetch, now + fetch.wait_s)

    def _keep(self, question: Question, keep: Keep) -> None:
        key = question.key(keep.consumer)
        known = self._archive.cursors.get(key)
        if not CONSUMER.fullmatch(keep.consumer):
            self._refuse(question, "a consumer's name is 1 to 64 letters, digits, '_', '.' or '-'")
        elif not keep.hash or not self._fits(keep.number, keep.hash):
            self._foreign(question, keep.number)
        elif known is None and len(self._archive.cursors) >= MOST_CONSUMERS:
            self._answer(question, Err("LIMIT", f"there are {MOST_CONSUMERS} consumers already", self._node))
        else:
            if keep.number > (known or 0):
                self._outbox.append(Entry(CURSOR, CursorFact(key, keep.number)))
            kept = Kept(keep.consumer, max(keep.number, known or 0))
            self._outbox.then(lambda: self._answer(question, kept))

    def _fits(self, number: int, digest: bytes) -> bool:
        if not self._archive.moved <= number <= self._archive.records:
            return False
        return number == 0 or not digest or self._archive.hash_of(number) == digest

    def _moved(self, question: Question) -> None:
        moved = self._archive.moved
        reason = (
            f"records 1 to {moved} of node {self._node} were moved to its archives: heraldlink journal "
            "records NODE_FILE --into STORE puts them where this application has its own; then fetch again"
        )
        self._answer(question, Err("BAD_REQUEST", reason, self._node, facts={"fetch_from": str(moved)}))

    def _foreign(self, question: Question, number: int) -> None:
        reason = (
            f"record {number} of this cursor is not in the journal of node {self._node}, which was repaired"
            " or replaced: fetch from 0 again and drop by (request, burst, attempt) what is stored already"
        )
        self._answer(question, Err("BAD_REQUEST", reason, self._node, facts={"fetch_from": "0"}))

    def _records(self, fetch: Fetch) -> Records:
        found = tuple(
            Record(number, row.hash, row.payload)
            for number, row in self._archive.after(fetch.after, fetch.most)
        )
        return Records(self._node, self._first_end, self._archive.records, found)

    def _refuse(self, question: Question, reason: str) -> None:
        self._answer(question, Err("BAD_REQUEST", reason, self._node))

    def _wrong(self, peer: bytes, frames: list[bytes], error: ProtocolError) -> None:
        self._send(peer, request_id_of(frames), Err(error.code, str(error), self._node))

    def _answer(self, question: Question, body: Body) -> None:
        self._send(question.peer, question.request_id, body)

    def _send(self, peer: bytes, request_id: int, body: Body) -> None:
        """An application that does not read asks again; nothing is kept for it."""
        header = Header(VERSION, kind_of(type(body)), request_id, 0, self._boot, self._node)
        self._router.send(peer, encode(Message(header, body)))
