# SPDX-License-Identifier: Apache-2.0
"""An end node's link layer: ``step(state, event, now)`` gives the next state and what is to be done.

The node whose client asked is the request's master: it asks the midpoint for parameters, adds the request
to the queue of both others, and proposes slots. In a slot master and slave do the same: arm, GEN, collect,
REPORT, journal the VERDICT. ``now`` is any monotonic clock in seconds, used for stage limits alone.
"""

from msgspec.structs import replace

from heraldlink.link import (
    distributed_queue,
    end_ahead,
    end_life,
    end_master,
    end_slot,
    kept_phase,
    storage,
    tick_counts,
)
from heraldlink.link.end_order import place
from heraldlink.link.end_state import (
    LOADING_LIMIT_S,
    STAGE_LIMIT_S,
    STASH_LIMIT,
    EndState,
    Item,
    OwnCount,
    Stage,
)
from heraldlink.link.endings import ask_again, is_unsettled
from heraldlink.link.events import (
    Actions,
    Answered,
    Asked,
    Broken,
    Call,
    Cancelled,
    Event,
    Lost,
    Opened,
    Readied,
    Received,
    Recovered,
    Released,
    Send,
    Ticked,
)
from heraldlink.link.service import peer_refusal
from heraldlink.messages.link import (
    Add,
    AddAck,
    Close,
    Expire,
    Failed,
    GiveUp,
    Offer,
    Propose,
    QueueAck,
    QueueAdd,
    QueueDrop,
    QueueReject,
    Refuse,
    Reply,
    RoomNow,
    Settle,
    Turn,
    Verdict,
    Void,
)
from heraldlink.messages.values import Room
from heraldlink.messages.worker import Count, Counted, Load, Loaded, SlotArmed, SlotAwaited, SlotCollected

Outcome = tuple[EndState, Actions]
STORAGE = 0
"""Stands for a request where a tick is counted for kept pairs alone."""


def step(state: EndState, event: Event, now: float) -> Outcome:
    """React to one event, then to kept messages whose turn has come, first to the end of a request."""
    state, actions = react(state, event, now)
    while True:
        known = sorted(state.stash, key=lambda kept: not isinstance(kept[1], Close))
        ready = next((kept for kept in known if place(state, *kept) != "early"), None)
        if ready is None:
            return state, actions
        state = replace(state, stash=tuple(kept for kept in state.stash if kept is not ready))
        state, more = receive(state, Received(*ready), now)
        actions += more


def react(state: EndState, event: Event, now: float) -> Outcome:
    """React to one event."""
    match event:
        case Received():
            return receive(state, event, now)
        case Answered():
            return answer(state, event, now)
        case Asked():
            return distributed_queue.join(state, event, now)
        case Cancelled():
            return cancelled(state, event)
        case Broken(refused=True) if (item := state.active) and end_slot.may_call_off(item):
            return end_slot.called_off(state, item)
        case Broken():
            reason = end_slot.with_void(state.active, event.reason)
            state, gone = storage.all_gone(kept_phase.forgotten(state), event.reason)
            state, actions = end_master.fail_all(state, state.node, event.device, reason, park=True)
            return state, (*gone, *actions)
        case Lost():
            state, gone = lost_halves(kept_phase.forgotten(state), event)
            state, actions = end_master.fail_all(state, event.node, "", event.reason, park=True)
            return state, (*gone, *actions, *ask_again(state.unsettled, event.node))
        case Recovered():
            return end_life.began(state, event)
        case Readied():
            return readied(replace(state, own_count=OwnCount()), event)
        case Released():
            return storage.released(state, event.client, event.sequence_number, "its client gave it up")
        case Opened():
            purposes = (
                state.purposes | {event.purpose_id} if event.opened else state.purposes - {event.purpose_id}
            )
            return replace(state, purposes=purposes), ()
        case Ticked():
            return watch(state, now)


