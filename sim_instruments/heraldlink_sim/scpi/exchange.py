# SPDX-License-Identifier: Apache-2.0
"""Message exchange of one controller with one device (IEEE 488.2, chapter 6), without any wire.

A controller writes program messages and reads the responses. Each controller has an exchange of its own; the
device's registers and error queue are common to all.
"""

import asyncio
from collections.abc import Awaitable
from typing import Protocol

from heraldlink_sim.scpi.errors import ScpiError

_INTERRUPTED, _UNTERMINATED, _DEADLOCKED, _OVERRUN = -410, -420, -430, -363


class ExchangingDevice(Protocol):
    """What an exchange needs of an instrument."""

    def respond(self, message: bytes) -> bytes | Awaitable[bytes]:
        """Answer a program message."""
        ...

    def report(self, error: ScpiError) -> None:
        """Queue an error."""
        ...

    def poll(self, *, message_available: bool) -> int:
        """Answer a serial poll."""
        ...

    def clear(self) -> None:
        """Device clear."""
        ...


class MessageExchange:
    """Input buffer and output queue of one controller.

    ``-410`` a message begins before the response to the last one was read, which is dropped. ``-420`` reading
    where no query was finished. ``-430`` a response beyond ``output_capacity`` bytes: it is dropped and the
    units behind it are executed all the same (6.3.1.7). ``-363`` a message beyond ``input_capacity`` bytes.
    """

    def __init__(
        self, device: ExchangingDevice, *, input_capacity: int = 1 << 28, output_capacity: int = 1 << 20
    ) -> None:
        self._device = device
        self._input_capacity, self._output_capacity = input_capacity, output_capacity
        self._input = bytearray()
        self._overrun = False
        self._output = memoryview(b"")
        self._executing: asyncio.Future[bytes] | None = None

    @property
    def message_available(self) -> bool:
        """Whether a response, or the rest of one, waits to be read."""
        return len(self._output) > 0

    async def write(self, data: bytes, *, end: bool = True) -> None:
        """Send bytes; with ``end`` they end a program message, which is executed."""
        if len(self._output):
            self._output = memoryview(b"")
            self._device.report(ScpiError(_INTERRUPTED))
        self._overrun = self._overrun or len(self._input) + len(data) > self._input_capacity
        if not self._overrun:
            self._input += data
        if end:
            await self._execute()

    async def read(self, most: int | None = None) -> bytes:
        """Take the response with its line feed, or at most so many bytes of it; empty with -420."""
        if not len(self._output):
            self._input.clear()
            self._device.report(ScpiError(_UNTERMINATED))
            return b""
        count = len(self._output) if most is None else most
        data, self._output = bytes(self._output[:count]), self._output[count:]
        return data

    def poll(self) -> int:
        """The status byte, with this controller's message-available bit."""
        return self._device.poll(message_available=self.message_available)

    def clear(self) -> None:
        """Device clear: both buffers are empty, what is being executed ends, settings and errors stay."""
        self._input.clear()
        self._overrun = False
        self._output = memoryview(b"")
        if self._executing is not None:
            self._executing.cancel()
        self._device.clear()

    async def _execute(self) -> None:
        message, overrun = bytes(self._input), self._overrun
        self._input.clear()
        self._overrun = False
        if overrun:
            self._device.report(ScpiError(_OVERRUN))
            return
        answer = await self._answer(message.removesuffix(b"\n"))
        if len(answer) > self._output_capacity:
            self._device.report(ScpiError(_DEADLOCKED))
        elif answer:
            self._output = memoryview(answer + b"\n")

    async def _answer(self, message: bytes) -> bytes:
        answer = self._device.respond(message)
        if isinstance(answer, bytes):
            return answer
        executing = asyncio.ensure_future(answer)
        self._executing = executing
        try:
            await asyncio.wait({executing})
        finally:
            self._executing = None
            if not executing.done():
                executing.cancel()
        return b"" if executing.cancelled() else executing.result()
