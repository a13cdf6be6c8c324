# SPDX-License-Identifier: Apache-2.0
"""Raw connections to instruments, without VISA and without drivers: text out, text back, bounded in time.

The supervisor holds no QCoDeS, and what it does has to work when everything else has failed. A socket that is
refused is tried again until the deadline: an instrument with one connection frees it a moment after the
process that held it was killed. Every method raises OSError (TimeoutError for the deadline).
"""

import re
import socket
import struct
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Literal, Protocol

import zmq

from heraldlink.errors import ConfigurationError
from heraldlink.supervisor.deadline import Deadline

Kind = Literal["scpi", "zmq", "decop"]
RETRY_S = 0.02
SHORTEST_S = 1e-3
_SOCKET = re.compile(r"TCPIP\d*::([^:]+)::(\d+)::SOCKET", re.IGNORECASE)
_HISLIP = re.compile(r"TCPIP\d*::([^:]+)::(hislip\d+)(?:,(\d+))?(?:::INSTR)?", re.IGNORECASE)
_TCP = re.compile(r"(?:tcp://)?([^:/]+):(\d+)")
_HEADER = struct.Struct("!2sBBIQ")
_INITIALIZE, _INITIALIZED, _DATA, _DATA_END, _ASYNC = 0, 1, 6, 7, 17
_LARGEST = 1 << 20


class Wire(Protocol):
    """One open connection."""

    def write(self, line: str) -> None:
        """Send a command."""
        ...

    def ask(self, line: str) -> str:
        """Send a query and return its answer without its end."""
        ...

    def close(self) -> None:
        """Hang up."""
        ...


Connect = Callable[[Deadline], Wire]


class SocketWire:
    """A raw socket with lines; ``prompt``: every command is answered, and the answer ends with it."""

    def __init__(
        self, host: str, port: int, deadline: Deadline, end: str = "\n", prompt: str | None = None
    ) -> None:
        self._deadline, self._end, self._prompt = deadline, end.encode(), prompt
        self._socket = connected(host, port, deadline)
        if prompt is not None:
            self._read(prompt.encode())

    def write(self, line: str) -> None:
        """Send a command; with a prompt, its answer is awaited."""
        if self._prompt is not None:
            self.ask(line)
        else:
            self._send(line)

    def ask(self, line: str) -> str:
        """Send a query and return its answer."""
        self._send(line)
        return self._read(self._end if self._prompt is None else self._prompt.encode())

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _send(self, line: str) -> None:
        self._socket.settimeout(self._deadline.left_s())
        self._socket.sendall(line.encode() + self._end)

    def _read(self, end: bytes) -> str:
        found = bytearray()
        while not found.endswith(end):
            self._socket.settimeout(self._deadline.left_s())
            piece = self._socket.recv(4096)
            if not piece:
                raise ConnectionError("the instrument hung up")
            found += piece
            if len(found) > _LARGEST:
                raise ConnectionError("its answer has no end")
        return found.decode("latin-1").removesuffix(end.decode()).strip()


