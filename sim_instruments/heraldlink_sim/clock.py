# SPDX-License-Identifier: Apache-2.0
"""Bench time as one instrument knows it: settling, sweeps, ramps and ``*OPC?`` go by it, never by the wall.

At a pace with a speed, bench time runs with the computer's clock
(:class:`heraldlink_sim.paced_clock.PacedClock`). In fast pace and in
tests it is stepped (:class:`SteppedClock`): each instrument's time moves by what its commands cost, so that
a client which polls gets to the end, and jumps to the end of whatever somebody waits for.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

_IDLE_s = 0.05
"""How long stepped time waits for commands before it goes on to what somebody is to be told of."""


class Clock(Protocol):
    """Bench time of one instrument, in seconds since it was switched on."""

    def now_s(self) -> float:
        """Present time."""
        ...

    def spend(self, duration_s: float) -> None:
        """Let the wire cost of a command pass; only a stepped clock moves by it."""
        ...

    async def sleep_until(self, time_s: float) -> None:
        """Return when the time has come; at once if it has passed."""
        ...

    def call_at(self, time_s: float, action: Callable[[], None]) -> None:
        """Do something when the time has come, also if nobody asks; nothing without an event loop."""
        ...


class SteppedClock:
    """Time that stands still but for commands, which cost a little, and sleepers, who take it along."""

    def __init__(self) -> None:
        self._now_s = 0.0

    def now_s(self) -> float:
        """Present time."""
        return self._now_s

    def spend(self, duration_s: float) -> None:
        """Move on by ``duration_s``."""
        self._now_s += duration_s

    async def sleep_until(self, time_s: float) -> None:
        """Jump to ``time_s``, after everybody else had a turn."""
        await asyncio.sleep(0)
        self._now_s = max(self._now_s, time_s)

    def call_at(self, time_s: float, action: Callable[[], None]) -> None:
        """Jump to ``time_s`` and act, once everybody has been waiting for a moment."""

        def jump() -> None:
            self._now_s = max(self._now_s, time_s)
            action()

        later(_IDLE_s, jump)


def later(delay_s: float, action: Callable[[], None]) -> None:
    """Act after ``delay_s`` of the event loop's time."""
    with suppress(RuntimeError):  # no event loop, so that nobody is there to be told
        asyncio.get_running_loop().call_later(delay_s, action)
