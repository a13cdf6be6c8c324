# SPDX-License-Identifier: Apache-2.0
"""Values that several messages share: parameters of a request, prediction, heralds, readouts, verdicts."""

from typing import Literal

import msgspec

from heraldlink.messages.service import RequestType, Side

Basis = Literal["XX", "YY", "ZZ"]
BellState = Literal["psi+", "psi-"]
Status = Literal["CONFIRMED", "WITHHELD", "EXPIRED", "TESTED", "PENDING"]
"""What became of a herald; TESTED: measured to learn how good the others are, not delivered.

PENDING: a kept pair told early, before the midpoint has decided; CONFIRMED or EXPIRED follows."""
GoodnessHow = Literal["model", "tests", "model and tests"]
"""How goodness is known: the calibrated model, test rounds of the request, or both weighed together."""
Origin = Literal["real", "replayed", "simulated", "mixed", "unknown"]
"""Where a result comes from; see :mod:`heraldlink.messages.origin`."""
FinalState = Literal["DELIVERED", "EXPIRED", "REJECTED", "FAILED"]
ErrorCode = Literal["UNSUPP", "NOTIME", "NORES", "TIMEOUT", "REJECTED", "OTHER", "EXPIRE", "CREATE"]
CommandCode = Literal[
    "STALE_LEASE",  # the lease it was sent under has ended
    "LEASED",  # somebody else holds the lease
    "EXPIRED",  # it arrived after its deadline and was not done
    "FORBIDDEN",  # the sender's role may not ask this
    "BAD_REQUEST",  # malformed; nothing was done
    "BAD_ARRAY",  # its arrays are not what it says; nothing was done
    "TOO_LARGE",  # beyond the size limits; nothing was done
    "VERSION",  # the other side speaks another version
    "ID_REUSED",  # its request id was used for something else
    "INDETERMINATE",  # begun in an earlier life of the node: whether it was done is not known
    "AUTH",  # the sender is not known
    "LIMIT",  # beyond a declared limit or rate; nothing was done
]
"""Why a node refused a command, beside the link layer's ErrorCode."""
Role = Literal["observer", "operator", "engineer", "agent"]
"""What a sender may do: read; command; also take a lease over; speak for another node."""
MhpError = Literal["TIME_MISMATCH", "NO_CLASSICAL_OTHER", "QUEUE_MISMATCH", "OUT_OF_WINDOW", "GEN_FAIL"]
"""Why the midpoint does not play a slot: the ends mean different ones, one of them is not heard, their queue
numbers differ, a slot is proposed out of turn, or an end could not arm in time."""
BELL_STATES: dict[int, BellState] = {1: "psi+", 2: "psi-"}


INTERLOCK_OPEN = "its interlock is open"
"""Reason of a deviation that leaves a node in FAULT: people open interlocks, and only they may go on."""


class Deviation(msgspec.Struct, frozen=True, array_like=True):
    """A read-back that differs from the operating point, or a check that failed."""

    node: str
    device: str
    reason: str


class Drive(msgspec.Struct, frozen=True):
    """What the midpoint's estimator needs of an end node: its pump envelope, declared in the node's file.

    ``envelope_peak_V`` is the largest that may be chosen; ``start_ps`` the generator's start after the tick.
    ``declared``: digests of its operating point by section, so that what was measured with another is known.
    """

    envelope_peak_V: float
    bright_peak_V: float
    start_ps: int
    declared: dict[str, str] = {}


