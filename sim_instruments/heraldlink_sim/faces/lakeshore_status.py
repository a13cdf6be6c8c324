# SPDX-License-Identifier: Apache-2.0
"""Status registers of a Lake Shore 372.

Standard event status register: OPC 1, QYE 4, EXE 16, CME 32, PON 128. Status byte: 1 ramp of the warm-up
heater done, 2 and 4 valid reading of the control and of a measurement input, 8 alarm, 16 sensor overload,
32 event summary, 64 service request, 128 ramp of the sample heater done (bit names: the vendor's Python
package).
"""

from __future__ import annotations

from collections.abc import Callable

from heraldlink_sim.faces.lakeshore_grammar import COMMAND_ERROR, Int, Refusal

OPERATION_COMPLETE, POWER_ON = 0x01, 0x80
WARMUP_RAMP_DONE, CONTROL_READING, INPUT_READING, ALARM, OVERLOAD = 0x01, 0x02, 0x04, 0x08, 0x10
SUMMARY, SERVICE_REQUEST, SAMPLE_RAMP_DONE = 0x20, 0x40, 0x80

_MASK = Int(0, 255)


class Registers:
    """Event register, both masks, and the part of the status byte that is latched."""

    def __init__(self) -> None:
        self.events, self.latched = POWER_ON, 0
        self.service_requests: list[Callable[[], None]] = []
        self._event_enable = self._service_enable = 0
        self._requesting = False

    def byte(self, present: int) -> int:
        """The status byte; ``present``: bits that hold now."""
        value = self.latched | present | (SUMMARY if self.events & self._event_enable else 0)
        return value | (SERVICE_REQUEST if value & self._service_enable else 0)

    def watch(self, present: int) -> None:
        """Call for service when the summary bit rises."""
        requesting = bool(self.byte(present) & SERVICE_REQUEST)
        if requesting and not self._requesting:
            for call in self.service_requests:
                call()
        self._requesting = requesting

    def clear(self) -> None:
        """``*CLS``."""
        self.events = self.latched = 0

    def command(self, header: str, arguments: tuple[str, ...]) -> bool:
        """Run ``*CLS``, ``*ESE``, ``*SRE``, ``*OPC`` or ``*WAI``; False for any other. Raises Refusal."""
        if header in ("*ESE", "*SRE"):
            if len(arguments) != 1:
                raise Refusal(COMMAND_ERROR)
            mask = _MASK.parse(arguments[0])
            if header == "*ESE":
                self._event_enable = mask
            else:
                self._service_enable = mask & ~SERVICE_REQUEST
            return True
        if header not in ("*CLS", "*OPC", "*WAI"):
            return False
        if arguments:
            raise Refusal(COMMAND_ERROR)
        if header == "*CLS":
            self.clear()
        elif header == "*OPC":
            self.events |= OPERATION_COMPLETE
        return True

    def query(self, header: str) -> str | None:
        """Reply to ``*ESR?``, ``*ESE?`` or ``*SRE?``; None for any other."""
        if header == "*ESR":
            events, self.events = self.events, 0
            return str(events)
        masks = {"*ESE": self._event_enable, "*SRE": self._service_enable}
        return str(masks[header]) if header in masks else None
