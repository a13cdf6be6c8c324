# SPDX-License-Identifier: Apache-2.0
"""Status byte and registers of IEEE 488.2 chapter 11 and SCPI-1999 volume 1 chapter 9."""

from dataclasses import dataclass, field

OPERATION_COMPLETE = 0x01
POWER_ON = 0x80

ERROR_AVAILABLE = 0x04
QUESTIONABLE_SUMMARY = 0x08
MESSAGE_AVAILABLE = 0x10
EVENT_SUMMARY = 0x20
MASTER_SUMMARY = 0x40
OPERATION_SUMMARY = 0x80

ALL_BITS = 0x7FFF
"""Registers have 15 bits: bit 15 is never used (SCPI-1999 volume 1, 9.1)."""


@dataclass(slots=True)
class Register:
    """Condition with its transition filters, the events that they let through, and the enable mask."""

    condition: int = 0
    event: int = 0
    enable: int = 0
    positive: int = ALL_BITS
    negative: int = 0

    @property
    def summary(self) -> bool:
        """Whether an enabled event is there."""
        return bool(self.event & self.enable)

    def set_condition(self, bits: int, on: bool) -> None:
        """Set or clear condition bits; a change that its filter lets through becomes an event."""
        before = self.condition
        self.condition = before | bits if on else before & ~bits
        self.event |= (self.condition & ~before & self.positive) | (before & ~self.condition & self.negative)

    def take_event(self) -> int:
        """Read and clear the event register."""
        event, self.event = self.event, 0
        return event

    def preset(self) -> None:
        """Enable nothing, and report rising conditions (``STATus:PRESet``)."""
        self.enable, self.positive, self.negative = 0, ALL_BITS, 0


@dataclass(slots=True)
class Status:
    """Standard event register with its masks, and the two registers of SCPI."""

    events: int = POWER_ON
    event_enable: int = 0
    service_enable: int = 0
    operation: Register = field(default_factory=Register)
    questionable: Register = field(default_factory=Register)

    def raise_event(self, bits: int) -> None:
        """Set bits of the standard event status register."""
        self.events |= bits

    def take_events(self) -> int:
        """Read and clear the register (``*ESR?``)."""
        events, self.events = self.events, 0
        return events

    def clear(self) -> None:
        """Clear all event registers (``*CLS``); masks and conditions stay."""
        self.events = self.operation.event = self.questionable.event = 0

    def byte(self, *, errors: bool, message_available: bool) -> int:
        """The status byte with the master summary bit (``*STB?``)."""
        value = (
            ERROR_AVAILABLE * errors
            | MESSAGE_AVAILABLE * message_available
            | QUESTIONABLE_SUMMARY * self.questionable.summary
            | OPERATION_SUMMARY * self.operation.summary
            | EVENT_SUMMARY * bool(self.events & self.event_enable)
        )
        return value | (MASTER_SUMMARY if value & self.service_enable & ~MASTER_SUMMARY else 0)
