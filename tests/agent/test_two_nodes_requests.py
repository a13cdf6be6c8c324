# SPDX-License-Identifier: Apache-2.0
"""Requests end to end: client, node processes, their workers, and the simulated laboratory's sockets."""

import itertools
import math
import sqlite3
from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest
import zmq
from agent_lab import Lab, wait_for

import heraldlink
from heraldlink.client import Network
from heraldlink.errors import RequestError, Unsupported
from heraldlink.link.facts import PAIR, PairFact


@pytest.fixture
def net(shared_lab: Lab) -> Iterator[Network]:
    with heraldlink.connect(shared_lab.nodes) as network:
        network.prepare()
        yield network


def scpi(lab: Lab, instrument: str, command: str) -> str:
    """Send a command straight to an ID900 over its own socket."""
    with zmq.Context() as context, context.socket(zmq.REQ) as socket:
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(lab.instruments[instrument])
        socket.send_string(command)
        assert socket.poll(3000)
        return socket.recv_string()


def facts(lab: Lab, node: str, request: int) -> list[PairFact]:
    """What a node journalled of a request."""
    with sqlite3.connect(f"file:{lab.folder}/journal-{node}.sqlite?mode=ro", uri=True) as database:
        rows = database.execute("SELECT payload FROM journal WHERE kind = ? ORDER BY seq", (PAIR,)).fetchall()
    found = [msgspec.msgpack.decode(payload, type=PairFact) for (payload,) in rows]
    return [fact for fact in found if fact.request == request]


def test_a_request_delivers_its_pairs_once_and_all_journals_agree(shared_lab: Lab, net: Network) -> None:
    request = net["alice"].create(remote="bob", number=300, minimum_fidelity=0.6, max_time=30, seed=5)
    pairs = list(request)
    assert len(pairs) == 300
    assert len({pair.sequence_number for pair in pairs}) == 300
    assert len({(pair.slot, pair.attempt) for pair in pairs}) == 300
    assert {pair.basis for pair in pairs} == {"XX", "YY", "ZZ"}
    assert {pair.bell_state for pair in pairs} == {"psi+", "psi-"}
    told = facts(shared_lab, "alice", request.request_id)
    for node in ("bob", "midpoint"):  # alice's are there before she delivers; others may write theirs later
        wait_for(
            lambda node=node: facts(shared_lab, node, request.request_id) == told, 5, f"{node}'s to be equal"
        )
    confirmed = [fact for fact in told if fact.decision.status == "CONFIRMED"]
    assert [fact.decision.sequence_number for fact in confirmed] == [pair.sequence_number for pair in pairs]
    assert [fact.decision.outcomes for fact in confirmed] == [pair.outcomes for pair in pairs]


def test_correlations_are_those_of_the_heralded_bell_states(net: Network) -> None:
    result = net["alice"].create(remote="bob", number=900, max_time=60, seed=9).result
    assert result.state == "DELIVERED"
    for state, sign in (("psi+", 1), ("psi-", -1)):
        for basis, expected in (("XX", sign), ("YY", sign), ("ZZ", -1)):
            products = [
                math.prod(pair.outcomes)
                for pair in result.pairs
                if pair.bell_state == state and pair.basis == basis
            ]
            # raw correlators lie near 0.7; five standard errors of this sample keep the sign certain
            assert expected * sum(products) > 5 * math.sqrt(len(products)), (state, basis)


def test_the_herald_count_agrees_with_the_prediction(net: Network) -> None:
    result = net["alice"].create(remote="bob", number=1000, max_time=60, seed=1).result
    expected = result.attempts * result.prediction.probability
    # four standard deviations of a Poisson count
    assert abs(result.herald_count - expected) < 4 * math.sqrt(expected)


def test_bob_can_be_the_master_too(net: Network) -> None:
    result = net["bob"].create(remote="alice", number=60, max_time=30, seed=2).result
    assert result.state == "DELIVERED"
    assert len(result.pairs) == 60


def test_tags_of_all_nodes_can_be_fetched(net: Network) -> None:
    request = net["alice"].create(remote="bob", number=30, max_time=30, seed=3)
    result = request.result
    tags = request.tags()
    slots = {report.slot for report in result.slots}
    assert set(tags) == {"alice", "bob", "midpoint"}
    for node, channels in (("midpoint", {1, 2, 3}), ("alice", {1, 2}), ("bob", {1, 2})):
        assert {slot for slot, _ in tags[node].tags} == slots
        assert {raw for _, raw in tags[node].tags} == channels
    hardware = Counter(
        (slot, int(index)) for (slot, raw), (_, indices) in tags["midpoint"].tags.items() if raw == 3
        for index in indices
    )  # fmt: skip
    assert all((pair.slot, pair.attempt) in hardware for pair in result.pairs)


