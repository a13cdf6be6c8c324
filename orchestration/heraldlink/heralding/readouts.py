# SPDX-License-Identifier: Apache-2.0
"""Outcomes of an end node's qubit: photons counted after each readout gate mark."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink.messages.values import Confusion
from heraldlink.sequences.segments import SegmentTable
from heraldlink_drivers.roles import Tags

Indices = NDArray[np.int64]

GROUND, EXCITED = 1, -1
"""Outcomes."""


@dataclass(frozen=True, slots=True)
class ReadoutWindow:
    """Photons count in mark + offset <= t < mark + offset + width; at ``threshold`` of them |e> is read."""

    width_ps: int
    threshold: int = 1
    offset_ps: int = 0


@dataclass(frozen=True, eq=False)
class Readouts:
    """One entry per gate mark in order of time, int64[n] each: reference index, photons, outcome ±1."""

    index: Indices
    photons: Indices
    outcome: Indices

    def within(self, indices: range) -> "Readouts":
        """Only the marks of these reference indices."""
        return self._select((self.index >= indices.start) & (self.index < indices.stop))

    def after(self, first_index: int) -> "Readouts":
        """Only the marks from this reference index on."""
        return self._select(self.index >= first_index)

    def _select(self, kept: NDArray[np.bool_]) -> "Readouts":
        return Readouts(self.index[kept], self.photons[kept], self.outcome[kept])


def read_out(clicks: Tags, marks: Tags, window: ReadoutWindow) -> Readouts:
    """Count the photons behind each mark that share its reference index, and decide.

    Clicks and marks are (ps after the last sync, index of that sync); a readout lies inside one waveform, so
    that its clicks have the mark's index.
    """
    largest = max((int(times.max()) for times, _ in (clicks, marks) if times.size), default=0)
    shift = abs(window.offset_ps)
    span = largest + window.width_ps + 2 * shift + 1
    click_place = np.sort(clicks[1] * span + clicks[0] + shift)
    order = np.lexsort(marks)
    index, mark_ps = marks[1][order], marks[0][order]
    begin = index * span + mark_ps + shift + window.offset_ps
    photons = np.searchsorted(click_place, begin + window.width_ps) - np.searchsorted(click_place, begin)
    outcome = np.where(photons >= window.threshold, EXCITED, GROUND).astype(np.int64)
    return Readouts(index, photons.astype(np.int64), outcome)


def confusion(readouts: Readouts, segments: SegmentTable) -> Confusion:
    """Calibration counts of one slot: what was read where |g> and where |e> was prepared."""
    ground = readouts.within(segments.calibration_g).outcome
    excited = readouts.within(segments.calibration_e).outcome
    return Confusion(
        gg=int(np.count_nonzero(ground == GROUND)),
        ge=int(np.count_nonzero(ground == EXCITED)),
        eg=int(np.count_nonzero(excited == GROUND)),
        ee=int(np.count_nonzero(excited == EXCITED)),
    )


def attempt_readouts(readouts: Readouts, segments: SegmentTable) -> Readouts:
    """Readouts after heralds, one per attempt: an attempt with two marks is ambiguous and left out."""
    attempts = readouts.after(segments.first_attempt)
    _, place, count = np.unique(attempts.index, return_index=True, return_counts=True)
    kept = place[count == 1]
    return Readouts(attempts.index[kept], attempts.photons[kept], attempts.outcome[kept])


def repeated_attempts(readouts: Readouts, segments: SegmentTable) -> NDArray[np.int64]:
    """Attempts that were read out more than once, int64[k], rising: a sync between them was missed."""
    index, count = np.unique(readouts.after(segments.first_attempt).index, return_counts=True)
    return index[count > 1]
