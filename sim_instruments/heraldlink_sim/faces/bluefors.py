# SPDX-License-Identifier: Apache-2.0
"""Sockets of a Bluefors cryostat's control software: HTTP, and the WebSocket ``/ws/values``."""

from __future__ import annotations

import asyncio

from aiohttp import web

from heraldlink_sim.faces.bluefors_cryostat import LISTENED, BlueforsCryostat
from heraldlink_sim.faces.http_server import HttpServer, texts
from heraldlink_sim.model import InstrumentConfig, Listening, Model, Place
from heraldlink_sim.transport.server import Device, Dropped, Repeated, answer_of

__all__ = ["MODEL", "BlueforsConfig", "BlueforsCryostat", "serve_bluefors"]

LOOKS_EVERY_S = 0.05


class BlueforsServer(HttpServer):
    """A cryostat's control software that listens."""

    def __init__(self, face: BlueforsCryostat, device: Device | None = None) -> None:
        self._face, self._door = face, device or face
        super().__init__(self._door, {"/ws/values": self._talk, "/ws/values/": self._talk})

    async def _talk(self, socket: web.WebSocketResponse) -> None:
        listened: set[str] = set()
        LISTENED.set(listened)
        teller = asyncio.create_task(self._tell(socket, listened))
        try:
            await texts(socket, lambda message: self._reply(socket, message))
        finally:
            teller.cancel()

    async def _reply(self, socket: web.WebSocketResponse, message: bytes) -> None:
        try:
            answer = await answer_of(self._door, message)
        except Repeated as stammered:
            answer = stammered.answer + b"\n" + stammered.answer
        except Dropped as broken:
            answer = broken.sent
            if broken.closes:
                await socket.send_str(answer.decode("utf-8", "replace"))
                await socket.close()
                return
        for line in filter(None, answer.split(b"\n")):
            await socket.send_str(line.decode("utf-8", "replace"))

    async def _tell(self, socket: web.WebSocketResponse, listened: set[str]) -> None:
        told: dict[str, object] = {}
        while not socket.closed:
            for text in self._face.news(listened, told):
                await socket.send_str(text.decode())
            await asyncio.sleep(LOOKS_EVERY_S)


async def serve_bluefors(
    face: BlueforsCryostat, host: str = "127.0.0.1", port: int = 0, device: Device | None = None
) -> BlueforsServer:
    """Serve a cryostat; requests go through ``device`` if given. Raises OSError if the port is taken."""
    server = BlueforsServer(face, device)
    await server.start(host, port)
    return server


class BlueforsConfig(InstrumentConfig):
    """``key``: without it in a request nobody is let in; empty: everybody is."""

    key: str = ""


def _make(place: Place, config: BlueforsConfig) -> BlueforsCryostat:
    return BlueforsCryostat(place.serial, place.clock, config.key)


async def _serve(
    device: Device, face: BlueforsCryostat, config: BlueforsConfig, host: str, name: str
) -> Listening:
    server = await serve_bluefors(face, host, config.port, device)
    return Listening({name: server.address}, (server,))


MODEL = Model("Bluefors", "thermometer", _make, _serve, BlueforsConfig, scpi=False)
