# SPDX-License-Identifier: Apache-2.0
"""The line of requests, held alike by both end nodes; the link's first end gives the numbers and the turns.

A node that is asked adds the request to both lines (QUEUE_ADD, answered by QUEUE_ACK with its number or by
QUEUE_REJECT). The first end's scheduler decides who is next, once nothing is active; a request of the other
node gets its turn by TURN. Its number is the queue id in every GEN. Repeats and any order of messages change
nothing; that they arrive at all is the courier's task.
"""

from msgspec.structs import replace

from heraldlink.link.end_state import EndState, Line, Waiting, remember
from heraldlink.link.events import Action, Actions, Asked, Send, Tell
from heraldlink.link.schedulers import Candidate, next_of
from heraldlink.link.service import peer_refusal, refusal
from heraldlink.messages.command import Err
from heraldlink.messages.link import Ask, Close, QueueAck, QueueAdd, QueueDrop, QueueReject, Turn
from heraldlink.messages.values import ErrorCode

LONGEST_LINE = 1024
"""Requests that may wait at a node."""

Outcome = tuple[EndState, Actions]


def numbers(state: EndState) -> bool:
    """Whether this node gives the numbers and the turns."""
    return state.node == state.ends[0]


def join(state: EndState, event: Asked, now: float) -> Outcome:
    """A client's CREATE: refuse it at once or put it in line, here and at the peer."""
    refused = refusal(state, event.remote, event.demand)
    if refused is None and len(state.queue) >= LONGEST_LINE:
        refused = Err("NORES", f"{LONGEST_LINE} requests are waiting at node {state.node}", state.node)
    if refused:
        return state, (Tell(event.client, event.create_id, refused),)
    line, number = state.line, 0
    if numbers(state):
        number, line = line.next_number, replace(line, next_number=line.next_number + 1)
    waiting = Waiting(
        request=event.request,
        client=event.client,
        create_id=event.create_id,
        demand=event.demand,
        since=now,
        origin=state.node,
        number=number,
        tick=state.tick if state.active else 0,
        came=line.tags.virtual,
    )
    add = Send(state.peer, QueueAdd(event.request, number, event.demand))
    state, actions = serve_next(replace(state, queue=(*state.queue, waiting), line=line))
    return state, (add, *actions)


def added(state: EndState, body: QueueAdd, now: float) -> Outcome:
    """The peer puts a request in line."""
    refused = peer_refusal(state, body.demand)
    if refused is None and len(state.queue) >= LONGEST_LINE:
        refused = Err("NORES", f"{LONGEST_LINE} requests are waiting at node {state.node}", state.node)
    if refused:
        reject = QueueReject(body.request, as_error_code(refused), refused.reason, refused.node)
        return remember(state, body.request), (Send(state.peer, reject),)
    line, number = state.line, body.number
    if numbers(state):
        number, line = line.next_number, replace(line, next_number=line.next_number + 1)
    waiting = Waiting(
        request=body.request,
        client="",
        create_id=0,
        demand=body.demand,
        since=now,
        origin=state.peer,
        number=number,
        acknowledged=True,
        came=line.tags.virtual,
    )
    acknowledgement = Send(state.peer, QueueAck(body.request, number))
    state, actions = serve_next(replace(state, queue=(*state.queue, waiting), line=line))
    return state, (acknowledgement, *actions)


def as_error_code(error: Err) -> ErrorCode:
    """The link layer's code of a refusal made here."""
    return error.code if error.code in ("UNSUPP", "NORES", "REJECTED") else "OTHER"


def acknowledged(state: EndState, body: QueueAck) -> Outcome:
    """The peer has our request in its line under this number."""

    def known(entry: Waiting) -> Waiting:
        same = entry.request == body.request
        return replace(entry, acknowledged=True, number=body.number) if same else entry

    asking = state.asking and known(state.asking)
    return serve_next(replace(state, asking=asking, queue=tuple(map(known, state.queue))))


def rejected(state: EndState, body: QueueReject) -> Outcome:
    """The peer does not take our request."""
    entry = next((entry for entry in own(state) if entry.request == body.request), None)
    if entry is None:
        return state, ()
    state, actions = leave(state, (entry,), "the peer does not take the request", tell_peer=False)
    told = Tell(entry.client, entry.create_id, Err(body.code, body.reason, body.node))
    state, more = serve_next(state)
    return state, (told, *actions, *more)


