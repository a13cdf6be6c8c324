# SPDX-License-Identifier: Apache-2.0
"""What strangers and broken programs send to a running node: each is answered or cut off, nothing is done."""

import math
import socket
import time
from collections.abc import Iterator
from random import Random

import msgspec
import pytest
import zmq
from fault_lab import Laboratory, fault, wait_for
from fault_lab.strangers import greeting, hear, openings, question, visit
from fault_lab.zmtp import frames, leak

from heraldlink.errors import BadArray, WrongVersion
from heraldlink.messages.command import (
    COMMAND_TYPES,
    Create,
    Done,
    Err,
    FetchTags,
    GetStatus,
    NodeStatus,
    Ping,
    Prepare,
    Stream,
    Tags,
)
from heraldlink.messages.header import VERSION, Body, Header, Message, decode, encode, kind_of
from heraldlink.messages.lease import ReadParameter
from heraldlink.requests import unpack
from heraldlink.transport import Dealer

ANSWER_S = 5.0
STRANGERS = 500


class Asker:
    """A client that sends whatever it is told to."""

    def __init__(self, lab: Laboratory) -> None:
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.dealer = Dealer(self._context, lab.addresses["alice"], "command", node="alice")

    def ask(self, frames: list[bytes]) -> Message:
        """Send frames; the answer."""
        self.dealer.send_or_raise(frames, "alice", ANSWER_S)
        answer = self.dealer.receive(ANSWER_S)
        assert answer is not None
        return decode(answer, COMMAND_TYPES)

    def refusal(self, frames: list[bytes], request_id: int = 7) -> Err:
        """The Err with which frames are answered; it must name the request."""
        message = self.ask(frames)
        assert isinstance(message.body, Err)
        assert message.header.request_id == request_id
        return message.body

    def status(self) -> NodeStatus:
        message = self.ask(frames_of(GetStatus()))
        assert isinstance(message.body, NodeStatus)
        return message.body

    def close(self) -> None:
        self.dealer.close()
        self._context.destroy(linger=0)


@pytest.fixture
def asker(rack: Laboratory) -> Iterator[Asker]:
    made = Asker(rack)
    yield made
    made.close()


def header(kind: str, version: int = VERSION, request_id: int = 7) -> bytes:
    return msgspec.msgpack.encode(Header(version, kind, request_id, 0, 5))


def id_in(head: bytes) -> int:
    """The request id of a header, 0 if it is none."""
    try:
        return msgspec.msgpack.decode(head, type=Header).request_id
    except msgspec.MsgspecError:
        return 0


def frames_of(body: Body) -> list[bytes]:
    return encode(Message(Header(VERSION, kind_of(type(body)), 7, 0, 5), body))


def create(**changes: object) -> list[bytes]:
    """A CREATE with some fields changed, wrong types included."""
    body = Create(1, "bob", 5, 0.5, 10.0, 1, ("XX",), 1000)
    fields = msgspec.to_builtins(body) | {"kind": kind_of(Create)} | changes
    return [header(kind_of(Create), request_id=len(repr(changes))), msgspec.msgpack.encode(fields)]


def test_those_who_only_read_hold_up_no_order(rack: Laboratory, asker: Asker) -> None:
    """Tags that were asked for hundreds of times before wait until the node is prepared."""
    rack.fault("alice_mw", "delay", delay_s=0.3, count=1)
    reads = [ReadParameter("alice_mw", "power"), *[FetchTags(1)] * 300]
    for number, body in enumerate([*reads, Prepare()], start=1):
        asked = Message(Header(VERSION, kind_of(type(body)), number, 0, 5), body)
        asker.dealer.send_or_raise(encode(asked), "alice", ANSWER_S)
    answered: list[Message] = []
    while not answered or answered[-1].header.request_id <= len(reads):
        answer = asker.dealer.receive(ANSWER_S)
        assert answer is not None
        answered.append(decode(answer, COMMAND_TYPES))
    assert isinstance(answered[-1].body, Done)
    assert len(answered) < 10


@fault(42)
@pytest.mark.parametrize(
    ("frames", "path"),
    [
        ([header("create"), b"\xc1\xff nonsense"], "malformed create"),
        ([header("create"), b"\x91" * 5000 + b"\x01"], "malformed create"),
        ([b"\x91" * 4000, b"\x80"], "malformed message header"),
        ([b"\xdd\xff\xff\xff\xff", b"\x80"], "malformed message header"),
        (create(number="five"), "$.number"),
        (create(bases=["XX", 5]), "$.bases[1]"),
        (create(minimum_fidelity=math.nan), "minimum_fidelity"),
        (create(max_time_s=math.inf), "max_time"),
        (create(number=2**64 - 1), "number"),
        ([header("no_such_kind"), b"\x80"], "no_such_kind"),
        ([header("create")], "body frame"),
    ],
)
def test_a_malformed_message_is_refused_with_its_path(
    rack: Laboratory, asker: Asker, frames: list[bytes], path: str
) -> None:
    """BAD_REQUEST (CREATE where only a value is out of range) names kind and field; nothing is done."""
    before = asker.status()
    refusal = asker.refusal(frames, id_in(frames[0]))
    assert refusal.code in ("BAD_REQUEST", "CREATE")
    assert path in refusal.reason
    assert refusal.node == "alice"
    assert asker.status() == before


