# SPDX-License-Identifier: Apache-2.0
"""Goodness from test rounds against sampled outcomes, their true fidelity known; and what slots measure."""

from collections import Counter
from math import cos, sin, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from step_network import Bench, demand, finished, network

from heraldlink.link import choices, estimation
from heraldlink.link.choices import Choice, choose, directions, is_test
from heraldlink.link.estimation import Goodness, Moments, Tally, goodness, shortfall, weighed
from heraldlink.link.events import Asked
from heraldlink.messages.command import Held, Ok, Progress
from heraldlink.messages.service import SETS, RandomBasis, Side
from heraldlink.messages.values import Confusion, Demand, Prediction

PAULI = {
    "X": np.array([[0, 1], [1, 0]], complex),
    "Y": np.array([[0, -1j], [1j, 0]]),
    "Z": np.diag([1.0, -1.0]).astype(complex),
}
MATRIX = PAULI | {"Z+X": (PAULI["Z"] + PAULI["X"]) / sqrt(2), "Z-X": (PAULI["Z"] - PAULI["X"]) / sqrt(2)}
MODEL = Prediction(5e-3, 2.5e-3, 2.5e-3, 0.8, 0.79, 0.795, 0.01, {"alice": 0.01, "bob": 0.01})


def noisy(outcome: int, weight: float) -> np.ndarray:
    """Psi± with white noise, and a little more |gg> than |ee>."""
    psi = np.array([0, 1, 1 if outcome == 1 else -1, 0]) / sqrt(2)
    rest = np.diag([0.4, 0.2, 0.2, 0.2])
    return weight * np.outer(psi, psi) + (1 - weight) * rest


def true_fidelity(state: np.ndarray, outcome: int) -> float:
    psi = np.array([0, 1, 1 if outcome == 1 else -1, 0]) / sqrt(2)
    return float((psi @ state @ psi).real)


def sampled(rng: np.random.Generator, outcome: int, weight: float, n: int, errors: tuple) -> Tally:
    """Test pairs and calibration shots as imperfect readouts show them."""
    state, moments = noisy(outcome, weight), {}
    for basis in ("XX", "YY", "ZZ"):
        eye = np.eye(2)
        e = [
            float(np.trace(state @ np.kron(*pair)).real)
            for pair in ((PAULI[basis[0]], eye), (eye, PAULI[basis[1]]), (PAULI[basis[0]], PAULI[basis[1]]))
        ]
        p = [(1 + a * e[0] + b * e[1] + a * b * e[2]) / 4 for a in (1, -1) for b in (1, -1)]
        sums = Moments()
        for place in rng.choice(4, n, p=np.clip(p, 0, 1) / sum(p)):
            true = ((1, 1), (1, -1), (-1, 1), (-1, -1))[place]
            read = [
                -bit if rng.random() < (eg if bit == 1 else ee) else bit
                for bit, (eg, ee) in zip(true, errors, strict=True)
            ]
            sums = sums.with_pair(*read)
        moments[outcome, basis] = sums
    shots = 4000
    confusions = []
    for eg, ee in errors:
        ge, em = (int(rng.binomial(shots, error)) for error in (eg, ee))
        confusions.append(Confusion(shots - ge, ge, em, shots - em))
    return Tally(moments, (confusions[0], confusions[1]))


def test_the_estimate_covers_the_true_fidelity_as_often_as_its_sigma_says() -> None:
    rng = np.random.default_rng(7)
    errors = ((0.03, 0.12), (0.06, 0.09))
    pulls = []
    for place in range(300):
        outcome = 1 + place % 2
        tally = sampled(rng, outcome, 0.75, 60, errors)
        found = estimation.tested(tally, outcome)
        assert found is not None
        pulls.append((found.value - true_fidelity(noisy(outcome, 0.75), outcome)) / found.sigma)
    # 300 pulls: their mean within 5/sqrt(300), their spread within 5 of its own standard deviations of 1
    assert abs(np.mean(pulls)) < 5 / sqrt(300)
    assert abs(np.std(pulls) - 1) < 5 / sqrt(600)


def test_model_and_tests_are_weighed_and_a_wrong_model_is_not_believed() -> None:
    both = weighed(Goodness(0.80, 0.02), Goodness(0.84, 0.02, "tests"))
    assert (both.value, both.how) == (pytest.approx(0.82), "model and tests")
    assert both.sigma == pytest.approx(0.02 / sqrt(2))
    assert weighed(Goodness(0.80, 0.01), Goodness(0.60, 0.02, "tests")).how == "tests"
    assert weighed(Goodness(0.80, 0.01), None).how == "model"
    assert goodness(MODEL, Tally(), 2) == Goodness(0.79, 0.01, "model")


def test_a_shortfall_is_told_and_noise_is_not() -> None:
    rng = np.random.default_rng(3)
    errors = ((0.03, 0.12), (0.06, 0.09))
    tally = sampled(rng, 1, 0.5, 300, errors)
    tally = Tally(tally.moments | sampled(rng, 2, 0.5, 300, errors).moments, tally.confusions)
    assert "below the minimum of 0.8" in shortfall(tally, 0.8)
    assert shortfall(tally, true_fidelity(noisy(1, 0.5), 1)) == ""
    assert shortfall(Tally(), 0.99) == ""


def asking(**changes: object) -> Demand:
    import msgspec

    return msgspec.structs.replace(demand(100), **changes)


