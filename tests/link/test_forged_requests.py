# SPDX-License-Identifier: Apache-2.0
"""A node with a valid key that says what it may not: nobody loads what was not asked for and offered."""

import pytest
from msgspec.structs import replace
from msgspec.structs import replace as changed
from step_network import PARAMETERS, Network, demand, network

from heraldlink.link.events import Asked, Received
from heraldlink.link.facts import RequestFact
from heraldlink.link.midpoint_state import Stage
from heraldlink.messages.command import Err, Finished
from heraldlink.messages.header import Body
from heraldlink.messages.link import Add, Ask, QueueAdd, QueueDrop, Refuse

STRONGER = changed(PARAMETERS, envelope_peak_V={"alice": 9.9, "bob": 9.9})


def hear(net: Network, node: str, source: str, body: Body) -> list[Body]:
    """What a node says to a message."""
    net.flying.clear()
    net.feed(node, Received(source, body))
    return [event.body for _, event in net.flying if isinstance(event, Received)]


def requests(net: Network, node: str) -> list[RequestFact]:
    return [fact for fact in net.journal.get(node, []) if isinstance(fact, RequestFact)]


def test_an_add_that_was_never_in_line_meets_the_same_refusals() -> None:
    """The purpose is closed: a bare ADD is as little taken as the QUEUE_ADD would be."""
    net = network()
    net.bob = replace(net.bob, purposes=frozenset())
    (refusal,) = hear(net, "bob", "alice", Add(6, 2, "alice", demand(), PARAMETERS))
    assert isinstance(refusal, Refuse)
    assert (refusal.code, "purpose 0" in refusal.reason) == ("REJECTED", True)
    assert (net.bob.active, requests(net, "bob")) == (None, [])


@pytest.mark.parametrize(
    "add",
    [
        Add(5, 1, "bob", demand(), PARAMETERS),
        Add(5, 1, "midpoint", demand(), PARAMETERS),
        Add(5, 1, "alice", demand(number=999), PARAMETERS),
    ],
)
def test_an_add_is_what_stands_in_line(add: Add) -> None:
    net = network()
    net.feed("bob", Received("alice", QueueAdd(5, 1, demand())))
    (refusal,) = hear(net, "bob", "alice", add)
    assert isinstance(refusal, Refuse)
    assert (refusal.code, net.bob.active, requests(net, "bob")) == ("REJECTED", None, [])


@pytest.mark.parametrize(
    ("source", "add"),
    [
        ("alice", Add(9, 1, "alice", demand(number=999), STRONGER)),
        ("alice", Add(9, 1, "bob", demand(), PARAMETERS)),
        ("bob", Add(9, 1, "bob", demand(), STRONGER)),
        ("bob", Add(9, 1, "bob", demand(number=999), PARAMETERS)),
        ("bob", Add(9, 1, "alice", demand(), PARAMETERS)),
    ],
)
def test_the_midpoint_loads_what_it_chose_for_the_one_who_asked(source: str, add: Add) -> None:
    net = network()
    net.feed("midpoint", Received("bob", Ask(9, demand())))
    for answer in [event for node, event in net.flying if node == "midpoint"]:
        net.feed("midpoint", answer)
    assert net.middle.active is not None
    assert net.middle.active.stage is Stage.OFFERED
    said = hear(net, "midpoint", source, add)
    assert requests(net, "midpoint") == []
    if source == "bob":
        assert [type(body) for body in said] == [Refuse]
    else:
        assert (said, net.middle.active.stage) == ([], Stage.OFFERED)


def test_a_peer_takes_nobody_elses_request_out_of_the_line() -> None:
    net = network()
    for create_id in (1, 2):
        net.feed("alice", Asked("client", create_id, "bob", demand(2), 1000 + create_id))
    net.feed("alice", Received("bob", QueueDrop(1002)))
    net.run(None)
    assert not any(isinstance(body, Err) for body in net.told)
    assert [body.state for body in net.told if isinstance(body, Finished)] == ["DELIVERED"] * 2
