# SPDX-License-Identifier: Apache-2.0
"""A stored recording of time tags, as arrays by channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Recording:
    """Tags of one file.

    ``times_ps``: per channel, sorted picoseconds since the record began, int64[n] (T2). ``syncs``: per
    channel, the sync (attempt) of each click, sorted, int64[n] (T3, else empty). ``delays_ps``: per channel,
    time after that sync in the same order as ``syncs`` (T3, else empty).
    """

    mode: Literal["T2", "T3"]
    resolution_ps: float
    acquisition_s: float
    sync_rate_Hz: float
    records: int
    overflows: int
    markers: int
    times_ps: Mapping[int, Times]
    syncs: Mapping[int, Times]
    delays_ps: Mapping[int, Times]

    @property
    def counts(self) -> dict[int, int]:
        """Clicks per channel."""
        source = self.times_ps if self.mode == "T2" else self.syncs
        return {channel: int(times.size) for channel, times in source.items()}

    @property
    def smallest_gap_ps(self) -> int | None:
        """Smallest time between two clicks of one channel, ps (T2 only; None without two clicks)."""
        gaps = [int(np.diff(times).min()) for times in self.times_ps.values() if times.size > 1]
        return min(gaps) if gaps else None
