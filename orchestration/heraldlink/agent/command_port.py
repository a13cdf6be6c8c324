# SPDX-License-Identifier: Apache-2.0
"""The command channel of a node: decodes what clients send, answers, and remembers who asked what."""

import time
from dataclasses import dataclass

from heraldlink.errors import ProtocolError
from heraldlink.messages.command import COMMAND_TYPES, Err
from heraldlink.messages.header import VERSION, Body, Header, Message, decode, decode_header, encode, kind_of
from heraldlink.transport import Router


@dataclass(frozen=True, slots=True)
class Question:
    """A client's message and where its answer goes."""

    peer: bytes
    request_id: int
    body: Body

    @property
    def client(self) -> str:
        """Name of the connection inside this node."""
        return self.peer.hex()


class CommandPort:
    """ROUTER for clients. One bad message is answered with Err and never stops the node."""

    def __init__(self, router: Router, node: str, boot: int) -> None:
        self._router, self._node, self._boot = router, node, boot
        self.socket = router.socket

    @property
    def endpoint(self) -> str:
        """Address as bound."""
        return self._router.endpoint

    def receive(self) -> list[Question]:
        """Questions that have arrived and are in time."""
        found: list[Question] = []
        while True:
            try:
                received = self._router.receive()
            except ProtocolError:
                continue
            if received is None:
                return found
            question = self._read(*received)
            if question:
                found.append(question)

    def answer(self, peer: bytes, request_id: int, body: Body, arrays: tuple[bytes, ...] = ()) -> bool:
        """Answer a question; False if the client is gone."""
        header = Header(VERSION, kind_of(type(body)), request_id, 0, self._boot, self._node)
        return self._router.send(peer, encode(Message(header, body, arrays)))

    def close(self) -> None:
        """Close the socket."""
        self._router.close()

    def _read(self, peer: bytes, frames: list[bytes]) -> Question | None:
        try:
            message = decode(frames, COMMAND_TYPES)
        except ProtocolError as error:
            self.answer(peer, request_id_of(frames), Err("REJECTED", str(error), self._node))
            return None
        header = message.header
        if header.deadline and header.deadline < time.time_ns():
            late = Err("TIMEOUT", f"{header.kind} arrived after its deadline and was not done", self._node)
            self.answer(peer, header.request_id, late)
            return None
        return Question(peer, header.request_id, message.body)


def request_id_of(frames: list[bytes]) -> int:
    """Request id of a message that may be malformed, 0 if it cannot be read."""
    try:
        return decode_header(frames).request_id
    except ProtocolError:
        return 0
