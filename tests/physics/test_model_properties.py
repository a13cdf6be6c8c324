# SPDX-License-Identifier: Apache-2.0
"""What must hold for any parameters (probabilities, states, symmetry, limits), and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.model import Arm, Emitter, HeraldModel, Midpoint
from heraldlink_physics.pair_source import pair_source
from heraldlink_physics.predict import predict
from heraldlink_physics.single_click import single_click
from heraldlink_physics.two_rounds import barrett_kok, time_bin

share = st.floats(0, 1)
arms = st.builds(
    Arm,
    n_bar=st.floats(0, 5),
    efficiency=share,
    n_thermal=st.floats(0, 3),
    n_added=st.floats(0, 3),
    microwave_efficiency=share,
    dephasing=st.floats(0, 0.5),
)
emitters = st.builds(Emitter, bright=share, efficiency=share, dephasing=st.floats(0, 0.5))
midpoints = st.builds(
    Midpoint,
    visibility=share,
    phase_sigma_rad=st.floats(0, 5),
    dark_probability=st.tuples(share, share),
    detector_efficiency=st.tuples(share, share),
    coherent=st.booleans(),
    phase_offset_rad=st.floats(-4, 4),
)


def check(model: HeraldModel) -> None:
    total = sum(np.trace(state).real for state in model.clicks.values())
    assert total == pytest.approx(1, abs=1e-12)
    for state in model.clicks.values():
        assert np.all(np.diag(state).real >= 0)
        assert np.linalg.eigvalsh(state).min() > -1e-13
    for port in "cd":
        herald = model.patterns[port]
        if herald.probability > 1e-12:
            assert -1e-9 <= herald.fidelity_fock <= herald.fidelity_measured + 1e-9 <= 1 + 2e-9
            assert np.trace(herald.state).real == pytest.approx(1, abs=1e-9)


@settings(deadline=None)
@given(arms, arms, midpoints)
def test_pair_source_states_are_states(a: Arm, b: Arm, midpoint: Midpoint) -> None:
    check(pair_source(a, b, midpoint))


@settings(deadline=None)
@given(emitters, emitters, midpoints)
def test_single_click_states_are_states(a: Emitter, b: Emitter, midpoint: Midpoint) -> None:
    check(single_click(a, b, midpoint))


@settings(deadline=None)
@given(arms, arms, midpoints)
def test_exchanging_the_nodes_changes_nothing(a: Arm, b: Arm, midpoint: Midpoint) -> None:
    mirrored = replace(midpoint, phase_offset_rad=-midpoint.phase_offset_rad)
    one, other = pair_source(a, b, midpoint), pair_source(b, a, mirrored)
    exchange = np.eye(4)[[0, 2, 1, 3]]
    for cause, state in one.clicks.items():
        np.testing.assert_allclose(exchange @ state @ exchange, other.clicks[cause], atol=1e-14)


@settings(deadline=None)
@given(arms, arms, midpoints)
def test_exchanging_the_detectors_exchanges_the_bell_states(a: Arm, b: Arm, midpoint: Midpoint) -> None:
    swapped = replace(
        midpoint,
        dark_probability=midpoint.dark_probability[::-1],
        detector_efficiency=midpoint.detector_efficiency[::-1],
    )
    one, other = pair_source(a, b, midpoint).patterns, pair_source(a, b, swapped).patterns
    assert one["c"].probability == pytest.approx(other["d"].probability, abs=1e-14)
    if one["c"].probability > 1e-9:
        assert one["c"].fidelity_measured == pytest.approx(other["d"].fidelity_measured, abs=1e-9)


@settings(deadline=None)
@given(arms, arms, midpoints)
def test_without_a_common_phase_only_zz_remains(a: Arm, b: Arm, midpoint: Midpoint) -> None:
    lost = pair_source(a, b, replace(midpoint, coherent=False))
    kept = pair_source(a, b, midpoint)
    for cause, state in lost.clicks.items():
        np.testing.assert_array_equal(state, np.diag(np.diag(kept.clicks[cause])))
    assert not lost.fidelity_measured > 0.5 + 1e-12


def test_nothing_heralds_without_light_and_darks() -> None:
    model = pair_source(Arm(0.0, 0.5), Arm(0.0, 0.5), Midpoint())
    assert model.probability == 0
    assert np.isnan(model.fidelity)
    assert predict("pair-source", nbar_a=0, eta_a=0.5) == {
        "success_probability": 0.0,
        "F": None,
        "F_meas": None,
    }
    assert np.isnan(barrett_kok(0, 0.5, Midpoint()).fidelity)
    assert np.isnan(time_bin(Arm(0.0, 0.5), Arm(0.0, 0.5), Midpoint()).fidelity)


def test_a_dead_detector_stays_silent() -> None:
    model = pair_source(Arm(0.1, 0.5), Arm(0.1, 0.5), Midpoint(detector_efficiency=(1, 0)))
    assert model.patterns["d"].probability == 0
    assert model.patterns["both"].probability == 0
    assert model.fidelity_measured == model.patterns["c"].fidelity_measured


def test_dark_heralds_alone_leave_what_the_darkness_left() -> None:
    model = pair_source(Arm(0.0, 0.5), Arm(0.0, 0.5), Midpoint(dark_probability=(0.01, 0.02)))
    assert model.patterns["c"].probability == pytest.approx(0.01 * 0.98, rel=1e-12)
    assert model.patterns["c"].fidelity_measured == 0
    np.testing.assert_allclose(model.patterns["c"].state, np.diag([1, 0, 0, 0]), atol=1e-15)


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("single-click", dict(alpha_a=1.5, eta_a=0.1), ("alpha_a", "1.5", "0 to 1")),
        ("single-click", dict(alpha_a=0.1, eta_a=-0.1), ("eta_a", "-0.1", "0 to 1")),
        ("single-click", dict(eta_a=0.1), ("single-click", "alpha_a")),
        ("single-click", dict(alpha_a=0.1, eta_a=0.1, n_thermal=0.1), ("n_thermal", "single-click")),
        ("pair-source", dict(nbar_a=-1, eta_a=0.1), ("nbar_a", "-1", "0 to 1e+12")),
        ("pair-source", dict(nbar_a=float("nan"), eta_a=0.1), ("nbar_a", "nan", "0 to 1e+12")),
        ("pair-source", dict(nbar_a=float("inf"), eta_a=0.1), ("nbar_a", "inf", "0 to 1e+12")),
        ("pair-source", dict(nbar_a=0.1, eta_a=0.1, dark=1.1), ("dark", "1.1", "0 to 1")),
        ("pair-source", dict(nbar_a=0.1, eta_a=0.1, visibility=-0.1), ("visibility", "0 to 1")),
        ("pair-source", dict(nbar_a=0.1, eta_a=0.1, phase_sigma=-1), ("phase_sigma", ">= 0")),
        ("pair-source", dict(nbar_a=0.1, eta_a=0.1, n_add=-1), ("n_add", "0 to 1e+12")),
        ("pair-source", dict(nbar_a=0.1, eta_a=0.1, eta_microwave=2), ("eta_microwave", "0 to 1")),
        ("time-bin", dict(nbar_a=0.1, eta_a=0.1, dephasing=0.6), ("dephasing", "0 to 0.5")),
        ("barrett-kok", dict(eta_a=0.1, alpha_a=0.5), ("alpha_a", "barrett-kok")),
        (
            "pair-source",
            dict(nbar_a=0.1, eta_a=0.1, double_excitation=0.1),
            ("double_excitation", "pair-source"),
        ),
        ("pair-source", dict(nbar_a=0.1, eta_a=0.1, colour=1), ("colour", "known are")),
        ("triple-click", dict(eta_a=0.1), ("triple-click", "pair-source")),
        ("pair-source", dict(nbar_a="much", eta_a=0.1), ("nbar_a", "much", "number")),
    ],
)
def test_the_impossible_is_refused_by_name_and_range(
    kind: str, options: dict[str, float], words: tuple[str, ...]
) -> None:
    with pytest.raises(PhysicsError) as caught:
        predict(kind, **options)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize("n", [1e3, 1e6, 1e12])
def test_absurd_photon_numbers_stay_finite(n: float) -> None:
    for option in ("nbar_a", "n_thermal", "n_add"):
        for kind in ("pair-source", "time-bin"):
            result = predict(kind, **{"nbar_a": 0.01, "eta_a": 0.5, option: n})
            assert all(value is not None and 0 <= value <= 1 + 1e-12 for value in result.values()), result


def test_infinite_ignorance_of_the_phase_is_no_coherence() -> None:
    lost = pair_source(Arm(0.01, 0.5), Arm(0.01, 0.5), Midpoint(coherent=False))
    assert predict("pair-source", nbar_a=0.01, eta_a=0.5, phase_sigma=1e200)["F"] == lost.fidelity


def test_double_excitation_costs_fidelity_and_is_predicted() -> None:
    for kind, options in (("single-click", dict(alpha_a=0.1, eta_a=0.01)), ("barrett-kok", dict(eta_a=0.1))):
        clean, double = predict(kind, **options), predict(kind, **options, double_excitation=0.05)
        assert double["F"] < clean["F"] - 0.02
        assert double["success_probability"] > clean["success_probability"]


def test_options_not_given_are_neutral() -> None:
    bare = predict("pair-source", nbar_a=0.01, eta_a=0.1)
    assert bare == predict(
        "pair-source", nbar_a=0.01, nbar_b=0.01, eta_a=0.1, eta_b=None, n_thermal=0, dark=None
    )
    assert predict("single-click", alpha_a=0.1, eta_a=0.1) == predict(
        "single-click", alpha_a=0.1, eta_a=0.1, n_thermal=0.0, eta_microwave=1.0
    )
