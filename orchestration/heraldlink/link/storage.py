# SPDX-License-Identifier: Apache-2.0
"""Kept pairs: which qubits are free, how long a pair is worth keeping, and when it is given up.

Both nodes keep their halves under the pair's sequence number and give them up at the same slot tick, which
follows from what both know. A half that is given up for another reason (its client, a parked or lost node)
is told to the peer. No node is asked to keep more than it has said to have room for.
"""

from collections.abc import Sequence
from math import exp, inf, isinf

from msgspec.structs import replace

from heraldlink.link.end_state import EndState, Item, Stored
from heraldlink.link.events import Action, Actions, Call, Commit, Send, Tell
from heraldlink.link.facts import GIVEN_UP, GivenUpFact
from heraldlink.messages.command import Err
from heraldlink.messages.link import GiveUp, RoomNow, Verdict
from heraldlink.messages.service import Kept
from heraldlink.messages.values import BELL_STATES, Decision, Demand, Room
from heraldlink.messages.worker import FreeQubits

Decay = Sequence[tuple[float, float]]
Outcome = tuple[EndState, Actions]
SHORTEST_TICKS = 2
"""A pair that is not good for so many slot ticks is gone before anybody can use it."""


def goodness_after(decay: Decay, time_s: float) -> float:
    """Goodness of a pair after ``time_s`` of storage: the sum of amplitude·exp(-rate·t)."""
    return sum(amplitude * exp(-rate_Hz * time_s) for amplitude, rate_Hz in decay)


def good_for_s(decay: Decay, minimum: float) -> float:
    """How long the goodness stays at or above ``minimum``; inf for ever, 0 if it never is.

    The first crossing, searched on a grid of 64 points in each shortest time constant, then halved down.
    """
    if goodness_after(decay, 0.0) < minimum:
        return 0.0
    rates = [rate_Hz for _, rate_Hz in decay if rate_Hz > 0]
    if not rates:
        return inf
    time_s, step_s, last_s = 0.0, 1 / max(rates) / 64, 40 / min(rates)
    while goodness_after(decay, time_s) >= minimum:
        if time_s > last_s:
            return inf
        time_s += step_s
        step_s = max(step_s, time_s / 64)
    return crossing_s(decay, minimum, max(0.0, time_s - step_s), time_s)


def crossing_s(decay: Decay, minimum: float, low_s: float, high_s: float) -> float:
    """Where the goodness falls below ``minimum``, to a part in 1e12 of the span."""
    for _ in range(40):
        middle_s = (low_s + high_s) / 2
        if goodness_after(decay, middle_s) >= minimum:
            low_s = middle_s
        else:
            high_s = middle_s
    return low_s


def kept_for_ticks(demand: Demand, decay: Decay, tick_rate_Hz: float) -> float:
    """Whole slot ticks for which a pair is kept: until the cut-off or the minimum fidelity; inf: no end."""
    time_s = good_for_s(decay, demand.minimum_fidelity)
    if demand.cutoff_s:
        time_s = min(time_s, demand.cutoff_s)
    return inf if isinf(time_s) else float(int(time_s * tick_rate_Hz))


def too_short(demand: Demand, decays: Sequence[Decay], tick_rate_Hz: float) -> str:
    """Why kept pairs would be of no use; empty if they are."""
    if not decays:
        return "the link's model does not say how kept pairs decay"
    ticks = min(kept_for_ticks(demand, decay, tick_rate_Hz) for decay in decays)
    if ticks >= SHORTEST_TICKS:
        return ""
    return (
        f"kept pairs fall below a fidelity of {demand.minimum_fidelity:g} or reach the cut-off within"
        f" {ticks:g} slot ticks of {1 / tick_rate_Hz:g} s; at least {SHORTEST_TICKS} are needed"
    )


def free(state: EndState) -> tuple[int, ...]:
    """Qubits that hold nothing."""
    held = {stored.qubit for stored in state.stored}
    if state.active:
        held |= {qubit for _, qubit in state.active.held}
    return tuple(qubit for qubit in range(state.qubits) if qubit not in held)


def room(state: EndState) -> Room:
    """What the peer is told."""
    return Room(len(free(state)), state.room_version)


def newer(known: Room, told: Room) -> Room:
    """The later of two words about the peer's room; of equally late ones the more careful."""
    if known.version == told.version:
        return min(known, told, key=lambda item: item.count)
    return max(known, told, key=lambda item: item.version)


def to_keep(state: EndState, item: Item) -> int:
    """How many pairs the next slot may leave: no more than there is room for at both nodes."""
    wanted = item.demand.number - item.totals.delivered
    here = len(free(state)) if item.demand.type == "K" else wanted
    return min(here, state.peer_room.count, wanted)


