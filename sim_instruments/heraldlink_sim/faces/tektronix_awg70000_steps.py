# SPDX-License-Identifier: Apache-2.0
"""Sequences in the memory of an AWG70000 or AWG5200, as they were programmed."""

from dataclasses import dataclass, field
from typing import Literal

from heraldlink_sim.faces.tektronix_awg70000_assets import Hints
from heraldlink_sim.scpi import ScpiError

NEXT, FIRST, LAST, END = "NEXT", "FIRS", "LAST", "END"
Target = int | str  # step number, or one of the four words
Input = Literal["ATR", "BTR", "ITR", "OFF"]


@dataclass(slots=True)
class Track:
    """What one track of a step plays: a waveform or a subsequence."""

    name: str = ""
    sequence: bool = False


@dataclass(slots=True)
class SequenceStep:
    """One step as programmed; ``repeat`` None is infinite, targets count from 1."""

    tracks: list[Track]
    repeat: int | None = 1
    wait: Input = "OFF"
    event: Input = "OFF"
    jump_to: Target = NEXT
    goto: Target = NEXT
    flags: dict[tuple[int, str], str] = field(default_factory=dict[tuple[int, str], str])


@dataclass(slots=True)
class Sequence:
    """One entry of the sequence list."""

    name: str
    steps: list[SequenceStep]
    tracks: int
    stamp: int
    jump_at_end: bool = True
    pattern_jumps: dict[int, Target] = field(default_factory=dict[int, Target])
    pattern_enabled: bool = False
    repeat_flags: bool = False
    hints: Hints = field(default_factory=Hints)

    def step(self, number: int) -> SequenceStep:
        """Step by number (1-based); raises ScpiError -222."""
        if not 1 <= number <= len(self.steps):
            raise ScpiError(-222, f"step {number} of {self.name}")
        return self.steps[number - 1]


def resolve(target: Target, steps: int) -> int | None:
    """Step number a target means in a sequence of ``steps``: None is the next, ``steps + 1`` the end."""
    if isinstance(target, int):
        return target
    return {NEXT: None, FIRST: 1, LAST: steps, END: steps + 1}[target]
