# SPDX-License-Identifier: Apache-2.0
"""Two end nodes and a midpoint as pure steps; messages and worker replies come in any order, some twice."""

from collections import Counter
from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from step_network import ENDS, PARAMETERS, Bench, Network, demand, finished, network

from heraldlink.link.events import (
    Answered,
    Asked,
    Broken,
    Cancelled,
    Lost,
    Readied,
)
from heraldlink.messages import worker as w
from heraldlink.messages.command import Err, Finished, Held, Ok
from heraldlink.messages.link import Gen
from heraldlink.messages.values import (
    Deviation,
)


def check_agreement(net: Network) -> None:
    """No two nodes hold different verdicts, and no pair has two."""
    middle = {fact.decision.mhp_seq: fact for fact in net.pairs("midpoint")}
    assert len(middle) == len(net.pairs("midpoint"))
    for node in ENDS:
        facts = net.pairs(node)
        assert len({fact.decision.mhp_seq for fact in facts}) == len(facts)
        assert all(middle[fact.decision.mhp_seq] == fact for fact in facts)
        assert len(facts) == len(middle)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_any_order_and_repeats_give_the_same_pairs(seed: int) -> None:
    net = network()
    net.feed("alice", Asked("client", 1, "bob", demand(), 77))
    net.run(Random(seed))
    assert finished(net).state == "DELIVERED"
    assert finished(net).delivered == 8
    oks = [body.pair for body in net.told if isinstance(body, Ok)]
    assert [pair.sequence_number for pair in oks] == list(range(1, 9))
    assert {pair.outcomes for pair in oks} == {(1, -1)}
    check_agreement(net)
    assert net.bob.active is None
    assert net.middle.active is None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_both_nodes_asking_at_once_are_served_in_turn(seed: int) -> None:
    net = network()
    net.feed("alice", Asked("a", 1, "bob", demand(4), 77))
    net.feed("bob", Asked("b", 2, "alice", demand(4), 78))
    net.run(Random(seed))
    ends = [body for body in net.told if isinstance(body, Finished)]
    assert sorted(body.create_id for body in ends) == [1, 2]
    assert {body.state for body in ends} == {"DELIVERED"}
    oks = [body.pair.sequence_number for body in net.told if isinstance(body, Ok)]
    assert Counter(oks) == Counter(range(1, 9))
    check_agreement(net)


def test_a_herald_without_a_readout_at_one_node_expires() -> None:
    net = network(Bench(missing=frozenset({("bob", 7)})))
    net.feed("alice", Asked("client", 1, "bob", demand(4), 77))
    net.run(None)
    held = [body.pair for body in net.told if isinstance(body, Held) and body.pair.attempt == 7]
    assert held
    assert {(pair.status, pair.outcomes) for pair in held} == {("EXPIRED", (1, 0))}
    assert "bob" in held[0].reason


def test_a_node_whose_attempt_indices_are_shifted_gets_no_ok() -> None:
    """Of heralds 7 and 8, bob's readout of 8 comes as 7: it must not pass for that of 7."""
    net = network(Bench(shifted={"bob": -1}))
    net.feed("alice", Asked("client", 1, "bob", demand(max_time_s=1.0), 77))
    net.run(None)
    assert not [body for body in net.told if isinstance(body, Ok)]
    held = [body.pair for body in net.told if isinstance(body, Held) and body.pair.attempt == 7]
    assert {pair.status for pair in held} == {"WITHHELD"}
    assert "bob, attempt index: 2 readouts belong to no herald" in held[0].reason
    assert finished(net).state == "EXPIRED"
    assert "bob, attempt index" in finished(net).reason
    check_agreement(net)


def test_deviations_withhold_every_ok_until_the_limit_fails_the_request() -> None:
    doubt = Deviation("midpoint", "hub_pump", "the shutter is closed")
    net = network(Bench(doubt=(doubt,)))
    net.feed("alice", Asked("client", 1, "bob", demand(withhold_limit=5), 77))
    net.run(None)
    last = finished(net)
    assert (last.state, last.node, last.device) == ("FAILED", "midpoint", "hub_pump")
    assert last.withheld == 6
    assert "the shutter is closed" in last.reason
    assert not [body for body in net.told if isinstance(body, Ok)]


