# SPDX-License-Identifier: Apache-2.0
"""One slot at the midpoint: two GENs, play, reply, two REPORTs, verdict."""

from dataclasses import replace

from heraldlink.link.events import Actions, Call, Commit, SafeState, Send
from heraldlink.link.facts import HERALDS, PAIR, HeraldsFact, fact_of
from heraldlink.link.midpoint_state import Item, MidpointState, Stage
from heraldlink.link.verdict import Case, decide, strays
from heraldlink.messages.link import Failed, Gen, Reply, Report, Verdict, Void
from heraldlink.messages.origin import joined
from heraldlink.messages.values import Herald
from heraldlink.messages.worker import PlaySlot, SlotPlayed

Outcome = tuple[MidpointState, Actions]


def generated(state: MidpointState, item: Item, source: str, body: Gen, now: float) -> Outcome:
    """One end is armed; with both, check that they mean the same slot, and play it."""
    gens = {**item.gens, source: body}
    item = replace(item, gens=gens, since=now)
    if len(gens) < 2:
        return replace(state, active=item), ()
    mismatch = compare(state, item)
    if mismatch:
        return refuse(state, item, mismatch)
    item = replace(item, burst=body.burst)
    late = [node for node in state.ends if gens[node].tick != body.slot - 1]
    if late:
        counts = " and ".join(f"{node} after tick {gens[node].tick}" for node in late)
        too_late = any(gens[node].tick >= body.slot for node in late)
        return void(state, item, f"slot {body.slot} was armed by {counts}", now, late=too_late)
    item = replace(item, stage=Stage.PLAYING)
    play = PlaySlot(item.request, body.burst, body.slot, body.estimate)
    return replace(state, active=item), (Call(play),)


def compare(state: MidpointState, item: Item) -> str:
    """What the two GENs disagree about, empty if nothing."""
    first, second = (item.gens[node] for node in state.ends)
    ids = {first.queue_id, second.queue_id, item.queue_id}
    if len(ids) > 1:
        names = ", ".join(f"{node} {item.gens[node].queue_id}" for node in state.ends)
        return f"QUEUE_MISMATCH: queue ids are {names} and {item.queue_id} at the midpoint"
    if len({first.program, second.program, item.program}) > 1:
        return "the nodes compiled different sequences: their sequence files differ"
    if meant(first) != meant(second):
        return f"TIME_MISMATCH: slots {first.slot} and {second.slot}"
    return ""


def meant(gen: Gen) -> tuple[object, ...]:
    """What two GENs of one slot have to agree in."""
    return gen.slot, gen.basis, gen.estimate, gen.measured, gen.test


def refuse(state: MidpointState, item: Item, reason: str) -> Outcome:
    """The nodes do not agree: the request fails everywhere."""
    note = Failed(item.request, state.node, "", reason)
    state = replace(state, active=None, prepared=False, done=(*state.done, item.request))
    return state, (*(Send(node, note) for node in state.ends), SafeState(reason))


def void(state: MidpointState, item: Item, reason: str, now: float, *, late: bool) -> Outcome:
    """Do not play; both ends try again."""
    note = Void(item.request, item.burst, late, reason)
    item = replace(item, stage=Stage.READY, since=now, gens={})
    return replace(state, active=item), tuple(Send(node, note) for node in state.ends)


def played(state: MidpointState, item: Item, body: SlotPlayed, now: float) -> Outcome:
    """Number the heralds and tell both ends."""
    if body.void:
        return void(state, item, body.void, now, late=True)
    first = state.next_mhp_seq
    heralds = tuple(
        Herald(first + place, attempt, outcome) for place, (attempt, outcome) in enumerate(body.heralds)
    )
    reply = Reply(
        request=item.request,
        burst=item.burst,
        slot=item.gens[state.ends[0]].slot,
        queue_id=item.queue_id,
        heralds=heralds,
        phase=body.phase,
        counts=body.counts,
    )
    item = replace(item, stage=Stage.REPLIED, since=now, played=body, heralds=heralds)
    state = replace(state, active=item, next_mhp_seq=first + len(heralds))
    sends = tuple(Send(node, reply) for node in state.ends)
    if not heralds:
        return state, sends
    gen = item.gens[state.ends[0]]
    fact = HeraldsFact(item.request, item.burst, gen.slot, gen.basis, heralds)
    return state, (Commit(((HERALDS, fact),)), *sends)


def reported(state: MidpointState, item: Item, source: str, body: Report, now: float) -> Outcome:
    """One end has reported; with both, decide, journal, and send the verdict."""
    if body.boot != item.gens[source].boot:
        return refuse(state, item, f"node {source} was restarted inside slot {item.gens[source].slot}")
    item = replace(item, reports={**item.reports, source: body}, since=now)
    if len(item.reports) < 2:
        return replace(state, active=item), ()
    verdict = judge(state, item)
    confirmed = sum(decision.status == "CONFIRMED" for decision in verdict.decisions)
    facts = tuple((PAIR, fact_of(verdict, decision)) for decision in verdict.decisions)
    item = replace(
        item,
        stage=Stage.READY,
        confirmed=item.confirmed + confirmed,
        gens={},
        reports={},
        played=None,
        heralds=(),
    )
    state = replace(state, active=item, next_sequence=state.next_sequence + confirmed)
    sends = tuple(Send(node, verdict) for node in state.ends)
    return state, ((Commit(facts), *sends) if facts else sends)


def judge(state: MidpointState, item: Item) -> Verdict:
    """The verdict on the slot from the tags of all three stations."""
    assert item.played is not None  # noqa: S101  (stage REPLIED)
    assert item.parameters is not None  # noqa: S101
    reports = tuple(item.reports[node] for node in state.ends)
    shifted = strays(item.heralds, item.reports, item.played.counts.double_clicks)
    # causes before symptoms: the midpoint's own list ends with what the tags themselves look like
    deviations = reports[0].deviations + reports[1].deviations + shifted + item.played.deviations
    case = Case(
        heralds=item.heralds,
        reports=item.reports,
        ends=state.ends,
        deviations=deviations,
        prediction=item.parameters.prediction,
        quota=item.demand.number - item.confirmed,
        next_sequence=state.next_sequence,
        test=item.gens[state.ends[0]].test,
    )
    gen = item.gens[state.ends[0]]
    return Verdict(
        request=item.request,
        burst=item.burst,
        slot=gen.slot,
        basis=gen.basis,
        decisions=decide(case),
        counts=item.played.counts,
        phase=item.played.phase,
        confusions=(reports[0].confusion, reports[1].confusion),
        deviations=deviations,
        origin=joined((item.played.origin, *(report.origin for report in reports))),
        measured=gen.measured,
    )
