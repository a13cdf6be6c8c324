# SPDX-License-Identifier: Apache-2.0
"""Whatever is lost, doubled, delayed, reordered or killed: ids agree, requests end once, pairs come once."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_invariants import check, require
from virtual_network import NODES, VirtualNetwork
from virtual_wires import Weather
from virtual_workers import WORK_S
from virtual_world import ENDS

from heraldlink.messages.command import Finished

WEATHERS = (
    Weather(),
    Weather(loss=0.1, doubling=0.1, delay_s=(0.0005, 0.01)),
    Weather(loss=0.1, doubling=0.3, delay_s=(0.0, 0.12)),
    Weather(loss=0.4, doubling=0.2, delay_s=(0.0, 0.05)),
)


def storm(seed: int, weather: Weather, kills: int) -> VirtualNetwork:
    """Some requests of both nodes in bad weather, with kills at any action; then good weather and rest."""
    net = VirtualNetwork(seed, weather)
    net.run(3.0)
    for _ in range(3):
        for node in ENDS:
            if net.processes[node].alive:
                net.ask(node, number=net.choices.randrange(1, 8))
        for _ in range(kills):
            net.kills[net.choices.choice(NODES)] = net.choices.randrange(40)
            net.run(net.choices.uniform(0.2, 3.0))
        net.run(4.0)
    calm(net)
    return net


def calm(net: VirtualNetwork) -> None:
    """Good weather until nobody has anything to do."""
    net.kills.clear()
    net.black.clear()
    net.weather = Weather()
    net.run(5.0)
    net.run(180.0, until=lambda: at_rest(net))
    net.run(3.0)


def at_rest(net: VirtualNetwork) -> bool:
    return all(
        process.alive
        and not process.busy
        and not process.state.unsettled
        and not getattr(process.state, "expiring", ())
        for process in net.processes.values()
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(WEATHERS[:3]))
def test_in_any_weather_every_request_is_delivered(seed: int, weather: Weather) -> None:
    net = VirtualNetwork(seed, weather)
    net.run(3.0)
    asked = [net.ask(node, number=5, max_time_s=600.0) for node in ENDS]
    net.run(120.0, until=lambda: all(net.ends_of(create_id) for create_id in asked))
    calm(net)
    check(net)
    ends = [body for create_id in asked for body in net.ends_of(create_id)]
    assert [body.state for body in ends if isinstance(body, Finished)] == ["DELIVERED", "DELIVERED"]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(WEATHERS), st.integers(1, 3))
def test_kills_at_any_action_leave_nothing_open_or_doubled(seed: int, weather: Weather, kills: int) -> None:
    net = storm(seed, weather, kills)
    check(net)
    last = net.ask("alice", number=2)
    net.run(60.0, until=lambda: bool(net.ends_of(last)))
    (end,) = net.ends_of(last)
    assert isinstance(end, Finished)
    assert end.state == "DELIVERED"


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([100, 2**16 - 6, 2**32 - 6, 2**63 - 6]))
def test_slipped_counters_give_no_wrong_pair(seed: int, first: int) -> None:
    """Missed and added syncs at any node, near the ends of 16, 32 and 63 bits."""
    net = VirtualNetwork(seed, slips=0.3)
    net.world.first = first
    net.run(3.0)
    net.ask("alice", number=40, max_time_s=20.0)
    net.run(25.0)
    calm(net)
    check(net)
    withheld = [fact for fact in net.pairs("midpoint") if fact.decision.status == "WITHHELD"]
    assert withheld
    assert all("attempt index" in fact.decision.reason for fact in withheld)


@pytest.mark.parametrize("direction", [("alice", "midpoint"), ("midpoint", "alice"), ("bob", "midpoint")])
def test_a_wire_that_is_cut_in_one_direction_ends_requests_alike(direction: tuple[str, str]) -> None:
    for seed in range(8):
        net = VirtualNetwork(seed)
        net.run(3.0)
        for node in ENDS:
            net.ask(node, number=40)
        net.run(1.0 + 0.05 * seed)
        net.black.add(direction)
        net.run(6.0)
        assert not any(process.busy for process in net.processes.values())
        calm(net)
        check(net)


def pipelined(seed: int) -> VirtualNetwork:
    """Requests cancelled at any moment, whose slots take up to 1.3 ticks to read; the last is delivered."""
    net = VirtualNetwork(seed, WEATHERS[seed % 3], reading_s=(0.002, 0.06, 0.13)[seed // 3 % 3])
    net.run(3.0)
    for node in (*ENDS, *ENDS):
        create_id = net.ask(node, number=10**6, max_time_s=1e4)
        net.run(net.choices.uniform(0.3, 2.0))
        net.cancel(create_id)
        net.run(net.choices.uniform(0.0, 1.0))
    last = net.ask("alice", number=30, max_time_s=600.0)
    net.run(120.0, until=lambda: bool(net.ends_of(last)))
    calm(net)
    ends = net.ends_of(last)
    delivered = [isinstance(body, Finished) and body.state == "DELIVERED" for body in ends]
    require(delivered == [True], f"progress: the last request ended as {ends}")
    return net


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32))
def test_slots_armed_ahead_are_dropped_with_their_request(seed: int) -> None:
    check(pipelined(seed))


def test_no_tick_is_left_out_while_slots_are_read() -> None:
    """Reading ends in the next tick; were a slot armed only then, every other tick would be left out."""
    assert played(0.0, 20.0, reading_s=0.08) >= 195


def played(loss: float, seconds: float, reading_s: float = WORK_S) -> int:
    """Slots played in a time of a long request; there are ten a second."""
    net = VirtualNetwork(5, Weather(loss=loss), reading_s=reading_s)
    net.run(3.0)
    net.ask("alice", number=10**6, max_time_s=1e4)
    net.run(2.0)
    before = len(net.world.played)
    net.run(seconds)
    assert (net.lost > 50) == (loss > 0)
    return len(net.world.played) - before


def test_a_tenth_of_all_control_messages_lost_leaves_nine_tenths_of_the_throughput() -> None:
    undisturbed = played(0.0, 20.0)
    assert undisturbed >= 199
    assert played(0.1, 20.0) >= 0.9 * undisturbed