def test_bench_time_ends_a_request_as_expired() -> None:
    net = network()
    net.feed("alice", Asked("client", 1, "bob", demand(10**6, max_time_s=1.0), 77))
    net.run(None)
    assert finished(net).state == "EXPIRED"
    assert finished(net).slots == 11
    assert "max_time" in finished(net).reason


def test_the_first_slot_only_estimates_and_each_round_has_every_basis() -> None:
    net = network()
    net.feed("alice", Asked("client", 1, "bob", demand(18), 77))
    net.run(None)
    gens = [body for body in net.sent if isinstance(body, Gen)]
    by_burst = {gen.burst: gen for gen in gens}
    assert by_burst[1].estimate
    assert not any(gen.estimate for burst, gen in by_burst.items() if burst > 1)
    bases = [by_burst[burst].basis for burst in range(2, 8)]
    assert sorted(bases[:3]) == sorted(bases[3:]) == ["XX", "YY", "ZZ"]


def test_an_unprepared_node_refuses_and_names_itself() -> None:
    net = network()
    net.feed("bob", Readied(False))
    net.feed("alice", Asked("client", 1, "bob", demand(), 77))
    net.run(None)
    assert finished(net).state == "REJECTED"
    assert finished(net).node == "bob"
    assert net.middle.active is None


def test_a_broken_instrument_fails_the_request_everywhere_and_parks() -> None:
    net = network()
    net.feed("alice", Asked("client", 1, "bob", demand(), 77))
    net.feed("midpoint", Answered(w.Chosen(77, PARAMETERS)))
    net.feed(*net.flying.pop())
    net.feed("bob", Broken("bob_awg", "it does not answer"))
    net.run(None)
    net.feed("bob", Broken("bob_awg", "it does not answer"))
    net.run(None)
    assert net.alice.active is None
    assert net.middle.active is None
    assert "bob" in net.parked


def test_a_lost_midpoint_fails_the_request_with_its_name() -> None:
    net = network()
    net.feed("alice", Asked("client", 1, "bob", demand(), 77))
    net.feed("alice", Lost("midpoint", "the midpoint does not answer"))
    (err,) = [body for body in net.told if isinstance(body, Err)]
    assert err.node == "midpoint"
    assert net.parked == ["alice"]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 200))
def test_cancelling_at_any_moment_frees_every_node(seed: int, moment: int) -> None:
    choices = Random(seed)
    net = network()
    net.feed("alice", Asked("client", 1, "bob", demand(10**6), 77))
    for _ in range(moment):
        if net.flying:
            net.feed(*net.flying.pop(choices.randrange(min(len(net.flying), 4))))
    net.feed("alice", Cancelled("client", 1, "cancelled by the client"))
    net.run(choices)
    assert net.alice.active is None
    assert net.bob.active is None
    assert net.middle.active is None
    net.alice = replace(net.alice, done=())
    check_agreement(net)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(20, 300))
@example(0, 26)
def test_a_node_on_its_way_out_ends_its_request_with_the_slot_that_plays(seed: int, moment: int) -> None:
    """Its state lets no further slot be armed, but for one that was agreed on before."""
    choices = Random(seed)
    net = network()
    net.feed("alice", Asked("client", 1, "bob", demand(10**6), 77))
    for _ in range(moment):
        net.deliver_one(choices)
    net.draining = frozenset({"alice"})
    net.feed("alice", Cancelled("client", 1, "node alice is asked to end"))
    net.run_in_order(choices)
    assert finished(net).state == "EXPIRED"
    assert finished(net).reason == "node alice is asked to end"
    assert net.parked == []
    assert (net.alice.active, net.bob.active, net.middle.active) == (None, None, None)
    net.alice = replace(net.alice, done=())
    check_agreement(net)
