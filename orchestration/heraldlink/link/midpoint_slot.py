# SPDX-License-Identifier: Apache-2.0
"""One slot at the midpoint: two GENs, play, reply, two REPORTs, verdict.

A slot that was announced ahead is armed before the former one is read; so there may be one being played and
one being judged, each with GENs, reply and reports of its own.
"""

from msgspec.structs import replace

from heraldlink.link.estimation import Tally, shortfall
from heraldlink.link.events import Actions, Call, Commit, Send
from heraldlink.link.facts import HERALDS, PAIR, HeraldsFact, fact_of
from heraldlink.link.midpoint_end import fail
from heraldlink.link.midpoint_state import Item, Judging, MidpointState, Stage
from heraldlink.link.offsets import alarm, followed
from heraldlink.link.tick_counts import BEHIND_LIMIT, behind, too_far_behind
from heraldlink.link.verdict import Case, decide, strays
from heraldlink.messages.link import Gen, Reply, Report, Verdict, Void
from heraldlink.messages.origin import joined
from heraldlink.messages.values import Deviation, Herald, MhpError
from heraldlink.messages.worker import AwaitSlot, PlaySlot, ReadSlot, SlotAwaited, SlotBegun, SlotPlayed

GEN_LIMIT_S = 6.0
"""How long the midpoint waits for the other end's GEN: longer than a worker may take to arm."""
HOLD_LIMIT_S = 0.3
"""How long a recorded slot waits for the one announced behind it before it is read all the same."""
TRIES = 3
BURST_WINDOW = 64

Outcome = tuple[MidpointState, Actions]


def generated(state: MidpointState, item: Item, source: str, body: Gen, now: float) -> Outcome:
    """One end is armed; with both, check that they mean the same slot, and play it."""
    if body.burst > item.burst + BURST_WINDOW:
        reason = f"OUT_OF_WINDOW: {source} is at burst {body.burst}, the midpoint at {item.burst}"
        return fail(state, source, "", reason, now, park=False)
    gens = {**item.gens, source: body}
    item = replace(item, gens=gens, since=now)
    if len(gens) < 2:
        return replace(state, active=item), ()
    mismatch = compare(state, item)
    if mismatch:
        return fail(state, state.node, "", mismatch, now, park=True)
    item = replace(item, burst=body.burst, unheard=0)
    if len({meant(gen) for gen in gens.values()}) > 1:
        slots = " and ".join(f"{node} means slot {gens[node].slot}" for node in state.ends)
        return void(state, item, f"{slots}, or another basis", now, late=True, code="TIME_MISMATCH")
    if body.ahead and item.voided == body.burst - 1:
        return void(state, item, "the slot before it was not played: its turn comes first", now, late=False)
    late = [node for node in state.ends if gens[node].tick != body.slot - 1]
    if late:
        return untimely(state, item, late, body.slot, now)
    item = replace(item, stage=Stage.PLAYING)
    hold = item.announced >= body.burst or item.judging is not None
    play = PlaySlot(item.request, body.burst, body.slot, body.estimate, body.keep, hold)
    return replace(state, active=item), (Call(play),)


def untimely(state: MidpointState, item: Item, nodes: list[str], slot: int, now: float) -> Outcome:
    """Nodes were armed after another tick than the one before the slot: try again, unless that is no use."""
    ticks = {node: item.gens[node].tick for node in nodes}
    slow = min(nodes, key=lambda node: ticks[node])
    if ticks[slow] < slot - 1:
        item = behind(item, slow)
        if item.behind.number >= BEHIND_LIMIT:
            return too_far_behind(state, item, slow, now)
    counts = " and ".join(f"{node} after tick {tick}" for node, tick in ticks.items())
    late = any(tick >= slot for tick in ticks.values())
    return void(state, item, f"slot {slot} was armed by {counts}", now, late=late)


def compare(state: MidpointState, item: Item) -> str:
    """What the two GENs disagree about, empty if nothing."""
    first, second = (item.gens[node] for node in state.ends)
    ids = {first.queue_id, second.queue_id, item.queue_id}
    if len(ids) > 1:
        names = ", ".join(f"{node} {item.gens[node].queue_id}" for node in state.ends)
        return f"QUEUE_MISMATCH: queue ids are {names} and {item.queue_id} at the midpoint"
    if len({first.program, second.program, item.program}) > 1:
        return "the nodes compiled different sequences: their sequence files differ"
    return ""


