# SPDX-License-Identifier: Apache-2.0
"""One slot at an end node: propose or be proposed to, arm, GEN, collect, REPORT, take the VERDICT."""

from dataclasses import replace

from heraldlink.link import end_master, numbers, storage
from heraldlink.link.choices import Choice, choose, directions
from heraldlink.link.distributed_queue import overdue
from heraldlink.link.end_life import newly_decided
from heraldlink.link.end_state import VOID_LIMIT, EndState, Item, Slot, Stage, Totals
from heraldlink.link.events import Action, Actions, Call, Commit, Send, Tell
from heraldlink.link.facts import PAIR, PENDING, PendingFact, fact_of
from heraldlink.link.storage import free, hold, newer, room, store, to_keep
from heraldlink.link.telling import progress, tell, tell_early
from heraldlink.link.verdict import describe
from heraldlink.messages.link import Gen, Propose, Reply, Report, Verdict, Void
from heraldlink.messages.values import Decision, Status
from heraldlink.messages.worker import ArmSlot, CollectSlot, Count, Counted, SlotArmed, SlotCollected

Outcome = tuple[EndState, Actions]
NOT_DELIVERED: tuple[Status, ...] = ("WITHHELD", "EXPIRED", "TESTED")


def counted(state: EndState, item: Item, body: Counted, now: float) -> Outcome:
    """The master knows the tick count and proposes the next slot, unless the request's time is over."""
    if item.stage is not Stage.READY or item.master != state.node:
        return state, ()
    state, gone = both_overdue(state, body.tick)
    item = state.active or item
    number = body.tick + item.lead.ticks
    first = item.first_slot or number
    if number - first > item.demand.max_time_s * state.tick_rate_Hz:
        state, actions = end_master.finish(state, item, "EXPIRED", reason=too_late(item))
        return state, (*gone, *actions)
    slot = next_slot(state, item, number)
    if item.demand.type != "M" and not slot.keep and not slot.estimate and not slot.test:
        item = replace(item, first_slot=first, since=now)
        return replace(state, active=item), (*gone, Call(Count(item.request, fresh=True)))
    proposal = Propose(
        request=item.request,
        burst=slot.burst,
        slot=number,
        basis=slot.basis,
        estimate=slot.estimate,
        turn_rad=slot.turn_rad,
        measured=slot.measured,
        test=slot.test,
        keep=slot.keep,
    )
    item = replace(item, first_slot=first)
    state, actions = begin(state, item, slot, now)
    return state, (*gone, Send(state.peer, proposal), *actions)


def next_slot(state: EndState, item: Item, number: int) -> Slot:
    """The slot to propose: if no phase is known, the first one that is played only estimates it."""
    choice = choose(item.demand, max(item.totals.slots - item.estimates, 0), swapped=swapped(state, item))
    first = item.phase is None and item.totals.slots == 0
    return Slot(
        burst=item.slot.burst + 1,
        number=number,
        basis=choice.basis,
        estimate=first,
        turn_rad=0.0 if item.phase is None else item.phase.angle_rad,
        measured=choice.measured,
        test=choice.test,
        keep=0 if choice.test or first else to_keep(state, item),
    )


def both_overdue(state: EndState, tick: int) -> Outcome:
    """A tick was counted: what has waited or was kept for too long ends."""
    state, late = overdue(state, tick)
    state, old = storage.overdue(state, tick)
    return state, (*late, *old)


def keeps(state: EndState, item: Item) -> bool:
    """Whether this node keeps its qubits: both do for K, the one that did not ask for R."""
    return item.demand.type == "K" or (item.demand.type == "R" and item.master != state.node)


def swapped(state: EndState, item: Item) -> bool:
    """Whether the request comes from the link's second end."""
    return item.master != state.ends[0]


def too_late(item: Item) -> str:
    """Why a request expired."""
    sentence = f"max_time of {item.demand.max_time_s:g} s of bench time is over"
    if item.last_deviation is None:
        return sentence
    return f"{sentence}; last deviation: {describe([item.last_deviation])}"


