# SPDX-License-Identifier: Apache-2.0
"""Inputs and combiners of an ID Quantique ID900: from pulses to events; pure, with the state carried along.

Times are sorted int64 picoseconds. Blocks and their meaning follow the vendor's manual of the Time Controller
series (pages 68-69: DELAy, TSCOmbiner, RECord, HISTogram, RAW) and the vendor's examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.faces.id900_generator import PulseSetting
from heraldlink_sim.faces.id900_times import NOTHING, Times

PULSE_WIDTH_PS = 10_000
"""Width of every pulse that reaches an input or leaves a combiner: its falling edge comes this much later."""

NEVER = int(np.iinfo(np.int64).min)


class Operation(StrEnum):
    """What a combiner lets through, set apart for inside and outside its window."""

    AND = "AND"
    OR = "OR"
    ONLY_FIRST = "ONLYFIRST"
    ONLY_SECOND = "ONLYSECOND"
    MUTE = "MUTE"


@dataclass(frozen=True, slots=True)
class InputSetting:
    """One input. ``level_V`` is the height of the pulses on its cable, from 0 V.

    ``outside``: it listens to its cable; else to ``looped``, the source of the device's own output (None:
    to nothing), ``loop_delay_ps`` later.
    """

    enabled: bool = False
    threshold_V: float = 0.5
    rising: bool = True
    level_V: float = 1.0
    outside: bool = True
    looped: str | None = None
    loop_delay_ps: int = 0

    @property
    def sees_pulses(self) -> bool:
        """Whether a pulse from 0 V to ``level_V`` crosses the threshold of an enabled input."""
        low, high = sorted((0.0, self.level_V))
        return self.enabled and low < self.threshold_V < high

    @property
    def edge_ps(self) -> int:
        """Time from the begin of a pulse to the edge that makes the event."""
        return 0 if self.rising == (self.level_V > 0) else PULSE_WIDTH_PS


@dataclass(frozen=True, slots=True)
class DelaySetting:
    """One DELAy block: its source and delay."""

    source: str | None = None
    delay_ps: int = 0


@dataclass(frozen=True, slots=True)
class WindowEdge:
    """One edge of a combiner's window: ``delay_ps`` after each rising (or falling) edge of ``source``."""

    source: str | None = None
    delay_ps: int = 0
    rising: bool = True


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

    @property
    def linked(self) -> bool:
        """Whether anything can come out of it."""
        return self.first is not None or self.second is not None


@dataclass(frozen=True, slots=True)
class TaggerSettings:
    """Everything that shapes the signals; names are those of the blocks (STAR, INPU1, DELA2, GEN1, TSCO5)."""

    inputs: Mapping[str, InputSetting]
    delays: Mapping[str, DelaySetting]
    combiners: Mapping[str, CombinerSetting]
    generators: Mapping[str, PulseSetting]
    resolution_ps: int = 1


class Latch(NamedTuple):
    """What a combiner remembers: whether its window is open, and what AND has seen since it last moved."""

    is_open: bool = False
    first: bool = False
    second: bool = False


def quantised(times: Times, resolution_ps: int, begin_ps: int) -> Times:
    """Round down to the grid of the device's bins, which begins at ``begin_ps``."""
    return times if resolution_ps == 1 else times - (times - begin_ps) % np.int64(resolution_ps)


