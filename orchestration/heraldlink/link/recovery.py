# SPDX-License-Identifier: Apache-2.0
"""What a node's journal says of its former lives, as the link layer needs it when a new one begins."""

from collections.abc import Iterable, Sequence

import msgspec

from heraldlink.link import numbers
from heraldlink.link.endings import REMEMBERED_ENDS
from heraldlink.link.events import Recovered
from heraldlink.link.facts import (
    EndFact,
    ExpireAckFact,
    ExpireFact,
    HeraldsFact,
    PairFact,
    RequestFact,
)
from heraldlink.messages.values import Decision, Herald


def recovered(facts: Iterable[msgspec.Struct], ends: Sequence[str]) -> Recovered:
    """Read a journal's facts, in order; ``ends`` are the link's end nodes."""
    requests: dict[int, RequestFact] = {}
    ended: dict[int, EndFact] = {}
    heralds: list[HeraldsFact] = []
    decided: set[int] = set()
    expiring: dict[tuple[str, int], ExpireFact] = {}
    last_mhp_seq = last_sequence = 0
    for fact in facts:
        match fact:
            case RequestFact():
                requests[fact.request] = fact
            case EndFact():
                ended.setdefault(fact.request, fact)
            case HeraldsFact():
                heralds.append(fact)
                last_mhp_seq = max(last_mhp_seq, *(herald.mhp_seq for herald in fact.heralds))
            case PairFact():
                decided.add(fact.decision.mhp_seq)
                last_mhp_seq = max(last_mhp_seq, fact.decision.mhp_seq)
                last_sequence = max(last_sequence, fact.decision.sequence_number)
            case ExpireFact():
                expiring |= {(node, fact.low): fact for node in ends}
            case ExpireAckFact():
                expiring.pop((fact.node, fact.low), None)
            case _:
                pass
    return Recovered(
        open=tuple(fact for number, fact in requests.items() if number not in ended),
        ends=tuple(ended.values())[-REMEMBERED_ENDS:],
        undecided=tuple(left for fact in heralds if (left := undecided(fact, decided)).heralds),
        expiring=tuple((node, fact) for (node, _), fact in expiring.items()),
        next_mhp_seq=last_mhp_seq + 1,
        next_sequence=last_sequence + 1,
        holes=numbers.after(decided)[1],
    )


def undecided(fact: HeraldsFact, decided: set[int]) -> HeraldsFact:
    """The same with the heralds alone that nobody has decided."""
    left = tuple(herald for herald in fact.heralds if herald.mhp_seq not in decided)
    return HeraldsFact(fact.request, fact.burst, fact.slot, fact.basis, left)


def expired(herald: Herald, reason: str) -> Decision:
    """The decision on a herald whose slot was never judged."""
    return Decision(
        mhp_seq=herald.mhp_seq,
        attempt=herald.attempt,
        outcome=herald.outcome,
        status="EXPIRED",
        reason=reason,
        sequence_number=0,
        outcomes=(0, 0),
        goodness=0.0,
        goodness_sigma=0.0,
    )
