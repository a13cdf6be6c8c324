# SPDX-License-Identifier: Apache-2.0
"""A clock that jumps from one thing to do to the next."""

import heapq
from collections.abc import Callable


class VirtualClock:
    """What is to be done when; ``now`` is in seconds."""

    def __init__(self) -> None:
        self.now = 100.0
        self._order = 0
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []

    def at(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do something after a delay."""
        self._order += 1
        heapq.heappush(self._agenda, (self.now + delay_s, self._order, act))

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Let time pass, up to a condition."""
        end_s = self.now + seconds
        while self._agenda and self._agenda[0][0] <= end_s:
            self.now, _, act = heapq.heappop(self._agenda)
            act()
            if until():
                return
        self.now = end_s
