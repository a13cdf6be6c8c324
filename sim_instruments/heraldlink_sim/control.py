# SPDX-License-Identifier: Apache-2.0
"""A bench's control channel: faults are injected, listed and healed while it runs.

JSON objects, one a line, on a TCP port of the loopback interface; each line is answered by one:

* ``{"do": "fault", "instrument": NAME, "fault": {"kind": KIND, ...}}`` -> ``{"number": N}``
* ``{"do": "faults"}`` -> ``{"faults": [...], "strikes": [...], "time_s": T}``
* ``{"do": "heal", "instrument": NAME or null}`` -> ``{"healed": [N, ...]}``
* ``{"do": "watch", "instruments": [NAME, ...]}`` -> ``{}``: log what reaches these from now on
* ``{"do": "wire", "after_s": T}`` -> ``{"wire": [...]}``, after this reading of the machine's monotonic
  clock; the first 4000
* ``{"do": "settings", "after_s": T}`` -> ``{"settings": [...], "since_s": T}``: the same of all messages that
  are no queries, to any instrument; always logged, the last 50,000, what was before ``since_s`` is forgotten
* ``{"do": "panel", "instrument": NAME, "message": TEXT}`` -> ``{"answer": TEXT}``: as somebody in front of
  the instrument reads it, past its connections and their faults
* a mistake -> ``{"error": SENTENCE}``

It controls the simulated laboratory, never a node. Whoever sends something else is hung up on.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from itertools import islice
from typing import cast

from heraldlink_sim.bench_config import CONTROL as CONTROL
from heraldlink_sim.errors import ConnectionFailed, FaultError
from heraldlink_sim.faults import Faults
from heraldlink_sim.faults.faults import Passed
from heraldlink_sim.faults.kinds import fault_of
from heraldlink_sim.transport.server import Server, answer_of, listen

_LONGEST_LINE = 1 << 16
_SHOWN_STRIKES = 200
_SHOWN_MESSAGES = 4000
_TIMEOUT_s = 5.0

Answer = Mapping[str, object]


class Control:
    """The channel of one bench; ``address`` is ``tcp://host:port``."""

    def __init__(self, faults: Faults, server: Server) -> None:
        self._faults, self._server = faults, server
        self.address = server.address

    async def close(self) -> None:
        """Stop listening."""
        await self._server.close()


async def open_control(faults: Faults) -> Control:
    """Listen on a free port of the loopback interface."""

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while (request := await _request(reader)) is not None:
            told = await panel(faults, request) if request.get("do") == "panel" else answer(faults, request)
            writer.write(json.dumps(told).encode() + b"\n")
            await writer.drain()

    return Control(faults, await listen(connection, "127.0.0.1", 0, lambda h, p: f"tcp://{h}:{p}"))


async def _request(reader: asyncio.StreamReader) -> Answer | None:
    """Next request; None at the end, and for what is none."""
    try:
        return _parsed(await reader.readline())
    except ValueError:  # a line longer than the stream's limit
        return None


def answer(faults: Faults, request: Mapping[str, object]) -> Answer:
    """Do what a request says, and tell."""
    try:
        return _done(faults, request)
    except FaultError as error:
        return {"error": str(error)}


async def panel(faults: Faults, request: Mapping[str, object]) -> Answer:
    """Read one value at the instrument itself."""
    try:
        device = faults.device(str(request.get("instrument")))
    except FaultError as error:
        return {"error": str(error)}
    told = await answer_of(device, str(request.get("message")).encode())
    return {"answer": told.decode("latin-1").strip()}


def _done(faults: Faults, request: Mapping[str, object]) -> Answer:
    do, name = request.get("do"), request.get("instrument")
    if do == "fault" and isinstance(section := request.get("fault"), dict):
        return {"number": faults.add(str(name), fault_of(cast("dict[str, object]", section))).number}
    if do == "faults":
        listing = faults.listing()
        strikes = [asdict(strike) for strike in faults.log][-_SHOWN_STRIKES:]
        return {"faults": listing, "strikes": strikes, "time_s": faults.now_s()}
    if do == "heal":
        healed = faults.heal(None if name is None else str(name))
        return {"healed": [fault.number for fault in healed]}
    if do == "watch" and isinstance(names := request.get("instruments"), list):
        faults.watch([str(name) for name in cast("list[object]", names)])
        return {}
    if do == "wire" and isinstance(after_s := request.get("after_s"), int | float):
        return {"wire": _passed_after(faults.wire, after_s)}
    if do == "settings" and isinstance(after_s := request.get("after_s"), int | float):
        return {"settings": _passed_after(faults.settings, after_s), "since_s": faults.settings_since_s}
    known = "fault, faults, heal, watch, wire, settings and panel"
    raise FaultError(f"the control channel knows {known}, not {do!r}")


def _passed_after(log: Iterable[Passed], after_s: float) -> list[dict[str, object]]:
    return [
        asdict(item) for item in islice((item for item in log if item.clock_s > after_s), _SHOWN_MESSAGES)
    ]


def _parsed(line: bytes) -> Mapping[str, object] | None:
    try:
        found: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast("Mapping[str, object]", found) if isinstance(found, dict) else None


def ask(address: str, request: Mapping[str, object]) -> Answer:
    """Send one request to the channel at ``tcp://host:port`` and return the answer.

    Raises FaultError with the bench's own sentence, ConnectionFailed if no bench answers.
    """
    host, _, port = address.removeprefix("tcp://").rpartition(":")
    try:
        with socket.create_connection((host, int(port)), _TIMEOUT_s) as connection:
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as lines:
                found = _parsed(lines.readline(_LONGEST_LINE << 4))
    except (OSError, ValueError) as error:
        raise ConnectionFailed(f"no bench answers at {address} ({error})") from error
    if found is None:
        raise ConnectionFailed(f"what answers at {address} is no bench")
    if "error" in found:
        raise FaultError(str(found["error"]))
    return found
