# SPDX-License-Identifier: Apache-2.0
"""Instruments of other simulators, for ``queries.py --peers PYTHON``; PYTHON has them installed.

``PYTHON benchmarks/peers.py sinstruments|scpipy`` prints its port and runs until it is killed. Each
knows one query, which is the least that it can be asked to look up. (lewis answers within the cycle of its
simulation, so that its figure would be that of the cycle time.)
"""

import socket
import sys

QUESTIONS = {
    "sinstruments": (b"SOUR:LEV?\n", b"1.5\n"),
    "scpipy": (b"SOUR:LEV?\n", b"1.5\n"),
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _sinstruments(port: int) -> None:
    from sinstruments.simulator import BaseDevice, TCPServer

    class Source(BaseDevice):
        def handle_message(self, message: bytes) -> bytes | None:
            return b"1.5\n" if message.strip() == b"SOUR:LEV?" else None

    source = Source("source")
    server = TCPServer("source", source.get_protocol, url=("127.0.0.1", port))
    source.transports = [server]
    server.start()
    print(port, flush=True)
    server.serve_forever()


def _scpipy(port: int) -> None:
    from scpipy.server import Context, Router, Server

    router = Router()

    @router.register("SOURce:LEVel?")
    def level(context: Context) -> str:
        return "1.5"

    server = Server("127.0.0.1", port)
    server.include_router(router)
    print(port, flush=True)
    server.run()


if __name__ == "__main__":
    {"sinstruments": _sinstruments, "scpipy": _scpipy}[sys.argv[1]](free_port())
