# SPDX-License-Identifier: Apache-2.0
"""One of the two TCP connections of a HiSLIP session: bytes in, messages out."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np

from heraldlink_sim.transport.hislip_messages import (
    HEADER,
    PROLOGUE,
    VENDOR_SPECIFIC,
    ErrorCode,
    FatalCode,
    Kind,
    pack,
)
from heraldlink_sim.transport.outlet import Outlet, Parts
from heraldlink_sim.transport.server import Connections, acknowledge_now
from heraldlink_sim.transport.vigil import Vigil

LARGEST_PAYLOAD = 1 << 28
_SCRATCH = 1 << 16
_MESSAGES_PER_TURN = 32

Payload = bytes | memoryview | None
"""None: it was longer than :data:`LARGEST_PAYLOAD`, and is thrown away."""


class Handler(Protocol):
    """Takes the messages of a channel."""

    def __call__(self, kind: int, control: int, parameter: int, payload: Payload, /) -> None:
        """Take one message; ``kind`` may be a number that is not in :class:`Kind`."""
        ...


class Channel(asyncio.BufferedProtocol):
    """Receives messages. A long payload is received straight into its own memory.

    ``opened`` gets the first message and says who takes the others; ``lost`` is called at the end.
    """

    def __init__(
        self, opened: Callable[["Channel", int, int, Payload], Handler | None], connections: Connections
    ) -> None:
        self._opened, self._connections = opened, connections
        self._handler: Handler | None = None
        self.lost: Callable[[], None] = lambda: None
        self.sent_all: Callable[[], None] = lambda: None
        self._vigil = Vigil()
        self._scratch = memoryview(bytearray(_SCRATCH))
        self._begin = self._end = 0
        self._large: memoryview | None = None
        self._filled = 0
        self._head = (0, 0, 0)
        self._skip = 0
        self._held = self._yielding = False
        self._answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or hang up on it."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # that of a TCP server
        self._transport = transport
        self.outlet = Outlet(transport, lambda: self.sent_all())
        if not self._connections.admit(self):
            transport.abort()

    def get_buffer(self, sizehint: int) -> memoryview:
        """Memory for what arrives next."""
        if self._large is not None:
            return self._large[self._filled :]
        return self._scratch[self._end :]

    def buffer_updated(self, nbytes: int) -> None:
        """Take what has arrived."""
        if self._large is None:
            self._vigil.begin()
            self._end += nbytes
            self._answered = False
            self._take_messages()
            if not self._answered and not self._transport.is_closing():
                acknowledge_now(self._transport)
            return
        self._filled += nbytes
        if self._filled == len(self._large):
            payload, self._large = self._large, None
            self._deliver(*self._head, payload)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the session. Its memory is freed now, not when the collector finds the connection."""
        self._connections.forget(self)
        self._scratch, self._large = memoryview(b""), None
        self._begin = self._end = 0
        self.lost()

    def pause_writing(self) -> None:
        """Wait for a client that does not read."""
        self.outlet.pause()

    def resume_writing(self) -> None:
        """Go on: the client reads again."""
        self.outlet.resume()

    def cancel(self) -> None:
        """Break the connection off."""
        self._transport.abort()

    def send(self, data: bytes) -> None:
        """Send one message, behind whatever waits for the client."""
        self._answered = True
        if not self._transport.is_closing():
            self.outlet.send(data)

    def send_all(self, messages: Iterable[Parts]) -> None:
        """Send long messages, each given in parts."""
        self._answered = True
        if not self._transport.is_closing():
            self.outlet.send_all(messages)

    def refuse(self, kind: int) -> None:
        """Answer a message of an unknown type."""
        code = ErrorCode.UNKNOWN_VENDOR_MESSAGE if kind >= VENDOR_SPECIFIC else ErrorCode.UNKNOWN_MESSAGE
        self.error(code, f"message type {kind} is not one of HiSLIP 1.0")

    def error(self, code: ErrorCode, text: str) -> None:
        """Tell the client of a message that is refused."""
        self.send(pack(Kind.ERROR, code, payload=text.encode()))

    def fatal(self, code: FatalCode, text: str) -> None:
        """Tell the client that it broke the protocol, and close."""
        self.send(pack(Kind.FATAL_ERROR, code, payload=text.encode()))
        self._transport.close()

    def close(self) -> None:
        """Close when all is sent."""
        self._transport.close()

    def hold(self) -> None:
        """Receive nothing until :meth:`go_on`."""
        self._held = True
        self._transport.pause_reading()

    def go_on(self) -> None:
        """Receive again."""
        if self._held:
            self._held = False
            self._take_messages()

    def _take_messages(self) -> None:
        """Deliver what is complete, a few messages in each turn of the event loop."""
        for _ in range(_MESSAGES_PER_TURN):
            if self._held or self._yielding or self._transport.is_closing() or not self._take_message():
                break
        else:
            self._yielding = True
            asyncio.get_running_loop().call_soon(self._next_turn)
        self._make_room()
        if self._held or self._yielding:
            self._transport.pause_reading()
        else:
            self._transport.resume_reading()

    def _next_turn(self) -> None:
        self._yielding = False
        self._take_messages()

    def _take_message(self) -> bool:
        """Deliver one message from the scratch memory; False if none is complete there."""
        if self._skip:
            return self._throw_away()
        begin, available = self._begin, self._end - self._begin - HEADER.size
        if available < 0:
            return False
        prologue, kind, control, parameter, length = HEADER.unpack_from(self._scratch, begin)
        if prologue != PROLOGUE:
            self.fatal(FatalCode.BAD_HEADER, "message header does not begin with HS")
            return False
        start = begin + HEADER.size
        if length <= available:
            self._begin = start + length
            self._deliver(kind, control, parameter, bytes(self._scratch[start : self._begin]))
            return True
        if length > LARGEST_PAYLOAD:
            self._begin, self._skip = start, length
            self._deliver(kind, control, parameter, None)
            return True
        if HEADER.size + length > _SCRATCH:
            self._begin_large((kind, control, parameter), length, start)
        return False

    def _begin_large(self, head: tuple[int, int, int], length: int, start: int) -> None:
        self._head = head
        self._large = np.empty(length, np.uint8).data  # takes memory only as it is filled
        self._filled = self._end - start
        self._large[: self._filled] = self._scratch[start : self._end]
        self._begin = self._end = 0

    def _throw_away(self) -> bool:
        gone = min(self._skip, self._end - self._begin)
        self._begin += gone
        self._skip -= gone
        return not self._skip

    def _make_room(self) -> None:
        rest = self._end - self._begin
        if self._begin and rest:
            self._scratch[:rest] = bytes(self._scratch[self._begin : self._end])
        self._begin, self._end = 0, rest

    def _deliver(self, kind: int, control: int, parameter: int, payload: Payload) -> None:
        if self._handler is None:
            self._handler = self._opened(self, kind, parameter, payload)
        else:
            self._handler(kind, control, parameter, payload)
