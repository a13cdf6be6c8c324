# SPDX-License-Identifier: Apache-2.0
"""What a client gets of a request: pairs, slot reports, recorded tags, and the result."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from heraldlink.messages.command import Finished, HeraldedPair, Progress
from heraldlink.messages.service import Measured, SlotBasis
from heraldlink.messages.values import (
    BellState,
    Confusion,
    Deviation,
    FinalState,
    Origin,
    Phase,
    Prediction,
    SlotCounts,
    Status,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Pair:
    """One heralded pair of measured qubits.

    ``outcomes`` are (local, remote): +1 for |g>, -1 for |e>, 0 where none was read. ``attempt`` is the
    hardware's count of attempts in the slot. ``goodness`` is the model's F_meas for this Bell state.
    ``goodness_how`` says whether test rounds or the model alone are behind it.
    ``status`` is CONFIRMED, WITHHELD, EXPIRED (the latter two with a ``reason``) or TESTED (a test round).
    ``basis`` is local first, R a rotated one; ``measured`` the same without the rotations.
    ``origin`` is joined over all instruments that contributed.
    """

    create_id: int
    sequence_number: int
    mhp_seq: int
    slot: int
    attempt: int
    bell_state: BellState
    basis: SlotBasis
    outcomes: tuple[int, int]
    goodness: float
    goodness_how: str
    goodness_sigma: float
    status: Status
    reason: str = ""
    origin: Origin = "unknown"
    measured: tuple[Measured, Measured] = ("Z", "Z")

    @classmethod
    def of(cls, create_id: int, pair: HeraldedPair) -> "Pair":
        """From the message."""
        return cls(
            create_id=create_id,
            sequence_number=pair.sequence_number,
            mhp_seq=pair.mhp_seq,
            slot=pair.slot,
            attempt=pair.attempt,
            bell_state=pair.bell_state,
            basis=pair.basis,
            outcomes=pair.outcomes,
            goodness=pair.goodness,
            goodness_how=pair.goodness_how,
            goodness_sigma=pair.goodness_sigma,
            status=pair.status,
            reason=pair.reason,
            origin=pair.origin,
            measured=pair.measured,
        )


@dataclass(frozen=True, slots=True)
class SlotReport:
    """One slot as it was played: counts at the midpoint, phase estimate, calibration, deviations.

    ``estimate`` slots only measure the phase, those of a ``test`` are test rounds. ``turn_rad`` is the angle
    by which the second node's analysis axis was turned. ``delivered``, ``withheld``, ``expired`` and
    ``tested`` are the request's totals so far.
    """

    slot: int
    basis: SlotBasis
    estimate: bool
    counts: SlotCounts
    phase: Phase | None
    turn_rad: float
    confusions: tuple[Confusion, Confusion]
    deviations: tuple[Deviation, ...]
    delivered: int
    withheld: int
    expired: int
    test: bool = False
    tested: int = 0

    @classmethod
    def of(cls, body: Progress) -> "SlotReport":
        """From the message."""
        return cls(
            slot=body.slot,
            basis=body.basis,
            estimate=body.estimate,
            counts=body.counts,
            phase=body.phase,
            turn_rad=body.turn_rad,
            confusions=body.confusions,
            deviations=body.deviations,
            delivered=body.delivered,
            withheld=body.withheld,
            expired=body.expired,
            test=body.test,
            tested=body.tested,
        )


@dataclass(frozen=True, slots=True)
class Result:
    """How a request ended, with everything it gave.

    ``heralds`` are all of them, also withheld and expired ones. ``confusions`` are the calibration counts of
    all slots (local, remote). ``attempts`` counts those of measuring slots.
    """

    state: FinalState
    node: str
    device: str
    reason: str
    heralds: tuple[Pair, ...]
    slots: tuple[SlotReport, ...]
    prediction: Prediction

    @classmethod
    def of(
        cls, body: Finished, heralds: list[Pair], slots: list[SlotReport], prediction: Prediction
    ) -> "Result":
        """From the message and what came before it."""
        return cls(body.state, body.node, body.device, body.reason, tuple(heralds), tuple(slots), prediction)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The CONFIRMED pairs."""
        return tuple(pair for pair in self.heralds if pair.status == "CONFIRMED")

    @property
    def withheld(self) -> tuple[Pair, ...]:
        """Heralds withheld because of a deviation; their outcomes are kept."""
        return tuple(pair for pair in self.heralds if pair.status == "WITHHELD")

    @property
    def tested(self) -> tuple[Pair, ...]:
        """Heralds used as test rounds; their outcomes are kept."""
        return tuple(pair for pair in self.heralds if pair.status == "TESTED")

    @property
    def attempts(self) -> int:
        """Attempts of all measuring slots."""
        return sum(slot.counts.attempts for slot in self.slots if not slot.estimate)

    @property
    def herald_count(self) -> int:
        """Heralds recomputed from the tags of all measuring slots, whatever became of them."""
        return sum(slot.counts.heralds for slot in self.slots if not slot.estimate)

    @property
    def confusions(self) -> tuple[Confusion, Confusion]:
        """Calibration counts of all slots, (local, remote)."""
        local, remote = Confusion(), Confusion()
        for slot in self.slots:
            local, remote = local + slot.confusions[0], remote + slot.confusions[1]
        return local, remote

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """Every distinct deviation, in the order of its first appearance."""
        return tuple(dict.fromkeys(item for slot in self.slots for item in slot.deviations))


@dataclass(frozen=True, slots=True)
class NodeTags:
    """What one node's time controller recorded during a request.

    ``tags[(slot, raw channel)]`` is (time_ps, reference index), int64[n] each. ``describe`` holds instrument
    identities and settings for the run record.
    """

    node: str
    tags: "dict[tuple[int, int], tuple[NDArray[np.int64], NDArray[np.int64]]]" = field(repr=False)
    describe: dict[str, str]
