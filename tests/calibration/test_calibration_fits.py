# SPDX-License-Identifier: Apache-2.0
"""Fits of synthetic data: pulls are standard normal (Kolmogorov-Smirnov, Holm-corrected over all values)."""

from collections.abc import Callable
from math import pi

import numpy as np
import pytest
from scipy import stats

from heraldlink.calibration.detector import dark_growth, plateau
from heraldlink.calibration.discrimination import beta_posterior, discriminate, most_telling_threshold
from heraldlink.calibration.interference import (
    dip_visibility,
    fringe_visibility,
    hom_visibility,
    thermal_clicks,
)
from heraldlink.calibration.light import arrival, efficiency_scale, resonance
from heraldlink.calibration.measured import Measured
from heraldlink.calibration.microwave import pump_scale
from heraldlink.calibration.oscillations import rabi, ramsey, relaxation
from heraldlink.errors import RunFailed
from heraldlink_physics.phase import bright_click_probabilities

RUNS = 100
SIGNIFICANCE = 1e-3
Draw = Callable[[np.random.Generator], dict[str, tuple[Measured, float]]]


def draw_rabi(rng: np.random.Generator) -> dict[str, tuple[Measured, float]]:
    angles, shots = np.linspace(0, 4 * pi, 25), np.full(25, 400)
    excited = rng.binomial(shots, 0.03 + 0.9 * np.sin(1.17 * angles / 2) ** 2)
    return {"rabi": (rabi(angles, shots, excited), 1.17)}


def draw_ramsey(rng: np.random.Generator) -> dict[str, tuple[Measured, float]]:
    delays, shots = np.arange(40) * 100e-9, np.full(40, 200)
    swing = np.cos(2 * pi * 1.3e6 * delays + 0.4) * np.exp(-delays / 8e-6)
    excited = rng.binomial(shots, 0.5 + 0.45 * swing)
    frequency, decay = ramsey(delays, shots, excited, 4e6)
    return {"ramsey": (frequency, 1.3e6), "decay": (decay, 1 / 8e-6)}


def draw_relaxation(rng: np.random.Generator) -> dict[str, tuple[Measured, float]]:
    delays, shots = np.linspace(0, 60e-6, 12), np.full(12, 500)
    excited = rng.binomial(shots, 0.04 + 0.9 * np.exp(-delays / 25e-6))
    rate = relaxation(delays, shots, excited, 2000, int(rng.binomial(2000, 0.04)))
    return {"relaxation": (rate, 1 / 25e-6)}


def draw_pump(rng: np.random.Generator) -> dict[str, tuple[Measured, float]]:
    expected, attempts = np.array([0.0, 0.005, 0.02, 0.05, 0.1]), np.full(5, 20_000)
    clicked = rng.binomial(attempts, 1 - (1 - 2e-3) / (1 + 0.83 * expected))
    scale, dark = efficiency_scale(expected, attempts, clicked)
    return {"efficiency": (scale, 0.83), "background": (dark, 2e-3)}


def draw_pairs(rng: np.random.Generator) -> dict[str, tuple[Measured, float]]:
    shots = np.array([40_000, 40_000, 80_000])
    loaded = 0.02 + 0.2 * 0.91
    chances = np.array([0.03, 0.97, 0.03 + 0.94 * loaded / (1 + loaded)])
    scale = pump_scale(lambda pump: 0.02 + 0.2 * pump, shots, rng.binomial(shots, chances))
    return {"pump scale": (scale, 0.91)}


def draw_arrival(rng: np.random.Generator) -> dict[str, tuple[Measured, float]]:
    edges = np.arange(0, 2_000_001, 20_000, dtype=np.float64)
    times = np.concatenate(
        (rng.normal(433_000, 52_000, rng.poisson(2000)), rng.uniform(0, 2e6, rng.poisson(500)))
    )
    centre, width = arrival(edges, np.histogram(times, edges)[0], 48_000)
    return {"arrival": (centre, 433_000), "width": (width, 52_000)}


