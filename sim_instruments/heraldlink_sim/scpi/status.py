# SPDX-License-Identifier: Apache-2.0
"""Status byte and standard event registers of IEEE 488.2, chapter 11."""

from dataclasses import dataclass

OPERATION_COMPLETE = 0x01
POWER_ON = 0x80

ERROR_AVAILABLE = 0x04
MESSAGE_AVAILABLE = 0x10
EVENT_SUMMARY = 0x20
MASTER_SUMMARY = 0x40


@dataclass(slots=True)
class Status:
    """Event register with its two enable masks."""

    events: int = POWER_ON
    event_enable: int = 0
    service_enable: int = 0

    def raise_event(self, bits: int) -> None:
        """Set bits of the standard event status register."""
        self.events |= bits

    def take_events(self) -> int:
        """Read and clear the register (``*ESR?``)."""
        events, self.events = self.events, 0
        return events

    def byte(self, *, errors: bool, message_available: bool) -> int:
        """The status byte with the master summary bit (``*STB?``)."""
        value = ERROR_AVAILABLE * errors | MESSAGE_AVAILABLE * message_available
        if self.events & self.event_enable:
            value |= EVENT_SUMMARY
        return value | (MASTER_SUMMARY if value & self.service_enable & ~MASTER_SUMMARY else 0)
