# SPDX-License-Identifier: Apache-2.0
"""Fisher information against closed forms, and parameters that counts cannot tell apart."""

import math

import numpy as np
import pytest
from scipy import stats

from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.fisher import Experiment, Information, information, shots_for
from heraldlink_physics.model import Arm, Midpoint
from heraldlink_physics.pair_source import pair_source


def binomial(at):
    return np.array([at["p"], 1 - at["p"]])


@pytest.mark.parametrize("p", [0.003, 0.2, 0.5, 0.97])
def test_a_binomial_shot_carries_one_over_p_times_one_minus_p(p):
    found = information([Experiment(binomial, 1000)], {"p": p}, ["p"])
    assert found.alone("p") == pytest.approx(math.sqrt(p * (1 - p) / 1000), rel=1e-6)
    assert found.among_all("p") == pytest.approx(found.alone("p"), rel=1e-9)


def test_a_fringe_tells_amplitude_and_phase_as_the_closed_form_says():
    """Shots spread over a fringe p = (1 + v cos(x + phi))/2: the matrix is a sum over its points."""
    points = np.linspace(0, 2 * np.pi, 12, endpoint=False)

    def cells(x):
        def shot(at):
            p = (1 + at["v"] * np.cos(x + at["phi"])) / 2
            return np.array([p, 1 - p])

        return shot

    at = {"v": 0.8, "phi": 0.3}
    found = information([Experiment(cells(x), 50) for x in points], at, ["v", "phi"])
    cos, sin = np.cos(points + 0.3), np.sin(points + 0.3)
    weight = 50 / (1 - (0.8 * cos) ** 2)
    exact = np.array(
        [
            [np.sum(weight * cos**2), np.sum(-weight * 0.8 * cos * sin)],
            [np.sum(-weight * 0.8 * cos * sin), np.sum(weight * 0.64 * sin**2)],
        ]
    )
    np.testing.assert_allclose(found.matrix, exact, rtol=1e-6, atol=1e-6)
    covariance = np.linalg.inv(exact)
    assert found.among_all("v") == pytest.approx(math.sqrt(covariance[0, 0]), rel=1e-6)


def herald_rate(at):
    arm = Arm(at["n_bar"], at["efficiency"])
    p = pair_source(arm, arm, Midpoint()).probability
    return np.array([p, 1 - p])


def test_brightness_and_efficiency_are_degenerate_in_the_rate_alone():
    found = information(
        [Experiment(herald_rate, 1e6)], {"n_bar": 1e-3, "efficiency": 0.05}, ["n_bar", "efficiency"]
    )
    assert math.isfinite(found.alone("n_bar"))
    assert found.among_all("n_bar") == math.inf
    (direction,) = found.empty_directions()
    assert direction["n_bar"] / 1e-3 == pytest.approx(-direction["efficiency"] / 0.05, rel=1e-2)


def test_a_second_experiment_tells_them_apart():
    def pairs(at):
        p = at["n_bar"] / (1 + at["n_bar"])
        return np.array([p, 1 - p])

    at, names = {"n_bar": 1e-3, "efficiency": 0.05}, ["n_bar", "efficiency"]
    rate = information([Experiment(herald_rate, 1e6)], at, names)
    both = rate.plus(information([Experiment(pairs, 1e6)], at, names))
    assert both.empty_directions() == []
    assert math.isfinite(both.among_all("efficiency"))


def test_estimates_scatter_as_the_information_says():
    """Maximum-likelihood estimates of p from 400 experiments: chi-squared of their pulls."""
    p, shots = 0.3, 5000
    sigma = information([Experiment(binomial, shots)], {"p": p}, ["p"]).alone("p")
    counts = np.random.default_rng(5).binomial(shots, p, 400)
    assert 1e-3 < stats.chi2(400).cdf(np.sum(((counts / shots - p) / sigma) ** 2)) < 1 - 1e-3


def test_what_no_count_depends_on_is_a_direction_for_itself():
    found = information([Experiment(binomial, 10)], {"p": 0.5, "idle": 1.0}, ["p", "idle"])
    assert found.alone("idle") == math.inf
    assert found.empty_directions() == [{"idle": 1.0}]
    assert found.among_all("p") == pytest.approx(math.sqrt(0.25 / 10), rel=1e-6)


def test_shots_for_a_shift():
    assert shots_for(2.0, 0.1) == pytest.approx(10_000)
    assert shots_for(math.inf, 0.1) == math.inf
    assert shots_for(1.0, 0.0) == math.inf


def test_nonsense_is_refused():
    with pytest.raises(PhysicsError, match="no parameter 'q': known are p"):
        information([Experiment(binomial, 10)], {"p": 0.5}, ["q"])
    with pytest.raises(PhysicsError, match="sum to 1"):
        information([Experiment(lambda at: np.array([0.5, 0.6]), 10)], {"p": 0.5}, ["p"])
    with pytest.raises(PhysicsError, match="cannot be added"):
        Information(("p",), np.eye(1)).plus(Information(("q",), np.eye(1)))
    with pytest.raises(PhysicsError, match="shots = -1 is impossible"):
        Experiment(binomial, -1)
