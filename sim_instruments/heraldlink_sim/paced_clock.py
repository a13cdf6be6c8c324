# SPDX-License-Identifier: Apache-2.0
"""Bench time that runs with the computer's clock, at a speed."""

import asyncio
import time
from collections.abc import Callable

from heraldlink_sim.clock import later


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

    def call_at(self, time_s: float, action: Callable[[], None]) -> None:
        """Act when the time has come."""
        later(max(0.0, time_s - self.now_s()) / self._speed, action)
