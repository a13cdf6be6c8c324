# SPDX-License-Identifier: Apache-2.0
"""All clicks of one channel as one array, for what needs two recordings at a time."""

from __future__ import annotations

import numpy as np

from heraldlink.errors import RequestError
from heraldlink.tags.block import END_PS, Block, IndexedBlock, Times
from heraldlink.tags.pair_carry import NONE
from heraldlink.tags.passes import as_times, clicks

MOST = 100_000_000
"""Clicks that are held in memory, 8 bytes each, unless more are asked for."""


class ClickTimes:
    """Analysis: times of ``channel`` with begin_ps <= t < end_ps, int64[n] in order.

    Raises RequestError (on push) for more than ``most`` of them.
    """

    def __init__(self, channel: int, begin_ps: int = -END_PS, end_ps: int = END_PS, most: int = MOST) -> None:
        self._channel, self._begin_ps, self._end_ps, self._most = channel, begin_ps, end_ps, most
        self._parts: list[Times] = []
        self._held = 0

    def push(self, block: Block | IndexedBlock) -> None:
        """Take the next block."""
        times = clicks(as_times(block), self._channel)
        low, high = np.searchsorted(times, (self._begin_ps, self._end_ps))
        self._held += int(high - low)
        if self._held > self._most:
            raise RequestError(
                f"channel {self._channel} has more than {self._most} clicks: take a shorter stretch of time"
            )
        self._parts.append(times[low:high])

    def finish(self) -> Times:
        """The times."""
        return np.concatenate((NONE, *self._parts))
