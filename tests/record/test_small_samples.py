# SPDX-License-Identifier: Apache-2.0
"""A handful of pairs that happen to agree is no discovery."""

import pytest

from heraldlink.record.results import Compared
from heraldlink_physics.analysis import Estimate


def test_equal_outcomes_are_compared_in_the_prediction_s_own_spread() -> None:
    six_equal = Compared(6, Estimate(1.0, 0.0), Estimate(1.12, 0.02), predicted=0.8, predicted_sigma=0.245)
    assert six_equal.standard_deviations == pytest.approx(0.32 / 0.245)


def test_many_pairs_are_compared_in_their_standard_error() -> None:
    many = Compared(10**4, Estimate(0.70, 0.007), Estimate(0.79, 0.009), predicted=0.8, predicted_sigma=0.006)
    assert many.standard_deviations == pytest.approx(-0.01 / 0.009)
