# SPDX-License-Identifier: Apache-2.0
"""The line of requests over both nodes: equal numbers, turns, purposes, priorities, times; in any order."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from step_network import Bench, Network, demand, network

from heraldlink.link.events import Asked, Broken, Cancelled, Lost, Opened
from heraldlink.link.facts import RequestFact
from heraldlink.messages.command import Err, Finished
from heraldlink.messages.service import RequestType


def create(net: Network, node: str, create_id: int, **changes: object) -> None:
    """A client of ``node`` asks for pairs; its request is 1000 times the node's place plus ``create_id``."""
    peer = {"alice": "bob", "bob": "alice"}[node]
    wanted = replace_demand(**changes)
    request = 1000 * (1 + (node == "bob")) + create_id
    net.feed(node, Asked(f"client of {node}", create_id, peer, wanted, request))


def replace_demand(**changes: object):
    import msgspec

    return msgspec.structs.replace(demand(2), **changes)


def order(net: Network, node: str = "alice") -> list[int]:
    """Requests in the order in which a node took them on."""
    return [fact.request for fact in net.journal.get(node, []) if isinstance(fact, RequestFact)]


def at_rest(net: Network) -> bool:
    free = not (net.alice.queue or net.bob.queue or net.alice.line.turn or net.bob.line.turn)
    return free and not (net.alice.active or net.bob.active or net.alice.asking or net.bob.asking)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 6), st.integers(0, 6))
def test_every_request_of_both_nodes_ends_once_in_any_order_of_messages(seed: int, a: int, b: int) -> None:
    net, choices = network(), Random(seed)
    asked = [("alice", k) for k in range(1, a + 1)] + [("bob", k) for k in range(1, b + 1)]
    choices.shuffle(asked)
    for node, create_id in asked:
        create(net, node, create_id, priority=choices.randrange(3))
        for _ in range(choices.randrange(5)):
            if net.flying:
                net.feed(*net.flying.pop(choices.randrange(min(len(net.flying), 4))))
    net.run(choices, limit=20000)
    ends = [body for body in net.told if isinstance(body, Finished)]
    assert Counter(body.state for body in ends) == Counter({"DELIVERED": a + b} if a + b else {})
    assert order(net, "alice") == order(net, "bob") == order(net, "midpoint")
    ids = {
        node: [(f.request, f.queue_id) for f in net.journal.get(node, []) if isinstance(f, RequestFact)]
        for node in ("alice", "bob", "midpoint")
    }
    assert ids["alice"] == ids["bob"] == ids["midpoint"]
    numbers = [number for _, number in ids["alice"]]
    assert len(set(numbers)) == len(numbers)
    assert 0 not in numbers
    assert at_rest(net)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 120))
def test_requests_cancelled_at_any_moment_leave_both_lines(seed: int, moment: int) -> None:
    net, choices = network(), Random(seed)
    for create_id in (1, 2, 3):
        create(net, "alice", create_id, number=10**6)
        create(net, "bob", create_id, number=10**6)
    for _ in range(moment):
        if net.flying:
            net.feed(*net.flying.pop(choices.randrange(min(len(net.flying), 4))))
    for node in ("alice", "bob"):
        net.feed(node, Cancelled(f"client of {node}", None, "cancelled by the client"))
    net.run(choices, limit=20000)
    assert at_rest(net)
    assert net.middle.active is None
    ends = [body for body in net.told if isinstance(body, Finished)]
    errors = [body for body in net.told if isinstance(body, Err)]
    assert len(ends) + len(errors) == 6
    assert {body.state for body in ends} <= {"EXPIRED"}
    assert {body.code for body in errors} <= {"EXPIRE"}


@pytest.mark.parametrize("node", ["alice", "bob"])
def test_a_higher_priority_is_served_earlier_whoever_asks(node: str) -> None:
    net = network()
    for create_id, priority in ((1, 0), (2, 0), (3, 7)):
        create(net, "bob", create_id)
        create(net, node, 10 + create_id, priority=priority)
    net.run(None)
    urgent = 1000 * (1 + (node == "bob")) + 13
    assert order(net).index(urgent) <= 1


