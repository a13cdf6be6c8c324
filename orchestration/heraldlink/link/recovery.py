# SPDX-License-Identifier: Apache-2.0
"""What a node's journal says of its former lives, as the link layer needs it when a new one begins."""

from collections import OrderedDict
from collections.abc import Container, Iterable, Sequence

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


class Recovery:
    """Facts of former lives, taken one by one in order; what is over is forgotten at once."""

    def __init__(self, ends: Sequence[str]) -> None:
        self._ends = ends
        self._open: dict[int, RequestFact] = {}
        self._ended: OrderedDict[int, EndFact] = OrderedDict()
        self._heralds: dict[int, HeraldsFact] = {}
        self._expiring: dict[tuple[str, int], ExpireFact] = {}
        self._last_mhp_seq = self._last_sequence = 0
        self._following = 1
        self._holes: numbers.Holes = ()

    def take(self, fact: msgspec.Struct) -> None:
        """Take the next fact."""
        match fact:
            case RequestFact():
                if fact.request not in self._ended:
                    self._open[fact.request] = fact
            case EndFact():
                self._end(fact)
            case HeraldsFact():
                self._number(fact)
            case PairFact():
                self.decided(fact.decision.mhp_seq, fact.decision.sequence_number)
            case ExpireFact():
                self._expiring |= {(node, fact.low): fact for node in self._ends}
            case ExpireAckFact():
                self._expiring.pop((fact.node, fact.low), None)
            case _:
                pass

    def decided(self, mhp_seq: int, sequence: int) -> None:
        """Take the numbers of a PairFact, all that is needed of it."""
        if mhp_seq == self._following:
            self._following += 1
        else:
            _, self._following, self._holes = numbers.taken(self._following, self._holes, mhp_seq)
        self._heralds.pop(mhp_seq, None)
        self._last_mhp_seq = max(self._last_mhp_seq, mhp_seq)
        self._last_sequence = max(self._last_sequence, sequence)

    def begin(self, last_mhp_seq: int, last_sequence: int, ends: Iterable[EndFact]) -> None:
        """Take what a checkpoint says; only of one at a journal's beginning this is anything new."""
        if last_mhp_seq > self._last_mhp_seq:
            self._last_mhp_seq, self._following, self._holes = last_mhp_seq, last_mhp_seq + 1, ()
        self._last_sequence = max(self._last_sequence, last_sequence)
        for fact in ends:
            self._end(fact)

    def found(self) -> Recovered:
        """What a new life has to know."""
        heralds = {id(fact): fact for fact in self._heralds.values()}.values()
        return Recovered(
            open=tuple(self._open.values()),
            ends=tuple(self._ended.values()),
            undecided=tuple(undecided(fact, self._heralds) for fact in heralds),
            expiring=tuple((node, fact) for (node, _), fact in self._expiring.items()),
            next_mhp_seq=self._last_mhp_seq + 1,
            next_sequence=self._last_sequence + 1,
            holes=self._holes,
        )

    def _end(self, fact: EndFact) -> None:
        self._open.pop(fact.request, None)
        self._ended.setdefault(fact.request, fact)
        if len(self._ended) > REMEMBERED_ENDS:
            self._ended.popitem(last=False)

    def _number(self, fact: HeraldsFact) -> None:
        for herald in fact.heralds:
            self._last_mhp_seq = max(self._last_mhp_seq, herald.mhp_seq)
            if numbers.taken(self._following, self._holes, herald.mhp_seq)[0]:
                self._heralds[herald.mhp_seq] = fact


def recovered(facts: Iterable[msgspec.Struct], ends: Sequence[str]) -> Recovered:
    """Read a journal's facts, in order; ``ends`` are the link's end nodes."""
    recovery = Recovery(ends)
    for fact in facts:
        recovery.take(fact)
    return recovery.found()


def undecided(fact: HeraldsFact, waiting: Container[int]) -> HeraldsFact:
    """The same with the heralds alone that nobody has decided."""
    left = tuple(herald for herald in fact.heralds if herald.mhp_seq in waiting)
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
