# SPDX-License-Identifier: Apache-2.0
"""Pair sources, in one round and in two bins, against brute force: 200 random points."""

from __future__ import annotations

from dataclasses import replace

import brute_force as brute
import fock_oracle as oracle
import numpy as np
import pytest
from random_points import BRUTE, POINTS, PORTS, assert_same_clicks, midpoint, place, random_state

from heraldlink_physics.arm_state import ArmState
from heraldlink_physics.emitter_arm import emission
from heraldlink_physics.general import Conditional, conditional
from heraldlink_physics.general_schemes import (
    herald_model,
    in_two_bins,
    time_bin_numbers,
)
from heraldlink_physics.model import Arm, Emitter, Midpoint
from heraldlink_physics.pair_arm import pair_arm
from heraldlink_physics.pair_source import pair_source
from heraldlink_physics.two_rounds import TimeBin, time_bin


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


def test_two_memories_that_flip_apart_are_one_that_flips_with_2p_1_minus_p() -> None:
    p, where = 0.07, Midpoint(0.9, 0.1, (1e-4, 1e-4))
    a, b = Arm(0.01, 0.3, 0.05, dephasing=p), Arm(0.02, 0.2, dephasing=p)
    arms = (pair_arm(a), pair_arm(b))
    still = conditional(*arms, Midpoint(0.9, 0.0, (1e-4, 1e-4)))
    apart = time_bin_numbers(in_two_bins(still, conditional(*arms, where)))
    logical = time_bin(*(replace(item, dephasing=2 * p * (1 - p)) for item in (a, b)), where)
    np.testing.assert_allclose(numbers(apart), numbers(logical), atol=1e-9)
