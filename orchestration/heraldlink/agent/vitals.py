# SPDX-License-Identifier: Apache-2.0
"""Signs that a node's own process is unwell: it stood still, its descriptors run out, its wall clock was set.

None of them ends anything: leases and limits are kept by the monotonic clock. They are told and counted, so
that somebody who wonders about a slot or a time stamp finds out. Pure but for `free_descriptors`.
"""

import os
import resource
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

CLOCK_STEP = "clock_step"
STALL_S = 0.5
"""The main loop turns at least every 50 ms; later than this it stood still."""
STEP_S = 1.0
"""Wall and monotonic clock drift apart by less than this between two looks, unless somebody sets one."""
LEAST_FREE = 16
"""Descriptors that must be left: a worker that is hired takes a handful, a client one."""
LOOK_S = 1.0


class ClockStepFact(msgspec.Struct, frozen=True):
    """The wall clock was set by ``step_s`` since the row before; journalled, so that time stamps can be told
    apart that were taken before and after."""

    step_s: float


@dataclass(frozen=True, slots=True)
class Ailment:
    """What is wrong with what, in one sentence; ``fact`` is to be journalled."""

    what: str
    reason: str
    fact: ClockStepFact | None = None


class Vitals:
    """Looks at a process from its main loop. ``free``: descriptors that are left, None if that is unknown."""

    def __init__(self, free: Callable[[], int | None]) -> None:
        self._free = free
        self._last: float | None = None
        self._offset_s = 0.0
        self._next_look = 0.0
        self._short = False

    def look(self, now: float, wall_s: float) -> list[Ailment]:
        """What is new at this moment; ``now`` is the monotonic clock, ``wall_s`` UTC, both in seconds."""
        before, self._last = self._last, now
        offset_s, self._offset_s = self._offset_s, wall_s - now
        found: list[Ailment] = []
        if before is not None:
            if (stood_s := now - before) > STALL_S:
                found.append(Ailment("main loop", f"it stood still for {stood_s:.1f} s"))
            if abs(step_s := self._offset_s - offset_s) > STEP_S:
                reason = f"{CLOCK_STEP}: the wall clock was set by {step_s:+.1f} s"
                found.append(Ailment("clock", reason, ClockStepFact(step_s)))
        if now >= self._next_look:
            self._next_look = now + LOOK_S
            found += self._descriptors()
        return found

    def _descriptors(self) -> list[Ailment]:
        left = self._free()
        short, self._short = self._short, left is not None and left < LEAST_FREE
        if short or not self._short:
            return []
        reason = f"{left} are left: new clients get no connection; raise its limit (LimitNOFILE, ulimit -n)"
        return [Ailment("file descriptors", reason)]


def free_descriptors() -> int | None:
    """How many descriptors this process may still open; None where the system does not tell (not Linux)."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    try:
        return max(0, most - len(os.listdir("/proc/self/fd")))
    except FileNotFoundError:
        return None
    except OSError:  # listing takes one itself
        return 0
