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

    @property
    def settled(self) -> int:
        """Decisions on all heralds up to this one are here, and known to be at this node's peers."""
        ...

    def tick(self, now: float, *, there: bool, busy: bool) -> None:
        """Time has passed; ``there``: the midpoint is heard; ``busy``: a request is under way."""
        ...

    def take(self, source: str, body: Body) -> bool:
        """Take a link message; whether it was meant for this."""
        ...
