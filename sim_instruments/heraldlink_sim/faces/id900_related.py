# SPDX-License-Identifier: Apache-2.0
"""Stops, references and the gate that counts them: what HISTogram and RAW blocks have in common.

Manual, page 69: a stop is measured from the last reference; without a linked reference from the begin of the
acquisition. A stop before the first reference of a linked block is dropped: the manual's "or does not receive
any signal" may also mean that it is measured from the begin [?]. Page 88: with the same source twice,
consecutive events are measured. Numbers and references begin anew with each acquisition.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heraldlink_sim.faces.id900_generator import Pulses
from heraldlink_sim.faces.id900_times import Times


@dataclass(frozen=True, slots=True)
class Relation:
    """What is measured (``stop``), from what (``reference``), and while what is high (``gate``)."""

    stop: str | None
    stop_edge: str
    reference: str | None
    reference_edge: str
    gate: str | None

    @property
    def same(self) -> bool:
        """Whether a signal is measured against itself."""
        return self.stop == self.reference and self.stop_edge == self.reference_edge


@dataclass(frozen=True, slots=True)
class Since:
    """What is carried into an acquisition's next stretch: its references so far, and the last one's time."""

    count: int = 0
    last_ps: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """Stops of one stretch: their times, time since the reference, its number, and their acquisition."""

    times: Times
    since: Times
    index: Times
    gates: Times


def relate(
    relation: Relation,
    stops: Times,
    references: Times,
    gates: Pulses,
    span: tuple[int, int],
    carried: Since,
) -> tuple[Measured, Since]:
    """Measure the stops of ``span`` that fall into a gate; a gate that was open before it goes on."""
    begin_ps, end_ps = span
    goes_on = bool(gates.rises.size) and bool(gates.rises[0] < begin_ps)
    before = carried if goes_on else Since()
    stops, of = _inside(stops, gates)
    if relation.reference is None:
        return Measured(stops, stops - gates.rises[of], np.zeros(stops.size, np.int64), of), Since()
    references, of_reference = _inside(references, gates)
    earlier = _earlier(relation, stops, references) - np.searchsorted(of_reference, of)
    index = earlier + np.where(of == 0, before.count, 0) - 1
    latest = np.concatenate(([before.last_ps], references))[
        np.where(earlier > 0, earlier + np.searchsorted(of_reference, of), 0)
    ]
    kept = index >= 0
    measured = Measured(stops[kept], (stops - latest)[kept], index[kept], of[kept])
    return measured, _after(references, of_reference, gates, end_ps, before)


def _earlier(relation: Relation, stops: Times, references: Times) -> Times:
    """Return how many references come before each stop; one at the same time is the stop's own."""
    if relation.same:
        return np.arange(stops.size, dtype=np.int64)
    return np.searchsorted(references, stops, side="right").astype(np.int64)


def _inside(times: Times, gates: Pulses) -> tuple[Times, Times]:
    """Return the events that fall into a gate, and the gate of each."""
    low, high = np.searchsorted(times, gates.rises), np.searchsorted(times, gates.falls)
    counts = high - low
    of = np.repeat(np.arange(counts.size, dtype=np.int64), counts)
    if counts.size == 1:
        return times[low[0] : high[0]], of
    before = np.cumsum(counts) - counts
    return times[np.arange(of.size) + np.repeat(low - before, counts)], of


def _after(references: Times, of: Times, gates: Pulses, end_ps: int, before: Since) -> Since:
    if not gates.rises.size or gates.falls[-1] <= end_ps:
        return Since()
    last = gates.rises.size - 1
    new = int((of == last).sum())
    base = before if last == 0 else Since()
    return Since(base.count + new, int(references[-1]) if new else base.last_ps)
