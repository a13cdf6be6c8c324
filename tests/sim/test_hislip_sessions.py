# SPDX-License-Identifier: Apache-2.0
"""Sessions of HiSLIP (IVI-6.1) beside one another: locks, refusals, floods, several instruments."""

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from hislip_bench import (
    DATA,
    END,
    ERROR,
    FATAL,
    FIRST,
    LOCK,
    LOCK_INFO,
    STATUS,
    Bench,
    call,
    clear,
    waits,
)
from wires import Wire, hung_up, plain, session, wait_until

from heraldlink_sim.transport import EventLoopThread, Server, serve_hislip


@pytest.fixture
def device() -> Bench:
    return Bench()


@pytest.fixture
def server(loop: EventLoopThread, device: Bench) -> Iterator[Server]:
    running = loop.run(serve_hislip(device, connections=3))
    yield running
    loop.run(running.close())


# --- locks


def test_shared_locks_and_one_that_is_exclusive(server):
    (_, first), (_, second), (third_sync, third) = [session(server) for _ in range(3)]
    assert first.ask(LOCK, 1, 0, b"key")[1] == 1
    assert second.ask(LOCK, 1, 0, b"key")[1] == 1
    assert third.ask(LOCK, 1, 20, b"other")[1] == 0
    assert third.ask(LOCK, 1, 20)[1] == 0
    assert third.ask(LOCK_INFO)[1:3] == (0, 2)
    assert first.ask(LOCK, 1, 0, b"key")[1] == 3
    assert first.ask(LOCK, 1, 0)[1] == 1  # exclusive, though it is shared with the second
    assert third.ask(LOCK_INFO)[1:3] == (1, 2)
    third_sync.send(END, 0, FIRST, b"*OPC?")
    assert first.ask(LOCK, 0, FIRST)[1] == 1
    assert first.ask(LOCK, 0, FIRST)[1] == 2
    third.send(LOCK, 1, 5000)
    second.socket.close()
    assert third.receive()[1] == 1
    assert third_sync.receive()[3] == b"1\n"


def test_a_lock_is_given_back_behind_what_was_sent_before(server, device, loop):
    synchronous, asynchronous = session(server)
    _, other = session(server)
    assert asynchronous.ask(LOCK, 1, 0)[1] == 1
    synchronous.send(END, 0, FIRST, b"WAIT?")
    wait_until(lambda: waits(device))
    asynchronous.send(LOCK, 0, FIRST)
    assert other.ask(LOCK, 1, 20)[1] == 0
    loop.run(call(device.go_on.set))
    assert synchronous.receive()[3] == b"waited\n"
    assert asynchronous.receive()[:2] == (5, 1)
    assert other.ask(LOCK, 1, 1000)[1] == 1


def test_a_device_clear_ends_the_wait_for_a_lock(server):
    _, holder = session(server)
    synchronous, asynchronous = session(server)
    assert holder.ask(LOCK, 1, 0)[1] == 1
    synchronous.send(END, 0, FIRST, b"*RST")
    clear(synchronous, asynchronous)
    assert holder.ask(LOCK, 0)[1] == 1
    assert synchronous.ask(END, 0, FIRST, b"*OPC?")[3] == b"1\n"


# --- what is refused


def test_more_clients_than_are_taken(server):
    sessions = [session(server) for _ in range(3)]
    wire = Wire(server)
    assert wire.ask(0, 0, 0x0100_0000, b"hislip0")[:2] == (FATAL, 4)
    assert hung_up(wire.socket)
    for channel in sessions[0]:
        channel.socket.close()

    def admitted() -> bool:
        return Wire(server).ask(0, 0, 0x0100_0000, b"")[0] == 1

    wait_until(admitted)


def test_data_before_the_second_channel(server):
    wire = Wire(server)
    assert wire.ask(0, 0, 0x0100_0000, b"hislip0")[0] == 1
    assert wire.ask(END, 0, FIRST, b"*IDN?")[:2] == (FATAL, 2)
    assert hung_up(wire.socket)


