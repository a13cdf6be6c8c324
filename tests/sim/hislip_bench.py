# SPDX-License-Identifier: Apache-2.0
"""A bench of memory behind HiSLIP, and what its tests do with a session."""

import asyncio
from collections.abc import Callable

from wires import Wire

from heraldlink_sim.scpi import Block, ScpiDevice, block, command, query
from heraldlink_sim.transport.server import Dropped

FATAL, ERROR, DATA, END, INTERRUPTED, ASYNC_INTERRUPTED = 2, 3, 6, 7, 13, 14
LOCK, TRIGGER, SIZE, CLEAR, SERVICE, STATUS, LOCK_INFO = 4, 12, 15, 19, 20, 21, 24
FIRST = 0xFFFF_FF00


class Bench(ScpiDevice):
    identity = "ACME,MEM,SIM-1,1.0"

    def __init__(self) -> None:
        super().__init__()
        self.payload = b""
        self.go_on = asyncio.Event()
        self.cancelled = self.triggered = self.cleared = 0

    def clear(self) -> None:
        self.cleared += 1

    @command("DATA", Block())
    def _write_data(self, payload: bytes) -> None:
        self.payload = bytes(payload)

    @query("DATA")
    def _read_data(self) -> bytes:
        return block(self.payload)

    @command("*TRG")
    def _trigger(self) -> None:
        self.triggered += 1

    @query("WAIT")
    async def _wait_long(self) -> str:
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return "waited"

    @query("BREAK")
    def _break(self) -> str:
        raise Dropped(b"bro")


async def call(function: Callable[[], None]) -> None:
    function()


def waits(device: Bench) -> bool:
    """Whether it executes the command that takes its time."""
    return bool(device.wire_log) and device.wire_log[-1] == ("in", b"WAIT?")


def clear(synchronous: Wire, asynchronous: Wire, mode: int = 0) -> None:
    """Device clear; whatever was under way on the synchronous channel is passed over."""
    assert asynchronous.ask(CLEAR)[0] == 23
    synchronous.send(8, mode)
    while (received := synchronous.receive())[0] != 9:
        pass
    assert received[1] == mode
