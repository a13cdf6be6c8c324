# SPDX-License-Identifier: Apache-2.0
"""One slot at an end node: propose or be proposed to, arm, GEN, collect, REPORT, take the VERDICT."""

from msgspec.structs import replace

from heraldlink.link import end_ahead, end_master, kept_phase, numbers, storage
from heraldlink.link.distributed_queue import overdue
from heraldlink.link.end_arming import arm, meant, next_slot, proposal, taken
from heraldlink.link.end_life import newly_decided
from heraldlink.link.end_state import VOID_LIMIT, EndState, Item, Slot, Stage, Totals
from heraldlink.link.events import Action, Actions, Call, Commit, Send, Tell
from heraldlink.link.facts import PAIR, PENDING, PendingFact, fact_of
from heraldlink.link.storage import free, hold, newer, room, store
from heraldlink.link.telling import progress, tell, tell_early
from heraldlink.link.verdict import describe
from heraldlink.messages.link import Gen, Propose, Reply, Report, Verdict, Void
from heraldlink.messages.values import Decision, Status
from heraldlink.messages.worker import CollectSlot, Count, Counted, SlotArmed, SlotCollected

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
    item = replace(taken(item, slot), first_slot=first)
    state, actions = begin(state, item, slot, now)
    return state, (*gone, Send(state.peer, proposal(item, slot)), *actions)


def both_overdue(state: EndState, tick: int) -> Outcome:
    """A tick was counted: what has waited or was kept for too long ends."""
    state, late = overdue(state, tick)
    state, old = storage.overdue(state, tick)
    return state, (*late, *old)


def too_late(item: Item) -> str:
    """Why a request expired."""
    sentence = f"max_time of {item.demand.max_time_s:g} s of bench time is over"
    if item.last_deviation is None:
        return sentence
    return f"{sentence}; last deviation: {describe([item.last_deviation])}"


def proposed(state: EndState, item: Item, body: Propose, now: float) -> Outcome:
    """The slave takes the proposed slot, now or behind the one being played."""
    state, gone = both_overdue(state, body.slot)
    slot = meant(body)
    if item.stage is not Stage.READY:
        state, actions = end_ahead.take(state, state.active or item, slot)
        return state, (*gone, *actions)
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
    return replace(state, active=item), (arm(state, item, slot),)


def armed(state: EndState, item: Item, body: SlotArmed, now: float) -> Outcome:
    """Tell the midpoint that this node is armed; it decides whether the tick count still fits."""
    ahead = item.ahead
    if ahead and ahead.stage is Stage.ARMING and body.burst == ahead.slot.burst:
        item = replace(item, ahead=replace(ahead, stage=Stage.GENERATED))
        return replace(state, active=item), (Send(state.midpoint, gen(state, item, ahead.slot, body.tick)),)
    if item.stage is not Stage.ARMING or body.burst != item.slot.burst:
        return state, ()
    item = replace(item, stage=Stage.GENERATED, since=now)
    told = Send(state.midpoint, gen(state, item, item.slot, body.tick))
    state, actions = end_ahead.propose(replace(state, active=item), item)
    return state, (*actions, told)


def gen(state: EndState, item: Item, slot: Slot, tick: int) -> Gen:
    """Armed for this slot after that tick."""
    return Gen(
        request=item.request,
        burst=slot.burst,
        slot=slot.number,
        queue_id=item.queue_id,
        boot=state.boot,
        tick=tick,
        basis=slot.basis,
        estimate=slot.estimate,
        program=item.program,
        measured=slot.measured,
        test=slot.test,
        keep=slot.keep,
        ahead=slot.ahead,
    )


def voided(state: EndState, item: Item, body: Void, now: float) -> Outcome:
    """The slot was not played; the master goes on with the one behind it, or proposes another."""
    slot, item = item.slot, replace(unplayed(item, body), stage=Stage.READY, since=now)
    totals = item.totals
    if item.master != state.node:
        return end_ahead.follow(state, item, now)
    if totals.voids > VOID_LIMIT:
        reason = f"{totals.voids} slots in a row were armed too late ({body.reason})"
        return end_master.fail_all(replace(state, active=item), state.node, "", reason, park=False)
    if item.cancelled:
        return end_master.finish(state, item, "EXPIRED", reason=item.cancelled)
    if item.ahead:
        return end_ahead.follow(state, item, now)
    # one that was never compared with the tick count did not come too late: its tick may be yet to come
    fresh = body.late and body.code == "GEN_FAIL" and not slot.ahead
    return replace(state, active=item), (Call(Count(item.request, fresh=fresh)),)


def may_call_off(item: Item) -> bool:
    """Whether nothing is lost with a request whose next slot this node is not allowed to arm."""
    return bool(item.cancelled) and item.stage is Stage.ARMING


def called_off(state: EndState, item: Item) -> Outcome:
    """This slot is not armed any more: the one before is the last that counts."""
    before = replace(item.slot, burst=item.slot.burst - 1)
    return end_master.finish(state, replace(item, slot=before), "EXPIRED", reason=item.cancelled)


def with_void(item: Item | None, reason: str) -> str:
    """What ended a request, with why its last slot was not played if that was so."""
    if item is None or not item.totals.voids:
        return reason
    return f"{reason}; the slot before was not played: {item.void}"


def unplayed(item: Item, body: Void) -> Item:
    """The request after a slot that was not played: its turn comes again."""
    slot = item.slot
    doomed = end_ahead.doomed(item)
    totals = replace(item.totals, voids=item.totals.voids + 1)
    item = replace(item, totals=totals, turns=item.turns.back(slot.turn), void=body.reason)
    if doomed:
        return item
    if slot.ahead:
        return replace(item, pause=item.pause.after_void())
    return replace(item, lead=item.lead.after_late() if body.late else item.lead.after_early())


def replied(state: EndState, item: Item, body: Reply, now: float) -> Outcome:
    """The slot was played: read our own tags."""
    reason = unfit(state, item, body)
    if reason:
        return end_master.fail_all(state, state.midpoint, "", reason, park=False)
    item, slot = kept_phase.known(item, body), item.slot
    item = replace(item, stage=Stage.COLLECTING, since=now, heralds=body.heralds)
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
        pause=item.pause.after_played(ahead=item.slot.ahead),
        found=item.found if item.slot.estimate or item.slot.test else len(body.decisions),
        last_deviation=body.deviations[0] if body.deviations else item.last_deviation,
        barren=item.barren + bool(body.deviations and not body.decisions),
    )
    rooms = body.rooms[state.ends.index(state.peer)]
    state = replace(state, active=item, peer_room=newer(state.peer_room, rooms))
    state, kept, stored = store(state, item, body)
    actions: list[Action] = [Commit(facts), *stored] if facts else [*stored]
    item = replace(item, held=())
    if item.master != state.node:
        state, more = end_ahead.follow(state, item, now)
        return state, (*actions, *more)
    actions += [tell(state, item, body, decision, kept) for decision in new]
    actions.append(Tell(item.client, item.create_id, progress(state, item, body)))
    state, more = go_on(state, item, now)
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


def go_on(state: EndState, item: Item, now: float) -> Outcome:
    """The master ends the request, goes on with the slot behind, or asks for the next tick."""
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
    if item.ahead:
        return end_ahead.follow(state, item, now)
    return state, (Call(Count(item.request, fresh=False)),)
