# SPDX-License-Identifier: Apache-2.0
"""Clients that send anything: the server goes on for everybody else, and keeps nothing of them."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wires import Wire, plain, read_until, session

from heraldlink_sim.scpi import ScpiDevice
from heraldlink_sim.transport import EventLoopThread, Server, serve_hislip, serve_raw

KINDS = st.sampled_from([0, 4, 6, 7, 8, 10, 12, 13, 15, 17, 19, 21, 24, 26, 127, 128, 255])
PAYLOADS = st.sampled_from([b"", b"*IDN?", b"*OPC?;*IDN?", b"#15", b"\0" * 8, b"hislip0", b"\xff" * 40])
MESSAGES = st.lists(
    st.tuples(KINDS, st.integers(0, 3), st.sampled_from([0, 1, 100, 0xFFFF_FF00]), PAYLOADS), max_size=12
)
PATIENT = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def loop() -> Iterator[EventLoopThread]:
    with EventLoopThread() as thread:
        yield thread


@pytest.fixture
def hislip(loop: EventLoopThread, caplog: pytest.LogCaptureFixture) -> Iterator[Server]:
    server = loop.run(serve_hislip(ScpiDevice()))
    yield server
    loop.run(server.close())
    assert "Traceback" not in caplog.text


@pytest.fixture
def raw(loop: EventLoopThread, caplog: pytest.LogCaptureFixture) -> Iterator[Server]:
    server = loop.run(serve_raw(ScpiDevice()))
    yield server
    loop.run(server.close())
    assert "Traceback" not in caplog.text


def packed(messages: list[tuple[int, int, int, bytes]]) -> bytes:
    return b"".join(
        Wire.HEADER.pack(b"HS", kind, control, number, len(payload)) + payload
        for kind, control, number, payload in messages
    )


def drop(client: socket.socket) -> None:
    with suppress(OSError):
        client.shutdown(socket.SHUT_WR)
        while client.recv(1 << 16):
            pass
    client.close()


@PATIENT
@given(synchronous=MESSAGES, asynchronous=MESSAGES)
def test_any_messages_in_any_order(
    hislip: Server,
    synchronous: list[tuple[int, int, int, bytes]],
    asynchronous: list[tuple[int, int, int, bytes]],
) -> None:
    rude_sync, rude_async = session(hislip)
    with suppress(OSError):
        rude_sync.socket.sendall(packed(synchronous))
        rude_async.socket.sendall(packed(asynchronous))
    drop(rude_sync.socket)
    rude_async.socket.close()
    assert session(hislip)[0].ask(7, 0, 0, b"*OPC?")[3] == b"1\n"


@PATIENT
@given(data=st.binary(max_size=200))
def test_any_bytes_to_hislip(hislip: Server, data: bytes) -> None:
    with plain(hislip) as client:
        client.sendall(data)
        client.shutdown(socket.SHUT_WR)
    assert session(hislip)[0].ask(7, 0, 0, b"*OPC?")[3] == b"1\n"


@PATIENT
@given(data=st.binary(max_size=200))
def test_any_bytes_to_a_raw_socket(raw: Server, data: bytes) -> None:
    with plain(raw) as client:
        client.sendall(data)
        drop(client)
    with plain(raw) as client:
        client.sendall(b"*OPC?\n")
        assert read_until(client, b"\n") == b"1\n"
