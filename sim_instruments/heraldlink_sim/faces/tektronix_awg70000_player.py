# SPDX-License-Identifier: Apache-2.0
"""Where a sequencer is: pure, time and triggers in, step number and waiting out.

Time is the instrument's own clock (s). Positions are computed when somebody looks; a loop that needs no
trigger is left out whole, so that years of a 100 ns loop cost as much as one round.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from heraldlink_sim.world.rack import ProgramStep

_MOST_STEPS = 100_000


@dataclass(slots=True)
class Player:
    """Plays ``steps`` since ``entered_s``; ``index`` None: past the end."""

    steps: Sequence[ProgramStep]
    rate_Hz: float
    entered_s: float
    index: int | None = 0
    waiting: bool = False

    def __post_init__(self) -> None:
        self._enter(0 if self.steps else None, self.entered_s)

    def advance(self, now_s: float) -> None:
        """Play on until ``now_s``, or until a step waits."""
        seen: dict[int, float] = {}
        for _ in range(_MOST_STEPS):
            if self.index is None or self.waiting:
                return
            end_s = self.entered_s + self._duration_s(self.index)
            if end_s > now_s:
                return
            if self.index in seen and (round_s := self.entered_s - seen[self.index]) > 0:
                self.entered_s += (now_s - self.entered_s) // round_s * round_s
                seen.clear()
                continue
            seen[self.index] = self.entered_s
            self._enter(self._after(self.index), end_s)

    def trigger(self, source: str, now_s: float) -> bool:
        """Trigger ``A`` or ``B``: starts a step that waits for it, or is the event that a step jumps by."""
        self.advance(now_s)
        if self.index is None:
            return False
        step = self.steps[self.index]
        if self.waiting and step.wait_trigger == source:
            self.waiting, self.entered_s = False, now_s
            return True
        if not self.waiting and step.event == source:
            target = self.index + 1 if step.jump_to is None else step.jump_to - 1
            self.jump(target % len(self.steps), now_s, at_once=not step.jump_at_end)
            return True
        return False

    def jump(self, index: int | None, now_s: float, *, at_once: bool = True) -> None:
        """Go to a step (0-based), at once or at the end of the running waveform."""
        self.advance(now_s)
        if not at_once and self.index is not None and (length_s := self._length_s(self.index)) > 0:
            now_s = self.entered_s + ((now_s - self.entered_s) // length_s + 1) * length_s
        self._enter(index if index is None or index < len(self.steps) else None, now_s)
        self.waiting = False

    def _enter(self, index: int | None, when_s: float) -> None:
        self.index, self.entered_s = index, when_s
        self.waiting = index is not None and self.steps[index].wait_trigger is not None

    def _after(self, index: int) -> int | None:
        goto = self.steps[index].goto
        after = index + 1 if goto is None else goto - 1
        return after if after < len(self.steps) else None

    def _length_s(self, index: int) -> float:
        return (
            max((len(w.samples) for w in self.steps[index].waveforms if w is not None), default=0)
            / self.rate_Hz
        )

    def _duration_s(self, index: int) -> float:
        repeat = self.steps[index].repeat
        return inf if repeat is None else repeat * self._length_s(index)
