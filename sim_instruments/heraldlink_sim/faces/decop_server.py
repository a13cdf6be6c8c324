# SPDX-License-Identifier: Apache-2.0
"""Sockets of a DeCoP device: command line with a prompt, monitoring line, and the answer to ``whoareyou?``.

Written here because no library serves the protocol; the vendor's has the client side only.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator

from heraldlink_sim.faces.decop import written
from heraldlink_sim.faces.toptica_controller import SESSION, DecopSession, TopticaDLCpro
from heraldlink_sim.faces.toptica_tree import tree
from heraldlink_sim.transport.server import (
    Device,
    Dropped,
    Repeated,
    Server,
    acknowledge_now,
    answer_of,
    listen,
)

BANNER = b"DeCoF Command Line\r\n> "
PROMPT = b"\n> "
LONGEST_LINE = 1 << 16
LONGEST_STREAM = 1 << 23
MAX_UNSENT_BYTES = 1 << 20
_CHUNK = 1 << 16
_EXEC = re.compile(rb"\(?\s*(?:exec|signal)\s+'?([^\s()'\"]+)", re.IGNORECASE)


class DecopLines:
    """Cuts what a client sends into requests: lines, each with the input stream it takes, up to ``#``."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skipping = False
        self._after_stream = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Add bytes; yield each request, ``b""`` for an empty line. What is too long is cut short."""
        self._buffer += data
        while (request := self._next()) is not None:
            yield request

    def _next(self) -> bytes | None:
        if self._after_stream and self._buffer:
            self._after_stream = False
            del self._buffer[: len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))]
        end = self._buffer.find(b"\n")
        if end < 0 or end > LONGEST_LINE:
            return self._overlong(end)
        line = bytes(self._buffer[:end])
        if self._skipping:
            self._skipping = False
            return self._taken(end + 1, line[:0])
        if not _takes_stream(line):
            return self._taken(end + 1, line.strip())
        close = self._buffer.find(b"#", end)
        if close < 0 and len(self._buffer) - end <= LONGEST_STREAM:
            return None
        close = len(self._buffer) - 1 if close < 0 else close
        self._after_stream = True
        return self._taken(close + 1, line.strip() + bytes(self._buffer[end : close + 1]))

    def _overlong(self, end: int) -> bytes | None:
        """A line that does not end in reason: what there is of it is a request, the rest is skipped."""
        if end < 0 and len(self._buffer) <= LONGEST_LINE:
            return None
        if self._skipping:
            self._buffer.clear()
            return None
        self._skipping = True
        return self._taken(LONGEST_LINE, bytes(self._buffer[:LONGEST_LINE]))

    def _taken(self, count: int, request: bytes) -> bytes:
        del self._buffer[:count]
        return request


def _takes_stream(line: bytes) -> bool:
    found = _EXEC.match(line.strip())
    command = tree().commands.get(found[1].decode("ascii", "replace").lower()) if found else None
    return command is not None and command.reads is not None


class DecopServer:
    """A controller that listens; addresses are ``tcp://host:port``."""

    def __init__(self, face: TopticaDLCpro, device: Device | None = None) -> None:
        self._face, self._door = face, device or face
        self._servers: list[Server] = []
        self._beacon: asyncio.DatagramTransport | None = None
        self.address = ""
        self.monitoring_address = ""

    async def start(self, host: str, port: int, monitoring_port: int, discovery_port: int | None) -> None:
        """Listen for commands and for those who watch, and to ``whoareyou?`` if a port is given for it."""
        command = await listen(self._command_line, host, port, _address)
        self._servers.append(command)
        monitoring = await listen(self._monitoring_line, host, monitoring_port, _address)
        self._servers.append(monitoring)
        self.address, self.monitoring_address = command.address, monitoring.address
        self._face.listens_on(command.port, monitoring.port)
        if discovery_port is not None:
            loop = asyncio.get_running_loop()
            answer = beacon(self._face, host, command.port, monitoring.port)
            self._beacon, _ = await loop.create_datagram_endpoint(
                lambda: _Discovery(answer), local_addr=(host, discovery_port)
            )

    @property
    def discovery_port(self) -> int:
        """UDP port of the discovery, 0 if there is none."""
        return int(self._beacon.get_extra_info("sockname")[1]) if self._beacon else 0

    async def close(self) -> None:
        """Stop listening and drop all connections."""
        if self._beacon is not None:
            self._beacon.close()
        for server in self._servers:
            await server.close()

    def refuse(self, refusing: bool) -> None:
        """Drop all connections and hang up on whoever comes, until told otherwise."""
        for server in self._servers:
            server.refuse(refusing)

    async def _command_line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        SESSION.set(DecopSession())
        lines = DecopLines()
        writer.write(BANNER)
        while data := await reader.read(_CHUNK):
            acknowledge_now(writer)
            for request in lines.feed(data):
                writer.write(await self._answer(request, PROMPT) if request else PROMPT[1:])
            await writer.drain()

    async def _answer(self, request: bytes, end: bytes) -> bytes:
        """What is sent for a request, also where that is not as it should be."""
        try:
            answer = await answer_of(self._door, request)
        except Repeated as stammered:
            return (stammered.answer + end) * 2
        except Dropped as broken:
            if broken.closes:
                raise
            return broken.sent
        return answer + end if answer else b""

    async def _monitoring_line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = DecopSession(monitoring=True)
        SESSION.set(session)
        lines = DecopLines()
        watcher = asyncio.create_task(self._tell(session, writer))
        try:
            while data := await reader.read(_CHUNK):
                for request in filter(None, lines.feed(data)):
                    writer.write(await self._answer(request, b"\n"))
                await writer.drain()
        finally:
            watcher.cancel()

    async def _tell(self, session: DecopSession, writer: asyncio.StreamWriter) -> None:
        """Send news. Intervals go by the computer's clock: a stepped one would not bring them about."""
        now_s = asyncio.get_running_loop().time
        while not writer.is_closing():
            if writer.transport.get_write_buffer_size() < MAX_UNSENT_BYTES:
                writer.write(self._face.news(session, now_s()))
            shortest = min((watch.interval_s for watch in session.watched.values()), default=0.05)
            await asyncio.sleep(min(0.05, max(2e-3, shortest / 2)))


class _Discovery(asyncio.DatagramProtocol):
    """Answers ``whoareyou?``."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        """Keep the socket."""
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer the one question there is."""
        if data.strip() == b"whoareyou?" and self._transport is not None:
            self._transport.sendto(self._answer, addr)


def beacon(face: TopticaDLCpro, host: str, port: int, monitoring_port: int) -> bytes:
    """The answer to ``whoareyou?``: serial number, label, address and ports; the other strings are empty."""
    serial, label = written(face.read("serial-number")), written(face.read("system-label"))
    return f'({serial} "" "" "" "" {label} 0 "{host}" {port} {monitoring_port})'.encode()


def _address(host: str, port: int) -> str:
    return f"tcp://{host}:{port}"


async def serve_decop(
    face: TopticaDLCpro,
    host: str = "127.0.0.1",
    port: int = 0,
    monitoring_port: int = 0,
    device: Device | None = None,
    discovery_port: int | None = None,
) -> DecopServer:
    """Serve a controller; 0 takes a free port, and no ``discovery_port`` no discovery.

    Requests go through ``device`` if it is given. Raises OSError if a port is taken.
    """
    server = DecopServer(face, device)
    await server.start(host, port, monitoring_port, discovery_port)
    return server
