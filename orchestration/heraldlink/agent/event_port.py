# SPDX-License-Identifier: Apache-2.0
"""The event channel of a node: an XPUB that never waits for a listener."""

from contextlib import suppress

import zmq

from heraldlink.messages.event import WELCOME, Event, to_frames
from heraldlink.security.door import Door
from heraldlink.sockets import listen
from heraldlink.transport import MOST_AT_ONCE

SUBSCRIBE = b"\x01"


class EventPort:
    """Publishes events; what a listener does not read in time is lost to it, which the counts show."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", endpoint: str, door: Door) -> None:
        self.socket = listen(context, zmq.XPUB, endpoint, "event", door)
        self.socket.setsockopt(zmq.XPUB_VERBOSE, 1)  # subscriptions that another listener has, too

    @property
    def endpoint(self) -> str:
        """Address as bound."""
        return self.socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def publish(self, event: Event) -> None:
        """Tell all who subscribed to its topic."""
        self.socket.send_multipart(to_frames(event), zmq.NOBLOCK)

    def serve(self, now: float) -> None:
        """Take subscriptions; one to WELCOME is answered, as those that came before it are in force."""
        with suppress(zmq.Again):
            for _ in range(MOST_AT_ONCE):
                if self.socket.recv(zmq.NOBLOCK) == SUBSCRIBE + WELCOME:
                    self.socket.send(WELCOME, zmq.NOBLOCK)

    def settle(self, now: float) -> None:
        """Nothing waits."""