class HislipWire:
    """A HiSLIP 1.0 session (IVI-6.1) in synchronised mode: two connections, whole messages."""

    def __init__(self, host: str, port: int, sub_address: str, deadline: Deadline) -> None:
        self._deadline, self._number, self._delivered = deadline, 0xFFFF_FF00, 0
        with ExitStack() as stack:
            self._sync = stack.enter_context(connected(host, port, deadline))
            self._transmit(self._sync, _INITIALIZE, 0x0100 << 16, sub_address.encode())
            session = self._receive(self._sync, _INITIALIZED)[0] & 0xFFFF
            self._async = stack.enter_context(connected(host, port, deadline))
            self._transmit(self._async, _ASYNC, session, b"")
            self._receive(self._async, _ASYNC + 1)
            stack.pop_all()

    def write(self, line: str) -> None:
        """Send a command."""
        self._transmit(self._sync, _DATA_END, self._number, line.encode() + b"\n", self._delivered)
        self._delivered = 0
        self._number = (self._number + 2) & 0xFFFF_FFFF

    def ask(self, line: str) -> str:
        """Send a query and return its answer."""
        asked = self._number
        self.write(line)
        text = b""
        while True:
            number, kind, payload = self._any(self._sync)
            if kind not in (_DATA, _DATA_END):
                raise ConnectionError(f"HiSLIP message {kind} in the place of an answer: {payload!r}")
            if number not in (asked, 0xFFFF_FFFF):
                text = b""  # the answer to something that was asked before
                continue
            text += payload
            if kind == _DATA_END:
                self._delivered = 1
                return text.decode("latin-1").strip()

    def close(self) -> None:
        """Hang up."""
        self._async.close()
        self._sync.close()

    def _transmit(
        self, end: socket.socket, kind: int, parameter: int, payload: bytes, delivered: int = 0
    ) -> None:
        end.settimeout(self._deadline.left_s())
        end.sendall(_HEADER.pack(b"HS", kind, delivered, parameter, len(payload)) + payload)

    def _receive(self, end: socket.socket, wanted: int) -> tuple[int, bytes]:
        number, kind, payload = self._any(end)
        if kind != wanted:
            raise ConnectionError(f"HiSLIP message {kind} in the place of {wanted}: {payload!r}")
        return number, payload

    def _any(self, end: socket.socket) -> tuple[int, int, bytes]:
        prologue, kind, _, parameter, length = _HEADER.unpack(self._exactly(end, _HEADER.size))
        if prologue != b"HS" or length > _LARGEST:
            raise ConnectionError("what answers speaks no HiSLIP")
        return parameter, kind, self._exactly(end, length)

    def _exactly(self, end: socket.socket, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            end.settimeout(self._deadline.left_s())
            piece = end.recv(size - len(found))
            if not piece:
                raise ConnectionError("the instrument hung up")
            found += piece
        return bytes(found)


class ZmqWire:
    """Text requests to a ZeroMQ REP socket; a command is answered too."""

    def __init__(self, host: str, port: int, deadline: Deadline) -> None:
        connected(host, port, deadline).close()  # ZeroMQ itself does not say that nobody is there
        self._deadline, self._at = deadline, f"{host}:{port}"
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.REQ)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.connect(f"tcp://{self._at}")

    def write(self, line: str) -> None:
        """Send a command and await its answer."""
        self.ask(line)

    def ask(self, line: str) -> str:
        """Send a request and return its answer."""
        self._socket.send_string(line)
        if not self._socket.poll(max(1, int(self._deadline.left_s() * 1000))):
            raise TimeoutError("timed out")
        return self._socket.recv().decode("latin-1").strip()

    def close(self) -> None:
        """Hang up."""
        self._context.destroy(linger=0)


def connected(host: str, port: int, deadline: Deadline) -> socket.socket:
    """A TCP connection; a refusal is met by patience until the deadline."""
    while True:
        try:
            found = socket.create_connection((host, port), timeout=deadline.left_s())
        except (ConnectionRefusedError, ConnectionResetError):
            if deadline.left_s() < 2 * RETRY_S:
                raise
            time.sleep(RETRY_S)
            continue
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return found


def connector(address: str, kind: Kind, end: str) -> Connect:
    """How to connect to an address as a Station file has it; raises ConfigurationError if there is no way.

    ``kind`` is what the instrument speaks: lines ("scpi", over a socket or HiSLIP), ZeroMQ, DeCoP.
    """
    if kind == "scpi" and (found := _HISLIP.fullmatch(address)):
        host, sub_address, port = found[1], found[2], int(found[3] or 4880)
        return lambda deadline: HislipWire(host, port, sub_address, deadline)
    pattern = _SOCKET if kind == "scpi" else _TCP
    if found := pattern.fullmatch(address):
        at = found[1], int(found[2])
        if kind == "zmq":
            return lambda deadline: ZmqWire(*at, deadline)
        return lambda deadline: SocketWire(*at, deadline, end, "\n> " if kind == "decop" else None)
    wanted = "TCPIP::HOST::PORT::SOCKET or TCPIP::HOST::hislip0::INSTR" if kind == "scpi" else "HOST:PORT"
    raise ConfigurationError(
        f"address {address!r} has no raw way for the supervisor, which needs {wanted}:"
        " connect the instrument to the network, or run the node without supervisor (heraldlink node)"
    )
