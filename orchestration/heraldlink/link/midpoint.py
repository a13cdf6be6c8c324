# SPDX-License-Identifier: Apache-2.0
"""The midpoint's link layer: ``step(state, event, now)`` gives the next state and what is to be done.

It serves one request at a time: chooses parameters, loads, and for each slot waits for GEN of both ends,
plays, replies, waits for REPORT of both, decides, journals, and sends the verdict. A slot that was announced
ahead is played before the one before it is read.
"""

from typing import Literal

from msgspec.structs import replace

from heraldlink.link import midpoint_end, midpoint_slot
from heraldlink.link.end_state import LOADING_LIMIT_S, STAGE_LIMIT_S, STASH_LIMIT
from heraldlink.link.endings import ask_again, is_unsettled
from heraldlink.link.events import (
    Actions,
    Answered,
    Broken,
    Call,
    Commit,
    Event,
    Lost,
    Readied,
    Received,
    Recovered,
    Send,
    Ticked,
)
from heraldlink.link.expiry import acknowledged, overdue
from heraldlink.link.facts import REQUEST, RequestFact
from heraldlink.link.midpoint_end import fail, remember
from heraldlink.link.midpoint_slot import BURST_WINDOW, GEN_LIMIT_S, HOLD_LIMIT_S
from heraldlink.link.midpoint_state import Item, MidpointState, Stage
from heraldlink.messages.header import Body
from heraldlink.messages.link import (
    Add,
    AddAck,
    Ahead,
    Ask,
    Close,
    ExpireAck,
    Failed,
    Gen,
    Hello,
    Offer,
    Refuse,
    Report,
)
from heraldlink.messages.worker import (
    Choose,
    Chosen,
    Load,
    Loaded,
    NotChosen,
    SlotAwaited,
    SlotBegun,
    SlotPlayed,
)

Outcome = tuple[MidpointState, Actions]
Place = Literal["now", "early", "late"]


def step(state: MidpointState, event: Event, now: float) -> Outcome:
    """React to one event, then to every kept message whose turn has come."""
    state, actions = react(state, event, now)
    while True:
        ready = next((kept for kept in state.stash if place(state, *kept) != "early"), None)
        if ready is None:
            return state, actions
        state = replace(state, stash=tuple(kept for kept in state.stash if kept is not ready))
        state, more = receive(state, Received(*ready), now)
        actions += more


def place(state: MidpointState, source: str, body: Body) -> Place:
    """Whether a message belongs to now, to later or to the past."""
    item = state.active
    match body:
        case _ if source not in state.ends:
            return "late"
        case Hello() | ExpireAck():
            return "now"
        case Close() if is_unsettled(state.unsettled, body.request, source):
            return "now"
        case Ask():
            return place_ask(state, body)
        case Add() | Ahead() | Close() | Failed() | Gen() | Report() if item and body.request == item.request:
            return place_in_request(item, source, body)
        case _:
            return "late"


def place_ask(state: MidpointState, body: Ask) -> Place:
    """One request at a time; the others wait."""
    if body.request in state.done or (state.active and state.active.request == body.request):
        return "late"
    return "early" if state.active else "now"


def place_in_request(item: Item, source: str, body: Add | Ahead | Close | Failed | Gen | Report) -> Place:
    """Messages inside the active request."""
    match body:
        case Add():
            return "now" if item.stage is Stage.OFFERED and source == item.master else "late"
        case Gen():
            return place_gen(item, source, body)
        case Report():
            judging = item.judging
            fits = judging and judging.played and body.burst == judging.burst
            return "now" if judging and fits and source not in judging.reports else "late"
        case Ahead():
            return "now" if source == item.master else "late"
        case Close() | Failed():
            return "now"


def place_gen(item: Item, source: str, body: Gen) -> Place:
    """GENs of one burst are taken together; those of the next wait, those of none are answered at once."""
    known = item.gens.get(source)
    if body.burst <= item.burst or (known and known.burst == body.burst):
        return "late"
    if body.burst > item.burst + BURST_WINDOW:
        return "now"
    return "now" if item.stage is Stage.READY and body.burst == item.burst + 1 else "early"


def react(state: MidpointState, event: Event, now: float) -> Outcome:
    """React to one event."""
    match event:
        case Received():
            return receive(state, event, now)
        case Answered():
            return answer(state, event.body, now)
        case Broken():
            return fail(state, state.node, event.device, event.reason, now, park=True)
        case Lost():
            return lost(state, event, now)
        case Recovered():
            return midpoint_end.began(state, event, now)
        case Readied(prepared=True):
            return replace(state, prepared=True), ()
        case Readied(reason=reason):
            why = reason or "the midpoint was parked"
            state, actions = fail(state, state.node, "", why, now, park=False)
            return replace(state, prepared=False), actions
        case Ticked():
            return watch(state, now)
        case _:
            return state, ()


def lost(state: MidpointState, event: Lost, now: float) -> Outcome:
    """An end node is silent or was restarted: leave the request, and tell and ask it again what is open."""
    actions: Actions = ()
    if state.active:
        state, actions = fail(state, event.node, "", event.reason, now, park=True)
    expiring, again = overdue(state.expiring, now, event.node)
    questions = ask_again(state.unsettled, event.node)
    return replace(state, expiring=expiring), (*actions, *again, *questions)


def receive(state: MidpointState, event: Received, now: float) -> Outcome:
    """Take a link message now, keep it for later, or drop it."""
    match place(state, event.source, event.body):
        case "late":
            return state, ()
        case "early":
            return replace(state, stash=(*state.stash, (event.source, event.body))[-STASH_LIMIT:]), ()
        case "now":
            return take(state, event, now)


