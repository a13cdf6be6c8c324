# SPDX-License-Identifier: Apache-2.0
"""Clients that put a transcript's requests to an instrument again: in memory, over TCP, over ZeroMQ."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

import zmq
import zmq.asyncio

from heraldlink_sim.errors import ConnectionFailed
from heraldlink_sim.recording.endpoints import Endpoint
from heraldlink_sim.recording.framers import Framer, framer
from heraldlink_sim.recording.http import HttpFramer
from heraldlink_sim.recording.http import request as http_request
from heraldlink_sim.recording.transcript import Service
from heraldlink_sim.transport.server import Device, Dropped, Repeated, answer_of

_CHUNK = 1 << 18
_HEADER = struct.Struct("!2sBBIQ")
_INITIALIZE, _RESPONSE, _DATA_END, _ASYNC_INITIALIZE = 0, 1, 7, 17
_RMT_DELIVERED = 1
"""Every answer is read before the next request."""
_HISLIP_1_0, _VENDOR = 0x0100, int.from_bytes(b"HL")


class Caller(Protocol):
    """One service of an instrument."""

    async def ask(self, request: bytes, expected: int) -> list[bytes]:
        """Put a request; return up to ``expected`` answers, fewer if they do not come in time."""
        ...

    async def close(self) -> None:
        """Hang up."""
        ...


class InMemory:
    """A simulated instrument without a socket."""

    def __init__(self, device: Device, service: Service) -> None:
        self._device = device
        self._answers: Framer | None = framer(service, "<") if service.protocol == "websq" else None
        self._http = service.protocol == "http"
        self._always = service.protocol in ("zmq", "datalink")
        self._unasked: list[bytes] = []
        if hasattr(device, "on_broadcast"):
            setattr(device, "on_broadcast", self._unasked.append)  # noqa: B010

    async def ask(self, request: bytes, expected: int) -> list[bytes]:
        """Put a request; return its answers."""
        try:
            answer = await answer_of(self._device, http_request(request) if self._http else request)
        except (Dropped, Repeated):
            answer = b""
        sent, self._unasked[:] = b"".join([answer, *self._unasked]), []
        if self._http:
            return list(HttpFramer("<").feed(sent))
        if self._answers is not None:
            return list(self._answers.feed(sent))
        return [sent] if sent or self._always else []

    async def close(self) -> None:
        """Nothing to hang up."""


class OverTcp:
    """A connection over TCP, in the service's protocol."""

    def __init__(
        self,
        streams: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]],
        service: Service,
        wait_s: float,
    ) -> None:
        self._streams, self._wait_s = streams, wait_s
        self._answers: Framer = HttpFramer("<") if service.protocol == "http" else framer(service, "<")
        self._encode = _encoder(service)

    async def ask(self, request: bytes, expected: int) -> list[bytes]:
        """Put a request; return up to ``expected`` answers."""
        reader, writer = self._streams[0]
        writer.write(self._encode(request))
        await writer.drain()
        found: list[bytes] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(self._wait_s):
                while len(found) < expected and (data := await reader.read(_CHUNK)):
                    found += self._answers.feed(data)
        return found[:expected]

    async def close(self) -> None:
        """Hang up."""
        for _, writer in self._streams:
            writer.close()


class OverZmq:
    """A REQ socket."""

    def __init__(self, target: Endpoint, wait_s: float) -> None:
        self._context = zmq.asyncio.Context()
        self._socket: zmq.asyncio.Socket = self._context.socket(zmq.DEALER)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(f"tcp://{target.host}:{target.port}")
        self._wait_s = wait_s

    async def ask(self, request: bytes, expected: int) -> list[bytes]:
        """Put a request; return its reply, if it comes in time."""
        await self._socket.send_multipart([b"", request])  # pyright: ignore[reportUnknownMemberType]
        with suppress(TimeoutError):
            async with asyncio.timeout(self._wait_s):
                return [(await self._socket.recv_multipart())[-1]]
        return []

    async def close(self) -> None:
        """Hang up."""
        self._context.destroy(linger=0)


async def call(target: Endpoint, wait_s: float) -> Caller:
    """Connect to an address. Raises ConnectionFailed naming it."""
    if target.service.protocol in ("zmq", "datalink"):
        return OverZmq(target, wait_s)
    where = target.at(target.host, target.port)
    try:
        async with asyncio.timeout(wait_s):
            streams = [await asyncio.open_connection(target.host, target.port)]
            if target.service.protocol == "hislip":
                await _shake_hands(target, streams)
            elif target.service.protocol == "decop":
                await streams[0][0].readuntil(b"\n> ")  # it greets
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        raise ConnectionFailed(f"nothing answers at {where} ({error})") from error
    return OverTcp(streams, target.service, wait_s)


async def _shake_hands(
    target: Endpoint, streams: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]
) -> None:
    """Open a HiSLIP session: both channels (IVI-6.1, 6.1)."""
    reader, writer = streams[0]
    sub_address = target.shape.split("::")[2].split(",")[0].encode()
    parameter = _HISLIP_1_0 << 16 | _VENDOR
    writer.write(_HEADER.pack(b"HS", _INITIALIZE, 0, parameter, len(sub_address)) + sub_address)
    _, kind, _, parameter, _ = _HEADER.unpack(await reader.readexactly(_HEADER.size))
    if kind != _RESPONSE:
        raise ConnectionFailed(f"{target.host}:{target.port}: is no HiSLIP server")
    streams.append(await asyncio.open_connection(target.host, target.port))
    reader, writer = streams[1]
    writer.write(_HEADER.pack(b"HS", _ASYNC_INITIALIZE, 0, parameter & 0xFFFF, 0))
    await reader.readexactly(_HEADER.size)


def _encoder(service: Service) -> Callable[[bytes], bytes]:
    if service.protocol == "hislip":
        numbers = iter(range(0xFFFFFF00, 1 << 40, 2))
        return lambda request: (
            _HEADER.pack(b"HS", _DATA_END, _RMT_DELIVERED, next(numbers) & 0xFFFFFFFF, len(request) + 1)
            + request
            + b"\n"
        )
    if service.protocol == "http":
        return http_request
    ends = {"websq": b"", "decop": b"\n", "lines": b"\n"}
    return lambda request: request + ends.get(service.protocol, service.terminator)
