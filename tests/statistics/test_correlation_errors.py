# SPDX-License-Identifier: Apache-2.0
"""Stated errors of correlations and coincidences are those of repeated measurements; limits are refused."""

from collections.abc import Callable

import numpy as np
import pytest
from exact_statistics import holm
from light_samples import drawn_clicks
from scipy.stats import chi2

from heraldlink.analysis.attempts import Clicks, patterns
from heraldlink.analysis.correlations import (
    ClickAndExcitation,
    autocorrelation,
    cross_correlation,
    heralded_autocorrelation,
    pulsed_autocorrelation,
)
from heraldlink.analysis.dip import photon_coincidences
from heraldlink.calibration.interference import hom_visibility
from heraldlink.calibration.measured import Measured
from heraldlink.errors import RunFailed

DRAWS, ATTEMPTS = 300, 10_000
JOINT = np.array([[0.80, 0.04], [0.03, 0.04], [0.02, 0.03], [0.01, 0.03]])
"""Click pattern (none, c, d, both) and qubit (g, e)."""
ERROR_G = 0.02
Draw = Callable[[np.random.Generator], tuple[Measured, float]]


def draw_unheralded(rng: np.random.Generator) -> tuple[Measured, float]:
    share = JOINT.sum(axis=1)
    exact = share[3] / (share[[1, 3]].sum() * share[[2, 3]].sum())
    return autocorrelation(drawn_clicks(ATTEMPTS, share, rng)), float(exact)


def attempts(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    cell = rng.choice(8, ATTEMPTS, p=JOINT.ravel())
    return cell // 2, cell % 2 == 1


def draw_heralded(rng: np.random.Generator) -> tuple[Measured, float]:
    e = JOINT[:, 1]
    return heralded_autocorrelation(*attempts(rng)), float(
        e[3] * e.sum() / (e[[1, 3]].sum() * e[[2, 3]].sum())
    )


def draw_pulsed(rng: np.random.Generator) -> tuple[Measured, float]:
    share = JOINT.sum(axis=1)
    exact = share[3] / (share[[1, 3]].sum() * share[[2, 3]].sum())
    return pulsed_autocorrelation(attempts(rng)[0], range(100, 104)), float(exact)


def draw_cross(rng: np.random.Generator) -> tuple[Measured, float]:
    found, e = attempts(rng)
    read = e | (rng.random(ATTEMPTS) < ERROR_G)  # |e> is always read as e
    clicked = found > 0
    counts = ClickAndExcitation(ATTEMPTS, int(clicked.sum()), int(read.sum()), int((read & clicked).sum()))
    shots = 5000
    error = rng.binomial(shots, ERROR_G) / shots
    measured = Measured(error, float(np.sqrt(ERROR_G * (1 - ERROR_G) / shots)))
    return cross_correlation(counts, measured), float(
        JOINT[1:, 1].sum() / JOINT[1:].sum() / JOINT[:, 1].sum()
    )


def lit(joint: np.ndarray, darks: tuple[float, float], rng: np.random.Generator) -> tuple[Clicks, Clicks]:
    """With light and without it; uncorrelated clicks in both."""
    c, d = darks
    dark = np.array([(1 - c) * (1 - d), c * (1 - d), (1 - c) * d, c * d])
    table = np.zeros(4)
    for photons, uncorrelated in np.ndindex(4, 4):
        table[photons | uncorrelated] += joint[photons] * dark[uncorrelated]
    return drawn_clicks(ATTEMPTS, table, rng), drawn_clicks(ATTEMPTS // 4, dark, rng)


def draw_coincidences(rng: np.random.Generator) -> tuple[Measured, float]:
    joint = JOINT.sum(axis=1)
    return photon_coincidences(*lit(joint, (0.03, 0.01), rng)), float(joint[3])


def draw_dip(rng: np.random.Generator) -> tuple[Measured, float]:
    far = np.array([0.83, 0.075, 0.065, 0.03])
    near = far + 0.3 * far[3] * np.array([-1, 1, 1, -1])
    found = [photon_coincidences(*lit(joint, (0.02, 0.02), rng)) for joint in (near, far)]
    return hom_visibility(found[0], found[1]), 0.9


KINDS: tuple[Draw, ...] = (
    draw_unheralded, draw_heralded, draw_pulsed, draw_cross, draw_coincidences, draw_dip
)  # fmt: skip


def test_pulls_have_a_variance_of_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    found, too_small = {}, {}
    for draw in KINDS:
        pairs = [draw(rng) for _ in range(DRAWS)]
        squares = sum(((item.value - exact) / item.sigma) ** 2 for item, exact in pairs)
        found[draw.__name__] = 2 * min(chi2.cdf(squares, DRAWS), chi2.sf(squares, DRAWS))
        too_small[draw.__name__] = float(chi2.sf(2 * squares, DRAWS))
    assert holm(found) == {}
    assert max(too_small.values()) < 1e-3  # errors 30 % too small would be noticed


def test_patterns_count_an_attempt_once_and_only_in_the_window() -> None:
    c = (np.array([10, 20, 99, 50]), np.array([0, 0, 1, 3]))
    d = (np.array([30, 100, 5]), np.array([0, 2, 9]))
    assert patterns({1: c, 2: d}, (10, 99), range(4)).tolist() == [3, 0, 0, 1]
    assert patterns({1: c}, (0, 200), range(1, 3)).tolist() == [1, 0]
    assert patterns({}, (0, 200), range(2)).tolist() == [0, 0]


def test_counts_that_say_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="impossible"):
        Clicks(10, 2, 2, 3)
    with pytest.raises(RunFailed, match="no correlation"):
        autocorrelation(Clicks(100, 5, 5, 0))
    with pytest.raises(RunFailed, match="do not hold side peaks"):
        pulsed_autocorrelation(np.zeros(50, np.int64))
    with pytest.raises(RunFailed, match="no coincidences"):
        pulsed_autocorrelation(np.zeros(500, np.int64))
    with pytest.raises(RunFailed, match="no more than the readout error"):
        cross_correlation(ClickAndExcitation(1000, 10, 20, 5), Measured(0.05, 0.01))
    with pytest.raises(RunFailed, match="no attempts"):
        photon_coincidences(Clicks(10, 1, 1, 0), Clicks(0, 0, 0, 0))
    with pytest.raises(RunFailed, match="give no visibility"):
        hom_visibility(Measured(-0.01, 0.1), Measured(0.1, 0.1))
