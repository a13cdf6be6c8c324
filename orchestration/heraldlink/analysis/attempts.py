# SPDX-License-Identifier: Apache-2.0
"""Tags of one slot, sorted into the attempts of a part: which detectors clicked, what the qubits answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import RunFailed
from heraldlink.heralding.heralds import in_gate
from heraldlink.heralding.readouts import ReadoutWindow, read_out
from heraldlink.sequences import SlotPlan
from heraldlink.sequences.tagger import CLICKS_C, CLICKS_D, READOUT_CLICKS, READOUT_MARKS
from heraldlink_drivers.roles import Tags

Channels = Mapping[int, Tags]
Patterns = NDArray[np.int64]
"""Per attempt: 0 no click, 1 detector c, 2 detector d, 3 both."""
Answers = NDArray[np.bool_]
"""Per attempt and readout gate, in order of time: whether e was read."""

PORTS = {CLICKS_C: 1, CLICKS_D: 2}


@dataclass(frozen=True, slots=True)
class Clicks:
    """Of ``attempts``: those in which detector c clicked, detector d, and both (counted in c and d too)."""

    attempts: int
    c: int
    d: int
    both: int

    def __post_init__(self) -> None:
        if not (0 <= self.both <= min(self.c, self.d) and self.c + self.d - self.both <= self.attempts):
            raise ValueError(f"{self} is impossible")

    @property
    def any(self) -> int:
        """Attempts with a click."""
        return self.c + self.d - self.both

    def __add__(self, other: Clicks) -> Clicks:
        return Clicks(
            self.attempts + other.attempts, self.c + other.c, self.d + other.d, self.both + other.both
        )


def patterns(hub: Channels, window_ps: tuple[int, int], attempts: range) -> Patterns:
    """Which detectors clicked in a window begin <= t < end after START of each attempt, int64[n]."""
    found = np.zeros(len(attempts), dtype=np.int64)
    for raw, bit in PORTS.items():
        tags = hub.get(raw)
        if tags is None:
            continue
        index = tags[1][in_gate(tags, window_ps)]
        index = index[(index >= attempts.start) & (index < attempts.stop)]
        found[np.unique(index) - attempts.start] += bit
    return found


def clicks_of(found: Patterns) -> Clicks:
    """Count patterns."""
    counts = np.bincount(found, minlength=4)
    return Clicks(found.size, int(counts[1] + counts[3]), int(counts[2] + counts[3]), int(counts[3]))


def clicks_in(hub: Channels, plan: SlotPlan, part: str) -> Clicks:
    """Clicks in the plan's gate during a part."""
    return clicks_of(patterns(hub, plan.gate_ps, plan.indices(part)))


def answers(end: Channels, plan: SlotPlan, part: str, window: ReadoutWindow) -> Answers:
    """What an end node read in a part, bool[attempts, gates of each].

    Raises RunFailed if gate marks are missing: then it is not known which gate of which attempt was read.
    """
    none = (np.empty(0, np.int64), np.empty(0, np.int64))
    attempts = plan.indices(part)
    found = read_out(end.get(READOUT_CLICKS, none), end.get(READOUT_MARKS, none), window).within(attempts)
    gates, rest = divmod(found.index.size, max(1, len(attempts)))
    if rest or not np.array_equal(found.index, np.repeat(np.arange(attempts.start, attempts.stop), gates)):
        raise RunFailed(
            f"{part}: {found.index.size} readout gates in {len(attempts)} attempts: some are missing"
        )
    return (found.outcome < 0).reshape(len(attempts), gates)
