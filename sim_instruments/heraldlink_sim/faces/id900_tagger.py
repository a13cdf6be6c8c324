# SPDX-License-Identifier: Apache-2.0
"""Signal graph of an ID Quantique ID900: from pulses at its inputs to tags and herald pulses.

Pure: settings and event times in, event times out; no clock, no socket. Times are sorted int64
picoseconds since the slot tick. Blocks and their meaning follow the vendor's manual of the Time
Controller series (INPUt, DELAy, TSCOmbiner, RAW, OUTPut, RECord) and the vendor's examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.errors import SimulationError

Times = NDArray[np.int64]

PULSE_WIDTH_PS = 10_000
"""Width of every pulse that reaches an input: a falling edge is seen this much later."""


class Operation(StrEnum):
    """What a combiner lets through, set apart for inside and outside its window."""

    AND = "AND"
    OR = "OR"
    ONLY_FIRST = "ONLYFIRST"
    ONLY_SECOND = "ONLYSECOND"
    MUTE = "MUTE"


@dataclass(frozen=True, slots=True)
class InputSetting:
    """One input. ``level_V`` is the height of the pulses on its cable, from 0 V."""

    enabled: bool = False
    threshold_V: float = 0.5
    rising: bool = True
    level_V: float = 1.0

    @property
    def sees_pulses(self) -> bool:
        """Whether a pulse from 0 V to ``level_V`` crosses the threshold of an enabled input."""
        low, high = sorted((0.0, self.level_V))
        return self.enabled and low < self.threshold_V < high


@dataclass(frozen=True, slots=True)
class DelaySetting:
    """One DELAy block: its source and delay."""

    source: str | None = None
    delay_ps: int = 0


@dataclass(frozen=True, slots=True)
class WindowEdge:
    """One edge of a combiner's window: ``delay_ps`` after each event of ``source``."""

    source: str | None = None
    delay_ps: int = 0


@dataclass(frozen=True, slots=True)
class CombinerSetting:
    """One TSCOmbiner block; without its window the operation ``outside`` holds all the time."""

    first: str | None = None
    second: str | None = None
    windowed: bool = False
    begin: WindowEdge = WindowEdge()
    end: WindowEdge = WindowEdge()
    inside: Operation = Operation.OR
    outside: Operation = Operation.MUTE


@dataclass(frozen=True, slots=True)
class TaggerSettings:
    """Everything that shapes the signals; names are those of the blocks (STAR, INPU1, DELA2, TSCO5)."""

    inputs: Mapping[str, InputSetting]
    delays: Mapping[str, DelaySetting]
    combiners: Mapping[str, CombinerSetting]
    resolution_ps: int = 1


@dataclass(frozen=True, slots=True)
class RawTags:
    """Tags of one RAW block in one record, both uint64[n].

    ``timestamps_ps``: since the last reference event, or since the record began if it has no reference.
    ``reference_index``: reference events since the record began minus one (0 without a reference).
    """

    timestamps_ps: NDArray[np.uint64]
    reference_index: NDArray[np.uint64]


class SignalGraph:
    """Event times of any block for one tick period, each computed once."""

    def __init__(self, settings: TaggerSettings, pulses: Mapping[str, Times]) -> None:
        self._settings = settings
        self._pulses = pulses
        self._known: dict[str, Times] = {}
        self._open: set[str] = set()

    def times(self, source: str | None) -> Times:
        """Return the event times of a block; none for no link. Raises SimulationError on a loop."""
        if source is None:
            return np.empty(0, np.int64)
        if source not in self._known:
            if source in self._open:
                raise SimulationError(f"ID900: block {source} is linked to itself")
            self._open.add(source)
            self._known[source] = self._compute(source)
            self._open.discard(source)
        return self._known[source]

    def _compute(self, source: str) -> Times:
        settings = self._settings
        if source in settings.inputs:
            pulses = self._pulses.get(source, np.empty(0, np.int64))
            return detected(settings.inputs[source], pulses, settings.resolution_ps)
        if source in settings.delays:
            delay = settings.delays[source]
            return self.times(delay.source) + np.int64(delay.delay_ps)
        if source in settings.combiners:
            return self._combined(settings.combiners[source])
        raise SimulationError(f"ID900: no block {source}")

    def _combined(self, setting: CombinerSetting) -> Times:
        first, second = self.times(setting.first), self.times(setting.second)
        if not setting.windowed:
            return operate(setting.outside, first, second, _one_interval(first), _one_interval(second))
        begins = self.times(setting.begin.source) + np.int64(setting.begin.delay_ps)
        ends = self.times(setting.end.source) + np.int64(setting.end.delay_ps)
        if setting.begin == setting.end:
            begins = begins[:0]
        return combine(setting, first, second, begins, ends)


