# SPDX-License-Identifier: Apache-2.0
"""Which attempt a click belongs to, for tags that carry no reference index, chunk by chunk.

A click belongs to the last sync at or before (its time - delay); the delay is that of its channel and may be
longer than an attempt. Syncs of earlier chunks, and clicks whose sync is still to come, are carried over.
"""

import numpy as np
from numpy.typing import NDArray

from heraldlink_drivers.roles import Tags

Times = NDArray[np.int64]


class AttemptAssigner:
    """Turns absolute times (int64 ps, sorted) into tags: (ps after the attempt's sync, attempt from 0)."""

    def __init__(self, delay_ps: int = 0) -> None:
        self._delay_ps = delay_ps
        self._syncs: Times = np.empty(0, dtype=np.int64)
        self._forgotten = 0
        self._waiting: Times = np.empty(0, dtype=np.int64)

    def push(self, syncs_ps: Times, clicks_ps: Times, until_ps: int) -> Tags:
        """Take all syncs and clicks before ``until_ps`` that were not given yet; return what is decided.

        Clicks before the first sync belong to no attempt and are dropped. With a negative delay, clicks
        wait until their sync has arrived.
        """
        self._syncs = np.concatenate((self._syncs, syncs_ps))
        corrected = np.concatenate((self._waiting, clicks_ps - self._delay_ps))
        ready = int(np.searchsorted(corrected, until_ps))
        self._waiting, corrected = corrected[ready:], corrected[:ready]
        tags = self._assign(corrected)
        self._forget(until_ps - max(0, self._delay_ps))
        return tags

    def _assign(self, corrected: Times) -> Tags:
        place = np.searchsorted(self._syncs, corrected, side="right") - 1
        known = place >= 0
        place, corrected = place[known], corrected[known]
        return corrected - self._syncs[place], place.astype(np.int64) + self._forgotten

    def _forget(self, before_ps: int) -> None:
        """Drop syncs that no later click can belong to: all but the last one at or before ``before_ps``."""
        drop = max(0, int(np.searchsorted(self._syncs, before_ps, side="right")) - 1)
        self._syncs = self._syncs[drop:]
        self._forgotten += drop
