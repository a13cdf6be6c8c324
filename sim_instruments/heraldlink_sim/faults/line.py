# SPDX-License-Identifier: Apache-2.0
"""The line between an instrument and its server, on which faults lie."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Literal, cast

from heraldlink_sim.faults.acts import ACTS
from heraldlink_sim.faults.strikes import Injected
from heraldlink_sim.scpi.errors import ScpiError
from heraldlink_sim.transport.server import Device, Polled, Reporting, answer_of

Note = Callable[[Injected, bytes], None]


def _unnoted(fault: Injected, message: bytes) -> None:
    """Log nothing."""


class Line:
    """A device with faults in front of it; without any, messages pass straight through."""

    def __init__(
        self, device: Device, now_s: Callable[[], float], note: Note = _unnoted, serial: str = ""
    ) -> None:
        self.device, self.serial = device, serial
        self.faults: list[Injected] = []
        self.on_look: Callable[[], None] = _nothing
        self.on_power_cycle: Callable[[], None] = _nothing
        self.on_message: Callable[[bytes], None] | None = None
        """Is told every message that arrives, struck or not, while somebody watches."""
        self._now_s, self._note = now_s, note

    @property
    def wire_log(self) -> deque[tuple[Literal["in", "out"], bytes]]:
        """The device's own: what really reached it, and what it really answered."""
        return self.device.wire_log

    @property
    def previous(self) -> bytes:
        """The last answer of the device."""
        return next((data for direction, data in reversed(self.wire_log) if direction == "out"), b"")

    def respond(self, message: bytes) -> bytes | Awaitable[bytes]:
        """Answer one message, unless a fault comes between."""
        if self.on_message is not None:
            self.on_message(message)
        return self._struck(message) if self.faults else self.device.respond(message)

    def power_cycle(self) -> None:
        """Take the device's power away and give it back."""
        self.on_power_cycle()

    async def _struck(self, message: bytes) -> bytes:
        self.on_look()
        now_s = self._now_s()
        striking = [fault for fault in self.faults if fault.strikes(message, now_s)]
        for fault in striking:
            self._note(fault, message)
        order = list(ACTS)
        return await self._pass(sorted(striking, key=lambda fault: order.index(fault.config.kind)), message)

    async def _pass(self, faults: list[Injected], message: bytes) -> bytes:
        if not faults:
            return await answer_of(self.device, message)
        return await ACTS[faults[0].config.kind](
            faults[0], self, message, lambda inner: self._pass(faults[1:], inner)
        )


class StatusLine(Line):
    """The line of a device that also has an error queue and a status byte; faults do not touch those."""

    def report(self, error: ScpiError) -> None:
        """Queue an error that the transport found."""
        self._reporting.report(error)

    def status_byte(self, *, message_available: bool = False) -> int:
        """The status byte for a serial poll."""
        return self._reporting.status_byte(message_available=message_available)

    def poll(self, *, message_available: bool) -> int:
        """Answer a serial poll."""
        if isinstance(self.device, Polled):
            return self.device.poll(message_available=message_available)
        return self.status_byte(message_available=message_available)

    def clear(self) -> None:
        """Clear the device: what is being executed ends, settings stay."""
        if callable(clear := getattr(self.device, "clear", None)):
            clear()

    @property
    def service_requests(self) -> list[Callable[[], None]]:
        """Who is called when the device requests service."""
        found: object = getattr(self.device, "service_requests", [])
        return cast("list[Callable[[], None]]", found)

    @property
    def _reporting(self) -> Reporting:
        return cast(Reporting, self.device)


def line_of(device: Device, now_s: Callable[[], float], note: Note = _unnoted, serial: str = "") -> Line:
    """A line that can do all that its device can."""
    kind = StatusLine if isinstance(device, Reporting) else Line
    return kind(device, now_s, note, serial)


def _nothing() -> None:
    """Stand in until somebody listens."""
