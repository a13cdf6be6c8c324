# SPDX-License-Identifier: Apache-2.0
"""Pair kernels against every pair one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heraldlink.errors import RequestError
from heraldlink.tags import engine_numpy
from heraldlink.tags.attempt_lags import common_attempts

times = st.lists(st.integers(0, 300), max_size=60).map(lambda item: np.array(sorted(item), dtype=np.int64))


@given(a=times, b=times, begin=st.integers(-50, 20), bins=st.integers(1, 9), width=st.integers(1, 9))
def test_all_pairs_in_half_open_bins(a: np.ndarray, b: np.ndarray, begin: int, bins: int, width: int) -> None:
    end = begin + bins * width
    every = [y - x for x in a for y in b if begin <= y - x < end]
    assert engine_numpy.count_pairs(a, b, begin, end) == len(every)
    expected = [sum(begin + k * width <= d < begin + (k + 1) * width for d in every) for k in range(bins)]
    assert engine_numpy.histogram(a, b, begin, end, width).tolist() == expected


@given(a=times, b=times, at_once=st.integers(1, 7))
def test_blocks_of_any_size_give_the_same_pairs(a: np.ndarray, b: np.ndarray, at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_numpy, "PAIRS_AT_ONCE", at_once)
        found = sorted(int(d) for block in engine_numpy.differences(a, b, -40, 40) for d in block)
    assert found == sorted(int(y - x) for x in a for y in b if -40 <= y - x < 40)


@given(a=times, b=times, lag=st.integers(-5, 5))
def test_common_attempts_count_once(a: np.ndarray, b: np.ndarray, lag: int) -> None:
    assert common_attempts(a, b, lag) == len({x + lag for x in a.tolist()} & set(b.tolist()))


def test_bins_must_fill_the_window() -> None:
    with pytest.raises(RequestError, match="whole bins"):
        engine_numpy.histogram(np.empty(0, np.int64), np.empty(0, np.int64), 0, 100, 33)
