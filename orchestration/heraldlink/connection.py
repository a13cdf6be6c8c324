# SPDX-License-Identifier: Apache-2.0
"""A client's connection to one node: questions, their answers, and a heartbeat that notices its end."""

import time
from collections import deque

import zmq

from heraldlink.errors import (
    HeraldlinkError,
    InstrumentLost,
    NodeLost,
    ProtocolError,
    RequestError,
    Unsupported,
)
from heraldlink.messages.command import COMMAND_TYPES, Err, Ping, Pong
from heraldlink.messages.header import (
    VERSION,
    Body,
    Header,
    Message,
    deadline_in,
    decode,
    encode,
    kind_of,
    new_id,
)
from heraldlink.transport import Dealer

PING_S = 0.5
SILENCE_S = 3.0
CONNECT_S = 3.0
DEADLINE_S = 30.0


class Connection:
    """DEALER to one node's command channel; single-threaded."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", name: str, address: str) -> None:
        self.name, self.address = name, address
        self._dealer = Dealer(context, address, "command")
        self._epoch = new_id()
        self._boot = 0
        self._inbox: dict[int, deque[Message]] = {}
        self._heard = time.monotonic()
        self._pinged = 0.0

    def ask(self, body: Body) -> Message:
        """Send a question and wait for its one answer. Raises NodeLost."""
        request_id = self.post(body)
        try:
            return self.next(request_id)
        finally:
            self._inbox.pop(request_id, None)

    def post(self, body: Body) -> int:
        """Send a question; its id finds the answers. Raises NodeLost if there is no connection."""
        request_id = new_id()
        self._inbox[request_id] = deque()
        self._heard = time.monotonic()
        deadline = deadline_in(DEADLINE_S)
        header = Header(VERSION, kind_of(type(body)), request_id, deadline, self._epoch)
        self._dealer.send_or_raise(encode(Message(header, body)), self.name, CONNECT_S)
        return request_id

    def next(self, request_id: int) -> Message:
        """Next answer to a question, however long it takes while the node shows signs of life."""
        inbox = self._inbox[request_id]
        self._heard = time.monotonic()
        while not inbox:
            self._wait()
        return inbox.popleft()

    def close(self) -> None:
        """Close the socket."""
        self._dealer.close()

    def _wait(self) -> None:
        now = time.monotonic()
        if now - self._heard > SILENCE_S:
            raise NodeLost(
                f"node {self.name} at {self.address} does not answer any more: is its process running?"
            )
        if now - self._pinged > PING_S:
            self._pinged = now
            header = Header(VERSION, kind_of(Ping), 0, 0, self._epoch)
            self._dealer.send(encode(Message(header, Ping())))
        frames = self._dealer.receive(PING_S)
        while frames is not None:
            self._sort(decode(frames, COMMAND_TYPES))
            frames = self._dealer.receive()

    def _sort(self, message: Message) -> None:
        self._heard = time.monotonic()
        boot = message.header.epoch
        if self._boot and boot != self._boot:
            self._boot = boot
            raise NodeLost(f"node {self.name} at {self.address} was restarted: what it was asked is lost")
        self._boot = boot
        inbox = self._inbox.get(message.header.request_id)
        if inbox is not None and not isinstance(message.body, Pong):
            inbox.append(message)


def failure(body: Body) -> HeraldlinkError:
    """The error an answer stands for, with the culprit's name in its sentence."""
    if not isinstance(body, Err):
        return ProtocolError(f"unexpected answer {kind_of(type(body))}")
    place = ", ".join(part for part in (body.node, body.device) if part)
    sentence = body.reason if not place or body.node in body.reason else f"{place}: {body.reason}"
    if body.code == "UNSUPP":
        return Unsupported(sentence)
    if body.device and body.code == "OTHER":
        return InstrumentLost(f"{place}: {body.reason}")
    if body.code == "OTHER":
        return NodeLost(sentence)
    return RequestError(sentence)