def test_nodes_of_equal_priority_are_served_in_the_order_of_their_numbers() -> None:
    net = network()
    for create_id in range(1, 9):
        create(net, "alice" if create_id % 2 else "bob", create_id)
        for _ in range(6):
            if net.flying:
                net.feed(*net.flying.pop(0))
    net.run(None)
    assert [request % 1000 for request in order(net)] == list(range(1, 9))


def test_a_purpose_that_is_not_open_is_rejected_and_opened_at_run_time() -> None:
    net = network()
    create(net, "alice", 1, purpose_id=5)
    net.run(None)
    (refused,) = [body for body in net.told if isinstance(body, Err)]
    assert (refused.code, refused.node) == ("REJECTED", "bob")
    assert "purpose 5" in refused.reason
    assert not order(net)
    net.feed("bob", Opened(5, True))
    create(net, "alice", 2, purpose_id=5)
    net.run(None)
    assert [body.state for body in net.told if isinstance(body, Finished)] == ["DELIVERED"]
    net.feed("bob", Opened(5, False))
    create(net, "alice", 3, purpose_id=5)
    net.run(None)
    assert [body.code for body in net.told if isinstance(body, Err)] == ["REJECTED", "REJECTED"]
    assert at_rest(net)


@pytest.mark.parametrize(("kind", "culprit"), [("K", "alice"), ("R", "bob")])
def test_a_node_without_memory_says_why_it_keeps_no_pair(kind: RequestType, culprit: str) -> None:
    net = network()
    create(net, "alice", 1, type=kind)
    net.run(None)
    (refused,) = [body for body in net.told if isinstance(body, Err)]
    assert (refused.code, refused.node) == ("UNSUPP", culprit)
    assert "counts photons" in refused.reason
    assert at_rest(net)


def test_time_over_in_the_line_is_a_timeout() -> None:
    net = network()
    create(net, "alice", 1, number=500)
    while not net.alice.active or not net.alice.tick:
        net.feed(*net.flying.pop(0))
    create(net, "alice", 2, max_time_s=1.0)
    create(net, "bob", 3, max_time_s=1.0)
    net.run(None, limit=20000)
    errors = [body for body in net.told if isinstance(body, Err)]
    assert [body.code for body in errors] == ["TIMEOUT", "TIMEOUT"]
    assert {body.node for body in errors} == {"alice", "bob"}
    assert at_rest(net)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 150), st.sampled_from(["alice", "bob"]))
def test_a_node_that_breaks_leaves_nobody_waiting(seed: int, moment: int, node: str) -> None:
    net, choices = network(), Random(seed)
    for create_id in (1, 2, 3):
        create(net, "alice", create_id)
        create(net, "bob", create_id)
    for _ in range(moment):
        net.deliver_one(choices)
    net.feed(node, Broken(f"{node}_awg", "it does not answer"))
    net.run_in_order(choices)
    for body in list(net.told):
        assert not isinstance(body, Finished) or body.state in ("DELIVERED", "FAILED", "REJECTED", "EXPIRED")
    answers = [body for body in net.told if isinstance(body, Finished | Err)]
    assert len(answers) == 6
    assert at_rest(net)


def test_a_lost_peer_answers_all_who_wait() -> None:
    net = network(Bench())
    for create_id in (1, 2, 3):
        create(net, "alice", create_id)
        create(net, "bob", create_id)
    while net.alice.active is None:
        net.feed(*net.flying.pop(0))
    net.flying.clear()
    net.feed("alice", Lost("bob", "node bob was restarted"))
    net.flying.clear()
    assert len([body for body in net.told if isinstance(body, Finished | Err)]) == 3
    assert not net.alice.queue
    assert net.alice.line == replace(net.alice.line, turn=0)
