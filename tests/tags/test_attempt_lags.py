# SPDX-License-Identifier: Apache-2.0
"""Attempts by lag and arrival histograms of tags after reference events, against the tags one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tag_streams import SIZES, IndexedStream, Stream, indexed_streams

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.arrivals import Arrivals
from heraldlink.tags.attempt_lags import AttemptLags, LagCounts
from heraldlink.tags.passes import run


@given(
    stream=indexed_streams(),
    size=SIZES,
    start=st.integers(-6, 3),
    number=st.integers(1, 6),
    gate=st.integers(0, 20),
)
def test_common_attempts(stream: IndexedStream, size: int, start: int, number: int, gate: int) -> None:
    lags = range(start, start + number)[:: (1, -1, 2)[number % 3]]
    (found,) = run(stream, [AttemptLags(0, 1, lags, (gate, gate + 8))], size)
    first, second = (
        {index for index, after, c in stream.tags if c == channel and gate <= after < gate + 8}
        for channel in (0, 1)
    )
    assert found.clicks == (len(first), len(second))
    for lag, both in zip(found.lag.tolist(), found.both.tolist(), strict=True):
        assert both == sum(k + lag in second and not stream.separated(k, k + lag) for k in first)


@given(
    stream=indexed_streams(),
    size=SIZES,
    begin=st.integers(-3, 9),
    bins=st.integers(1, 6),
    width=st.integers(1, 4),
)
def test_arrivals(stream: IndexedStream, size: int, begin: int, bins: int, width: int) -> None:
    (found,) = run(stream, [Arrivals([2, 0], begin, begin + bins * width, width)], size)
    for row, channel in enumerate((2, 0)):
        after = [t for _, t, c in stream.tags if c == channel]
        expected = [sum(begin + k * width <= t < begin + (k + 1) * width for t in after) for k in range(bins)]
        assert found.clicks[row].tolist() == expected
        assert found.outside[row] == len(after) - sum(expected)


def test_g2_of_attempts() -> None:
    found = LagCounts(np.arange(-2, 3), np.array([100, 90, 10, 110, 100]), (5000, 6000)).g2()
    assert found.value == pytest.approx(0.1)
    assert found.sigma == pytest.approx(np.sqrt(10 + 100 / 400) / 100)
    with pytest.raises(DataError, match="no coincidences"):
        LagCounts(np.arange(2), np.array([1, 0]), (1, 1)).g2()
    with pytest.raises(RequestError, match="needs lag 0"):
        LagCounts(np.arange(1), np.array([1]), (1, 1)).g2()


def test_requests_that_make_no_sense() -> None:
    with pytest.raises(RequestError, match="holds no lags"):
        AttemptLags(0, 1, range(0))
    with pytest.raises(RequestError, match="leave out lag 0"):
        AttemptLags(1, 1, range(2))
    with pytest.raises(RequestError, match="assign attempts first"):
        run(Stream([(0, 0)]), [AttemptLags(0, 1, range(2))])
