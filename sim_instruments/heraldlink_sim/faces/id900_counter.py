# SPDX-License-Identifier: Apache-2.0
"""COUNter of an input or combiner: all events since its reset, and those of its last whole integration.

Integrations follow each other without a gap from the reset on [?]. The count of the running one is not shown.
"""

from __future__ import annotations

import numpy as np

from heraldlink_sim.faces.id900_times import Times

MILLISECOND_ps = 10**9


class Counter:
    """One counter; ``advance`` takes stretches of time without a gap."""

    def __init__(self) -> None:
        self.total = 0
        self.cycle = 0
        self._running = 0
        self._since_ps = self._from_ps = 0

    def reset(self, now_ps: int) -> None:
        """Count from 0 what comes from now on, and begin an integration."""
        self.total = self.cycle = self._running = 0
        self._since_ps = self._from_ps = now_ps

    def advance(self, times: Times, end_ps: int, integration_ms: int) -> None:
        """Take the events of the time up to ``end_ps``."""
        if times.size:
            times = times[np.searchsorted(times, self._from_ps) :]
        self.total += int(times.size)
        length_ps = integration_ms * MILLISECOND_ps
        whole = (end_ps - self._since_ps) // length_ps
        if whole < 1:
            self._running += int(times.size)
            return
        over_ps = self._since_ps + whole * length_ps
        last, new = np.searchsorted(times, (over_ps - length_ps, over_ps)) if times.size else (0, 0)
        self.cycle = int(new - last) + (self._running if whole == 1 else 0)
        self._running = int(times.size - new)
        self._since_ps = over_ps
