# SPDX-License-Identifier: Apache-2.0
"""The published closed forms and the project's table of reference points."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np
import pytest

from heraldlink_physics.general_schemes import StateBook, barrett_kok_numbers, time_bin_numbers
from heraldlink_physics.model import Arm, Emitter, Midpoint
from heraldlink_physics.pair_source import pair_source
from heraldlink_physics.predict import predict
from heraldlink_physics.single_click import single_click
from heraldlink_physics.two_rounds import barrett_kok

EMITTERS = [
    (dict(alpha_a=0.1, eta_a=0.01), 1.99900e-3, 0.900450),
    (dict(alpha_a=0.3, eta_a=0.01, dark=1e-5, visibility=0.9, phase_sigma=0.25), 6.01037e-3, 0.671349),
    (
        dict(alpha_a=0.1, alpha_b=0.2, eta_a=0.02, eta_b=0.01, dark=1e-6, visibility=0.95, phase_sigma=0.1),
        3.99789e-3,
        0.836964,
    ),
    (dict(alpha_a=0.5, eta_a=1.0, visibility=0.8), 0.725, 0.653251),
]
TWO_ROUNDS = [
    (dict(eta_a=0.2, dark=1e-4, visibility=0.93, phase_sigma=0.1), 2.00639e-2, 0.960222),
    (dict(eta_a=0.6876, eta_b=0.0859), 2.95324e-2, 1.0),
]
SOURCES = [
    (dict(nbar_a=0.01, eta_a=0.1), 1.99601e-3, 0.972532),
    (
        dict(
            nbar_a=0.01,
            eta_a=0.05,
            dark=1e-6,
            visibility=0.95,
            phase_sigma=0.15,
            n_thermal=0.1,
            eta_microwave=0.6,
        ),
        1.10078e-3,
        0.525718,
    ),
    (
        dict(
            nbar_a=1e-4,
            eta_a=0.055,
            dark=2e-6,
            visibility=0.9,
            phase_sigma=0.2,
            n_thermal=0.15,
            eta_microwave=0.59,
        ),
        1.66497e-5,
        0.390430,
    ),
]


BOOK = StateBook(tolerated_tail=1e-13)


def etas(options: dict[str, float]) -> tuple[float, float]:
    return options["eta_a"], options.get("eta_b", options["eta_a"])


def midpoint(options: dict[str, float]) -> Midpoint:
    dark = options.get("dark", 0.0)
    return Midpoint(options.get("visibility", 1.0), options.get("phase_sigma", 0.0), (dark, dark))


def source_arm(options: dict[str, float]) -> Arm:
    n_thermal, eta_microwave = options.get("n_thermal", 0.0), options.get("eta_microwave", 1.0)
    return Arm(options["nbar_a"], options["eta_a"], n_thermal, microwave_efficiency=eta_microwave)


@pytest.mark.parametrize(("options", "p", "f"), EMITTERS)
def test_single_click_rows(options: dict[str, float], p: float, f: float) -> None:
    result = predict("single-click", **options)
    assert result["success_probability"] == pytest.approx(p, rel=5e-6)
    assert result["F"] == pytest.approx(f, abs=1e-6)
    assert result["F_meas"] == result["F"]


@pytest.mark.parametrize(("options", "p", "f"), TWO_ROUNDS)
def test_barrett_kok_rows(options: dict[str, float], p: float, f: float) -> None:
    result = predict("barrett-kok", **options)
    assert result["success_probability"] == pytest.approx(p, rel=5e-6)
    assert result["F"] == pytest.approx(f, abs=1e-6)


@pytest.mark.parametrize(("options", "p", "f"), SOURCES)
def test_pair_source_rows(options: dict[str, float], p: float, f: float) -> None:
    result = predict("pair-source", **options)
    assert result["success_probability"] == pytest.approx(p, rel=1e-5)
    assert result["F"] == pytest.approx(f, abs=2e-6)  # the table truncates the thermal index at 6


@pytest.mark.parametrize(("options", "p", "f"), EMITTERS)
def test_single_click_rows_by_the_general_model(options: dict[str, float], p: float, f: float) -> None:
    a, b = (
        Emitter(options.get(f"alpha_{x}", options["alpha_a"]), eta)
        for x, eta in zip("ab", etas(options), strict=True)
    )
    result = BOOK.single_click(a, b, midpoint(options))
    assert (result.probability, result.fidelity) == (pytest.approx(p, rel=5e-6), pytest.approx(f, abs=1e-6))


@pytest.mark.parametrize(("options", "p", "f"), TWO_ROUNDS)
def test_barrett_kok_rows_by_the_general_model(options: dict[str, float], p: float, f: float) -> None:
    a, b = (Emitter(0.5, eta) for eta in etas(options))
    result = barrett_kok_numbers(BOOK.barrett_kok(a, b, midpoint(options)))
    assert (result.probability, result.fidelity) == (pytest.approx(p, rel=5e-6), pytest.approx(f, abs=1e-6))


@pytest.mark.parametrize(("options", "p", "f"), SOURCES)
def test_pair_source_rows_by_the_general_model(options: dict[str, float], p: float, f: float) -> None:
    arm = source_arm(options)
    result = BOOK.pair_source(arm, arm, midpoint(options))
    assert (result.probability, result.fidelity) == (pytest.approx(p, rel=1e-5), pytest.approx(f, abs=2e-6))


def test_the_published_set_is_measured_higher_than_its_overlap_in_fock_space() -> None:
    assert predict("pair-source", **SOURCES[2][0])["F_meas"] == pytest.approx(0.4276, abs=5e-5)


def test_time_bin_row() -> None:
    options = dict(nbar_a=0.01, eta_a=0.1, dark=1e-6, visibility=0.95, phase_sigma=0.1)
    noise = dict(n_thermal=0.05, eta_microwave=0.7)
    arm = source_arm(options | noise)
    general = time_bin_numbers(BOOK.time_bin(arm, arm, midpoint(options)))
    assert general.probability == pytest.approx(4.39977e-6, rel=1e-5)
    assert general.fidelity == pytest.approx(0.199324, abs=1e-6)
    assert general.post_selected_fidelity == pytest.approx(0.884982, abs=1e-6)
    assert general.post_selection_probability == pytest.approx(0.225230, abs=1e-6)
    result = predict("time-bin", **options, **noise)
    assert result["success_probability"] == pytest.approx(4.39977e-6, rel=1e-5)
    assert result["F"] == pytest.approx(0.199324, abs=1e-6)
    assert result["F_post_selected"] == pytest.approx(0.884982, abs=1e-6)
    assert result["post_selection_probability"] == pytest.approx(0.225230, abs=1e-6)


def draws(count: int) -> list[np.random.Generator]:
    return [np.random.default_rng(seed) for seed in range(count)]


@pytest.mark.parametrize("rng", draws(200))
def test_single_click_closed_form(rng: np.random.Generator) -> None:
    alpha, eta, v = rng.uniform(0, 1, 3)
    dark, sigma = rng.uniform(0, 0.1), rng.uniform(0, 2)
    q = 1 - dark
    p = (1 - alpha) ** 2 * 2 * dark * q
    p += 2 * alpha * (1 - alpha) * (eta * q + (1 - eta) * 2 * dark * q)
    p += alpha**2 * (eta**2 * (1 + v) * q / 2 + 2 * eta * (1 - eta) * q + (1 - eta) ** 2 * 2 * dark * q)
    coherent = eta * (1 + sqrt(v) * exp(-(sigma**2) / 2)) + (1 - eta) * 2 * dark
    f = alpha * (1 - alpha) * q * coherent / p
    emitter = Emitter(alpha, eta)
    model = single_click(emitter, emitter, Midpoint(v, sigma, (dark, dark)))
    assert model.probability == pytest.approx(p, rel=1e-9)
    assert model.fidelity == pytest.approx(f, rel=1e-9)


@pytest.mark.parametrize("rng", draws(200))
def test_barrett_kok_closed_form(rng: np.random.Generator) -> None:
    eta_a, eta_b, v = rng.uniform(0.001, 1, 3)
    sigma = rng.uniform(0, 2)
    result = barrett_kok(eta_a, eta_b, Midpoint(v, sigma))
    assert result.probability == pytest.approx(eta_a * eta_b / 2, rel=1e-9)
    assert result.fidelity == pytest.approx((1 + v * exp(-(sigma**2) / 2)) / 2, rel=1e-9)


@pytest.mark.parametrize("rng", draws(200))
def test_pair_source_closed_form(rng: np.random.Generator) -> None:
    n_bar, n_th, eta, v = rng.uniform(0.05, 3), rng.uniform(0, 2), rng.uniform(0.05, 1), rng.uniform(0, 1)
    dark = rng.uniform(0, 0.1)
    n, q = n_bar * (1 + n_th), 1 - dark
    p = 2 * q * (1 / ((1 + eta * n / 2) ** 2 - v * (eta * n / 2) ** 2) - q / (1 + eta * n) ** 2)
    arm = Arm(n_bar, eta, n_th)
    assert pair_source(arm, arm, Midpoint(v, dark_probability=(dark, dark))).probability == pytest.approx(
        p, rel=1e-9
    )


@pytest.mark.parametrize("eta", [1e-9, 1e-12, 1e-15])
@pytest.mark.parametrize("n_bar", [1e-6, 0.01, 1.0])
def test_rare_clicks_keep_every_digit(eta: float, n_bar: float) -> None:
    n_th = 0.1
    arm = Arm(n_bar, eta, n_th)
    model = pair_source(arm, arm, Midpoint())
    n = n_bar * (1 + n_th)
    assert model.probability == pytest.approx(2 * eta * n, rel=20 * eta * n + 1e-12)
    assert model.fidelity == pytest.approx(((1 + n_bar) * (1 + n_th)) ** -3, rel=1e-8)


@pytest.mark.parametrize("rng", draws(10))
def test_heralded_correlation_is_that_of_the_squeezer(rng: np.random.Generator) -> None:
    """g2_om(0) = 1 + (1+n)(1+n_th)/(n_th + n(1+n_th) + n_add), from the photons behind a rare click."""
    n_bar, n_th, n_add = rng.uniform(0.001, 0.5), rng.uniform(0, 0.5), rng.uniform(0, 0.5)
    eta_m = 1e-6  # so weak that "excited" counts photons
    arm = Arm(n_bar, 1e-9, n_th, n_add, eta_m)
    dark_arm = Arm(0.0, 0.0)
    herald = pair_source(arm, dark_arm, Midpoint()).patterns["c"]
    given_click = float((herald.photon[2, 2] + herald.photon[3, 3]).real) / herald.probability
    always = eta_m * (n_th + n_bar * (1 + n_th) + n_add)
    expected = 1 + (1 + n_bar) * (1 + n_th) / (n_th + n_bar * (1 + n_th) + n_add)
    assert given_click / always == pytest.approx(expected, rel=1e-5)
