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
    in_first, in_second = windows.number(first), windows.number(second)
    opened_1, opened_2 = windows.opened(in_first), windows.opened(in_second)
    parts = [
        *_passed(setting.inside, first[opened_1], second[opened_2]),
        *_passed(setting.outside, first[~opened_1], second[~opened_2]),
    ]
    both = [operation is Operation.AND for operation in (setting.outside, setting.inside)]
    together, seen = _coincident(first, second, in_first, in_second, windows, both, latch)
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
        # an end comes before a begin of the same time
        moves = np.sort(np.concatenate((2 * ends, 2 * begins + 1)), kind="stable")
        self._moves = moves >> 1
        self._open = np.concatenate(([is_open], (moves & 1).astype(np.bool_)))

    @property
    def last(self) -> int:
        """Number of the last stretch."""
        return int(self._moves.size)

    @property
    def last_open(self) -> bool:
        """Whether the window is open in it."""
        return bool(self._open[-1])

    def number(self, times: Times) -> Times:
        """Return the stretch of each event."""
        return np.searchsorted(self._moves, times, side="right").astype(np.int64)

    def opened(self, numbers: Times) -> NDArray[np.bool_]:
        """Return whether the window is open in each stretch."""
        return self._open[numbers]


def _coincident(
    first: Times, second: Times, in_1: Times, in_2: Times, windows: _Windows, both: list[bool], latch: Latch
) -> tuple[Times, tuple[bool, bool]]:
    """Return when AND fires, and what it saw in the last stretch; ``both``: it holds (outside, inside)."""
    if not any(both):
        return NOTHING, (False, False)
    first, in_1 = _holding(first, in_1, windows, both)
    second, in_2 = _holding(second, in_2, windows, both)
    numbers_1, at_1 = np.unique(in_1, return_index=True)
    numbers_2, at_2 = np.unique(in_2, return_index=True)
    earliest_1, earliest_2 = first[at_1], second[at_2]
    if latch.first:
        numbers_1, earliest_1 = _carried(numbers_1, earliest_1)
    if latch.second:
        numbers_2, earliest_2 = _carried(numbers_2, earliest_2)
    _, a, b = np.intersect1d(numbers_1, numbers_2, assume_unique=True, return_indices=True)
    fired = np.maximum(earliest_1[a], earliest_2[b])
    seen = bool(np.isin(windows.last, numbers_1)), bool(np.isin(windows.last, numbers_2))
    return fired[fired > NEVER], seen


def _holding(times: Times, numbers: Times, windows: _Windows, both: list[bool]) -> tuple[Times, Times]:
    held = np.asarray(both)[windows.opened(numbers).astype(np.int64)]
    return times[held], numbers[held]


def _carried(numbers: Times, earliest: Times) -> tuple[Times, Times]:
    """Put in an event of stretch 0 that came before all others."""
    later = numbers > 0
    zero, never = np.array([[0], [NEVER]], np.int64)
    return np.concatenate((zero, numbers[later])), np.concatenate((never, earliest[later]))
