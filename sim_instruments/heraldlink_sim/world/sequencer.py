# SPDX-License-Identifier: Apache-2.0
"""A generator's sequencer: steps, repeats, waits, gotos and event jumps, as a timeline of runs.

A run is one step repeated without a gap. The timeline is planned as if no event came; an event cuts the run
it falls in and plans on from the jump. Nothing is stepped through: the cost grows with steps and events,
not with repeats.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from heraldlink_sim.world.rack import GeneratorState, ProgramStep, Trigger

MAX_RUNS_WITHOUT_EVENT = 10_000


@dataclass(slots=True)
class Run:
    """``count`` repeats of step ``step`` (0-based) of ``period_ps`` each, the first at ``start_ps``.

    Never changed; not frozen, which would cost a third of the time of a herald.
    """

    step: int
    start_ps: int
    count: int
    period_ps: int

    @property
    def end_ps(self) -> int:
        """Return the end of the last repeat."""
        return self.start_ps + self.count * self.period_ps

    def begun_by(self, time_ps: int) -> int:
        """Return how many repeats begin before ``time_ps``."""
        begun = -((self.start_ps - time_ps) // self.period_ps)
        return self.count if begun >= self.count else max(0, begun)

    def index_at(self, time_ps: int) -> int:
        """Return the repeat that plays at ``time_ps``."""
        return (time_ps - self.start_ps) // self.period_ps


class Timeline:
    """What one generator plays after trigger A at ``start_ps``, until ``horizon_ps`` at the latest.

    Times are integer ps since the slot tick. After the last repeat that starts before the horizon nothing
    plays. ``runs`` is in order of time and without overlaps.
    """

    def __init__(
        self, steps: Sequence[ProgramStep], periods_ps: Sequence[int], start_ps: int, horizon_ps: int
    ) -> None:
        self._steps, self._periods_ps, self._horizon_ps = steps, periods_ps, horizon_ps
        self.runs: list[Run] = []
        self._starts: list[int] = []
        if steps and steps[0].wait_trigger in (None, "A"):
            self._plan(0, start_ps, triggered=True)

    @property
    def end_ps(self) -> int:
        """Return the end of the last waveform (0 if nothing plays)."""
        return self.runs[-1].end_ps if self.runs else 0

    def run_at(self, time_ps: int) -> int | None:
        """Return the index of the run that plays at ``time_ps``, if any."""
        place = bisect_right(self._starts, time_ps) - 1
        return place if place >= 0 and time_ps < self.runs[place].end_ps else None

    def event(self, trigger: Trigger, time_ps: int) -> bool:
        """Let an event input rise at ``time_ps``; return whether a step listened to it and jumped."""
        place = self.run_at(time_ps)
        if place is None or self._steps[self.runs[place].step].event != trigger:
            return False
        run = self.runs[place]
        step = self._steps[run.step]
        played = run.index_at(time_ps) + 1
        cut = Run(run.step, run.start_ps, played, run.period_ps)
        jump_ps = cut.end_ps if step.jump_at_end else time_ps
        del self.runs[place:], self._starts[place:]
        self._append(cut)
        target = run.step + 1 if step.jump_to is None else step.jump_to - 1
        self._plan(target, jump_ps, triggered=False)
        return True

    def _plan(self, step: int, time_ps: int, *, triggered: bool) -> None:
        """Append runs from ``step`` on until the sequencer waits, ends or reaches the horizon."""
        for _ in range(MAX_RUNS_WITHOUT_EVENT):
            if not 0 <= step < len(self._steps) or time_ps >= self._horizon_ps:
                return
            now = self._steps[step]
            if now.wait_trigger is not None and not triggered:
                return
            triggered = False
            run = Run(step, time_ps, self._repeats(now, step, time_ps), self._periods_ps[step])
            self._append(run)
            if now.repeat is None or run.count < now.repeat:
                return
            time_ps = run.end_ps
            step = step + 1 if now.goto is None else now.goto - 1

    def _repeats(self, step: ProgramStep, index: int, time_ps: int) -> int:
        room = -(-(self._horizon_ps - time_ps) // self._periods_ps[index])
        return room if step.repeat is None else min(step.repeat, room)

    def _append(self, run: Run) -> None:
        self.runs.append(run)
        self._starts.append(run.start_ps)


def periods_ps(generator: GeneratorState) -> tuple[int, ...]:
    """Return the length of each step: its longest waveform at the sample rate, in whole ps."""
    samples = [max((len(w.samples) for w in step.waveforms if w), default=1) for step in generator.steps]
    return tuple(max(1, round(n * 1e12 / generator.sample_rate_Hz)) for n in samples)