def cancelled(state: EndState, event: Cancelled) -> Outcome:
    """End requests of a client; one that has vanished needs its kept pairs no more either."""
    gone: Actions = ()
    if event.create_id is None:
        state, gone = storage.released(state, event.client, None, event.reason)
    state, actions = end_master.cancel(state, event)
    return state, (*gone, *actions)


def lost_halves(state: EndState, event: Lost) -> Outcome:
    """With the peer its halves are gone, and what it said of its room."""
    if event.node != state.peer:
        return state, ()
    return storage.all_gone(replace(state, peer_room=Room()), event.reason)


def readied(state: EndState, event: Readied) -> Outcome:
    """Prepared or parked; parking ends what is under way. Either may have moved the phase."""
    state = kept_phase.forgotten(state)
    if event.prepared:
        return replace(state, prepared=True), ()
    reason = event.reason or "the node was parked"
    state, gone = storage.all_gone(state, reason)
    state, actions = end_master.fail_all(state, state.node, "", reason, park=False)
    return replace(state, prepared=False), (*gone, *actions)


def receive(state: EndState, event: Received, now: float) -> Outcome:
    """Take a link message now, keep it for later, or drop it."""
    match place(state, event.source, event.body):
        case "late":
            return state, withdraw(state, event)
        case "early":
            return replace(state, stash=(*state.stash, (event.source, event.body))[-STASH_LIMIT:]), ()
        case "now":
            return take(state, event, now)


def withdraw(state: EndState, event: Received) -> Actions:
    """An offer that nobody waits for any more is given back, so that the midpoint is free."""
    body, item = event.body, state.active
    if not isinstance(body, Offer) or (item and item.request == body.request):
        return ()
    return (Send(state.midpoint, Close(body.request, "EXPIRED", "the request was withdrawn")),)


def take(state: EndState, event: Received, now: float) -> Outcome:
    """Handle a message whose turn it is."""
    match event.body:
        case Offer() as body:
            return end_master.offered(state, body, now)
        case Add() as body:
            return added(state, body, now)
        case Refuse() as body:
            return end_master.refused(state, event.source, body)
        case Settle() as body:
            return end_life.settle(state, event.source, body)
        case Expire() as body:
            return end_life.expired(state, body)
        case Close() as body if is_unsettled(state.unsettled, body.request, event.source):
            return end_life.settled(state, event.source, body)
        case Failed() as body:
            return end_master.fail(state, body.node, body.device, body.reason, park=True, tell=())
        case GiveUp() as body:
            return storage.given_up(state, body)
        case RoomNow() as body:
            return replace(state, peer_room=storage.newer(state.peer_room, body.room)), ()
        case QueueAdd() | QueueAck() | QueueReject() | QueueDrop() | Turn() as body:
            return take_in_line(state, body, now)
        case _:
            return take_in_request(state, event, now)


def take_in_line(
    state: EndState, body: QueueAdd | QueueAck | QueueReject | QueueDrop | Turn, now: float
) -> Outcome:
    """Handle a message about the line of requests."""
    match body:
        case QueueAdd():
            return distributed_queue.added(state, body, now)
        case QueueAck():
            return distributed_queue.acknowledged(state, body)
        case QueueReject():
            return distributed_queue.rejected(state, body)
        case QueueDrop():
            return distributed_queue.dropped(state, body)
        case Turn():
            return distributed_queue.granted(state, body)


def take_in_request(state: EndState, event: Received, now: float) -> Outcome:
    """Handle a message inside the active request."""
    item = state.active
    assert item is not None  # noqa: S101  (place() has checked)
    match event.body:
        case AddAck() as body:
            return end_master.acknowledged(state, item, event.source, body, now)
        case Propose() as body:
            return end_slot.proposed(state, item, body, now)
        case Void() as body:
            return end_slot.voided(state, item, body, now)
        case Reply() as body:
            return end_slot.replied(kept_phase.kept(state, body), item, body, now)
        case Verdict() as body:
            return end_slot.judged(kept_phase.confirmed(state, body), item, body, now)
        case Close() as body:
            return end_master.closed(state, item, event.source, body)
        case _:
            return state, ()


