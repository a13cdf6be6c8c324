# SPDX-License-Identifier: Apache-2.0
"""Facts that the link layer journals."""

import msgspec

from heraldlink.messages.link import Verdict
from heraldlink.messages.service import Measured, SlotBasis
from heraldlink.messages.values import Decision, Demand, FinalState, Herald, Origin, Parameters


class RequestFact(msgspec.Struct, frozen=True):
    """A request was accepted into the queue."""

    request: int
    queue_id: int
    master: str
    demand: Demand
    parameters: Parameters


class PairFact(msgspec.Struct, frozen=True):
    """The verdict on one herald; ``basis`` and ``measured`` are in the order of the link's ends."""

    request: int
    burst: int
    slot: int
    basis: SlotBasis
    decision: Decision
    origin: Origin = "unknown"
    measured: tuple[Measured, Measured] = ("Z", "Z")


def fact_of(body: Verdict, decision: Decision) -> PairFact:
    """What is journalled of one decision, the same at all three nodes."""
    return PairFact(
        request=body.request,
        burst=body.burst,
        slot=body.slot,
        basis=body.basis,
        decision=decision,
        origin=body.origin,
        measured=body.measured,
    )


class HeraldsFact(msgspec.Struct, frozen=True):
    """The midpoint numbered the heralds of a slot; it says so only afterwards, so no number is used twice."""

    request: int
    burst: int
    slot: int
    basis: SlotBasis
    heralds: tuple[Herald, ...]


class PendingFact(msgspec.Struct, frozen=True):
    """An end node knows of heralds that the midpoint has not decided on yet."""

    request: int
    burst: int
    slot: int
    heralds: tuple[Herald, ...]


class GivenUpFact(msgspec.Struct, frozen=True):
    """This node's half of a kept pair is gone, and why."""

    request: int
    sequence_number: int
    reason: str


class EndFact(msgspec.Struct, frozen=True):
    """A request ended; ``by`` is the node that decided: its master."""

    request: int
    state: FinalState
    node: str
    device: str
    reason: str
    by: str = ""


class ExpireFact(msgspec.Struct, frozen=True):
    """The midpoint expired heralds that it had numbered (``low`` to ``high``) and never judged."""

    request: int
    burst: int
    slot: int
    basis: SlotBasis
    low: int
    high: int
    decisions: tuple[Decision, ...]


class ExpireAckFact(msgspec.Struct, frozen=True):
    """An end node has journalled the expiry that begins at ``low``."""

    node: str
    low: int


class CursorFact(msgspec.Struct, frozen=True):
    """A consumer of the record channel has stored everything up to a record."""

    consumer: str
    number: int


class BootFact(msgspec.Struct, frozen=True):
    """The node's process was started; ``notes`` say what was found in the journal then."""

    node: str
    boot: int
    notes: tuple[str, ...] = ()


REQUEST, PAIR, END, BOOT = "request", "pair", "end", "boot"
HERALDS, PENDING, CURSOR = "heralds", "pending", "cursor"
EXPIRE, EXPIRE_ACK, GIVEN_UP = "expire", "expire_ack", "given_up"
FACTS: dict[str, type[msgspec.Struct]] = {
    REQUEST: RequestFact, PAIR: PairFact, END: EndFact, HERALDS: HeraldsFact, EXPIRE: ExpireFact,
    EXPIRE_ACK: ExpireAckFact,
}  # fmt: skip
"""What a new life reads of the former ones, by kind."""
