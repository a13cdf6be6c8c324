# SPDX-License-Identifier: Apache-2.0
"""Serve one recording or one replay until interrupted, for the command line."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from heraldlink_sim.interrupts import on_interrupt
from heraldlink_sim.serve import write_ports
from heraldlink_sim.transport.server import Listening


def serve_until_interrupted(
    start: Callable[[], Coroutine[Any, Any, Listening]],
    ports_file: Path | None,
    told: Callable[[str, str], None],
) -> None:
    """Start, tell name and address of each service, to ``ports_file`` too, and serve until interrupted.

    Raises what ``start`` raises.
    """

    async def serve() -> None:
        interrupted = on_interrupt()
        listening = await start()
        try:
            for name, address in listening.addresses.items():
                told(name, address)
            if ports_file is not None:
                write_ports(ports_file, dict(listening.addresses))
            await interrupted.wait()
        finally:
            for listener in listening.listeners:
                await listener.close()

    asyncio.run(serve())
