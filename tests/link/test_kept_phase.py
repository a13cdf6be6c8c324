# SPDX-License-Identifier: Apache-2.0
"""The phase that one request leaves for the next: how long it serves, and what makes it void."""

from dataclasses import replace

import pytest
from step_network import PARAMETERS, Bench, Network, demand, network

from heraldlink.link.events import Asked, Lost, Readied
from heraldlink.messages.command import Finished, Progress
from heraldlink.messages.values import Deviation

LASTING = 3


def bench(**changes: object) -> Bench:
    return replace(Bench(parameters=replace_ticks(LASTING)), **changes)


def replace_ticks(ticks: int):
    from msgspec.structs import replace as changed

    return changed(PARAMETERS, phase_ticks=ticks)


def slots_of(net: Network, create_id: int, node: str = "alice") -> list[Progress]:
    """What a request for six pairs plays."""
    other = "bob" if node == "alice" else "alice"
    net.feed(node, Asked(node, create_id, other, demand(6), 70 + create_id))
    net.run(None)
    assert [body.state for body in net.told if isinstance(body, Finished)][-1] == "DELIVERED"
    return [body for body in net.told if isinstance(body, Progress) and body.create_id == create_id]


@pytest.mark.parametrize("node", ["alice", "bob"])
def test_a_request_that_follows_soon_begins_with_the_phase_of_the_last_slot(node: str) -> None:
    net = network(bench())
    first, second = slots_of(net, 1), slots_of(net, 2, node)
    assert [slot.estimate for slot in first] == [True, False, False]
    assert [slot.estimate for slot in second] == [False, False]
    assert first[-1].phase
    assert second[0].turn_rad == first[-1].phase.angle_rad
    bases = [slot.basis for slot in first[1:]]
    assert [slot.basis for slot in second] == [basis[::-1] for basis in bases]


@pytest.mark.parametrize(("ticks", "estimates"), [(LASTING - 1, False), (LASTING, True)])
def test_it_serves_for_as_long_as_the_model_says(ticks: int, *, estimates: bool) -> None:
    net = network(bench())
    slots_of(net, 1)
    net.bench.tick += ticks
    assert slots_of(net, 2)[0].estimate is estimates


@pytest.mark.parametrize("event", [Readied(True), Lost("midpoint", "it was restarted")])
def test_what_may_have_moved_it_makes_it_void(event: Readied | Lost) -> None:
    net = network(bench())
    slots_of(net, 1)
    net.feed("alice", event)
    net.run(None)
    assert slots_of(net, 2)[0].estimate


def test_the_phase_of_a_slot_with_a_deviation_is_not_kept() -> None:
    net = network(bench())
    slots_of(net, 1)
    net.bench.doubt = (Deviation("midpoint", "hub_pump", "power_W is 2, declared 1"),)
    net.feed("alice", Asked("alice", 5, "bob", replace_limit(3), 75))
    net.run(None)
    net.bench.doubt = ()
    assert slots_of(net, 2)[0].estimate


def replace_limit(limit: int):
    return demand(6, withhold_limit=limit)
