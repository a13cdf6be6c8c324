# SPDX-License-Identifier: Apache-2.0
"""Predictions through the general model, and what two of a scheme's pairs give, by the command's options."""

from __future__ import annotations

from math import e

import pytest

from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.predict import predict
from heraldlink_physics.two_pairs import general_prediction, two_pairs

NOISE = {"dark": 1e-4, "visibility": 0.9, "phase_sigma": 0.2, "dephasing": 0.03}
EMITTER = {**NOISE, "eta_a": 0.3, "eta_b": 0.1, "double_excitation": 0.04}
SOURCE = {**NOISE, "nbar_a": 0.002, "nbar_b": 0.001, "eta_a": 0.3, "n_thermal": 0.02, "eta_microwave": 0.8}
SCHEMES = [
    ("single-click", {"alpha_a": 0.1, "alpha_b": 0.2, **EMITTER}),
    ("barrett-kok", EMITTER),
    ("pair-source", SOURCE),
    ("time-bin", SOURCE),
]


@pytest.mark.parametrize(("kind", "options"), SCHEMES)
def test_the_general_model_predicts_as_the_closed_forms_do(kind: str, options: dict[str, float]) -> None:
    general, closed = general_prediction(kind, **options), predict(kind, **options)
    assert general.keys() == closed.keys()
    for name, value in closed.items():
        assert general[name] == pytest.approx(value, abs=1e-9), name


@pytest.mark.parametrize(("kind", "options"), SCHEMES)
def test_a_pair_is_turned_to_phi_as_its_herald_tells(kind: str, options: dict[str, float]) -> None:
    key = "F_meas_post_selected" if kind == "time-bin" else "F_meas"
    assert two_pairs(kind, **options)["F_pair"] == pytest.approx(predict(kind, **options)[key], abs=1e-9)


def test_single_click_pairs_follow_the_recurrences() -> None:
    """They err by ee alone, psi+ and psi- in equal parts: B = C = (1 - F)/2 of Deutsch's weights, D = 0."""
    found = two_pairs("single-click", alpha_a=0.2, eta_a=1e-6)
    f = found["F_pair"]
    assert f == pytest.approx(0.8, abs=1e-5)
    half = (1 - f) / 2
    assert found["bbpssw_probability"] == pytest.approx(f * f + (1 - f) ** 2, abs=1e-12)
    assert found["F_bbpssw"] == pytest.approx(f * f / (f * f + (1 - f) ** 2), abs=1e-12)
    norm = (f + half) ** 2 + half**2
    assert found["dejmps_probability"] == pytest.approx(norm, abs=1e-12)
    assert found["F_dejmps"] == pytest.approx((f * f + half * half) / norm, abs=1e-12)
    assert found["F_swapped"] == pytest.approx(f * f + 2 * half * half, abs=1e-12)


def test_bad_gates_cost_fidelity_everywhere() -> None:
    good, bad = (two_pairs("barrett-kok", error, eta_a=0.2, visibility=0.9) for error in (0.0, 0.02))
    assert good["F_pair"] == bad["F_pair"]
    for name in ("F_swapped", "F_bbpssw", "F_dejmps"):
        assert bad[name] < good[name] - 0.005


def test_reflection_and_its_pairs() -> None:
    """Cavities that reflect e with r = 1 - 2/(1 + C), g with -1: amplitudes of gg, ge, eg, ee by port."""
    r = 1 - 2 / 101
    equal, different = [2, 1 - r, 1 - r, 1 + r * r], [0, -1 - r, -1 - r, r * r - 1]
    weight = sum(x * x for x in equal + different)
    good = ((equal[0] + equal[3]) ** 2 + (different[1] + different[2]) ** 2) / 2 / weight
    found = predict("reflection", cooperativity_a=100, efficiency=0.5)
    assert found["success_probability"] == pytest.approx(0.5 * weight / 16, rel=1e-12)
    assert found["F"] == pytest.approx(good, rel=1e-12)
    assert two_pairs("reflection", cooperativity_a=100, efficiency=0.5)["F_pair"] == pytest.approx(good)
    worse = predict("reflection", cooperativity_a=100, outcoupling_a=0.9, mirror=0.8, efficiency=0.5)
    assert worse["success_probability"] < found["success_probability"]
    assert worse["F"] < found["F"]


def test_delivery_waits_for_the_best_moment_unless_told() -> None:
    best = predict("delivery", link_efficiency=1.0)
    assert best["wait"] == best["best_wait"] == pytest.approx(1.0)
    assert best["F"] == pytest.approx((1 + 3 / e) / 4, abs=1e-12)
    late = predict("delivery", link_efficiency=1.0, wait=2.0)
    assert late["F"] == pytest.approx((1 + 3 * 2 / e**2) / 4, abs=1e-12)
    assert late["best_F"] == best["F"]
    assert late["entangled_above_link_efficiency"] == pytest.approx(0.826, abs=1e-3)


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("delivery", {"link_efficiency": 1.0}, "delivery heralds no pair"),
        ("single-click", {"alpha_a": 0.1, "eta_a": 0.1, "gate_error": 2.0}, "gate_error = 2 is impossible"),
        ("single-click", {"alpha_a": 0.0, "eta_a": 0.0}, "never heralded"),
        ("reflection", {"cooperativity_a": 1.0}, "reflection needs efficiency"),
        ("reflection", {"cooperativity_a": 1.0, "efficiency": 0.5, "eta_a": 0.5}, "eta_a has no meaning"),
    ],
)
def test_impossible_pairs_are_refused(kind: str, options: dict[str, float], words: str) -> None:
    with pytest.raises(PhysicsError, match=words):
        two_pairs(kind, **options)


def test_what_the_general_model_cannot_hold_is_told() -> None:
    with pytest.raises(PhysicsError, match="needs 143 photon levels: allowed are up to 40"):
        general_prediction("pair-source", nbar_a=5.0, eta_a=0.1)
    with pytest.raises(PhysicsError, match="delivery is no scheme of the general model"):
        general_prediction("delivery", link_efficiency=1.0)
