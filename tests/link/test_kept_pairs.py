# SPDX-License-Identifier: Apache-2.0
"""Kept pairs (K) and prepared states (R): room, storage time, cut-off, early words."""

from math import exp, inf
from random import Random

import msgspec
import numpy as np
import pytest
from fault_lab import fault
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from step_network import ENDS, PARAMETERS, Bench, Network, demand, finished, network

from heraldlink.link.events import Asked, Broken, Cancelled, Lost, Readied, Received, Released, Ticked
from heraldlink.link.facts import GivenUpFact
from heraldlink.link.preparation import correction, left_at_the_other
from heraldlink.link.storage import crossing_s, free, good_for_s, goodness_after
from heraldlink.messages.command import Err, Finished, Held, Ok
from heraldlink.messages.link import Gen, Verdict
from heraldlink.messages.service import Side
from heraldlink.messages.values import BellState, Demand
from heraldlink.messages.worker import ArmSlot

SLOW = ((0.25, 0.0), (0.55, 0.5))
"""Goodness 0.8 at first, 0.25 in the end, with a time constant of 2 s; ticks come at 10 Hz."""


def keeping(qubits: tuple[int, int] = (2, 2), bench: Bench | None = None) -> Network:
    prediction = msgspec.structs.replace(PARAMETERS.prediction, decay={"psi+": SLOW, "psi-": SLOW})
    bench = bench or Bench()
    bench.parameters = msgspec.structs.replace(PARAMETERS, prediction=prediction)
    net = network(bench)
    net.alice, net.bob = replace(net.alice, qubits=qubits[0]), replace(net.bob, qubits=qubits[1])
    return net


def wanted(number: int, **changes: object) -> Demand:
    return msgspec.structs.replace(demand(number), type="K", minimum_fidelity=0.5, **changes)


def ask(net: Network, want: Demand, node: str = "alice") -> None:
    net.feed(node, Asked("client", 1, "bob" if node == "alice" else "alice", want, 77))


def pairs(net: Network, status: str) -> list:
    return [body.pair for body in net.told if isinstance(body, Ok | Held) and body.pair.status == status]


def gone(net: Network) -> list[int]:
    return [body.low for body in net.told if isinstance(body, Err) and body.code == "EXPIRE" and body.low]


def pass_time(net: Network, ticks: int) -> None:
    """Nothing is played; the nodes look at their time controllers now and then."""
    for _ in range(ticks):
        net.bench.tick += 1
        for node in ENDS:
            net.feed(node, Ticked())
        net.run(None)


def test_pairs_are_kept_at_both_nodes_under_one_number_with_their_decay() -> None:
    net = keeping()
    ask(net, wanted(2))
    net.run(None)
    assert finished(net).state == "DELIVERED"
    kept = pairs(net, "CONFIRMED")
    assert [pair.kept.qubit for pair in kept] == [0, 1]
    assert all(pair.kept.decay == SLOW and pair.outcomes == (0, 0) for pair in kept)
    halves = [
        [(one.sequence_number, one.until_tick) for one in state.stored] for state in (net.alice, net.bob)
    ]
    assert halves[0] == halves[1] == [(1, pair_until(kept[0])), (2, pair_until(kept[1]))]
    # 0.25 + 0.55 exp(-t/2) = 0.5 at t = 1.577 s: 15 whole ticks
    assert {pair_until(pair) - round(pair.kept.since_ps / 1e11) for pair in kept} == {15}


def pair_until(pair) -> int:
    return round(pair.kept.until_ps / 1e11)


