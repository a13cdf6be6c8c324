# SPDX-License-Identifier: Apache-2.0
"""What an end node's link layer knows, and which stage of a slot it is in."""

from enum import IntEnum

import msgspec
from msgspec.structs import replace

from heraldlink.link.endings import Unsettled
from heraldlink.link.facts import EndFact
from heraldlink.link.kept_phase import KeptPhase
from heraldlink.link.numbers import Holes
from heraldlink.link.schedulers import Scheduler, Tags
from heraldlink.messages.header import Body
from heraldlink.messages.service import Measured, SlotBasis
from heraldlink.messages.values import Demand, Deviation, Herald, Parameters, Room

STASH_LIMIT = 32
REMEMBERED = 256
STAGE_LIMIT_S = 20.0
LOADING_LIMIT_S = 60.0
VOID_LIMIT = 200
LONGEST_LEAD = 64
LATE_LIMIT = 2
PATIENCE = 16
LONGEST_PAUSE = 32


class Stage(IntEnum):
    """Where the active request stands; the order is that of a slot."""

    LOADING = 0
    READY = 1
    ARMING = 2
    GENERATED = 3
    COLLECTING = 4
    REPORTED = 5


class Waiting(msgspec.Struct, frozen=True):
    """A request in line, or the one that the midpoint is asked about.

    ``client`` is empty for one of the peer. ``number`` is equal at both nodes, 0 before the link's first end
    has given it; ``acknowledged``: the peer has it in its line too. ``tick``: the slot count when it came, 0
    if that was not known; ``came``: the scheduler's virtual time then.
    """

    request: int
    client: str
    create_id: int
    demand: Demand
    since: float
    origin: str = ""
    number: int = 0
    acknowledged: bool = False
    tick: int = 0
    came: float = 0.0


class Stored(msgspec.Struct, frozen=True):
    """This node's half of a kept pair; ``client`` is empty where another node asked.

    ``until_tick``: slot tick at which it is given up, 0 for never. ``decay``: as in the request's prediction.
    """

    request: int
    client: str
    create_id: int
    sequence_number: int
    qubit: int
    since_tick: int
    until_tick: int
    decay: tuple[tuple[float, float], ...]


class Line(msgspec.Struct, frozen=True):
    """What goes on beside the line; ``turn``: the peer's request whose turn it is, 0 for none."""

    next_number: int = 1
    turn: int = 0
    tags: Tags = msgspec.field(default_factory=Tags)


class Slot(msgspec.Struct, frozen=True):
    """The slot being armed or played. ``number`` 0: none yet.

    ``turn``: which of the request's measuring slots it is, from 0; -1 for one that only estimates the phase.
    ``ahead``: it was proposed while the slot before it was played.
    """

    burst: int = 0
    number: int = 0
    basis: SlotBasis = "ZZ"
    estimate: bool = True
    turn_rad: float = 0.0
    measured: tuple[Measured, Measured] = ("Z", "Z")
    test: bool = False
    keep: int = 0
    turn: int = -1
    ahead: bool = False


class Ahead(msgspec.Struct, frozen=True):
    """The slot behind the one being played: READY (proposed), ARMING, or GENERATED (armed, GEN is sent)."""

    slot: Slot
    stage: Stage = Stage.READY


class Turns(msgspec.Struct, frozen=True):
    """Which measuring slot comes next: those of slots that were not played come again first."""

    following: int = 0
    again: tuple[int, ...] = ()

    @property
    def next(self) -> int:
        """The next one."""
        return self.again[0] if self.again else self.following

    def taken(self) -> "Turns":
        """The next one is proposed."""
        if self.again:
            return replace(self, again=self.again[1:])
        return replace(self, following=self.following + 1)

    def back(self, turn: int) -> "Turns":
        """A proposed one was not played."""
        return self if turn < 0 else replace(self, again=tuple(sorted((*self.again, turn))))


class Pause(msgspec.Struct, frozen=True):
    """Slots that are still proposed one at a time, because one that was armed ahead was not played.

    Twice as many each time, up to LONGEST_PAUSE; one that was played ends it.
    """

    slots: int = 0
    length: int = 0

    def after_void(self) -> "Pause":
        """A slot that was armed ahead was not played."""
        length = min(LONGEST_PAUSE, max(1, 2 * self.length))
        return Pause(length, length)

    def after_played(self, *, ahead: bool) -> "Pause":
        """A slot was played."""
        return Pause() if ahead else replace(self, slots=max(0, self.slots - 1))


