# SPDX-License-Identifier: Apache-2.0
"""Sockets of a replay, for the protocols that :mod:`heraldlink_sim.transport` serves no plain device on."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping, Sequence

import zmq
import zmq.asyncio

from heraldlink_sim.recording.framers import framer
from heraldlink_sim.recording.http import HEAD_END, dechunked, head_of, response
from heraldlink_sim.recording.replayer import ReplayedService
from heraldlink_sim.recording.transcript import Entry, Transcript
from heraldlink_sim.recording.websocket import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Frames,
    acceptance,
    frame,
    is_text,
)
from heraldlink_sim.recording.zmq_proxy import bind, opened_stream, stream_port, stream_refusal
from heraldlink_sim.transport.server import Server, acknowledge_now, answer_of, listen

_CHUNK = 1 << 16
_SHORTEST_PERIOD_s = 0.01
_LINGER_MS = 500


class LinesReplay:
    """WebSQ and DeCoP: an answer is its messages, each with its end; what was sent unasked comes first."""

    def __init__(self, device: ReplayedService, recorded: Transcript, suffix: str, end: bytes) -> None:
        self._device, self._end = device, end
        own = [entry for entry in recorded.entries if entry.service == suffix]
        first = next((n for n, entry in enumerate(own) if entry.direction == ">"), len(own))
        greets = device.service.protocol == "decop"
        self._greeting = b"".join(entry.message + end for entry in own[:first]) if greets else b""

    async def listen(self, host: str, port: int) -> Server:
        """Serve on a port; 0 takes a free one."""
        return await listen(self._connection, host, port, lambda h, p: f"tcp://{h}:{p}")

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests = framer(self._device.service, ">")
        writer.write(self._greeting)
        while data := await reader.read(_CHUNK):
            acknowledge_now(writer)
            for request in requests.feed(data):
                if answer := await answer_of(self._device, request):
                    writer.write(answer + self._end)
            await writer.drain()


class StreamReplay:
    """Lines that come by themselves, such as counts: as they were recorded, then the last one for ever."""

    def __init__(self, recorded: Transcript, suffix: str) -> None:
        self._lines = [e for e in recorded.entries if e.service == suffix and e.direction == "<"]
        self._next = 0

    async def listen(self, host: str, port: int) -> Server:
        """Serve on a port; 0 takes a free one."""
        return await listen(self._connection, host, port, lambda h, p: f"tcp://{h}:{p}")

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gone = asyncio.create_task(reader.read())
        try:
            while self._lines and not gone.done():
                entry = self._lines[min(self._next, len(self._lines) - 1)]
                await asyncio.sleep(max(entry.after_s, _SHORTEST_PERIOD_s))
                self._next += 1
                writer.write(entry.message + b"\n")
                await writer.drain()
            await gone
        finally:
            gone.cancel()


class HttpReplay:
    """HTTP/1.1: bodies as they were recorded, as JSON; WebSockets with all their messages."""

    def __init__(self, device: ReplayedService, sockets: Mapping[str, ReplayedSocket]) -> None:
        self._device, self._sockets = device, sockets

    async def listen(self, host: str, port: int) -> Server:
        """Serve on a port; 0 takes a free one."""
        return await listen(self._connection, host, port, lambda h, p: f"http://{h}:{p}")

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = head_of((await reader.readuntil(HEAD_END)).removesuffix(HEAD_END))
            body = await _chunks(reader) if head.chunked else await reader.readexactly(head.length)
            path = head.first.split(b" ")[1:2]
            if head.key and path and (socket := self._sockets.get(path[0].decode("ascii", "replace"))):
                await answer_of(self._device, b"GET " + path[0])  # it has its turn in the transcript
                writer.write(acceptance(head.key))
                await socket.talk(reader, writer)
                return
            request = b" ".join(head.first.split(b" ")[:2]) + (b" " + body if body else b"")
            answer = await answer_of(self._device, request)
            writer.write(response(answer))
            await writer.drain()


class ReplayedSocket:
    """One WebSocket: answers to texts as recorded; where nothing was ever asked, its messages in turn."""

    def __init__(self, device: ReplayedService, entries: Sequence[Entry]) -> None:
        self._device, self._entries = device, entries
        self._next = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""
        asked = any(entry.direction == ">" for entry in self._entries)
        telling = None if asked else asyncio.create_task(self._tell(writer))
        frames = Frames()
        try:
            while data := await reader.read(_CHUNK):
                for kind, message in frames.feed(data):
                    if kind == CLOSE:
                        writer.write(frame(CLOSE, message[:2]))
                        return
                    await self._answer(kind, message, writer)
        finally:
            if telling is not None:
                telling.cancel()

    async def _answer(self, kind: int, message: bytes, writer: asyncio.StreamWriter) -> None:
        if kind == PING:
            writer.write(frame(PONG, message))
        elif kind != PONG:
            answer = await answer_of(self._device, message)
            for text in filter(None, answer.split(b"\n")):
                writer.write(frame(TEXT, text))
        await writer.drain()

    async def _tell(self, writer: asyncio.StreamWriter) -> None:
        while self._entries and not writer.is_closing():
            entry = self._entries[min(self._next, len(self._entries) - 1)]
            await asyncio.sleep(max(entry.after_s, _SHORTEST_PERIOD_s))
            self._next += 1
            writer.write(frame(TEXT if is_text(entry.message) else BINARY, entry.message))
            await writer.drain()


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    data = b""
    while (taken := dechunked(data)) is None:
        data += await reader.readuntil(b"\r\n")
    return taken[0]


class ZmqReplay:
    """ZeroMQ requests; a stream that the transcript opened is opened again, with all that was sent on it."""

    def __init__(
        self, device: ReplayedService, recorded: Transcript, suffix: str, host: str, port: int
    ) -> None:
        self._context = zmq.asyncio.Context()
        self._device, self._host = device, host
        self._refusing = False
        self._streams = {
            name.removeprefix("/"): [entry.message for entry in entries]
            for name, entries in recorded.below(suffix).items()
        }
        socket: zmq.asyncio.Socket = self._context.socket(zmq.ROUTER)
        socket.setsockopt(zmq.LINGER, 0)
        self.port = bind(socket, host, port)
        self.address = f"tcp://{host}:{self.port}"
        self._tasks = [asyncio.create_task(self._answers(socket))]

    async def close(self) -> None:
        """Stop listening, end all streams and free the ports."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._context.destroy(linger=0)

    def refuse(self, refusing: bool) -> None:
        """Answer nobody, until told otherwise."""
        self._refusing = refusing

    async def _answers(self, socket: zmq.asyncio.Socket) -> None:
        with contextlib.closing(socket):
            while True:
                parts = await socket.recv_multipart()
                if b"" not in parts[1:]:
                    continue
                answer = await answer_of(self._device, parts[-1])
                if (wanted := stream_port(parts[-1])) is not None:
                    answer = self._opened(answer, wanted)
                if not self._refusing:
                    await socket.send_multipart([*parts[:-1], answer])  # pyright: ignore[reportUnknownMemberType]

    def _opened(self, answer: bytes, wanted: int) -> bytes:
        """Open a stream on the port that the client wants; the answer names it if the recorded one does."""
        if (opened := opened_stream(answer)) is None:
            return answer
        socket: zmq.asyncio.Socket = self._context.socket(zmq.PAIR)
        socket.setsockopt(zmq.LINGER, _LINGER_MS)
        socket.setsockopt(zmq.SNDHWM, 0)
        try:
            port = bind(socket, self._host, wanted)
        except OSError as error:
            return stream_refusal(wanted, error)
        messages = self._streams.get(str(opened["id"]), [])
        self._tasks.append(asyncio.create_task(self._send(socket, messages)))
        return json.dumps({**opened, "port": port}).encode() if "port" in opened else answer

    async def _send(self, socket: zmq.asyncio.Socket, messages: list[bytes]) -> None:
        with contextlib.closing(socket):
            for message in messages:
                await socket.send(message)
            await asyncio.Event().wait()
