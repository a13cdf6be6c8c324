# SPDX-License-Identifier: Apache-2.0
"""Single Quantum Retina (and Atlas) detector driver, and its sockets.

``POST /api`` takes JSON-RPC 2.0, ``/counts`` is a WebSocket on which each integration period brings one
binary frame with a record of 32 bytes per channel. Methods, parameters and records from the vendor's client
(``WebSQController.py``, MIT). Shapes that the client only passes on (recordings, log, file, IVStatus) are
this model's own [?].
"""

from __future__ import annotations

import asyncio

from aiohttp import web
from pydantic import Field

from heraldlink_sim.faces.http_server import HttpServer, texts
from heraldlink_sim.faces.retina_box import RetinaBox
from heraldlink_sim.model import InstrumentConfig, Listening, Model, Place
from heraldlink_sim.transport.server import Device

__all__ = ["MODEL", "RetinaBox", "RetinaConfig", "RetinaServer", "serve_retina"]

LONGEST_NAP_S = 0.05


class RetinaServer(HttpServer):
    """A box that listens. Frames go by the computer's clock, as they do on the counts port of an EOS."""

    def __init__(self, face: RetinaBox, device: Device | None = None) -> None:
        self._face = face
        self._watchers: set[web.WebSocketResponse] = set()
        self._frames: asyncio.Task[None] | None = None
        super().__init__(device or face, {"/counts": self._watch})

    async def start(self, host: str, port: int) -> None:
        """Listen, and begin to count. Raises OSError if the port is taken."""
        await super().start(host, port)
        self._frames = asyncio.create_task(self._send_frames())

    async def close(self) -> None:
        """Stop counting and listening, and drop all connections."""
        if self._frames is not None:
            self._frames.cancel()
            await asyncio.gather(self._frames, return_exceptions=True)
        await super().close()

    async def _watch(self, socket: web.WebSocketResponse) -> None:
        self._watchers.add(socket)
        try:
            await texts(socket, _ignored)
        finally:
            self._watchers.discard(socket)

    async def _send_frames(self) -> None:
        now_s = asyncio.get_running_loop().time
        begun_s = now_s()
        while True:
            rest_s = begun_s + self._face.period_s - now_s()
            if rest_s > 0:
                await asyncio.sleep(min(rest_s, LONGEST_NAP_S))
                continue
            begun_s = now_s()
            frame = self._face.frame()
            for watcher in list(self._watchers):
                if not watcher.closed:
                    await _sent(watcher, frame)


async def _sent(socket: web.WebSocketResponse, frame: bytes) -> None:
    try:
        await asyncio.wait_for(socket.send_bytes(frame), 1.0)
    except (ConnectionError, TimeoutError):
        await socket.close()


async def _ignored(message: bytes) -> None:
    """Take what a client sends to the counts: nothing is expected there."""


async def serve_retina(
    face: RetinaBox, host: str = "127.0.0.1", port: int = 0, device: Device | None = None
) -> RetinaServer:
    """Serve a box; requests go through ``device`` if given. Raises OSError if the port is taken."""
    server = RetinaServer(face, device)
    await server.start(host, port)
    return server


class RetinaConfig(InstrumentConfig):
    """``detectors``: how many channels the box has."""

    detectors: int = Field(default=2, ge=1, le=64)


def _make(place: Place, config: RetinaConfig) -> RetinaBox:
    return RetinaBox(place.serial, config.detectors, place.clock)


async def _serve(device: Device, face: RetinaBox, config: RetinaConfig, host: str, name: str) -> Listening:
    server = await serve_retina(face, host, config.port, device)
    return Listening({name: server.address}, (server,))


MODEL = Model("Single Quantum Retina", "detector", _make, _serve, RetinaConfig, scpi=False)
