# SPDX-License-Identifier: Apache-2.0
"""Sockets of an EOS: JSON control port, and the port that sends one line of counts per measurement period."""

from __future__ import annotations

import asyncio
from typing import Annotated

from pydantic import Field

from heraldlink_sim.errors import TransportError
from heraldlink_sim.faces.eos_messages import JsonSession, encode
from heraldlink_sim.faces.single_quantum_eos import SingleQuantumEOS
from heraldlink_sim.model import InstrumentConfig, Listening, Model, Place
from heraldlink_sim.transport.server import (
    Device,
    Dropped,
    Repeated,
    Server,
    acknowledge_now,
    answer_of,
    listen,
)

MAX_UNSENT_BYTES = 1 << 20
LONGEST_NAP_S = 0.1
"""So that a shorter measurement period takes effect soon."""
_CHUNK = 1 << 16


class EosServer:
    """A detector box that listens; addresses are ``tcp://host:port``."""

    def __init__(self, face: SingleQuantumEOS, device: Device | None = None) -> None:
        self._device = face
        self._door = device or face
        face.on_broadcast = self._broadcast
        self._clients: set[asyncio.StreamWriter] = set()
        self._listeners: set[asyncio.StreamWriter] = set()
        self._servers: list[Server] = []
        self._clock: asyncio.Task[None] | None = None
        self.address = ""
        self.counts_address = ""

    async def start(self, host: str, port: int, counts_port: int) -> None:
        """Listen on both ports."""
        control = await listen(self._control, host, port, lambda h, p: f"tcp://{h}:{p}")
        self._servers.append(control)
        counts = await listen(self._counts, host, counts_port, lambda h, p: f"tcp://{h}:{p}")
        self._servers.append(counts)
        self.address, self.counts_address = control.address, counts.address
        self._clock = asyncio.create_task(self._send_counts())

    async def close(self) -> None:
        """Stop listening and drop all connections."""
        if self._clock is not None:
            self._clock.cancel()
            await asyncio.gather(self._clock, return_exceptions=True)
        for server in self._servers:
            await server.close()

    def refuse(self, refusing: bool) -> None:
        """Drop all connections and hang up on whoever comes, until told otherwise."""
        for server in self._servers:
            server.refuse(refusing)

    async def _control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = JsonSession()
        self._clients.add(writer)
        try:
            while data := await reader.read(_CHUNK):
                acknowledge_now(writer)
                await self._take(session, data, writer)
                await writer.drain()
        finally:
            self._clients.discard(writer)

    async def _take(self, session: JsonSession, data: bytes, writer: asyncio.StreamWriter) -> None:
        try:
            for message in session.feed(data):
                _write(writer, await self._answer(message))
        except TransportError as error:
            _write(writer, encode("Error", str(error)))

    async def _answer(self, message: bytes) -> bytes:
        """What is sent for a message, also where that is not as it should be."""
        try:
            return await answer_of(self._door, message)
        except Repeated as stammered:
            return stammered.answer * 2
        except Dropped as broken:
            if broken.closes:
                raise
            return broken.sent

    def _broadcast(self, message: bytes) -> None:
        for client in self._clients:
            _write(client, message)

    async def _counts(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._listeners.add(writer)
        try:
            while await reader.read(_CHUNK):
                pass  # the counts port takes no commands
        finally:
            self._listeners.discard(writer)

    async def _send_counts(self) -> None:
        clock = asyncio.get_running_loop().time
        begun_s = clock()
        while True:
            rest_s = begun_s + self._device.period_ms * 1e-3 - clock()
            if rest_s > 0:
                await asyncio.sleep(min(rest_s, LONGEST_NAP_S))
                continue
            begun_s = clock()
            line = self._device.counts_line()
            for writer in self._listeners:
                if writer.transport.get_write_buffer_size() < MAX_UNSENT_BYTES:
                    writer.write(line)


def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    if data and not writer.is_closing():
        writer.write(data)


async def serve_eos(
    face: SingleQuantumEOS,
    host: str = "127.0.0.1",
    port: int = 0,
    counts_port: int = 0,
    device: Device | None = None,
) -> EosServer:
    """Serve a detector box on its two ports; 0 takes a free port. Raises OSError if a port is taken.

    Requests go through ``device`` if it is given.
    """
    server = EosServer(face, device)
    await server.start(host, port, counts_port)
    return server


class EosConfig(InstrumentConfig):
    """``detectors``: how many channels the box has; ``second_port``: that of the counts."""

    detectors: Annotated[int, Field(ge=1, le=8)] = 2


def _make(place: Place, config: EosConfig) -> SingleQuantumEOS:
    return SingleQuantumEOS(place.serial, config.detectors, place.clock)


async def _serve(
    device: Device, face: SingleQuantumEOS, config: EosConfig, host: str, name: str
) -> Listening:
    server = await serve_eos(face, host, config.port, config.second_port, device)
    return Listening({name: server.address, f"{name}.counts": server.counts_address}, (server,))


MODEL = Model("Single Quantum EOS", "detector", _make, _serve, EosConfig, scpi=False)
