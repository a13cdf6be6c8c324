# SPDX-License-Identifier: Apache-2.0
"""Bare clients for the faces: sockets and bytes only, nothing shared with the simulators' parsers."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import zmq

DEADLINE_S = 10.0


class LineClient:
    """One TCP connection that sends and receives terminated lines."""

    def __init__(self, port: int, terminator: bytes) -> None:
        self._terminator = terminator
        self._rest = b""
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def write(self, text: str) -> None:
        self.socket.sendall(text.encode() + self._terminator)

    def read(self) -> str:
        while self._terminator not in self._rest:
            data = self.socket.recv(65536)
            assert data, "connection closed"
            self._rest += data
        line, self._rest = self._rest.split(self._terminator, 1)
        return line.decode()

    def ask(self, text: str) -> str:
        self.write(text)
        return self.read()

    def act(self, text: str) -> None:
        """Send commands and wait until they have acted."""
        self.write(text)
        assert self.ask("*OPC?") == "1"

    def close(self) -> None:
        self.socket.close()


class JsonClient:
    """One connection to an EOS control port."""

    def __init__(self, port: int) -> None:
        self._lines = LineClient(port, b"\x17")
        self.socket = self._lines.socket
        self.close = self._lines.close

    def send(self, **message: object) -> None:
        self.socket.sendall(json.dumps(message).encode())

    def receive(self) -> tuple[str, object]:
        message = json.loads(self._lines.read())
        assert set(message) == {"label", "value"}
        return message["label"], message["value"]


class ZmqClient:
    """REQ sockets to a time controller and its DataLink service, and PAIR sockets for streams."""

    def __init__(self, control: str, datalink: str) -> None:
        self._context = zmq.Context()
        self.control = self._socket(zmq.REQ, control)
        self.service = self._socket(zmq.REQ, datalink)

    def _socket(self, kind: int, address: str) -> "zmq.Socket[bytes]":
        made = self._context.socket(kind)
        made.setsockopt(zmq.LINGER, 0)
        made.setsockopt(zmq.RCVTIMEO, int(DEADLINE_S * 1000))
        made.connect(address)
        return made

    def ask(self, text: str) -> str:
        self.control.send_string(text)
        return self.control.recv().decode()

    def link(self, text: str):
        self.service.send_string(text)
        return json.loads(self.service.recv())

    def stream(self, port: int) -> "zmq.Socket[bytes]":
        return self._socket(zmq.PAIR, f"tcp://127.0.0.1:{port}")

    def close(self) -> None:
        self._context.destroy(linger=0)


def pairs(message: bytes) -> list[tuple[int, int]]:
    """Unpack (timestamp, reference index) pairs."""
    return [(int(t), int(n)) for t, n in np.frombuffer(message, "<u8").reshape(-1, 2)]


@contextmanager
def closing_all(*clients: LineClient | JsonClient | ZmqClient) -> Iterator[None]:
    try:
        yield
    finally:
        for client in clients:
            client.close()


def wait_until(condition, what: str) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.001)
