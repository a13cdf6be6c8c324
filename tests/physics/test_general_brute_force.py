# SPDX-License-Identifier: Apache-2.0
"""The general model, and the closed forms of emitters, against brute force: 200 random points each."""

from __future__ import annotations

from itertools import product

import brute_force as brute
import fock_oracle as oracle
import numpy as np
import pytest
from random_points import EXACT, POINTS, PORTS, assert_same_clicks, midpoint, place, random_state

from heraldlink_physics.arm_state import ArmState
from heraldlink_physics.emitter_arm import two_emissions
from heraldlink_physics.general import conditional
from heraldlink_physics.general_schemes import (
    StateBook,
    barrett_kok_numbers,
)
from heraldlink_physics.model import Emitter
from heraldlink_physics.single_click import single_click
from heraldlink_physics.two_rounds import barrett_kok


def test_any_state_of_two_unequal_arms() -> None:
    for seed in range(POINTS):
        rng = np.random.default_rng(seed)
        station, etas = place(rng), tuple(rng.uniform(0, 1, 2))
        states = [random_state(rng, 2, 3) for _ in range(2)]
        arms = [ArmState.of(state, ((3,),), (eta,)) for state, eta in zip(states, etas, strict=True)]
        found = conditional(*arms, midpoint(station), tolerated_tail=1e-9)
        for cause, expected in brute.heralded(*states, etas, station).items():
            np.testing.assert_allclose(found.cause(cause), expected, atol=EXACT, rtol=0, err_msg=str(seed))
        patterns = [found.state(pattern) for pattern in ("none", "c", "d", "both")]
        assert np.trace(sum(patterns)).real == pytest.approx(1, abs=1e-12)
        assert min(np.linalg.eigvalsh(state)[0] for state in patterns) > -1e-14


def emitted(alpha: float, double: float, inert: float) -> np.ndarray:
    """Qubit, photon and extra photon, [qubit, photon, extra, qubit, photon, extra], from explicit kets."""
    ket = np.zeros((2, 2, 2))
    ket[0, 0, 0] = np.sqrt(1 - alpha)
    ket[1, 1, 0], ket[1, 1, 1] = np.sqrt(alpha * (1 - double)), np.sqrt(alpha * double)
    nothing = np.zeros((2, 2, 2))
    nothing[0, 0, 0] = 1
    return (1 - inert) * np.multiply.outer(ket, ket) + inert * np.multiply.outer(nothing, nothing)


def emitters_by_brute_force(
    states: list[np.ndarray], etas: tuple[float, float], shares: tuple[float, float], station: oracle.Station
) -> dict[tuple[str, str], np.ndarray]:
    """Main photons meet in one pair of modes, extra photons have modes of their own: darkness multiplies."""
    phase = np.zeros((2, 2, 2, 2), dtype=complex)
    for angle, weight in oracle.phases(station):
        turn = np.exp(1j * angle * np.add.outer(np.arange(2), np.arange(2)))
        phase += weight * np.multiply.outer(turn, turn.conj())
    b = states[1] * phase[None, :, :, None, :, :]
    found = {}
    sets = {"c": (1, 0), "d": (0, 1), "cd": (1, 1)}
    for name, which in sets.items():
        kept = tuple(1 - eta if dark else 1 for eta, dark in zip(station.detectors, which, strict=True))
        main = lossy(brute.dark_operator(2, kept, station.visibility), etas)
        extra = lossy(brute.dark_operator(2, kept, 0.0), [e * s for e, s in zip(etas, shares, strict=True)])
        found[name] = np.einsum(
            "qnerxf,skgulh,xlnk,fheg->qsru", states[0], b, main, extra, optimize=True
        ).reshape(4, 4)
    whole = np.einsum("qnerne,skgukg->qsru", states[0], b).reshape(4, 4)
    clicks = {
        "none": found["cd"],
        "c": found["d"] - found["cd"],
        "d": found["c"] - found["cd"],
        "both": whole - found["c"] - found["d"] + found["cd"],
    }
    return brute.with_darks(clicks, station.dark)


def lossy(operator: np.ndarray, etas: tuple[float, float]) -> np.ndarray:
    """Heisenberg picture of the losses before the midpoint."""
    cut = operator.shape[0]
    a, b = (oracle.splitter(cut, np.arccos(np.sqrt(eta)))[:, :, :, 0] for eta in etas)
    return np.einsum("xli,ykj,xyzw,zlm,wkn->ijmn", a, b, operator, a, b, optimize=True)


def flips(state: np.ndarray, dephasing: tuple[float, float]) -> np.ndarray:
    for p, z in zip(dephasing, (np.diag([1, 1, -1, -1]), np.diag([1, -1, 1, -1])), strict=True):
        state = (1 - p) * state + p * z @ state @ z
    return state


