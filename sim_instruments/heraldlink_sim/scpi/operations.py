# SPDX-License-Identifier: Apache-2.0
"""Overlapped operations (IEEE 488.2, chapter 12): begun by a command, over when the clock says so."""

from collections.abc import Callable
from dataclasses import dataclass

from heraldlink_sim.clock import Clock


@dataclass(frozen=True, slots=True)
class _Operation:
    ends_s: float
    then: Callable[[], None] | None


class Operations:
    """What an instrument is still doing. Nothing runs by itself: an end is noticed when somebody looks."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pending: list[_Operation] = []

    def begin(self, duration_s: float, then: Callable[[], None] | None = None) -> None:
        """Begin one that takes ``duration_s``; ``then`` is called when its end is noticed."""
        self._pending.append(_Operation(self._clock.now_s() + duration_s, then))

    def abort(self) -> None:
        """Forget all of them; what would have been done at their ends is not."""
        self._pending.clear()

    @property
    def ends_s(self) -> float:
        """When the last one ends; the past if none is pending."""
        return max((operation.ends_s for operation in self._pending), default=float("-inf"))

    def settle(self) -> bool:
        """Notice what has ended, in the order of the ends; whether nothing is pending any more."""
        if not self._pending:
            return True
        while self._pending:
            first = min(self._pending, key=lambda operation: operation.ends_s)
            if first.ends_s > self._clock.now_s():
                return False
            self._pending.remove(first)
            if first.then is not None:
                first.then()
        return True

    async def complete(self) -> None:
        """Return when nothing is pending any more."""
        while not self.settle():
            await self._clock.sleep_until(self.ends_s)
