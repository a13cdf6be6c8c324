# SPDX-License-Identifier: Apache-2.0
"""An instrument on a raw TCP socket (VISA ``TCPIP::host::port::SOCKET``)."""

import asyncio

from heraldlink_sim.scpi.errors import ScpiError
from heraldlink_sim.scpi.framing import Session
from heraldlink_sim.transport.server import Device, Reporting, Server, acknowledge_now, answer_of, listen

_CHUNK = 1 << 18


async def serve_raw(
    device: Device,
    host: str = "127.0.0.1",
    port: int = 0,
    terminator: bytes = b"\n",
    read_terminator: bytes | None = None,
    *,
    block_ends_message: bool = False,
) -> Server:
    r"""Serve ``device``; port 0 takes a free one, see ``server.port`` and ``server.address``.

    ``terminator`` is sent behind each answer. ``read_terminator``: each of its bytes ends a message (default:
    the bytes of ``terminator``, so that CRLF also takes a bare CR or LF). ``block_ends_message``: see
    :class:`heraldlink_sim.scpi.framing.Session`.
    """

    async def connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(read_terminator or terminator, block_ends_message=block_ends_message)
        while data := await reader.read(_CHUNK):
            acknowledge_now(writer)
            for message in session.feed(data):
                await _answer(device, message, writer, terminator)
                await asyncio.sleep(0)  # a client that floods one instrument keeps none of the others waiting

    return await listen(connection, host, port, lambda h, p: f"TCPIP::{h}::{p}::SOCKET")


async def _answer(
    device: Device, message: bytes | None, writer: asyncio.StreamWriter, terminator: bytes
) -> None:
    if message is None:
        if isinstance(device, Reporting):
            device.report(ScpiError(-363))
        return
    answer = await answer_of(device, message)
    if answer:
        writer.write(answer + terminator)
        await writer.drain()
