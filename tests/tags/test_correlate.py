# SPDX-License-Identifier: Apache-2.0
"""Pair kernels against every pair one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heraldlink.errors import RequestError
from heraldlink.tags import correlate
from heraldlink.tags.pulsed import find_dip

times = st.lists(st.integers(0, 300), max_size=60).map(lambda item: np.array(sorted(item), dtype=np.int64))


@given(a=times, b=times, begin=st.integers(-50, 20), bins=st.integers(1, 9), width=st.integers(1, 9))
def test_all_pairs_in_half_open_bins(a: np.ndarray, b: np.ndarray, begin: int, bins: int, width: int) -> None:
    end = begin + bins * width
    every = [y - x for x in a for y in b if begin <= y - x < end]
    assert correlate.count_pairs(a, b, begin, end) == len(every)
    expected = [sum(begin + k * width <= d < begin + (k + 1) * width for d in every) for k in range(bins)]
    assert correlate.histogram(a, b, begin, end, width).tolist() == expected


@given(a=times, b=times, at_once=st.integers(1, 7))
def test_blocks_of_any_size_give_the_same_pairs(a: np.ndarray, b: np.ndarray, at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(correlate, "PAIRS_AT_ONCE", at_once)
        found = sorted(int(d) for block in correlate.differences(a, b, -40, 40) for d in block)
    assert found == sorted(int(y - x) for x in a for y in b if -40 <= y - x < 40)


@given(a=times, b=times, within=st.integers(0, 30))
def test_coincidences_include_their_width(a: np.ndarray, b: np.ndarray, within: int) -> None:
    assert correlate.coincidences(a, b, within) == sum(abs(y - x) <= within for x in a for y in b)


@given(a=times, b=times, lag=st.integers(-5, 5))
def test_common_attempts_count_once(a: np.ndarray, b: np.ndarray, lag: int) -> None:
    assert correlate.common_attempts(a, b, lag) == len({x + lag for x in a.tolist()} & set(b.tolist()))


def test_bins_must_fill_the_window() -> None:
    with pytest.raises(RequestError, match="whole bins"):
        correlate.histogram(np.empty(0, np.int64), np.empty(0, np.int64), 0, 100, 33)


@pytest.mark.parametrize("period", [2500, 3125, 12_500])
def test_the_missing_peak_is_found(period: int) -> None:
    rng = np.random.default_rng(period)
    missing = 2 * period + 700
    peaks = np.arange(-60_000 // period, 60_000 // period) * period + 700
    d = np.concatenate([rng.normal(peak, 120, 300) for peak in peaks if peak != missing]).astype(np.int64)
    found = find_dip(d[(d >= -50_000) & (d < 50_000)], -50_000, 50_000)
    assert found is not None
    assert found.period_ps == pytest.approx(period, rel=2e-3)
    assert found.position_ps == pytest.approx(missing, abs=100)
    assert found.pairs == 0
    assert found.side_pairs == pytest.approx(300, rel=0.05)


def test_light_without_pulses_has_no_dip() -> None:
    flat = np.random.default_rng(1).integers(-50_000, 50_000, 20_000)
    assert find_dip(flat, -50_000, 50_000) is None
