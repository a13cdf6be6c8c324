# SPDX-License-Identifier: Apache-2.0
"""Sockets of an ID900: ZeroMQ for REQ clients of control and DataLink service, PAIR for each stream."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from typing import Literal

import zmq
import zmq.asyncio
from pydantic import Field

from heraldlink_sim.faces.id900_datalink import DataLinkError, DataLinkService
from heraldlink_sim.faces.id_quantique_id900 import IDQuantiqueID900
from heraldlink_sim.model import InstrumentConfig, Listening, Model, Place
from heraldlink_sim.transport.server import Device, Dropped, answer_of

MAX_REQUEST_BYTES = 1 << 16
MAX_QUEUED_MESSAGES = 4096
LINGER_MS = 500


class PairStream:
    """One stream: binds a PAIR socket and sends its queue in order, from one task."""

    def __init__(self, context: zmq.asyncio.Context, host: str, port: int) -> None:
        self._socket: zmq.asyncio.Socket = context.socket(zmq.PAIR)
        self._socket.setsockopt(zmq.LINGER, LINGER_MS)
        try:
            self.port = _bind(self._socket, host, port)
        except zmq.ZMQError as error:
            self._socket.close(0)
            raise DataLinkError(f"Cannot bind stream port {port}: {error}") from error
        self._queue: deque[bytes] = deque()
        self._more = asyncio.Event()
        self.task = asyncio.get_running_loop().create_task(self._send_all())

    def put(self, message: bytes) -> bool:
        """Queue a message; False if the client is too far behind."""
        if len(self._queue) >= MAX_QUEUED_MESSAGES:
            return False
        self._queue.append(message)
        self._more.set()
        return True

    def finish(self) -> None:
        """Send the rest, then the empty message that ends a stream."""
        self._queue.append(b"")
        self._more.set()

    async def _send_all(self) -> None:
        try:
            while True:
                await self._more.wait()
                self._more.clear()
                while self._queue:
                    message = self._queue.popleft()
                    await self._socket.send(message)
                    if not message:
                        return
        finally:
            self._socket.close()


class Id900Server:
    """A time controller that listens; addresses are ``tcp://host:port``."""

    def __init__(
        self,
        device: IDQuantiqueID900,
        host: str,
        port: int,
        datalink_port: int,
        door: Device | None = None,
    ) -> None:
        self.refusing = False
        self._context = zmq.asyncio.Context()
        self._host = host
        self._streams: list[PairStream] = []
        self.datalink = DataLinkService({host, "localhost", "127.0.0.1"}, self._open_stream, time.monotonic)
        self._device = device
        try:
            control, self.port = self._listen(port)
            service, self.datalink_port = self._listen(datalink_port)
        except zmq.ZMQError as error:
            self._context.destroy(linger=0)
            raise OSError(error.errno, str(error)) from error
        device.record_listeners.append(self.datalink.record)
        self.address = f"tcp://{host}:{self.port}"
        self.datalink_address = f"tcp://{host}:{self.datalink_port}"
        self._tasks = [
            asyncio.create_task(self._answer(control, door or device)),
            asyncio.create_task(self._answer(service, self.datalink)),
        ]

    async def close(self) -> None:
        """Stop listening, end all streams and free the ports."""
        self._device.record_listeners.remove(self.datalink.record)
        tasks = [*self._tasks, *(stream.task for stream in self._streams)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._context.destroy(linger=0)

    def _listen(self, port: int) -> tuple[zmq.asyncio.Socket, int]:
        # a REP socket sends its next reply nowhere after a client whose bytes were not ZeroMQ's
        socket: zmq.asyncio.Socket = self._context.socket(zmq.ROUTER)
        socket.setsockopt(zmq.LINGER, 0)
        socket.setsockopt(zmq.MAXMSGSIZE, MAX_REQUEST_BYTES)
        return socket, _bind(socket, self._host, port)

    def _open_stream(self, port: int) -> PairStream:
        self._streams = [stream for stream in self._streams if not stream.task.done()]
        stream = PairStream(self._context, self._host, port)
        self._streams.append(stream)
        return stream

    def refuse(self, refusing: bool) -> None:
        """Answer nobody, until told otherwise: what ZeroMQ shows of an instrument that hangs up."""
        self.refusing = refusing

    async def _answer(self, socket: zmq.asyncio.Socket, door: Device) -> None:
        with contextlib.closing(socket):
            while True:
                envelope, request = await _receive(socket)
                with contextlib.suppress(Dropped):
                    reply = await answer_of(door, request)
                    if not self.refusing:
                        await socket.send_multipart([*envelope, reply])  # pyright: ignore[reportUnknownMemberType]


async def _receive(socket: zmq.asyncio.Socket) -> tuple[list[bytes], bytes]:
    """Next request of a REQ client: its envelope, and its text. Whatever has no envelope is passed over."""
    while True:
        with contextlib.suppress(zmq.Again):  # announced, but thrown away by libzmq as malformed
            parts = await socket.recv_multipart()
            if b"" in parts[1:]:
                end = parts.index(b"", 1) + 1
                return parts[:end], b"".join(parts[end:])


async def serve_id900(
    device: IDQuantiqueID900,
    host: str = "127.0.0.1",
    port: int = 0,
    datalink_port: int = 0,
    door: Device | None = None,
) -> Id900Server:
    """Serve a time controller on its two ports; 0 takes a free port. Raises OSError if one is taken.

    Requests of the control port go through ``door`` if it is given.
    """
    return Id900Server(device, host, port, datalink_port, door)


def _bind(socket: zmq.asyncio.Socket, host: str, port: int) -> int:
    if port == 0:
        return socket.bind_to_random_port(f"tcp://{host}")
    socket.bind(f"tcp://{host}:{port}")
    return port


InputName = Literal["STAR", "INPU1", "INPU2", "INPU3", "INPU4"]


class TimeControllerConfig(InstrumentConfig):
    """``second_port``: DataLink service; ``startup``: commands of the power-up configuration.

    ``levels_V``: pulse heights on its input cables.
    """

    startup: tuple[str, ...] = ()
    levels_V: dict[InputName, float] = Field(default_factory=dict[InputName, float])


def _make(place: Place, config: TimeControllerConfig) -> IDQuantiqueID900:
    levels_V = {str(name): level_V for name, level_V in config.levels_V.items()}
    face = IDQuantiqueID900(place.serial, levels_V, place.tick_period_ps)
    for command in config.startup:
        face.execute(command)
    return face


async def _serve(
    device: Device, face: IDQuantiqueID900, config: TimeControllerConfig, host: str, name: str
) -> Listening:
    server = await serve_id900(face, host, config.port, config.second_port, device)
    return Listening({name: server.address, f"{name}.datalink": server.datalink_address}, (server,))


MODEL = Model("ID Quantique ID900", "tagger", _make, _serve, TimeControllerConfig, scpi=False)
