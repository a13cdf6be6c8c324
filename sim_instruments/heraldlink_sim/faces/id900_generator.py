# SPDX-License-Identifier: Apache-2.0
"""GENErator and RECord blocks: bursts of pulses, started by PLAY or by a trigger.

The manual (page 68) calls the RECord block a special case of a generator; its pulse is the acquisition, and
``NUMber`` pulses of one burst are its sub-acquisitions. A trigger that comes while a burst is pending or
plays is ignored. Stage names IDLE, WAITING, ARMED and PLAYING stand in one public driver, STOPPED and
PLAYING in the vendor's examples; which word an idle device says is a setting of the face [?].
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from heraldlink_sim.faces.id900_times import NOTHING, Times

DEAD_TIME_ps = 40_000
"""Shortest pause between two pulses of a burst: the vendor's sync example asks for 40 ns."""

_MANY = 32


class Stage(StrEnum):
    """What a generator does."""

    STOPPED = "STOPPED"
    ARMED = "ARMED"
    WAITING = "WAITING"
    PLAYING = "PLAYING"


@dataclass(frozen=True, slots=True)
class PulseSetting:
    """What a generator plays: ``number`` pulses (None: without end), ``delay_ps`` after its trigger.

    ``trigger``: None starts at once. ``automatic``: it arms itself again after each burst.
    """

    period_ps: int
    width_ps: int
    number: int | None
    trigger: str | None = None
    delay_ps: int = 0
    automatic: bool = False

    @property
    def step_ps(self) -> int:
        """Time from pulse to pulse."""
        return max(self.period_ps, self.width_ps + DEAD_TIME_ps)

    @property
    def length_ps(self) -> int | None:
        """Time from the first rising edge to the last falling one."""
        return None if self.number is None else (self.number - 1) * self.step_ps + self.width_ps


class Pulses(NamedTuple):
    """Pulses that lie in a stretch of time, wholly or in part; falling edges may lie behind it."""

    rises: Times = NOTHING
    falls: Times = NOTHING


@dataclass(slots=True)
class _Burst:
    start_ps: int
    setting: PulseSetting

    @property
    def end_ps(self) -> int | None:
        length_ps = self.setting.length_ps
        return None if length_ps is None else self.start_ps + length_ps

    def pulses(self, begin_ps: int, end_ps: int) -> Times:
        """Return the rising edges of all pulses that are high somewhere in [begin, end)."""
        step, number = self.setting.step_ps, self.setting.number
        low = max(0, (begin_ps - self.start_ps - self.setting.width_ps) // step + 1)
        high = max(0, -((self.start_ps - end_ps) // step))
        last = high if number is None else min(high, number)
        return self.start_ps + np.arange(low, max(low, last), dtype=np.int64) * np.int64(step)


@dataclass
class Generator:
    """The state of one generator; ``advance`` moves it on, in stretches without a gap."""

    armed_ps: int | None = None
    _burst: _Burst | None = field(default=None)

    def play(self, now_ps: int, setting: PulseSetting) -> None:
        """Start at once, or wait for the trigger if there is one."""
        self.stop()
        if setting.trigger is None:
            self._burst = _Burst(now_ps + setting.delay_ps, setting)
        else:
            self.armed_ps = now_ps

    def arm(self, now_ps: int) -> None:
        """Wait for the trigger, unless it plays."""
        if self._burst is None:
            self.armed_ps = now_ps

    def stop(self) -> None:
        """Stop and forget the trigger."""
        self.armed_ps = self._burst = None

    def stage(self, now_ps: int) -> Stage:
        """Return what it does."""
        if self._burst is not None:
            return Stage.PLAYING if now_ps >= self._burst.start_ps else Stage.WAITING
        return Stage.STOPPED if self.armed_ps is None else Stage.ARMED

    @property
    def active(self) -> bool:
        """Whether it plays or may start to."""
        return self._burst is not None or self.armed_ps is not None

    def expected(self, duration_ps: int) -> int:
        """Return how many pulses a running burst may put into ``duration_ps``."""
        return 0 if self._burst is None else duration_ps // self._burst.setting.step_ps + 1

    def high(self, now_ps: int) -> bool:
        """Whether a pulse that began before ``now_ps`` has not ended by then."""
        return self._burst is not None and bool((self._burst.pulses(now_ps, now_ps + 1) < now_ps).any())

    def advance(self, setting: PulseSetting, triggers: Times, begin_ps: int, end_ps: int) -> Pulses:
        """Return the pulses of [begin, end) and move on to its end."""
        rises: list[Times] = []
        falls: list[Times] = []

        def put(found: Times, width_ps: int) -> None:
            rises.append(found)
            falls.append(found + np.int64(width_ps))

        while True:
            if self._burst is not None:
                put(self._burst.pulses(begin_ps, end_ps), self._burst.setting.width_ps)
                if not self._finish(self._burst, end_ps):
                    break
            elif (start_ps := self._triggered(setting, triggers)) is None:
                break
            elif (found := self._regular(setting, triggers, end_ps)).size:
                put(found, setting.width_ps)
            else:
                self._burst, self.armed_ps = _Burst(start_ps, setting), None
        return Pulses(np.concatenate((NOTHING, *rises)), np.concatenate((NOTHING, *falls)))

    def _finish(self, burst: _Burst, end_ps: int) -> bool:
        """End a burst that is over by ``end_ps``; return whether it was."""
        over_ps, setting = burst.end_ps, burst.setting
        if over_ps is None or over_ps > end_ps:
            return False
        self._burst = None
        self.armed_ps = over_ps if setting.automatic and setting.trigger is not None else None
        return True

    def _triggered(self, setting: PulseSetting, triggers: Times) -> int | None:
        """Return when the burst of the next trigger starts."""
        if self.armed_ps is None or setting.trigger is None:
            return None
        at = int(np.searchsorted(triggers, self.armed_ps))
        return int(triggers[at]) + setting.delay_ps if at < triggers.size else None

    def _regular(self, setting: PulseSetting, triggers: Times, end_ps: int) -> Times:
        """Return single pulses of many triggers at once, if each has ended before the next trigger."""
        if not setting.automatic or setting.number != 1 or self.armed_ps is None:
            return NOTHING
        waiting = triggers[np.searchsorted(triggers, self.armed_ps) :]
        busy_ps = setting.delay_ps + setting.width_ps
        over = waiting[waiting + np.int64(busy_ps) <= end_ps]
        if over.size < _MANY or int(np.diff(over).min()) < busy_ps:
            return NOTHING
        self.armed_ps = int(over[-1]) + busy_ps
        return over + np.int64(setting.delay_ps)