def test_never_more_is_asked_than_there_is_room_for_and_freed_room_is_used() -> None:
    net = keeping((3, 2))
    ask(net, wanted(9, max_time_s=60.0))
    for _ in range(20000):
        if not net.flying:
            break
        net.feed(*net.flying.pop(0))
        for state in (net.alice, net.bob):
            held = len(state.stored) + (len(state.active.held) if state.active else 0)
            assert held <= state.qubits
        if net.alice.active and len(net.alice.stored) == 2 and len(net.bob.stored) == 2:
            net.feed("alice", Released("client", net.alice.stored[0].sequence_number))
    assert finished(net).state == "DELIVERED"
    assert [pair.sequence_number for pair in pairs(net, "CONFIRMED")] == list(range(1, 10))
    assert max(gen.keep for gen in net.sent if isinstance(gen, Gen)) == 2


def test_a_full_memory_waits_for_the_cut_off() -> None:
    """Two qubits, four pairs: ticks pass while nothing is played, until the first two are given up."""

    class Clock(Bench):
        def answer(self, node, call):
            self.tick += bool(getattr(call, "fresh", False))
            return super().answer(node, call)

    net = keeping((2, 2), Clock())
    ask(net, wanted(4, cutoff_s=0.5, max_time_s=60.0))
    for _ in range(5000):
        if any(isinstance(body, Finished) for body in net.told):
            break
        net.feed(*net.flying.pop(0))
        net.feed("bob", Ticked())
    net.run(None, limit=20000)
    assert finished(net).state == "DELIVERED"
    assert gone(net) == [1, 2]
    first, *_, last = pairs(net, "CONFIRMED")
    assert last.slot >= first.slot + 5
    assert [one.sequence_number for one in net.bob.stored] == [3, 4]


def test_kept_pairs_are_given_up_at_the_same_tick_and_the_client_hears_of_it() -> None:
    net = keeping()
    ask(net, wanted(2, cutoff_s=0.8))
    net.run(None)
    assert len(net.alice.stored) == len(net.bob.stored) == 2
    until = net.alice.stored[0].until_tick
    pass_time(net, until - net.bench.tick - 1)
    assert len(net.alice.stored) == len(net.bob.stored) == 2
    pass_time(net, 1)
    assert net.alice.stored == net.bob.stored == ()
    assert gone(net) == [1, 2]
    assert free(net.alice) == free(net.bob) == (0, 1)
    assert sorted(net.bench.freed["bob"]) == [0, 1]
    for node in ENDS:
        facts = [fact for fact in net.journal[node] if isinstance(fact, GivenUpFact)]
        assert [fact.sequence_number for fact in facts] == [1, 2]


@fault(19)
def test_a_verdict_that_comes_after_the_cut_off_leaves_no_half() -> None:
    """The midpoint's word is under way for longer than kept pairs last: both nodes give up the same halves
    and free their qubits, and the client is told EXPIRE."""
    net = keeping()
    ask(net, wanted(2, cutoff_s=0.8))
    while not [body for _, body in verdicts(net) if body.decisions]:
        net.feed(*net.flying.pop(0))
    assert [node for node, _ in verdicts(net)] == ["alice", "bob"]
    net.bench.tick += 20
    net.run(None)
    pass_time(net, 1)
    assert gone(net) == [pair.sequence_number for pair in pairs(net, "CONFIRMED")] == [1, 2]
    assert net.alice.stored == net.bob.stored == ()
    assert free(net.alice) == free(net.bob) == (0, 1)
    for node in ENDS:
        facts = [fact for fact in net.journal[node] if isinstance(fact, GivenUpFact)]
        assert [fact.sequence_number for fact in facts] == [1, 2]


def verdicts(net: Network) -> list[tuple[str, Verdict]]:
    """Verdicts in flight, and to whom."""
    return [
        (node, event.body)
        for node, event in net.flying
        if isinstance(event, Received) and isinstance(event.body, Verdict)
    ]