def take(state: MidpointState, event: Received, now: float) -> Outcome:
    """Handle a message whose turn it is."""
    item = state.active
    match event.body:
        case Hello() as body:
            return replace(state, drives={**state.drives, event.source: body.drive}), ()
        case Ask() as body:
            return asked(state, event.source, body, now)
        case Add() as body if item:
            return added(state, item, body, now)
        case Ahead() as body if item:
            return replace(state, active=replace(item, announced=max(item.announced, body.burst))), ()
        case Gen() as body if item:
            return midpoint_slot.generated(state, item, event.source, body, now)
        case Report() as body if item and item.judging:
            return midpoint_slot.reported(state, item, item.judging, event.source, body, now)
        case Close() as body if item and item.request == body.request:
            return midpoint_end.closed(state, item, event.source, body, now)
        case Close() as body:
            return midpoint_end.settled(state, event.source, body)
        case ExpireAck() as body:
            expiring, actions = acknowledged(state.expiring, event.source, body)
            return replace(state, expiring=expiring), actions
        case Failed() as body if item:
            return fail(state, body.node, body.device, body.reason, now, park=True, tell=False)
        case _:
            return state, ()


def asked(state: MidpointState, source: str, body: Ask, now: float) -> Outcome:
    """Look for parameters."""
    if not state.prepared:
        reason = f"node {state.node} is not prepared: prepare it first"
        return state, (Send(source, Refuse(body.request, "NORES", reason)),)
    missing = [node for node in state.ends if node not in state.drives]
    if missing:
        reason = f"node {missing[0]} does not answer: it has not joined {state.node}"
        return state, (Send(source, Refuse(body.request, "NORES", reason)),)
    item = Item(body.request, source, body.demand, Stage.CHOOSING, now)
    return replace(state, active=item), (Call(Choose(body.request, body.demand, state.drives)),)


def added(state: MidpointState, item: Item, body: Add, now: float) -> Outcome:
    """The master adds the request that it was offered: load."""
    if (body.master, body.demand, body.parameters) != (item.master, item.demand, item.parameters):
        reason = (
            f"node {item.master} adds another request than the one that {state.node} chose parameters for"
        )
        return remember(state, item.request), (Send(item.master, Refuse(item.request, "REJECTED", reason)),)
    item = replace(item, queue_id=body.queue_id, stage=Stage.LOADING, since=now)
    fact = RequestFact(body.request, body.queue_id, body.master, body.demand, body.parameters)
    return replace(state, active=item), (
        Commit(((REQUEST, fact),)),
        Call(Load(body.request, body.demand, body.parameters)),
    )


def answer(state: MidpointState, body: Body, now: float) -> Outcome:
    """The worker has answered; answers to an ended request are dropped."""
    item = state.active
    if item is None or getattr(body, "request", None) != item.request:
        return state, ()
    match body:
        case Chosen() if item.stage is Stage.CHOOSING:
            item = replace(item, stage=Stage.OFFERED, parameters=body.parameters, since=now)
            return replace(state, active=item), (Send(item.master, Offer(item.request, body.parameters)),)
        case NotChosen() if item.stage is Stage.CHOOSING:
            refusal = Refuse(item.request, body.code, body.reason)
            return remember(state, item.request), (Send(item.master, refusal),)
        case Loaded() if item.stage is Stage.LOADING:
            item = replace(item, stage=Stage.READY, program=body.program, since=now)
            acknowledgement = AddAck(item.request, item.queue_id, item.program)
            return replace(state, active=item), (Send(item.master, acknowledgement),)
        case SlotBegun() | SlotAwaited() | SlotPlayed():
            return answer_slot(state, item, body, now)
        case _:
            return state, ()


def answer_slot(
    state: MidpointState, item: Item, body: SlotBegun | SlotAwaited | SlotPlayed, now: float
) -> Outcome:
    """What the worker says of the slot being played, or of the one before it."""
    playing = item.stage is Stage.PLAYING and body.burst == item.burst
    match body:
        case SlotBegun() if playing:
            return midpoint_slot.begun(state, item, body, now)
        case SlotAwaited() if playing:
            return midpoint_slot.awaited(state, item, body, now)
        case SlotPlayed() if playing:
            return midpoint_slot.played_at_once(state, item, body, now)
        case SlotPlayed() if item.judging and item.judging.asked and body.burst == item.judging.burst:
            return midpoint_slot.played(state, item, item.judging, body, now)
        case _:
            return state, ()


def watch(state: MidpointState, now: float) -> Outcome:
    """Tell an expiry again, void a slot that one end is missing from, end a request that stands still."""
    expiring, again = overdue(state.expiring, now)
    if again:
        return replace(state, expiring=expiring), again
    item = state.active
    if item and item.stage is Stage.READY and item.gens and now - item.since > GEN_LIMIT_S:
        return midpoint_slot.unheard(state, item, now)
    judging = item.judging if item else None
    if item and judging and not judging.asked and now - judging.since > HOLD_LIMIT_S:
        return midpoint_slot.read(state, item)
    if judging and now - judging.since > 2 * STAGE_LIMIT_S:
        reason = f"burst {judging.burst} was recorded and not judged for {now - judging.since:.0f} s"
        return fail(state, state.node, "", reason, now, park=True)
    limits_s = {Stage.LOADING: 2 * LOADING_LIMIT_S, Stage.READY: 2 * LOADING_LIMIT_S}
    if item is None or now - item.since <= limits_s.get(item.stage, 2 * STAGE_LIMIT_S):
        return state, ()
    reason = f"nothing happened for {now - item.since:.0f} s at stage {item.stage.name}"
    return fail(state, state.node, "", reason, now, park=True)