def detected(setting: InputSetting, pulses: Times, resolution_ps: int = 1) -> Times:
    """Return the edges that an input sees: none if disabled or if the threshold is never crossed."""
    if not setting.sees_pulses:
        return np.empty(0, np.int64)
    upward = setting.rising == (setting.level_V > 0)
    edges = pulses if upward else pulses + np.int64(PULSE_WIDTH_PS)
    return edges if resolution_ps == 1 else edges - edges % np.int64(resolution_ps)


def combine(setting: CombinerSetting, first: Times, second: Times, begins: Times, ends: Times) -> Times:
    """Apply the operations inside and outside the window that ``begins`` open and ``ends`` close.

    The window is a latch, as in the device: open from the last begin until the next end, begin included
    and end excluded.
    """
    inside_1, interval_1 = in_window(first, begins, ends)
    inside_2, interval_2 = in_window(second, begins, ends)
    parts = [
        operate(operation, first[a], second[b], interval_1[a], interval_2[b])
        for operation, a, b in (
            (setting.inside, inside_1, inside_2),
            (setting.outside, ~inside_1, ~inside_2),
        )
    ]
    return np.sort(np.concatenate(parts))


def in_window(times: Times, begins: Times, ends: Times) -> tuple[NDArray[np.bool_], Times]:
    """Return per event whether the window is open, and the number of the interval it falls into."""
    opened = np.searchsorted(begins, times, side="right")
    closed = np.searchsorted(ends, times, side="right")
    never = np.iinfo(np.int64).min
    last_begin = np.concatenate(([np.int64(never)], begins))[opened]
    last_end = np.concatenate(([np.int64(never)], ends))[closed]
    return (opened > 0) & (last_begin >= last_end), (opened + closed).astype(np.int64)


def operate(operation: Operation, first: Times, second: Times, in_1: Times, in_2: Times) -> Times:
    """Let events of one or both inputs through; ``in_1`` and ``in_2`` number the interval of each event.

    AND fires once per interval that holds both, at the later of the two first events.
    """
    if operation is Operation.OR:
        return np.sort(np.concatenate((first, second)))
    if operation is Operation.ONLY_FIRST:
        return first
    if operation is Operation.ONLY_SECOND:
        return second
    if operation is Operation.AND:
        return _coincident(first, second, in_1, in_2)
    return np.empty(0, np.int64)


def _coincident(first: Times, second: Times, in_1: Times, in_2: Times) -> Times:
    intervals_1, index_1 = np.unique(in_1, return_index=True)
    intervals_2, index_2 = np.unique(in_2, return_index=True)
    _, a, b = np.intersect1d(intervals_1, intervals_2, assume_unique=True, return_indices=True)
    return np.sort(np.maximum(first[index_1[a]], second[index_2[b]]))


def _one_interval(times: Times) -> Times:
    return np.zeros(times.size, np.int64)


def within(times: Times, begin_ps: int, end_ps: int) -> Times:
    """Return the events of [begin, end)."""
    low, high = np.searchsorted(times, (begin_ps, end_ps), side="left")
    return times[low:high]


def raw_tags(stops: Times, references: Times | None, begin_ps: int, end_ps: int) -> RawTags:
    """Tag the stops of a record; stops before the first reference event of the record are dropped.

    A stop at the time of a reference event belongs to that event, with timestamp 0.
    """
    stops = within(stops, begin_ps, end_ps)
    if references is None:
        return RawTags((stops - begin_ps).astype(np.uint64), np.zeros(stops.size, np.uint64))
    references = within(references, begin_ps, end_ps)
    index = np.searchsorted(references, stops, side="right") - 1
    kept = index >= 0
    index, stops = index[kept], stops[kept]
    return RawTags((stops - references[index]).astype(np.uint64), index.astype(np.uint64))
