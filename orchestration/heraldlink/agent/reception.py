# SPDX-License-Identifier: Apache-2.0
"""What clients ask of a node, done: requests begin and end here, and their clients are told."""

import time
from typing import TYPE_CHECKING

from heraldlink.agent.command_port import Question
from heraldlink.agent.lease import Lease
from heraldlink.agent.reading import fetch, read
from heraldlink.agent.requests import demand_of
from heraldlink.errors import RequestError
from heraldlink.link.events import Asked, Broken, Cancelled, Opened, Readied
from heraldlink.messages.command import (
    Cancel,
    Create,
    Created,
    Done,
    Err,
    FetchTags,
    Finished,
    GetStatus,
    Park,
    Ping,
    Pong,
    Prepare,
    Receive,
    StopReceive,
)
from heraldlink.messages.event import GetSnapshot
from heraldlink.messages.header import Body, Message, new_id
from heraldlink.messages.lease import ReadParameter
from heraldlink.messages.values import CommandCode, ErrorCode
from heraldlink.messages.worker import Fault, Notes, PrepareAll

if TYPE_CHECKING:
    from heraldlink.agent.node import Node

PATIENCE_S = 2.0
"""How long a prepare waits for a request that is just ending."""


PARKED = "the node was brought to its safe state meanwhile: prepare it again"


