# SPDX-License-Identifier: Apache-2.0
"""What all transports share: the device behind them, and a listening server that closes completely."""

import asyncio
import socket
from asyncio.trsock import TransportSocket
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from heraldlink_sim.scpi.errors import ScpiError
from heraldlink_sim.transport.memory import keep_freed_memory

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


@runtime_checkable
class Polled(Protocol):
    """A device to which a serial poll is more than a look: it costs time."""

    def poll(self, *, message_available: bool) -> int:
        """Answer a serial poll: the status byte."""
        ...


class Droppable(Protocol):
    """An open connection."""

    def cancel(self) -> object:
        """Break it off."""
        ...


class Connections:
    """The open connections of one server: counted, at most ``most``, and dropped together.

    It also keeps the commands that are being executed: an instrument ends them though the client has gone.
    """

    def __init__(self, most: int | None = None, admits: Callable[[], bool] | None = None) -> None:
        self.refusing = False
        self._most, self._admits = most, admits
        self._open: set[Droppable] = set()
        self._ending: set[Droppable] = set()
        self._running: set[asyncio.Task[None]] = set()

    def admit(self, connection: Droppable) -> bool:
        """Whether a new connection may stay; it counts until it is forgotten."""
        if self.refusing or (self._most is not None and len(self._open) >= self._most):
            return False
        if self._admits is not None and not self._admits():
            return False
        self._open.add(connection)
        return True

    def end(self, connection: Droppable) -> None:
        """Count a connection no longer, though it still gets its answers: its client sends no more."""
        self._open.discard(connection)
        self._ending.add(connection)

    def forget(self, connection: Droppable) -> None:
        """Take note that a connection is closed."""
        self._open.discard(connection)
        self._ending.discard(connection)

    def start(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run what a connection has to wait for."""
        return self.keep(asyncio.get_running_loop().create_task(work))

    def keep(self, task: asyncio.Task[None]) -> asyncio.Task[None]:
        """Wait for a task when the server closes."""
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    def refuse(self, refusing: bool) -> None:
        """Drop all connections and admit none, until told otherwise."""
        self.refusing = refusing
        if refusing:
            for connection in [*self._open, *self._ending]:
                connection.cancel()

    async def close(self) -> None:
        """Drop all connections for good and end whatever still runs."""
        self.refuse(True)
        for task in (running := list(self._running)):
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await asyncio.sleep(0)  # connections are told of their loss in the next turn of the loop


class Server:
    """A listening instrument: ``.address`` for VISA, ``.host``, ``.port``, and ``await .close()``."""

    def __init__(
        self, listener: asyncio.Server, address: Callable[[str, int], str], connections: Connections
    ) -> None:
        self._listener, self._connections = listener, connections
        self.when_closed: Callable[[], None] = _nothing
        self.host, self.port = listener.sockets[0].getsockname()[:2]
        self.address = address(str(self.host), int(self.port))

    def refuse(self, refusing: bool) -> None:
        """Drop all connections and hang up on whoever comes, until told otherwise."""
        self._connections.refuse(refusing)

    async def close(self) -> None:
        """Stop listening and drop all connections."""
        self._listener.close()
        await self._connections.close()
        closed, self.when_closed = self.when_closed, _nothing
        closed()


def _nothing() -> None:
    """Stand in for what somebody may want to be told."""


async def listen_with(
    protocol: Callable[[], asyncio.BaseProtocol],
    connections: Connections,
    host: str,
    port: int,
    address: Callable[[str, int], str],
) -> Server:
    """Serve a protocol on a TCP port (0: any free one); asyncio itself switches Nagle's algorithm off."""
    keep_freed_memory()
    listener = await asyncio.get_running_loop().create_server(protocol, host, port)
    return Server(listener, address, connections)


async def listen(connection: Connection, host: str, port: int, address: Callable[[str, int], str]) -> Server:
    """Serve ``connection`` with streams on a TCP port (0: any free one)."""
    connections = Connections()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        try:
            if task is not None and connections.admit(task):
                connections.keep(task)
                acknowledge_now(writer)
                await connection(reader, writer)
        except Dropped as end:
            writer.write(end.sent)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client went away, or the bench closes
        finally:
            if task is not None:
                connections.forget(task)
            writer.close()

    listener = await asyncio.start_server(accept, host, port, limit=_STREAM_LIMIT)
    return Server(listener, address, connections)


async def answer_of(device: Device, message: bytes) -> bytes:
    """Return the answer of ``device`` after whatever it has to wait for."""
    answer = device.respond(message)
    return answer if isinstance(answer, bytes) else await answer


def acknowledge_now(connection: asyncio.BaseTransport | asyncio.StreamWriter) -> None:
    """Send the TCP acknowledgement at once, else a client that writes twice waits 40 ms for Nagle."""
    tcp = connection.get_extra_info("socket")
    if _QUICK_ACK is not None and isinstance(tcp, TransportSocket):
        tcp.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)