def combine(
    setting: CombinerSetting, first: Times, second: Times, begins: Times, ends: Times, latch: Latch
) -> tuple[Times, Latch]:
    """Apply the operations inside and outside the window that ``begins`` open and ``ends`` close.

    The window is a latch: open from a begin until the next end, begin included and end excluded; if both come
    at once it stays open. AND fires once between two movements of the window, when it has seen both inputs.
    """
    if not setting.windowed:
        if setting.outside is not Operation.AND:
            return _merged(_passed(setting.outside, first, second)), Latch()
        begins = ends = NOTHING
        latch = latch._replace(is_open=False)
    windows = _Windows(begins, ends, latch.is_open)
    (in_first, opened_1), (in_second, opened_2) = windows.look(first), windows.look(second)
    parts = [
        *_passed(setting.inside, first[opened_1], second[opened_2]),
        *_passed(setting.outside, first[~opened_1], second[~opened_2]),
    ]
    if Operation.AND not in (setting.inside, setting.outside):
        return _merged(parts), Latch(windows.last_open)
    held_1, held_2 = (_held(setting, opened) for opened in (opened_1, opened_2))
    one, two = (first[held_1], in_first[held_1]), (second[held_2], in_second[held_2])
    together, seen = _coincident(one, two, windows.last, latch)
    return _merged([*parts, together]), Latch(windows.last_open, *seen)


def _merged(parts: list[Times]) -> Times:
    filled = [part for part in parts if part.size]
    if len(filled) < 2:
        return filled[0] if filled else NOTHING
    return np.sort(np.concatenate(filled), kind="stable")


def _passed(operation: Operation, first: Times, second: Times) -> list[Times]:
    if operation is Operation.OR:
        return [first, second]
    if operation is Operation.ONLY_FIRST:
        return [first]
    return [second] if operation is Operation.ONLY_SECOND else []


class _Windows:
    """The stretches between movements of a window, numbered from 0 (which began earlier)."""

    def __init__(self, begins: Times, ends: Times, is_open: bool) -> None:
        self._begins, self._ends, self._is_open = begins, ends, is_open
        self.last = int(begins.size + ends.size)

    def look(self, times: Times) -> tuple[Times, NDArray[np.bool_]]:
        """Return the stretch of each event, and whether the window is open in it."""
        opened = np.searchsorted(self._begins, times, side="right")
        closed = np.searchsorted(self._ends, times, side="right")
        never = np.array([NEVER], np.int64)
        last_begin = np.concatenate((never, self._begins))[opened]
        last_end = np.concatenate((never, self._ends))[closed]
        numbers = (opened + closed).astype(np.int64)
        moved = (opened > 0) & (last_begin >= last_end)  # an end comes before a begin of the same time
        return numbers, np.where(numbers == 0, self._is_open, moved)

    @property
    def last_open(self) -> bool:
        """Whether the window is open in the last stretch."""
        if not self._begins.size or not self._ends.size:
            return bool(self._begins.size) or (self._is_open and not self._ends.size)
        return bool(self._begins[-1] >= self._ends[-1])


def _held(setting: CombinerSetting, opened: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return whether AND holds for each event."""
    inside, outside = setting.inside is Operation.AND, setting.outside is Operation.AND
    return np.where(opened, inside, outside)


def _coincident(
    one: tuple[Times, Times], two: tuple[Times, Times], last: int, latch: Latch
) -> tuple[Times, tuple[bool, bool]]:
    """Return when AND fires for (events, stretches) of its inputs, and what it saw in the last stretch."""
    numbers_1, at_1 = np.unique(one[1], return_index=True)
    numbers_2, at_2 = np.unique(two[1], return_index=True)
    earliest_1, earliest_2 = one[0][at_1], two[0][at_2]
    if latch.first:
        numbers_1, earliest_1 = _carried(numbers_1, earliest_1)
    if latch.second:
        numbers_2, earliest_2 = _carried(numbers_2, earliest_2)
    _, a, b = np.intersect1d(numbers_1, numbers_2, assume_unique=True, return_indices=True)
    fired = np.maximum(earliest_1[a], earliest_2[b])
    seen = bool(np.isin(last, numbers_1)), bool(np.isin(last, numbers_2))
    return fired[fired > NEVER], seen


def _carried(numbers: Times, earliest: Times) -> tuple[Times, Times]:
    """Put in an event of stretch 0 that came before all others."""
    later = numbers > 0
    zero, never = np.array([[0], [NEVER]], np.int64)
    return np.concatenate((zero, numbers[later])), np.concatenate((never, earliest[later]))