def hold(state: EndState, item: Item, attempts: Sequence[int]) -> Item:
    """Give each attempt that was kept a free qubit."""
    return replace(item, held=tuple(zip(attempts, free(state), strict=False)))


def store(state: EndState, item: Item, body: Verdict) -> tuple[EndState, dict[int, Kept], Actions]:
    """Keep the qubits of confirmed pairs under their numbers, free those of the others; by attempt."""
    held = dict(item.held)
    confirmed = [one for one in body.decisions if one.status == "CONFIRMED" and one.attempt in held]
    stored = tuple(stored_of(state, item, body.slot, one, held[one.attempt]) for one in confirmed)
    state = replace(state, stored=(*state.stored, *stored))
    kept = {one.attempt: kept_of(state, entry) for one, entry in zip(confirmed, stored, strict=True)}
    state = replace(state, active=replace(item, held=()))
    lost = tuple(qubit for attempt, qubit in item.held if attempt not in kept)
    state, actions = freed(state, lost)
    return state, kept, actions


def stored_of(state: EndState, item: Item, slot: int, decision: Decision, qubit: int) -> Stored:
    """One half, and the slot tick at which it is given up (0: never)."""
    decay = item.parameters.prediction.decay[BELL_STATES[decision.outcome]]
    ticks = kept_for_ticks(item.demand, decay, state.tick_rate_Hz)
    return Stored(
        request=item.request,
        client=item.client,
        create_id=item.create_id,
        sequence_number=decision.sequence_number,
        qubit=qubit,
        since_tick=slot,
        until_tick=0 if isinf(ticks) else slot + int(ticks),
        decay=tuple(decay),
    )


def kept_of(state: EndState, stored: Stored) -> Kept:
    """What the client is told of its half."""
    tick_ps = 1e12 / state.tick_rate_Hz
    return Kept(
        qubit=stored.qubit,
        since_ps=round(stored.since_tick * tick_ps),
        until_ps=round(stored.until_tick * tick_ps),
        decay=stored.decay,
    )


def overdue(state: EndState, tick: int) -> Outcome:
    """Give up what has been kept long enough; the peer does the same at the same tick."""
    gone = tuple(stored for stored in state.stored if 0 < stored.until_tick <= tick)
    return give_up(state, gone, "its time in storage is over (cut-off or minimum fidelity)", tell=False)


def give_up(state: EndState, gone: Sequence[Stored], reason: str, *, tell: bool) -> Outcome:
    """Free these halves, journal it, EXPIRE them at their clients; ``tell`` the peer as well."""
    if not gone:
        return state, ()
    facts = tuple((GIVEN_UP, GivenUpFact(stored.request, stored.sequence_number, reason)) for stored in gone)
    actions: list[Action] = [Commit(facts)]
    for stored in gone:
        if stored.client:
            number = stored.sequence_number
            expired = Err("EXPIRE", reason, state.node, create_id=stored.create_id, low=number, high=number)
            actions.append(Tell(stored.client, stored.create_id, expired))
    if tell:
        actions.append(Send(state.peer, GiveUp(tuple(stored.sequence_number for stored in gone), reason)))
    left = tuple(stored for stored in state.stored if stored not in gone)
    state, more = freed(uncount(replace(state, stored=left), gone), tuple(one.qubit for one in gone))
    return state, (*actions, *more)


def uncount(state: EndState, gone: Sequence[Stored]) -> EndState:
    """Of an atomic request all pairs have to be there at the same time: lost ones are made again."""
    item = state.active
    if item is None or not item.demand.atomic:
        return state
    lost = sum(stored.request == item.request for stored in gone)
    totals = replace(item.totals, delivered=item.totals.delivered - lost)
    return replace(state, active=replace(item, totals=totals))


def freed(state: EndState, qubits: tuple[int, ...]) -> Outcome:
    """Qubits hold nothing any more: the worker may reset them, the peer may count on them."""
    if not qubits:
        return state, ()
    state = replace(state, room_version=state.room_version + 1)
    return state, (Call(FreeQubits(qubits)), Send(state.peer, RoomNow(room(state))))


def given_up(state: EndState, body: GiveUp) -> Outcome:
    """The peer's halves are gone."""
    gone = tuple(stored for stored in state.stored if stored.sequence_number in body.sequence_numbers)
    return give_up(state, gone, body.reason, tell=False)


def released(state: EndState, client: str, sequence_number: int | None, reason: str) -> Outcome:
    """A client does not need a pair (None: all of its pairs) any more."""
    gone = tuple(
        stored
        for stored in state.stored
        if stored.client == client and sequence_number in (None, stored.sequence_number)
    )
    return give_up(state, gone, reason, tell=True)


def all_gone(state: EndState, reason: str) -> Outcome:
    """This node or its peer cannot keep anything."""
    return give_up(state, state.stored, reason, tell=True)
