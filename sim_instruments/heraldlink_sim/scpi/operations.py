# SPDX-License-Identifier: Apache-2.0
"""Overlapped operations (IEEE 488.2, chapter 12): begun by a command, over when the clock says so."""

from collections.abc import Callable
from dataclasses import dataclass

from heraldlink_sim.clock import Clock
from heraldlink_sim.scpi.errors import ScpiError


@dataclass(frozen=True, slots=True)
class _Operation:
    ends_s: float
    then: Callable[[], None] | None


class Operations:
    """What an instrument is still doing. Nothing runs by itself: an end is noticed when somebody looks."""

    def __init__(self, clock: Clock, report: Callable[[ScpiError], None]) -> None:
        self._clock, self._report = clock, report
        self._pending: list[_Operation] = []

    def begin(self, duration_s: float, then: Callable[[], None] | None, *, behind: bool) -> None:
        """Begin one that takes ``duration_s``, now or ``behind`` the others; ``then`` acts at its end."""
        now_s = self._clock.now_s()
        start_s = max(now_s, self.ends_s) if behind else now_s
        self._pending.append(_Operation(start_s + duration_s, then))

    def abort(self) -> None:
        """Forget all of them; what would have been done at their ends is not."""
        self._pending.clear()

    @property
    def pending(self) -> bool:
        """Whether there is one whose end nobody has noticed."""
        return bool(self._pending)

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
                self._finish(first.then)
        return True

    def _finish(self, then: Callable[[], None]) -> None:
        try:
            then()
        except ScpiError as error:
            self._report(error)