def test_a_second_beginning(server):
    synchronous, asynchronous = session(server)
    intruder = Wire(server)
    assert intruder.ask(17, 0, 1)[:2] == (FATAL, 3)
    assert synchronous.ask(0, 0, 0x0100_0000, b"hislip0")[:2] == (FATAL, 3)
    assert hung_up(asynchronous.socket)


def test_a_client_of_the_second_version_is_told_the_first(server):
    synchronous, asynchronous = session(server, version=0x0200)
    for kind in (26, 28, 34, 36):  # GetDescriptors, StartTLS, GetSaslMechanismList, AuthenticationStart
        assert synchronous.ask(kind)[:2] == (ERROR, 1)
    assert asynchronous.ask(29)[:2] == (ERROR, 1)  # AsyncStartTLS
    assert synchronous.ask(END, 0, FIRST, b"*OPC?")[3] == b"1\n"


def test_unknown_codes_and_messages(server):
    synchronous, asynchronous = session(server)
    assert synchronous.ask(200, 0, 0, b"mine")[:2] == (ERROR, 3)
    assert asynchronous.ask(LOCK, 2)[:2] == (ERROR, 2)
    assert asynchronous.ask(10, 7)[:2] == (ERROR, 2)
    assert asynchronous.ask(10, 6)[0] == 11
    assert asynchronous.ask(END, 0, FIRST, b"*IDN?")[:2] == (ERROR, 1)
    asynchronous.socket.sendall(b"GET / HTTP/1.0\r\n\r\n")
    assert asynchronous.receive()[:2] == (FATAL, 1)
    assert hung_up(synchronous.socket)


# --- several clients and instruments


def test_a_flood_on_one_session_does_not_stop_another(server):
    (flood, flood_async), (asking, _) = session(server), session(server)
    clear(flood, flood_async, mode=1)
    flood.socket.sendall(b"".join(Wire.HEADER.pack(b"HS", END, 0, 0, 4) + b"NONS" for _ in range(20_000)))
    assert asking.ask(END, 0, FIRST, b"SYST:ERR:COUN?")[0] == END
    flood.send(END, 0, 0, b"*OPC?")
    assert flood.receive()[3] == b"1\n"


def test_several_instruments_at_one_port(loop):
    first, second = Bench(), Bench()
    second.payload = b"second"
    server = loop.run(serve_hislip(first, others={"hislip1": second}))
    synchronous, asynchronous = session(server, b"HISLIP1")
    _, other = session(server)
    assert synchronous.ask(END, 0, FIRST, b"DATA?")[3] == b"#16second\n"
    assert asynchronous.ask(LOCK, 1, 0)[1] == 1
    assert other.ask(LOCK, 1, 0)[1] == 1
    loop.run(server.close())
    assert first.service_requests == second.service_requests == []


def test_connections_that_come_and_go_leave_nothing(server, device):
    for _ in range(50):
        synchronous, asynchronous = session(server)
        synchronous.ask(END, 0, FIRST, b"*OPC?")
        synchronous.socket.close()
        assert hung_up(asynchronous.socket)
    with plain(server) as silent:
        assert session(server)[0].ask(END, 0, FIRST, b"*OPC?")[3] == b"1\n"
        silent.close()


def test_a_length_that_is_claimed_takes_no_memory(server):
    before = resident()
    claims = [session(server) for _ in range(3)]
    for synchronous, _ in claims:
        head = Wire.HEADER.pack(b"HS", DATA, 0, FIRST, 250_000_000)
        synchronous.socket.sendall(head + bytes(100_000))
    for _, asynchronous in claims:
        assert asynchronous.ask(STATUS, 0, FIRST)[0] == 22
    assert resident() - before < 100_000_000


def resident() -> int:
    """Memory of this process that is really there, bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
