# SPDX-License-Identifier: Apache-2.0
"""The command channel of a node: decodes what clients send, answers, and remembers who asked what."""

from collections import deque
from collections.abc import Iterator

import msgspec

from heraldlink.agent.lease import Owner
from heraldlink.errors import BadArray, ProtocolError
from heraldlink.messages.command import COMMAND_TYPES, Err
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
from heraldlink.security.sender import LOCAL, Sender
from heraldlink.transport import MOST_AT_ONCE, Delivery, Received, Refused, Router

MOST_WAITING = 100_000
"""Messages kept for a client that does not read; beyond that its requests are cancelled."""


class Question(msgspec.Struct, frozen=True):
    """A client's message, who sent it, and where its answer goes.

    ``session`` is a number that only the client knows; ``lease`` the epoch it acts under; ``deadline_ns``
    the moment on this node's monotonic clock after which it is not to be begun (0: none).
    """

    peer: bytes
    request_id: int
    body: Body
    sender: Sender = LOCAL
    session: int = 0
    lease: int = 0
    deadline_ns: int = 0
    trace: str = ""

    @property
    def client(self) -> str:
        """Name inside this node of whoever sent it: the same for all connections of one client."""
        return f"{self.sender.name}/{self.session:x}" if self.session else self.peer.hex()

    @property
    def key(self) -> tuple[str, int]:
        """What tells it from every other question, and makes a repeated one known."""
        return self.sender.name, self.request_id

    @property
    def owner(self) -> Owner:
        """Whoever acts."""
        return Owner(self.sender.name, self.session)


class CommandPort:
    """ROUTER for clients. One bad message is answered with Err and never stops the node."""

    def __init__(self, router: Router, node: str, boot: int) -> None:
        self._router, self._node, self._boot = router, node, boot
        self._waiting: dict[bytes, deque[list[bytes]]] = {}
        self.socket = router.socket

    @property
    def endpoint(self) -> str:
        """Address as bound."""
        return self._router.endpoint

    def receive(self) -> Iterator[Question]:
        """Questions that have arrived, each read when the one before is done; of a flood only the first.

        Call it when a poll has said that there is one.
        """
        for turn in range(MOST_AT_ONCE):
            try:
                received = self._router.receive(announced=turn == 0)
            except Refused as refused:
                self._refuse(refused.peer, refused.frames, refused)
                continue
            if received is None:
                break
            question = self._read(received)
            if question:
                yield question

    def answer(self, peer: bytes, request_id: int, body: Body, arrays: tuple[bytes, ...] = ()) -> bool:
        """Answer a question; False if the client is gone.

        What a client that is busy does not read waits for it, in order; one with ``MOST_WAITING`` messages
        waiting counts as gone.
        """
        header = Header(VERSION, kind_of(type(body)), request_id, 0, self._boot, self._node)
        frames = encode(Message(header, body, arrays))
        if peer not in self._waiting and (delivery := self._router.offer(peer, frames)) != "full":
            return delivery == "sent"
        waiting = self._waiting.setdefault(peer, deque())
        waiting.append(frames)
        return self._deliver(peer, waiting)

    def flush(self) -> None:
        """Send what has been waiting, as far as the clients read by now."""
        for peer, waiting in list(self._waiting.items()):
            self._deliver(peer, waiting)

    def _deliver(self, peer: bytes, waiting: deque[list[bytes]]) -> bool:
        delivery: Delivery = "sent"
        while waiting and (delivery := self._router.offer(peer, waiting[0])) == "sent":
            waiting.popleft()
        there = delivery != "gone" and len(waiting) <= MOST_WAITING
        if not waiting or not there:
            del self._waiting[peer]
        return there

    def close(self) -> None:
        """Close the socket."""
        self._router.close()

    def _refuse(self, peer: bytes, frames: list[bytes], error: ProtocolError) -> None:
        """Say what is wrong, unless the sender does not read: nothing waits for who breaks the rules."""
        body = Err(error.code, str(error), self._node)
        header = Header(VERSION, kind_of(Err), request_id_of(frames), 0, self._boot, self._node)
        self._router.send(peer, encode(Message(header, body)))

    def _read(self, received: Received) -> Question | None:
        try:
            message = decode(received.frames, COMMAND_TYPES)
            if message.arrays:
                raise BadArray(f"{message.header.kind} carries {len(message.arrays)} arrays and takes none")
        except ProtocolError as error:
            self._refuse(received.peer, received.frames, error)
            return None
        header = message.header
        return Question(
            peer=received.peer,
            request_id=header.request_id,
            body=message.body,
            sender=received.sender,
            session=header.epoch,
            lease=header.lease,
            deadline_ns=header.deadline,
            trace=header.trace,
        )
