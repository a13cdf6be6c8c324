# SPDX-License-Identifier: Apache-2.0
"""What the midpoint's link layer knows."""

from enum import IntEnum

import msgspec

from heraldlink.link.endings import Unsettled
from heraldlink.link.estimation import Tally
from heraldlink.link.expiry import Expiring
from heraldlink.link.offsets import Track
from heraldlink.messages.header import Body
from heraldlink.messages.link import Gen, Report
from heraldlink.messages.values import Demand, Drive, Herald, Parameters
from heraldlink.messages.worker import SlotPlayed


class Stage(IntEnum):
    """Where the active request stands."""

    CHOOSING = 0
    OFFERED = 1
    LOADING = 2
    READY = 3
    PLAYING = 4
    RECORDED = 5


class Judging(msgspec.Struct, frozen=True):
    """A slot whose record is over, until its verdict; the next one may be played meanwhile.

    ``asked``: the worker was asked for what its tags say; ``played`` is its answer, which both ends are told.
    """

    burst: int
    gens: dict[str, Gen]
    since: float
    asked: bool = False
    played: SlotPlayed | None = None
    heralds: tuple[Herald, ...] = ()
    reports: dict[str, Report] = msgspec.field(default_factory=dict[str, Report])


class Behind(msgspec.Struct, frozen=True):
    """How many slots in a row an end was armed before their time; ``burst``: the last of them."""

    number: int = 0
    burst: int = 0


class Item(msgspec.Struct, frozen=True):
    """The active request at the midpoint; ``burst`` is the last one voided or played.

    ``gens`` are those of the slot that is to be played or is being played, ``judging`` the one before it.
    ``announced`` is the last burst that was proposed while the one before it was played. ``unheard``: slots
    in a row for which only one end was armed; ``voided`` is the last burst that was not played.
    """

    request: int
    master: str
    demand: Demand
    stage: Stage
    since: float
    parameters: Parameters | None = None
    queue_id: int = 0
    program: str = ""
    burst: int = 0
    confirmed: int = 0
    unheard: int = 0
    voided: int = 0
    track: Track = msgspec.field(default_factory=Track)
    gens: dict[str, Gen] = msgspec.field(default_factory=dict[str, Gen])
    judging: Judging | None = None
    announced: int = 0
    tally: Tally = msgspec.field(default_factory=Tally)
    behind: Behind = Behind()


class MidpointState(msgspec.Struct, frozen=True):
    """All the midpoint's link layer knows; the counters go on over requests and restarts."""

    node: str
    ends: tuple[str, str]
    next_mhp_seq: int = 1
    next_sequence: int = 1
    prepared: bool = False
    active: Item | None = None
    stash: tuple[tuple[str, Body], ...] = ()
    done: tuple[int, ...] = ()
    unsettled: tuple[Unsettled, ...] = ()
    expiring: tuple[Expiring, ...] = ()
    drives: dict[str, Drive] = msgspec.field(default_factory=dict[str, Drive])
