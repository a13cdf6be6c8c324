# SPDX-License-Identifier: Apache-2.0
"""Clients of the checklist: sockets and bytes alone, nothing of the simulators' parsers or transports.

All have ``send``, ``receive``, ``ask`` and ``close``; what only one of them can do is a method of its own.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Protocol

DEADLINE_S = 20.0


class Client(Protocol):
    """One session with an instrument."""

    way: str

    def send(self, message: str | bytes) -> None: ...

    def receive(self) -> bytes: ...

    def ask(self, message: str | bytes) -> str: ...

    def close(self) -> None: ...


def as_bytes(message: str | bytes) -> bytes:
    return message if isinstance(message, bytes) else message.encode("latin-1")


def connect(host: str, port: int) -> socket.socket:
    made = socket.create_connection((host, port), DEADLINE_S)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


class RawClient:
    """Messages with a terminator on a TCP socket; ``TCPIP::host::port::SOCKET``."""

    way = "raw"

    def __init__(self, address: str, terminator: bytes) -> None:
        _, host, port, _ = address.split("::")
        self.terminator = terminator
        self.socket = connect(host, int(port))
        self._received = bytearray()

    def send(self, message: str | bytes) -> None:
        self.socket.sendall(as_bytes(message) + self.terminator)

    def send_bytes(self, data: bytes | memoryview) -> None:
        """Exactly these bytes."""
        self.socket.sendall(data)

    def receive(self) -> bytes:
        """One answer without its terminator; a block in it may hold any byte."""
        while True:
            if (end := self._end()) is not None:
                answer = bytes(self._received[:end])
                del self._received[: end + len(self.terminator)]
                return answer
            self._more()

    def ask(self, message: str | bytes) -> str:
        self.send(message)
        return self.receive().decode("latin-1")

    def close(self) -> None:
        self.socket.close()

    def _more(self) -> None:
        if not (data := self.socket.recv(1 << 20)):
            raise ConnectionError(f"hung up after {bytes(self._received[-80:])!r}")
        self._received += data

    def _end(self) -> int | None:
        start = 0
        if self._received[:1] == b"#" and self._received[1:2].isdigit():
            digits = int(self._received[1:2])
            if len(self._received) < 2 + digits:
                return None
            start = 2 + digits + int(self._received[2 : 2 + digits])
        end = self._received.find(self.terminator, start)
        return None if end < 0 else end


class HislipClient:
    """Two TCP connections with framed messages (IVI-6.1); ``TCPIP::host::hislip0,port::INSTR``."""

    way = "hislip"
    HEADER = struct.Struct("!2sBBIQ")
    INITIALIZE, ASYNC_INITIALIZE, DATA, DATA_END = 0, 17, 6, 7
    CLEAR_COMPLETE, CLEAR_ACKNOWLEDGED, INTERRUPTED, TRIGGER = 8, 9, 13, 12
    LOCK, LOCK_RESPONSE, MAX_SIZE, MAX_SIZE_RESPONSE = 4, 5, 15, 16
    ASYNC_CLEAR, ASYNC_CLEAR_ACKNOWLEDGED, SERVICE_REQUEST = 19, 23, 20
    STATUS, STATUS_RESPONSE, ASYNC_INTERRUPTED, FATAL = 21, 22, 14, 2
    FIRST_ID = 0xFFFF_FF00

    def __init__(self, address: str) -> None:
        _, self.host, rest, _ = address.split("::")
        self.sub_address, port = rest.split(",")
        self.port = int(port)
        self.sync = connect(self.host, self.port)
        self.write(self.sync, self.INITIALIZE, 0, 0x0100_5858, self.sub_address.encode())
        kind, _, self.session, _ = self.read(self.sync)
        assert kind == 1, f"no InitializeResponse but {kind}"
        self.asynchronous = connect(self.host, self.port)
        self.write(self.asynchronous, self.ASYNC_INITIALIZE, 0, self.session & 0xFFFF)
        assert self.read(self.asynchronous)[0] == 18
        self._begin()

    def _begin(self) -> None:
        self.next_id, self.last_id, self._delivered = self.FIRST_ID, self.FIRST_ID - 2, 0

    def write(
        self, channel: socket.socket, kind: int, control: int = 0, parameter: int = 0, payload: bytes = b""
    ) -> None:
        channel.sendall(self.HEADER.pack(b"HS", kind, control, parameter, len(payload)) + payload)

    def read(self, channel: socket.socket) -> tuple[int, int, int, bytes]:
        """Kind, control code, parameter and payload of the next message."""
        prologue, kind, control, parameter, length = self.HEADER.unpack(self._exactly(channel, 16))
        assert prologue == b"HS"
        return kind, control, parameter, self._exactly(channel, length)

    def _exactly(self, channel: socket.socket, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            if not (piece := channel.recv(min(count - len(data), 1 << 20))):
                raise ConnectionError("hung up")
            data += piece
        return bytes(data)

    def frame(self, message: str | bytes, *, kind: int = DATA_END) -> bytes:
        """One message as it goes over the synchronous channel, with the next id."""
        payload = as_bytes(message)
        header = self.HEADER.pack(b"HS", kind, self._delivered, self.next_id, len(payload))
        self._delivered = 0
        if kind == self.DATA_END:
            self.last_id, self.next_id = self.next_id, (self.next_id + 2) & 0xFFFF_FFFF
        return header + payload

    def send(self, message: str | bytes) -> None:
        self.sync.sendall(self.frame(as_bytes(message) + b"\n"))

    def receive_message(self) -> tuple[int, bytes]:
        """Id and bytes of the next whole answer."""
        answer = b""
        while True:
            kind, _, number, payload = self.read(self.sync)
            assert kind in (self.DATA, self.DATA_END), f"message type {kind}: {payload[:80]!r}"
            answer += payload
            if kind == self.DATA_END:
                self._delivered = 1
                return number, answer

    def receive(self) -> bytes:
        return self.receive_message()[1].removesuffix(b"\n")

    def ask(self, message: str | bytes) -> str:
        self.send(message)
        return self.receive().decode("latin-1")

    def status(self) -> int:
        """Serial poll."""
        self.write(self.asynchronous, self.STATUS, self._delivered, self.last_id)
        self._delivered = 0
        return self.async_until(self.STATUS_RESPONSE)[1]

    def async_until(self, wanted: int) -> tuple[int, int, int, bytes]:
        """The next message of this kind on the asynchronous channel; others are thrown away."""
        while (message := self.read(self.asynchronous))[0] != wanted:
            pass
        return message

    def clear(self, *, overlapped: bool = False) -> None:
        """Device clear; whatever was on its way to us is thrown away."""
        self.write(self.asynchronous, self.ASYNC_CLEAR)
        self.async_until(self.ASYNC_CLEAR_ACKNOWLEDGED)
        self.write(self.sync, self.CLEAR_COMPLETE, int(overlapped))
        while (message := self.read(self.sync))[0] != self.CLEAR_ACKNOWLEDGED:
            pass
        assert message[1] == int(overlapped)
        self._begin()

    def lock(self, key: bytes = b"", timeout_ms: int = 0) -> int:
        """Ask for the exclusive lock, or with a key for a shared one: 1 got it, 0 not in time, 3 error."""
        self.write(self.asynchronous, self.LOCK, 1, timeout_ms, key)
        return self.async_until(self.LOCK_RESPONSE)[1]

    def unlock(self) -> int:
        """Give a lock back: 1 it was exclusive, 2 shared, 3 there was none."""
        self.write(self.asynchronous, self.LOCK, 0, self.last_id)
        return self.async_until(self.LOCK_RESPONSE)[1]

    def close(self) -> None:
        self.sync.close()
        self.asynchronous.close()


class Exchange(Protocol):
    """IEEE 488.2 chapter 6 in process: what a bus controller does with a device."""

    async def write(self, data: bytes, *, end: bool = True) -> None: ...

    async def read(self) -> bytes: ...

    def clear(self) -> None: ...


class InProcessClient:
    """The instrument's own message exchange, without a wire: for errors that no wire can show."""

    way = "in process"

    def __init__(self, exchange: Exchange, run: Callable[..., object]) -> None:
        self.exchange, self._run = exchange, run

    def send(self, message: str | bytes, *, end: bool = True) -> None:
        self._run(self.exchange.write(as_bytes(message), end=end))

    def receive(self) -> bytes:
        answer = self._run(self.exchange.read())
        assert isinstance(answer, bytes)
        return answer.removesuffix(b"\n")

    def ask(self, message: str | bytes) -> str:
        self.send(message)
        return self.receive().decode("latin-1")

    def clear(self) -> None:
        async def in_its_loop() -> None:
            await asyncio.sleep(0)
            self.exchange.clear()

        self._run(in_its_loop())

    def close(self) -> None:
        self.clear()