def draw_resonance(rng: np.random.Generator) -> dict[str, tuple[Measured, float]]:
    def shape(offset: np.ndarray) -> np.ndarray:
        return 1 / (1 + (2 * offset / 1.3e9) ** 2)

    offsets, attempts = np.linspace(-4e9, 4e9, 17), np.full(17, 8_000)
    clicked = rng.binomial(attempts, 1 - 1 / (1 + 0.05 * shape(offsets - 0.9e9)))
    return {"resonance": (resonance(shape, offsets, attempts, clicked, 1.3e9), 0.9e9)}


def draw_plateau(rng: np.random.Generator) -> dict[str, tuple[Measured, float]]:
    bias, attempts = np.linspace(6e-6, 20e-6, 15), np.full(15, 20_000)
    chance = 0.04 / 2 * (1 + stats.norm.cdf((bias - 11e-6) / 2e-6 * 2**0.5) * 2 - 1)
    found = plateau(bias, attempts, rng.binomial(attempts, chance / (1 + chance)))
    return {"knee": (found.knee_A, 11e-6), "knee width": (found.width_A, 2e-6)}


def draw_darks(rng: np.random.Generator) -> dict[str, tuple[Measured, float]]:
    bias, seconds = np.linspace(10e-6, 20e-6, 6), np.full(6, 30.0)
    rate, scale = dark_growth(bias, seconds, rng.poisson(seconds * 0.05 * np.exp(bias / 3.7e-6)))
    return {"dark rate": (rate, 0.05 * np.exp(20 / 3.7)), "dark scale": (scale, 3.7e-6)}


def draw_hom(rng: np.random.Generator) -> dict[str, tuple[Measured, float]]:
    a, b, v = 0.1, 0.14, 0.85
    attempts = 400_000
    chances = [(a * a + b * b + a * b * (1 - overlap)) / 2 for overlap in (v, 0.0)]
    shares = [rng.binomial(attempts, chance) / attempts for chance in chances]
    parallel, crossed = (Measured(p, np.sqrt(p * (1 - p) / attempts)) for p in shares)
    return {"HOM": (hom_visibility(parallel, crossed, b / a), v)}


def draw_dip(rng: np.random.Generator) -> dict[str, tuple[Measured, float]]:
    a, b, v, balance, silent = 0.2, 0.27, 0.9, 0.2, (1 - 1e-4, 1 - 3e-4)
    attempts = np.array([200_000, 80_000, 50_000, 50_000, 20_000])
    settings = ((a, b, v), (a, b, 0.0), (a, 0.0, 0.0), (0.0, b, 0.0), (0.0, 0.0, 0.0))
    near, far, first, second, dark = (
        rng.multinomial(n, thermal_clicks(*setting, balance, silent))
        for n, setting in zip(attempts, settings, strict=True)
    )
    return {"dip": (dip_visibility(near, far, (first, second), dark), v)}


def draw_fringe(rng: np.random.Generator) -> dict[str, tuple[Measured, float]]:
    pulses, eta = 20_000, (0.9, 0.7)

    def photons(a: float, b: float, phase: float) -> list[Measured]:
        chances = bright_click_probabilities(a, b, phase, 0.93, eta)
        shares = [rng.binomial(pulses, chance) / pulses for chance in chances]
        return [
            Measured(-np.log1p(-share) / e, np.sqrt(share / (1 - share) / pulses) / e)
            for share, e in zip(shares, eta, strict=True)
        ]

    x, y = photons(0.5, 0.7, 0.8), photons(0.5, 0.7, 0.8 + pi / 2)
    alone = [photons(*pair, 0) for pair in ((0.5, 0.0), (0.0, 0.7))]
    sums = [Measured(c.value + d.value, np.hypot(c.sigma, d.sigma)) for c, d in alone]
    return {"fringe": (fringe_visibility((x[0], y[0]), (x[1], y[1]), (sums[0], sums[1])), 0.93)}


