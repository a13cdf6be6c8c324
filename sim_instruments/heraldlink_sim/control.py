# SPDX-License-Identifier: Apache-2.0
"""A bench's control channel: faults are injected, listed and healed while it runs.

JSON objects, one a line, on a TCP port of the loopback interface; each line is answered by one:

* ``{"do": "fault", "instrument": NAME, "fault": {"kind": KIND, ...}}`` -> ``{"number": N}``
* ``{"do": "faults"}`` -> ``{"faults": [...], "strikes": [...], "time_s": T}``
* ``{"do": "heal", "instrument": NAME or null}`` -> ``{"healed": [N, ...]}``
* a mistake -> ``{"error": SENTENCE}``

It controls the simulated laboratory, never a node. Whoever sends something else is hung up on.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Mapping
from dataclasses import asdict
from typing import cast

from heraldlink_sim.bench_config import CONTROL as CONTROL
from heraldlink_sim.errors import ConnectionFailed, FaultError
from heraldlink_sim.faults import Faults
from heraldlink_sim.faults.kinds import fault_of
from heraldlink_sim.transport.server import Server, listen

_LONGEST_LINE = 1 << 16
_SHOWN_STRIKES = 200
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
            writer.write(json.dumps(answer(faults, request)).encode() + b"\n")
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
    raise FaultError(f"the control channel knows fault, faults and heal, not {do!r}")


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
