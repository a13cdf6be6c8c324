# SPDX-License-Identifier: Apache-2.0
"""HiSLIP message by message (IVI-6.1), with a client that shares no code with the server."""

import asyncio
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from wires import Wire, hung_up, plain, session, wait_until

from heraldlink_sim.scpi import Block, ScpiDevice, block, command, query
from heraldlink_sim.transport import EventLoopThread, Server, serve_hislip
from heraldlink_sim.transport.server import Dropped

FATAL, ERROR, DATA, END, INTERRUPTED, ASYNC_INTERRUPTED = 2, 3, 6, 7, 13, 14
LOCK, TRIGGER, SIZE, CLEAR, SERVICE, STATUS, LOCK_INFO = 4, 12, 15, 19, 20, 21, 24
FIRST = 0xFFFF_FF00


class Bench(ScpiDevice):
    identity = "ACME,MEM,SIM-1,1.0"

    def __init__(self) -> None:
        super().__init__()
        self.payload = b""
        self.go_on = asyncio.Event()
        self.cancelled = self.triggered = self.cleared = 0

    def clear(self) -> None:
        self.cleared += 1

    @command("DATA", Block())
    def _write_data(self, payload: bytes) -> None:
        self.payload = bytes(payload)

    @query("DATA")
    def _read_data(self) -> bytes:
        return block(self.payload)

    @command("*TRG")
    def _trigger(self) -> None:
        self.triggered += 1

    @query("WAIT")
    async def _wait_long(self) -> str:
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        return "waited"

    @query("BREAK")
    def _break(self) -> str:
        raise Dropped(b"bro")


@pytest.fixture
def loop() -> Iterator[EventLoopThread]:
    with EventLoopThread() as thread:
        yield thread


@pytest.fixture
def device() -> Bench:
    return Bench()


@pytest.fixture
def server(loop: EventLoopThread, device: Bench) -> Iterator[Server]:
    running = loop.run(serve_hislip(device, connections=3))
    yield running
    loop.run(running.close())


async def _call(function: Callable[[], None]) -> None:
    function()


def waits(device: Bench) -> bool:
    """Whether it executes the command that takes its time."""
    return bool(device.wire_log) and device.wire_log[-1] == ("in", b"WAIT?")


def clear(synchronous: Wire, asynchronous: Wire, mode: int = 0) -> None:
    """Device clear; whatever was under way on the synchronous channel is passed over."""
    assert asynchronous.ask(CLEAR)[0] == 23
    synchronous.send(8, mode)
    while (received := synchronous.receive())[0] != 9:
        pass
    assert received[1] == mode


# --- messages and their ids


def test_an_answer_has_the_id_of_the_last_piece_of_its_question(server):
    synchronous, _ = session(server)
    synchronous.send(DATA, 0, FIRST, b"*ID")
    assert synchronous.ask(END, 0, FIRST + 2, b"N?") == (END, 0, FIRST + 2, b"ACME,MEM,SIM-1,1.0\n")
    assert synchronous.ask(END, 1, FIRST + 4, b"*OPC?\n") == (END, 0, FIRST + 4, b"1\n")


def test_an_upload_in_single_bytes(server, device):
    synchronous, _ = session(server)
    message = b"DATA #15hello"
    for number, byte in enumerate(message):
        synchronous.send(END if number == len(message) - 1 else DATA, 0, FIRST + 2 * number, bytes([byte]))
    assert synchronous.ask(END, 0, 4, b"*OPC?")[3] == b"1\n"
    assert device.payload == b"hello"


