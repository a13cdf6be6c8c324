# SPDX-License-Identifier: Apache-2.0
"""What a connection has still to send: long answers go out in pieces, as fast as the client takes them."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Iterator

Buffer = bytes | bytearray | memoryview
Parts = tuple[Buffer, ...]

_CHUNK = 1 << 20
_SMALL = 1 << 14


class Outlet:
    """Sends in order. What waits for the client is referred to, not copied, but for one chunk.

    Its protocol calls :meth:`pause` and :meth:`resume` from ``pause_writing`` and ``resume_writing``.
    ``idle`` is called when everything that had to wait is sent.
    """

    def __init__(self, transport: asyncio.WriteTransport, idle: Callable[[], None]) -> None:
        transport.set_write_buffer_limits(0)
        self._transport, self._idle = transport, idle
        self.blocked = False
        """Whether the client has still to take something."""
        self._paused = False
        self._now: deque[memoryview] = deque()  # the rest of a message that was begun
        self._later: deque[Iterator[Parts]] = deque()

    def send(self, data: Buffer) -> None:
        """Send one short message; it goes behind whatever waits."""
        if self.blocked:
            self._later.append(iter([(data,)]))
        else:
            self._transport.write(data)

    def send_all(self, messages: Iterable[Parts]) -> None:
        """Send messages, each given in parts."""
        self._later.append(iter(messages))
        self._pump()

    def cut(self) -> None:
        """Send nothing more but the rest of the message that was begun."""
        self._later.clear()
        self.blocked = self._paused or bool(self._now)

    def pause(self) -> None:
        """Wait for a client that does not keep up."""
        self._paused = self.blocked = True

    def resume(self) -> None:
        """Go on: the client has taken what was sent."""
        self._paused = False
        self._pump()
        if not self.blocked:
            self._idle()

    def _pump(self) -> None:
        while not self._paused and (self._now or self._next()):
            view = self._now[0]
            self._transport.write(view[:_CHUNK])
            if len(view) > _CHUNK:
                self._now[0] = view[_CHUNK:]
            else:
                self._now.popleft()
        self.blocked = self._paused or bool(self._now) or bool(self._later)

    def _next(self) -> bool:
        """Take up the next message."""
        while self._later:
            if (parts := next(self._later[0], None)) is None:
                self._later.popleft()
                continue
            if sum(map(len, parts)) < _SMALL:
                parts = (b"".join(parts),)
            self._now.extend(memoryview(part) for part in parts if len(part))
            return True
        return False
