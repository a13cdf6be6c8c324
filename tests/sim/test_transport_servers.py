# SPDX-License-Identifier: Apache-2.0
"""Raw sockets and HiSLIP, seen through the pure-Python VISA library and through plain sockets."""

import asyncio
import socket
from collections.abc import Iterator

import pytest
import pyvisa
from pyvisa.resources import MessageBasedResource
from wires import Wire, session

from heraldlink_sim.scpi import Block, ScpiDevice, block, command, query
from heraldlink_sim.transport import EventLoopThread, Server, serve_hislip, serve_raw


class Memory(ScpiDevice):
    identity = "ACME,MEM,SIM-1,1.0"

    def __init__(self) -> None:
        super().__init__()
        self.payload = b""
        self.cancelled = 0

    @command("DATA", Block())
    def _write(self, payload: bytes) -> None:
        self.payload = payload

    @query("DATA")
    def _read(self) -> bytes:
        return block(self.payload)

    @query("NEVer")
    async def _never(self) -> str:
        try:
            await asyncio.Event().wait()
        finally:
            self.cancelled += 1
        return ""


@pytest.fixture
def loop() -> Iterator[EventLoopThread]:
    with EventLoopThread() as thread:
        yield thread


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def hislip(loop: EventLoopThread, memory: Memory) -> Iterator[Server]:
    server = loop.run(serve_hislip(memory))
    yield server
    loop.run(server.close())


@pytest.fixture
def raw(loop: EventLoopThread, memory: Memory) -> Iterator[Server]:
    server = loop.run(serve_raw(memory))
    yield server
    loop.run(server.close())


def visa(address: str) -> MessageBasedResource:
    resource = pyvisa.ResourceManager("@py").open_resource(
        address, read_termination="\n", write_termination="\n"
    )
    assert isinstance(resource, MessageBasedResource)
    resource.timeout = 5000
    return resource


@pytest.mark.parametrize("kind", ["raw", "hislip"])
def test_identity_over_visa(kind: str, request: pytest.FixtureRequest) -> None:
    with visa(request.getfixturevalue(kind).address) as client:
        assert client.query("*IDN?") == Memory.identity
        client.write("NONSENSE")
        assert client.query("SYST:ERR?") == '-113,"Undefined header;NONSENSE"'


def test_two_clients_have_their_own_answers(raw: Server) -> None:
    with visa(raw.address) as first, visa(raw.address) as second:
        first.write("*IDN?")
        assert second.query("*OPC?") == "1"
        assert first.read() == Memory.identity


def test_single_bytes_and_two_messages_in_one_segment(raw: Server) -> None:
    with socket.create_connection((raw.host, raw.port), 5) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"*IDN?\n":
            client.sendall(bytes([byte]))
        client.sendall(b"*OPC?\nSYST:VERS?\n")
        received = b""
        while received.count(b"\n") < 3:
            received += client.recv(100)
    assert received == Memory.identity.encode() + b"\n1\n1999.0\n"


def test_half_a_message_leaves_nothing_for_the_next_client(raw: Server) -> None:
    with socket.create_connection((raw.host, raw.port), 5) as client:
        client.sendall(b"DATA #9")
    with visa(raw.address) as client:
        assert client.query("*IDN?") == Memory.identity


def test_a_closed_server_drops_its_clients(loop: EventLoopThread, memory: Memory) -> None:
    server = loop.run(serve_raw(memory))
    with socket.create_connection((server.host, server.port), 5) as client:
        client.sendall(b"*IDN?\n")
        assert client.recv(100)
        loop.run(server.close())
        assert client.recv(100) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), 5)


def test_blocks_of_many_pieces_both_ways(hislip: Server, memory: Memory) -> None:
    payload = bytes(range(256)) * 20_000 + b"\n"  # 5 MB, five messages of HiSLIP; ends with a terminator byte
    with visa(hislip.address) as client:
        client.write_raw(b"DATA " + block(payload))
        client.chunk_size = 1 << 20
        answer = client.query_binary_values("DATA?", "B", container=bytes)
    assert memory.payload == answer == payload


