# SPDX-License-Identifier: Apache-2.0
"""Instruments that hang up on a client from which they hear nothing for a while."""

import asyncio
from typing import Protocol

from heraldlink_sim.clock import Clock

_LOOK_EVERY_s = 0.1


class Watched(Protocol):
    """A connection that may be broken off."""

    @property
    def busy(self) -> bool:
        """Whether it executes something."""
        ...

    def cancel(self) -> object:
        """Break it off."""
        ...


class IdleWatch:
    """Breaks off the connections of one server that were silent for ``idle_s`` of bench time.

    It looks every 0.1 s of the computer's time, and whenever something arrives: a stepped clock may have
    jumped in between.
    """

    def __init__(self, clock: Clock, idle_s: float) -> None:
        self._clock, self._idle_s = clock, idle_s
        self._heard_s: dict[Watched, float] = {}

    def begin(self, connection: Watched) -> None:
        """Watch a new connection."""
        self._heard_s[connection] = self._clock.now_s()

    def end(self, connection: Watched) -> None:
        """Watch it no longer."""
        self._heard_s.pop(connection, None)

    def heard(self, connection: Watched) -> bool:
        """Something has arrived; False if it comes too late, and the connection is broken off."""
        alive = self._look(connection)
        if alive:
            self.begin(connection)
        return alive

    async def run(self) -> None:
        """Look at all connections for as long as the server runs."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_s)
            for connection in list(self._heard_s):
                self._look(connection)

    def _look(self, connection: Watched) -> bool:
        if connection.busy:
            self.begin(connection)
        silent_s = self._clock.now_s() - self._heard_s.get(connection, float("-inf"))
        if silent_s < self._idle_s:
            return True
        self.end(connection)
        connection.cancel()
        return False
