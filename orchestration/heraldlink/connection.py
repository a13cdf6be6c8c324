# SPDX-License-Identifier: Apache-2.0
"""A client's connection to one node: questions, their answers, and a heartbeat that notices its end.

A question that is not answered is sent again under the same request id: the node does it once and answers as
often as it is asked. Deadlines are told in the node's own monotonic clock, so no wall clock matters.
"""

import time
from collections import deque
from dataclasses import dataclass

import zmq

from heraldlink.errors import (
    AccessDenied,
    Forbidden,
    HeraldlinkError,
    Indeterminate,
    InstrumentLost,
    Leased,
    LeaseLost,
    NodeLost,
    ProtocolError,
    RequestError,
    Unsupported,
    WrongVersion,
)
from heraldlink.messages.command import COMMAND_TYPES, Err, Ping, Pong
from heraldlink.messages.header import (
    VERSION,
    Body,
    Header,
    Message,
    decode,
    encode,
    kind_of,
    new_id,
)
from heraldlink.security.keyring import Credentials
from heraldlink.traces import carried
from heraldlink.transport import Dealer

PING_S = 0.5
SILENCE_S = 3.0
CONNECT_S = 3.0
DEADLINE_S = 30.0
"""A node does not begin what arrives later than this after it was asked."""
FIRST_REPEAT_S = 1.0
QUIET_S = 5.0
"""After an answer: how long until a question is sent again for those that may be missing."""


@dataclass(slots=True)
class Unanswered:
    """A question to be sent again at ``due``."""

    frames: list[bytes]
    due: float
    pause_s: float = FIRST_REPEAT_S


class Connection:
    """DEALER to one node's command channel; for one thread.

    ``session`` is the number by which the node knows its owner again, and that nobody else is told.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        name: str,
        address: str,
        session: int = 0,
        credentials: Credentials | None = None,
    ) -> None:
        self.name, self.address = name, address
        self._dealer = Dealer(context, address, "command", credentials, name)
        self._session = session or new_id()
        self._boot = 0
        self._clock_ns: int | None = None
        self._inbox: dict[int, deque[Message]] = {}
        self._unanswered: dict[int, Unanswered] = {}
        self._heard = time.monotonic()
        self._pinged = 0.0

    def ask(self, body: Body, lease: int = 0) -> Message:
        """Send a question under a lease's epoch and wait for its one answer. Raises NodeLost."""
        request_id = self.post(body, lease)
        try:
            return self.next(request_id)
        finally:
            self.forget(request_id)

    def post(self, body: Body, lease: int = 0) -> int:
        """Send a question; its id finds the answers. Raises NodeLost if there is no connection."""
        request_id = new_id()
        self._inbox[request_id] = deque()
        self._heard = time.monotonic()
        if self._clock_ns is None:
            self._learn_clock()
        frames = encode(Message(self._header(body, request_id, lease), body))
        self._dealer.send_or_raise(frames, self.name, CONNECT_S)
        self._unanswered[request_id] = Unanswered(frames, time.monotonic() + FIRST_REPEAT_S)
        return request_id

    def forget(self, request_id: int) -> None:
        """No more answers to this question are wanted."""
        self._inbox.pop(request_id, None)
        self._unanswered.pop(request_id, None)

    def _header(self, body: Body, request_id: int, lease: int) -> Header:
        deadline_ns = time.monotonic_ns() + (self._clock_ns or 0) + int(DEADLINE_S * 1e9)
        return Header(
            VERSION, kind_of(type(body)), request_id, deadline_ns, self._session, lease=lease, trace=carried()
        )

    def _learn_clock(self) -> None:
        """Have the node tell its clock before the first question."""
        self._ping(CONNECT_S)
        while self._clock_ns is None:
            self._wait()

    def _ping(self, timeout_s: float) -> None:
        self._pinged = time.monotonic()
        frames = encode(Message(Header(VERSION, kind_of(Ping), 0, 0, self._session), Ping()))
        if timeout_s:
            self._dealer.send_or_raise(frames, self.name, timeout_s)
        else:
            self._dealer.send(frames)

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
            self._ping(0.0)
        self._repeat(now)
        frames = self._dealer.receive(PING_S)
        if frames is not None:
            self._sort(self._decoded(frames))

    def _decoded(self, frames: list[bytes]) -> Message:
        try:
            return decode(frames, COMMAND_TYPES)
        except WrongVersion as error:
            raise WrongVersion(f"node {self.name} at {self.address}: {error}") from error

    def _repeat(self, now: float) -> None:
        """Send again what was not answered, each time after twice as long."""
        for waiting in self._unanswered.values():
            if now >= waiting.due and self._dealer.send(waiting.frames):
                waiting.pause_s *= 2
                waiting.due = now + waiting.pause_s

    def _sort(self, message: Message) -> None:
        self._heard = time.monotonic()
        boot = message.header.epoch
        if self._boot and boot != self._boot:
            self._boot = boot
            raise NodeLost(f"node {self.name} at {self.address} was restarted: what it was asked is lost")
        self._boot = boot
        if isinstance(message.body, Pong):
            self._clock_ns = message.body.clock_ns - time.monotonic_ns()
            return
        waiting = self._unanswered.get(message.header.request_id)
        if waiting:
            waiting.due, waiting.pause_s = self._heard + QUIET_S, QUIET_S
        inbox = self._inbox.get(message.header.request_id)
        if inbox is not None:
            inbox.append(message)


KINDS: dict[str, type[RequestError]] = {
    "UNSUPP": Unsupported, "AUTH": AccessDenied, "FORBIDDEN": Forbidden,
    "LEASED": Leased, "STALE_LEASE": LeaseLost,
}  # fmt: skip


def failure(body: Body) -> HeraldlinkError:
    """The error an answer stands for, with the culprit's name in its sentence."""
    if not isinstance(body, Err):
        return ProtocolError(f"unexpected answer {kind_of(type(body))}")
    place = ", ".join(part for part in (body.node, body.device) if part)
    sentence = body.reason if not place or body.node in body.reason else f"{place}: {body.reason}"
    if body.code == "INDETERMINATE":
        return Indeterminate(sentence, body.facts)
    if body.code in KINDS:
        return KINDS[body.code](sentence)
    if body.device and body.code == "OTHER":
        return InstrumentLost(f"{place}: {body.reason}")
    if body.code == "OTHER":
        return NodeLost(sentence)
    return RequestError(sentence)
