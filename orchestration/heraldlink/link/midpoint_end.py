# SPDX-License-Identifier: Apache-2.0
"""How the midpoint leaves a request, and what it hears of requests that are past."""

from msgspec.structs import replace

from heraldlink.link.end_state import REMEMBERED
from heraldlink.link.endings import Unsettled, ask_again, ended, fact_of, without
from heraldlink.link.events import Action, Actions, Call, Recovered, SafeState, Send
from heraldlink.link.expiry import Expiring, expire, send
from heraldlink.link.facts import HeraldsFact
from heraldlink.link.midpoint_state import Item, MidpointState, Stage
from heraldlink.messages.link import Close, Failed
from heraldlink.messages.worker import Unload

Outcome = tuple[MidpointState, Actions]


def began(state: MidpointState, event: Recovered, now: float) -> Outcome:
    """Expire what was numbered and never judged, and ask the masters of requests that have no end."""
    unsettled = tuple(Unsettled(fact.request, fact.master) for fact in event.open)
    requests = (*(fact.request for fact in event.ends), *(fact.request for fact in event.open))
    again = tuple(Expiring(node, fact, now) for node, fact in event.expiring)
    state = replace(
        state,
        next_mhp_seq=event.next_mhp_seq,
        next_sequence=event.next_sequence,
        done=(*state.done, *requests)[-REMEMBERED:],
        unsettled=unsettled,
        expiring=again,
    )
    actions: Actions = tuple(send(item) for item in again)
    for heralds in event.undecided:
        state, more = expire_heralds(state, heralds, f"node {state.node} was restarted", now)
        actions += more
    for node in state.ends:
        actions += ask_again(unsettled, node)
    return state, actions


def expire_heralds(state: MidpointState, heralds: HeraldsFact, reason: str, now: float) -> Outcome:
    """These heralds will never be judged."""
    new, actions = expire(heralds, reason, state.ends, now)
    return replace(state, expiring=(*state.expiring, *new)), actions


def closed(state: MidpointState, item: Item, source: str, body: Close, now: float) -> Outcome:
    """The master has ended the active request."""
    journalled = (ended(fact_of(body, source)),) if item.stage >= Stage.LOADING else ()
    state, actions = leave(state, item, body.reason or body.state, now)
    return state, (*journalled, *actions)


def settled(state: MidpointState, source: str, body: Close) -> Outcome:
    """The master tells the end of a request that the midpoint has left."""
    state = replace(state, unsettled=without(state.unsettled, body.request))
    return state, (ended(fact_of(body, source)),)


def leave(state: MidpointState, item: Item, reason: str, now: float) -> Outcome:
    """Be free again; heralds without a verdict have expired."""
    actions: list[Action] = []
    judging = item.judging
    if judging and judging.heralds:
        gen = judging.gens[state.ends[0]]
        heralds = HeraldsFact(item.request, judging.burst, gen.slot, gen.basis, judging.heralds)
        state, more = expire_heralds(state, heralds, f"the slot was not judged: {reason}", now)
        actions += more
    if item.stage >= Stage.LOADING:
        actions.append(Call(Unload(item.request)))
    return remember(state, item.request), tuple(actions)


def remember(state: MidpointState, request: int) -> MidpointState:
    """Be free again, and drop late repeats of the ended request."""
    return replace(state, active=None, done=(*state.done, request)[-REMEMBERED:])


def fail(
    state: MidpointState, node: str, device: str, reason: str, now: float, *, park: bool, tell: bool = True
) -> Outcome:
    """Leave the active request, tell both ends why, and park; its master tells how it ended."""
    actions: list[Action] = [SafeState(reason)] if park else []
    item = state.active
    if item:
        note = Failed(item.request, node, device, reason)
        actions += [Send(target, note) for target in state.ends if tell]
        if item.stage >= Stage.LOADING:
            state = replace(state, unsettled=(*state.unsettled, Unsettled(item.request, item.master)))
        state, more = leave(state, item, reason, now)
        actions += more
    return (replace(state, prepared=False) if park else state), tuple(actions)