def test_device_clear_ends_a_command_that_hangs(hislip: Server, memory: Memory) -> None:
    with visa(hislip.address) as client:
        client.timeout = 200
        with pytest.raises(pyvisa.VisaIOError):
            client.query("NEV?")
        client.clear()
        client.timeout = 5000
        assert memory.cancelled == 1
        assert client.query("*IDN?") == Memory.identity


def test_status_byte(hislip: Server) -> None:
    with visa(hislip.address) as client:
        assert client.read_stb() == 0
        client.write("NONSENSE")
        assert client.query("*OPC?") == "1"
        assert client.read_stb() == 4
        client.query("SYST:ERR?")
        assert client.read_stb() == 0


def test_message_available_and_answer_number(hislip: Server) -> None:
    synchronous, asynchronous = session(hislip)
    synchronous.send(7, 0, 0xFFFF_FF00, b"*IDN?")
    assert synchronous.receive() == (7, 0, 0xFFFF_FF00, Memory.identity.encode() + b"\n")
    asynchronous.send(21, 0, 0xFFFF_FF02)
    assert asynchronous.receive()[:2] == (22, 0x10)
    asynchronous.send(21, 1, 0xFFFF_FF02)
    assert asynchronous.receive()[:2] == (22, 0)


def test_an_unread_answer_is_an_interrupted_query(hislip: Server, memory: Memory) -> None:
    synchronous, asynchronous = session(hislip)
    synchronous.send(7, 0, 0xFFFF_FF00, b"*IDN?")
    synchronous.receive()
    synchronous.send(7, 0, 0xFFFF_FF02, b"*OPC?")
    assert asynchronous.receive() == (14, 0, 0xFFFF_FF02, b"")
    assert synchronous.receive() == (13, 0, 0xFFFF_FF02, b"")
    assert synchronous.receive() == (7, 0, 0xFFFF_FF02, b"1\n")
    assert [error.code for error in memory.errors.drain()] == [-410]


def test_answers_keep_to_the_clients_largest_message(hislip: Server, memory: Memory) -> None:
    memory.payload = bytes(1000)
    synchronous, asynchronous = session(hislip)
    asynchronous.send(15, 0, 0, (256).to_bytes(8))
    assert asynchronous.receive()[0] == 16
    synchronous.send(7, 0, 2, b"DATA?")
    answer = b""
    kind = 6
    while kind == 6:
        kind, _, _, payload = synchronous.receive()
        assert len(payload) <= 240
        answer += payload
    assert answer == block(bytes(1000)) + b"\n"


def test_locks(hislip: Server) -> None:
    first, second = session(hislip), session(hislip)
    first[1].send(4, 1, 100)
    assert first[1].receive()[:2] == (5, 1)
    second[1].send(4, 1, 50)
    assert second[1].receive()[:2] == (5, 0)
    second[1].send(24)
    assert second[1].receive()[:3] == (25, 1, 1)
    second[0].send(7, 0, 2, b"*OPC?")  # waits until the lock is gone
    second[1].send(4, 1, 5000)
    first[0].socket.close()
    assert second[1].receive()[:2] == (5, 1)
    assert second[0].receive()[3] == b"1\n"
    second[1].send(4, 0)
    assert second[1].receive()[:2] == (5, 1)
    second[1].send(4, 0)
    assert second[1].receive()[:2] == (5, 3)


@pytest.mark.parametrize(
    ("first", "code"),
    [((7, 0, 0, b"*IDN?"), 3), ((0, 0, 0x0100_0000, b"inst7"), 3), ((17, 0, 999, b""), 3)],
)
def test_a_wrong_beginning_is_fatal(hislip: Server, first: tuple[int, int, int, bytes], code: int) -> None:
    wire = Wire(hislip)
    wire.send(*first)
    assert wire.receive()[:2] == (2, code)
    with pytest.raises(ConnectionError):
        wire.receive()


def test_garbage_and_unknown_messages(hislip: Server) -> None:
    synchronous, _ = session(hislip)
    synchronous.send(99, 0, 0, b"abc")
    assert synchronous.receive()[:2] == (3, 1)
    synchronous.socket.sendall(b"GET / HTTP/1.0\r\n\r\n")
    assert synchronous.receive()[:2] == (2, 1)
