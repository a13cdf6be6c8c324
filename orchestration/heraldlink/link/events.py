# SPDX-License-Identifier: Apache-2.0
"""What can happen to a node's link layer, and what it can ask its surroundings to do."""

from dataclasses import dataclass

import msgspec

from heraldlink.link.facts import EndFact, ExpireFact, HeraldsFact, RequestFact
from heraldlink.messages.header import Body
from heraldlink.messages.values import Demand


@dataclass(frozen=True, slots=True)
class Received:
    """A link message; ``source`` was checked by the transport."""

    source: str
    body: Body


@dataclass(frozen=True, slots=True)
class Asked:
    """A client's CREATE. ``client`` is whatever finds the client again; ``request`` a fresh id."""

    client: str
    create_id: int
    remote: str
    demand: Demand
    request: int


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The client of a request wants it to end, or has vanished."""

    client: str
    create_id: int | None
    reason: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A worker's reply."""

    body: Body


@dataclass(frozen=True, slots=True)
class Broken:
    """This node cannot go on: the device (empty for the worker) and why."""

    device: str
    reason: str


@dataclass(frozen=True, slots=True)
class Lost:
    """Another node has fallen silent."""

    node: str
    reason: str


@dataclass(frozen=True, slots=True)
class Readied:
    """The node was prepared (True) or parked (False); ``reason`` says why, where nobody asked for it."""

    prepared: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Released:
    """A client needs one of its kept pairs no more."""

    client: str
    sequence_number: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A purpose is opened (True) or closed for requests of the peer."""

    purpose_id: int
    opened: bool


@dataclass(frozen=True, slots=True)
class Recovered:
    """This node begins a life; what its journal says of the former ones.

    ``open``: requests without an end. ``ends``: the last ones that were ended. ``undecided``: heralds that
    were numbered and not decided (midpoint). ``expiring``: (node, EXPIRE) without its acknowledgement.
    ``next_mhp_seq`` and ``next_sequence`` were never used before; ``holes``: ranges of mhp_seq below that
    without a decision.
    """

    open: tuple[RequestFact, ...] = ()
    ends: tuple[EndFact, ...] = ()
    undecided: tuple[HeraldsFact, ...] = ()
    expiring: tuple[tuple[str, ExpireFact], ...] = ()
    next_mhp_seq: int = 1
    next_sequence: int = 1
    holes: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time has passed."""


Event = (
    Received | Asked | Cancelled | Answered | Broken | Lost | Readied | Released | Opened | Recovered | Ticked
)


@dataclass(frozen=True, slots=True)
class Send:
    """Send a link message to a node."""

    target: str
    body: Body


@dataclass(frozen=True, slots=True)
class Call:
    """Ask the worker."""

    body: Body


@dataclass(frozen=True, slots=True)
class Commit:
    """Journal these before any action after this one."""

    entries: tuple[tuple[str, msgspec.Struct], ...]


@dataclass(frozen=True, slots=True)
class Tell:
    """Send a message to the client of a request."""

    client: str
    create_id: int
    body: Body


@dataclass(frozen=True, slots=True)
class SafeState:
    """Park this node's instruments, as far as they can be reached."""

    reason: str


Action = Send | Call | Commit | Tell | SafeState
Actions = tuple[Action, ...]