DRAWS: tuple[Draw, ...] = (
    draw_rabi, draw_ramsey, draw_relaxation, draw_pump, draw_pairs, draw_arrival, draw_resonance,
    draw_plateau, draw_darks, draw_hom, draw_dip, draw_fringe,
)  # fmt: skip


def test_sigmas_are_standard_deviations(pytestconfig: pytest.Config) -> None:
    """Pulls (value - truth)/sigma over seeds follow the standard normal distribution."""
    pulls: dict[str, list[float]] = {}
    for number, draw in enumerate(DRAWS):
        for run in range(RUNS):
            rng = np.random.default_rng([int(pytestconfig.option.seed), number, run])
            for name, (found, truth) in draw(rng).items():
                pulls.setdefault(name, []).append((found.value - truth) / found.sigma)
    p_values = sorted((float(stats.kstest(values, "norm").pvalue), name) for name, values in pulls.items())
    for rank, (p_value, name) in enumerate(p_values):
        assert p_value > SIGNIFICANCE / (len(p_values) - rank), (name, p_value, np.std(pulls[name]))


def test_what_does_not_oscillate_has_no_frequency() -> None:
    rng = np.random.default_rng(3)
    shots = np.full(40, 200)
    flat = rng.binomial(shots, 0.5)
    with pytest.raises(RunFailed, match="Ramsey: no fringes"):
        ramsey(np.arange(40) * 100e-9, shots, flat, 4e6)
    with pytest.raises(RunFailed, match="contrast"):
        rabi(np.linspace(0, 4 * pi, 40), shots, flat)


def test_dark_light_says_nothing() -> None:
    with pytest.raises(RunFailed, match="clicks do not grow"):
        efficiency_scale(np.array([0.0, 0.01, 0.1]), np.full(3, 10_000), np.array([5, 4, 6]))
    with pytest.raises(RunFailed, match="does not click"):
        plateau(np.linspace(1e-6, 2e-5, 5), np.full(5, 1000), np.zeros(5, dtype=np.int64))
    edges = np.arange(0, 2_000_001, 8_000, dtype=np.float64)
    background = np.random.default_rng(1).poisson(2.0, 250)
    with pytest.raises(RunFailed, match="no pulse"):
        arrival(edges, background, 48_000)


def test_threshold_and_confusion() -> None:
    """The threshold is the likelihood's crossing; errors are posteriors of Beta(k + 1, n - k + 1)."""
    rng = np.random.default_rng(8)
    found = discriminate(rng.poisson(1.0, 4000), rng.poisson(8.0, 4000))
    grid = [stats.poisson.sf(t - 1, 1.0) + stats.poisson.cdf(t - 1, 8.0) for t in range(1, 12)]
    assert found.threshold == 1 + int(np.argmin(grid))
    assert abs(found.error_g.value - stats.poisson.sf(found.threshold - 1, 1.0)) < 4 * found.error_g.sigma
    assert beta_posterior(3, 50).value == pytest.approx(stats.beta(4, 48).mean(), rel=1e-12)
    assert beta_posterior(3, 50).sigma == pytest.approx(stats.beta(4, 48).std(), rel=1e-12)
    with pytest.raises(RunFailed, match="cannot be told apart"):
        discriminate(rng.poisson(1.0, 400), rng.poisson(1.0, 400))


def test_threshold_of_a_scan_is_where_its_parts_differ() -> None:
    rng = np.random.default_rng(2)
    parts = [rng.poisson(mean, 2000) for mean in (2.0, 5.0, 12.0)]
    shares = [[np.mean(part >= t) for part in parts] for t in range(1, 25)]
    assert most_telling_threshold(parts) == 1 + int(np.argmax([max(s) - min(s) for s in shares]))
