# SPDX-License-Identifier: Apache-2.0
"""Raw sockets: order, limits, clients that do not read, half-close, hang-ups and what breaks."""

import asyncio
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Iterator

import pytest
from wires import hung_up, plain, read_until, wait_until

from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.transport import EventLoopThread, Server, serve_raw
from heraldlink_sim.transport.server import Dropped, Repeated


class Parrot:
    """Answers each question with itself; a few words are special."""

    def __init__(self) -> None:
        self.wire_log = deque()
        self.heard: list[bytes] = []
        self.go_on = asyncio.Event()
        self.finished = 0

    def respond(self, message: bytes) -> bytes | Awaitable[bytes]:
        self.heard.append(message)
        special: dict[bytes, Callable[[], bytes | Awaitable[bytes]]] = {
            b"WAIT?": self._wait,
            b"LONG?": lambda: b"x" * 300_000,
            b"BREAK?": lambda: self._raise(Dropped(b"BRE")),
            b"STUTTER?": lambda: self._raise(Repeated(b"STUTTER")),
            b"MUTTER?": lambda: self._raise(Dropped(b"MUT", closes=False)),
            b"BUG?": lambda: self._raise(ZeroDivisionError()),
        }
        if message in special:
            return special[message]()
        return message.removesuffix(b"?") if message.endswith(b"?") else b""

    async def _wait(self) -> bytes:
        await self.go_on.wait()
        self.finished += 1
        return b"WAITED"

    def _raise(self, error: Exception) -> bytes:
        raise error


@pytest.fixture
def loop() -> Iterator[EventLoopThread]:
    with EventLoopThread() as thread:
        yield thread


@pytest.fixture
def parrot() -> Parrot:
    return Parrot()


@pytest.fixture
def server(loop: EventLoopThread, parrot: Parrot) -> Iterator[Server]:
    running = loop.run(serve_raw(parrot))
    yield running
    loop.run(running.close())


async def _set(event: asyncio.Event) -> None:
    event.set()


async def _refuse(server: Server, refusing: bool) -> None:
    server.refuse(refusing)


def test_answers_keep_the_order_of_their_questions(server, loop, parrot):
    with plain(server) as client, plain(server) as other:
        client.sendall(b"A?\nWAIT?\nB?\nSET\nC?\n")
        assert read_until(client, b"\n") == b"A\n"
        other.sendall(b"D?\n")
        assert read_until(other, b"\n") == b"D\n"  # while the first one waits
        loop.run(_set(parrot.go_on))
        assert read_until(client, b"C\n") == b"WAITED\nB\nC\n"


def test_a_thousand_questions_at_once(server):
    with plain(server) as client:
        client.sendall(b"".join(b"Q%d?\n" % i for i in range(1000)))
        assert read_until(client, b"Q999\n") == b"".join(b"Q%d\n" % i for i in range(1000))


def test_nothing_is_executed_for_a_client_that_does_not_read(server, parrot):
    with plain(server) as client:
        client.sendall(b"LONG?\n" * 500)  # 150 MB
        seen = -1
        while seen != len(parrot.heard):
            seen = len(parrot.heard)
            with plain(server) as other:
                other.sendall(b"A?\n")
                read_until(other, b"\n")
            parrot.heard.remove(b"A?")
        assert seen < 100
        received = 0
        while received < 500 * 300_001:
            received += len(client.recv(1 << 20))
        assert received == 500 * 300_001


def test_what_a_client_sends_while_it_waits_is_bounded(server, loop, parrot):
    with plain(server) as client:
        client.sendall(b"WAIT?\n")
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.sendall((b"SET " + b"x" * 65_531 + b"\n") * 1600)  # 100 MB
        loop.run(_set(parrot.go_on))
        assert read_until(client, b"\n") == b"WAITED\n"


