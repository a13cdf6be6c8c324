# SPDX-License-Identifier: Apache-2.0
"""Registers, error buffer and delay cycles of a DG645.

Instrument status (``INSR?``): 1 trigger, 2 trigger while busy, 4 end of delay, 8 end of burst, 16 inhibited,
32 cycle aborted, 64 PLL unlocked, 128 rubidium unlocked. Status byte: 1 summary of those, 2 busy, 4 burst
going on, 16 answer waiting, 32 event summary, 64 service request. Bits: SRS' Python driver ``srsinst.dg645``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from heraldlink_sim.faces.dg645_grammar import TOO_MANY_ERRORS, event_bit

TRIGGERED, RATE_ERROR, END_OF_DELAY, END_OF_BURST = 1, 2, 4, 8
INHIBITED, ABORTED, UNLOCKED = 16, 32, 64
SUMMARY, BUSY, BURST, MESSAGE, EVENTS, SERVICE = 1, 2, 4, 16, 32, 64
OPERATION_COMPLETE, POWER_ON = 1, 128
ERROR_CAPACITY = 20
RECOVERY_s = 25e-9


class Registers:
    """Event and instrument status, their masks, and the buffer of error numbers."""

    def __init__(self) -> None:
        self.events, self.instrument = POWER_ON, 0
        self.masks = {"*ESE": 0, "*SRE": 0, "INSE": 0}
        self.clears_at_power_on = True
        self.service_requests: list[Callable[[], None]] = []
        self._errors: deque[int] = deque()
        self._requesting = False

    def report(self, code: int) -> None:
        """Put an error into the buffer; the last place says that more were lost."""
        self.events |= event_bit(code)
        if len(self._errors) < ERROR_CAPACITY:
            self._errors.append(code)
        else:
            self._errors[-1] = TOO_MANY_ERRORS

    def take_error(self) -> int:
        """Take the oldest error; 0 when there is none."""
        return self._errors.popleft() if self._errors else 0

    def take_events(self) -> int:
        """Read and clear the event status register."""
        events, self.events = self.events, 0
        return events

    def take_instrument(self) -> int:
        """Read and clear the instrument status register."""
        bits, self.instrument = self.instrument, 0
        return bits

    def byte(self, present: int) -> int:
        """The status byte; ``present``: its bits that hold now."""
        value = present
        value |= SUMMARY if self.instrument & self.masks["INSE"] else 0
        value |= EVENTS if self.events & self.masks["*ESE"] else 0
        return value | (SERVICE if value & self.masks["*SRE"] & ~SERVICE else 0)

    def watch(self, present: int) -> None:
        """Call for service when the service bit rises."""
        requesting = bool(self.byte(present) & SERVICE)
        if requesting and not self._requesting:
            for call in self.service_requests:
                call()
        self._requesting = requesting

    def clear(self) -> None:
        """``*CLS``."""
        self.events = self.instrument = 0
        self._errors.clear()

    def power_on(self) -> None:
        """Mains on: masks go unless ``*PSC 0`` was sent."""
        self.clear()
        self.events = POWER_ON
        if self.clears_at_power_on:
            self.masks = dict.fromkeys(self.masks, 0)


class Cycles:
    """What a trigger starts: one delay cycle, or a burst of them."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers
        self._end_s = self._burst_end_s = 0.0
        self._ended = self._burst_ended = True
        self._last_s = 0.0
        self.count = 0

    def fire(self, now_s: float, cycle_s: float, burst: tuple[int, float, float] | None) -> None:
        """Start a cycle, or a burst (count, period s, delay s)."""
        self.look(now_s)
        self._registers.instrument |= TRIGGERED
        self.count += 1
        self._ended, self._end_s = False, now_s + cycle_s + RECOVERY_s
        if burst is not None:
            count, period_s, delay_s = burst
            self._burst_ended = False
            self._end_s = self._burst_end_s = now_s + delay_s + (count - 1) * period_s + cycle_s + RECOVERY_s

    def repeat(self, now_s: float, period_s: float, cycle_s: float) -> None:
        """Let the triggers of an internal source come since this was last called."""
        first = int(self._last_s / period_s)
        triggers = int(now_s / period_s) - first
        self._last_s = now_s
        if triggers <= 0:
            return
        missed = 1 + int(cycle_s / period_s)
        self.count += max(1, triggers // missed)
        self._registers.instrument |= TRIGGERED | END_OF_DELAY | (RATE_ERROR if missed > 1 else 0)

    def rest(self, now_s: float) -> None:
        """No internal source: its next trigger counts from now."""
        self._last_s = now_s

    def look(self, now_s: float) -> int:
        """Bits of the status byte for what goes on now; what has ended is noted in the registers."""
        busy, burst = now_s < self._end_s, now_s < self._burst_end_s
        if not busy and not self._ended:
            self._ended = True
            self._registers.instrument |= END_OF_DELAY
        if not burst and not self._burst_ended:
            self._burst_ended = True
            self._registers.instrument |= END_OF_BURST
        return (BUSY if busy else 0) | (BURST if burst else 0)

    def busy(self, now_s: float) -> bool:
        """Whether a cycle or burst is under way."""
        return bool(self.look(now_s) & BUSY)

    def abort(self, now_s: float) -> None:
        """Stop what is under way, since its timing was changed."""
        if self.busy(now_s):
            self._registers.instrument |= ABORTED
            self._end_s = self._burst_end_s = now_s
            self._ended = self._burst_ended = True
