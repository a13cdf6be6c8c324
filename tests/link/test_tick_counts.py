# SPDX-License-Identifier: Apache-2.0
"""A slot tick count that goes back, stands still or is behind the others': the request FAILED, by name."""

from collections.abc import Callable

import msgspec
import pytest
from network_invariants import check
from step_network import Network, demand, network
from virtual_network import VirtualNetwork
from virtual_workers import WORK_S, Workers

from heraldlink.link.end import step
from heraldlink.link.events import Answered, Asked, Broken, Readied, Tell
from heraldlink.link.tick_counts import STILL_LIMIT_S
from heraldlink.messages.command import Finished, Progress
from heraldlink.messages.header import Body
from heraldlink.messages.worker import Counted, SlotArmed

FOR_EVER = 10**6


class MiscountingWorkers(Workers):
    """``wrong``: what a node reads instead of the true count."""

    wrong: dict[str, Callable[[int], int]]

    def answer(self, node: str, call: Body) -> Body | None:
        body = super().answer(node, call)
        if isinstance(body, Counted | SlotArmed) and node in self.wrong:
            return msgspec.structs.replace(body, tick=self.wrong[node](body.tick))
        return body


class Miscounting(VirtualNetwork):
    """A network with such workers."""

    def __init__(self) -> None:
        super().__init__(5)
        self.workers = MiscountingWorkers(self, self.world, WORK_S)
        self.wrong = self.workers.wrong = {}

    def end(self, create_id: int, seconds: float) -> Finished:
        self.run(seconds, until=lambda: bool(self.ends_of(create_id)))
        assert self.ends_of(create_id), f"nobody ended the request within {seconds} s"
        (found,) = self.ends_of(create_id)
        assert isinstance(found, Finished)
        return found


@pytest.mark.parametrize("master", ["alice", "bob"])
@pytest.mark.parametrize("node", ["alice", "bob"])
def test_a_count_that_goes_back_in_a_request_ends_it_at_once(master: str, node: str) -> None:
    net = Miscounting()
    net.run(3.0)
    asked = net.ask(master, FOR_EVER, 1e4)
    net.run(2.0)
    before = net.workers.slot()
    net.wrong[node] = lambda tick: tick - before
    end = net.end(asked, 2.0)
    assert (end.state, end.node, end.device) == ("FAILED", node, "time controller")
    assert "went back from" in end.reason
    net.run(5.0)
    check(net)


@pytest.mark.parametrize("node", ["alice", "bob"])
def test_a_count_that_is_behind_ends_a_request_long_before_the_last_try(node: str) -> None:
    net = Miscounting()
    net.wrong[node] = lambda tick: tick - 50
    net.run(3.0)
    end = net.end(net.ask("alice", FOR_EVER, 1e4), 2.0)
    assert (end.state, end.node, end.device) == ("FAILED", node, "time controller")
    assert "its count is behind" in end.reason


def test_a_count_that_stands_still_ends_a_request_whose_time_would_never_be_over() -> None:
    net = network()
    net.feed("alice", Asked("alice", 1, "bob", demand(6, max_time_s=1.0), 71))
    while not (net.alice.active and net.alice.active.totals.slots):
        net.feed(*net.flying.pop(0))
    counted = Answered(Counted(net.alice.active.request, net.bench.tick))
    first, _ = step(net.alice, counted, 0.0)
    early, _ = step(first, counted, STILL_LIMIT_S - 0.1)
    assert early.active
    late, actions = step(first, counted, STILL_LIMIT_S + 0.1)
    assert late.active is None
    (end,) = [action.body for action in actions if isinstance(action, Tell)]
    assert isinstance(end, Finished)
    assert (end.state, end.node) == ("FAILED", "alice")
    assert "no slot tick arrives at alice: its count has been" in end.reason


def counted_anew() -> Network:
    """A network whose controllers were set to 0 after a request of alice."""
    net = network()
    net.feed("alice", Asked("alice", 1, "bob", demand(6), 71))
    net.run(None)
    net.bench.tick = 0
    return net


def test_a_count_that_began_anew_between_requests_ends_the_next_one() -> None:
    net = counted_anew()
    net.feed("alice", Asked("alice", 2, "bob", demand(6), 72))
    net.run(None)
    (end,) = [body for body in net.told if isinstance(body, Finished) and body.create_id == 2]
    assert end.state == "FAILED"
    assert "went back" in end.reason


def test_nodes_that_were_prepared_since_believe_their_new_counts_and_no_old_phase() -> None:
    net = counted_anew()
    for node in ("alice", "bob"):
        net.feed(node, Readied(True))
    net.feed("alice", Asked("alice", 2, "bob", demand(6), 72))
    net.run(None)
    (end,) = [body for body in net.told if isinstance(body, Finished) and body.create_id == 2]
    assert end.state == "DELIVERED"
    (first, *_) = [body for body in net.told if isinstance(body, Progress) and body.create_id == 2]
    assert first.estimate


def test_an_instrument_that_fails_after_a_void_tells_of_both() -> None:
    net = network()
    net.feed("alice", Asked("alice", 1, "bob", demand(6), 71))
    while not any(isinstance(getattr(event, "body", None), SlotArmed) for _, event in net.flying):
        net.feed(*net.flying.pop(0))
    net.bench.tick += 1
    while net.alice.active and not net.alice.active.totals.voids:
        net.feed(*net.flying.pop(0))
    net.feed("alice", Broken("alice_tc", "no slot tick arrives"))
    net.run(None)
    (end,) = [body for body in net.told if isinstance(body, Finished)]
    assert "no slot tick arrives; the slot before was not played: slot" in end.reason
