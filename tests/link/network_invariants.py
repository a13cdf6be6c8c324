# SPDX-License-Identifier: Apache-2.0
"""What must hold of a virtual network whatever was done to it."""

from collections import Counter

from virtual_network import BASES, NODES, VirtualNetwork
from virtual_workers import PARAMETERS
from virtual_world import ENDS

from heraldlink.link.bases import basis_of
from heraldlink.link.end_state import EndState
from heraldlink.link.facts import EndFact, ExpireFact, HeraldsFact, RequestFact
from heraldlink.link.midpoint_state import MidpointState
from heraldlink.messages.command import Finished, Held, Ok, Progress


class Violation(AssertionError):
    """An invariant does not hold; the first word of the message names it."""


def require(condition: object, sentence: str) -> None:
    if not condition:
        raise Violation(sentence)


def check(net: VirtualNetwork) -> None:
    """All invariants; the network must have come to rest."""
    check_rest(net)
    check_ids(net)
    check_outcomes(net)
    check_ends(net)
    check_deliveries(net)
    check_expiries(net)
    check_pulses(net)
    check_turns(net)


def check_rest(net: VirtualNetwork) -> None:
    """rest: nobody holds on to anything once the weather is good again."""
    for node in NODES:
        state = net.processes[node].state
        require(state.active is None, f"rest: {node} still serves a request")
        require(not state.unsettled, f"rest: {node} does not know how {state.unsettled} ended")
        match state:
            case EndState():
                require(not state.asking and not state.queue, f"rest: {node} has requests in line")
            case MidpointState():
                require(not state.expiring, f"rest: an EXPIRE was not acknowledged: {state.expiring}")


def check_ids(net: VirtualNetwork) -> None:
    """ids: one number, one herald, one decision, the same wherever it is known."""
    numbered = Counter(
        herald.mhp_seq
        for fact in net.journals["midpoint"]
        if isinstance(fact, HeraldsFact)
        for herald in fact.heralds
    )
    require(all(count == 1 for count in numbered.values()), f"ids: numbers given twice: {numbered}")
    authority = {fact.decision.mhp_seq: fact for fact in net.pairs("midpoint")}
    require(len(authority) == len(net.pairs("midpoint")), "ids: a herald was decided twice")
    require(set(numbered) == set(authority), "ids: a herald was numbered and never decided")
    sequence = [fact.decision.sequence_number for fact in authority.values() if fact.decision.sequence_number]
    require(sorted(sequence) == list(range(1, len(sequence) + 1)), "ids: pair numbers are not dense")
    for node in ENDS:
        pairs = net.pairs(node)
        own = {fact.decision.mhp_seq: fact for fact in pairs}
        require(len(own) == len(pairs), f"ids: {node} holds a pair twice")
        differing = [number for number, fact in own.items() if authority.get(number) != fact]
        require(not differing, f"ids: {node} and the midpoint differ about {differing}")


def check_outcomes(net: VirtualNetwork) -> None:
    """outcomes: both outcomes of a confirmed pair are of the attempt it names."""
    for fact in net.pairs("midpoint"):
        if fact.decision.status == "CONFIRMED":
            truth = net.world.truth(fact.slot, fact.decision.attempt)
            require(fact.decision.outcomes in truth, f"outcomes: {fact} is not what happened: {truth}")


def check_ends(net: VirtualNetwork) -> None:
    """ends: every request that was taken ends once at each node, everywhere alike."""
    states: dict[int, set[tuple[str, str, str]]] = {}
    for node in NODES:
        ends = [fact for fact in net.journals[node] if isinstance(fact, EndFact)]
        taken = {fact.request for fact in net.journals[node] if isinstance(fact, RequestFact)}
        counts = Counter(fact.request for fact in ends)
        require(all(count == 1 for count in counts.values()), f"ends: {node} ended a request twice: {counts}")
        require(taken <= set(counts), f"ends: {node} never ended {taken - set(counts)}")
        for fact in ends:
            states.setdefault(fact.request, set()).add((fact.state, fact.node, fact.device))
    for request, found in states.items():
        require(len(found) == 1, f"ends: request {request} ended as {found}")


def check_deliveries(net: VirtualNetwork) -> None:
    """deliveries: a pair is told once, after both journals have it, and a client hears one end."""
    oks = [(node, body) for node, _, _, body in net.told if isinstance(body, Ok)]
    told = Counter(body.pair.sequence_number for _, body in oks)
    require(all(count == 1 for count in told.values()), f"deliveries: told twice: {told}")
    for node, body in oks:
        for keeper in (node, "midpoint"):
            kept = {
                fact.decision.sequence_number: fact.decision.mhp_seq
                for fact in net.pairs(keeper)
                if fact.decision.status == "CONFIRMED"
            }
            have = kept.get(body.pair.sequence_number) == body.pair.mhp_seq
            require(have, f"deliveries: {keeper} does not hold the pair that {node} told")
    heralds = Counter(
        (node, body.pair.mhp_seq) for node, _, _, body in net.told if isinstance(body, Ok | Held)
    )
    require(all(count == 1 for count in heralds.values()), f"deliveries: a herald told twice: {heralds}")
    for create_id, (node, boot) in net.asked.items():
        ends = net.ends_of(create_id)
        survived = net.boots[node] == boot
        require(len(ends) == 1 or (not survived and not ends), f"deliveries: {create_id} ended as {ends}")
        for body in ends:
            if isinstance(body, Finished):
                count = sum(isinstance(one, Ok) and one.create_id == create_id for _, _, _, one in net.told)
                require(count == body.delivered, f"deliveries: {count} pairs told, {body.delivered} counted")
                asked = net.numbers[create_id]
                enough = count == asked if body.state == "DELIVERED" else count < asked
                require(enough, f"deliveries: {body.state} with {count} pairs of {asked}")


def check_expiries(net: VirtualNetwork) -> None:
    """expiries: what the midpoint expired, both ends have journalled as expired."""
    for fact in net.journals["midpoint"]:
        if isinstance(fact, ExpireFact):
            for node in ENDS:
                known = {pair.decision.mhp_seq for pair in net.pairs(node)}
                lacking = {decision.mhp_seq for decision in fact.decisions} - known
                require(not lacking, f"expiries: {node} was never told that {lacking} expired")


def check_pulses(net: VirtualNetwork) -> None:
    """pulses: once a node has ended a request, no tick starts pulses of it there."""
    for when, node, request in net.workers.pulses:
        ended = net.ended.get((node, request), when)
        require(when <= ended, f"pulses: {node} played {request} {when - ended:.3f} s after its end")


def check_turns(net: VirtualNetwork) -> None:
    """turns: what slots measure follows from which ones were played, whatever was void in between."""
    for create_id in net.asked:
        slots = [body for _, _, one, body in net.told if one == create_id and isinstance(body, Progress)]
        measured = [slot.basis for slot in slots if not slot.estimate]
        wanted = [basis_of(create_id, turn, BASES) for turn in range(len(measured))]
        require(measured == wanted, f"turns: request {create_id} measured {measured}, not {wanted}")
        for before, last, slot in zip(slots, slots[1:], slots[2:], strict=False):
            aged = [item for item in (last, before) if 2 <= slot.slot - item.slot <= PARAMETERS.phase_ticks]
            (phase,) = {item.phase for item in (aged or [last])[:1]}
            turned = phase and slot.turn_rad == phase.angle_rad
            require(turned, f"turns: slot {slot.slot} of request {create_id} is turned by another phase")