@given(st.integers(0, 2**32), st.floats(0.01, 0.5))
def test_three_test_rounds_in_every_cycle_one_for_each_basis(seed: int, share: float) -> None:
    wanted = asking(seed=seed, test_share=share)
    length = max(6, round(3 / share))
    slots = [choose(wanted, turn, swapped=False) for turn in range(4 * length)]
    for cycle in range(4):
        tests = [slot.basis for slot in slots[cycle * length : (cycle + 1) * length] if slot.test]
        assert sorted(tests) == ["XX", "YY", "ZZ"]
    assert sum(is_test(wanted, turn) for turn in range(4 * length)) == 12
    assert choices.tests_before(wanted, 4 * length) == 12
    others = [slot.basis for slot in slots if not slot.test]
    assert others == [choose(asking(seed=seed), turn, swapped=False).basis for turn in range(len(others))]


@pytest.mark.parametrize(
    ("kind", "probabilities", "expected"),
    [
        ("NONE", None, {"Z": 1.0}),
        ("XZ", None, {"X": 0.5, "Z": 0.5}),
        ("XZ", (0.2, 0.0), {"X": 0.2, "Z": 0.8}),
        ("XYZ", (0.5, 0.3), {"X": 0.5, "Y": 0.3, "Z": 0.2}),
        ("XYZ", (0.0, 0.0), {"Z": 1.0}),
        ("CHSH", (0.9, 0.0), {"Z+X": 0.9, "Z-X": 0.1}),
    ],
)
def test_bases_come_with_their_probabilities(
    kind: RandomBasis, probabilities: tuple[float, float] | None, expected: dict[str, float]
) -> None:
    wanted = asking(sides=(Side(kind, (0, 0, 0), probabilities), Side("XZ")), seed=11)
    turns = 4000
    slots = [choose(wanted, turn, swapped=False) for turn in range(turns)]
    counts = Counter(slot.measured[0] for slot in slots)
    assert set(counts) == set(expected) <= set(SETS[kind])
    for basis, share in expected.items():
        # five standard deviations of a binomial count
        assert abs(counts[basis] - turns * share) <= 5 * sqrt(turns * share * (1 - share))
    turned = [choose(wanted, turn, swapped=True) for turn in range(50)]
    assert [slot.measured[::-1] for slot in turned] == [slot.measured for slot in slots[:50]]


def rotation(axis: str, angle_rad: float) -> np.ndarray:
    """exp(-i angle/2 sigma)."""
    return cos(angle_rad / 2) * np.eye(2) - 1j * sin(angle_rad / 2) * PAULI[axis]


ANGLE = st.integers(-6_283_185, 6_283_185).map(lambda number: number * 1e-6)  # to a microradian


@given(st.sampled_from(sorted(MATRIX)), st.tuples(ANGLE, ANGLE, ANGLE), st.booleans())
def test_directions_are_those_of_rotating_and_then_measuring(
    basis: str, angles: tuple[float, float, float], swapped: bool
) -> None:
    side = Side("NONE", angles)
    wanted = asking(sides=(side, Side()))
    measured = ("Z", basis) if swapped else (basis, "Z")
    both = directions(wanted, Choice("RR", measured), swapped=swapped)  # type: ignore[arg-type]
    polar, azimuth = both[1] if swapped else both[0]
    unitary = rotation("X", angles[2]) @ rotation("Y", angles[1]) @ rotation("X", angles[0])
    expected = unitary.conj().T @ MATRIX[basis] @ unitary
    found = sin(polar) * (cos(azimuth) * PAULI["X"] + sin(azimuth) * PAULI["Y"]) + cos(polar) * PAULI["Z"]
    assert np.allclose(found, expected, atol=1e-9)
    assert both[0] == (0.0, 0.0) if swapped else both[1] == (0.0, 0.0)


def test_test_rounds_are_kept_apart_and_change_the_goodness() -> None:
    """The bench's pairs are all (+1, -1): perfect in ZZ, and far from Psi± in XX, so that the tests win."""
    net = network(Bench())
    net.feed("alice", Asked("client", 1, "bob", asking(number=60, test_share=0.5, minimum_fidelity=0.0), 77))
    net.run(None, limit=20000)
    last = finished(net)
    assert (last.state, last.delivered) == ("DELIVERED", 60)
    tests = [body.pair for body in net.told if isinstance(body, Held) and body.pair.status == "TESTED"]
    assert len(tests) == last.tested > 30
    assert {pair.sequence_number for pair in tests} == {0}
    slots = [body for body in net.told if isinstance(body, Progress)]
    assert {pair.slot for pair in tests} <= {slot.slot for slot in slots if slot.test}
    oks = [body.pair for body in net.told if isinstance(body, Ok)]
    assert [pair.sequence_number for pair in oks] == list(range(1, 61))
    assert {pair.slot for pair in oks}.isdisjoint(slot.slot for slot in slots if slot.test)
    assert oks[0].goodness_how == "model"
    assert {pair.goodness_how for pair in oks} == {"model", "tests"}


def test_a_fidelity_that_the_tests_contradict_is_withheld_and_fails_the_request() -> None:
    net = network(Bench())
    wanted = asking(number=500, test_share=0.5, minimum_fidelity=0.6, withhold_limit=10)
    net.feed("alice", Asked("client", 1, "bob", wanted, 77))
    net.run(None, limit=20000)
    last = finished(net)
    assert (last.state, last.node, last.device) == ("FAILED", "midpoint", "test rounds")
    assert "test rounds give a fidelity of" in last.reason
    held = [body.pair for body in net.told if isinstance(body, Held) and body.pair.status == "WITHHELD"]
    assert held
    assert all("below the minimum of 0.6" in pair.reason for pair in held)
