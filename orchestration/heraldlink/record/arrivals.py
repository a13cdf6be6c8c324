# SPDX-License-Identifier: Apache-2.0
"""When photons arrived at the midpoint: a histogram around the herald gate."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink.heralding.description import gate_of, sequence_of
from heraldlink.pairs import NodeTags
from heraldlink.sequences.tagger import CLICKS_C, CLICKS_D

BINS = 200


@dataclass(frozen=True, eq=False)
class Arrivals:
    """Clicks of attempts by time after START: ``edges_ps`` float64[n + 1], ``c`` and ``d`` int64[n]."""

    edges_ps: NDArray[np.float64]
    c: NDArray[np.int64]
    d: NDArray[np.int64]
    gate_ps: tuple[int, int]


def arrivals(hub: NodeTags, slots: Iterable[int]) -> Arrivals:
    """Histogram over the gate and its own length on either side, from the midpoint's tags of ``slots``."""
    begin_ps, end_ps = gate_of(hub.describe)
    first = sequence_of(hub.describe).segments.first_attempt
    width_ps = end_ps - begin_ps
    edges_ps = np.linspace(max(0, begin_ps - width_ps), end_ps + width_ps, BINS + 1)
    wanted = list(slots)
    counts = [_histogram(hub, wanted, raw, first, edges_ps) for raw in (CLICKS_C, CLICKS_D)]
    return Arrivals(edges_ps, counts[0], counts[1], (begin_ps, end_ps))


def _histogram(
    hub: NodeTags, slots: list[int], raw: int, first: int, edges_ps: NDArray[np.float64]
) -> NDArray[np.int64]:
    total = np.zeros(edges_ps.size - 1, dtype=np.int64)
    for slot in slots:
        if (slot, raw) in hub.tags:
            time, index = hub.tags[slot, raw]
            total += np.histogram(time[index >= first], edges_ps)[0]
    return total
