# SPDX-License-Identifier: Apache-2.0
"""A wavelength sweep of a Santec TSL as a function of time; pure.

A scan prepares (the laser goes to the start), waits for a trigger if it shall, and then runs: continuously,
or in steps with a dwell at each. Two-way scans come back. The log holds the wavelengths at the output
triggers of the way that runs or ran last, also if no trigger is put out [?].
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Phase = Literal[0, 1, 3, 4]
STOPPED: Phase = 0
RUNNING: Phase = 1
STANDBY: Phase = 3
PREPARING: Phase = 4

LONGEST_LOG = 500_000
PREPARATION_s = 0.1  # [?]
STEP_s = 0.02  # to tune by one step [?]
TUNING_m_s = 400e-9  # how fast the laser goes to a wavelength [?]
FASTEST_TRIGGERS_Hz = 20e3


@dataclass(frozen=True, slots=True)
class Plan:
    """What is swept; ``scans``: how often, None until stopped. ``log_step_m``: between output triggers."""

    start_m: float
    stop_m: float
    step_m: float
    speed_m_s: float
    continuous: bool
    two_way: bool
    dwell_s: float
    delay_s: float
    scans: int | None
    standby: bool
    log_step_m: float


@dataclass(frozen=True, slots=True)
class Way:
    """One passage from ``start_m`` to ``stop_m``."""

    plan: Plan
    start_m: float
    stop_m: float

    @property
    def spacing_m(self) -> float:
        """Between two points of the log."""
        slowest_m = self.plan.speed_m_s / FASTEST_TRIGGERS_Hz
        return max(self.plan.log_step_m, slowest_m) if self.plan.continuous else self.plan.step_m

    @property
    def points(self) -> int:
        """Points of the whole log."""
        return min(LONGEST_LOG, 1 + math.floor(abs(self.stop_m - self.start_m) / self.spacing_m + 1e-6))

    @property
    def duration_s(self) -> float:
        """How long it takes."""
        if self.plan.continuous:
            return abs(self.stop_m - self.start_m) / self.plan.speed_m_s
        return self.points * (self.plan.dwell_s + STEP_s)

    def wavelength_m(self, elapsed_s: float) -> float:
        """Where the laser is."""
        if not self.plan.continuous:
            return float(self.log_m(elapsed_s)[-1])
        done = 1.0 if self.duration_s == 0 else min(1.0, elapsed_s / self.duration_s)
        return self.start_m + (self.stop_m - self.start_m) * done

    def log_m(self, elapsed_s: float) -> NDArray[np.float64]:
        """Wavelengths logged so far."""
        done = 1.0 if self.duration_s <= 0 else min(1.0, elapsed_s / self.duration_s)
        if self.plan.continuous:
            reached_m = abs(self.stop_m - self.start_m) * done
            count = min(self.points, 1 + math.floor(reached_m / self.spacing_m + 1e-6))
        else:
            count = max(1, min(self.points, math.ceil(self.points * done)))
        direction = math.copysign(self.spacing_m, self.stop_m - self.start_m)
        return self.start_m + direction * np.arange(count, dtype=np.float64)


class Sweep:
    """A sweep that was started at ``now_s`` with the laser at ``at_m``."""

    def __init__(self, plan: Plan, at_m: float, now_s: float) -> None:
        self._plan = plan
        self.completed = 0
        self._last: Way | None = None
        self._begun_s: float | None = None
        self._prepare(at_m, now_s)

    def phase(self, now_s: float) -> Phase:
        """What it is doing."""
        self._look(now_s)
        if self._ended():
            return STOPPED
        if self._begun_s is None:
            return STANDBY if now_s >= self._ready_s else PREPARING
        return RUNNING if now_s >= self._begun_s else PREPARING

    def trigger(self, now_s: float) -> None:
        """Begin the scan that waits; one that prepares begins where the laser is."""
        phase = self.phase(now_s)
        if phase == PREPARING:
            self._start_m = self.wavelength_m(now_s)
        if phase in (PREPARING, STANDBY):
            self._begun_s = now_s

    def wavelength_m(self, now_s: float) -> float:
        """Where the laser is."""
        self._look(now_s)
        if self._begun_s is None or now_s < self._begun_s:
            whole_s = self._ready_s - self._prepares_s
            done = 1.0 if whole_s <= 0 else min(1.0, max(0.0, now_s - self._prepares_s) / whole_s)
            return self._from_m + (self._start_m - self._from_m) * done
        way, elapsed_s = self._way(now_s)
        return way.wavelength_m(elapsed_s)

    def log_m(self, now_s: float) -> NDArray[np.float64]:
        """The log, m."""
        if self.phase(now_s) == RUNNING:
            way, elapsed_s = self._way(now_s)
            return way.log_m(elapsed_s)
        return np.empty(0) if self._last is None else self._last.log_m(math.inf)

    def ends_s(self) -> float | None:
        """When the last scan ends; None if that is open."""
        if self._begun_s is None or self._plan.scans is None:
            return None
        left = self._plan.scans - self.completed
        if left > 1 and self._plan.standby:
            return None
        return self._end_s() + (left - 1) * (self._duration_s() + self._plan.delay_s + self._return_s())

    def _ended(self) -> bool:
        return self._plan.scans is not None and self.completed >= self._plan.scans

    def _look(self, now_s: float) -> None:
        while not self._ended() and self._begun_s is not None and now_s >= self._end_s():
            self._skip(now_s)
            end_s = self._end_s()
            self.completed += 1
            self._last = self._ways()[-1]
            if not self._ended():
                self._prepare(self._last.stop_m, end_s + self._plan.delay_s)

    def _skip(self, now_s: float) -> None:
        """Leave out whole scans that passed while nobody looked."""
        period_s = self._duration_s() + self._plan.delay_s + self._return_s()
        if self._plan.standby or self._start_m != self._plan.start_m or self._begun_s is None:
            return
        passed = math.floor((now_s - self._begun_s) / period_s) - 1 if period_s > 0 else 0
        if self._plan.scans is not None:
            passed = min(passed, self._plan.scans - self.completed - 1)
        if passed > 0:
            self.completed += passed
            self._begun_s += passed * period_s

    def _prepare(self, at_m: float, now_s: float) -> None:
        self._from_m, self._prepares_s = at_m, now_s
        self._start_m = self._plan.start_m
        self._ready_s = now_s + PREPARATION_s + abs(self._start_m - at_m) / TUNING_m_s
        self._begun_s = None if self._plan.standby else self._ready_s

    def _return_s(self) -> float:
        back_m = 0.0 if self._plan.two_way else abs(self._plan.stop_m - self._plan.start_m)
        return PREPARATION_s + back_m / TUNING_m_s

    def _ways(self) -> list[Way]:
        forth = Way(self._plan, self._start_m, self._plan.stop_m)
        return [forth, Way(self._plan, self._plan.stop_m, self._plan.start_m)][: 1 + self._plan.two_way]

    def _duration_s(self) -> float:
        return sum(way.duration_s for way in self._ways())

    def _end_s(self) -> float:
        return (self._begun_s or 0.0) + self._duration_s()

    def _way(self, now_s: float) -> tuple[Way, float]:
        """The way that runs, or ran last, and for how long it has."""
        elapsed_s = now_s - (self._begun_s or 0.0)
        ways = self._ways()
        if len(ways) > 1 and elapsed_s >= ways[0].duration_s:
            return ways[1], elapsed_s - ways[0].duration_s
        return ways[0], elapsed_s
