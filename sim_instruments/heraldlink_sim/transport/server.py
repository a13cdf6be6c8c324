# SPDX-License-Identifier: Apache-2.0
"""What all TCP transports share: the device behind them, and a listening server that closes completely."""

import asyncio
import socket
from asyncio.trsock import TransportSocket
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from heraldlink_sim.scpi.errors import ScpiError

Connection = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_STREAM_LIMIT = 1 << 21
_QUICK_ACK: int | None = getattr(socket, "TCP_QUICKACK", None)  # Linux only


class Device(Protocol):
    """Bytes in, bytes out: all that a transport needs of an instrument."""

    @property
    def wire_log(self) -> deque[tuple[Literal["in", "out"], bytes]]:
        """The last messages, for tests and for ``--verbose``."""
        ...

    def respond(self, message: bytes) -> bytes | Awaitable[bytes]:
        """Answer one message without terminator, at once or after a wait; ``b""``: nothing is sent.

        Raises Dropped where the connection is to break, Repeated where the answer comes twice.
        """
        ...


class Dropped(Exception):  # not an error of anybody's: an instrument that hangs up
    """The instrument sends ``sent``, perhaps a part of its answer, as it is and without an end.

    Then it closes the connection, or with ``closes=False`` stays silent until the next message.
    """

    def __init__(self, sent: bytes = b"", *, closes: bool = True) -> None:
        super().__init__("the instrument breaks off its answer")
        self.sent, self.closes = sent, closes


class Repeated(Exception):  # not an error of anybody's: an instrument that stammers
    """The instrument sends its whole answer twice."""

    def __init__(self, answer: bytes) -> None:
        super().__init__("the instrument answers twice")
        self.answer = answer


class Listener(Protocol):
    """A listening server of any protocol."""

    async def close(self) -> None:
        """Stop listening and drop all connections."""
        ...

    def refuse(self, refusing: bool) -> None:
        """Drop all connections and hang up on whoever comes, until told otherwise."""
        ...


@dataclass(frozen=True, slots=True)
class Listening:
    """A served instrument: its addresses by name (``hub_tc``, ``hub_tc.datalink``) and its servers."""

    addresses: Mapping[str, str]
    listeners: tuple[Listener, ...]


@runtime_checkable
class Reporting(Protocol):
    """A device that also has an error queue and a status byte."""

    def report(self, error: ScpiError) -> None:
        """Queue an error that the transport found."""
        ...

    def status_byte(self, *, message_available: bool = False) -> int:
        """The status byte for a serial poll."""
        ...


class Server:
    """A listening instrument: ``.address`` for VISA, ``.host``, ``.port``, and ``await .close()``."""

    def __init__(self, listener: asyncio.Server, address: Callable[[str, int], str]) -> None:
        self._listener = listener
        self.host, self.port = listener.sockets[0].getsockname()[:2]
        self.address = address(str(self.host), int(self.port))
        self.connections: set[asyncio.Task[None]] = set()
        self.refusing = False

    def refuse(self, refusing: bool) -> None:
        """Drop all connections and hang up on whoever comes, until told otherwise."""
        self.refusing = refusing
        if refusing:
            for task in list(self.connections):
                task.cancel()

    async def close(self) -> None:
        """Stop listening and drop all connections."""
        self._listener.close()
        for task in list(self.connections):
            task.cancel()
        await asyncio.gather(*self.connections, return_exceptions=True)


async def listen(connection: Connection, host: str, port: int, address: Callable[[str, int], str]) -> Server:
    """Serve ``connection`` on a TCP port (0: any free one) with Nagle's algorithm off."""

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running = server.connections
        if (task := asyncio.current_task()) is not None:
            running.add(task)
        try:
            if not server.refusing:
                _no_delay(writer)
                await connection(reader, writer)
        except Dropped as end:
            writer.write(end.sent)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went away, or the bench closes
        finally:
            if task is not None:
                running.discard(task)
            writer.close()

    listener = await asyncio.start_server(accept, host, port, limit=_STREAM_LIMIT)
    server = Server(listener, address)
    return server


async def answer_of(device: Device, message: bytes) -> bytes:
    """Return the answer of ``device`` after whatever it has to wait for."""
    answer = device.respond(message)
    return answer if isinstance(answer, bytes) else await answer


def acknowledge_now(writer: asyncio.StreamWriter) -> None:
    """Send the TCP acknowledgement at once, else a client that writes twice waits 40 ms for Nagle."""
    connection = writer.get_extra_info("socket")
    if _QUICK_ACK is not None and isinstance(connection, TransportSocket):
        connection.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)


def _no_delay(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if isinstance(connection, TransportSocket):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    acknowledge_now(writer)
