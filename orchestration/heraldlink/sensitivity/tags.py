# SPDX-License-Identifier: Apache-2.0
"""Recorded tags of one slot, sorted into the attempts of a plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink.heralding.readouts import ReadoutWindow, read_out
from heraldlink.sensitivity.bench import gate_of
from heraldlink.sequences import SlotPlan
from heraldlink_drivers.roles import Tags

Times = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EndTags:
    """A node's time controller: own syncs, readout clicks and gate marks, sorted ps after the tick."""

    syncs: Times
    clicks: Times
    marks: Times


@dataclass(frozen=True, eq=False)
class SlotTags:
    """The midpoint's syncs (of node A) and clicks of detectors c, d, sorted ps after the tick; both nodes."""

    syncs: Times
    c: Times
    d: Times
    ends: tuple[EndTags, EndTags]


def clicks_in(tags: SlotTags, plan: SlotPlan, part: str) -> tuple[Times, Times]:
    """First click of detectors c, d in the gate of each attempt of a part, ps after its sync; -1: none."""
    attempts = plan.indices(part)
    c, d = (_first(_numbered(tags.syncs, clicks), plan.gate_ps, attempts) for clicks in (tags.c, tags.d))
    return c, d


def gaps_after(tags: SlotTags, plan: SlotPlan, part: str, port: int) -> Times:
    """From the first click of a detector in the gate of each attempt to its next one, ps; -1 for none."""
    clicks = (tags.c, tags.d)[port]
    attempts = plan.indices(part)
    first = clicks_in(tags, plan, part)[port]
    begins = tags.syncs[attempts.start : attempts.stop] + first
    following = np.searchsorted(clicks, begins, side="right")
    gaps = np.append(clicks, np.iinfo(np.int64).max)[following] - begins
    return np.where(first < 0, -1, gaps)


def photons_of(tags: SlotTags, plan: SlotPlan, part: str, node: int) -> Times:
    """Photons in the readout gate of each attempt of a part, int64[n]."""
    mine, attempts = tags.ends[node], plan.indices(part)
    gate = gate_of(plan, part, node)
    window = ReadoutWindow(gate.width_ps if gate else 0)
    found = read_out(_numbered(mine.syncs, mine.clicks), _numbered(mine.syncs, mine.marks), window)
    return found.within(attempts).photons


def _numbered(syncs: Times, events: Times) -> Tags:
    """Time since the last sync and its index; events before the first sync are dropped."""
    index = np.searchsorted(syncs, events, side="right") - 1
    kept = index >= 0
    return events[kept] - syncs[index[kept]], index[kept].astype(np.int64)


def _first(tags: Tags, gate_ps: tuple[int, int], attempts: range) -> Times:
    times, index = tags
    kept = (times >= gate_ps[0]) & (times < gate_ps[1])
    kept &= (index >= attempts.start) & (index < attempts.stop)
    found = np.full(len(attempts), -1, dtype=np.int64)
    late_first = np.argsort(-times[kept], kind="stable")
    found[index[kept][late_first] - attempts.start] = times[kept][late_first]
    return found