def test_long_messages_both_ways_in_pieces_of_the_offered_size(server, device):
    synchronous, asynchronous = session(server)
    offered = int.from_bytes(asynchronous.ask(SIZE, 0, 0, (100_000).to_bytes(8))[3])
    assert offered >= 1 << 20
    payload = bytes(range(256)) * 20_000
    synchronous.send(END, 0, FIRST, b"DATA " + block(payload))
    synchronous.send(END, 0, FIRST + 2, b"DATA?")
    kind, answer, pieces = DATA, b"", 0
    while kind == DATA:
        kind, _, number, piece = synchronous.receive()
        assert (number, len(piece) <= 100_000 - 16) == (FIRST + 2, True)
        answer, pieces = answer + piece, pieces + 1
    assert answer == block(payload) + b"\n"
    assert pieces == -(-len(answer) // (100_000 - 16))


def test_a_message_that_is_too_long_is_refused(server, device):
    synchronous, _ = session(server)
    length = (1 << 28) + 1
    synchronous.socket.sendall(Wire.HEADER.pack(b"HS", END, 0, FIRST, length))
    for _ in range(length >> 20):
        synchronous.socket.sendall(bytes(1 << 20))
    synchronous.socket.sendall(b"x")
    assert synchronous.receive()[:2] == (ERROR, 4)
    assert synchronous.ask(END, 0, FIRST + 2, b"*OPC?")[3] == b"1\n"
    assert [error.code for error in device.errors.drain()] == [-363]


def test_trigger(server, device):
    synchronous, _ = session(server)
    synchronous.send(TRIGGER, 0, FIRST)
    assert synchronous.ask(END, 0, FIRST + 2, b"*OPC?")[3] == b"1\n"
    assert device.triggered == 1


def test_an_answer_that_breaks_off_closes_both_channels(server):
    synchronous, asynchronous = session(server)
    assert synchronous.ask(END, 0, FIRST, b"BREAK?") == (DATA, 0, FIRST, b"bro")
    assert hung_up(synchronous.socket)
    assert hung_up(asynchronous.socket)


# --- synchronised mode


def test_a_message_before_the_answer_is_read_interrupts_the_query(server, device, loop):
    synchronous, asynchronous = session(server)
    messages = ((FIRST, b"WAIT?"), (FIRST + 2, b"*OPC?"))
    synchronous.socket.sendall(b"".join(Wire.HEADER.pack(b"HS", END, 0, n, 5) + text for n, text in messages))
    wait_until(lambda: waits(device))
    loop.run(_call(device.go_on.set))
    assert asynchronous.receive() == (ASYNC_INTERRUPTED, 0, FIRST + 2, b"")
    assert synchronous.receive() == (INTERRUPTED, 0, FIRST + 2, b"")
    assert synchronous.receive() == (END, 0, FIRST + 2, b"1\n")
    assert [error.code for error in device.errors.drain()] == [-410]


def test_a_status_query_may_bring_the_delivery(server, device):
    synchronous, asynchronous = session(server)
    synchronous.ask(END, 0, FIRST, b"*IDN?")
    assert asynchronous.ask(STATUS, 0, FIRST)[:2] == (22, 0x10)
    assert asynchronous.ask(STATUS, 1, FIRST)[:2] == (22, 0)
    assert synchronous.ask(END, 0, FIRST + 2, b"*OPC?")[:2] == (END, 0)
    assert len(device.errors) == 0


# --- overlapped mode


def test_overlapped_mode_is_agreed_at_a_device_clear(server, device):
    synchronous, asynchronous = session(server)
    clear(synchronous, asynchronous, mode=1)
    for number in range(3):
        synchronous.send(END, 0, FIRST + 2 * number, b"*OPC?;*IDN?")
    for number in range(3):
        assert synchronous.receive()[:3] == (END, 0, FIRST + 2 * number)
    synchronous.send(END, 0, FIRST + 6, b"*RST")
    assert synchronous.ask(END, 0, FIRST + 8, b"*OPC?")[2] == FIRST + 6  # ids of answers are their own
    assert asynchronous.ask(STATUS, 0, FIRST + 4)[1] == 0x10  # the last answer read is not the last sent
    assert asynchronous.ask(STATUS, 0, FIRST + 6)[1] == 0
    assert len(device.errors) == 0
    clear(synchronous, asynchronous)
    assert synchronous.ask(END, 0, FIRST, b"*OPC?")[2] == FIRST


# --- device clear


def test_device_clear_ends_a_command_that_waits(server, device):
    synchronous, asynchronous = session(server)
    synchronous.send(END, 0, FIRST, b"WAIT?")
    synchronous.send(END, 0, FIRST + 2, b"*IDN?")
    wait_until(lambda: waits(device))
    clear(synchronous, asynchronous)
    assert (device.cancelled, device.cleared) == (1, 1)
    assert synchronous.ask(END, 0, FIRST, b"*OPC?") == (END, 0, FIRST, b"1\n")


def test_device_clear_half_way_through_an_upload(server, device):
    synchronous, asynchronous = session(server)
    payload = bytes(1 << 20)
    synchronous.send(DATA, 0, FIRST, b"DATA #72097152" + payload)
    clear(synchronous, asynchronous)
    assert synchronous.ask(END, 0, FIRST, b"*OPC?")[3] == b"1\n"
    assert device.payload == b""
    assert len(device.errors) == 0


def test_device_clear_half_way_through_an_answer(server, device):
    device.payload = bytes(60 << 20)
    synchronous, asynchronous = session(server)
    synchronous.send(END, 0, FIRST, b"DATA?")
    assert synchronous.receive()[0] == DATA
    clear(synchronous, asynchronous)
    assert synchronous.ask(END, 0, FIRST, b"*OPC?")[3] == b"1\n"


# --- status byte and service requests


def test_service_request(server):
    synchronous, asynchronous = session(server)
    assert synchronous.ask(END, 0, FIRST, b"*SRE 4;*OPC?")[3] == b"1\n"
    synchronous.send(END, 1, FIRST + 2, b"NONSENSE")
    assert asynchronous.receive() == (SERVICE, 0x44, 0, b"")


def test_a_waiting_answer_may_request_service(server):
    synchronous, asynchronous = session(server)
    synchronous.send(END, 0, FIRST, b"*SRE 16")
    synchronous.ask(END, 0, FIRST + 2, b"*OPC?")
    assert asynchronous.receive() == (SERVICE, 0x50, 0, b"")
    assert asynchronous.ask(STATUS, 1, FIRST + 2)[1] == 0


def test_who_polls_gets_to_the_end_of_an_operation(server, device):
    synchronous, asynchronous = session(server)
    device.begin(0.05)
    synchronous.send(END, 0, FIRST, b"*ESE 1;*OPC")
    polls = 0
    while not asynchronous.ask(STATUS, 0, FIRST)[1] & 0x20:
        polls += 1
    assert 0 < polls <= 60  # each costs 1 ms of the stepped clock


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
    loop.run(_call(device.go_on.set))
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


def test_line_feeds_within_one_message_end_program_messages(server, device):
    synchronous, _ = session(server)
    synchronous.send(END, 0, FIRST, b"*ESE 5\nDATA #13\n;\n\n*SRE 3\n*ESE?\n")
    assert synchronous.receive() == (END, 0, FIRST, b"5\n")
    assert synchronous.ask(END, 1, FIRST + 2, b"*SRE?")[3] == b"3\n"
    assert device.payload == b"\n;\n"


def test_a_status_query_clears_the_request_for_service_alone(server):
    synchronous, asynchronous = session(server)
    synchronous.send(END, 0, FIRST, b"*SRE 32;*ESE 1;*OPC")
    assert asynchronous.receive()[:2] == (SERVICE, 0x60)
    assert asynchronous.ask(STATUS, 0, FIRST)[1] == 0x60
    assert asynchronous.ask(STATUS, 0, FIRST)[1] == 0x20
    assert int(synchronous.ask(END, 0, FIRST + 2, b"*STB?")[3]) == 0x60
