# SPDX-License-Identifier: Apache-2.0
"""How a request begins and ends at an end node."""

from msgspec.structs import replace

from heraldlink.link.distributed_queue import clear, leave, own, serve_next
from heraldlink.link.end_state import EndState, Item, Stage, Waiting, remember
from heraldlink.link.endings import Unsettled, close_of, ended, fact_of, remembered
from heraldlink.link.events import Action, Actions, Call, Cancelled, Commit, SafeState, Send, Tell
from heraldlink.link.facts import REQUEST, EndFact, RequestFact
from heraldlink.link.storage import newer, room, too_short
from heraldlink.messages.command import Created, Err, Finished
from heraldlink.messages.link import Add, AddAck, Close, Failed, Offer, Refuse
from heraldlink.messages.values import FinalState
from heraldlink.messages.worker import Count, Load, Loaded, Unload

Outcome = tuple[EndState, Actions]


def offered(state: EndState, body: Offer, now: float) -> Outcome:
    """The midpoint has parameters: tell the client, add the request everywhere, load our own programs."""
    waiting = state.asking
    assert waiting is not None  # noqa: S101  (place() has checked)
    if waiting.demand.type != "M":
        decays = tuple(body.parameters.prediction.decay.values())
        reason = too_short(waiting.demand, decays, state.tick_rate_Hz)
        if reason:
            state, actions = leave(state, (waiting,), reason)
            state, more = serve_next(state)
            refusal = Err("UNSUPP", reason, state.midpoint)
            return state, (Tell(waiting.client, waiting.create_id, refusal), *actions, *more)
    item = Item(
        request=waiting.request,
        client=waiting.client,
        create_id=waiting.create_id,
        master=state.node,
        demand=waiting.demand,
        parameters=body.parameters,
        queue_id=waiting.number,
        first_slot=waiting.tick,
        stage=Stage.LOADING,
        since=now,
    )
    add = Add(item.request, item.queue_id, state.node, item.demand, item.parameters)
    prediction = body.parameters.prediction
    created = Created(item.create_id, item.request, prediction, body.parameters.attempts)
    state = replace(state, active=item, asking=None)
    return state, (
        request_fact(item),
        Tell(item.client, item.create_id, created),
        Send(state.midpoint, add),
        Send(state.peer, add),
        Call(Load(item.request, item.demand, item.parameters)),
    )


def request_fact(item: Item) -> Commit:
    """Journal that the request was accepted."""
    fact = RequestFact(item.request, item.queue_id, item.master, item.demand, item.parameters)
    return Commit(((REQUEST, fact),))


def loaded(state: EndState, item: Item, body: Loaded, now: float) -> Outcome:
    """Our own programs are loaded."""
    if item.stage is not Stage.LOADING:
        return state, ()
    item = replace(item, program=body.program)
    if item.master == state.node:
        return begin_when_complete(state, item, now)
    acknowledgement = AddAck(item.request, item.queue_id, item.program, room(state))
    item = replace(item, stage=Stage.READY, since=now)
    return replace(state, active=item), (Send(item.master, acknowledgement),)


def acknowledged(state: EndState, item: Item, source: str, body: AddAck, now: float) -> Outcome:
    """Another node has loaded its programs."""
    programs = (*item.programs, (source, body.program))
    item = replace(item, acknowledged=item.acknowledged | {source}, programs=programs)
    if source == state.peer:
        state = replace(state, peer_room=newer(state.peer_room, body.room))
    return begin_when_complete(state, item, now)


def begin_when_complete(state: EndState, item: Item, now: float) -> Outcome:
    """The first slot is proposed once all three nodes are loaded."""
    if not item.program or item.acknowledged != frozenset((state.peer, state.midpoint)):
        return replace(state, active=item), ()
    if item.cancelled:
        return finish(state, item, "EXPIRED", reason=item.cancelled)
    others = compiled_otherwise(item)
    if others:
        nodes = " and ".join(others)
        reason = (
            f"{nodes} compiled another sequence than {state.node}: their versions or sequence files differ"
        )
        return finish(state, item, "FAILED", node=others[0], reason=reason)
    item = replace(item, stage=Stage.READY, since=now)
    return replace(state, active=item), (Call(Count(item.request, fresh=False)),)


def compiled_otherwise(item: Item) -> list[str]:
    """Nodes whose program is not ours."""
    return [node for node, program in item.programs if program != item.program]


