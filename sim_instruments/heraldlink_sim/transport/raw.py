# SPDX-License-Identifier: Apache-2.0
"""An instrument on a raw TCP socket (VISA ``TCPIP::host::port::SOCKET``)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

from heraldlink_sim.clock import Clock
from heraldlink_sim.scpi.errors import ScpiError
from heraldlink_sim.scpi.framing import Session
from heraldlink_sim.transport.idle import IdleWatch
from heraldlink_sim.transport.outlet import Outlet
from heraldlink_sim.transport.server import (
    Connections,
    Device,
    Dropped,
    Repeated,
    Reporting,
    Server,
    acknowledge_now,
    listen_with,
)
from heraldlink_sim.transport.vigil import Vigil

_MESSAGES_PER_TURN = 32
_LARGEST_JOIN = 1 << 16
_MOST_WAITING = 1 << 20
_RECEIVE_SIZE = 1 << 17


class RawConnection(asyncio.BufferedProtocol):
    """One client. Its messages are answered in order; what it sends meanwhile waits, up to about 1 MB.

    While the client does not read, nothing more is executed for it. One that ends only its own side still
    gets the answers to what it sent.
    """

    def __init__(
        self,
        device: Device,
        session: Session,
        terminator: bytes,
        connections: Connections,
        watch: IdleWatch | None,
    ) -> None:
        self._device, self._session, self._terminator = device, session, terminator
        self._connections, self._watch = connections, watch
        self._messages: Iterator[bytes | None] = iter(())
        self._inbox: list[bytes] = []
        self._inbox_size = 0
        self._task: asyncio.Task[None] | None = None
        self._ended = False  # nothing more comes from the client, or is taken from it
        self._memory = memoryview(bytearray(_RECEIVE_SIZE))  # asyncio would allocate as much for each receive
        self._plain = session.plain_messages
        self._vigil = Vigil()
        self.busy = False
        """Whether messages are left for a later turn, or until something is waited for."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or hang up on it."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  # that of a TCP server
        self._transport = transport
        self._outlet = Outlet(transport, self._go_on)
        if not self._connections.admit(self):
            transport.abort()
        elif self._watch is not None:
            self._watch.begin(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Memory for what arrives next."""
        return self._memory

    def buffer_updated(self, nbytes: int) -> None:
        """Run the messages that are complete."""
        data = bytes(self._memory[:nbytes])
        if self._watch is not None and not self._watch.heard(self):
            return
        if self._ended:
            return
        if self.busy:
            self._keep(data)
            return
        self._vigil.begin()
        messages = self._plain(data)
        if messages is not None and len(messages) == 1 and not self._outlet.blocked:
            self._run_alone(messages[0])
        else:
            self._messages = iter(self._session.feed(data) if messages is None else messages)
            self._run()

    def eof_received(self) -> bool:
        """Take note that the client sends no more."""
        self._ended = True
        self._connections.end(self)
        if self._watch is not None:
            self._watch.end(self)
        return self.busy or self._outlet.blocked

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what has not begun; a command under way goes on to its end."""
        self._connections.forget(self)
        if self._watch is not None:
            self._watch.end(self)
        self._drop_messages()
        self._memory = memoryview(b"")  # not kept until the collector finds this connection

    def pause_writing(self) -> None:
        """Wait for a client that does not read."""
        self._outlet.pause()

    def resume_writing(self) -> None:
        """Go on: the client reads again."""
        self._outlet.resume()

    def cancel(self) -> None:
        """Break the connection off, and what is being executed."""
        if self._task is not None:
            self._task.cancel()
        self._transport.abort()

    def _keep(self, data: bytes) -> None:
        self._inbox.append(data)
        self._inbox_size += len(data)
        if self._inbox_size > _MOST_WAITING:
            self._transport.pause_reading()

    def _run_alone(self, message: bytes) -> None:
        """Run the only message that has arrived."""
        try:
            answer = self._device.respond(message)
        except (Dropped, Repeated) as broken:
            self._send(self._broken(broken))
            self._rest(answered=True)
            return
        except BaseException:
            self._transport.abort()
            raise
        if not isinstance(answer, bytes):
            self.busy = True
            self._task = self._connections.start(self._wait(answer))
        elif not answer:
            self._rest(answered=False)
        elif len(answer) < _LARGEST_JOIN:
            self._transport.write(answer + self._terminator)
        else:
            self._send([answer, self._terminator])

    def _run(self) -> None:
        """Run messages for one turn of the event loop, and send their answers together."""
        if self._transport.is_closing():
            return
        answers: list[bytes] = []
        try:
            self.busy = self._turn(answers)
            self._send(answers)
        except BaseException:
            self._transport.abort()
            raise
        if not self.busy:
            self._rest(answered=bool(answers))
        elif self._task is None and not self._outlet.blocked:
            asyncio.get_running_loop().call_soon(self._run)

    def _turn(self, answers: list[bytes]) -> bool:
        """Collect the answers of a few messages; whether others are left."""
        for _ in range(_MESSAGES_PER_TURN):
            if (message := self._next()) is None:
                return False
            try:
                answer = self._device.respond(message)
            except (Dropped, Repeated) as broken:
                answers += self._broken(broken)
                continue
            if not isinstance(answer, bytes):
                self._task = self._connections.start(self._wait(answer))
                return True
            if answer:
                answers += (answer, self._terminator)
                if len(answer) > _LARGEST_JOIN:
                    return True
        return True

    def _broken(self, broken: Dropped | Repeated) -> list[bytes]:
        """What is sent for an answer that is not as it should be."""
        if isinstance(broken, Repeated):
            return [broken.answer, self._terminator] * 2
        if broken.closes:
            self._ended = True
            self._drop_messages()
        return [broken.sent]

    def _next(self) -> bytes | None:
        """Next message; None when all that arrived was run."""
        while True:
            for message in self._messages:
                if message is not None:
                    return message
                if isinstance(self._device, Reporting):
                    self._device.report(ScpiError(-363))
            if not self._inbox:
                return None
            self._messages = iter(self._session.feed(b"".join(self._inbox)))
            self._inbox, self._inbox_size = [], 0
            self._transport.resume_reading()

    async def _wait(self, answer: Awaitable[bytes]) -> None:
        """Send an answer that takes its time, then go on with the messages behind it."""
        try:
            whole = await answer
            answers = [whole, self._terminator] if whole else []
        except (Dropped, Repeated) as broken:
            answers = self._broken(broken)
        except BaseException:
            self._transport.abort()
            raise
        finally:
            self._task = None
        if not self._transport.is_closing():
            self._send(answers)
            self._go_on()

    def _send(self, answers: list[bytes]) -> None:
        if sum(map(len, answers)) > _LARGEST_JOIN or self._outlet.blocked:
            self._outlet.send_all([(answer,) for answer in answers])
        elif answers:
            self._transport.write(b"".join(answers))

    def _go_on(self) -> None:
        """Continue where everything was sent that could be."""
        if self.busy and self._task is None and not self._outlet.blocked:
            self._run()
        elif not self.busy:
            self._rest(answered=True)

    def _rest(self, *, answered: bool) -> None:
        if self._ended and not self._outlet.blocked:
            self._transport.close()
        elif not answered and not self._transport.is_closing():
            acknowledge_now(self._transport)  # an answer would have carried the acknowledgement

    def _drop_messages(self) -> None:
        self._messages, self._inbox, self._inbox_size = iter(()), [], 0


async def serve_raw(
    device: Device,
    host: str = "127.0.0.1",
    port: int = 0,
    terminator: bytes = b"\n",
    read_terminator: bytes | None = None,
    *,
    block_ends_message: bool = False,
    connections: int | None = None,
    idle_s: float | None = None,
    clock: Clock | None = None,
    admits: Callable[[], bool] | None = None,
) -> Server:
    r"""Serve ``device``; port 0 takes a free one, see ``server.port`` and ``server.address``.

    ``terminator`` is sent behind each answer. ``read_terminator``: each of its bytes ends a message (default:
    the bytes of ``terminator``, so that CRLF also takes a bare CR or LF). ``block_ends_message``: see
    :class:`heraldlink_sim.scpi.framing.Session`. ``connections``: how many at once, further ones are hung up
    at once. ``idle_s``: a client that is silent for so long by ``clock`` is hung up. ``admits``:
    asked whether one that connects may stay.
    """
    open_ones = Connections(connections, admits)
    watch = IdleWatch(clock, idle_s) if clock is not None and idle_s is not None else None

    def connection() -> RawConnection:
        session = Session(read_terminator or terminator, block_ends_message=block_ends_message)
        return RawConnection(device, session, terminator, open_ones, watch)

    server = await listen_with(connection, open_ones, host, port, lambda h, p: f"TCPIP::{h}::{p}::SOCKET")
    if watch is not None:
        open_ones.start(watch.run())
    return server