def proposed(state: EndState, item: Item, body: Propose, now: float) -> Outcome:
    """The slave takes the proposed slot."""
    state, gone = both_overdue(state, body.slot)
    slot = Slot(
        burst=body.burst,
        number=body.slot,
        basis=body.basis,
        estimate=body.estimate,
        turn_rad=body.turn_rad,
        measured=body.measured,
        test=body.test,
        keep=body.keep,
    )
    if slot.keep > len(free(state)):
        reason = (
            f"{state.peer} asked for {slot.keep} kept pairs, {state.node} has {len(free(state))} free qubits"
        )
        return end_master.fail_all(state, state.node, "", reason, park=False)
    state, actions = begin(state, item, slot, now)
    return state, (*gone, *actions)


def begin(state: EndState, item: Item, slot: Slot, now: float) -> Outcome:
    """Arm for the slot."""
    item = replace(item, slot=slot, stage=Stage.ARMING, since=now)
    choice = Choice(slot.basis, slot.measured, slot.test)
    both_rad = directions(item.demand, choice, swapped=swapped(state, item))
    call = ArmSlot(
        request=item.request,
        burst=slot.burst,
        slot=slot.number,
        basis=slot.basis,
        estimate=slot.estimate,
        turn_rad=slot.turn_rad,
        direction_rad=both_rad[state.ends.index(state.node)],
        keep=slot.keep if keeps(state, item) else 0,
    )
    return replace(state, active=item), (Call(call),)


def armed(state: EndState, item: Item, body: SlotArmed, now: float) -> Outcome:
    """Tell the midpoint that this node is armed; it decides whether the tick count still fits."""
    if item.stage is not Stage.ARMING or body.burst != item.slot.burst:
        return state, ()
    slot = item.slot
    gen = Gen(
        request=item.request,
        burst=slot.burst,
        slot=slot.number,
        queue_id=item.queue_id,
        boot=state.boot,
        tick=body.tick,
        basis=slot.basis,
        estimate=slot.estimate,
        program=item.program,
        measured=slot.measured,
        test=slot.test,
        keep=slot.keep,
    )
    item = replace(item, stage=Stage.GENERATED, since=now)
    return replace(state, active=item), (Send(state.midpoint, gen),)


def voided(state: EndState, item: Item, body: Void, now: float) -> Outcome:
    """The slot was not played; the master tries again, after a fresh tick if it was too late for one."""
    totals = replace(item.totals, voids=item.totals.voids + 1)
    lead = item.lead.after_late() if body.late else item.lead.after_early()
    item = replace(item, stage=Stage.READY, since=now, totals=totals, lead=lead, void=body.reason)
    if item.master != state.node:
        return replace(state, active=item), ()
    if totals.voids > VOID_LIMIT:
        reason = f"{totals.voids} slots in a row were armed too late ({body.reason})"
        return end_master.fail_all(replace(state, active=item), state.node, "", reason, park=False)
    if item.cancelled:
        return end_master.finish(state, item, "EXPIRED", reason=item.cancelled)
    # one that was never compared with the tick count did not come too late: its tick may be yet to come
    fresh = body.late and body.code == "GEN_FAIL"
    return replace(state, active=item), (Call(Count(item.request, fresh=fresh)),)


def with_void(item: Item | None, reason: str) -> str:
    """What ended a request, with why its last slot was not played if that was so."""
    if item is None or not item.totals.voids:
        return reason
    return f"{reason}; the slot before was not played: {item.void}"


def replied(state: EndState, item: Item, body: Reply, now: float) -> Outcome:
    """The slot was played: read our own tags."""
    reason = unfit(state, item, body)
    if reason:
        return end_master.fail_all(state, state.midpoint, "", reason, park=False)
    item = replace(
        item, stage=Stage.COLLECTING, since=now, phase=body.phase or item.phase, heralds=body.heralds
    )
    slot = item.slot
    call = Call(CollectSlot(item.request, slot.burst, slot.number, slot.estimate))
    if not body.heralds:
        return replace(state, active=item), (call,)
    pending = PendingFact(item.request, slot.burst, slot.number, body.heralds)
    return replace(state, active=item), (call, Commit(((PENDING, pending),)))