def meant(gen: Gen) -> tuple[object, ...]:
    """What two GENs of one slot have to agree in."""
    return gen.slot, gen.basis, gen.estimate, gen.measured, gen.test, gen.keep


def unheard(state: MidpointState, item: Item, now: float) -> Outcome:
    """One end is armed and the other one is not heard: try again, a few times."""
    (missing,) = [node for node in state.ends if node not in item.gens]
    (there,) = item.gens.values()
    reason = f"NO_CLASSICAL_OTHER: no GEN of {missing} within {GEN_LIMIT_S:g} s for burst {there.burst}"
    if item.unheard >= TRIES:
        return fail(state, missing, "", f"{reason}, {TRIES + 1} times in a row", now, park=True)
    item = replace(item, burst=there.burst, unheard=item.unheard + 1)
    return void(state, item, reason, now, late=True, code="NO_CLASSICAL_OTHER")


def void(
    state: MidpointState, item: Item, reason: str, now: float, *, late: bool, code: MhpError = "GEN_FAIL"
) -> Outcome:
    """Do not play; both ends try again. The slot before it has waited for nothing, and is read."""
    note = Void(item.request, item.burst, late, reason, code)
    item = replace(item, stage=Stage.READY, since=now, gens={}, voided=item.burst)
    state, reading = read(state, item)
    return state, (*(Send(node, note) for node in state.ends), *reading)


def begun(state: MidpointState, item: Item, body: SlotBegun, now: float) -> Outcome:
    """The record is armed, or was too late for it; now there is time for the slot before."""
    if body.void:
        return void(state, item, body.void, now, late=True)
    state, reading = read(state, replace(item, since=now))
    return state, (*reading, Call(AwaitSlot(item.request, item.burst)))


def read(state: MidpointState, item: Item) -> Outcome:
    """Ask what the tags of the recorded slot say, if nobody has."""
    judging = item.judging
    if judging is None or judging.asked:
        return replace(state, active=item), ()
    item = replace(item, judging=replace(judging, asked=True))
    return replace(state, active=item), (Call(ReadSlot(item.request, judging.burst)),)


def awaited(state: MidpointState, item: Item, body: SlotAwaited, now: float) -> Outcome:
    """The record is over, or not yet."""
    if not body.done:
        return state, (Call(AwaitSlot(item.request, item.burst)),)
    return hand_over(state, replace(item, stage=Stage.RECORDED, since=now), now)


def hand_over(state: MidpointState, item: Item, now: float) -> Outcome:
    """A recorded slot is judged once the one before it was; one announced behind it is armed first."""
    if item.stage is not Stage.RECORDED or item.judging:
        return replace(state, active=item), ()
    judging = Judging(item.burst, item.gens, now)
    item = replace(item, stage=Stage.READY, since=now, gens={}, judging=judging)
    return (replace(state, active=item), ()) if item.announced > item.burst else read(state, item)


def played_at_once(state: MidpointState, item: Item, body: SlotPlayed, now: float) -> Outcome:
    """A slot that was played and read in one call."""
    if body.void:
        return void(state, item, body.void, now, late=True)
    judging = Judging(item.burst, item.gens, now, asked=True)
    return played(state, replace(item, stage=Stage.READY, since=now, gens={}), judging, body, now)


def played(state: MidpointState, item: Item, judging: Judging, body: SlotPlayed, now: float) -> Outcome:
    """Number the heralds and tell both ends."""
    first, gens = state.next_mhp_seq, judging.gens
    heralds = tuple(
        Herald(first + place, attempt, outcome) for place, (attempt, outcome) in enumerate(body.heralds)
    )
    gen = gens[state.ends[0]]
    reply = Reply(
        request=item.request,
        burst=judging.burst,
        slot=gen.slot,
        queue_id=item.queue_id,
        heralds=heralds,
        phase=body.phase,
        counts=body.counts,
        boots=(gen.boot, gens[state.ends[1]].boot),
    )
    judging = replace(judging, since=now, played=body, heralds=heralds)
    state = replace(state, active=replace(item, judging=judging), next_mhp_seq=first + len(heralds))
    sends = tuple(Send(node, reply) for node in state.ends)
    if not heralds:
        return state, sends
    fact = HeraldsFact(item.request, judging.burst, gen.slot, gen.basis, heralds)
    return state, (Commit(((HERALDS, fact),)), *sends)