@fault(43)
def test_arrays_that_lie_are_refused_at_both_ends(rack: Laboratory, asker: Asker) -> None:
    """A command with an array, and tags shorter, longer or fewer than said, are BAD_ARRAY."""
    assert asker.refusal([*frames_of(GetStatus()), bytes(8)]).code == "BAD_ARRAY"
    tags = Tags("alice", (Stream(1, (0,), (2,)),), {})
    assert unpack(tags, (bytes(16), bytes(16))).node == "alice"
    for arrays in ((bytes(16), bytes(8)), (bytes(24), bytes(24)), (bytes(15), bytes(15)), (bytes(16),), ()):
        with pytest.raises(BadArray, match="node alice sent"):
            unpack(tags, arrays)
    negative = Tags("alice", (Stream(1, (0, 1), (-2, 4)),), {})
    with pytest.raises(BadArray, match="node alice sent"):
        unpack(negative, (bytes(16), bytes(16)))


@fault(44)
def test_an_unknown_field_of_a_command_is_refused(rack: Laboratory, asker: Asker) -> None:
    """A command with a field that the node does not know is BAD_REQUEST naming it, never half understood."""
    frames = create(shutter="open")
    refusal = asker.refusal(frames, id_in(frames[0]))
    assert refusal.code == "BAD_REQUEST"
    assert "shutter" in refusal.reason


@fault(45)
def test_another_version_is_refused_on_both_sides(rack: Laboratory, asker: Asker) -> None:
    """The node answers VERSION to a header that begins with another number; both say which is older."""
    later = msgspec.msgpack.encode([VERSION + 1, "ping", 7, {"a": "new"}, "layout"])
    for head, older in (
        (header("ping", VERSION + 1), "this side"),
        (later, "this side"),
        (header("ping", 0), "sender"),
    ):
        refusal = asker.refusal([head, b"\x80"])
        assert refusal.code == "VERSION"
        assert older in refusal.reason
    with pytest.raises(WrongVersion, match="upgrade this side, the older one"):
        decode([header("pong", VERSION + 1), b"\x80"], COMMAND_TYPES)


GOLDEN_PING = [bytes.fromhex("9501a470696e67070005"), bytes.fromhex("81a46b696e64a470696e67")]
"""A ping as version 1 first sent it: a header of five fields."""


@fault(45)
def test_what_version_1_first_sent_is_still_read(rack: Laboratory, asker: Asker) -> None:
    """Messages of the first release of version 1, whose header is shorter, are understood and answered."""
    assert decode(GOLDEN_PING, COMMAND_TYPES).body == Ping()
    assert asker.ask(GOLDEN_PING).header.request_id == 7


@fault(41)
def test_a_node_bounds_what_it_takes(rack: Laboratory, asker: Asker) -> None:
    """A message of 1,000 frames is answered TOO_LARGE, one of 65 MiB cut off; memory stays bounded."""
    assert asker.refusal([*frames_of(Ping()), *[b"x"] * 1000]).code == "TOO_LARGE"
    assert asker.refusal([header("ping"), bytes(9 << 20)]).code == "TOO_LARGE"
    before = resident(rack.pid("alice"))
    asker.dealer.send_or_raise([header("ping"), bytes(65 << 20)], "alice", ANSWER_S)

    def answered() -> bool:  # what was sent before the cut is lost with the connection
        asker.dealer.send(frames_of(GetStatus()))
        answer = asker.dealer.receive(0.2)
        return answer is not None and isinstance(decode(answer, COMMAND_TYPES).body, NodeStatus)

    wait_for(answered, 2 * ANSWER_S, "the connection to be made again")
    assert resident(rack.pid("alice")) - before < 32 << 20


@fault(47)
def test_strangers_on_the_port_are_cut_off(rack: Laboratory, asker: Asker) -> None:
    """Each of 500 connections of HTTP, TLS, garbage and silence is closed; the node answers throughout."""
    host, _, port = rack.addresses["alice"].removeprefix("tcp://").rpartition(":")
    openings = (
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\xff" * 200,
        b"",
    )
    strangers: list[socket.socket] = []
    for number in range(STRANGERS):
        stranger = socket.create_connection((host, int(port)), 5)
        stranger.sendall(openings[number % len(openings)])
        stranger.setblocking(False)
        strangers.append(stranger)
    begin = time.monotonic()
    assert asker.status().node == "alice"
    assert time.monotonic() - begin < 1.0
    wait_for(lambda: all(closed(stranger) for stranger in strangers), 10, "all of them to be closed")
    assert time.monotonic() - begin > 2.0  # the silent ones were given the time of a handshake
    assert asker.status().node == "alice"
    for stranger in strangers:
        stranger.close()


def closed(stranger: socket.socket) -> bool:
    """Whether the other side has closed a connection."""
    try:
        while stranger.recv(4096):
            pass
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def resident(pid: int) -> int:
    """Bytes of memory that a process uses."""
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * 4096


def test_a_node_without_keys_is_seen_to_answer_strangers(standing_rack: Laboratory) -> None:
    """The look with which nodes with keys are fuzzed fails at a node that lets everybody in."""
    places = {"command": "alice", "record": "alice.record", "event": "alice.event"}
    addresses = {channel: standing_rack.addresses[place] for channel, place in places.items()}
    visits = visit(addresses, 27, seed=3, frames_each=5, limit_s=3.0)
    assert {item.channel for item in visits if item.way == "NULL" and item.leak} == set(places)
    for channel, address in addresses.items():
        least = 1 if channel == "event" else 2  # a READY, and the answer to the question
        for _ in range(10):  # libzmq drops what it gets in one go with the handshake, as on a busy machine
            heard, _ = hear(
                address, [*openings(channel, Random(1))["NULL"], question(channel, 7)], limit_s=2.0
            )
            if len(said := frames(heard)) >= least:
                break
        assert said[0].name == "READY"
        assert leak(greeting("CURVE") + heard[64:]) == "a READY command"
        assert least == 1 or said[1].name is None
