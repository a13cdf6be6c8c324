# SPDX-License-Identifier: Apache-2.0
"""Clicks that know their attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink.tags.block import Channels, Times

Needs = tuple[int, int] | None
"""Part [begin, end) of an attempt that no gap may touch, ps after its reference event; None: all of it."""


@dataclass(frozen=True, eq=False, slots=True)
class Assigned:
    """Clicks in order of attempt, and of time within one; all of an attempt come together.

    ``attempt`` int64[n], ``after_ps`` int64[n] after the attempt's reference event, ``time_ps`` int64[n]
    (None: unknown), ``channel`` int16[n].
    """

    attempt: Times
    after_ps: Times
    time_ps: Times | None
    channel: Channels

    def part(self, kept: slice | NDArray[np.bool_]) -> Assigned:
        """Only these clicks."""
        time_ps = None if self.time_ps is None else self.time_ps[kept]
        return Assigned(self.attempt[kept], self.after_ps[kept], time_ps, self.channel[kept])


def join_assigned(parts: Sequence[Assigned]) -> Assigned:
    """One after another; no parts give empty arrays."""
    filled = [part for part in parts if part.attempt.size]
    if len(parts) == 1 or len(filled) == 1:  # the usual case, in which nothing is copied
        return (filled or parts)[0]
    empty = np.empty(0, dtype=np.int64)
    times = [part.time_ps for part in parts if part.time_ps is not None]
    return Assigned(
        np.concatenate([empty, *(part.attempt for part in parts)]),
        np.concatenate([empty, *(part.after_ps for part in parts)]),
        np.concatenate([empty, *times]) if len(times) == len(parts) else None,
        np.concatenate([np.empty(0, dtype=np.int16), *(part.channel for part in parts)]),
    )
