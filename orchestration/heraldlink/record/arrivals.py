# SPDX-License-Identifier: Apache-2.0
"""When photons arrived at the midpoint: a histogram around the herald gate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink.heralding.description import gate_of, sequence_of
from heraldlink.pairs import NodeTags
from heraldlink.sequences.tagger import CLICKS_C, CLICKS_D

FEWEST, MOST = 12, 60
"""Bins across the gate."""


@dataclass(frozen=True, eq=False)
class Arrivals:
    """Clicks of attempts by time after START: ``edges_ps`` float64[n + 1], ``c`` and ``d`` int64[n]."""

    edges_ps: NDArray[np.float64]
    c: NDArray[np.int64]
    d: NDArray[np.int64]
    gate_ps: tuple[int, int]


def arrivals(hub: NodeTags, slots: Sequence[int]) -> Arrivals:
    """Histogram over the gate and up to its own length on either side, from the midpoint's tags of ``slots``.

    Bins grow finer with the square root of the number of clicks in the gate, whose edges are edges of bins.
    """
    gate_ps = gate_of(hub.describe)
    first = sequence_of(hub.describe).segments.first_attempt
    c, d = (_times(hub, slots, raw, first) for raw in (CLICKS_C, CLICKS_D))
    inside = sum(int(np.count_nonzero((time >= gate_ps[0]) & (time < gate_ps[1]))) for time in (c, d))
    edges_ps = _edges(gate_ps, int(np.clip(np.sqrt(inside), FEWEST, MOST)))
    return Arrivals(edges_ps, _histogram(c, edges_ps), _histogram(d, edges_ps), gate_ps)


def _edges(gate_ps: tuple[int, int], bins: int) -> NDArray[np.float64]:
    begin_ps, end_ps = gate_ps
    bin_ps = (end_ps - begin_ps) / bins
    before = min(bins, int(begin_ps / bin_ps))
    return begin_ps + bin_ps * np.arange(-before, 2 * bins + 1, dtype=np.float64)


def _times(hub: NodeTags, slots: Sequence[int], raw: int, first: int) -> NDArray[np.int64]:
    parts = [hub.tags[slot, raw] for slot in slots if (slot, raw) in hub.tags]
    return np.concatenate([np.empty(0, np.int64), *(time[index >= first] for time, index in parts)])


def _histogram(time_ps: NDArray[np.int64], edges_ps: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.histogram(time_ps, edges_ps)[0].astype(np.int64)
