# SPDX-License-Identifier: Apache-2.0
"""The safety channel's socket: who asks what, by the role of the key, and where the answer goes."""

from dataclasses import dataclass

from heraldlink.errors import ProtocolError
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
from heraldlink.messages.safety import SAFETY_TYPES, Clear
from heraldlink.security.sender import Sender
from heraldlink.transport import Refused, Router

MOST_AT_ONCE = 256
"""Messages taken in one turn: a flood must not keep the supervisor from its watch."""


@dataclass(frozen=True, slots=True)
class Call:
    """One question; ``who`` is the name of the asker's key."""

    peer: bytes
    request_id: int
    body: Body
    who: str


class SafetyPort:
    """ROUTER. One bad message is answered with Err and stops nothing."""

    def __init__(self, router: Router, node: str, boot: int) -> None:
        self._router, self._node, self._boot = router, node, boot
        self.socket = router.socket

    @property
    def endpoint(self) -> str:
        """Address as bound."""
        return self._router.endpoint

    def receive(self) -> list[Call]:
        """Questions that have arrived."""
        found: list[Call] = []
        for _ in range(MOST_AT_ONCE):
            try:
                received = self._router.receive()
            except Refused as refused:
                self._refuse(refused.peer, refused.frames, refused)
                continue
            if received is None:
                break
            if call := self._read(received.peer, received.frames, received.sender):
                found.append(call)
        return found

    def answer(self, call: Call, body: Body) -> None:
        """Answer a question; whoever has gone gets none."""
        self._send(call.peer, call.request_id, body)

    def _send(self, peer: bytes, request_id: int, body: Body) -> None:
        header = Header(VERSION, kind_of(type(body)), request_id, 0, self._boot, self._node)
        self._router.send(peer, encode(Message(header, body)))

    def _read(self, peer: bytes, frames: list[bytes], sender: Sender) -> Call | None:
        try:
            message = decode(frames, SAFETY_TYPES)
        except ProtocolError as error:
            self._refuse(peer, frames, error)
            return None
        if isinstance(message.body, Clear) and sender.role not in ("operator", "engineer"):
            reason = f"{sender.name} has role {sender.role}; clearing a fault takes operator"
            self._send(peer, message.header.request_id, Err("FORBIDDEN", reason, self._node))
            return None
        return Call(peer, message.header.request_id, message.body, sender.name)

    def _refuse(self, peer: bytes, frames: list[bytes], error: ProtocolError) -> None:
        """Say what is wrong with a message."""
        self._send(peer, request_id_of(frames), Err(error.code, str(error), self._node))
