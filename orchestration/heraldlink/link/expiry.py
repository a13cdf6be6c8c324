# SPDX-License-Identifier: Apache-2.0
"""EXPIRE: heralds that were numbered but never judged are nobody's pairs, and both ends say that they know.

The midpoint journals the expiry with its decisions, tells both ends, and tells them again until each has
acknowledged, also over restarts of either side.
"""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from heraldlink.link.events import Actions, Commit, Send
from heraldlink.link.facts import EXPIRE, EXPIRE_ACK, PAIR, ExpireAckFact, ExpireFact, HeraldsFact, PairFact
from heraldlink.link.recovery import expired
from heraldlink.messages.link import Expire, ExpireAck

FIRST_RETRY_S, LONGEST_RETRY_S = 0.5, 30.0


class Expiring(msgspec.Struct, frozen=True):
    """An EXPIRE that a node has not acknowledged; ``due_s`` on the caller's clock."""

    node: str
    fact: ExpireFact
    due_s: float
    wait_s: float = FIRST_RETRY_S


def expire(
    heralds: HeraldsFact, reason: str, ends: Sequence[str], now: float
) -> tuple[tuple[Expiring, ...], Actions]:
    """Decide that these heralds have expired: journal, then tell both ends."""
    decisions = tuple(expired(herald, reason) for herald in heralds.heralds)
    low, high = decisions[0].mhp_seq, decisions[-1].mhp_seq
    fact = ExpireFact(heralds.request, heralds.burst, heralds.slot, heralds.basis, low, high, decisions)
    entries = tuple((PAIR, pair) for pair in pairs(fact))
    new = tuple(Expiring(node, fact, now + FIRST_RETRY_S) for node in ends)
    return new, (Commit((*entries, (EXPIRE, fact))), *(send(item) for item in new))


def pairs(fact: ExpireFact) -> tuple[PairFact, ...]:
    """The decisions as every node journals them."""
    return tuple(
        PairFact(fact.request, fact.burst, fact.slot, fact.basis, decision) for decision in fact.decisions
    )


def send(item: Expiring) -> Send:
    """The message to one end."""
    fact = item.fact
    body = Expire(fact.request, fact.burst, fact.slot, fact.basis, fact.low, fact.high, fact.decisions)
    return Send(item.node, body)


def acknowledged(
    expiring: Sequence[Expiring], node: str, body: ExpireAck
) -> tuple[tuple[Expiring, ...], Actions]:
    """An end knows; journal that, so that it is not told again after a restart."""
    left = tuple(item for item in expiring if (item.node, item.fact.low) != (node, body.low))
    if len(left) == len(expiring):
        return left, ()
    return left, (Commit(((EXPIRE_ACK, ExpireAckFact(node, body.low)),)),)


def overdue(
    expiring: Sequence[Expiring], now: float, restarted: str = ""
) -> tuple[tuple[Expiring, ...], Actions]:
    """Tell again whom we wait for too long, or who has begun a new life."""
    due = [item for item in expiring if item.due_s <= now or item.node == restarted]
    if not due:
        return tuple(expiring), ()
    again = tuple(_again(item, now) if item in due else item for item in expiring)
    return again, tuple(send(item) for item in due)


def _again(item: Expiring, now: float) -> Expiring:
    wait_s = min(2 * item.wait_s, LONGEST_RETRY_S)
    return replace(item, due_s=now + wait_s, wait_s=wait_s)