def added(state: EndState, body: Add, now: float) -> Outcome:
    """The peer adds a request: load its programs, or say why not."""
    refusal = refusal_of(state, body)
    state = distributed_queue.without(state, body.request)
    if refusal:
        state, actions = distributed_queue.serve_next(state)
        return state, (Send(state.peer, refusal), *actions)
    item = Item(
        request=body.request,
        client="",
        create_id=0,
        master=body.master,
        demand=body.demand,
        parameters=body.parameters,
        queue_id=body.queue_id,
        stage=Stage.LOADING,
        since=now,
    )
    return replace(state, active=item), (
        end_master.request_fact(item),
        Call(Load(body.request, body.demand, body.parameters)),
    )


def answer(state: EndState, event: Answered, now: float) -> Outcome:
    """The worker has answered; answers to an ended request are dropped."""
    item, body = state.active, event.body
    if isinstance(body, Counted | SlotArmed) and (body.request == STORAGE or is_of(item, body)):
        state, actions = tick_counts.looked(state, item, body.tick, now)
        if actions:
            return state, actions
    if isinstance(body, Counted) and body.request == STORAGE:
        return storage.overdue(replace(state, tick=body.tick, asked_tick=False), body.tick)
    if item is None or getattr(body, "request", None) != item.request:
        return state, ()
    match body:
        case Loaded():
            return end_master.loaded(state, item, body, now)
        case Counted():
            item = kept_phase.begun(state, item, body.tick)
            return end_slot.counted(replace(state, active=item), item, body, now)
        case SlotArmed():
            return end_slot.armed(state, item, body, now)
        case SlotAwaited():
            return end_ahead.awaited(state, item, body)
        case SlotCollected():
            return end_slot.collected(state, item, body, now)
        case _:
            return state, ()


def is_of(item: Item | None, body: Counted | SlotArmed) -> bool:
    """Whether an answer belongs to the active request."""
    return item is not None and body.request == item.request


def look_at_the_time(state: EndState) -> Outcome:
    """While nothing is played, only a look at the time controller tells how long pairs have been kept."""
    if state.asked_tick or not any(stored.until_tick for stored in state.stored):
        return state, ()
    return replace(state, asked_tick=True), (Call(Count(STORAGE, fresh=False)),)


def watch(state: EndState, now: float) -> Outcome:
    """End a request that stands still for too long; nothing may hang."""
    item = state.active
    if item is None:
        return look_at_the_time(state)
    slave_idle = item.stage is Stage.READY and item.master != state.node
    if slave_idle and not state.asked_tick and any(stored.until_tick for stored in state.stored):
        return look_at_the_time(state)
    limit_s = LOADING_LIMIT_S if item.stage is Stage.LOADING else STAGE_LIMIT_S
    if now - item.since <= (4 * limit_s if slave_idle else limit_s):
        return state, ()
    reason = f"nothing happened for {limit_s:g} s at stage {item.stage.name} of slot {item.slot.number}"
    return end_master.fail_all(state, state.node, "", reason, park=True)


def refusal_of(state: EndState, body: Add) -> Refuse | None:
    """Why an Add is not taken: it must be what was put in line, or could have been, by whom it names."""
    waiting = next((entry for entry in state.queue if entry.request == body.request), None)
    if not state.prepared:
        return Refuse(body.request, "NORES", f"node {state.node} is not prepared: prepare it first")
    if body.master != state.peer or (
        waiting and (waiting.origin, waiting.demand) != (state.peer, body.demand)
    ):
        reason = f"node {state.peer} adds another request at {state.node} than the one that it put in line"
        return Refuse(body.request, "REJECTED", reason)
    if waiting is None and (refused := peer_refusal(state, body.demand)):
        return Refuse(body.request, distributed_queue.as_error_code(refused), refused.reason)
    return None
