# SPDX-License-Identifier: Apache-2.0
"""Edges of a DG645: each is a delay after another edge, which may itself hang on a third one."""

from __future__ import annotations

from collections.abc import Sequence

from heraldlink_sim.faces.dg645_grammar import (
    ILLEGAL_DELAY,
    ILLEGAL_LINK,
    ILLEGAL_QUERY,
    ILLEGAL_VALUE,
    DelayError,
    expect,
    real,
    whole,
)

EDGES = ("T0", "T1", "A", "B", "C", "D", "E", "F", "G", "H")
OUTPUT_NAMES = ("T0", "AB", "CD", "EF", "GH")
LONGEST_DELAY_s = 2000.0
POWER_UP_WIDTH_s = 10e-9

RESOLUTION_s = 5e-12
POWER_UP_STEP_s = 1e-9


class Timing:
    """Delays of the edges A..H (numbers 2..9) after the trigger (T0, number 0)."""

    def __init__(self) -> None:
        self._delays: dict[int, tuple[int, float]] = {1: (0, POWER_UP_WIDTH_s)}
        for edge in range(2, len(EDGES)):
            leading = edge % 2 == 0
            self._delays[edge] = (0, 0.0) if leading else (edge - 1, POWER_UP_WIDTH_s)

    def delay(self, edge: int) -> tuple[int, float]:
        """Return (edge it hangs on, delay in s). Raises DelayError for T0, which hangs on nothing."""
        if edge == 0:
            raise DelayError(ILLEGAL_LINK)
        return self._delays[edge]

    def set_delay(self, edge: int, reference: int, delay_s: float) -> None:
        """Set a delay. Raises DelayError for T0 and T1, for a loop, and for an edge out of 0..2000 s."""
        if edge < 2:
            raise DelayError(ILLEGAL_LINK)
        rounded_s = round(delay_s / RESOLUTION_s) * RESOLUTION_s
        trial = {**self._delays, edge: (reference, rounded_s)}
        for each in range(2, len(EDGES)):
            if not 0 <= _absolute(trial, each) <= LONGEST_DELAY_s:
                raise DelayError(ILLEGAL_DELAY)
        self._delays = trial

    def absolute_s(self, edge: int) -> float:
        """Return an edge's delay after the trigger."""
        return _absolute(self._delays, edge)

    def cycle_s(self) -> float:
        """Return how long a delay cycle lasts: up to its last edge."""
        return max(self.absolute_s(edge) for edge in range(1, len(EDGES)))

    def leading_s(self, output: int) -> float:
        """Return the leading edge of an output (0 T0, 1 AB .. 4 GH) after the trigger."""
        return min(self._edges(output))

    def has_pulse(self, output: int) -> bool:
        """Whether the two edges of an output differ by at least the 5 ps that the generator resolves."""
        begin, end = self._edges(output)
        return abs(end - begin) >= 0.9 * RESOLUTION_s

    def _edges(self, output: int) -> tuple[float, float]:
        if output == 0:
            return 0.0, self.cycle_s()
        return self.absolute_s(2 * output), self.absolute_s(2 * output + 1)


def _absolute(delays: dict[int, tuple[int, float]], edge: int) -> float:
    total, seen = 0.0, set[int]()
    while edge != 0:
        if edge in seen:
            raise DelayError(ILLEGAL_LINK)
        seen.add(edge)
        edge, delay_s = delays[edge]
        total += delay_s
    return total


class Delays:
    """The commands for edges: ``DLAY``, ``LINK``, and the steps ``SSDL`` and ``SPDL``."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._steps: dict[int, float] = {}

    def run(self, name: str, query: bool, arguments: Sequence[str]) -> str | None:
        """Carry out a command or query. Raises DelayError."""
        sets = {"DLAY": 3, "LINK": 2, "SSDL": 2, "SPDL": 2}
        expect(arguments, 1 if query else sets[name])
        edge = whole(arguments[0], 0, len(EDGES) - 1)
        if query:
            return self._ask(name, edge)
        if name == "SSDL":
            self._steps[edge] = _step(real(arguments[1]))
        else:
            self._timing.set_delay(edge, *self._wanted(name, edge, arguments[1:]))
        return None

    def _ask(self, name: str, edge: int) -> str:
        if name == "SPDL":
            raise DelayError(ILLEGAL_QUERY)
        if name == "SSDL":
            return f"{self._steps.get(edge, POWER_UP_STEP_s):+.12f}"
        reference, delay_s = self._timing.delay(edge)
        return str(reference) if name == "LINK" else f"{reference},{delay_s:+.12f}"

    def _wanted(self, name: str, edge: int, arguments: Sequence[str]) -> tuple[int, float]:
        if name == "DLAY":
            return whole(arguments[0], 0, len(EDGES) - 1), real(arguments[1])
        reference, delay_s = self._timing.delay(edge)
        if name == "LINK":
            return whole(arguments[0], 0, len(EDGES) - 1), delay_s
        step_s = self._steps.get(edge, POWER_UP_STEP_s)
        return reference, delay_s + (step_s if whole(arguments[0], 0, 1) else -step_s)


def _step(step_s: float) -> float:
    if not 0 <= step_s <= LONGEST_DELAY_s:
        raise DelayError(ILLEGAL_VALUE)
    return step_s
