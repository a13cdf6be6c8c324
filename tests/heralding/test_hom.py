# SPDX-License-Identifier: Apache-2.0
"""Interference of two photons: expected peaks by counting photons, fits and their errors as statistics."""

import numpy as np
import pytest
from scipy import stats

from heraldlink.calibration.measured import Measured
from heraldlink.errors import DataError, RequestError
from heraldlink.heralding.hom import distinguishable_peak, fit_dip, visibility

DELAYS = np.linspace(-60.0, 60.0, 41)


def counts(rng: np.random.Generator, depth: float, exposure: np.ndarray | float = 1.0) -> np.ndarray:
    mean = 400 * (1 - depth * np.exp(-((DELAYS - 7) ** 2) / (2 * 12**2)))
    return rng.poisson(mean * exposure)


def test_visibility_and_its_error() -> None:
    found = visibility(Measured(0.1, 0.01), Measured(0.5, 0.02))
    assert found.value == pytest.approx(0.8)
    assert found.sigma == pytest.approx(np.hypot(0.02, 0.2 * 0.04))
    with pytest.raises(DataError, match="without interference"):
        visibility(Measured(0.1, 0.01), Measured(0.0, 0.02))


@pytest.mark.parametrize(("first", "second", "reflected"), [(1.0, 1.0, 0.5), (0.3, 0.9, 0.4)])
def test_single_photons_that_pass_the_beam_splitter_unaware(
    first: float, second: float, reflected: float
) -> None:
    """Counted over where each photon goes: both through or both reflected give a coincidence."""
    both = first * second * ((1 - reflected) ** 2 + reflected**2)
    c = first * (1 - reflected) + second * reflected
    d = first * reflected + second * (1 - reflected)
    assert distinguishable_peak(first, second, reflected=reflected) == pytest.approx(both / (c * d))
    assert distinguishable_peak(1, 1) == pytest.approx(0.5)


def test_coherent_light_that_shares_no_phase_has_equal_peaks() -> None:
    assert distinguishable_peak(2, 2, 1, 1) == pytest.approx(1)
    assert distinguishable_peak(0.3, 1.9, 1, 1, 0.3) == pytest.approx(1)
    with pytest.raises(RequestError, match="give no peaks"):
        distinguishable_peak(0, 0)


@pytest.mark.parametrize("depth", [0.9, 0.3])
def test_a_scanned_dip_as_a_statistic(depth: float) -> None:
    rng = np.random.default_rng(int(100 * depth))
    found = [fit_dip(DELAYS, counts(rng, depth)) for _ in range(120)]
    for value, truth in (("visibility", depth), ("centre", 7), ("width", 12), ("far", 400)):
        pulls = [(getattr(item, value).value - truth) / getattr(item, value).sigma for item in found]
        assert stats.kstest(pulls, "norm").pvalue > 0.005, value
    p = [stats.chi2.sf(item.chi2, item.freedom) for item in found]
    assert stats.kstest(p, "uniform").pvalue > 0.005


def test_a_peak_is_a_dip_upside_down() -> None:
    found = fit_dip(DELAYS, counts(np.random.default_rng(2), -0.8))
    assert found.visibility.distance(Measured(-0.8, 0)) < 4


def test_exposure_is_divided_out() -> None:
    rng = np.random.default_rng(4)
    exposure = rng.uniform(0.5, 2, DELAYS.size)
    found = fit_dip(DELAYS, counts(rng, 0.7, exposure), exposure)
    assert found.visibility.distance(Measured(0.7, 0)) < 4
    assert found.far.distance(Measured(400, 0)) < 4


def test_what_shows_no_dip_is_told() -> None:
    with pytest.raises(RequestError, match="5 delays"):
        fit_dip(DELAYS[:4], np.ones(4, np.int64))
    with pytest.raises(DataError, match="all delays are the same"):
        fit_dip(np.zeros(9), np.ones(9, np.int64))
