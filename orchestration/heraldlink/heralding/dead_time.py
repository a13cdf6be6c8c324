# SPDX-License-Identifier: Apache-2.0
"""Attempts before which a detector clicked so late that it was still dead when the first gate opened."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heraldlink.heralding.patterns import PatternTable
from heraldlink.tags.block import END_PS, Channels, Gap, Times


class DeadTimeVeto:
    """Remembers clicks of detectors with a dead time, for as long as an attempt may ask for them.

    The end of a gap counts as a click of each: a click in the gap is not known.
    """

    def __init__(self, table: PatternTable) -> None:
        dead = [detector for detector in table.detectors if detector.dead_time_ps]
        self._dead_ps = {detector.channel: detector.dead_time_ps for detector in dead}
        self._clicks: dict[int, Times] = {channel: np.empty(0, np.int64) for channel in self._dead_ps}
        self._first_ps = table.gates[0].begin_ps

    @property
    def needed(self) -> bool:
        """Whether a detector has a dead time."""
        return bool(self._dead_ps)

    def add(self, time_ps: Times, channel: Channels, gaps: tuple[Gap, ...] = ()) -> None:
        """Remember the next clicks, and gaps among them; clicks may be earlier than those before."""
        ends = np.array([gap.end_ps - 1 for gap in gaps], dtype=np.int64)
        for number, before in self._clicks.items():
            here = time_ps[channel == number]
            self._clicks[number] = np.sort(np.concatenate((before, here, ends)), kind="stable")

    def vetoed(self, reference_ps: Times) -> NDArray[np.bool_]:
        """Whether attempts of these reference events found a detector dead, bool[n].

        That is a click in (ready - dead time, ready), with ready the begin of the attempt's first gate.
        """
        ready_ps = reference_ps + self._first_ps
        vetoed = np.zeros(ready_ps.size, dtype=np.bool_)
        for number, clicks in self._clicks.items():
            dead_since_ps = ready_ps - self._dead_ps[number]
            vetoed |= np.searchsorted(clicks, ready_ps) > np.searchsorted(clicks, dead_since_ps, side="right")
        return vetoed

    def forget(self, before_ps: int) -> None:
        """No later attempt begins before this time."""
        for number, clicks in self._clicks.items():
            keep_ps = before_ps + min(0, self._first_ps) - self._dead_ps[number]
            keep_ps = max(-END_PS, min(keep_ps, END_PS))
            self._clicks[number] = clicks[int(np.searchsorted(clicks, keep_ps)) :]
