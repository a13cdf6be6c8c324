# SPDX-License-Identifier: Apache-2.0
"""A connection of pyvisa-py, asked without the detours of pyvisa: half the time of an exchange.

On a raw socket it also ends what pyvisa-py does not: a reply that breaks off, or a peer that takes nothing
any more.
"""

import os
import select
import socket
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Protocol, cast

from pyvisa import VisaIOError
from pyvisa.constants import StatusCode
from pyvisa.resources import MessageBasedResource

from heraldlink_drivers._visa_connection import pyvisa_py_session, raw_socket

_CHUNK = 1 << 16
BLOCK_CHUNK = 1 << 24
_SHORTEST_TIMEOUT_s = 1e-3
_ATTENTIVE_s = 1e-4
_let_others_run: Callable[[], None] = getattr(os, "sched_yield", lambda: None)


class Line(Protocol):
    """One connection; its timeout is that of the VISA resource. Raises VisaIOError for a timeout, OSError."""

    def send(self, data: bytes) -> None:
        """Send a whole message."""
        ...

    def exchange(self, messages: Sequence[bytes], end: bytes) -> bytes:
        """Send messages, of which the last is a query, and return its reply, without ``end``."""
        ...

    def block(self, query: bytes, end: bytes) -> bytes:
        """Send a query and return the bytes of the definite block that answers it, or raise ValueError."""
        ...

    def hung_up(self) -> bool:
        """Whether the other side is known to have closed the connection; takes nothing from it."""
        ...


class _SocketSession(Protocol):
    @property
    def timeout(self) -> float | None: ...


class _MessageSession(Protocol):
    def read(self, count: int) -> tuple[bytes, StatusCode]: ...

    def write(self, data: bytes) -> tuple[int, StatusCode]: ...


class SocketLine:
    """A raw socket."""

    def __init__(self, session: _SocketSession, connection: socket.socket) -> None:
        self._session, self._connection = session, connection
        self._timeout_s = connection.gettimeout()
        self._receive = partial(socket.socket.recv, connection)
        self._readable = _looker(connection)

    def send(self, data: bytes) -> None:
        """Send a whole message; the timeout is that of each piece of 64 kB."""
        self._set_timeout()
        view = memoryview(data)
        try:
            for start in range(0, len(data), _CHUNK):
                self._connection.sendall(view[start : start + _CHUNK])
        except TimeoutError:
            raise VisaIOError(StatusCode.error_timeout) from None

    def exchange(self, messages: Sequence[bytes], end: bytes) -> bytes:
        """All messages leave in one segment. What came too late before is thrown away."""
        if self._readable():
            self._connection.recv(_CHUNK)
        if self._session.timeout != self._timeout_s:
            self._set_timeout()
        try:
            self._connection.sendall(b"".join(messages))
            self._look_out()
            received = self._receive(_CHUNK)
            while (found := received.find(end)) < 0:
                received += self._connection.recv(_CHUNK)
        except TimeoutError:
            raise VisaIOError(StatusCode.error_timeout) from None
        return received[:found]

    def block(self, query: bytes, end: bytes) -> bytes:
        """The block may contain the terminator: its length says where it ends."""
        if self._readable():
            self._connection.recv(_CHUNK)
        self.send(query)
        try:
            head = bytes(self._exactly(2))
            if head[:1] != b"#" or not head[1:].isdigit():
                raise ConnectionError(f"no block, but {head!r}")
            data = self._exactly(int(self._exactly(int(head[1:]))))
            self._exactly(len(end))
        except TimeoutError:
            raise VisaIOError(StatusCode.error_timeout) from None
        return bytes(data)

    def hung_up(self) -> bool:
        """Whether the end of the connection has arrived."""
        if not self._readable():
            return False
        try:
            return not self._connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return True

    def _look_out(self) -> None:
        """Look for the reply 0.1 ms long before going to sleep for it: waking up takes longer than a small
        reply from nearby (40 us instead of 110 us per round trip on loopback of a virtual machine).
        """
        until_s = time.perf_counter() + _ATTENTIVE_s
        while not self._readable() and time.perf_counter() < until_s:
            _let_others_run()

    def _exactly(self, size: int) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            view = view[self._connection.recv_into(view) :]
        return data

    def _set_timeout(self) -> None:
        timeout_s = self._timeout_s = self._session.timeout
        self._connection.settimeout(timeout_s if timeout_s is None else max(timeout_s, _SHORTEST_TIMEOUT_s))


class HislipLine:
    """A HiSLIP session; a reply ends where its message ends."""

    def __init__(self, session: _MessageSession) -> None:
        self._session = session

    def send(self, data: bytes) -> None:
        """Send a whole message, in as few pieces as the server takes."""
        try:
            self._session.write(data)
        except TimeoutError:
            raise VisaIOError(StatusCode.error_timeout) from None

    def exchange(self, messages: Sequence[bytes], end: bytes) -> bytes:
        """Each message is one of HiSLIP. Replies to former queries are passed over by their ids."""
        for message in messages:
            self.send(message)
        return self._message(_CHUNK).rstrip(b"\r\n")

    def block(self, query: bytes, end: bytes) -> bytes:
        """The reply is received whole before it is looked at."""
        self.send(query)
        return block_content(self._message(BLOCK_CHUNK))

    def hung_up(self) -> bool:
        """Known only when an exchange fails."""
        return False

    def _message(self, chunk: int) -> bytes:
        reply, status = self._session.read(chunk)
        while status == StatusCode.success_max_count_read:
            piece, status = self._session.read(chunk)
            reply += piece
        if status == StatusCode.error_timeout:
            raise VisaIOError(StatusCode.error_timeout)
        return reply


def _looker(connection: socket.socket) -> Callable[[], object]:
    """A function that tells at once whether bytes have arrived; Windows has no ``poll``."""
    if not hasattr(select, "poll"):
        return lambda: select.select([connection], [], [], 0)[0]
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return partial(poll.poll, 0)


def line_of(resource: MessageBasedResource) -> Line | None:
    """The line of a raw socket or HiSLIP session of pyvisa-py; None for anything else, or closed."""
    session = pyvisa_py_session(resource)
    if (connection := raw_socket(resource)) is not None:
        return SocketLine(cast(_SocketSession, session), connection)
    hislip = session is not None and "hislip" in resource.resource_name.lower()
    return HislipLine(cast(_MessageSession, session)) if hislip else None


def block_content(reply: bytes) -> bytes:
    """Payload of a definite block (IEEE 488.2, 8.7.9); raises ValueError if it is none, or cut short."""
    if reply[:1] != b"#":
        raise ValueError("no block")
    begin = 2 + int(reply[1:2])
    end = begin + int(reply[2:begin])
    if len(reply) < end:
        raise ValueError("cut short")
    return bytes(memoryview(reply)[begin:end])
