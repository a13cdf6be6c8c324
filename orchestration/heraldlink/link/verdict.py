# SPDX-License-Identifier: Apache-2.0
"""The midpoint's decision on each herald of a slot: CONFIRMED, WITHHELD or EXPIRED, and why."""

from collections.abc import Collection, Mapping, Sequence

import msgspec

from heraldlink.link.estimation import Goodness, Tally, goodness
from heraldlink.messages.link import Report
from heraldlink.messages.values import NO_OUTCOME, Decision, Deviation, Herald, Prediction, Status


class Case(msgspec.Struct, frozen=True):
    """One slot's evidence. ``quota``: pairs the request still lacks; ``test``: these are test rounds.

    ``tally`` is what the request's test rounds gave; ``shortfall``, if they are below what was asked for.
    ``keepers`` are the ends that keep their qubits instead of measuring them.
    """

    heralds: Sequence[Herald]
    reports: Mapping[str, Report]
    ends: tuple[str, str]
    deviations: Sequence[Deviation]
    prediction: Prediction
    quota: int
    next_sequence: int
    test: bool = False
    tally: Tally = msgspec.field(default_factory=Tally)
    shortfall: str = ""
    keepers: tuple[str, ...] = ()


def decide(case: Case) -> tuple[Decision, ...]:
    """Verdicts in the order of the heralds; sequence numbers go to the confirmed ones alone."""
    outcomes = {
        node: {readout.attempt: readout.outcome for readout in report.readouts}
        for node, report in case.reports.items()
    }
    doubt = describe(case.deviations)
    decisions: list[Decision] = []
    confirmed = 0
    for herald in case.heralds:
        first, second = (outcomes[node].get(herald.attempt, 0) for node in case.ends)
        missing = [node for node in case.ends if not there(case, node, herald.attempt, outcomes[node])]
        status, reason = judge(case, missing, doubt, confirmed)
        confirmed += status == "CONFIRMED"
        sequence = case.next_sequence + confirmed - 1 if status == "CONFIRMED" else 0
        good = goodness(case.prediction, case.tally, herald.outcome)
        decisions.append(decision(herald, status, reason, sequence, (first, second), good))
    return tuple(decisions)


def strays(
    heralds: Sequence[Herald], reports: Mapping[str, Report], doubles: Collection[int]
) -> tuple[Deviation, ...]:
    """End nodes whose attempt indices cannot be trusted in this slot.

    A node that missed one sync labels every later readout one too low. So of those that follow, the first one
    belongs to no attempt that was read out, or falls together with the one before; then no readout of the
    slot is believed. ``doubles``: attempts that were read out because both detectors clicked.
    """
    expected = {herald.attempt for herald in heralds}.union(doubles)
    found: list[Deviation] = []
    for node, report in reports.items():
        alone = sum(readout.attempt not in expected for readout in report.readouts)
        twice = sum(readout.outcome == NO_OUTCOME for readout in report.readouts)
        if alone or twice:
            what = f"{alone} readouts belong to no herald and {twice} attempts were read out twice"
            found.append(Deviation(node, "attempt index", f"{what}: a sync was missed or added"))
    return tuple(found)


def there(case: Case, node: str, attempt: int, outcomes: Mapping[int, int]) -> bool:
    """Whether a node has its half: read out, or kept where that was asked for."""
    return attempt in (case.reports[node].kept if node in case.keepers else outcomes)


def judge(case: Case, missing: Sequence[str], doubt: str, confirmed: int) -> tuple[Status, str]:
    """Status and reason of one herald; one of which a node does not know its own half has expired."""
    if missing:
        half = "no kept qubit" if set(missing) <= set(case.keepers) else "no readout"
        return "EXPIRED", f"{half} with this attempt index at {' and '.join(missing)}"
    if doubt:
        return "WITHHELD", doubt
    if case.test:
        return "TESTED", "a test round"
    if case.shortfall:
        return "WITHHELD", case.shortfall
    if confirmed >= case.quota:
        return "EXPIRED", "the request was already complete"
    return "CONFIRMED", ""


def describe(deviations: Sequence[Deviation]) -> str:
    """One line for all deviations, empty if there are none."""
    return "; ".join(f"{item.node}, {item.device}: {item.reason}" for item in deviations)


def decision(
    herald: Herald, status: Status, reason: str, sequence: int, outcomes: tuple[int, int], good: Goodness
) -> Decision:
    """The decision as it is journalled and sent, with the goodness of the herald's Bell state."""
    return Decision(
        mhp_seq=herald.mhp_seq,
        attempt=herald.attempt,
        outcome=herald.outcome,
        status=status,
        reason=reason,
        sequence_number=sequence,
        outcomes=outcomes,
        goodness=good.value,
        goodness_sigma=good.sigma,
        goodness_how=good.how,
    )
