# SPDX-License-Identifier: Apache-2.0
"""What can happen to a node's link layer, and what it can ask its surroundings to do."""

import msgspec

from heraldlink.link.facts import EndFact, ExpireFact, HeraldsFact, RequestFact
from heraldlink.messages.header import Body
from heraldlink.messages.values import Demand


class Received(msgspec.Struct, frozen=True):
    """A link message; ``source`` was checked by the transport."""

    source: str
    body: Body


class Asked(msgspec.Struct, frozen=True):
    """A client's CREATE. ``client`` is whatever finds the client again; ``request`` a fresh id."""

    client: str
    create_id: int
    remote: str
    demand: Demand
    request: int


class Cancelled(msgspec.Struct, frozen=True):
    """The client of a request wants it to end, or has vanished."""

    client: str
    create_id: int | None
    reason: str


class Answered(msgspec.Struct, frozen=True):
    """A worker's reply."""

    body: Body


class Broken(msgspec.Struct, frozen=True):
    """This node cannot go on: the device (empty for the worker) and why.

    ``refused``: nothing is wrong, but the node's state allows no more slots.
    """

    device: str
    reason: str
    refused: bool = False


class Lost(msgspec.Struct, frozen=True):
    """Another node has fallen silent."""

    node: str
    reason: str


class Readied(msgspec.Struct, frozen=True):
    """The node was prepared (True) or parked (False); ``reason`` says why, where nobody asked for it."""

    prepared: bool
    reason: str = ""


class Released(msgspec.Struct, frozen=True):
    """A client needs one of its kept pairs no more."""

    client: str
    sequence_number: int


class Opened(msgspec.Struct, frozen=True):
    """A purpose is opened (True) or closed for requests of the peer."""

    purpose_id: int
    opened: bool


class Recovered(msgspec.Struct, frozen=True):
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


class Ticked(msgspec.Struct, frozen=True):
    """Time has passed."""


Event = (
    Received | Asked | Cancelled | Answered | Broken | Lost | Readied | Released | Opened | Recovered | Ticked
)


class Send(msgspec.Struct, frozen=True):
    """Send a link message to a node."""

    target: str
    body: Body


class Call(msgspec.Struct, frozen=True):
    """Ask the worker."""

    body: Body


class Commit(msgspec.Struct, frozen=True):
    """Journal these before any action after this one."""

    entries: tuple[tuple[str, msgspec.Struct], ...]


class Tell(msgspec.Struct, frozen=True):
    """Send a message to the client of a request."""

    client: str
    create_id: int
    body: Body


class SafeState(msgspec.Struct, frozen=True):
    """Park this node's instruments, as far as they can be reached."""

    reason: str


Action = Send | Call | Commit | Tell | SafeState
Actions = tuple[Action, ...]
