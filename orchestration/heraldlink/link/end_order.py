# SPDX-License-Identifier: Apache-2.0
"""Whether a message to an end node belongs to now, to later (keep it) or to the past (drop it).

Messages may arrive twice or out of order. A slot's messages to a node are ordered PROPOSE, REPLY or VOID,
VERDICT, and slots by burst number, so each has one place; REFUSE, CLOSE and FAILED end a request.
"""

from typing import Literal

from heraldlink.link.end_state import EndState, Item, Stage
from heraldlink.link.endings import is_unsettled
from heraldlink.messages.header import Body
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

Place = Literal["now", "early", "late"]


def place(state: EndState, source: str, body: Body) -> Place:
    """Place of ``body`` in the order of things; a message from the wrong node is late."""
    if not sender_fits(state, source, body):
        return "late"
    match body:
        case Offer():
            return place_offer(state, body)
        case Add():
            return place_add(state, body)
        case Refuse() | Failed():
            return place_refusal(state, body)
        case Settle() | Expire():
            return "now"
        case Close() if is_unsettled(state.unsettled, body.request, source):
            return "now"
        case QueueAdd() | QueueAck() | QueueReject() | QueueDrop() | Turn():
            return place_in_line(state, body)
        case GiveUp():
            return place_give_up(state, body)
        case RoomNow():
            return "now"
        case AddAck() | Propose() | Void() | Reply() | Verdict() | Close():
            return place_in_request(state, body)
        case _:
            return "late"


def sender_fits(state: EndState, source: str, body: Body) -> bool:
    """Whether this kind of message may come from that node."""
    match body:
        case Offer() | Void() | Reply() | Verdict() | Expire():
            return source == state.midpoint
        case GiveUp() | RoomNow():
            return source == state.peer
        case Add() | Propose() | Close() | QueueAdd() | QueueAck() | QueueReject() | QueueDrop() | Turn():
            return source == state.peer
        case _:
            return source in (state.peer, state.midpoint)


def place_give_up(state: EndState, body: GiveUp) -> Place:
    """A pair can be given up before this node has heard that it was confirmed."""
    known = {stored.sequence_number for stored in state.stored}
    waits = state.active is not None and state.active.held and not known.issuperset(body.sequence_numbers)
    return "early" if waits else "now"


def place_offer(state: EndState, body: Offer) -> Place:
    """An offer is taken as soon as no other request is active."""
    if state.asking is None or state.asking.request != body.request:
        return "late"
    return "early" if state.active or not state.asking.acknowledged else "now"


def place_add(state: EndState, body: Add) -> Place:
    """A new request is taken as soon as the former one was closed; known ones are repeats."""
    if body.request in state.done or (state.active and state.active.request == body.request):
        return "late"
    return "early" if state.active else "now"


def place_in_line(state: EndState, body: QueueAdd | QueueAck | QueueReject | QueueDrop | Turn) -> Place:
    """Messages about the line; repeats are late, and a turn waits for the former one's end."""
    line = {entry.request: entry for entry in state.queue}
    asking = state.asking.request if state.asking else 0
    active = state.active.request if state.active else 0
    mine = body.request == asking or (body.request in line and line[body.request].origin == state.node)
    match body:
        case QueueAdd():
            known = body.request in (*line, asking, active, *state.done)
            return "late" if known else "now"
        case QueueDrop():
            return "late" if mine or body.request in state.done else "now"
        case Turn() if mine and body.request != asking:
            return "early" if active or asking else "now"
        case QueueAck() | QueueReject() if mine:
            return "now"
        case _:
            return "late"


def place_refusal(state: EndState, body: Refuse | Failed) -> Place:
    """It concerns the request asked for or the active one, or nothing any more."""
    known = [item.request for item in (state.active, state.asking) if item]
    return "now" if body.request in known else "late"


def place_in_request(state: EndState, body: AddAck | Propose | Void | Reply | Verdict | Close) -> Place:
    """Messages inside a request."""
    item = state.active
    if item is None or body.request != item.request:
        return "late"
    match body:
        case AddAck():
            return "now" if item.stage is Stage.LOADING and item.master == state.node else "late"
        case Close():
            over = item.stage <= Stage.READY or item.slot.burst > body.burst
            return "now" if body.state == "FAILED" or over else "early"
        case Propose():
            return place_propose(state, item, body)
        case _:
            return place_in_slot(item, body)


def place_propose(state: EndState, item: Item, body: Propose) -> Place:
    """The slave takes the next burst when it is ready, or ahead once it is armed for the one before."""
    last = item.ahead.slot.burst if item.ahead else item.slot.burst
    if item.master == state.node or body.burst <= last:
        return "late"
    fits = item.stage is Stage.READY or (body.ahead and item.stage >= Stage.GENERATED and not item.ahead)
    return "now" if fits and body.burst == last + 1 else "early"


def place_in_slot(item: Item, body: Void | Reply | Verdict) -> Place:
    """REPLY and VOID answer GEN, VERDICT answers REPORT."""
    wanted = Stage.REPORTED if isinstance(body, Verdict) else Stage.GENERATED
    here = (item.slot.burst, item.stage if item.stage > Stage.READY else Stage.REPORTED + 1)
    there = (body.burst, wanted)
    if there == here:
        return "now"
    return "early" if there > here else "late"
