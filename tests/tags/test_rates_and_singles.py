# SPDX-License-Identifier: Apache-2.0
"""Clicks, smallest gaps and rates of streams in blocks, against the tags one by one."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tag_streams import SIZES, Stream, indexed_streams, streams

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.click_times import ClickTimes
from heraldlink.tags.live_time import LiveTime
from heraldlink.tags.passes import run
from heraldlink.tags.rates import Rates
from heraldlink.tags.singles import Singles


def live(stream: Stream, t: int) -> bool:
    return stream.tags[0][0] <= t < stream.tags[-1][0] and not any(b <= t < e for b, e in stream.gaps)


@given(stream=streams(), size=SIZES)
def test_singles(stream: Stream, size: int) -> None:
    (found,) = run(stream, [Singles()], size)
    for channel in range(3):
        times = [t for t, c in stream.tags if c == channel]
        steps = [b - a for a, b in itertools.pairwise(times) if not stream.separated(a, b)]
        assert found.clicks.get(channel, 0) == len(times)
        assert found.smallest_gap_ps.get(channel) == (min(steps) if steps else None)
    assert found.live.total_ps == sum(live(stream, t) for t in range(301) if stream.tags)


@given(stream=indexed_streams(), size=SIZES)
def test_singles_after_reference_events(stream: Stream, size: int) -> None:
    (found,) = run(stream, [Singles()], size)
    assert found.clicks == {c: n for c in range(3) if (n := sum(tag[2] == c for tag in stream.tags))}
    if stream.tags:
        with pytest.raises(RequestError, match="give their period"):
            found.rate(0)


def test_negative_channels_keep_their_number() -> None:
    (found,) = run(Stream([(0, -3), (5, 32_767), (9, -3)]), [Singles()])
    assert found.clicks == {-3: 2, 32_767: 1}
    assert found.smallest_gap_ps == {-3: 9}


@given(stream=streams(), size=SIZES, width=st.integers(1, 120), some=st.booleans())
def test_rates(stream: Stream, size: int, width: int, some: bool) -> None:
    (found,) = run(stream, [Rates(width, (2, 0) if some else None)], size)
    assert found.channels == ((2, 0) if some else tuple(sorted({c for _, c in stream.tags})))
    if not stream.tags:
        assert found.clicks.size == 0
        return
    first, last = (stream.tags[k][0] // width for k in (0, -1))
    assert found.edges_ps.tolist() == [k * width for k in range(first, last + 2)]
    for row, channel in zip(found.clicks.tolist(), found.channels, strict=True):
        assert row == [
            sum(t // width == k and c == channel for t, c in stream.tags) for k in range(first, last + 1)
        ]
    for k, here in enumerate(found.live_ps.tolist()):
        assert here == sum(live(stream, t) for t in range((first + k) * width, (first + k + 1) * width))


@given(stream=streams(), size=SIZES, delay=st.integers(-400, 400))
def test_time_in_which_pairs_can_be(stream: Stream, size: int, delay: int) -> None:
    (found,) = run(stream, [LiveTime()], size)
    pieces = zip(found.begin_ps.tolist(), found.end_ps.tolist(), strict=True)
    expected = sum(max(0, end - begin - abs(delay)) for begin, end in pieces)
    assert found.overlap_ps(np.array([float(delay)])) == pytest.approx([expected])


def test_limits_of_a_recording_are_taken_where_they_are_known() -> None:
    (found,) = run(Stream([(30, 0), (50, 0)], [(35, 40)]), [LiveTime(0, 100)])
    assert (found.begin_ps.tolist(), found.end_ps.tolist()) == ([0, 40], [35, 100])
    with pytest.raises(RequestError, match="ends before it begins"):
        LiveTime(5, 5)


def test_rates_carry_their_poisson_error() -> None:
    rng = np.random.default_rng(3)
    times = np.sort(rng.integers(0, 10**12, 10_000))
    (found,) = run(Stream([(int(t), 0) for t in times]), [Rates(10**10)])
    pulls = (found.rate[0] - 10_000) / found.sigma[0]
    assert abs(pulls.mean()) < 0.4
    assert pulls.std() == pytest.approx(1, abs=0.25)
    (singles,) = run(Stream([(int(t), 0) for t in times]), [Singles()])
    assert singles.rate(0).value == pytest.approx(10_000, rel=1e-3)
    assert singles.rate(0).sigma == pytest.approx(100, rel=1e-3)
    assert singles.rate(7).value == 0


def test_requests_that_make_no_sense() -> None:
    with pytest.raises(RequestError, match="longer than 0"):
        Rates(0)
    with pytest.raises(RequestError, match="ask for longer ones"):
        run(Stream([(0, 0), (10**13, 0)]), [Rates(10**5)])
    with pytest.raises(RequestError, match="more than 1 clicks"):
        run(Stream([(0, 0), (5, 0)]), [ClickTimes(0, most=1)])
    (found,) = run(Stream([(5, 0)]), [Singles()])
    with pytest.raises(DataError, match="no two tags"):
        found.rate(0)


@given(stream=streams(), size=SIZES, begin=st.integers(0, 300), length=st.integers(0, 300))
def test_click_times(stream: Stream, size: int, begin: int, length: int) -> None:
    (found,) = run(stream, [ClickTimes(1, begin, begin + length)], size)
    assert found.tolist() == [t for t, c in stream.tags if c == 1 and begin <= t < begin + length]
