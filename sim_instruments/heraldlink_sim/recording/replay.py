# SPDX-License-Identifier: Apache-2.0
"""Serve a transcript in place of the instrument, at addresses of the same kinds and names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from heraldlink_sim.errors import TranscriptError
from heraldlink_sim.recording.replay_servers import (
    HttpReplay,
    LinesReplay,
    ReplayedSocket,
    StreamReplay,
    ZmqReplay,
)
from heraldlink_sim.recording.replayer import ReplayedService, Timing
from heraldlink_sim.recording.script import Order
from heraldlink_sim.recording.transcript import MAIN, Transcript, load_transcript
from heraldlink_sim.transport.hislip import serve_hislip
from heraldlink_sim.transport.raw import serve_raw
from heraldlink_sim.transport.server import Listener, Listening

_ENDS = {"websq": b"\x17", "decop": b"\n> ", "lines": b"\n"}


async def serve_replay(
    transcript: Path,
    *,
    name: str | None = None,
    host: str = "127.0.0.1",
    order: Order = "state",
    timing: Timing = "none",
    ports: Mapping[str, int] | None = None,
) -> Listening:
    """Serve what was recorded; addresses have the recorded names, or ``name`` in place of the instrument's.

    ``timing``: answers at once, or as late as they were. ``ports``: to listen on by name, else free ones.
    Raises TranscriptError naming file and line, OSError if a port is taken.
    """
    recorded = load_transcript(transcript)
    if not recorded.services:
        raise TranscriptError(f"{transcript}: names no service")
    found: dict[str, str] = {}
    listeners: list[Listener] = []
    try:
        for suffix in recorded.services:
            key = (name or recorded.name) + ("" if suffix == MAIN else suffix)
            port = (ports or {}).get(key, 0)
            found[key], listener = await _serve(recorded, suffix, order, timing, host, port)
            listeners.append(listener)
    except BaseException:
        for listener in listeners:
            await listener.close()
        raise
    return Listening(found, tuple(listeners))


async def _serve(
    recorded: Transcript, suffix: str, order: Order, timing: Timing, host: str, port: int
) -> tuple[str, Listener]:
    service = recorded.services[suffix]
    end = _ENDS.get(service.protocol, service.terminator)
    device = ReplayedService(recorded, suffix, order, timing, end)
    if service.protocol in ("zmq", "datalink"):
        replay = ZmqReplay(device, recorded, suffix, host, port)
        return replay.address, replay
    if service.protocol == "hislip":
        server = await serve_hislip(device, host, port)
    elif service.protocol == "raw":
        server = await serve_raw(device, host, port, service.terminator, b"\r\n")
    elif service.protocol == "stream":
        server = await StreamReplay(recorded, suffix).listen(host, port)
    elif service.protocol == "http":
        sockets = {
            path: ReplayedSocket(ReplayedService(recorded, suffix + path, order, timing, b"\n"), entries)
            for path, entries in recorded.below(suffix).items()
        }
        server = await HttpReplay(device, sockets).listen(host, port)
    else:
        server = await LinesReplay(device, recorded, suffix, end).listen(host, port)
    return server.address, server
