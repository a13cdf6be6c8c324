# SPDX-License-Identifier: Apache-2.0
"""Link channel: what end nodes and the midpoint say to each other.

``request`` identifies a request everywhere (64 bit). ``burst`` numbers its slots from 1, so a message of
an earlier slot is recognised and dropped. Attempt indices come from hardware counters.
"""

import msgspec

from heraldlink.messages.header import Body, kind_of
from heraldlink.messages.service import Measured, SlotBasis
from heraldlink.messages.values import (
    Confusion,
    Decision,
    Demand,
    Deviation,
    Drive,
    ErrorCode,
    FinalState,
    Herald,
    MhpError,
    Origin,
    Parameters,
    Phase,
    Readout,
    Room,
    SlotCounts,
)


class Label(msgspec.Struct, frozen=True, array_like=True):
    """What a courier writes on a message, as the frame after its body.

    ``to_boot`` is the life of the receiver it is meant for, ``number`` its place in the channel (32 bit,
    wraps around), ``expected`` the number that the sender waits for: all before it have arrived. ``sent_us``
    is when it left, on the sender's clock; ``echo_us`` that of the message it acknowledges, 0 for none.
    """

    to_boot: int
    number: int
    expected: int
    sent_us: int = 0
    echo_us: int = 0


class Receipt(Body, frozen=True, tag="link.receipt"):
    """Nothing but its label: what has arrived so far."""


class Hello(Body, frozen=True, tag="link.hello"):
    """An end node introduces itself to the midpoint, with every beat."""

    boot: int
    drive: Drive


class Beat(Body, frozen=True, tag="link.beat"):
    """Heartbeat of an end node; the midpoint answers with what it knows of all nodes.

    ``ages_s`` are the ages of their last beats, seconds; ``boots`` the lives they were last heard to live.
    ``obstacle``: why one of them that is there may seem silent (another version); empty if nothing is known.
    """

    ages_s: dict[str, float]
    boots: dict[str, int] = msgspec.field(default_factory=dict[str, int])
    obstacle: str = ""


class QueueAdd(Body, frozen=True, tag="link.queue_add"):
    """A node to its peer: put my request in line; ``number`` is 0 if the peer is to give it."""

    request: int
    number: int
    demand: Demand


class QueueAck(Body, frozen=True, tag="link.queue_ack"):
    """It is in line, under this number."""

    request: int
    number: int


class QueueReject(Body, frozen=True, tag="link.queue_reject"):
    """It is not, or no longer: code, reason, and the node that is the cause."""

    request: int
    code: ErrorCode
    reason: str
    node: str


class QueueDrop(Body, frozen=True, tag="link.queue_drop"):
    """A node to its peer: my request has left the line."""

    request: int


class Turn(Body, frozen=True, tag="link.turn"):
    """The link's first end to the other: it is your request's turn."""

    request: int


class Ask(Body, frozen=True, tag="link.ask"):
    """Master to midpoint: which parameters meet this demand?"""

    request: int
    demand: Demand


class Offer(Body, frozen=True, tag="link.offer"):
    """Midpoint to master: these do."""

    request: int
    parameters: Parameters


class Refuse(Body, frozen=True, tag="link.refuse"):
    """Any node to the master: not this request, and why."""

    request: int
    code: ErrorCode
    reason: str


class Add(Body, frozen=True, tag="link.add"):
    """Master to both others: put this request in the queue and load its programs."""

    request: int
    queue_id: int
    master: str
    demand: Demand
    parameters: Parameters


class AddAck(Body, frozen=True, tag="link.add_ack"):
    """Programs of the request are loaded."""

    request: int
    queue_id: int
    program: str
    room: Room = Room()


class GiveUp(Body, frozen=True, tag="link.give_up"):
    """A node to its peer: my halves of these kept pairs are gone."""

    sequence_numbers: tuple[int, ...]
    reason: str


class RoomNow(Body, frozen=True, tag="link.room"):
    """A node to its peer: I have room for so many pairs."""

    room: Room


class Propose(Body, frozen=True, tag="link.propose"):
    """Master to slave: arm for this slot. An ``estimate`` slot only measures the phase.

    ``measured``: each end's basis before any rotation, as ``basis`` in the order of the link's ends.
    ``test``: its pairs are test rounds. ``keep``: qubits of so many pairs are kept instead of being measured;
    the attempts end with the last of them. ``ahead``: arm when the slot before it is recorded, before it is
    judged.
    """

    request: int
    burst: int
    slot: int
    basis: SlotBasis
    estimate: bool
    turn_rad: float
    measured: tuple[Measured, Measured] = ("Z", "Z")
    test: bool = False
    keep: int = 0
    ahead: bool = False


class Ahead(Body, frozen=True, tag="link.ahead"):
    """Master to midpoint: this burst was proposed while the one before it is played.

    Both ends arm for it as soon as their record is over; the midpoint does so too, and reads the former
    slot's tags afterwards.
    """

    request: int
    burst: int


