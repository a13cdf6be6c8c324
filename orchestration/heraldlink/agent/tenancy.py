# SPDX-License-Identifier: Apache-2.0
"""Who commands the node at present, and what the node does when that changes."""

import time
from collections.abc import Mapping
from typing import Protocol

from heraldlink.agent.admission import Admission, Repeated
from heraldlink.agent.command_port import Question
from heraldlink.agent.commands import COMMANDING, may
from heraldlink.agent.lease import Change, Draining, Ended, Given, Lease, Owner, Refused
from heraldlink.agent.outbox import Outbox
from heraldlink.messages.header import Body
from heraldlink.messages.lease import AcquireLease, GetLease, LeaseStatus, ReleaseLease, RenewLease
from heraldlink.messages.values import Role

NOBODY = Owner("", 0)
LEASE_COMMANDS = (AcquireLease, RenewLease, ReleaseLease, GetLease)


class Surroundings(Protocol):
    """The node, as far as its tenancy needs it."""

    outbox: Outbox

    def do(self, question: Question) -> None:
        """Do a command that was let through."""
        ...

    def say(self, question: Question, body: Body) -> bool:
        """Send a message to where a question came from; False if nobody is there."""
        ...

    def answer(self, question: Question, body: Body) -> bool:
        """Answer a question, and keep the answer."""
        ...

    def refuse(self, question: Question, refusal: Refused) -> None:
        """Answer that it is not done."""
        ...

    def wind_up(self, lease: Lease, reason: str) -> None:
        """End what was asked under a lease, after the slot that is playing."""
        ...

    def lose(self, floor: int, reason: str) -> None:
        """Nobody commands: end everything and go to the safe state; orders below ``floor`` are void."""
        ...


class Tenancy:
    """Lets commands through to the node, and carries out what follows from a lease that ends."""

    def __init__(self, admission: Admission, node: Surroundings) -> None:
        self._admission, self._node = admission, node

    @property
    def epoch(self) -> int:
        """Epoch of the last lease given."""
        return self._admission.epoch

    def status(self, now: float) -> LeaseStatus:
        """The lease, as anybody may know it."""
        return self._admission.status(NOBODY, now)

    def serve(self, question: Question) -> None:
        """Take one message of a client."""
        now = time.monotonic()
        try:
            admitted = self._admission.admit(question, now)
            if isinstance(admitted, Repeated):
                self._repeat(question, admitted)
                return
            self._node.outbox.append(*admitted.entries)
            if isinstance(question.body, LEASE_COMMANDS):
                self._lease_command(question, now)
            else:
                self._node.outbox.then(lambda: self._node.do(question))
        except Refused as refusal:
            self._node.refuse(question, refusal)

    def _repeat(self, question: Question, repeated: Repeated) -> None:
        def say() -> None:
            for body in repeated.answers:
                self._node.say(question, body)

        self._node.outbox.then(say)

    def _lease_command(self, question: Question, now: float) -> None:
        status, entries, changes = self._admission.lease_command(question, now)
        self._node.outbox.append(*entries)
        self._apply(changes)
        if status:
            self._node.outbox.then(lambda: self._node.answer(question, status))

    def address(self, question: Question) -> Question:
        """Where answers to a question go by now."""
        return self._admission.address(question)

    def answered(self, question: Question, body: Body) -> None:
        """A command got this answer."""
        self._apply(self._admission.answered(question, body, time.monotonic()))

    def gone(self, question: Question) -> None:
        """The client of a command is gone."""
        self._apply(self._admission.left(question, gone=True, now=time.monotonic()))

    def under(self, lease: Lease, question: Question) -> bool:
        """Whether a command was given under this lease."""
        return self._admission.under(lease, question)

    def reloaded(self, roles: Mapping[str, Role]) -> None:
        """The keys were read again: whose key is gone, or commands no more, gives its lease up."""
        names = frozenset(name for name, role in roles.items() if may(role, COMMANDING))
        self._apply(self._admission.revoke(names, time.monotonic()))

    def tick(self, now: float, *, busy: bool) -> None:
        """Time has passed; ``busy``: a slot may be playing."""
        self._apply(self._admission.pass_time(now, busy=busy))
        self._node.outbox.append(*self._admission.unwritten())

    def _apply(self, changes: tuple[Change, ...]) -> None:
        self._node.outbox.append(*self._admission.entries_of(changes, time.monotonic()))
        for change in changes:
            match change:
                case Draining(lease, reason) | Ended(lease, reason, safe=False):
                    self._node.wind_up(lease, reason)
                case Ended(lease, reason):
                    self._node.lose(lease.epoch + 1, reason)
                case Given():
                    self._tell(change)

    def _tell(self, change: Given) -> None:
        question = self._admission.ticket(change)
        if question:
            status = self._admission.status(question.owner, time.monotonic())
            self._node.outbox.then(lambda: self._node.answer(question, status))
