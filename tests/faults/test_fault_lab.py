# SPDX-License-Identifier: Apache-2.0
"""The fault laboratory's own parts: what relay, proxy and checker do is what they say."""

import socket
import time

import pytest
import zmq
from fault_lab import HistoryBroken, Proxy, Relay, Rule, wait_for
from fault_lab.history import Book, History, Told, check_books

from heraldlink.link.facts import EndFact, PairFact
from heraldlink.messages.header import VERSION, Header, Message, encode, kind_of
from heraldlink.messages.link import Beat, Close
from heraldlink.messages.values import Decision


def close_frames(number: int) -> list[bytes]:
    body = Close(number, "DELIVERED", "")
    return encode(Message(Header(VERSION, kind_of(Close), number, 0, 1), body))


class Ends:
    """A ROUTER behind a relay, a DEALER in front of it."""

    def __init__(self) -> None:
        self.context = zmq.Context()
        self.router = self.context.socket(zmq.ROUTER)
        port = self.router.bind_to_random_port("tcp://127.0.0.1")
        self.relay = Relay(f"tcp://127.0.0.1:{port}")
        self.dealer = self.context.socket(zmq.DEALER)
        self.dealer.connect(self.relay.endpoint)

    def send(self, *numbers: int) -> None:
        for number in numbers:
            self.dealer.send_multipart(close_frames(number))

    def arrived(self, expected: int, seconds: float = 2.0) -> list[int]:
        """Request numbers that arrive, until ``expected`` have and a beat shows that no more come."""
        found: list[int] = []
        end = time.monotonic() + seconds
        while len(found) < expected and time.monotonic() < end:
            if self.router.poll(50):
                found.append(self.router.recv_multipart()[1:])
        self.dealer.send_multipart(encode(Message(Header(VERSION, kind_of(Beat), 0, 0, 1), Beat({}))))
        while (frames := self.router.recv_multipart()[1:])[0].find(b"link.beat") < 0:
            found.append(frames)
        return [int.from_bytes(frames[0][frames[0].index(b"close") + 5 :][:1]) for frames in found]

    def close(self) -> None:
        self.relay.close()
        self.context.destroy(linger=0)


@pytest.fixture
def ends():
    made = Ends()
    yield made
    made.close()


def test_a_relay_without_rules_passes_everything_in_order(ends) -> None:
    ends.send(*range(1, 51))
    assert ends.arrived(50) == list(range(1, 51))


def test_a_relay_drops_what_a_rule_names_and_counts_it(ends) -> None:
    rule = ends.relay.add(Rule("drop", kind="link.close", skip=1, count=2))
    ends.send(1, 2, 3, 4)
    assert ends.arrived(2) == [1, 4]
    assert [item.kind for item in rule.struck] == ["link.close"] * 2


def test_a_relay_closes_the_connections_of_those_who_have_gone() -> None:
    with zmq.Context() as context, context.socket(zmq.ROUTER) as target:
        port = target.bind_to_random_port("tcp://127.0.0.1")
        relay = Relay(f"tcp://127.0.0.1:{port}", silent_s=0.2)
        for _ in range(3):
            with context.socket(zmq.DEALER) as dealer:
                dealer.connect(relay.endpoint)
                dealer.send_multipart(close_frames(1))
                assert target.poll(2000)
                target.recv_multipart()
        wait_for(lambda: not relay._backs, 2.0, "the relay to forget them")
        relay.close()


def test_a_relay_doubles_and_swaps(ends) -> None:
    rule = ends.relay.add(Rule("duplicate", count=1))
    ends.send(1)
    assert ends.arrived(2) == [1, 1]
    ends.relay.clear()
    rule = ends.relay.add(Rule("swap", count=1, delay_s=1.0))
    ends.send(1, 2, 3)
    assert ends.arrived(3) == [2, 1, 3]
    assert len(rule.struck) == 1


def test_a_relay_delays_and_changes(ends) -> None:
    ends.relay.add(Rule("delay", count=1, delay_s=0.2))
    begin = time.monotonic()
    ends.send(1, 2)
    assert ends.arrived(2) == [2, 1]
    assert time.monotonic() - begin > 0.19
    ends.relay.clear()
    ends.relay.add(Rule("change", count=1, changed=lambda _: close_frames(9)))
    ends.send(1)
    assert ends.arrived(1) == [9]


def test_answers_find_their_way_back_and_injected_messages_too(ends) -> None:
    ends.send(1)
    peer, *frames = ends.router.recv_multipart()
    ends.router.send_multipart([peer, *frames])
    assert ends.dealer.poll(2000)
    assert ends.dealer.recv_multipart() == frames
    ends.relay.inject("down", close_frames(5))
    assert ends.dealer.poll(2000)
    assert ends.dealer.recv_multipart() == close_frames(5)
    assert [item.way for item in ends.relay.seen("link.close")] == ["up", "down"]


