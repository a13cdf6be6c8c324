# SPDX-License-Identifier: Apache-2.0
"""Clients in the hand: plain sockets, and HiSLIP message by message."""

import socket
import struct
import time
from collections.abc import Callable

from heraldlink_sim.transport import Server


def plain(server: Server) -> socket.socket:
    client = socket.create_connection((server.host, server.port), 5)
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def read_until(client: socket.socket, end: bytes) -> bytes:
    received = b""
    while not received.endswith(end):
        if not (data := client.recv(1 << 20)):
            raise ConnectionError(f"closed after {received[-80:]!r}")
        received += data
    return received


def hung_up(client: socket.socket) -> bool:
    """Whether the other side ends the connection, within the client's timeout."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def wait_until(condition: Callable[[], bool], timeout_s: float = 5.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "in vain"
        time.sleep(0.002)


class Wire:
    """One HiSLIP connection in the hand."""

    HEADER = struct.Struct("!2sBBIQ")

    def __init__(self, server: Server) -> None:
        self.socket = plain(server)
        self.partner: Wire | None = None
        """The other channel of the session, which lives as long."""

    def send(self, kind: int, control: int = 0, parameter: int = 0, payload: bytes = b"") -> None:
        self.socket.sendall(self.HEADER.pack(b"HS", kind, control, parameter, len(payload)) + payload)

    def receive(self) -> tuple[int, int, int, bytes]:
        _, kind, control, parameter, length = self.HEADER.unpack(self._exactly(self.HEADER.size))
        return kind, control, parameter, self._exactly(length)

    def ask(self, *message: int | bytes) -> tuple[int, int, int, bytes]:
        self.send(*message)
        return self.receive()

    def _exactly(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            if not (piece := self.socket.recv(min(count - len(data), 1 << 20))):
                raise ConnectionError("closed")
            data += piece
        return bytes(data)


def session(server: Server, sub_address: bytes = b"hislip0", version: int = 0x0100) -> tuple[Wire, Wire]:
    """The synchronous and the asynchronous channel of a new session."""
    synchronous, asynchronous = Wire(server), Wire(server)
    synchronous.send(0, 0, version << 16, sub_address)
    kind, _, parameter, _ = synchronous.receive()
    assert (kind, parameter >> 16) == (1, 0x0100)
    asynchronous.send(17, 0, parameter & 0xFFFF)
    assert asynchronous.receive()[0] == 18
    synchronous.partner, asynchronous.partner = asynchronous, synchronous
    return synchronous, asynchronous
