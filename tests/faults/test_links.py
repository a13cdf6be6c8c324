# SPDX-License-Identifier: Apache-2.0
"""The line between a node and the midpoint is silent, slow, narrow, sliced or torn again and again."""

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from fault_lab import Laboratory, Proxy, check, fault, shown_to_fail, unprotected, wait_for
from fault_lab.client import Ending
from fault_lab.proxy import Line

from heraldlink.errors import HeraldlinkError

NOTICED_S, RECOVERED_S = 4.0, 10.0
HEARTBEATS_S = 1.0
"""200 ms until the next one, 600 ms for its answer, and 50 ms twice until a node looks."""


@pytest.fixture(scope="module")
def standing_rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    """A laboratory with proxies in the lines."""
    with Laboratory(tmp_path_factory.mktemp("rack"), wired=True) as laboratory:
        yield laboratory


def cut(rack: Laboratory, *ways: str) -> Ending:
    """A request whose line becomes a black hole, and how it ends in time."""
    line = rack.wire["bob"]
    with rack.client() as client:
        client.prepare()
        asked = client.start()
        asked.slots(3)
        line.black_hole(*ways)
        begin = time.monotonic()
        ending = asked.end()
        took_s = time.monotonic() - begin
    assert sum(line.held.values()) > 0, "nothing was held back"
    assert took_s < NOTICED_S, f"it took {took_s:.1f} s to notice"
    return ending


def delivered(rack: Laboratory, number: int = 10) -> Ending:
    with rack.client() as client:
        client.prepare()
        ending = client.measure(number)
    assert ending.state == "DELIVERED", ending
    assert len(ending.pairs) == number
    return ending


def recovered(rack: Laboratory) -> None:
    """Pairs come again in time: lines are connected anew after up to a second, and beats tell of it."""

    def delivers() -> bool:
        with rack.client() as client, suppress(HeraldlinkError):
            client.prepare()
            return client.measure(10).state == "DELIVERED"
        return False

    wait_for(delivers, RECOVERED_S, "pairs to come again")


def black_hole(rack: Laboratory) -> None:
    ending = cut(rack)
    assert ending.state == "FAILED"
    assert "bob" in ending.sentence


@fault(21)
def test_a_black_hole_ends_the_request(rack: Laboratory) -> None:
    """The silent line is noticed within 4 s, the request FAILED naming the node, and pairs come again 10 s
    after the line is back."""
    black_hole(rack)
    rack.wire["bob"].heal()
    recovered(rack)


class Direct(Laboratory):
    """Proxies are all that stands in the lines: each node's own heartbeats are what notices them."""

    def _way_to_midpoint(self, name: str) -> str:
        if name not in self.wire:
            port = int(self.addresses["midpoint.link"].rpartition(":")[2])
            self.wire[name] = Proxy(("127.0.0.1", port))
        return self.wire[name].endpoint


@fault(21)
def test_a_black_hole_is_noticed_by_heartbeats(tmp_path: Path) -> None:
    """Heartbeats of 200 ms give the connection up after 600 ms without an answer: a node's own line that is
    silent ends the request within a second, naming the node, long before messages are missed."""
    with Direct(tmp_path) as rack:
        line = rack.wire["bob"]
        with rack.client() as client:
            client.prepare()
            asked = client.start()
            asked.slots(3)
            line.black_hole()
            begin = time.monotonic()
            ending = asked.end()
            took_s = time.monotonic() - begin
        assert sum(line.held.values()) > 0, "nothing was held back"
        assert (ending.state, ending.result and ending.result.node) == ("FAILED", "bob"), ending
        assert took_s < HEARTBEATS_S, f"it took {took_s:.2f} s to notice"
        line.heal()
        recovered(rack)
        check(rack)


@unprotected(21, "noticing silence")
def test_a_black_hole_is_not_noticed_by_who_does_not_look(tmp_path: Path) -> None:
    everybody = dict.fromkeys(("alice", "bob", "midpoint"), "silence")
    with Laboratory(tmp_path, wired=True, without=everybody) as laboratory:
        shown_to_fail(black_hole, laboratory, "did not end|to notice", 8)


@pytest.mark.parametrize("way", ["up", "down"])
@fault(22)
def test_one_way_is_silent(rack: Laboratory, way: str) -> None:
    """One node hears the other and is not heard: the request ends FAILED for all, with one verdict for each
    pair after the line is back."""
    ending = cut(rack, way)
    assert ending.state == "FAILED"
    rack.wire["bob"].heal()
    recovered(rack)


@fault(23)
def test_late_and_jittering_lines_are_slow_and_right(rack: Laboratory) -> None:
    """At 200 ms and as much jitter the rate falls and nothing else: every pair comes once."""
    for line in rack.wire.values():
        line.line = Line(latency_s=0.2, jitter_s=0.2)
    begin = time.monotonic()
    delivered(rack, 3)
    assert time.monotonic() - begin > 2.0, "the lines were not slow"


@pytest.mark.parametrize("line", [Line(slice_bytes=1), Line(bytes_per_s=10_000)])
@fault(24)
def test_sliced_and_narrow_lines_are_slow_and_right(rack: Laboratory, line: Line) -> None:
    """Byte by byte, and at 10 kB/s, requests are slow and every pair comes once."""
    before = rack.wire["bob"].passed["up"]
    for wire in rack.wire.values():
        wire.line = line
    delivered(rack, 3)
    assert rack.wire["bob"].passed["up"] - before > 1000


@fault(25)
def test_storms_of_resets_leave_nothing_behind(rack: Laboratory) -> None:
    """Lines reset every 100 ms for 2 s: nodes connect again, no effect is doubled, no file stays open."""
    wire = rack.wire["bob"]
    before, accepted = wire.resets, wire.accepted
    over = threading.Event()

    def storm() -> None:
        while not over.wait(0.1):
            wire.reset()

    thread = threading.Thread(target=storm)
    with rack.client() as client:
        client.prepare()
        asked = client.start(2000)
        thread.start()
        wait_for(lambda: wire.resets - before >= 6, 10, "connections to be reset")
        over.set()
        thread.join()
        assert asked.end().state in ("DELIVERED", "FAILED")
    wait_for(lambda: wire.accepted - accepted >= 6, 5, "the last reset line to be there again")
    delivered(rack)
