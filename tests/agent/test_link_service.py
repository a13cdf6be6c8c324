# SPDX-License-Identifier: Apache-2.0
"""The link service on the simulated laboratory: bases by node, rotations, test rounds, purposes, order."""

import math
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from math import pi, sqrt

import pytest
from agent_lab import Lab

import heraldlink
from heraldlink.client import Network
from heraldlink.errors import RequestError, Unsupported
from heraldlink.messages.service import Side
from heraldlink.pairs import Pair, Result


@pytest.fixture
def net(shared_lab: Lab) -> Iterator[Network]:
    with heraldlink.connect(shared_lab.nodes) as network:
        network.prepare()
        yield network


def correlators(pairs: tuple[Pair, ...], bell: str) -> dict[tuple[str, str], tuple[float, float]]:
    """Mean product of outcomes and at most its standard deviation, by what was measured (local, remote)."""
    found: dict[tuple[str, str], list[int]] = defaultdict(list)
    for pair in pairs:
        if pair.bell_state == bell:
            found[pair.measured].append(math.prod(pair.outcomes))
    return {key: (sum(of) / len(of), 1 / sqrt(len(of))) for key, of in found.items()}


def test_bases_of_a_chsh_test_give_the_correlators_of_the_bell_states(net: Network) -> None:
    """Psi+ has XX = 1, ZZ = -1: (X, Z+X) and the like are ±1/√2 of them; Psi- differs in XX's sign."""
    request = net["alice"].create(
        remote="bob", number=2400, max_time=100, seed=4, sides=(Side("XZ"), Side("CHSH"))
    )
    result = request.result
    assert result.state == "DELIVERED"
    model = request.prediction.read_correlators
    for bell in ("psi+", "psi-"):
        found = correlators(result.pairs, bell)
        assert set(found) == {("X", "Z+X"), ("X", "Z-X"), ("Z", "Z+X"), ("Z", "Z-X")}
        for (local, remote), (value, sigma) in found.items():
            sign = -1 if (local, remote) == ("X", "Z-X") else 1
            expected = sign * model[f"{bell} {local}{local}"] / sqrt(2)
            assert abs(value - expected) < 5 * sigma, (bell, local, remote)
    assert {pair.basis for pair in result.pairs} == {"XS", "XD", "ZS", "ZD"}


def test_rotations_turn_what_is_measured_and_the_second_end_may_ask(net: Network) -> None:
    """Bob asks; his qubit is turned by -pi/2 about Y, so that his Z is X before; alice measures X: XX."""
    sides = (Side("NONE", (0.0, -pi / 2, 0.0)), Side("XZ", (0.0, 0.0, 0.0), (1.0, 0.0)))
    request = net["bob"].create(remote="alice", number=500, max_time=100, seed=5, sides=sides)
    result = request.result
    assert {(pair.basis, pair.measured) for pair in result.pairs} == {("RX", ("Z", "X"))}
    for bell in ("psi+", "psi-"):
        value, sigma = correlators(result.pairs, bell)["Z", "X"]
        expected = request.prediction.read_correlators[f"{bell} XX"]
        assert abs(value - expected) < 5 * sigma


def test_test_rounds_agree_with_the_model_and_narrow_it(net: Network) -> None:
    request = net["alice"].create(remote="bob", number=1500, max_time=100, seed=6, test_share=0.5)
    result = request.result
    assert result.state == "DELIVERED"
    assert len(result.tested) > 300
    assert not {pair.sequence_number for pair in result.tested} - {0}
    last = result.pairs[-1]
    assert result.pairs[0].goodness_how == "model"
    assert last.goodness_how == "model and tests"
    assert last.goodness_sigma < result.pairs[0].goodness_sigma
    assert abs(last.goodness - request.prediction.fidelity) < 4 * request.prediction.goodness_sigma


def test_a_purpose_is_rejected_until_the_peer_opens_it(net: Network) -> None:
    with pytest.raises(RequestError, match="takes no requests of alice for purpose 9"):
        net["alice"].create(remote="bob", number=5, purpose_id=9)
    net["bob"].receive(remote="alice", purpose_id=9)
    assert net["alice"].create(remote="bob", number=5, purpose_id=9).result.state == "DELIVERED"
    net["bob"].stop_receive(remote="alice", purpose_id=9)
    with pytest.raises(RequestError, match="purpose 9"):
        net["alice"].create(remote="bob", number=5, purpose_id=9)
    with pytest.raises(RequestError, match="no link to 'carol'"):
        net["bob"].receive(remote="carol", purpose_id=9)


@pytest.mark.parametrize("kind", ["K", "R"])
def test_a_readout_that_demolishes_keeps_no_pair_and_says_so(net: Network, kind) -> None:
    with pytest.raises(Unsupported, match="counts photons of the qubit and leaves nothing of it"):
        net["alice"].create(remote="bob", number=1, type=kind)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"priority": 16}, "priority"),
        ({"purpose_id": -1}, "purpose_id"),
        ({"test_share": 0.9}, "test_share"),
        ({"atomic": True}, "atomic is for kept pairs"),
        ({"early": True, "cutoff": 1.0}, "early and cutoff is for kept pairs"),
        ({"sides": (Side("XYZ", (0, 0, 0), (0.7, 0.7)), Side())}, "probabilities of XYZ"),
        ({"sides": (Side("XZ", (math.nan, 0, 0)), Side())}, "rotation angles"),
    ],
)
def test_fields_out_of_range_are_refused_by_name(net: Network, change: dict[str, object], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        net["alice"].create(remote="bob", number=1, **change)  # type: ignore[arg-type]


def ask(lab: Lab, node: str, remote: str, **wanted: object) -> Result:
    """A client of its own."""
    with heraldlink.connect(lab.nodes) as network:
        return network[node].create(remote=remote, max_time=200, **wanted).result  # type: ignore[arg-type]


def test_an_urgent_request_of_the_other_node_is_served_before_those_in_line(
    shared_lab: Lab, net: Network
) -> None:
    first = net["alice"].create(remote="bob", number=3000, max_time=200, seed=1)
    with ThreadPoolExecutor(4) as clients:
        slow = [clients.submit(ask, shared_lab, "alice", "bob", number=20) for _ in range(3)]
        urgent = clients.submit(ask, shared_lab, "bob", "alice", number=20, priority=9)
        assert first.result.state == "DELIVERED"
        served = [client.result(30) for client in (urgent, *slow)]
    assert {result.state for result in served} == {"DELIVERED"}
    numbers = [result.pairs[0].sequence_number for result in served]
    assert numbers[0] == min(numbers)