class Gen(Body, frozen=True, tag="link.gen"):
    """End node to midpoint: armed for this slot; ``tick`` is the count read after arming.

    ``ahead``: the slot was proposed while the one before it was played.
    """

    request: int
    burst: int
    slot: int
    queue_id: int
    boot: int
    tick: int
    basis: SlotBasis
    estimate: bool
    program: str
    measured: tuple[Measured, Measured] = ("Z", "Z")
    test: bool = False
    keep: int = 0
    ahead: bool = False


class Void(Body, frozen=True, tag="link.void"):
    """Midpoint to both ends: this slot is not played, and why; propose another, later if it was late."""

    request: int
    burst: int
    late: bool
    reason: str
    code: MhpError = "GEN_FAIL"


class Reply(Body, frozen=True, tag="link.reply"):
    """Midpoint to both ends after the slot: heralds recomputed from the tags.

    ``boots`` are the lives of the two ends, in the link's order, that armed for it.
    """

    request: int
    burst: int
    slot: int
    queue_id: int
    heralds: tuple[Herald, ...]
    phase: Phase | None
    counts: SlotCounts
    boots: tuple[int, int] = (0, 0)


class Report(Body, frozen=True, tag="link.report"):
    """End node to midpoint: which attempts its own tags say were read out, and what it read back.

    ``origin`` is joined over the node's instruments. ``kept``: attempts whose qubits it keeps; ``room`` is
    what it has left.
    """

    request: int
    burst: int
    boot: int
    readouts: tuple[Readout, ...]
    confusion: Confusion
    syncs: int
    deviations: tuple[Deviation, ...]
    origin: Origin = "unknown"
    kept: tuple[int, ...] = ()
    room: Room = Room()


class Verdict(Body, frozen=True, tag="link.verdict"):
    """Midpoint to both ends, after its journal: the decision on each herald of the slot.

    ``origin`` is joined over the instruments of all three nodes.
    """

    request: int
    burst: int
    slot: int
    basis: SlotBasis
    decisions: tuple[Decision, ...]
    counts: SlotCounts
    phase: Phase | None
    confusions: tuple[Confusion, Confusion]
    deviations: tuple[Deviation, ...]
    origin: Origin = "unknown"
    measured: tuple[Measured, Measured] = ("Z", "Z")
    rooms: tuple[Room, Room] = (Room(), Room())


class Close(Body, frozen=True, tag="link.close"):
    """Master to both others: the request has ended, and for FAILED which node and device it was.

    ``burst``: the last one that counts; what was armed or played behind it is dropped.
    """

    request: int
    state: FinalState
    reason: str
    node: str = ""
    device: str = ""
    burst: int = 0


class Settle(Body, frozen=True, tag="link.settle"):
    """To the master: how did this request end? It is answered by Close."""

    request: int


class Expire(Body, frozen=True, tag="link.expire"):
    """Midpoint to both ends: heralds ``low`` to ``high`` were numbered, never judged, and are no pairs."""

    request: int
    burst: int
    slot: int
    basis: SlotBasis
    low: int
    high: int
    decisions: tuple[Decision, ...]


class ExpireAck(Body, frozen=True, tag="link.expire_ack"):
    """End node to the midpoint: the expiry that begins at ``low`` is journalled."""

    low: int


class Failed(Body, frozen=True, tag="link.failed"):
    """Any node to the others: the request cannot go on; which node, which device, why."""

    request: int
    node: str
    device: str
    reason: str


class CatchUp(Body, frozen=True, tag="link.catch_up"):
    """End node to midpoint: which decisions follow mhp_seq ``after``, and which are there on ``wanted``?

    ``last`` and ``sequence`` are the largest mhp_seq and pair sequence number that the end node has seen.
    """

    after: int
    wanted: tuple[int, ...]
    last: int
    sequence: int


class History(Body, frozen=True, tag="link.history"):
    """Midpoint to an end node: all decisions behind ``after`` up to ``last``, and those it wanted.

    ``pairs`` are the facts as the midpoint's journal has them (msgpack). ``undecided`` are heralds up to
    ``last`` without a decision so far. ``more``: there are decisions behind ``last``.
    """

    after: int
    last: int
    more: bool
    pairs: tuple[bytes, ...]
    undecided: tuple[int, ...]


_BODIES: tuple[type[Body], ...] = (
    Receipt, Hello, Beat, QueueAdd, QueueAck, QueueReject, QueueDrop, Turn, GiveUp, RoomNow, Ask, Offer,
    Refuse, Add, AddAck, Propose, Ahead, Gen, Void, Reply, Report, Verdict, Close, Failed, Settle, Expire,
    ExpireAck, CatchUp, History,
)  # fmt: skip
LINK_TYPES: dict[str, type[Body]] = {kind_of(body): body for body in _BODIES}
