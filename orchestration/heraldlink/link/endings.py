# SPDX-License-Identifier: Apache-2.0
"""How a request ends in one and the same state at every node: its master decides, the others follow.

A node that fails, or that loses the master, frees its instruments and keeps the request unsettled. It asks
the master again (Settle) as often as the master begins a new life, and journals the end that the master's
Close tells. A master that is asked about a request it has never ended ends it as FAILED.
"""

from collections.abc import Sequence

import msgspec

from heraldlink.link.events import Action, Actions, Commit, Send
from heraldlink.link.facts import END, EndFact
from heraldlink.messages.link import Close, Settle

REMEMBERED_ENDS = 1024


class Unsettled(msgspec.Struct, frozen=True):
    """A request that this node has left without knowing how it ended."""

    request: int
    master: str


def without(unsettled: Sequence[Unsettled], request: int) -> tuple[Unsettled, ...]:
    """The others."""
    return tuple(item for item in unsettled if item.request != request)


def is_unsettled(unsettled: Sequence[Unsettled], request: int, source: str) -> bool:
    """Whether ``source`` may say how this request ended."""
    return Unsettled(request, source) in unsettled


def ask_again(unsettled: Sequence[Unsettled], master: str) -> Actions:
    """Ask a master about everything it has not told yet."""
    return tuple(Send(master, Settle(item.request)) for item in unsettled if item.master == master)


def fact_of(body: Close, source: str) -> EndFact:
    """The end that a master tells, as it is journalled."""
    return EndFact(body.request, body.state, body.node, body.device, body.reason, source)


def close_of(fact: EndFact, burst: int = 0) -> Close:
    """An end as the master tells it; ``burst`` is the last one that counts."""
    return Close(fact.request, fact.state, fact.reason, fact.node, fact.device, burst)


def told(ends: Sequence[EndFact], request: int, node: str) -> tuple[EndFact, Actions]:
    """How this master ended a request, and what to journal: one that it does not know has FAILED."""
    known = next((fact for fact in ends if fact.request == request), None)
    if known:
        return known, ()
    reason = f"node {node} was restarted before it took the request"
    lost = EndFact(request, "FAILED", node, "", reason, node)
    return lost, (Commit(((END, lost),)),)


def remembered(ends: Sequence[EndFact], fact: EndFact) -> tuple[EndFact, ...]:
    """Ends with one more, the oldest forgotten beyond a bound."""
    return (*(item for item in ends if item.request != fact.request), fact)[-REMEMBERED_ENDS:]


def ended(fact: EndFact) -> Action:
    """Journal an end."""
    return Commit(((END, fact),))
