# SPDX-License-Identifier: Apache-2.0
"""Command channel: what clients ask of a node and what it answers.

Every answer carries the request_id of its question. A CREATE is answered by Created or Err, then by Ok for
each pair, Progress for each slot, and one Finished.
"""

from typing import Literal

import msgspec

from heraldlink.messages.event import GetSnapshot, Snapshot
from heraldlink.messages.header import Body, kind_of
from heraldlink.messages.lease import LEASE_BODIES
from heraldlink.messages.service import Kept, Measured, RequestType, Side, SlotBasis
from heraldlink.messages.values import (
    Basis,
    BellState,
    CommandCode,
    Confusion,
    Deviation,
    ErrorCode,
    FinalState,
    GoodnessHow,
    Origin,
    Phase,
    Prediction,
    SlotCounts,
    Status,
)


class HeraldedPair(msgspec.Struct, frozen=True):
    """One herald and what became of it.

    ``outcomes`` are (local, remote), +1 for |g>, -1 for |e>, 0 where none was read. ``attempt`` is the
    hardware's reference index in the slot. ``sequence_number`` is dense over confirmed pairs, else 0.
    ``origin`` is joined over all instruments that contributed. ``basis`` and ``measured`` are local first;
    ``measured`` leaves rotations before the measurement out, ``basis`` calls them R. ``kept``: where this
    node keeps its qubit (K). ``correction``: the Pauli operator (I, X, Y or Z) that makes of the other node's
    qubit the state that this node's measurement stands for (R); empty if none of them does.
    """

    sequence_number: int
    mhp_seq: int
    slot: int
    attempt: int
    bell_state: BellState
    basis: SlotBasis
    outcomes: tuple[int, int]
    goodness: float
    goodness_how: GoodnessHow
    goodness_sigma: float
    status: Status
    reason: str
    origin: Origin = "unknown"
    measured: tuple[Measured, Measured] = ("Z", "Z")
    kept: Kept | None = None
    correction: str = ""


class Ping(Body, frozen=True, tag="ping"):
    """Is the node there?"""


class Pong(Body, frozen=True, tag="pong"):
    """It is; ``boot`` changes when its process is started anew.

    ``clock_ns`` is the node's monotonic clock, in which deadlines are told to it.
    """

    node: str
    boot: int
    clock_ns: int = 0


class GetStatus(Body, frozen=True, tag="get_status"):
    """What is the node doing?"""


class NodeStatus(Body, frozen=True, tag="status"):
    """State of a node; ``instruments`` are identities by name; ``present`` are its peers heard of lately."""

    node: str
    role: Literal["end", "midpoint"]
    state: str
    prepared: bool
    boot: int
    instruments: dict[str, str]
    present: dict[str, bool]


class Prepare(Body, frozen=True, tag="prepare"):
    """Apply the operating point of the node's file and verify it."""


class Park(Body, frozen=True, tag="park"):
    """Bring every instrument to its safe state, pump blocked first."""


class Done(Body, frozen=True, tag="done"):
    """Prepare or Park has ended; ``notes`` say what was done or found, by instrument."""

    notes: dict[str, str]


class Create(Body, frozen=True, tag="create"):
    """Ask for pairs with ``remote``. ``max_time_s`` and ``cutoff_s`` are bench time.

    ``sides``: how this node and the remote one measure, instead of ``bases`` in turn; fields of one type
    mean nothing to the others. A larger ``priority`` is served earlier.
    """

    create_id: int
    remote: str
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


class Receive(Body, frozen=True, tag="receive"):
    """Take requests of ``remote`` for this purpose from now on; answered by Done."""

    remote: str
    purpose_id: int


class StopReceive(Body, frozen=True, tag="stop_receive"):
    """Reject requests of ``remote`` for this purpose from now on; those under way go on; answered by Done."""

    remote: str
    purpose_id: int


class Created(Body, frozen=True, tag="created"):
    """The request is queued; the prediction is the estimator's."""

    create_id: int
    request: int
    prediction: Prediction
    attempts_per_slot: int


class Err(Body, frozen=True, tag="err"):
    """A refused request or command: its code, one sentence, and the culprit.

    ``facts`` are what a program needs to react, by name: with STALE_LEASE and LEASED the current ``epoch``.
    ``node`` is where it arose. With EXPIRE, ``low`` and ``high`` are the first and last sequence number of
    pairs that are no longer there; 0: no pair is meant.
    """

    code: ErrorCode | CommandCode
    reason: str
    node: str = ""
    device: str = ""
    facts: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    create_id: int = 0
    low: int = 0
    high: int = 0


class Ok(Body, frozen=True, tag="ok"):
    """One CONFIRMED pair, journalled at the midpoint and here."""

    create_id: int
    pair: HeraldedPair


class Held(Body, frozen=True, tag="held"):
    """A herald that is not OK: WITHHELD or EXPIRED, with the reason; its outcomes are kept."""

    create_id: int
    pair: HeraldedPair


class Progress(Body, frozen=True, tag="progress"):
    """After each slot: what it gave, and the request's totals so far.

    ``confusions`` are this slot's calibration counts (local, remote).
    """

    create_id: int
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


class Finished(Body, frozen=True, tag="finished"):
    """The one end of a request; for FAILED ``node``, ``device`` and ``reason`` name the culprit."""

    create_id: int
    state: FinalState
    node: str
    device: str
    reason: str
    delivered: int
    withheld: int
    expired: int
    slots: int
    tested: int = 0


class Cancel(Body, frozen=True, tag="cancel"):
    """End a request after the slot that is playing."""

    create_id: int


class FetchTags(Body, frozen=True, tag="fetch_tags"):
    """Ask a node for what its time controller recorded during a request."""

    request: int


class Stream(msgspec.Struct, frozen=True, array_like=True):
    """One RAW channel: ``lengths[i]`` tags belong to ``slots[i]``."""

    raw: int
    slots: tuple[int, ...]
    lengths: tuple[int, ...]


class Tags(Body, frozen=True, tag="tags"):
    """Recorded tags. Each stream has two arrays, times in ps and reference indices, int64 little endian.

    ``describe`` holds what the run record ties to the tags: instrument identities and the like.
    """

    node: str
    streams: tuple[Stream, ...]
    describe: dict[str, str]


_BODIES: tuple[type[Body], ...] = (
    Ping, Pong, GetStatus, NodeStatus, Prepare, Park, Done, Create, Receive, StopReceive, Created, Err, Ok,
    Held, Progress, Finished, Cancel, FetchTags, Tags, GetSnapshot, Snapshot,
    *LEASE_BODIES,
)  # fmt: skip
COMMAND_TYPES: dict[str, type[Body]] = {kind_of(body): body for body in _BODIES}
