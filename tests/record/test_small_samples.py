# SPDX-License-Identifier: Apache-2.0
"""A handful of pairs that happen to agree is no discovery."""

import pytest

from heraldlink.record.results import Compared, Rate
from heraldlink_physics.analysis import Estimate


def test_equal_outcomes_are_compared_in_the_prediction_s_own_spread() -> None:
    six_equal = Compared(6, Estimate(1.0, 0.0), Estimate(1.12, 0.02), predicted=0.8, predicted_sigma=0.245)
    assert six_equal.standard_deviations == pytest.approx(0.32 / 0.245)


def test_many_pairs_are_compared_in_their_standard_error() -> None:
    many = Compared(10**4, Estimate(0.70, 0.007), Estimate(0.79, 0.009), predicted=0.8, predicted_sigma=0.006)
    assert many.standard_deviations == pytest.approx(-0.01 / 0.009)


def test_no_herald_leaves_the_rate_uncertain_by_one() -> None:
    none = Rate(0, 1000, 1.0, predicted=1e-4).measured
    assert (none.value, none.sigma) == (0, pytest.approx(1e-3))
    some = Rate(250, 1000, 1.0, predicted=0.25).measured
    assert some.sigma == pytest.approx((0.25 * 0.75 / 1000) ** 0.5)
