# SPDX-License-Identifier: Apache-2.0
"""Safety channel: what anybody who may connect can always ask of a node's supervisor.

It needs no lease and waits behind no command. Stopping takes the role observer, clearing a fault operator.
"""

from heraldlink.messages.command import Err, Ping, Pong
from heraldlink.messages.header import Body, kind_of


class GetSafety(Body, frozen=True, tag="get_safety"):
    """Is the node safe, and are its processes alive?"""


class SafetyStatus(Body, frozen=True, tag="safety"):
    """State of a node as its supervisor knows it.

    ``state`` and ``reason`` are the agent's own as of its last sign of life, ``age_s`` ago (-1: none yet), or
    the supervisor's. ``outcomes``: what became of each instrument when it was last made safe.
    """

    node: str
    state: str
    reason: str
    boot: int
    agent: int
    age_s: float
    restarts: int
    outcomes: dict[str, str]


class Abort(Body, frozen=True, tag="abort"):
    """End what runs and bring every instrument to its safe state; the node can be prepared again."""

    reason: str = ""


class Stop(Body, frozen=True, tag="stop"):
    """Emergency stop: as Abort, and the node stays in FAULT until somebody clears it."""

    reason: str = ""


class Clear(Body, frozen=True, tag="clear"):
    """End FAULT: the cause is gone, as ``reason`` says; every instrument is made safe again first."""

    reason: str


class Secured(Body, frozen=True, tag="secured"):
    """Abort, Stop or Clear has ended; ``ok`` only if every instrument was read back in its safe state.

    ``how``: by the agent's "drivers", or "raw" by the supervisor because they did not do it in time.
    """

    ok: bool
    how: str
    state: str
    outcomes: dict[str, str]


_BODIES: tuple[type[Body], ...] = (
    Ping,
    Pong,
    Err,
    GetSafety,
    SafetyStatus,
    Abort,
    Stop,
    Clear,
    Secured,
)
SAFETY_TYPES: dict[str, type[Body]] = {kind_of(body): body for body in _BODIES}
