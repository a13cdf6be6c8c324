# SPDX-License-Identifier: Apache-2.0
"""What a node's agent and its supervisor tell each other, on the pipe between them."""

from typing import Literal

import msgspec

OrderKind = Literal["abort", "stop", "clear", "drain"]


class Beat(msgspec.Struct, frozen=True, tag="beat"):
    """Sign of life from the agent's main loop: ``count`` moves only if the loop does."""

    count: int
    state: str
    reason: str


class Help(msgspec.Struct, frozen=True, tag="help"):
    """The agent cannot make instruments safe itself: kill these processes first, then do it raw.

    ``devices``: which of them; empty for all.
    """

    number: int
    processes: tuple[int, ...]
    devices: tuple[str, ...]
    reason: str


class Helped(msgspec.Struct, frozen=True, tag="helped"):
    """The answer to Help."""

    number: int
    ok: bool
    outcomes: dict[str, str]


class Order(msgspec.Struct, frozen=True, tag="order"):
    """The supervisor orders: abort, stop, clear (then answered by Obeyed), or drain and end."""

    number: int
    kind: OrderKind
    who: str
    reason: str


class Obeyed(msgspec.Struct, frozen=True, tag="obeyed"):
    """What became of an order; ``how`` as in `heraldlink.messages.safety.Secured`."""

    number: int
    ok: bool
    how: str
    state: str
    outcomes: dict[str, str]


class Farewell(msgspec.Struct, frozen=True, tag="farewell"):
    """The agent ends on purpose; ``ok``: every instrument was read back in its safe state."""

    ok: bool
    outcomes: dict[str, str]


Word = Beat | Help | Helped | Order | Obeyed | Farewell
