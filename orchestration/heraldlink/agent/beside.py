# SPDX-License-Identifier: Apache-2.0
"""What a node's loop serves beside its command and link channels."""

from typing import Protocol

import zmq

from heraldlink.messages.header import Body


class SidePort(Protocol):
    """A channel that is served in the node's loop: ``serve`` reads, ``settle`` follows the commit."""

    @property
    def socket(self) -> zmq.Socket[bytes]:
        """Socket to poll."""
        ...

    def serve(self, now: float) -> None:
        """Take what has come."""
        ...

    def settle(self, now: float) -> None:
        """What this turn has changed is on disk."""
        ...

    def reloaded(self, names: frozenset[str]) -> None:
        """The keys were read again: these names are let in."""
        ...


class Keeper(Protocol):
    """Brings the midpoint's decisions to end nodes that missed them."""

    def tick(self, now: float, *, idle: bool) -> None:
        """Time has passed; ``idle``: no request is under way, and the midpoint is there."""
        ...

    def take(self, source: str, body: Body) -> bool:
        """Take a link message; whether it was meant for this."""
        ...
