# SPDX-License-Identifier: Apache-2.0
"""How bench time passes: at its own speed, N times faster, or standing still between slots.

The laboratory's physics never sees the pace; it only decides when the next tick comes.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Protocol

Action = Callable[[], None]

MAX_CATCH_UP_S = 0.02
"""How far bench time may hurry after the clock; what is later than that is lost to it."""


class Agenda:
    """What happens when, in bench time (ps since the bench began); simultaneous actions keep their order."""

    def __init__(self) -> None:
        self._actions: list[tuple[int, int, Action]] = []
        self._order = count()

    def at(self, time_ps: int, action: Action) -> None:
        """Let an action happen at a time."""
        heapq.heappush(self._actions, (time_ps, next(self._order), action))

    @property
    def next_ps(self) -> int | None:
        """Return the time of the next action."""
        return self._actions[0][0] if self._actions else None

    def run_next(self) -> None:
        """Take the next action from the agenda and do it."""
        heapq.heappop(self._actions)[2]()


class Laboratory(Protocol):
    """What a pace drives."""

    tick_period_ps: int

    def tick(self, slot: int, agenda: Agenda) -> None:
        """Let a tick come and put what follows from it on the agenda, at times of the bench."""
        ...

    def play(self, slot: int) -> int:
        """Play a whole slot at once; return the first later tick at which no generator plays any more."""
        ...

    def pass_ticks(self, first: int, last: int) -> None:
        """Let the ticks first..last come (none if last < first) while nobody plays."""
        ...


class Scaled:
    """Bench time runs ``speed`` times as fast as the clock; if a slot takes longer to compute, it waits.

    It begins one tick period before ``first_tick``; the ticks before that are already counted.
    """

    def __init__(self, speed: float, first_tick: int = 1) -> None:
        self._speed, self._first = speed, first_tick

    async def run(self, laboratory: Laboratory) -> None:
        """Let ticks come for ever; tick k is slot k."""
        agenda, clock = Agenda(), asyncio.get_running_loop().time
        laboratory.pass_ticks(1, self._first - 1)
        self._next_tick(laboratory, agenda, self._first)
        due_s, passed_ps = clock(), (self._first - 1) * laboratory.tick_period_ps
        while (time_ps := agenda.next_ps) is not None:
            due_s += (time_ps - passed_ps) * 1e-12 / self._speed
            passed_ps = time_ps
            await asyncio.sleep(max(0.0, due_s - clock()))
            due_s = max(due_s, clock() - MAX_CATCH_UP_S)
            agenda.run_next()

    def _next_tick(self, laboratory: Laboratory, agenda: Agenda, slot: int) -> None:
        def tick() -> None:
            laboratory.tick(slot, agenda)
            self._next_tick(laboratory, agenda, slot + 1)

        agenda.at(slot * laboratory.tick_period_ps, tick)


class Fast:
    """Time stands still until the midpoint's record is armed, then jumps over the slot to the next one.

    ``slots``: the slots to play, rising; after the last one time stands still. Without it each slot is the
    next tick at which no generator plays any more, the first one ``first_tick``.
    """

    def __init__(self, armed: asyncio.Event, slots: Iterable[int] | None = None, first_tick: int = 1) -> None:
        self._armed, self._first = armed, first_tick
        self._slots: Iterator[int] | None = None if slots is None else iter(slots)

    async def run(self, laboratory: Laboratory) -> None:
        """Play slots as they are armed."""
        slot = self._next(self._first)
        passed = 0
        while slot is not None:
            laboratory.pass_ticks(passed + 1, slot - 1)
            await self._armed.wait()
            self._armed.clear()
            passed, slot = slot, self._next(laboratory.play(slot))

    def _next(self, free: int) -> int | None:
        return free if self._slots is None else next(self._slots, None)
