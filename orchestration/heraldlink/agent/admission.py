# SPDX-License-Identifier: Apache-2.0
"""What stands between a client's message and its being done: role, deadline, repetition, lease, journal.

In this order, so that a repeated command gets its stored answer though the lease it came under is over, and
an order that is refused leaves no trace but its refusal.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from heraldlink.agent import lease as leases
from heraldlink.agent.checkpoints import CheckpointFact
from heraldlink.agent.command_port import Question
from heraldlink.agent.commands import Rule, may, rule_of
from heraldlink.agent.lease import (
    Change,
    Ended,
    Given,
    Lease,
    LeaseState,
    Outcome,
    Owner,
    Refused,
    Wish,
)
from heraldlink.agent.ledger import ANSWER, COMMAND, Key, Ledger
from heraldlink.journal import Entry, Row
from heraldlink.journal.cuts import CHECKPOINT
from heraldlink.messages.command import Created
from heraldlink.messages.header import Body, kind_of
from heraldlink.messages.lease import AcquireLease, LeaseStatus, ReleaseLease, RenewLease

LEASE = "lease"
ROWS = (COMMAND, ANSWER, LEASE, CHECKPOINT)

audit = logging.getLogger("heraldlink.audit")


class LeaseFact(msgspec.Struct, frozen=True):
    """A lease was given (``reason`` empty) or ended; on disk before anybody is told.

    ``clock_ns``: when, on the node's monotonic clock. ``safe``: the node went to its safe state for it.
    """

    epoch: int
    holder: str
    note: str
    boot: int
    reason: str = ""
    clock_ns: int = 0
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Admitted:
    """A command to be done, once ``entries`` are on disk."""

    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Repeated:
    """A command that came before: its answers so far, to be sent again."""

    answers: tuple[Body, ...]


class Admission:
    """The one place that lets commands through. ``now`` is the monotonic clock, seconds."""

    def __init__(self, node: str, boot: int, rows: Iterable[Row] = ()) -> None:
        self._node, self._boot = node, boot
        self._ledger, epoch = Ledger(boot), 0
        for row in rows:
            if row.kind == CHECKPOINT:
                epoch = max(epoch, msgspec.msgpack.decode(row.payload, type=CheckpointFact).lease)
            elif row.kind == LEASE:
                epoch = max(epoch, msgspec.msgpack.decode(row.payload, type=LeaseFact).epoch)
            else:
                self._ledger.restore(row)
        self._leases = LeaseState(epoch)
        self._waiting: dict[Key, Question] = {}

    @property
    def epoch(self) -> int:
        """Epoch of the last lease given: what the instruments' worker takes orders under."""
        return self._leases.epoch

    def admit(self, question: Question, now: float) -> Admitted | Repeated:
        """Judge a message. Raises Refused."""
        rule = rule_of(question.body)
        if rule is None:
            raise Refused("BAD_REQUEST", f"{kind_of(type(question.body))} is not for a node")
        if not may(question.sender.role, rule):
            reason = f"{question.sender.name} has the role {question.sender.role}; this takes {rule.role}"
            audit.warning("refused %s: %s", kind_of(type(question.body)), reason)
            raise Refused("FORBIDDEN", reason)
        if rule.once:
            if not question.request_id:
                raise Refused("BAD_REQUEST", "a command needs a request id, so that it is done only once")
            answers = self._ledger.find(question.key, question.body)
            if answers is not None:
                if question.key in self._waiting:
                    self._waiting[question.key] = question
                return Repeated(tuple(answers))
        if is_late(question, now):
            raise Refused("EXPIRED", "it arrived after its deadline and was not done: ask anew")
        return self._begin(question, rule, now)

    def _begin(self, question: Question, rule: Rule, now: float) -> Admitted:
        entries: list[Entry] = []
        if rule.lease:
            before = self._leases
            self._leases = leases.admit(before, question.owner, question.lease, question.key, self._node, now)
            entries += self._given(before)
        if rule.once:
            self._waiting[question.key] = question
            entries.append(self._ledger.begin(question.key, question.body, self._leases.epoch))
        return Admitted((*entries, *self._ledger.unwritten()) if entries else ())

    def address(self, question: Question) -> Question:
        """Where an answer goes: to the connection from which the command came last."""
        return self._waiting.get(question.key, question)

    def answered(self, question: Question, body: Body, now: float) -> tuple[Change, ...]:
        """Keep the answer of a command; one that has ended frees the open lease."""
        key = question.key
        if key not in self._waiting:
            return ()
        self._ledger.answered(key, body)
        return () if isinstance(body, Created) else self.left(question, gone=False, now=now)

    def left(self, question: Question, *, gone: bool, now: float) -> tuple[Change, ...]:
        """A command has ended, or its client is gone before."""
        self._waiting.pop(question.key, None)
        return self._take(leases.leave(self._leases, question.key, gone=gone, now=now))

    def lease_command(
        self, question: Question, now: float
    ) -> tuple[LeaseStatus | None, tuple[Entry, ...], tuple[Change, ...]]:
        """A message about the lease: its answer (None: later), what to journal first, and what follows.

        Raises Refused.
        """
        before, owner = self._leases, question.owner
        changes: tuple[Change, ...] = ()
        match question.body:
            case AcquireLease(steal="") as body:
                self._leases = leases.acquire(before, Wish(owner, body.note, body.ttl_s), now)
            case AcquireLease() as body:
                wish = Wish(owner, body.note, body.ttl_s)
                self._leases = leases.take_over(before, wish, body.steal, question.key, now)
                if self._leases.takeover:
                    return None, (), ()
            case RenewLease():
                self._leases = leases.renew(before, owner, question.lease, now)
            case ReleaseLease(force=""):
                changes = self._take(leases.release(before, owner, question.lease, now))
            case ReleaseLease(force=reason):
                changes = self._take(leases.free(before, owner.name, reason, now))
            case _:
                pass
        return self.status(owner, now), self._given(before), changes

    def pass_time(self, now: float, *, busy: bool) -> tuple[Change, ...]:
        """What time brings to the lease."""
        return self._take(leases.pass_time(self._leases, now, busy=busy))

    def revoke(self, names: frozenset[str], now: float) -> tuple[Change, ...]:
        """Only these names may command any more."""
        return self._take(leases.revoke(self._leases, names, now))

    def entries_of(self, changes: tuple[Change, ...], now: float) -> tuple[Entry, ...]:
        """What to journal of changes before anybody is told of them."""
        return tuple(self._fact(change, now) for change in changes if isinstance(change, Given | Ended))

    def ticket(self, change: Given) -> Question | None:
        """Who waits for a take-over."""
        return self._waiting.get(change.ticket)

    def under(self, lease: Lease, question: Question) -> bool:
        """Whether a command was given under this lease."""
        return question.lease == lease.epoch or question.key in lease.users

    def status(self, owner: Owner, now: float) -> LeaseStatus:
        """The lease as this owner may know it."""
        held, takeover = self._leases.lease, self._leases.takeover
        if held is None:
            return LeaseStatus(self._node, self._leases.epoch, held=False)
        return LeaseStatus(
            node=self._node,
            epoch=held.epoch,
            held=True,
            yours=held.owner == owner,
            holder=held.owner.name if held.owner else "",
            note=held.note,
            ttl_s=held.ttl_s if held.owner else 0.0,
            left_s=held.left_s(now) if held.owner else 0.0,
            taken_over_by=takeover.wish.owner.name if takeover else "",
            taken_over_in_s=max(0.0, takeover.moment - now) if takeover else 0.0,
        )

    def unwritten(self) -> list[Entry]:
        """Answers that were not journalled yet."""
        return self._ledger.unwritten()

    def _take(self, outcome: Outcome) -> tuple[Change, ...]:
        self._leases, changes = outcome
        return changes

    def _given(self, before: LeaseState) -> tuple[Entry, ...]:
        lease = self._leases.lease
        if lease is None or self._leases.epoch == before.epoch:
            return ()
        return (self._fact(Given(lease, ("", 0)), lease.renewed),)

    def _fact(self, change: Given | Ended, now: float) -> Entry:
        lease = change.lease
        fact = LeaseFact(
            epoch=lease.epoch,
            holder=lease.owner.name if lease.owner else "",
            note=lease.note,
            boot=self._boot,
            reason=change.reason if isinstance(change, Ended) else "",
            clock_ns=round(now * 1e9),
            safe=isinstance(change, Ended) and change.safe,
        )
        return Entry(LEASE, fact)


def is_late(question: Question, now: float) -> bool:
    """Whether its deadline is over."""
    return 0 < question.deadline_ns < now * 1e9