def test_a_client_that_ends_its_side_gets_its_answers(server, loop, parrot):
    with plain(server) as client:
        client.sendall(b"A?\nWAIT?\nB?\n")
        client.shutdown(socket.SHUT_WR)
        assert read_until(client, b"\n") == b"A\n"
        loop.run(_set(parrot.go_on))
        assert read_until(client, b"B\n") == b"WAITED\nB\n"
        assert client.recv(1) == b""


def test_a_closing_server_drops_a_client_that_ended_its_side(loop, parrot):
    server = loop.run(serve_raw(parrot))
    with plain(server) as client:
        client.sendall(b"LONG?\n" * 500)
        client.shutdown(socket.SHUT_WR)
        wait_until(lambda: len(parrot.heard) > 0)
        loop.run(server.close())
        with pytest.raises(ConnectionError):
            read_until(client, b"the end")


def test_a_command_ends_though_its_client_has_gone(server, loop, parrot):
    with plain(server) as client:
        client.sendall(b"WAIT?\nLATER\n")
        wait_until(lambda: parrot.heard == [b"WAIT?"])
    loop.run(_set(parrot.go_on))
    wait_until(lambda: parrot.finished == 1)


def test_a_closing_server_cancels_what_waits(loop, parrot):
    server = loop.run(serve_raw(parrot))
    with plain(server) as client:
        client.sendall(b"WAIT?\n")
        wait_until(lambda: parrot.heard == [b"WAIT?"])
        loop.run(server.close())
        assert hung_up(client)
    assert parrot.finished == 0


def test_no_more_connections_than_the_real_box_has(loop, parrot):
    server = loop.run(serve_raw(parrot, connections=2))
    with plain(server) as first, plain(server) as second:
        for client in (first, second):
            client.sendall(b"A?\n")
            assert read_until(client, b"\n") == b"A\n"
        with plain(server) as third:
            assert hung_up(third)
        first.close()

        def admitted() -> bool:
            with plain(server) as again:
                again.sendall(b"A?\n")
                return not hung_up(again)

        wait_until(admitted)
        second.sendall(b"B?\n")
        assert read_until(second, b"\n") == b"B\n"
    loop.run(server.close())


def test_silent_clients_are_hung_up(loop, parrot):
    clock = SteppedClock()
    server = loop.run(serve_raw(parrot, idle_s=120, clock=clock))
    with plain(server) as client:
        for _ in range(3):
            client.sendall(b"A?\n")
            assert read_until(client, b"\n") == b"A\n"
            clock.spend(100)
        heard = len(parrot.heard)
        clock.spend(30)
        assert hung_up(client)
        assert len(parrot.heard) == heard
    loop.run(server.close())


def test_an_answer_that_breaks_off(server):
    with plain(server) as client:
        client.sendall(b"A?\nBREAK?\nB?\n")
        assert read_until(client, b"BRE") == b"A\nBRE"
        assert hung_up(client)


def test_an_answer_without_an_end_and_one_that_comes_twice(server):
    with plain(server) as client:
        client.sendall(b"MUTTER?\nSTUTTER?\nB?\n")
        assert read_until(client, b"B\n") == b"MUTSTUTTER\nSTUTTER\nB\n"


def test_a_fault_of_the_instrument_ends_one_connection(server, caplog):
    with plain(server) as client, plain(server) as other:
        client.sendall(b"BUG?\n")
        assert hung_up(client)
        other.sendall(b"A?\n")
        assert read_until(other, b"\n") == b"A\n"
    assert "ZeroDivisionError" in caplog.text


def test_a_server_that_refuses_hangs_up_until_told_otherwise(server, loop):
    with plain(server) as client:
        client.sendall(b"A?\n")
        read_until(client, b"\n")
        loop.run(_refuse(server, True))
        assert hung_up(client)
    with plain(server) as client:
        assert hung_up(client)
    loop.run(_refuse(server, False))
    with plain(server) as client:
        client.sendall(b"A?\n")
        assert read_until(client, b"\n") == b"A\n"
