# SPDX-License-Identifier: Apache-2.0
"""ZeroMQ sockets of the event loop: REQ clients answered in place, and streams sent in order.

A request is answered where the loop finds its socket readable: no task and no future per message, which
makes a request on loopback three times as quick as through ``zmq.asyncio``.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Generator
from contextlib import contextmanager
from typing import cast

import zmq

from heraldlink_sim.transport.server import Device, Dropped, Repeated

Socket = zmq.Socket[bytes]

MAX_REQUEST_BYTES = 1 << 16
MAX_QUEUED_BYTES = 1 << 28
LINGER_MS = 500
TURN = 64
"""Requests answered before others have their turn."""
READABLE, AT_ONCE, MORE = int(zmq.POLLIN), int(zmq.NOBLOCK), int(zmq.NOBLOCK | zmq.SNDMORE)
"""As numbers: an enum's operators take longer than what they are for."""


def bind(socket: Socket, host: str, port: int) -> int:
    """Bind to a port, 0: to a free one. Raises ZMQError if it is taken."""
    if port == 0:
        return socket.bind_to_random_port(f"tcp://{host}")
    socket.bind(f"tcp://{host}:{port}")
    return port


def received(socket: Socket) -> list[bytes]:
    """All parts of the next message. Raises zmq.Again if there is none.

    What recv_multipart does; frames know whether more follow, which takes longer to ask of the socket.
    """
    frame = socket.recv(AT_ONCE, copy=False)
    parts = [frame.bytes]
    while frame.more:
        frame = socket.recv(AT_ONCE, copy=False)
        parts.append(frame.bytes)
    return parts


class _Watched:
    """A socket whose edge-triggered readiness the loop reports."""

    def __init__(self, context: zmq.Context[Socket], kind: int, linger_ms: int) -> None:
        self._loop = asyncio.get_running_loop()
        self.socket = context.socket(kind)
        self.socket.setsockopt(zmq.LINGER, linger_ms)
        self._number = cast("int", self.socket.getsockopt(zmq.FD))
        self._again: asyncio.Handle | None = None

    def watch(self) -> None:
        """Begin to report."""
        self._loop.add_reader(self._number, self.ready)
        self.later()

    def later(self) -> None:
        """Look again in the next turn of the loop."""
        if self._again is None and not self.socket.closed:
            self._again = self._loop.call_soon(self._look)

    def _look(self) -> None:
        self._again = None
        self.ready()

    def ready(self) -> None:
        """Do what can be done; sockets override it."""

    def close(self) -> None:
        """Close the socket."""
        if not self.socket.closed:
            self._loop.remove_reader(self._number)
            if self._again is not None:
                self._again.cancel()
            self.socket.close()


class RequestPort(_Watched):
    """A port that answers REQ clients, each in its turn.

    It is a ROUTER: a REP socket sends its next reply nowhere after a client whose bytes were not ZeroMQ's.
    """

    def __init__(self, context: zmq.Context[Socket], door: Device, host: str, port: int) -> None:
        super().__init__(context, zmq.ROUTER, 0)
        self._door, self._waiting = door, set[asyncio.Task[None]]()
        self.refusing = False
        self.socket.setsockopt(zmq.MAXMSGSIZE, MAX_REQUEST_BYTES)
        try:
            self.port = bind(self.socket, host, port)
        except zmq.ZMQError:
            self.socket.close()
            raise
        self.watch()

    def ready(self) -> None:
        """Answer what has arrived."""
        for _ in range(TURN):
            try:
                if not cast("int", self.socket.getsockopt(zmq.EVENTS)) & READABLE:
                    return
                parts = received(self.socket)
            except zmq.Again:  # announced, but thrown away by libzmq as malformed
                continue
            except zmq.ZMQError:
                return
            if b"" in parts[1:]:  # whatever has no envelope is passed over
                end = parts.index(b"", 1) + 1
                self._answer(parts[:end], b"".join(parts[end:]))
        self.later()

    def _answer(self, envelope: list[bytes], request: bytes) -> None:
        with self._ended(envelope):
            reply = self._door.respond(request)
            if isinstance(reply, bytes):
                self._reply(envelope, reply)
            else:
                task = self._loop.create_task(self._wait(envelope, reply))
                self._waiting.add(task)
                task.add_done_callback(self._waiting.discard)

    async def _wait(self, envelope: list[bytes], reply: Awaitable[bytes]) -> None:
        with self._ended(envelope):
            self._reply(envelope, await reply)
        self.later()  # sending may eat the edge that announces the next request

    @contextmanager
    def _ended(self, envelope: list[bytes]) -> Generator[None]:
        """Send what an instrument that stammers got out; of one that breaks off ZeroMQ delivers nothing."""
        try:
            yield
        except Dropped:
            pass
        except Repeated as end:
            self._reply(envelope, end.answer)
            self._reply(envelope, end.answer)

    def _reply(self, envelope: list[bytes], reply: bytes) -> None:
        if not self.refusing and not self.socket.closed:
            for part in envelope:
                self.socket.send(part, MORE)
            self.socket.send(reply, AT_ONCE)

    def close(self) -> None:
        """Answer nobody any more."""
        for task in self._waiting:
            task.cancel()
        super().close()


class PairStream(_Watched):
    """One stream: a bound PAIR socket and a queue, which is sent in order as its client takes it."""

    def __init__(self, context: zmq.Context[Socket], host: str, port: int) -> None:
        super().__init__(context, zmq.PAIR, LINGER_MS)
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        try:
            self.port = bind(self.socket, host, port)
        except zmq.ZMQError:
            self.socket.close()
            raise
        self.watch()

    @property
    def done(self) -> bool:
        """Whether everything was sent, with the empty message that ends a stream."""
        return self.socket.closed

    def put(self, message: bytes) -> bool:
        """Queue a message; False if the client is too far behind."""
        if self._queued_bytes + len(message) > MAX_QUEUED_BYTES:
            return False
        self._queue.append(message)
        self._queued_bytes += len(message)
        self.ready()
        return True

    def finish(self) -> None:
        """Send the rest, then the empty message that ends a stream; close when nobody takes them."""
        self._queue.append(b"")
        self.ready()
        self._give_up(len(self._queue) + 1)

    def _give_up(self, before: int) -> None:
        """Close once nothing was taken for a while: the client is gone, or was never there."""
        if self.socket.closed:
            return
        if len(self._queue) < before:
            self._loop.call_later(LINGER_MS / 1e3, self._give_up, len(self._queue))
        else:
            self.close()

    def ready(self) -> None:
        """Send what the client takes."""
        cast("int", self.socket.getsockopt(zmq.EVENTS))  # the edge is seen, the next one will be told
        while self._queue and not self.socket.closed:
            try:
                self.socket.send(self._queue[0], zmq.NOBLOCK)
            except zmq.Again:
                if not cast("int", self.socket.getsockopt(zmq.EVENTS)) & zmq.POLLOUT:
                    return  # the next edge tells when the client takes more
                continue  # it did so in between, and that edge is gone
            message = self._queue.popleft()
            self._queued_bytes -= len(message)
            if not message:
                self.close()
