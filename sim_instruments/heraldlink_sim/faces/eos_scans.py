# SPDX-License-Identifier: Apache-2.0
"""Scans of an EOS: the automatic search for bias currents, and the IV scan, one step per measurement period.

Pure; times are given. Both step the bias of all detectors together and read dark counts and voltages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from heraldlink_sim.faces.snspd_curves import bias_for_A, dark_rate_Hz, monitor_V

AUTO_END_uA, AUTO_STEP_uA = 30.0, 0.5
MOST_STEPS = 10_000
MAX_SCAN_uA = 90.9
"""Limit of the IV scan that the vendor's client names."""


@dataclass(slots=True)
class Scan:
    """A scan from ``start`` to ``stop`` (uA); ``begun_s`` is None while none was ever started."""

    start_uA: float = 0.0
    stop_uA: float = AUTO_END_uA
    step_uA: float = AUTO_STEP_uA
    begun_s: float | None = None
    period_s: float = 0.1
    stopped_after: int | None = None
    running: bool = field(default=False)

    @property
    def steps(self) -> int:
        """How many steps it has."""
        return min(MOST_STEPS, int(abs(self.stop_uA - self.start_uA) / self.step_uA + 1e-6) + 1)

    def begin(self, now_s: float, period_s: float) -> None:
        """Start it, or start it again."""
        self.begun_s, self.period_s, self.stopped_after, self.running = now_s, period_s, None, True

    def stop(self, now_s: float) -> None:
        """End it; the steps that were done stay."""
        self.stopped_after, self.running = self.done(now_s), False

    def over(self, now_s: float) -> bool:
        """Whether it runs and all steps are done."""
        return self.running and self.done(now_s) >= self.steps

    def done(self, now_s: float) -> int:
        """Steps that are done."""
        if self.begun_s is None:
            return 0
        if self.stopped_after is not None:
            return self.stopped_after
        return min(self.steps, int((now_s - self.begun_s) / self.period_s + 1e-9))

    def rows(self, now_s: float, letter: str, detectors: int, latched: bool) -> list[dict[str, float]]:
        """Rows ``{"biasCurrent": uA, "y1": counts...}``, or with ``v`` voltages, as clients read them."""
        way = self.step_uA if self.stop_uA >= self.start_uA else -self.step_uA
        rows: list[dict[str, float]] = []
        for index in range(self.done(now_s)):
            bias_uA = round(self.start_uA + way * index, 6)
            value = self._reading(letter, bias_uA * 1e-6, latched)
            row = {f"{letter}{number}": value for number in range(1, detectors + 1)}
            rows.append({"biasCurrent": bias_uA} | row)
        return rows

    def _reading(self, letter: str, bias_A: float, latched: bool) -> float:
        if letter == "v":
            return monitor_V(bias_A, latched)
        return 0 if latched else int(dark_rate_Hz(bias_A) * self.period_s)


def found_bias_uA(dark_Hz: Sequence[float]) -> list[float]:
    """Bias currents at which the detectors have these dark count rates, in the steps of the search."""
    return [
        round(int(bias_for_A(max(rate, 1e-3)) * 1e6 / AUTO_STEP_uA) * AUTO_STEP_uA, 6) for rate in dark_Hz
    ]
