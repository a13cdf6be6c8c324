# SPDX-License-Identifier: Apache-2.0
"""HISTogram blocks: time differences counted on board (manual, page 88)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.faces.id900_graph import Stretch
from heraldlink_sim.faces.id900_related import Relation, Since, relate


class Histogram:
    """One histogram. ``counts``: int64[bins]; bin i holds minimum + i·width <= difference < the next."""

    def __init__(self, bins: int) -> None:
        self.counts: NDArray[np.int64] = np.zeros(bins, np.int64)
        self._since = Since()

    def flush(self, bins: int) -> None:
        """Empty it; the acquisition that runs goes on."""
        self.counts = np.zeros(bins, np.int64)

    def forget(self) -> None:
        """Forget the references of an acquisition whose settings changed, or which ended."""
        self._since = Since()

    def advance(self, relation: Relation, minimum_ps: int, width_ps: int, stretch: Stretch) -> None:
        """Count the differences of one stretch of time."""
        if relation.stop is None or not (gates := stretch.pulses(relation.gate)).rises.size:
            return
        stops = stretch.edges(relation.stop, relation.stop_edge)
        if not stops.size and gates.falls[-1] <= stretch.end_ps:  # nothing to count, nothing to carry on
            self._since = Since()
            return
        references = stretch.edges(relation.reference, relation.reference_edge)
        found, self._since = relate(relation, stops, references, gates, stretch.span, self._since)
        bins = (found.since - minimum_ps) // width_ps
        inside = bins[(bins >= 0) & (bins < self.counts.size)]
        if inside.size:
            self.counts += np.bincount(inside, minlength=self.counts.size)