def test_a_half_that_the_other_node_does_not_have_is_no_pair() -> None:
    net = keeping(bench=Bench(missing=frozenset({("bob", 7)})))
    ask(net, wanted(2, max_time_s=3.0))
    net.run(None, limit=20000)
    expired = pairs(net, "EXPIRED")
    assert expired
    assert all("no kept qubit with this attempt index at bob" in pair.reason for pair in expired)
    assert all(pair.kept is None for pair in expired)
    assert {pair.attempt for pair in pairs(net, "CONFIRMED")} <= {8}
    assert [one.sequence_number for one in net.alice.stored] == [
        one.sequence_number for one in net.bob.stored
    ]


def test_early_pairs_are_pending_and_each_is_confirmed_or_expires() -> None:
    net = keeping(bench=Bench(missing=frozenset({("bob", 7)})))
    ask(net, wanted(1, early=True, max_time_s=3.0))
    net.run(None, limit=20000)
    early = [pair.mhp_seq for pair in pairs(net, "PENDING")]
    late = [pair.mhp_seq for status in ("CONFIRMED", "EXPIRED") for pair in pairs(net, status)]
    assert early
    assert sorted(early) == sorted(late)
    assert {pair.sequence_number for pair in pairs(net, "PENDING")} == {0}


def test_atomic_pairs_are_there_together_or_made_again() -> None:
    net = keeping((2, 2))
    ask(net, wanted(3, atomic=True))
    (refused,) = [body for body in net.told if isinstance(body, Err)]
    assert refused.code == "UNSUPP"
    assert "has 2 qubits, not 3" in refused.reason
    net = keeping((3, 3), Bench(missing=frozenset({("bob", 8), ("bob", 106)})))
    ask(net, wanted(3, atomic=True, max_time_s=60.0))
    while not net.alice.stored:
        net.feed(*net.flying.pop(0))
    net.feed("alice", Released("client", net.alice.stored[0].sequence_number))
    net.run(None, limit=20000)
    assert finished(net).state == "DELIVERED"
    assert len(net.alice.stored) == len(net.bob.stored) == 3


def test_pairs_that_do_not_last_two_ticks_are_not_offered() -> None:
    net = keeping()
    ask(net, wanted(1, cutoff_s=0.15))
    net.run(None)
    (refused,) = [body for body in net.told if isinstance(body, Err)]
    assert refused.code == "UNSUPP"
    assert "within 1 slot ticks of 0.1 s" in refused.reason
    assert net.middle.active is None


@pytest.mark.parametrize("how", ["parked", "broken", "peer lost", "client gone"])
def test_whoever_loses_a_half_says_so(how: str) -> None:
    net = keeping()
    ask(net, wanted(2))
    net.run(None)
    event = {
        "parked": Readied(False),
        "broken": Broken("alice_awg", "it does not answer"),
        "peer lost": Lost("bob", "node bob was restarted"),
        "client gone": Cancelled("client", None, "its client has gone"),
    }[how]
    net.feed("alice", event)
    net.run(None)
    assert net.alice.stored == net.bob.stored == ()
    assert gone(net) == [1, 2]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 3), st.integers(1, 3), st.integers(1, 7))
def test_both_nodes_hold_the_same_pairs_in_any_order_of_messages(
    seed: int, a: int, b: int, number: int
) -> None:
    choices = Random(seed)
    net = keeping((a, b), Bench(missing=frozenset({("bob", 8)} if seed % 2 else ())))
    ask(net, wanted(number, max_time_s=2.0, early=bool(seed % 3)), "alice" if seed % 5 else "bob")
    for _ in range(3000):
        if not net.flying:
            break
        net.deliver_one(choices)
        if choices.randrange(9) == 0:
            net.bench.tick += 1
        if choices.randrange(60) == 0 and net.alice.stored:
            net.feed("alice", Released("client", net.alice.stored[0].sequence_number))
    net.run_in_order(choices)
    last = finished(net)
    assert last.state in ("DELIVERED", "EXPIRED")
    pass_time(net, 1)
    halves = [[one.sequence_number for one in state.stored] for state in (net.alice, net.bob)]
    assert sorted(halves[0]) == sorted(halves[1])
    confirmed = [pair.sequence_number for pair in pairs(net, "CONFIRMED")]
    assert len(set(confirmed)) == len(confirmed) == last.delivered
    for state in (net.alice, net.bob):
        qubits = [one.qubit for one in state.stored]
        assert len(set(qubits)) == len(qubits) <= state.qubits