class Reception:
    """Commands that were let through (see `heraldlink.agent.tenancy`), and the clients who wait."""

    def __init__(self, node: "Node") -> None:
        self._node = node
        self._requests: dict[tuple[str, int], Question] = {}
        self._numbers: dict[tuple[str, int], int] = {}
        self._deferred: list[tuple[Question, float, int]] = []

    def do(self, question: Question) -> None:
        """Do what a client may ask."""
        match question.body:
            case Ping():
                self._node.answer(question, Pong(self._node.name, self._node.boot, time.monotonic_ns()))
            case GetStatus():
                self._node.answer(question, self._node.status())
            case GetSnapshot():
                self._node.answer(question, self._node.notices.snapshot())
            case Prepare() | Create() if self._node.storage.refusal:
                self._no(question, "NORES", self._node.storage.refusal, "journal")
            case Prepare() | Create() if missing := self._node.permits.missing:
                self._no(question, "NORES", missing.reason, missing.device)
            case Prepare() | Park():
                self.bring(question)
            case Create() as body:
                self.create(question, body)
            case Cancel() as body:
                self._node.feed(Cancelled(question.client, body.create_id, "cancelled by the client"))
                self._node.answer(question, Done({}))
            case Receive() | StopReceive() as body:
                self.open(question, body)
            case FetchTags() as body:
                fetch(self._node, question, body)
            case ReadParameter() as body:
                read(self._node, question, body)
            case _:
                self._node.answer(
                    question, Err("REJECTED", "this message is not for a node", self._node.name)
                )

    def _no(self, question: Question, code: ErrorCode | CommandCode, reason: str, device: str = "") -> None:
        self._node.answer(question, Err(code, reason, self._node.name, device))

    def tell(self, client: str, create_id: int, body: Body) -> None:
        """Tell a client about its request; one that is gone has its request cancelled."""
        question = self._requests.get((client, create_id))
        self._node.notices.told(client, create_id, body, question.trace if question else "")
        if question is None:
            return
        there = (self._node.answer if isinstance(body, Created | Finished | Err) else self._node.say)(
            question, body
        )
        if isinstance(body, Finished | Err):
            self._forget(client, create_id)
        elif not there:
            self._node.feed(Cancelled(client, create_id, "its client has gone"))
            self._forget(client, create_id)
            self._node.tenancy.gone(question)

    def _forget(self, client: str, create_id: int) -> None:
        self._requests.pop((client, create_id), None)
        self._node.stamps.ended(self._numbers.pop((client, create_id), 0))

    def cancel_all(self, reason: str) -> bool:
        """End what was asked here, after the slot that is playing; False if there is nothing."""
        asked = list(self._requests)
        for client, create_id in asked:
            self._node.feed(Cancelled(client, create_id, reason))
        return bool(asked)

    def wind_up(self, lease: Lease, reason: str) -> None:
        """End what was asked under a lease, after the slot that is playing."""
        for (client, create_id), question in list(self._requests.items()):
            if self._node.tenancy.under(lease, question):
                self._node.feed(Cancelled(client, create_id, reason))

    def bring(self, question: Question) -> None:
        """Prepare or park."""
        if isinstance(question.body, Park):
            self.park(question)
        elif self._node.machine.busy:
            self._deferred.append((question, time.monotonic() + PATIENCE_S, self._node.warden.parks))
        else:
            self.prepare(question)

    def park(self, question: Question) -> None:
        """Bring every instrument to its safe state; FAULT names what did not obey."""
        self._node.feed(Readied(False))

        def parked(ok: bool, how: str, notes: dict[str, str]) -> None:
            left = next((name for name, note in notes.items() if note.startswith("NOT")), "")
            reason = notes.get(left, self._node.warden.reason)
            self._node.answer(question, Done(notes) if ok else Err("OTHER", reason, self._node.name, left))

        self._node.warden.park("parked by a client", then=parked)

    def prepare(self, question: Question) -> None:
        """Apply the operating point; a node is prepared only when every setting was verified."""
        try:
            self._node.warden.check_serving()
        except RequestError as error:
            self._no(question, "NORES", str(error))
            return
        self._node.feed(Readied(False))
        parks = self._node.warden.parks

        def done(message: Message) -> None:
            match message.body:
                case Notes() if parks != self._node.warden.parks:
                    self._no(question, "OTHER", PARKED)
                case Notes(ok=True, notes=notes):
                    self._node.warden.go("prepared", "the operating point was applied and read back")
                    self._node.feed(Readied(True))
                    self._node.answer(question, Done(notes))
                case Notes(notes=notes):
                    device, note = next(iter(notes.items()))
                    self._no(question, "OTHER", note, device)
                case Fault() as fault:
                    self._node.feed(Broken(fault.device, fault.reason))
                    self._node.answer(
                        question, Err(code_of(fault), fault.reason, self._node.name, fault.device)
                    )
                case _:
                    pass

        call = PrepareAll()
        stamp = question.lease or self._node.stamps.of(call, self._node.tenancy.epoch)
        self._node.desk.call(call, done, time.monotonic(), stamp)

    def tick(self, now: float) -> None:
        """Prepare that came while a request was still ending."""
        deferred, self._deferred = self._deferred, []
        for question, deadline, parks in deferred:
            if parks != self._node.warden.parks:
                self._no(question, "OTHER", PARKED)
            elif not self._node.machine.busy:
                self.bring(question)
            elif now > deadline:
                self._node.answer(
                    question, Err("NORES", f"node {self._node.name} is serving a request", self._node.name)
                )
            else:
                self._deferred.append((question, deadline, parks))

    def create(self, question: Question, body: Create) -> None:
        """A CREATE: check it and hand it to the link layer."""
        try:
            demand = demand_of(body)
        except RequestError as error:
            self._no(question, "CREATE", str(error))
            return
        if self._node.machine.role == "midpoint":
            reason = f"node {self._node.name} is a midpoint and holds no qubit: ask an end node"
            self._no(question, "CREATE", reason)
            return
        try:
            self._node.warden.check_serving()
        except RequestError as error:
            self._no(question, "NORES", str(error))
            return
        if (question.client, body.create_id) in self._requests:
            self._no(
                question, "CREATE", f"request {body.create_id} of this client is under way: take another"
            )
            return
        self._requests[question.client, body.create_id] = question
        request = self._numbers[question.client, body.create_id] = new_id()
        self._node.stamps.admit(request, question.lease)
        self._node.feed(Asked(question.client, body.create_id, body.remote, demand, request))

    def open(self, question: Question, body: Receive | StopReceive) -> None:
        """RECEIVE and STOP_RECEIVE: from which peer requests are taken for a purpose."""
        peers = [node for node in self._node.machine.others if self._node.machine.role == "end"][1:]
        if body.remote not in peers:
            reason = f"node {self._node.name} has no link to {body.remote!r}"
            self._no(question, "CREATE", reason)
            return
        opened = isinstance(body, Receive)
        self._node.feed(Opened(body.purpose_id, opened))
        self._node.answer(
            question, Done({body.remote: f"purpose {body.purpose_id} is {'open' if opened else 'closed'}"})
        )


def code_of(fault: Fault) -> ErrorCode | CommandCode:
    """The code of a preparation that failed."""
    if fault.limited:
        return "LIMIT"
    return "REJECTED" if fault.misconfigured else "OTHER"