def test_single_click_of_unequal_emitters_with_double_excitation() -> None:
    book = StateBook(capacity=4)
    for seed in range(POINTS):
        rng = np.random.default_rng(1000 + seed)
        station, alphas, etas = place(rng), rng.uniform(0, 1, 2), tuple(rng.uniform(0, 1, 2))
        doubles, shares = rng.uniform(0, 0.5, 2) * (seed % 3 > 0), tuple(rng.uniform(0, 1, 2))
        dephasing, inert = tuple(rng.uniform(0, 0.5, 2)), rng.uniform(0, 0.3, 2)
        states = [emitted(*item) for item in zip(alphas, doubles, inert, strict=True)]
        expected = emitters_by_brute_force(states, etas, shares, station)
        expected = {cause: flips(state, dephasing) for cause, state in expected.items()}
        a, b = (Emitter(*item) for item in zip(alphas, etas, dephasing, doubles, shares, inert, strict=True))
        assert_same_clicks(single_click(a, b, midpoint(station)), expected, EXACT)
        assert_same_clicks(book.single_click(a, b, midpoint(station)), expected, EXACT)
    assert len(book) == 4


def emit(state: np.ndarray, phase: float) -> np.ndarray:
    """Two qubits -> with a photon from each e, B's with the phase; [qubits, A, B, qubits', A', B']."""
    light = np.zeros((4, 2, 2, 4), dtype=complex)
    for a, b in product(range(2), range(2)):
        light[2 * a + b, a, b, 2 * a + b] = np.exp(1j * phase * b)
    return np.einsum("qabx,xy,rcdy->qabrcd", light, state, light.conj())


def test_barrett_kok_with_unequal_arms() -> None:
    book = StateBook(capacity=4)
    flip = np.fliplr(np.eye(4))
    for seed in range(POINTS):
        rng = np.random.default_rng(2000 + seed)
        station, etas, dephasing = place(rng), rng.uniform(0, 1, 2), tuple(rng.uniform(0, 0.5, 2))
        light = {name: lossy(item, etas) for name, item in brute.photon_clicks(2, station).items()}
        operators = {port: brute.one_click(brute.with_darks(light, station.dark), port) for port in "cd"}
        a, b = (Emitter(0.5, *item) for item in zip(etas, dephasing, strict=True))
        rounds = book.barrett_kok(a, b, midpoint(station))
        p = good = 0.0
        for x, y in PORTS:
            after = np.zeros((4, 4), dtype=complex)
            first = np.einsum("qabrcd,cdab->qr", emit(np.full((4, 4), 0.25), 0.4), operators[x])
            for phase, weight in oracle.phases(station):
                second = emit(flip @ first @ flip, 0.4 + phase)
                after += weight * np.einsum("qabrcd,cdab->qr", second, operators[y])
            after = flips(after, dephasing)
            np.testing.assert_allclose(rounds.state(x, y), after, atol=EXACT, rtol=0)
            p, good = p + np.trace(after).real, good + oracle.overlap(after, "c" if x == y else "d")
        for result in (
            barrett_kok(*etas, midpoint(station), dephasing=dephasing),
            barrett_kok_numbers(rounds),
        ):
            assert result.probability == pytest.approx(p, rel=1e-9)
            assert result.fidelity == pytest.approx(good / p, abs=1e-9)


def test_barrett_kok_with_double_excitation_follows_its_closed_form() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        etas, dephasing, doubles = rng.uniform(0, 1, 2), rng.uniform(0, 0.5, 2), rng.uniform(0, 0.5, 2)
        where = midpoint(place(rng))
        a, b = (Emitter(0.5, *item) for item in zip(etas, dephasing, doubles, strict=True))
        found = barrett_kok_numbers(StateBook().barrett_kok(a, b, where))
        exact = barrett_kok(*etas, where, dephasing=tuple(dephasing), double_excitation=tuple(doubles))
        assert found.probability == pytest.approx(exact.probability, rel=1e-12)
        assert found.fidelity == pytest.approx(exact.fidelity, abs=1e-12)


def test_an_unknown_common_phase_is_the_average_over_it() -> None:
    """Two rounds from any qubit states; light with up to two photons in a bin turns up to four times."""
    rng = np.random.default_rng(11)
    where = midpoint(place(rng))
    items = [Emitter(0.5, eta, double_excitation=0.4, inert=0.1) for eta in rng.uniform(0.5, 1, 2)]
    arms = [two_emissions(random_state(rng, 2, 1).reshape(2, 2), item) for item in items]
    overlaps = np.diag([0.9, 0.8]).astype(complex)
    phases = 2 * np.pi * np.arange(9) / 9
    known = [conditional(*arms, where, overlaps=overlaps, common_phase_rad=phase) for phase in phases]
    unknown = conditional(*arms, where, overlaps=overlaps, common_phase_rad=None)
    np.testing.assert_allclose(unknown.photon, np.mean([item.photon for item in known], axis=0), atol=1e-14)
    assert np.abs(known[0].state("c", "d") - known[1].state("c", "d")).max() > 1e-4  # it matters here
    plain = [two_emissions(np.full((2, 2), 0.5, dtype=complex), Emitter(0.5, eta)) for eta in (0.3, 0.9)]
    turned = [
        conditional(*plain, where, common_phase_rad=phase).state("c", "d") for phase in (0.0, 1.0, None)
    ]
    np.testing.assert_allclose(turned[0], turned[1], atol=1e-15)  # and cancels without double excitation
    np.testing.assert_allclose(turned[0], turned[2], atol=1e-15)
