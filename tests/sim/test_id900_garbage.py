# SPDX-License-Identifier: Apache-2.0
"""Bytes that are not ZeroMQ on the ports of a time controller."""

import random
import socket
from collections.abc import Iterator

import pytest
import zmq

from heraldlink_sim.faces.id900_server import Id900Server, serve_id900
from heraldlink_sim.faces.id_quantique_id900 import IDQuantiqueID900
from heraldlink_sim.transport import EventLoopThread

GREETING = b"\xff\0\0\0\0\0\0\0\1\x7f"  # ZMTP's signature, with nothing sensible behind it


@pytest.fixture
def server() -> Iterator[Id900Server]:
    with EventLoopThread() as loop:
        yield (running := loop.run(serve_id900(IDQuantiqueID900("SIM-1"))))
        loop.run(running.close())


def ask(address: str, request: bytes) -> bytes:
    with zmq.Context() as context, context.socket(zmq.REQ) as client:
        client.setsockopt(zmq.LINGER, 0)
        client.setsockopt(zmq.RCVTIMEO, 5000)
        client.connect(address)
        client.send(request)
        return client.recv()


@pytest.mark.parametrize("seed", range(5))
def test_bytes_that_are_not_zeromq_silence_nobody(server, seed):
    draw = random.Random(seed)
    for address in (server.address, server.datalink_address):
        host, port = address.removeprefix("tcp://").split(":")
        for size in (1, 10, 64, 100, 64, 5000):
            for beginning in (b"", GREETING):
                with socket.create_connection((host, int(port))) as intruder:
                    intruder.sendall(beginning + draw.randbytes(size))
    assert b"SIM-1" in ask(server.address, b"*IDN?")
    assert ask(server.datalink_address, b"list") == b"[]"
