# SPDX-License-Identifier: Apache-2.0
"""A node's states and what leads from one to another, as a table: program, tests and documentation read it.

::

    BOOT -> RECOVER -> SAFE -> IDLE -> ARMED -> RUNNING -> IDLE ... -> DRAIN -> SAFE

Whatever cannot be made safe, and an emergency stop, lead to FAULT, which only a person ends, with a reason.
"""

from enum import StrEnum
from typing import Literal

import msgspec

from heraldlink.errors import RequestError

STATE = "state"


class State(StrEnum):
    """What a node as a whole is doing."""

    BOOT = "BOOT"
    """Its instruments are being opened."""
    RECOVER = "RECOVER"
    """Every instrument is being brought to its safe state."""
    SAFE = "SAFE"
    """Every instrument was read back in its safe state."""
    IDLE = "IDLE"
    """Prepared: the operating point was applied and read back."""
    ARMED = "ARMED"
    """A request's programs are being loaded."""
    RUNNING = "RUNNING"
    """Slots are played."""
    DRAIN = "DRAIN"
    """Asked to end: what runs comes to its end, nothing new is taken."""
    SUSPENDED = "SUSPENDED"
    """A permit is missing; nothing new is taken until it is back."""
    FAULT = "FAULT"
    """Latched: an instrument is not known to be safe, or somebody pressed stop."""
    MAINT = "MAINT"
    """Handed over to somebody who works at the instruments."""


Cause = Literal[
    "opened",
    "secured",
    "prepared",
    "parking",
    "loading",
    "playing",
    "ended",
    "draining",
    "permit_lost",
    "permit_back",
    "unsafe",
    "stopped",
    "cleared",
    "handed_over",
    "taken_back",
]

S = State
WORKING = (S.SAFE, S.IDLE, S.ARMED, S.RUNNING, S.DRAIN, S.SUSPENDED)

TABLE: dict[tuple[State, Cause], State] = {
    (S.BOOT, "opened"): S.RECOVER,
    (S.BOOT, "parking"): S.RECOVER,
    (S.RECOVER, "secured"): S.SAFE,
    (S.RECOVER, "parking"): S.RECOVER,
    (S.SAFE, "prepared"): S.IDLE,
    (S.IDLE, "prepared"): S.IDLE,
    (S.IDLE, "loading"): S.ARMED,
    (S.ARMED, "loading"): S.ARMED,
    (S.ARMED, "playing"): S.RUNNING,
    (S.RUNNING, "playing"): S.RUNNING,
    (S.ARMED, "ended"): S.IDLE,
    (S.RUNNING, "ended"): S.IDLE,
    (S.IDLE, "ended"): S.IDLE,
    (S.IDLE, "permit_lost"): S.SUSPENDED,
    (S.ARMED, "permit_lost"): S.SUSPENDED,
    (S.RUNNING, "permit_lost"): S.SUSPENDED,
    (S.SUSPENDED, "permit_back"): S.IDLE,
    (S.FAULT, "cleared"): S.RECOVER,
    (S.SAFE, "handed_over"): S.MAINT,
    (S.MAINT, "taken_back"): S.RECOVER,
    **{(state, "parking"): S.RECOVER for state in WORKING if state is not S.DRAIN},
    **{(state, "draining"): S.DRAIN for state in WORKING},
    **{(state, "unsafe"): S.FAULT for state in State if state is not S.FAULT},
    **{(state, "stopped"): S.FAULT for state in State if state is not S.FAULT},
}
"""Next state by state and cause. A cause that has no row does not change the state."""


class StateFact(msgspec.Struct, frozen=True):
    """Journalled at every change: where it came from, why, and one sentence for people."""

    state: str
    before: str
    cause: str
    reason: str


def follow(state: State, cause: Cause) -> State:
    """The state that a cause leads to; the same one where it leads nowhere."""
    return TABLE.get((state, cause), state)


def refuse_unless_serving(node: str, state: State, reason: str) -> None:
    """Raise RequestError, with the remedy, if a node in this state takes nothing new."""
    match state:
        case State.FAULT:
            raise RequestError(
                f"node {node} is in FAULT ({reason}); when the cause is gone:"
                f' heraldlink clear {node} --reason "what was done"'
            )
        case State.DRAIN:
            raise RequestError(f"node {node} is ending: {reason}")
        case State.SUSPENDED:
            raise RequestError(f"node {node} is suspended: {reason}")
        case State.MAINT:
            raise RequestError(f"node {node} is in maintenance: {reason}")
        case _:
            return
