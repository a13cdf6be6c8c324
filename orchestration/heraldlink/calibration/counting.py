# SPDX-License-Identifier: Apache-2.0
"""From a slot's tags to counts: attempts with a click, arrival times, photons of each readout."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from heraldlink.heralding.readouts import ReadoutWindow, read_out
from heraldlink.sequences import SlotPlan
from heraldlink.sequences.tagger import CLICKS_C, CLICKS_D, READOUT_CLICKS, READOUT_MARKS
from heraldlink_drivers.roles import Tags

Integers = NDArray[np.int64]
Channels = Mapping[int, Tags]
BOTH = (CLICKS_C, CLICKS_D)


def clicked(tags: Channels, plan: SlotPlan, detectors: Sequence[int] = BOTH) -> Integers:
    """Attempts of each part in which any of the detectors clicked, int64[parts]."""
    found = [of_channel(tags, raw)[1] for raw in detectors]
    attempts = np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)
    counts = [np.searchsorted(attempts, (r.start, r.stop)) for r in map(plan.indices, part_names(plan))]
    return np.array([stop - start for start, stop in counts], dtype=np.int64)


def attempts(plan: SlotPlan) -> Integers:
    """Attempts of each part, int64[parts]."""
    return np.array([len(plan.indices(name)) for name in part_names(plan)], dtype=np.int64)


def arrival_times_ps(tags: Channels, detectors: Sequence[int] = BOTH) -> Integers:
    """Clicks of all detectors after START, ps, int64[n]."""
    return np.concatenate([of_channel(tags, raw)[0] for raw in detectors])


def photons(tags: Channels, plan: SlotPlan, width_ps: int) -> list[Integers]:
    """Photons in every readout gate of each part, one array per part."""
    found = read_out(
        of_channel(tags, READOUT_CLICKS), of_channel(tags, READOUT_MARKS), ReadoutWindow(width_ps)
    )
    return [found.within(plan.indices(name)).photons for name in part_names(plan)]


def part_names(plan: SlotPlan) -> list[str]:
    """Names of the parts in the order in which they play."""
    return [part.name for part in plan.played]


def of_channel(tags: Channels, raw: int) -> Tags:
    """Tags of one RAW channel, empty if none came."""
    empty = np.empty(0, dtype=np.int64)
    return tags.get(raw, (empty, empty))
