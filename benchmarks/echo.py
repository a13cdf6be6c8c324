# SPDX-License-Identifier: Apache-2.0
"""Bare echo servers: what asyncio can do with either of its interfaces. They import nothing else.

``python benchmarks/echo.py streams|protocol|streams-warm`` prints its port and runs until its standard input
ends. asyncio allocates 256 kB for each receive. In a bare process the allocator gets them from the system
each time, which costs more than all the rest; ``streams-warm`` has told it to keep them.
"""

import asyncio
import contextlib
import ctypes
import json
import sys

_MMAP_THRESHOLD, _TRIM_THRESHOLD = -3, -1


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()


class _Echo(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)


async def _main(kind: str) -> None:
    if kind == "streams-warm":
        libc = ctypes.CDLL(None)
        libc.mallopt(_MMAP_THRESHOLD, 1 << 25)
        libc.mallopt(_TRIM_THRESHOLD, 1 << 28)
    if kind == "protocol":
        server = await asyncio.get_running_loop().create_server(_Echo, "127.0.0.1", 0)
    else:
        server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    print(json.dumps({"raw": server.sockets[0].getsockname()[1]}), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
