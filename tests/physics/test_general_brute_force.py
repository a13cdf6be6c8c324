# SPDX-License-Identifier: Apache-2.0
"""The general model, and the closed forms, against brute force: 200 random points for every scheme."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import brute_force as brute
import fock_oracle as oracle
import numpy as np
import pytest

from heraldlink_physics.arm_state import ArmState
from heraldlink_physics.emitter_arm import emission, two_emissions
from heraldlink_physics.general import Conditional, conditional
from heraldlink_physics.general_schemes import (
    StateBook,
    barrett_kok_numbers,
    herald_model,
    in_two_bins,
    time_bin_numbers,
)
from heraldlink_physics.model import Arm, Emitter, HeraldModel, Midpoint
from heraldlink_physics.pair_arm import pair_arm
from heraldlink_physics.pair_source import pair_source
from heraldlink_physics.single_click import single_click
from heraldlink_physics.two_rounds import TimeBin, barrett_kok, time_bin

POINTS = 200
EXACT = 1e-12
BRUTE = 1e-7
PORTS = list(product("cd", "cd"))


def place(rng: np.random.Generator, dark: float = 0.1) -> oracle.Station:
    return oracle.Station(
        visibility=rng.uniform(0, 1),
        sigma=rng.uniform(0, 1),
        dark=(rng.uniform(0, dark), rng.uniform(0, dark)),
        detectors=(rng.uniform(0.2, 1), rng.uniform(0.2, 1)),
        offset=rng.uniform(-3, 3),
    )


def midpoint(item: oracle.Station) -> Midpoint:
    return Midpoint(item.visibility, item.sigma, item.dark, item.detectors, phase_offset_rad=item.offset)


def random_state(rng: np.random.Generator, levels: int, cut: int) -> np.ndarray:
    """A random density matrix of a qubit and a mode, of random rank."""
    size = levels * cut
    factor = rng.normal(size=(size, rng.integers(1, size + 1), 2)) @ [1, 1j]
    state = factor @ factor.conj().T
    return (state / np.trace(state)).reshape(levels, cut, levels, cut)


def assert_same_clicks(model: HeraldModel, expected: dict[tuple[str, str], np.ndarray], atol: float) -> None:
    for cause in brute.CAUSES:
        np.testing.assert_allclose(model.clicks[cause], expected[cause], atol=atol, rtol=0)


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


def source(rng: np.random.Generator) -> oracle.Source:
    return oracle.Source(
        n_bar=rng.uniform(0.0002, 0.002),
        efficiency=rng.uniform(0.2, 1),
        n_thermal=rng.uniform(0, 0.02),
        n_added=rng.uniform(0, 0.01),
        microwave_efficiency=rng.uniform(0.3, 1),
        dephasing=rng.uniform(0, 0.3),
    )


def arm(item: oracle.Source, flipped: float | None = None) -> Arm:
    return Arm(
        item.n_bar,
        item.efficiency,
        item.n_thermal,
        item.n_added,
        item.microwave_efficiency,
        item.dephasing if flipped is None else flipped,
    )


PHOTONS, THERMAL = 4, 5


def general(a: Arm, b: Arm, where: Midpoint) -> Conditional:
    arms = (pair_arm(item, photons=PHOTONS, thermal=THERMAL, tolerated_tail=1e-7) for item in (a, b))
    return conditional(*arms, where, tolerated_tail=1e-7)


@pytest.fixture(scope="module")
def pair_points() -> list[tuple[oracle.Source, oracle.Source, oracle.Station]]:
    points = []
    for seed in range(POINTS):
        rng = np.random.default_rng(3000 + seed)
        points.append((source(rng), source(rng), place(rng, dark=0.01)))
    return points


def test_pair_sources_and_time_bins_with_unequal_arms(
    pair_points: list[tuple[oracle.Source, oracle.Source, oracle.Station]],
) -> None:
    for a, b, station in pair_points:
        etas = (a.efficiency, b.efficiency)
        states = [brute.pair(item, THERMAL, PHOTONS) for item in (a, b)]
        late = brute.heralded(*states, etas, station)
        round_late = general(arm(a), arm(b), midpoint(station))
        for cause, expected in late.items():  # the same cut-offs on both sides
            np.testing.assert_allclose(round_late.cause(cause), expected, atol=1e-10, rtol=0)
        loaded = {cause: brute.loaded(state) for cause, state in late.items()}
        assert_same_clicks(herald_model(round_late), loaded, 1e-10)
        closed = pair_source(arm(a), arm(b), midpoint(station))
        assert_same_clicks(closed, loaded, BRUTE)  # no cut-off on one side
        for port in "cd":
            state = brute.one_click(late, port)
            corner = state.reshape(3, 3, 3, 3)[:2, :2, :2, :2].reshape(4, 4)
            p, herald = np.trace(state).real, closed.patterns[port]
            assert herald.fidelity_fock == pytest.approx(oracle.overlap(corner, port) / p, abs=BRUTE)
        check_time_bin(a, b, station, late, states)


def check_time_bin(
    a: oracle.Source,
    b: oracle.Source,
    station: oracle.Station,
    late: dict[tuple[str, str], np.ndarray],
    states: list[np.ndarray],
) -> None:
    """The early bin has a fixed phase and flips no qubit: phase and flips count once."""
    still = oracle.Station(station.visibility, 0.0, station.dark, station.detectors, 0.0)
    steady = [undo_flips(state, item.dephasing) for state, item in zip(states, (a, b), strict=True)]
    early = brute.heralded(*steady, (a.efficiency, b.efficiency), still)
    expected = np.array([brute_time_bin(early, late, as_qubits=loaded) for loaded in (False, True)])
    rounds = in_two_bins(
        general(arm(a, 0.0), arm(b, 0.0), midpoint(still)), general(arm(a), arm(b), midpoint(station))
    )
    np.testing.assert_allclose(numbers(time_bin_numbers(rounds)), expected, atol=1e-9, rtol=0)
    exact = time_bin(arm(a), arm(b), midpoint(station))
    np.testing.assert_allclose(numbers(exact), expected, atol=BRUTE, rtol=0)


def undo_flips(state: np.ndarray, dephasing: float) -> np.ndarray:
    kept = np.ones((3, 3))
    kept[0, 1] = kept[1, 0] = 1 / (1 - 2 * dephasing)
    return state * kept[:, None, :, None]


def numbers(result: TimeBin) -> np.ndarray:
    """[[P, F, kept, F of the kept] in Fock space, the same loaded]."""
    p = result.probability
    return np.array(
        [
            [p, result.fidelity, result.post_selection_probability, result.post_selected_fidelity],
            [
                p,
                result.fidelity_measured,
                result.post_selection_probability_measured,
                result.post_selected_fidelity_measured,
            ],
        ]
    )


def brute_time_bin(
    early: dict[tuple[str, str], np.ndarray], late: dict[tuple[str, str], np.ndarray], *, as_qubits: bool
) -> list[float]:
    p = good = kept = 0.0
    rail = np.zeros((2, 2, 2))
    rail[0, 1, 0] = rail[1, 0, 1] = 1  # logical 0: excited early
    for x, y in PORTS:
        bins = [brute.one_click(early, x), brute.one_click(late, y)]
        p += float(np.prod([np.trace(item).real for item in bins]))
        if as_qubits:
            first, second = (brute.loaded(item).reshape(2, 2, 2, 2) for item in bins)
        else:
            first, second = (item.reshape(3, 3, 3, 3)[:2, :2, :2, :2] for item in bins)
        half = np.einsum("xac,ybd,abij,cdkl->xyikjl", rail, rail, first, second, optimize=True)
        logical = np.einsum("xyikjl,zik,wjl->xyzw", half, rail, rail, optimize=True).reshape(4, 4)
        kept += float(np.trace(logical).real)
        good += oracle.overlap(logical, "c" if x == y else "d")
    return [p, good / p, kept / p, good / kept]


def test_two_bins_contracted_together_are_two_rounds() -> None:
    """An arm with an early and a late mode, against its rounds one after the other."""
    rng = np.random.default_rng(7)
    station = place(rng)
    emitters = [Emitter(0.5, eta) for eta in rng.uniform(0, 1, 2)]
    qubits = [random_state(rng, 2, 1).reshape(2, 2) for _ in range(2)]
    once = [emission(qubit, item) for qubit, item in zip(qubits, emitters, strict=True)]
    products = [
        ArmState(
            np.einsum("qnrm,skul->qsnkruml", x.matrix, x.matrix).reshape(4, 2, 2, 4, 2, 2), ((2,), (2,)), e
        )
        for x, e in ((item, item.efficiencies) for item in once)
    ]
    still = oracle.Station(station.visibility, 0.0, station.dark, station.detectors, 0.0)
    apart = in_two_bins(conditional(*once, midpoint(still)), conditional(*once, midpoint(station)))
    together = conditional(*products, midpoint(station))
    np.testing.assert_allclose(together.photon, apart.photon, atol=1e-14)


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


def test_two_memories_that_flip_apart_are_one_that_flips_with_2p_1_minus_p() -> None:
    p, where = 0.07, Midpoint(0.9, 0.1, (1e-4, 1e-4))
    a, b = Arm(0.01, 0.3, 0.05, dephasing=p), Arm(0.02, 0.2, dephasing=p)
    arms = (pair_arm(a), pair_arm(b))
    still = conditional(*arms, Midpoint(0.9, 0.0, (1e-4, 1e-4)))
    apart = time_bin_numbers(in_two_bins(still, conditional(*arms, where)))
    logical = time_bin(*(replace(item, dephasing=2 * p * (1 - p)) for item in (a, b)), where)
    np.testing.assert_allclose(numbers(apart), numbers(logical), atol=1e-9)