@pytest.fixture
def line():
    """A proxy in front of an echo; (proxy, connected client)."""
    server = socket.create_server(("127.0.0.1", 0))
    proxy = Proxy(server.getsockname())
    client = socket.create_connection(("127.0.0.1", proxy.port), 5)
    far, _ = server.accept()
    yield proxy, client, far
    proxy.close()
    for end in (client, far, server):
        end.close()


def received(end: socket.socket, length: int) -> bytes:
    end.settimeout(5)
    data = b""
    while len(data) < length:
        data += end.recv(length - len(data))
    return data


def test_a_proxy_slices_without_changing_a_byte(line) -> None:
    proxy, client, far = line
    proxy.line.slice_bytes = 1
    client.sendall(bytes(range(200)))
    assert received(far, 200) == bytes(range(200))
    assert proxy.passed["up"] == 200


def test_a_proxy_is_as_late_as_it_is_told(line) -> None:
    proxy, client, far = line
    proxy.line.latency_s = 0.2
    begin = time.monotonic()
    client.sendall(b"late")
    assert received(far, 4) == b"late"
    assert time.monotonic() - begin >= 0.2


def test_a_black_hole_holds_one_way_until_it_is_healed(line) -> None:
    proxy, client, far = line
    proxy.black_hole("up")
    client.sendall(b"held")
    wait_for(lambda: proxy.held["up"] == 4, 5, "the bytes to be held")
    far.sendall(b"back")
    assert received(client, 4) == b"back"
    far.settimeout(0.1)
    with pytest.raises(TimeoutError):
        far.recv(1)
    proxy.heal()
    assert received(far, 4) == b"held"


def test_a_reset_breaks_both_sides(line) -> None:
    proxy, client, far = line
    client.sendall(b"x")
    assert received(far, 1) == b"x"
    assert proxy.reset() == 1
    client.settimeout(5)
    with pytest.raises(ConnectionResetError):
        client.recv(1)


# --- the checker finds what it is for


def fact(request: int = 7, mhp_seq: int = 1, attempt: int = 40, sequence: int = 1) -> PairFact:
    decision = Decision(mhp_seq, attempt, 1, "CONFIRMED", "", sequence, (1, -1), 0.8, 0.01)
    return PairFact(request, 1, 3, "ZZ", decision)


def told(attempt: int = 40, outcomes: tuple[int, int] = (1, -1)) -> Told:
    return Told("client", 7, 1, 1, 3, attempt, "psi+", "ZZ", outcomes)


def books(**changed: Book) -> dict[str, Book]:
    end = {7: [EndFact(7, "DELIVERED", "", "", "")]}
    return {node: changed.get(node) or Book(node, [fact()], end) for node in ("alice", "bob", "midpoint")}


def history(*pairs: Told) -> History:
    return History(told=list(pairs or [told()]), ends=[("client", 7, "DELIVERED")])


ENDED = {7: [EndFact(7, "DELIVERED", "", "", "")]}


def test_a_good_history_holds() -> None:
    check_books(history(), books())


@pytest.mark.parametrize(
    ("story", "journals", "words"),
    [
        (history(told(), told()), books(), "told 2 times"),
        (history(told(41)), books(), "I4"),
        (history(told(outcomes=(-1, 1))), books(), "I4"),
        (history(), books(bob=Book("bob", [], ENDED)), "bob's journal does not have it"),
        (history(), books(bob=Book("bob", [fact(attempt=41)], ENDED)), "I4"),
        (history(), books(midpoint=Book("midpoint", [], ENDED)), "midpoint"),
        (history(), books(alice=Book("alice", [fact(), fact()], ENDED)), "decided twice at alice"),
        (history(), books(bob=Book("bob", [fact()], {7: [*ENDED[7], *ENDED[7]]})), "ended 2 times at bob"),
        (
            history(),
            books(bob=Book("bob", [fact()], {7: [EndFact(7, "FAILED", "", "", "")]})),
            "ended as DELIVERED and FAILED",
        ),
        (
            history(),
            books(
                **{
                    node: Book(node, [fact(), fact(mhp_seq=2, sequence=3)], ENDED)
                    for node in ("alice", "bob", "midpoint")
                }
            ),
            "not dense",
        ),
        (
            history(),
            books(
                **{
                    node: Book(node, [fact(), fact(mhp_seq=2, sequence=2)], ENDED)
                    for node in ("alice", "bob", "midpoint")
                }
            ),
            r"DELIVERED without \[2\]",
        ),
    ],
)
def test_a_broken_history_is_found(story, journals, words) -> None:
    with pytest.raises(HistoryBroken, match=words):
        check_books(story, journals)
