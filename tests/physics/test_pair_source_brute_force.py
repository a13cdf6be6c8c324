# SPDX-License-Identifier: Apache-2.0
"""The closed form of the pair source against matrix exponentials in Fock space, at many points."""

from __future__ import annotations

import fock_oracle as oracle
import numpy as np
import pytest

from heraldlink_physics.model import Arm, HeraldModel, Midpoint
from heraldlink_physics.pair_source import pair_source
from heraldlink_physics.two_rounds import time_bin

TOLERANCE = 1e-7  # what the cut-offs leave (14 microwave, 5 optical levels)


def point(seed: int) -> tuple[oracle.Source, oracle.Source, oracle.Station]:
    rng = np.random.default_rng(seed)
    arms = [
        oracle.Source(
            n_bar=rng.uniform(0.0005, 0.012),
            efficiency=rng.uniform(0.02, 0.9),
            n_thermal=rng.uniform(0, 0.1),
            n_added=rng.uniform(0, 0.05),
            microwave_efficiency=rng.uniform(0.3, 1),
            dephasing=rng.uniform(0, 0.3),
        )
        for _ in range(2)
    ]
    station = oracle.Station(
        visibility=rng.uniform(0, 1),
        sigma=rng.uniform(0, 0.6),
        dark=(rng.uniform(0, 0.01), rng.uniform(0, 0.01)),
        detectors=(rng.uniform(0.3, 1), rng.uniform(0.3, 1)),
        offset=rng.uniform(-3, 3),
    )
    return arms[0], arms[1], station


Modes = dict[tuple[str, str], np.ndarray]


@pytest.fixture(scope="module", params=range(5))
def case(request: pytest.FixtureRequest) -> tuple[HeraldModel, Modes]:
    a, b, station = point(request.param)
    model = pair_source(model_arm(a), model_arm(b), model_midpoint(station))
    return model, oracle.heralded_modes(a, b, station)


def model_arm(source: oracle.Source) -> Arm:
    return Arm(
        source.n_bar,
        source.efficiency,
        source.n_thermal,
        source.n_added,
        source.microwave_efficiency,
        source.dephasing,
    )


def model_midpoint(station: oracle.Station) -> Midpoint:
    return Midpoint(
        station.visibility, station.sigma, station.dark, station.detectors, phase_offset_rad=station.offset
    )


def test_every_click_event_leaves_the_state_of_the_brute_force(case: tuple[HeraldModel, Modes]) -> None:
    model, modes = case
    assert set(model.clicks) == set(modes)
    for cause, expected in modes.items():
        np.testing.assert_allclose(model.clicks[cause], oracle.load(expected), atol=TOLERANCE, rtol=0)


def test_both_fidelities_are_those_of_the_brute_force(case: tuple[HeraldModel, Modes]) -> None:
    model, modes = case
    for port in "cd":
        state = oracle.pattern(modes, port)
        loaded = oracle.load(state)
        p = float(np.trace(loaded).real)
        herald = model.patterns[port]
        assert herald.probability == pytest.approx(p, rel=TOLERANCE)
        assert herald.fidelity_fock == pytest.approx(oracle.overlap(state, port) / p, abs=TOLERANCE)
        assert herald.fidelity_measured == pytest.approx(oracle.overlap(loaded, port) / p, abs=TOLERANCE)


@pytest.mark.parametrize("seed", range(20, 22))
def test_time_bin_is_that_of_the_brute_force(seed: int) -> None:
    a, b, station = point(seed)
    result = time_bin(model_arm(a), model_arm(b), model_midpoint(station))
    # A fixed phase in the early bin, the noisy one in the late bin: only the change matters.
    # A node's qubit may flip its phase once, not once per bin.
    still = oracle.Station(station.visibility, 0.0, station.dark, station.detectors, 0.7)
    late = oracle.Station(
        station.visibility, station.sigma, station.dark, station.detectors, 0.7 + station.offset
    )
    unflipped = [oracle.Source(*(*_values(x)[:-1], 0.0)) for x in (a, b)]
    bins = (oracle.heralded_modes(*unflipped, still), oracle.heralded_modes(a, b, late))
    expected, loaded = brute_time_bin(*bins, loaded=False), brute_time_bin(*bins, loaded=True)
    assert result.probability == pytest.approx(expected["p"], rel=TOLERANCE)
    assert result.fidelity == pytest.approx(expected["good"] / expected["p"], abs=TOLERANCE)
    assert result.post_selection_probability == pytest.approx(expected["kept"] / expected["p"], abs=TOLERANCE)
    assert result.post_selected_fidelity == pytest.approx(expected["good"] / expected["kept"], abs=TOLERANCE)
    assert result.fidelity_measured == pytest.approx(loaded["good"] / loaded["p"], abs=TOLERANCE)
    assert result.post_selected_fidelity_measured == pytest.approx(
        loaded["good"] / loaded["kept"], abs=TOLERANCE
    )
    assert result.post_selection_probability_measured == pytest.approx(
        loaded["kept"] / loaded["p"], abs=TOLERANCE
    )


def _values(source: oracle.Source) -> tuple[float, ...]:
    return (
        source.n_bar,
        source.efficiency,
        source.n_thermal,
        source.n_added,
        source.microwave_efficiency,
        source.dephasing,
    )


def brute_time_bin(early: Modes, late: Modes, *, loaded: bool) -> dict[str, float]:
    """Project both bins' modes on one excitation per node, and there on the Bell state."""
    total = {"p": 0.0, "good": 0.0, "kept": 0.0}
    for x in "cd":
        for y in "cd":
            first, second = oracle.pattern(early, x), oracle.pattern(late, y)
            total["p"] += np.einsum("abab->", first).real * np.einsum("abab->", second).real
            if loaded:
                first, second = (oracle.load(item).reshape(2, 2, 2, 2) for item in (first, second))
            logical = _dual_rail(first[:2, :2, :2, :2], second[:2, :2, :2, :2])
            total["kept"] += float(np.trace(logical).real)
            vector = oracle.bell(1.0 if x == y else -1.0)
            total["good"] += float((vector @ logical @ vector).real)
    return total


def _dual_rail(early: np.ndarray, late: np.ndarray) -> np.ndarray:
    """Logical 0 = excitation early, 1 = late, at each node; shape (4, 4)."""
    both = np.einsum("abij,cdkl->acbdikjl", early, late)  # A early, A late, B early, B late; the same primed
    rail = np.zeros((2, 2, 2))
    rail[0, 1, 0] = rail[1, 0, 1] = 1
    return np.einsum("xac,ybd,acbdikjl,zik,wjl->xyzw", rail, rail, both, rail, rail, optimize=True).reshape(
        4, 4
    )
