# SPDX-License-Identifier: Apache-2.0
"""A client's end of the record channel: fetch, store with the cursor, tell the node; again after any loss."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from heraldlink.connection import failure
from heraldlink.errors import NodeLost, ProtocolError
from heraldlink.messages.command import Err
from heraldlink.messages.header import VERSION, Body, Header, Message, decode, encode, kind_of, new_id
from heraldlink.messages.record import RECORD_TYPES, Fetch, Keep, Records
from heraldlink.messages.values import Status
from heraldlink.records import Cursor, PairRecord, RecordStore, Sink
from heraldlink.transport import Dealer

BATCH = 200
ANSWER_S = 3.0
FOLLOW_S = 5.0


class RecordReader:
    """Questions may be asked twice without harm, so a lost answer or a restarted node is asked again.

    ``patience_s``: how long the node may be away before NodeLost is raised.
    """

    def __init__(self, dealer: Dealer, node: str, consumer: str, patience_s: float) -> None:
        self._dealer, self._node, self._consumer = dealer, node, consumer
        self._patience_s = patience_s
        self._epoch = new_id()

    def read(self, sink: Sink, *, follow: bool) -> Iterator[PairRecord]:
        """Records that are new in ``sink``, each after it was stored; goes on for ever if ``follow``."""
        cursor = sink.cursor(self._node)
        while True:
            answer = self._ask(self._fetch(cursor, FOLLOW_S if follow else 0.0))
            if isinstance(answer, Err) and answer.facts.get("fetch_from") == "0" and cursor.number:
                cursor = Cursor()  # another journal than before: the sink drops what it has already
                continue
            if not isinstance(answer, Records):
                raise failure(answer)
            if answer.records:
                last = answer.records[-1]
                cursor = Cursor(last.number, last.hash)
                records = [PairRecord.of(answer.node, answer.first_end, item) for item in answer.records]
                new = sink.write(self._node, records, cursor)
                self._ask(Keep(self._consumer, cursor.number, cursor.hash))
                yield from new
            elif not follow:
                return

    def fetch(self, cursor: Cursor, wait_s: float = 0.0, most: int = BATCH) -> Records:
        """Records behind a cursor, without storing anything. Raises NodeLost or what the node refuses.

        Records that were moved to an archive are passed over.
        """
        answer = self._ask(Fetch(self._consumer, cursor.number, cursor.hash, most, wait_s))
        if isinstance(answer, Err) and (moved := int(answer.facts.get("fetch_from", "0"))) > cursor.number:
            answer = self._ask(Fetch(self._consumer, moved, b"", most, wait_s))
        if not isinstance(answer, Records):
            raise failure(answer)
        return answer

    def last(self) -> int:
        """Number of the node's newest record."""
        return self.fetch(Cursor(), most=1).last

    def close(self) -> None:
        """Close the socket."""
        self._dealer.close()

    def _fetch(self, cursor: Cursor, wait_s: float) -> Fetch:
        return Fetch(self._consumer, cursor.number, cursor.hash, BATCH, wait_s)

    def _ask(self, body: Fetch | Keep) -> Body:
        deadline = time.monotonic() + self._patience_s
        limit_s = ANSWER_S + (body.wait_s if isinstance(body, Fetch) else 0.0)
        while time.monotonic() < deadline:
            request_id = new_id()
            header = Header(VERSION, kind_of(type(body)), request_id, 0, self._epoch)
            if not self._dealer.send(encode(Message(header, body)), ANSWER_S):
                continue
            answer = self._answer(request_id, min(time.monotonic() + limit_s, deadline + limit_s))
            if answer is not None:
                return answer
        raise NodeLost(
            f"node {self._node} does not answer on its record channel at {self._dealer.endpoint}: "
            "is it running? (heraldlink node FILE)"
        )

    def _answer(self, request_id: int, until: float) -> Body | None:
        while (left_s := until - time.monotonic()) > 0:
            frames = self._dealer.receive(left_s)
            if frames is None:
                return None
            try:
                message = decode(frames, RECORD_TYPES)
            except ProtocolError:
                continue
            if message.header.request_id == request_id:
                return message.body
        return None


def stored(
    reader: RecordReader, into: str | Path | Sink, statuses: Sequence[Status], *, follow: bool
) -> Iterator[PairRecord]:
    """Records of ``statuses`` that are new in ``into``, a file or a sink; closes the reader at the end."""
    sink = RecordStore(into) if isinstance(into, str | Path) else into
    try:
        for record in reader.read(sink, follow=follow):
            if record.status in statuses:
                yield record
    finally:
        reader.close()
        if isinstance(sink, RecordStore) and sink is not into:
            sink.close()
