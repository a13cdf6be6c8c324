# SPDX-License-Identifier: Apache-2.0
"""A recording proxy for ZeroMQ: requests and replies, and the streams that a DataLink service opens."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from contextlib import suppress
from typing import cast

import zmq
import zmq.asyncio

from heraldlink_sim.recording.endpoints import Endpoint
from heraldlink_sim.recording.tape import Tape

_LINGER_MS = 500
_PORT = re.compile(rb"--stream-port\s+(\d+)")


class ZmqProxy:
    """Stands before one REP or ROUTER socket; ``address`` is ``tcp://host:port``."""

    def __init__(self, target: Endpoint, suffix: str, tape: Tape, host: str, port: int = 0) -> None:
        self._context = zmq.asyncio.Context()
        self._target, self._suffix, self._tape, self._host = target, suffix, tape, host
        self._refusing = False
        self._front = self._socket(zmq.ROUTER)
        self._back = self._socket(zmq.DEALER)
        self.port = bind(self._front, host, port)
        self._back.connect(f"tcp://{target.host}:{target.port}")
        self.address = target.at(host, self.port)
        self._opening: dict[tuple[bytes, ...], tuple[int, int]] = {}
        self._tasks = [asyncio.create_task(self._questions()), asyncio.create_task(self._answers())]

    async def close(self) -> None:
        """Stop listening and drop all connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._context.destroy(linger=0)

    def refuse(self, refusing: bool) -> None:
        """Answer nobody, until told otherwise."""
        self._refusing = refusing

    def _socket(self, kind: int) -> zmq.asyncio.Socket:
        socket: zmq.asyncio.Socket = self._context.socket(kind)
        socket.setsockopt(zmq.LINGER, _LINGER_MS)
        return socket

    async def _questions(self) -> None:
        while True:
            parts = await self._front.recv_multipart()
            if not self._refusing and b"" in parts[1:]:
                self._tape.note(self._suffix, ">", parts[-1])
                await _send(self._back, [*parts[:-1], self._forwarded(tuple(parts[:-1]), parts[-1])])

    async def _answers(self) -> None:
        while True:
            *envelope, answer = await self._back.recv_multipart()
            if ports := self._opening.pop(tuple(envelope), None):
                answer = self._with_stream(answer, *ports)
            self._tape.note(self._suffix, "<", answer)
            if not self._refusing:
                await _send(self._front, [*envelope, answer])

    def _forwarded(self, envelope: tuple[bytes, ...], request: bytes) -> bytes:
        """A request as the target gets it: a stream goes to another port there, the client's is ours.

        The time controller's address is the target's, where the client named ours.
        """
        if self._target.service.protocol != "datalink" or (wanted := stream_port(request)) is None:
            return request
        there = free_port(self._host) if wanted else 0
        self._opening[envelope] = (wanted, there)
        request = _PORT.sub(b"--stream-port %d" % there, request)
        return request.replace(f"--address {self._host}".encode(), f"--address {self._target.host}".encode())

    def _with_stream(self, answer: bytes, wanted: int, there: int) -> bytes:
        """Put a socket of our own before a stream that was just opened."""
        opened = opened_stream(answer)
        if opened is None:
            return answer
        source, sink = self._socket(zmq.PAIR), self._socket(zmq.PAIR)
        source.setsockopt(zmq.RCVHWM, 0)
        source.connect(f"tcp://{self._target.host}:{opened.get('port', there)}")
        try:
            port = bind(sink, self._host, wanted)
        except OSError as error:
            return stream_refusal(wanted, error)
        self._tasks.append(asyncio.create_task(self._stream(source, sink, str(opened["id"]))))
        return json.dumps({**opened, "port": port}).encode() if "port" in opened else answer

    async def _stream(self, there: zmq.asyncio.Socket, here: zmq.asyncio.Socket, name: str) -> None:
        with suppress(zmq.ZMQError):
            while message := await there.recv():
                self._tape.note(f"{self._suffix}/{name}", "<", message)
                await here.send(message)
            await here.send(b"")


def opened_stream(answer: bytes) -> dict[str, object] | None:
    """The answer to ``start-stream``, if a stream was opened."""
    with suppress(ValueError):
        found: object = json.loads(answer)
        if isinstance(found, dict) and "id" in found:
            return cast("dict[str, object]", found)
    return None


def stream_port(request: bytes) -> int | None:
    """The port that a ``start-stream`` asks for, 0: any free one; None for other requests."""
    found = _PORT.search(request) if request.lstrip().startswith(b"start-stream") else None
    return int(found[1]) if found else None


def stream_refusal(port: int, error: OSError) -> bytes:
    """The answer to a ``start-stream`` whose port cannot be taken."""
    return json.dumps({"error": {"description": f"Cannot bind stream port {port}: {error}"}}).encode()


def free_port(host: str) -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def bind(socket: zmq.asyncio.Socket, host: str, port: int) -> int:
    """Bind to a port, 0: any free one; return it. Raises OSError if it is taken."""
    try:
        if port == 0:
            return socket.bind_to_random_port(f"tcp://{host}")
        socket.bind(f"tcp://{host}:{port}")
    except zmq.ZMQError as error:
        raise OSError(error.errno, str(error)) from error
    return port


async def _send(socket: zmq.asyncio.Socket, parts: list[bytes]) -> None:
    await socket.send_multipart(parts)  # pyright: ignore[reportUnknownMemberType]
