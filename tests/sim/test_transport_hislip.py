# SPDX-License-Identifier: Apache-2.0
"""HiSLIP message by message (IVI-6.1), with a client that shares no code with the server."""

from collections.abc import Iterator

import pytest
from hislip_bench import (
    ASYNC_INTERRUPTED,
    DATA,
    END,
    ERROR,
    FIRST,
    INTERRUPTED,
    SERVICE,
    SIZE,
    STATUS,
    TRIGGER,
    Bench,
    call,
    clear,
    waits,
)
from wires import Wire, hung_up, session, wait_until

from heraldlink_sim.scpi import block
from heraldlink_sim.transport import EventLoopThread, Server, serve_hislip


@pytest.fixture
def device() -> Bench:
    return Bench()


@pytest.fixture
def server(loop: EventLoopThread, device: Bench) -> Iterator[Server]:
    running = loop.run(serve_hislip(device, connections=3))
    yield running
    loop.run(running.close())


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
    loop.run(call(device.go_on.set))
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
