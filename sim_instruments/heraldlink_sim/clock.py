# SPDX-License-Identifier: Apache-2.0
"""Bench time as one instrument knows it: settling, sweeps, ramps and ``*OPC?`` go by it, never by the wall.

At a pace with a speed, bench time runs with the computer's clock (:class:`PacedClock`). In fast pace and in
tests it is stepped (:class:`SteppedClock`): each instrument's time moves by what its commands cost, so that
a client which polls gets to the end, and jumps to the end of whatever somebody waits for.
"""

import asyncio
import time
from typing import Protocol


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


class PacedClock:
    """Time that runs ``speed`` times as fast as the computer's."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._start_s = time.monotonic()

    def now_s(self) -> float:
        """Present time."""
        return (time.monotonic() - self._start_s) * self._speed

    def spend(self, duration_s: float) -> None:
        """Nothing: real commands take real time."""

    async def sleep_until(self, time_s: float) -> None:
        """Sleep for the remaining time."""
        while (left_s := time_s - self.now_s()) > 0:
            await asyncio.sleep(left_s / self._speed)
