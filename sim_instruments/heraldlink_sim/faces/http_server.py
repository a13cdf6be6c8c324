# SPDX-License-Identifier: Apache-2.0
"""An instrument with a web interface: HTTP requests and WebSockets on one port, by aiohttp.

aiohttp and not ``websockets``, which QCoDeS brings along: that one answers no POST. A request reaches the
device as ``POST /path?query HTTP/1.1``, an empty line and the body; the device answers a whole response,
made with ``response()``. Whatever else it answers is sent as it is, and the connection closed.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import WSMsgType, web
from aiohttp.http_exceptions import HttpProcessingError

from heraldlink_sim.transport.server import Device, Dropped, Repeated, acknowledge_now, answer_of

HEAD_END = b"\r\n\r\n"
LONGEST_TEXT = 1 << 20
_log = logging.getLogger(__name__)
_log.addFilter(lambda record: not _of_client(record))
_REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Method Not Allowed"}


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as the device gets it; ``target`` is path and query."""

    method: str
    target: str
    body: bytes


def request_of(message: bytes) -> HttpRequest:
    """Take a message of the server apart; anything that is no request has an empty method."""
    head, _, body = message.partition(HEAD_END)
    words = head.split(b"\r\n")[0].decode("latin-1").split(" ")
    return HttpRequest(words[0], words[1], body) if len(words) == 3 else HttpRequest("", "", body)


def response(content: object, status: int = 200, *, date: str = "", indent: int | None = None) -> bytes:
    """Return a response with a JSON body; ``date``: the instrument's own clock as HTTP writes it."""
    body = json.dumps(content, indent=indent).encode()
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, 'Service Unavailable')}"]
    lines += ["Content-Type: application/json; charset=utf-8", f"Content-Length: {len(body)}"]
    if date:
        lines.append(f"Date: {date}")
    return "\r\n".join(lines).encode() + HEAD_END + body


def _of_client(record: logging.LogRecord) -> bool:
    """Whether a record tells of a malformed request, with all of its bytes: that is answered, not logged."""
    return record.exc_info is not None and isinstance(record.exc_info[1], HttpProcessingError)


Conversation = Callable[[web.WebSocketResponse], Awaitable[None]]
"""What the server does with a WebSocket until its client goes."""


class HttpServer:
    """Listens for HTTP, and for WebSockets at some paths; ``.address`` is ``http://host:port``."""

    def __init__(self, device: Device, sockets: Mapping[str, Conversation]) -> None:
        self._device, self._sockets = device, sockets
        self._web = web.Server(self._handle, handler_cancellation=True, logger=_log)
        self._listener: asyncio.Server | None = None
        self._refusing = False
        self.host, self.port, self.address = "", 0, ""

    async def start(self, host: str, port: int) -> None:
        """Listen (port 0: any free one). Raises OSError if the port is taken."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._connection, host, port)
        self.host, self.port = self._listener.sockets[0].getsockname()[:2]
        self.address = f"http://{self.host}:{self.port}"

    async def close(self) -> None:
        """Stop listening and drop all connections."""
        self.refuse(True)
        if self._listener is not None:
            self._listener.close()
        await self._web.shutdown(0.1)

    def refuse(self, refusing: bool) -> None:
        """Drop all connections and hang up on whoever comes, until told otherwise."""
        self._refusing = refusing
        if refusing:
            for connection in list(self._web.connections):
                if connection.transport is not None:
                    _abort(connection.transport)

    def _connection(self) -> asyncio.Protocol:
        return _HangUp() if self._refusing else self._web()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        if transport is None or self._refusing:
            return web.Response(status=503)
        acknowledge_now(transport)
        if request.path in self._sockets and request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._converse(request)
        return await self._answer(request, transport)

    async def _converse(self, request: web.BaseRequest) -> web.StreamResponse:
        socket = web.WebSocketResponse(max_msg_size=LONGEST_TEXT)
        await socket.prepare(request)
        await self._sockets[request.path](socket)
        return socket

    async def _answer(self, request: web.BaseRequest, transport: asyncio.Transport) -> web.StreamResponse:
        try:
            body = await request.read()  # at most 1 MiB, by aiohttp's own limit
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413)
        message = f"{request.method} {request.raw_path} HTTP/1.1".encode("latin-1", "replace")
        try:
            answer = await answer_of(self._device, message + HEAD_END + body)
        except Repeated as stammered:
            return _raw(transport, stammered.answer * 2)
        except Dropped as broken:
            if not broken.closes:
                transport.write(broken.sent)
                await asyncio.Event().wait()  # silent until the client gives up
            return _raw(transport, broken.sent)
        return _parsed(answer) or _raw(transport, answer)


def _parsed(answer: bytes) -> web.Response | None:
    """A response that the device wrote; None if it is none."""
    head, end, body = answer.partition(HEAD_END)
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if not end or words[0] != "HTTP/1.1" or len(words) < 2 or not words[1].isdigit():
        return None
    headers = dict(line.split(": ", 1) for line in lines if ": " in line)
    if headers.pop("Content-Length", str(len(body))) != str(len(body)):
        return None
    return web.Response(status=int(words[1]), headers=headers, body=body)


def _raw(transport: asyncio.Transport, sent: bytes) -> web.Response:
    """Send bytes as they are and hang up; the response that aiohttp wants goes nowhere."""
    transport.write(sent)
    gone = web.Response()
    gone.force_close()
    transport.close()
    return gone


def _abort(transport: asyncio.BaseTransport) -> None:
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
    else:
        transport.close()


class _HangUp(asyncio.Protocol):
    """A connection that is not wanted."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Drop it."""
        _abort(transport)


async def texts(socket: web.WebSocketResponse, take: Callable[[bytes], Awaitable[None]]) -> None:
    """Give each message of a client to ``take`` until it goes."""
    async for message in socket:
        if message.type == WSMsgType.TEXT:
            await take(str(message.data).encode())
        elif message.type == WSMsgType.BINARY:
            await take(bytes(message.data))