def test_a_prepared_state_is_kept_at_the_other_node_and_its_correction_told() -> None:
    net = keeping((0, 2))
    want = msgspec.structs.replace(wanted(2), type="R", sides=(Side("XZ"), Side()))
    ask(net, want)
    net.run(None)
    assert finished(net).state == "DELIVERED"
    prepared = pairs(net, "CONFIRMED")
    assert all(pair.outcomes == (1, 0) and pair.kept is None for pair in prepared)
    assert net.alice.stored == ()
    assert [one.sequence_number for one in net.bob.stored] == [1, 2]
    # alice's outcome +1 along X of Psi+ leaves X at bob: nothing to do; along Z it leaves -Z: X mends it
    for pair in prepared:
        assert (
            pair.correction
            == {("psi+", "X"): "I", ("psi+", "Z"): "X", ("psi-", "X"): "Y", ("psi-", "Z"): "X"}[
                pair.bell_state, pair.measured[0]
            ]
        )
    assert {call for call in net.bench.keeping.items() if call[0][0] == "alice" and call[1]} == set()


PAULI = (np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1]))


@given(st.sampled_from(["psi+", "psi-"]), st.sampled_from([1, -1]), st.integers(0, 2**32))
def test_what_is_left_at_the_other_node_is_what_quantum_mechanics_says(
    bell: BellState, outcome: int, seed: int
) -> None:
    direction = np.random.default_rng(seed).normal(size=3)
    direction /= np.linalg.norm(direction)
    psi = np.array([0, 1, 1 if bell == "psi+" else -1, 0]) / np.sqrt(2)
    projector = (np.eye(2) + outcome * sum(n * p for n, p in zip(direction, PAULI, strict=True))) / 2
    state = np.kron(projector, np.eye(2)) @ np.outer(psi, psi) @ np.kron(projector, np.eye(2))
    other = np.einsum("abad->bd", state.reshape(2, 2, 2, 2)) / np.trace(state)
    expected = [np.trace(other @ pauli).real for pauli in PAULI]
    assert np.allclose(left_at_the_other(bell, tuple(direction), outcome), expected)


def test_a_general_direction_has_no_correcting_pauli_for_half_of_the_outcomes() -> None:
    general = (0.48, 0.6, 0.64)
    assert correction("psi-", general, -1) == "I"
    assert correction("psi-", general, 1) == ""
    assert correction("psi-", (0.6, 0.8, 0.0), 1) == "Z"
    assert correction("psi+", (0.6, 0.0, 0.8), 1) == "X"


@given(st.floats(0.0, 0.3), st.floats(0.3, 0.7), st.floats(0.01, 100.0), st.floats(0.31, 0.9))
def test_storage_time_is_where_the_goodness_reaches_the_minimum(
    rest: float, share: float, rate_Hz: float, minimum: float
) -> None:
    decay = ((rest, 0.0), (share, rate_Hz))
    time_s = good_for_s(decay, minimum)
    if rest + share < minimum:
        assert time_s == 0
    else:
        expected = -np.log((minimum - rest) / share) / rate_Hz
        assert time_s == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert goodness_after(decay, time_s) == pytest.approx(minimum, rel=1e-6)
    assert good_for_s(((0.9, 0.0),), minimum) == inf
    assert good_for_s(decay, rest / 2 - 0.01) == inf
    assert crossing_s(decay, rest + share * exp(-1), 0.0, 10 / rate_Hz) == pytest.approx(1 / rate_Hz)
    assert ArmSlot(1, 1, 1, "ZZ", False, 0.0).keep == 0
