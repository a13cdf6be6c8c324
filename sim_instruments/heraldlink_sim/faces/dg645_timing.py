# SPDX-License-Identifier: Apache-2.0
"""Edges of a DG645: each is a delay after another edge, which may itself hang on a third one."""

from __future__ import annotations

from heraldlink_sim.errors import SimulationError

EDGES = ("T0", "T1", "A", "B", "C", "D", "E", "F", "G", "H")
OUTPUT_NAMES = ("T0", "AB", "CD", "EF", "GH")
LONGEST_DELAY_s = 2000.0
POWER_UP_WIDTH_s = 10e-9

ILLEGAL_DELAY, ILLEGAL_LINK = 12, 13


class TimingError(SimulationError):
    """A delay or link that the generator refuses, with its number for the error queue."""

    def __init__(self, code: int) -> None:
        super().__init__(f"DG645 error {code}")
        self.code = code


class Timing:
    """Delays of the edges A..H (numbers 2..9) after the trigger (T0, number 0)."""

    def __init__(self) -> None:
        self._delays: dict[int, tuple[int, float]] = {1: (0, POWER_UP_WIDTH_s)}
        for edge in range(2, len(EDGES)):
            leading = edge % 2 == 0
            self._delays[edge] = (0, 0.0) if leading else (edge - 1, POWER_UP_WIDTH_s)

    def delay(self, edge: int) -> tuple[int, float]:
        """Return (edge it hangs on, delay in s). Raises TimingError for T0, which hangs on nothing."""
        if edge == 0:
            raise TimingError(ILLEGAL_LINK)
        return self._delays[edge]

    def set_delay(self, edge: int, reference: int, delay_s: float) -> None:
        """Set a delay. Raises TimingError for T0 and T1, for a loop, and for an edge out of 0..2000 s."""
        if edge < 2:
            raise TimingError(ILLEGAL_LINK)
        trial = {**self._delays, edge: (reference, delay_s)}
        for each in range(2, len(EDGES)):
            if not 0 <= _absolute(trial, each) <= LONGEST_DELAY_s:
                raise TimingError(ILLEGAL_DELAY)
        self._delays = trial

    def absolute_s(self, edge: int) -> float:
        """Return an edge's delay after the trigger."""
        return _absolute(self._delays, edge)

    def leading_s(self, output: int) -> float:
        """Return the leading edge of an output (0 T0, 1 AB .. 4 GH) after the trigger."""
        return min(self._edges(output))

    def has_pulse(self, output: int) -> bool:
        """Whether the two edges of an output differ by at least the 5 ps that the generator resolves."""
        begin, end = self._edges(output)
        return abs(end - begin) >= 5e-12

    def _edges(self, output: int) -> tuple[float, float]:
        if output == 0:
            return 0.0, max(self.absolute_s(edge) for edge in range(1, len(EDGES)))
        return self.absolute_s(2 * output), self.absolute_s(2 * output + 1)


def _absolute(delays: dict[int, tuple[int, float]], edge: int) -> float:
    total, seen = 0.0, set[int]()
    while edge != 0:
        if edge in seen:
            raise TimingError(ILLEGAL_LINK)
        seen.add(edge)
        edge, delay_s = delays[edge]
        total += delay_s
    return total
