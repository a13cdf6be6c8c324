# SPDX-License-Identifier: Apache-2.0
"""Sockets: loopback only, port 0, a busy port, vanished peers, strangers on the port."""

import socket
import time
from collections.abc import Iterator

import pytest
import zmq
from agent_lab import Lab, wait_for

import heraldlink
from heraldlink.agent.command_port import MOST_WAITING, CommandPort
from heraldlink.errors import ConfigurationError, NodeLost
from heraldlink.messages.command import COMMAND_TYPES, Ping, Pong
from heraldlink.messages.header import VERSION, Header, Message, decode, encode, kind_of
from heraldlink.security.places import is_loopback
from heraldlink.security.sender import LOCAL
from heraldlink.transport import Dealer, Router


@pytest.fixture
def context() -> Iterator["zmq.Context[zmq.Socket[bytes]]"]:
    own: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    yield own
    own.destroy(linger=0)


@pytest.mark.parametrize("endpoint", ["tcp://0.0.0.0:0", "tcp://*:0", "tcp://192.0.2.1:0", "tcp://[::]:0"])
def test_other_interfaces_are_refused(context: "zmq.Context[zmq.Socket[bytes]]", endpoint: str) -> None:
    with pytest.raises(ConfigurationError, match="loopback"):
        Router(context, endpoint, "command")


def test_loopback_is_recognised() -> None:
    assert is_loopback("tcp://127.0.0.1:5")
    assert is_loopback("tcp://[::1]:5")
    assert is_loopback("tcp://localhost:5")


def test_a_busy_port_is_named(context: "zmq.Context[zmq.Socket[bytes]]") -> None:
    first = Router(context, "tcp://127.0.0.1:0", "command")
    assert not first.endpoint.endswith(":0")
    with pytest.raises(ConfigurationError, match=first.endpoint):
        Router(context, first.endpoint, "command")


def test_messages_go_both_ways_and_a_vanished_peer_shows(context: "zmq.Context[zmq.Socket[bytes]]") -> None:
    router = Router(context, "tcp://127.0.0.1:0", "link")
    dealer = Dealer(context, router.endpoint, "link")
    assert dealer.send([b"question"], timeout_s=2)
    assert router.socket.poll(2000)
    received = router.receive()
    assert received is not None
    peer, frames, sender = received
    assert frames == [b"question"]
    assert sender == LOCAL
    assert router.send(peer, [b"answer"])
    assert dealer.receive(2) == [b"answer"]
    dealer.close()
    wait_for(lambda: not router.send(peer, [b"more"]), 5, "the router to notice")


def test_who_waits_for_a_message_waits_as_long_as_was_said_each_time(
    context: "zmq.Context[zmq.Socket[bytes]]",
) -> None:
    router = Router(context, "tcp://127.0.0.1:0", "command")
    dealer = Dealer(context, router.endpoint, "command")
    assert dealer.send([b"question"], timeout_s=2)
    assert router.socket.poll(2000)
    received = router.receive()
    assert received is not None
    for patience_s in (0.0, 0.0005, 0.03, 0.06):  # longer each time: the one before is not kept
        begun_s = time.monotonic()
        assert dealer.receive(patience_s) is None
        assert time.monotonic() - begun_s >= patience_s
    assert router.send(received.peer, [b"answer", b"in", b"parts"])
    assert dealer.receive(5) == [b"answer", b"in", b"parts"]


def test_nothing_is_queued_without_a_connection(context: "zmq.Context[zmq.Socket[bytes]]") -> None:
    dealer = Dealer(context, "tcp://127.0.0.1:9", "command")
    assert not dealer.send([b"lost"])
    with pytest.raises(NodeLost, match=r"node alice cannot be reached at tcp://127\.0\.0\.1:9"):
        dealer.send_or_raise([b"lost"], "alice", 0.1)


def test_strangers_and_garbage_do_not_stop_a_node(
    shared_lab: Lab, context: "zmq.Context[zmq.Socket[bytes]]"
) -> None:
    host, _, port = shared_lab.nodes["alice"].removeprefix("tcp://").rpartition(":")
    with socket.create_connection((host, int(port))) as web:
        web.sendall(b"GET / HTTP/1.1\r\n\r\n")
    dealer = Dealer(context, shared_lab.nodes["alice"], "command")
    for frames in ([b""], [b"\xff", b"\xff"], [b"x"] * 70, [b"y" * 100_000, b"z"]):
        assert dealer.send(frames, timeout_s=2)
    link = Dealer(context, shared_lab.link, "link")
    assert link.send([b"nonsense", b"nonsense"], timeout_s=2)
    with heraldlink.connect(shared_lab.nodes) as net:
        assert net["alice"].status().node == "alice"
        assert net["midpoint"].status().node == "midpoint"


def test_a_client_that_is_busy_gets_every_answer_in_order(
    context: "zmq.Context[zmq.Socket[bytes]]",
) -> None:
    port = CommandPort(Router(context, "tcp://127.0.0.1:0", "command"), "alice", boot=1)
    client = Dealer(context, port.endpoint, "command")
    ping = Message(Header(VERSION, kind_of(Ping), 5, 0, 1), Ping())
    assert client.send(encode(ping), timeout_s=5)
    wait_for(lambda: bool(port.socket.poll(0, zmq.POLLIN)), 5, "the question")
    (question,) = port.receive()
    wanted = 30_000  # many times what both sockets' queues hold, while the client reads nothing
    assert all(port.answer(question.peer, number, Pong("alice", 1)) for number in range(wanted))
    found: list[int] = []
    while len(found) < wanted:
        port.flush()
        frames = client.receive(timeout_s=5)
        assert frames is not None
        found.append(decode(frames, COMMAND_TYPES).header.request_id)
    assert found == list(range(wanted))
    client.close()
    wait_for(lambda: not port.answer(question.peer, 1, Pong("alice", 1)), 5, "the client's end")
    port.close()


def test_a_client_that_never_reads_counts_as_gone(context: "zmq.Context[zmq.Socket[bytes]]") -> None:
    port = CommandPort(Router(context, "tcp://127.0.0.1:0", "command"), "alice", boot=1)
    client = Dealer(context, port.endpoint, "command")
    assert client.send(encode(Message(Header(VERSION, kind_of(Ping), 5, 0, 1), Ping())), timeout_s=5)
    wait_for(lambda: bool(port.socket.poll(0, zmq.POLLIN)), 5, "the question")
    (question,) = port.receive()
    answered = 0
    while port.answer(question.peer, answered, Pong("alice", 1)):
        answered += 1
        assert answered < 2 * MOST_WAITING
    assert answered > MOST_WAITING
    client.close()

    def gone() -> bool:
        list(port.receive())  # as the node's loop does: only reading tells a ROUTER of a peer's end
        return not port.answer(question.peer, 1, Pong("alice", 1))

    wait_for(gone, 5, "the client's end")
    port.close()  # not earlier: libzmq 4.3.5 aborts (session_base.cpp:233) if both close at once