def refused(state: EndState, source: str, body: Refuse) -> Outcome:
    """The midpoint has no parameters, or a node does not take the request."""
    if state.asking and state.asking.request == body.request:
        waiting = state.asking
        answer = Err(body.code, body.reason, source)
        state, actions = leave(replace(state, asking=None), (waiting,), body.reason)
        state, more = serve_next(state)
        return state, (Tell(waiting.client, waiting.create_id, answer), *actions, *more)
    item = state.active
    if item is None or item.master != state.node or item.stage is not Stage.LOADING:
        return state, ()
    return finish(state, item, "REJECTED", node=source, reason=body.reason)


def finish(
    state: EndState, item: Item, final: FinalState, *, node: str = "", device: str = "", reason: str = ""
) -> Outcome:
    """The master ends the request: journal, tell the client and both others, free the instruments."""
    fact = EndFact(item.request, final, node, device, reason, state.node)
    close = close_of(fact, item.slot.burst)
    state, actions = end(state, item, fact)
    return state, (*actions, Send(state.midpoint, close), Send(state.peer, close))


def closed(state: EndState, item: Item, source: str, body: Close) -> Outcome:
    """The master has ended the request."""
    return end(state, item, fact_of(body, source))


def end(state: EndState, item: Item, fact: EndFact) -> Outcome:
    """Leave the request and go to the next one in line."""
    actions: list[Action] = [ended(fact)]
    if item.client:
        totals = item.totals
        finished = Finished(
            create_id=item.create_id,
            state=fact.state,
            node=fact.node,
            device=fact.device,
            reason=fact.reason,
            delivered=totals.delivered,
            withheld=totals.withheld,
            expired=totals.expired,
            slots=totals.slots,
            tested=totals.tested,
        )
        actions.append(Tell(item.client, item.create_id, finished))
    known = remembered(state.known_ends, fact)
    state, more = free(replace(state, known_ends=known), item)
    return state, (*actions, *more)


def free(state: EndState, item: Item) -> Outcome:
    """Free the instruments and go to the next request in line."""
    state, more = serve_next(replace(remember(state, item.request), active=None))
    return state, (Call(Unload(item.request)), *more)


def give_up(state: EndState, item: Item, node: str, device: str, reason: str) -> Outcome:
    """End the request as FAILED if this node is its master; else leave it until the master tells its end."""
    if item.master == state.node:
        return finish(state, item, "FAILED", node=node, device=device, reason=reason)
    unsettled = (*state.unsettled, Unsettled(item.request, item.master))
    return free(replace(state, unsettled=unsettled), item)


def fail(
    state: EndState, node: str, device: str, reason: str, *, park: bool, tell: tuple[str, ...]
) -> Outcome:
    """Give up the active request, or the one being asked; tell the named nodes what happened."""
    state, given_up = clear(state, node, device, reason)
    # the safe state first: whoever is told of the failure finds it begun
    actions: list[Action] = [SafeState(reason), *given_up] if park else [*given_up]
    item, waiting = state.active, state.asking
    if item:
        note = Failed(item.request, node, device, reason)
        if item.master != state.node:
            actions += [Send(target, note) for target in tell]
        state, more = give_up(state, item, node, device, reason)
        actions += more
    if waiting and not item:
        state, more = leave(state, (waiting,), reason)
        actions += more
        actions.append(Tell(waiting.client, waiting.create_id, Err("OTHER", reason, node, device)))
    return (replace(state, prepared=False) if park else state), tuple(actions)


def fail_all(state: EndState, node: str, device: str, reason: str, *, park: bool) -> Outcome:
    """This node has found that it cannot go on: end everything and tell the others.

    An idle node that loses a peer just waits for it; one that loses its own instruments is parked.
    """
    busy = state.active is not None or state.asking is not None
    park = park and (busy or node == state.node)
    return fail(state, node, device, reason, park=park, tell=(state.peer, state.midpoint))


def cancel(state: EndState, event: Cancelled) -> Outcome:
    """End a client's requests: those in line now, the active one after its slot."""

    def meant(entry: Item | Waiting) -> bool:
        return entry.client == event.client and event.create_id in (None, entry.create_id)

    gone = tuple(entry for entry in own(state) if meant(entry))
    told = tuple(
        Tell(entry.client, entry.create_id, Err("EXPIRE", event.reason, state.node)) for entry in gone
    )
    active = state.active
    if active and meant(active):
        active = replace(active, cancelled=event.reason)
    state, withdrawn = leave(replace(state, active=active), gone, event.reason)
    state, more = serve_next(state)
    return state, (*told, *withdrawn, *more)
