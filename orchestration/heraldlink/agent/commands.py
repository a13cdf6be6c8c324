# SPDX-License-Identifier: Apache-2.0
"""Which commands there are: who may ask each one, whether it needs the lease, whether it is done only once.

A kind that is not in this table is refused, whatever else knows it.
"""

from dataclasses import dataclass

from heraldlink.messages.command import (
    Cancel,
    Create,
    FetchTags,
    GetStatus,
    Park,
    Ping,
    Prepare,
    Receive,
    StopReceive,
)
from heraldlink.messages.event import GetSnapshot
from heraldlink.messages.header import Body, kind_of
from heraldlink.messages.lease import AcquireLease, GetLease, ReadParameter, ReleaseLease, RenewLease
from heraldlink.messages.values import Role

RANKS: dict[Role, int] = {"observer": 0, "operator": 1, "engineer": 2}
"""Roles of people; whoever may do more may do what those below may. An agent commands nobody."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What a command takes.

    ``role``: the least one. ``lease``: refused while somebody else holds the node's lease. ``once``: it
    changes something, so its answer is stored, and a repeated request gets that answer instead.
    """

    role: Role
    lease: bool = False
    once: bool = False


READING = Rule("observer")
COMMANDING = Rule("operator", lease=True, once=True)
OVERRULING = Rule("engineer", once=True)

_RULES: dict[type[Body], Rule] = {
    Ping: READING,
    GetStatus: READING,
    GetSnapshot: READING,
    FetchTags: READING,
    GetLease: READING,
    ReadParameter: READING,
    AcquireLease: Rule("operator", once=True),
    RenewLease: Rule("operator"),
    ReleaseLease: Rule("operator", once=True),
    Prepare: COMMANDING,
    Park: COMMANDING,
    Create: COMMANDING,
    Receive: COMMANDING,
    StopReceive: COMMANDING,
    Cancel: Rule("operator"),  # reaches only requests of its own client, and giving up needs no lease
}
COMMANDS: dict[str, Rule] = {kind_of(body): rule for body, rule in _RULES.items()}


def rule_of(body: Body) -> Rule | None:
    """The rule of a command; None if nobody may ask this of a node."""
    match body:
        case AcquireLease(steal=reason) | ReleaseLease(force=reason) if reason:
            return OVERRULING
        case _:
            return COMMANDS.get(kind_of(type(body)))


def may(role: Role, rule: Rule) -> bool:
    """Whether this role is enough."""
    return RANKS.get(role, -1) >= RANKS[rule.role]
