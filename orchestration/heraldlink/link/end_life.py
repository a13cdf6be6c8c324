# SPDX-License-Identifier: Apache-2.0
"""How an end node begins a life, and what it says and hears of requests and heralds that are past."""

from msgspec.structs import replace

from heraldlink.link import end_master, numbers
from heraldlink.link.end_state import REMEMBERED, EndState
from heraldlink.link.endings import (
    REMEMBERED_ENDS,
    Unsettled,
    ask_again,
    close_of,
    ended,
    fact_of,
    remembered,
    told,
    without,
)
from heraldlink.link.events import Actions, Commit, Recovered, Send
from heraldlink.link.expiry import pairs
from heraldlink.link.facts import PAIR, EndFact, ExpireFact, RequestFact
from heraldlink.messages.link import Close, Expire, ExpireAck, Settle
from heraldlink.messages.values import Decision

Outcome = tuple[EndState, Actions]


def began(state: EndState, event: Recovered) -> Outcome:
    """End what this node was the master of, and ask the masters of everything else that has no end."""
    own = [fact for fact in event.open if fact.master == state.node]
    ends = tuple(restarted(state.node, fact) for fact in own)
    unsettled = tuple(
        Unsettled(fact.request, fact.master) for fact in event.open if fact.master != state.node
    )
    requests = (*(fact.request for fact in event.ends), *(fact.request for fact in event.open))
    state = replace(
        state,
        done=(*state.done, *requests)[-REMEMBERED:],
        known_ends=(*event.ends, *ends)[-REMEMBERED_ENDS:],
        unsettled=unsettled,
        next_mhp_seq=event.next_mhp_seq,
        holes=event.holes,
    )
    commits = tuple(ended(fact) for fact in ends)
    closes = tuple(Send(node, close_of(fact)) for fact in ends for node in (state.midpoint, state.peer))
    return state, (*commits, *closes, *ask_again(unsettled, state.peer))


def restarted(node: str, fact: RequestFact) -> EndFact:
    """A request ends with the life of its master."""
    return EndFact(fact.request, "FAILED", node, "", f"node {node} was restarted", node)


def settle(state: EndState, source: str, body: Settle) -> Outcome:
    """Another node asks how a request of this node ended; while it goes on, the asker has left it."""
    item = state.active
    if item and item.request == body.request:
        return end_master.give_up(state, item, source, "", f"node {source} has left the request")
    fact, commits = told(state.known_ends, body.request, state.node)
    state = replace(state, known_ends=remembered(state.known_ends, fact))
    return state, (*commits, Send(source, close_of(fact)))


def settled(state: EndState, source: str, body: Close) -> Outcome:
    """The master tells the end of a request that this node has left."""
    fact = fact_of(body, source)
    state = replace(
        state,
        unsettled=without(state.unsettled, body.request),
        known_ends=remembered(state.known_ends, fact),
    )
    return state, (ended(fact),)


def expired(state: EndState, body: Expire) -> Outcome:
    """Journal that these heralds are no pairs, once, and acknowledge every time."""
    fact = ExpireFact(body.request, body.burst, body.slot, body.basis, body.low, body.high, body.decisions)
    state, new = newly_decided(state, body.decisions)
    entries = tuple((PAIR, pair) for pair in pairs(fact) if pair.decision in new)
    commits = (Commit(entries),) if entries else ()
    return state, (*commits, Send(state.midpoint, ExpireAck(body.low)))


def newly_decided(state: EndState, decisions: tuple[Decision, ...]) -> tuple[EndState, tuple[Decision, ...]]:
    """Those of the decisions that this node did not have, in order."""
    new: list[Decision] = []
    following, holes = state.next_mhp_seq, state.holes
    for decision in decisions:
        fresh, following, holes = numbers.taken(following, holes, decision.mhp_seq)
        new += [decision] * fresh
    return replace(state, next_mhp_seq=following, holes=holes), tuple(new)
