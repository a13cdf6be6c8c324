# SPDX-License-Identifier: Apache-2.0
"""One client that floods an instrument with questions and never reads must not hold up another."""

import socket
import time
from collections.abc import Iterator

import pytest

from heraldlink_sim.faces.santec_tsl570 import SantecTSL570
from heraldlink_sim.transport import EventLoopThread, serve_raw
from heraldlink_sim.transport.server import Server

FLOOD = b":SYST:LOCK 5\r" * 20_000  # one read of the server; an error each, and nothing to answer


@pytest.fixture
def server() -> Iterator[Server]:
    with EventLoopThread() as loop:
        running = loop.run(serve_raw(SantecTSL570("SIM-1"), terminator=b"\r"))
        yield running
        loop.run(running.close())


def test_a_flood_on_one_connection_does_not_stop_another(server):
    # a server that ran one connection to its end would never answer early; a busy machine may hide it once
    assert any(answers_amid_a_flood(server) for _ in range(5))


def answers_amid_a_flood(server) -> bool:
    """Whether a question is answered before a third of another connection's flood is done."""
    address = (server.host, server.port)
    with socket.create_connection(address) as flooding, socket.create_connection(address, 5) as asking:
        asking.sendall(b"*IDN?\r")
        assert asking.recv(100)
        flooding.sendall(FLOOD)
        begun = time.monotonic()
        asking.sendall(b"*IDN?\r")
        assert asking.recv(100).startswith(b"SANTEC")
        waited = time.monotonic() - begun
        flooding.sendall(b"*OPC?\r")
        assert flooding.recv(100) == b"1\r"
        whole = time.monotonic() - begun
    return waited < whole / 3