def dropped(state: EndState, body: QueueDrop) -> Outcome:
    """A request of the peer has left the line."""
    return serve_next(without(remember(state, body.request), body.request))


def granted(state: EndState, body: Turn) -> Outcome:
    """It is the turn of this node's request; one that has left the line has said so already."""
    entry = next((entry for entry in own(state) if entry.request == body.request), None)
    return (state, ()) if entry is None or state.asking else ask(state, entry)


def serve_next(state: EndState) -> Outcome:
    """If nothing is asked or active, the first end gives the next request its turn."""
    idle = not (state.active or state.asking or state.line.turn)
    ready = [entry for entry in state.queue if entry.acknowledged or entry.origin == state.node]
    if not numbers(state) or not idle or not ready:
        return state, ()
    chosen, tags = next_of(state.scheduler, list(map(candidate, ready)), state.line.tags)
    entry = next(entry for entry in ready if entry.request == chosen.request)
    line = replace(state.line, tags=tags)
    if entry.origin == state.node:
        return ask(replace(state, line=line), entry)
    return replace(state, line=replace(line, turn=entry.request)), (Send(state.peer, Turn(entry.request)),)


def candidate(entry: Waiting) -> Candidate:
    """What the scheduler sees of a request."""
    return Candidate(entry.request, entry.number, entry.demand.priority, entry.demand.number, entry.came)


def ask(state: EndState, entry: Waiting) -> Outcome:
    """Ask the midpoint for parameters."""
    queue = tuple(other for other in state.queue if other is not entry)
    question = Ask(entry.request, entry.demand)
    return replace(state, asking=entry, queue=queue), (Send(state.midpoint, question),)


def own(state: EndState) -> tuple[Waiting, ...]:
    """This node's requests that are not active yet, the one being asked last."""
    mine = tuple(entry for entry in state.queue if entry.origin == state.node)
    return (*mine, state.asking) if state.asking else mine


def without(state: EndState, request: int) -> EndState:
    """The line without a request; its turn is over."""
    queue = tuple(entry for entry in state.queue if entry.request != request)
    turn = 0 if state.line.turn == request else state.line.turn
    return replace(state, queue=queue, line=replace(state.line, turn=turn))


def leave(state: EndState, gone: tuple[Waiting, ...], reason: str, *, tell_peer: bool = True) -> Outcome:
    """Take own requests out of both lines, and back from the midpoint if it was asked."""
    actions: list[Action] = []
    for entry in gone:
        if entry is state.asking:
            state = replace(state, asking=None)
            actions.append(Send(state.midpoint, Close(entry.request, "EXPIRED", reason)))
        state = remember(without(state, entry.request), entry.request)
        if tell_peer:
            actions.append(Send(state.peer, QueueDrop(entry.request)))
    return state, tuple(actions)


def overdue(state: EndState, tick: int) -> Outcome:
    """A tick was counted: own requests whose time is over leave the line; the others' time runs from here."""
    begun = tuple(replace(entry, tick=entry.tick or tick) for entry in state.queue)
    state = replace(state, tick=tick, queue=begun)
    gone = tuple(
        entry
        for entry in own(state)
        if entry.tick and tick - entry.tick > entry.demand.max_time_s * state.tick_rate_Hz
    )
    told = tuple(Tell(entry.client, entry.create_id, timeout(state, entry)) for entry in gone)
    state, actions = leave(state, gone, "its time is over")
    return state, (*told, *actions)


def timeout(state: EndState, entry: Waiting) -> Err:
    """TIMEOUT of a request that was never served."""
    reason = f"max_time of {entry.demand.max_time_s:g} s of bench time is over; the request was still waiting"
    return Err("TIMEOUT", reason, state.node)


def clear(state: EndState, node: str, device: str, reason: str, code: ErrorCode = "OTHER") -> Outcome:
    """Nothing can be served: own requests in line are answered, the peer's are given back."""
    waiting = tuple(entry for entry in own(state) if entry is not state.asking)
    told = tuple(Tell(entry.client, entry.create_id, Err(code, reason, node, device)) for entry in waiting)
    backs = tuple(
        Send(state.peer, QueueReject(entry.request, code, reason, node))
        for entry in state.queue
        if entry.origin != state.node
    )
    state, drops = leave(state, waiting, reason)
    line = Line(next_number=state.line.next_number, tags=state.line.tags)
    return replace(state, queue=(), line=line), (*told, *drops, *backs)
