# SPDX-License-Identifier: Apache-2.0
"""What the client of a request is told of a slot: each herald, and how it went; local node first."""

from collections.abc import Mapping
from typing import cast

from heraldlink.link.choices import DIRECTIONS, UNROTATED, before
from heraldlink.link.end_state import EndState, Item
from heraldlink.link.events import Actions, Tell
from heraldlink.link.preparation import correction
from heraldlink.link.storage import kept_of, stored_of
from heraldlink.messages.command import Held, HeraldedPair, Ok, Progress
from heraldlink.messages.link import Verdict
from heraldlink.messages.service import Kept, Measured, SlotBasis
from heraldlink.messages.values import BELL_STATES, Decision, Herald


def tell(state: EndState, item: Item, body: Verdict, decision: Decision, kept: Mapping[int, Kept]) -> Tell:
    """One decision; ``kept`` is where this node keeps its qubit, by attempt."""
    first, second = decision.outcomes
    is_first = state.node == state.ends[0]
    outcomes = (first, second) if is_first else (second, first)
    measured = locally(state, body.measured)
    pair = HeraldedPair(
        sequence_number=decision.sequence_number,
        mhp_seq=decision.mhp_seq,
        slot=body.slot,
        attempt=decision.attempt,
        bell_state=BELL_STATES[decision.outcome],
        basis=body.basis if is_first else turned_round(body.basis),
        outcomes=outcomes,
        goodness=decision.goodness,
        goodness_how=decision.goodness_how,
        goodness_sigma=decision.goodness_sigma,
        status=decision.status,
        reason=decision.reason,
        origin=body.origin,
        measured=measured,
        kept=kept.get(decision.attempt),
        correction=corrected(item, decision, measured[0], outcomes[0]),
    )
    kind = Ok if decision.status == "CONFIRMED" else Held
    return Tell(item.client, item.create_id, kind(item.create_id, pair))


def locally(state: EndState, measured: tuple[Measured, Measured]) -> tuple[Measured, Measured]:
    """What was measured, local node first."""
    one, other = measured
    return (one, other) if state.node == state.ends[0] else (other, one)


def corrected(item: Item, decision: Decision, measured: Measured, outcome: int) -> str:
    """The correction of a remotely prepared state; empty for other types."""
    if item.demand.type != "R" or decision.status != "CONFIRMED":
        return ""
    side = item.demand.sides[0] if item.demand.sides else UNROTATED
    direction = before(DIRECTIONS[measured], side.rotation_rad)
    return correction(BELL_STATES[decision.outcome], direction, outcome)


def tell_early(state: EndState, item: Item) -> Actions:
    """Pairs that this node has kept, before the midpoint has heard of the other half: PENDING."""
    heralds = {herald.attempt: herald for herald in item.heralds}
    return tuple(
        Tell(item.client, item.create_id, Ok(item.create_id, pending(state, item, heralds[attempt], qubit)))
        for attempt, qubit in item.held
        if attempt in heralds
    )


def pending(state: EndState, item: Item, herald: Herald, qubit: int) -> HeraldedPair:
    """A pair that may still expire; its number comes with the confirmation, under the same mhp_seq."""
    model = item.parameters.prediction
    decision = Decision(
        mhp_seq=herald.mhp_seq,
        attempt=herald.attempt,
        outcome=herald.outcome,
        status="PENDING",
        reason="the midpoint has not confirmed it yet",
        sequence_number=0,
        outcomes=(0, 0),
        goodness=model.fidelity_psi_plus if herald.outcome == 1 else model.fidelity_psi_minus,
        goodness_sigma=model.goodness_sigma,
    )
    stored = stored_of(state, item, item.slot.number, decision, qubit)
    return HeraldedPair(
        sequence_number=0,
        mhp_seq=herald.mhp_seq,
        slot=item.slot.number,
        attempt=herald.attempt,
        bell_state=BELL_STATES[herald.outcome],
        basis="ZZ",
        outcomes=(0, 0),
        goodness=decision.goodness,
        goodness_how="model",
        goodness_sigma=decision.goodness_sigma,
        status="PENDING",
        reason=decision.reason,
        kept=kept_of(state, stored),
    )


def progress(state: EndState, item: Item, body: Verdict) -> Progress:
    """What the slot gave, for the client."""
    first, second = body.confusions
    is_first = state.node == state.ends[0]
    return Progress(
        create_id=item.create_id,
        slot=body.slot,
        basis=body.basis if is_first else turned_round(body.basis),
        estimate=item.slot.estimate,
        counts=body.counts,
        phase=body.phase,
        turn_rad=item.slot.turn_rad,
        confusions=(first, second) if is_first else (second, first),
        deviations=body.deviations,
        delivered=item.totals.delivered,
        withheld=item.totals.withheld,
        expired=item.totals.expired,
        test=item.slot.test,
        tested=item.totals.tested,
    )


def turned_round(basis: SlotBasis) -> SlotBasis:
    """The same with the link's second end first."""
    return cast(SlotBasis, basis[::-1])