def reported(
    state: MidpointState, item: Item, judging: Judging, source: str, body: Report, now: float
) -> Outcome:
    """One end has reported; with both, decide, journal, and send the verdict."""
    if body.boot != judging.gens[source].boot:
        reason = f"node {source} was restarted inside slot {judging.gens[source].slot}"
        return fail(state, source, "", reason, now, park=True)
    judging = replace(judging, reports={**judging.reports, source: body}, since=now)
    if len(judging.reports) < 2:
        return replace(state, active=replace(item, judging=judging)), ()
    verdict = judge(state, item, judging)
    confirmed = sum(decision.status == "CONFIRMED" for decision in verdict.decisions)
    facts = tuple((PAIR, fact_of(verdict, decision)) for decision in verdict.decisions)
    item = replace(
        item,
        since=now,
        confirmed=item.confirmed + confirmed,
        judging=None,
        track=followed(item.track, verdict.basis, verdict.decisions),
        tally=item.tally if verdict.deviations else counted(item.tally, verdict),
    )
    state, reading = hand_over(replace(state, next_sequence=state.next_sequence + confirmed), item, now)
    sends = (*(Send(node, verdict) for node in state.ends), *reading)
    return state, ((Commit(facts), *sends) if facts else sends)


def counted(tally: Tally, verdict: Verdict) -> Tally:
    """The request's test rounds and calibration shots with one more slot in which nothing was wrong."""
    return tally.with_slot(verdict.basis, verdict.decisions, verdict.confusions)


def judge(state: MidpointState, item: Item, judging: Judging) -> Verdict:
    """The verdict on the slot from the tags of all three stations."""
    played = judging.played
    assert played is not None  # noqa: S101  (place_in_request() has checked)
    assert item.parameters is not None  # noqa: S101
    reports = tuple(judging.reports[node] for node in state.ends)
    shifted = strays(judging.heralds, judging.reports, played.doubles)
    # causes before symptoms: the midpoint's own list ends with what the tags themselves look like
    slipped = alarm(item.track)
    suspect = (Deviation(state.node, "attempt index", slipped),) if slipped else ()
    deviations = reports[0].deviations + reports[1].deviations + shifted + suspect + played.deviations
    gen = judging.gens[state.ends[0]]
    keepers = keepers_of(state, item) if gen.keep else ()
    below = shortfall(item.tally, item.demand.minimum_fidelity)
    case = Case(
        heralds=judging.heralds,
        reports=judging.reports,
        ends=state.ends,
        deviations=deviations,
        prediction=item.parameters.prediction,
        quota=gen.keep if keepers else item.demand.number - item.confirmed,
        next_sequence=state.next_sequence,
        test=gen.test,
        tally=item.tally,
        shortfall=below,
        keepers=keepers,
    )
    return Verdict(
        request=item.request,
        burst=judging.burst,
        slot=gen.slot,
        basis=gen.basis,
        decisions=decide(case),
        counts=played.counts,
        phase=played.phase,
        confusions=(reports[0].confusion, reports[1].confusion),
        deviations=deviations + ((Deviation(state.node, "test rounds", below),) if below else ()),
        origin=joined((played.origin, *(report.origin for report in reports))),
        measured=gen.measured,
        rooms=(reports[0].room, reports[1].room),
    )


def keepers_of(state: MidpointState, item: Item) -> tuple[str, ...]:
    """Ends that keep their qubits: both for K, the one that did not ask for R, none for M."""
    if item.demand.type == "M":
        return ()
    return (
        state.ends if item.demand.type == "K" else tuple(node for node in state.ends if node != item.master)
    )