def test_an_unreachable_fidelity_is_refused_with_what_could_be_had(net: Network) -> None:
    with pytest.raises(Unsupported, match=r"minimum_fidelity 0\.99 .* at best 0\.\d+, with .* heralds per"):
        net["alice"].create(remote="bob", number=10, minimum_fidelity=0.99)


def test_a_higher_fidelity_is_bought_with_a_lower_rate(net: Network) -> None:
    plain = net["alice"].create(remote="bob", number=5, minimum_fidelity=0.0, seed=1)
    plain_model = plain.prediction
    plain.check()
    better = net["alice"].create(remote="bob", number=5, minimum_fidelity=plain_model.fidelity + 0.01, seed=1)
    assert better.prediction.probability < plain_model.probability
    assert better.prediction.fidelity >= plain_model.fidelity + 0.01
    better.check()


def test_too_short_a_time_is_refused(net: Network) -> None:
    with pytest.raises(Unsupported, match="max_time"):
        net["alice"].create(remote="bob", number=10**6, max_time=1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"minimum_fidelity": 1.5}, "minimum_fidelity must lie within 0..1"),
        ({"number": 0}, "number"),
        ({"remote": "carol"}, "carol"),
        ({"max_time": -1}, "max_time"),
    ],
)
def test_bad_requests_are_refused_by_name(net: Network, change: dict[str, object], words: str) -> None:
    asked = {"remote": "bob", "number": 10, "minimum_fidelity": 0.5, "max_time": 10.0} | change
    with pytest.raises(RequestError, match=words):
        net["alice"].create(**asked)  # type: ignore[arg-type]


def test_a_parked_node_refuses(net: Network) -> None:
    net["bob"].park()
    result = net["alice"].create(remote="bob", number=5).result
    assert (result.state, result.node) == ("REJECTED", "bob")
    assert "not prepared" in result.reason


def test_a_gate_moved_by_hand_is_reported_and_every_ok_withheld(shared_lab: Lab, net: Network) -> None:
    scpi(shared_lab, "hub_tc", "TSCO5:WIND:END:DELA 1000000")
    result = net["alice"].create(remote="bob", number=100, max_time=30, withhold_limit=20, seed=4).result
    assert result.state == "FAILED"
    assert (result.node, result.device) == ("midpoint", "hub_tc")
    assert "gate_ps" in result.reason
    assert not result.pairs
    assert len(result.withheld) >= 20
    assert {abs(outcome) for pair in result.withheld for outcome in pair.outcomes} == {1}


def test_a_cancelled_request_ends_as_expired(net: Network) -> None:
    request = net["alice"].create(remote="bob", number=10**5, max_time=10**5, seed=6)
    for _ in request.follow():
        break
    request.cancel()
    assert request.result.state == "EXPIRED"
    assert "cancelled" in request.result.reason
    wait_for(lambda: net["bob"].status().state == "IDLE", 5, "bob to be idle")


def test_processes_that_share_a_lease_get_their_own_pairs(shared_lab: Lab) -> None:
    with heraldlink.connect(shared_lab.nodes) as one, heraldlink.connect(shared_lab.nodes) as two:
        one.prepare()
        with one["alice"].lease(note="two scripts of one owner"):
            two["alice"].borrow(one["alice"].token)
            first = one["alice"].create(remote="bob", number=5, minimum_fidelity=0.6, seed=1)
            second = two["alice"].create(remote="bob", number=7, minimum_fidelity=0.6, seed=2)
            pairs = [list(request) for request in (first, second)]
            two["alice"]._created = itertools.count(first.create_id)
            third = one["alice"].create(remote="bob", number=10**4, minimum_fidelity=0.6, seed=3)
            two["alice"]._created = itertools.count(third.create_id)
            with pytest.raises(RequestError, match="is under way: take another"):
                two["alice"].create(remote="bob", number=1, minimum_fidelity=0.6, seed=4)
            third.cancel()
            assert third.result.state == "EXPIRED"
    assert [len(found) for found in pairs] == [5, 7]
    assert {pair.create_id for pair in pairs[0]} == {first.create_id}
    assert {pair.create_id for pair in pairs[1]} == {second.create_id}
    numbers = [pair.sequence_number for found in pairs for pair in found]
    assert len(set(numbers)) == 12