class Totals(msgspec.Struct, frozen=True):
    """What a request has given so far."""

    delivered: int = 0
    withheld: int = 0
    expired: int = 0
    slots: int = 0
    voids: int = 0
    tested: int = 0


class Lead(msgspec.Struct, frozen=True):
    """How many ticks ahead slots are proposed: more if they come too late twice in a row, less after a while.

    A single late slot is a lost message; a node that is slow is late again and again.
    """

    ticks: int = 1
    late: int = 0
    in_time: int = 0

    def after_late(self) -> "Lead":
        """A slot was armed too late."""
        if self.late + 1 < LATE_LIMIT:
            return replace(self, late=self.late + 1)
        return Lead(min(self.ticks + max(1, self.ticks // 2), LONGEST_LEAD))

    def after_early(self) -> "Lead":
        """A slot was armed before its time: the shortest lead will do."""
        return Lead()

    def after_played(self) -> "Lead":
        """A slot was played."""
        if self.in_time + 1 < PATIENCE:
            return replace(self, late=0, in_time=self.in_time + 1)
        return Lead(max(1, self.ticks - 1))


class Item(msgspec.Struct, frozen=True):
    """The active request. ``client`` is empty at the slave; ``programs`` are (node, what it has compiled).

    ``held``: (attempt, qubit) of what the last slot left, until the midpoint has decided on it; ``heralds``
    are those that it has told of the slot. ``slot`` is the one being played or judged, ``ahead`` the next;
    ``phases`` are the last two estimates, the newest first;
    ``found`` is how many heralds the last measuring slot gave, -1 before there was one;
    ``barren``: slots with a deviation and without a herald; ``void``: why one was last not played.
    """

    request: int
    client: str
    create_id: int
    master: str
    demand: Demand
    parameters: Parameters
    queue_id: int
    stage: Stage
    since: float
    program: str = ""
    acknowledged: frozenset[str] = frozenset()
    programs: tuple[tuple[str, str], ...] = ()
    slot: Slot = Slot()
    first_slot: int = 0
    phases: tuple[KeptPhase, ...] = ()
    totals: Totals = Totals()
    last_deviation: Deviation | None = None
    barren: int = 0
    cancelled: str = ""
    lead: Lead = msgspec.field(default_factory=Lead)
    held: tuple[tuple[int, int], ...] = ()
    heralds: tuple[Herald, ...] = ()
    ahead: Ahead | None = None
    turns: Turns = msgspec.field(default_factory=Turns)
    pause: Pause = msgspec.field(default_factory=Pause)
    found: int = -1
    void: str = ""


class OwnCount(msgspec.Struct, frozen=True):
    """A node's own slot tick count; ``came``: since when it is that, by its clock, in the request."""

    ticks: int = 0
    came: float = 0.0
    request: int = 0


class EndState(msgspec.Struct, frozen=True):
    """All an end node's link layer knows. ``ends`` are the link's two end nodes in declared order.

    ``unsettled``: requests that this node left without knowing their end. ``known_ends``: the last ones whose
    end it knows. ``next_mhp_seq`` and ``holes``: which heralds it has a decision for.
    ``purposes`` are those for which requests of the peer are taken; ``qubits`` how many it can keep.
    ``phase``: what the last slot left, for the next request. ``own_count``: as it was read last.
    """

    node: str
    peer: str
    midpoint: str
    ends: tuple[str, str]
    boot: int
    tick_rate_Hz: float
    prepared: bool = False
    active: Item | None = None
    asking: Waiting | None = None
    queue: tuple[Waiting, ...] = ()
    stash: tuple[tuple[str, Body], ...] = ()
    done: tuple[int, ...] = ()
    unsettled: tuple[Unsettled, ...] = ()
    known_ends: tuple[EndFact, ...] = ()
    next_mhp_seq: int = 1
    holes: Holes = ()
    line: Line = msgspec.field(default_factory=Line)
    scheduler: Scheduler = msgspec.field(default_factory=Scheduler)
    tick: int = 0
    purposes: frozenset[int] = frozenset((0,))
    qubits: int = 0
    stored: tuple[Stored, ...] = ()
    room_version: int = 0
    asked_tick: bool = False
    own_count: OwnCount = OwnCount()
    peer_room: Room = msgspec.field(default_factory=Room)
    phase: KeptPhase | None = None


def remember(state: EndState, request: int) -> EndState:
    """Keep the ids of ended requests, so that a late repeat does not revive one."""
    return replace(state, done=(*state.done, request)[-REMEMBERED:])
