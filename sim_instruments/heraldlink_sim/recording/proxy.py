# SPDX-License-Identifier: Apache-2.0
"""A recording proxy for protocols over TCP: passes every byte on at once, and writes down the messages."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

from heraldlink_sim.recording.endpoints import Endpoint
from heraldlink_sim.recording.framers import Framer, framer
from heraldlink_sim.recording.http import HttpFramer, Switched
from heraldlink_sim.recording.tape import Tape
from heraldlink_sim.recording.transcript import Direction
from heraldlink_sim.transport.server import Server, acknowledge_now, listen

_CHUNK = 1 << 18
_LAST_ANSWERS_s = 2.0
_COMPRESSION = re.compile(rb"\r\nSec-WebSocket-Extensions:[^\r\n]*", re.IGNORECASE)
"""What a client offers for its WebSocket; taken out, so that messages can be read."""


class TcpProxy:
    """Stands before one address; a client's connection is one to the target, and ends with it."""

    def __init__(self, target: Endpoint, suffix: str, tape: Tape) -> None:
        self._target, self._suffix, self._tape = target, suffix, tape

    async def listen(self, host: str, port: int = 0) -> Server:
        """Serve on a port; 0 takes a free one."""
        return await listen(self._connection, host, port, self._target.at)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(self._target.host, self._target.port)
        questions, answers = self._framers()
        pumps = [
            asyncio.create_task(self._pump(reader, there_writer, ">", questions)),
            asyncio.create_task(self._pump(there_reader, writer, "<", answers)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            if not pumps[1].done() and there_writer.can_write_eof():  # what was asked is still answered
                there_writer.write_eof()
                await asyncio.wait(pumps[1:], timeout=_LAST_ANSWERS_s)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            there_writer.close()
            with suppress(OSError):
                await there_writer.wait_closed()

    def _framers(self) -> tuple[Framer, Framer]:
        service = self._target.service
        if service.protocol == "http":
            switched = Switched()
            return HttpFramer(">", switched), HttpFramer("<", switched)
        return framer(service, ">"), framer(service, "<")

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        direction: Direction,
        messages: Framer,
    ) -> None:
        """Pass bytes on; a message is written down before its last byte leaves, so that order holds."""
        while data := await reader.read(_CHUNK):
            acknowledge_now(writer)
            for message in messages.feed(data):
                suffix = messages.suffix if isinstance(messages, HttpFramer) else ""
                self._tape.note(self._suffix + suffix, direction, message)
            writer.write(_COMPRESSION.sub(b"", data) if self._target.service.protocol == "http" else data)
            await writer.drain()