class Prediction(msgspec.Struct, frozen=True):
    """What the model expects of a request at its operating point.

    ``probability`` is per attempt and over both patterns; fidelities are F_meas (before readout error).
    ``goodness_sigma`` follows from the uncertainties of the model's inputs, declared or measured;
    ``correlators`` are those of the loaded qubits when they are analysed, by Bell state and basis:
    ``"psi+ XX"``. ``read_correlators``, ``read_fidelity`` (with ``read_sigma``): the same of outcomes as they
    are read, readout errors included; None where nobody predicted them. ``decay``: F_meas of a kept pair
    after t seconds is the sum of amplitude·exp(-rate·t), by Bell state (amplitude, rate in 1/s).
    """

    probability: float
    probability_psi_plus: float
    probability_psi_minus: float
    fidelity_psi_plus: float
    fidelity_psi_minus: float
    fidelity: float
    goodness_sigma: float
    n_bar: dict[str, float]
    correlators: dict[str, float] = msgspec.field(default_factory=dict[str, float])
    read_correlators: dict[str, float] = msgspec.field(default_factory=dict[str, float])
    read_fidelity: float | None = None
    read_sigma: float | None = None
    decay: dict[BellState, tuple[tuple[float, float], ...]] = msgspec.field(
        default_factory=dict[BellState, tuple[tuple[float, float], ...]]
    )


class Parameters(msgspec.Struct, frozen=True):
    """What all nodes need to play one request: chosen by the estimator, equal everywhere.

    ``envelope_peak_V`` is the peak of each end node's pump envelope; ``record_ps`` how long the midpoint
    records after the tick; ``attempts`` how many fit into that without heralds. ``phase_ticks``: for how many
    ticks a phase estimate serves a slot that follows.
    """

    envelope_peak_V: dict[str, float]
    attempts: int
    record_ps: int
    prediction: Prediction
    phase_ticks: int = 1


class Demand(msgspec.Struct, frozen=True):
    """What a request asks for. Times are bench time.

    ``bases``: both nodes measure the same, in rounds; ``sides`` (the originator's, the other's) instead draw
    each node's basis. ``test_share``: of the slots that are used for test rounds, 0..0.5. ``cutoff_s``: how
    long a kept pair is kept at most; 0: as long as its goodness stays above the minimum.
    """

    number: int
    minimum_fidelity: float
    max_time_s: float
    seed: int
    bases: tuple[Basis, ...]
    withhold_limit: int
    purpose_id: int = 0
    type: RequestType = "M"
    priority: int = 0
    atomic: bool = False
    consecutive: bool = False
    sides: tuple[Side, Side] | None = None
    test_share: float = 0.0
    cutoff_s: float = 0.0
    early: bool = False


class Room(msgspec.Struct, frozen=True, array_like=True):
    """How many qubits a node has free; ``version`` grows whenever some become free, -1 if nobody has told."""

    count: int = 0
    version: int = -1


class Herald(msgspec.Struct, frozen=True, array_like=True):
    """A herald recomputed from the tags: absolute reference index and outcome (1: psi+, 2: psi-)."""

    mhp_seq: int
    attempt: int
    outcome: int


class Phase(msgspec.Struct, frozen=True):
    """Phase estimate from bright pulses: angle and variance (rad, rad²)."""

    angle_rad: float
    variance_rad2: float


NO_OUTCOME = 0


class Readout(msgspec.Struct, frozen=True, array_like=True):
    """Outcome of the qubit after one attempt: +1 is |g>, -1 is |e>, 0 if it was read out more than once."""

    attempt: int
    outcome: int


class Confusion(msgspec.Struct, frozen=True, array_like=True):
    """Calibration counts: prepared g read g, g read e, e read g, e read e."""

    gg: int = 0
    ge: int = 0
    eg: int = 0
    ee: int = 0

    def __add__(self, other: "Confusion") -> "Confusion":
        return Confusion(self.gg + other.gg, self.ge + other.ge, self.eg + other.eg, self.ee + other.ee)


class SlotCounts(msgspec.Struct, frozen=True):
    """What the midpoint counted in one slot."""

    attempts: int
    heralds: int
    double_clicks: int
    hardware_heralds: int
    disagreements: int
    syncs: int
    clicks: tuple[int, int]


class Decision(msgspec.Struct, frozen=True):
    """The midpoint's verdict on one herald; ``outcomes`` are in the order of the link's ends.

    ``sequence_number`` is dense over CONFIRMED pairs of the link and 0 otherwise.
    """

    mhp_seq: int
    attempt: int
    outcome: int
    status: Status
    reason: str
    sequence_number: int
    outcomes: tuple[int, int]
    goodness: float
    goodness_sigma: float
    goodness_how: GoodnessHow = "model"
