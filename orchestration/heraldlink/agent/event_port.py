# SPDX-License-Identifier: Apache-2.0
"""The event channel of a node: an XPUB that never waits for a listener."""

import time
from contextlib import suppress

import zmq

from heraldlink.errors import ConfigurationError
from heraldlink.messages.event import WELCOME, Event, to_frames
from heraldlink.security.door import Door
from heraldlink.sockets import listen
from heraldlink.transport import MOST_AT_ONCE

SUBSCRIBE = b"\x01"
REOPEN_S = 2.0


class EventPort:
    """Publishes events; what a listener does not read in time is lost to it, which the counts show."""

    def __init__(self, context: "zmq.Context[zmq.Socket[bytes]]", endpoint: str, door: Door) -> None:
        self._context, self._door = context, door
        self._names = frozenset(door.roles() or ())
        self.socket = self._open(endpoint)

    def _open(self, endpoint: str) -> "zmq.Socket[bytes]":
        socket = listen(self._context, zmq.XPUB, endpoint, "event", self._door)
        socket.setsockopt(zmq.XPUB_VERBOSE, 1)  # subscriptions that another listener has, too
        return socket

    def reloaded(self, names: frozenset[str]) -> None:
        """End all subscriptions if somebody is let in no more; the others connect again and see a gap.

        A publisher does not know whose subscription is whose. Raises ConfigurationError if the port cannot be
        had again.
        """
        gone, self._names = self._names - names, names
        if not gone:
            return
        endpoint = self.endpoint
        self.socket.close(linger=0)
        until = time.monotonic() + REOPEN_S
        while True:
            try:
                self.socket = self._open(endpoint)
            except ConfigurationError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.005)  # libzmq closes a port in a thread of its own
            else:
                return

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