def unfit(state: EndState, item: Item, body: Reply) -> str:
    """Why a reply cannot be that to our GEN; empty if it can."""
    if body.queue_id != item.queue_id:
        return f"QUEUE_MISMATCH: queue id {body.queue_id} at the midpoint, {item.queue_id} here"
    if body.slot != item.slot.number:
        return f"TIME_MISMATCH: the midpoint played slot {body.slot}, {state.node} slot {item.slot.number}"
    if body.boots[state.ends.index(state.node)] != state.boot:
        return f"OUT_OF_WINDOW: {state.midpoint} replies to a former life of {state.node}"
    for herald in body.heralds:
        if not numbers.taken(state.next_mhp_seq, state.holes, herald.mhp_seq)[0]:
            lost = f"{state.midpoint} has lost the end of its journal"
            return f"mhp_seq {herald.mhp_seq} was decided before: {lost}"
    return ""


def collected(state: EndState, item: Item, body: SlotCollected, now: float) -> Outcome:
    """Report what our own tags say."""
    if item.stage is not Stage.COLLECTING or body.burst != item.slot.burst:
        return state, ()
    item = hold(state, item, body.kept)
    state = replace(state, active=item)
    report = Report(
        request=item.request,
        burst=body.burst,
        boot=state.boot,
        readouts=body.readouts,
        confusion=body.confusion,
        syncs=body.syncs,
        deviations=body.deviations,
        origin=body.origin,
        kept=tuple(attempt for attempt, _ in item.held),
        room=room(state),
    )
    early = tell_early(state, item) if item.demand.early and item.client else ()
    item = replace(item, stage=Stage.REPORTED, since=now)
    return replace(state, active=item), (*early, Send(state.midpoint, report))


def judged(state: EndState, item: Item, body: Verdict, now: float) -> Outcome:
    """Journal the verdict, tell the client, and go on or end."""
    state, new = newly_decided(state, body.decisions)
    facts = tuple((PAIR, fact_of(body, decision)) for decision in new)
    item = replace(
        item,
        stage=Stage.READY,
        since=now,
        totals=add_up(item.totals, new),
        lead=item.lead.after_played(),
        last_deviation=body.deviations[0] if body.deviations else item.last_deviation,
        barren=item.barren + bool(body.deviations and not body.decisions),
    )
    rooms = body.rooms[state.ends.index(state.peer)]
    state = replace(state, active=item, peer_room=newer(state.peer_room, rooms))
    state, kept, stored = store(state, item, body)
    actions: list[Action] = [Commit(facts), *stored] if facts else [*stored]
    if item.master != state.node:
        return state, tuple(actions)
    item = replace(item, held=())
    actions += [tell(state, item, body, decision, kept) for decision in new]
    actions.append(Tell(item.client, item.create_id, progress(state, item, body)))
    state, more = go_on(state, item)
    return state, (*actions, *more)


def add_up(totals: Totals, decisions: tuple[Decision, ...]) -> Totals:
    """Totals with one more slot."""
    count = {status: sum(item.status == status for item in decisions) for status in NOT_DELIVERED}
    confirmed = len(decisions) - sum(count.values())
    return Totals(
        delivered=totals.delivered + confirmed,
        withheld=totals.withheld + count["WITHHELD"],
        expired=totals.expired + count["EXPIRED"],
        slots=totals.slots + 1,
        voids=0,
        tested=totals.tested + count["TESTED"],
    )


def go_on(state: EndState, item: Item) -> Outcome:
    """The master ends the request or asks for the next tick."""
    totals, demand = item.totals, item.demand
    if totals.delivered >= demand.number:
        return end_master.finish(state, item, "DELIVERED")
    if totals.withheld + item.barren >= demand.withhold_limit and item.last_deviation:
        cause = item.last_deviation
        barren = f", {item.barren} slots had none" if item.barren else ""
        reason = f"{totals.withheld} heralds were withheld{barren}: {cause.reason}"
        return end_master.finish(state, item, "FAILED", node=cause.node, device=cause.device, reason=reason)
    if item.cancelled:
        return end_master.finish(state, item, "EXPIRED", reason=item.cancelled)
    return state, (Call(Count(item.request, fresh=False)),)
