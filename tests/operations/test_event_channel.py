# SPDX-License-Identifier: Apache-2.0
"""Events of real nodes: the present state first, then every change; what is lost shows, and is mended."""

import time
from collections.abc import Iterator

import pytest
import zmq
from fault_lab import fault, unprotected

from heraldlink.agent.bulletin import Bulletin
from heraldlink.agent.event_port import EventPort
from heraldlink.errors import RequestError
from heraldlink.events import Listener, Missed
from heraldlink.messages.event import PAIR, STATE, Event, Snapshot
from heraldlink.security.door import Door


def collected(bench: "Bench", listener: Listener, enough, seconds: float = 20.0) -> list[object]:
    """News until there are ``enough``; the port is served meanwhile, as a node's loop does."""
    news: list[object] = []
    deadline = time.monotonic() + seconds
    while not enough(news):
        assert time.monotonic() < deadline, f"only {news}"
        bench.port.serve(0.0)
        news += listener.news(0.01)
    return news


class Bench:
    """An event port in this process, and a listener whose snapshots come straight from the bulletin."""

    def __init__(self) -> None:
        self.context = zmq.Context()
        self.door = Door(self.context, "alice", None)
        self.port = EventPort(self.context, "tcp://127.0.0.1:0", self.door)
        self.bulletin = Bulletin("alice", 7)

    def listener(self, topics=(STATE, PAIR)) -> Listener:
        return Listener(self.context, "alice", self.port.endpoint, None, self.snapshot, topics)

    def snapshot(self) -> Snapshot:
        return self.bulletin.snapshot(0)

    def tell(self, topic: str, publish: bool = True, note: str = "") -> None:
        self.bulletin.change(STATE, {"n": self.bulletin.snapshot(0).seqs[topic]})
        event = self.bulletin.event(topic, {"note": note}, 0)
        if publish:
            self.port.publish(event)

    def close(self) -> None:
        self.port.socket.close()
        self.door.close()
        self.context.destroy(linger=0)


@pytest.fixture
def bench() -> Iterator[Bench]:
    found = Bench()
    yield found
    found.close()


def test_a_late_listener_gets_the_state_and_then_every_event_once(bench: Bench) -> None:
    for _ in range(3):
        bench.tell(PAIR)
    with bench.listener() as listener:
        (first,) = collected(bench, listener, lambda news: len(news) == 1)
        assert isinstance(first, Snapshot)
        assert first.seqs[PAIR] == 3
        for _ in range(5):
            bench.tell(PAIR)
        news = collected(bench, listener, lambda news: len(news) == 5)
        assert [event.seq for event in news if isinstance(event, Event)] == [4, 5, 6, 7, 8]


def lost_events(bench: Bench, seconds: float = 20.0) -> None:
    """The scenario of row 28."""
    with bench.listener() as listener:
        collected(bench, listener, lambda news: len(news) == 1)
        bench.tell(PAIR)
        for _ in range(4):
            bench.tell(PAIR, publish=False)
        bench.tell(PAIR)
        one, missed, snapshot, last = collected(bench, listener, lambda news: len(news) == 4, seconds)
        assert isinstance(one, Event)
        assert missed == Missed(PAIR, 4)
        assert isinstance(snapshot, Snapshot)
        assert snapshot.seqs[PAIR] == 6
        assert isinstance(last, Event)
        assert last.seq == 6


@fault(28)
def test_lost_events_are_told_with_their_number_and_the_state_comes_anew(bench: Bench) -> None:
    """Who lost some is told how many, and gets the present state."""
    lost_events(bench)


@unprotected(28, "comparing the numbers of events")
def test_without_a_look_at_the_numbers_a_gap_is_not_seen(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Listener, "_missed", lambda self, event: [])
    with pytest.raises(AssertionError, match=r"only \[Event\(.*seq=1.*Event\(.*seq=6"):
        lost_events(bench, 1.0)


def test_the_loss_of_the_last_event_shows_with_the_next_beat(bench: Bench) -> None:
    with bench.listener() as listener:
        collected(bench, listener, lambda news: len(news) == 1)
        bench.tell(STATE, publish=False)
        bench.port.publish(bench.bulletin.beat(0))
        missed, snapshot = collected(bench, listener, lambda news: len(news) == 2)
        assert missed == Missed(STATE, 1)
        assert isinstance(snapshot, Snapshot)


@fault(28)
def test_a_slow_listener_is_told_that_it_lost_some_and_the_publisher_never_waits(bench: Bench) -> None:
    """It is told how many events it missed, each other one is given once; the publisher never waits."""
    with bench.listener((PAIR,)) as listener:
        collected(bench, listener, lambda news: len(news) == 1)
        for _ in range(30_000):  # more than the queues of both sides hold
            bench.tell(PAIR, note="x" * 2000)
        bench.port.publish(bench.bulletin.beat(0))
        deadline = time.monotonic() + 20
        missed = given = 0
        while given + missed < 30_000 and time.monotonic() < deadline:
            bench.port.serve(0.0)
            for news in listener.news(0.01):
                given += isinstance(news, Event)
                missed += news.number if isinstance(news, Missed) else 0
            bench.port.publish(bench.bulletin.beat(0))
        assert given + missed == 30_000
        assert missed > 0


def test_a_new_life_of_the_node_is_told(bench: Bench) -> None:
    with bench.listener() as listener:
        collected(bench, listener, lambda news: len(news) == 1)
        bench.bulletin = Bulletin("alice", 8)
        bench.tell(STATE)
        missed, snapshot = collected(bench, listener, lambda news: len(news) == 2)
        assert missed == Missed("boot", 1)
        assert isinstance(snapshot, Snapshot)
        assert snapshot.boot == 8


def test_topics_that_do_not_exist_are_refused(bench: Bench) -> None:
    with pytest.raises(RequestError, match="there are no events 'pears'; there are state"):
        bench.listener(("pears",))
