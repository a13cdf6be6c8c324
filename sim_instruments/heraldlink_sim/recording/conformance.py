# SPDX-License-Identifier: Apache-2.0
"""Put a transcript's requests to a simulated model, or to an instrument, and compare the answers."""

from __future__ import annotations

import re
from pathlib import Path

from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.model import Place, find_model, model_names
from heraldlink_sim.recording.callers import Caller, InMemory, call
from heraldlink_sim.recording.comparison import TOLERANCE, Finding, judged
from heraldlink_sim.recording.endpoints import endpoint
from heraldlink_sim.recording.script import scpi_nodes
from heraldlink_sim.recording.transcript import MAIN, Exchange, Service, Transcript, load_transcript

_WAIT_s = 2.0
_DECOP_READS = re.compile(rb"\s*\(?\s*param-(ref|disp|gsel)\b", re.IGNORECASE)
_OWN_STATE = ("@socket", "@hislip")
"""Other transports of the same instrument: they lead to the same device."""


async def conform(
    transcript: Path,
    against: str,
    *,
    tolerance: float = TOLERANCE,
    settings: bool = True,
    wait_s: float = _WAIT_s,
) -> list[Finding]:
    """Compare each recorded answer with that of ``against``, a model's name or an address.

    A model is made as it is at power-on, and asked in memory. ``settings``: put settings too; without it only
    requests with a ``?`` or with answers are. Requests of other services (streams, counts) are left out.
    Raises TranscriptError, BenchError for an unknown model, ConnectionFailed.
    """
    recorded = load_transcript(transcript)
    protocol = recorded.services.get(MAIN, Service("raw")).protocol
    caller = await _caller(recorded, against, wait_s)
    try:
        return [
            judged(item, await caller.ask(item.request, len(item.answers)), tolerance)
            for item in recorded.exchanges()
            if _belongs(item) and (settings or not _sets(item.request, protocol))
        ]
    finally:
        await caller.close()


async def _caller(recorded: Transcript, against: str, wait_s: float) -> Caller:
    service = recorded.services.get(MAIN, Service("raw"))
    if against not in model_names() and ("::" in against or "//" in against):
        return await call(endpoint(against, recorded.model, MAIN, _told(service, against)), wait_s)
    model = find_model(against)
    config = model.config(model=against)
    return InMemory(model.make(Place(f"SIM-{recorded.name}", SteppedClock()), config), service)


def _told(service: Service, against: str) -> str:
    """The recorded protocol, for addresses that do not tell theirs."""
    return "" if "::" in against else service.protocol


def _belongs(exchange: Exchange) -> bool:
    upgrade = exchange.answers[:1] and exchange.answers[0].startswith(b"101")  # begins a WebSocket
    return not upgrade and (exchange.service == MAIN or exchange.service in _OWN_STATE)


def _sets(request: bytes, protocol: str) -> bool:
    """Whether a request may change something; where that cannot be told, it may."""
    if protocol == "http":
        return not request.startswith(b"GET ")
    if protocol == "decop":
        return not _DECOP_READS.match(request)
    if protocol == "websq":
        return b'"request"' not in request
    return bool(scpi_nodes(request)[0])
