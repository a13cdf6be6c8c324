# SPDX-License-Identifier: Apache-2.0
"""Coincidences and correlations of streams in blocks, against every pair one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tag_streams import SIZES, Stream, indexed_streams, streams

from heraldlink.errors import DataError, RequestError
from heraldlink.heralding.heralded_g2 import HeraldedG2
from heraldlink.tags import engine_numpy
from heraldlink.tags.block import END_PS, Block
from heraldlink.tags.coincidence import Coincidences, MatchedPairs
from heraldlink.tags.correlation import Correlation
from heraldlink.tags.engine import pair_engine
from heraldlink.tags.engine_numpy import PairEngine
from heraldlink.tags.passes import Settled, run

channels = st.integers(0, 1)
engines = st.sampled_from([pair_engine("numpy"), pair_engine("auto")])
times = st.lists(st.integers(0, 300), max_size=60).map(lambda item: np.array(sorted(item), dtype=np.int64))


def every_pair(stream: Stream, first: int, second: int) -> list[int]:
    """Delays of all pairs of different clicks that no gap separates."""
    return [
        s - f
        for i, (f, a) in enumerate(stream.tags)
        for j, (s, b) in enumerate(stream.tags)
        if a == first and b == second and i != j and not stream.separated(f, s)
    ]


@given(
    stream=streams(),
    size=SIZES,
    pair=st.tuples(channels, channels),
    within=st.integers(0, 40),
    engine=engines,
)
def test_coincidences(
    stream: Stream, size: int, pair: tuple[int, int], within: int, engine: PairEngine
) -> None:
    first, second = pair
    (found,) = run(stream, [Coincidences(first, second, within, engine=engine)], size)
    assert found.pairs == sum(abs(d) <= within for d in every_pair(stream, first, second))
    assert found.clicks == tuple(sum(c == want for _, c in stream.tags) for want in (first, second))


@given(
    stream=streams(),
    size=SIZES,
    pair=st.tuples(channels, channels),
    begin=st.integers(-90, 60),
    bins=st.integers(1, 9),
    width=st.integers(1, 9),
    engine=engines,
)
def test_correlation(
    stream: Stream, size: int, pair: tuple[int, int], begin: int, bins: int, width: int, engine: PairEngine
) -> None:
    (found,) = run(stream, [Correlation(*pair, begin, begin + bins * width, width, engine=engine)], size)
    delays = every_pair(stream, *pair)
    assert found.pairs.tolist() == [
        sum(begin + k * width <= d < begin + (k + 1) * width for d in delays) for k in range(bins)
    ]


@given(stream=streams(), size=SIZES, within=st.integers(0, 40), engine=engines)
def test_matched_pairs(stream: Stream, size: int, within: int, engine: PairEngine) -> None:
    analysis = MatchedPairs(0, 1, within, engine=engine)
    settled = Settled()
    blocks = [settled.push(block) for block in stream.blocks(size)]
    found = [pair for block in blocks for pair in np.array(analysis.push(block)).T.tolist()]
    free, expected = list(stream.tags), []
    for time, channel in stream.tags:  # greedy: the earliest click of the other channel that is free
        if channel > 1:
            continue
        other = [t for t in free if t[1] == 1 - channel and t[0] <= time and time - t[0] <= within]
        other = [t for t in other if not stream.separated(t[0], time) and before(stream, t, (time, channel))]
        if other and (time, channel) in free:
            free.remove(other[0])
            free.remove((time, channel))
            expected.append([other[0][0], time][:: 1 if channel else -1])
    assert sorted(found) == sorted(expected)
    assert analysis.finish().pairs == len(expected)


def before(stream: Stream, a: tuple[int, int], b: tuple[int, int]) -> bool:
    return stream.tags.index(a) < stream.tags.index(b)


@given(a=times, b=times, within=st.integers(0, 30))
def test_no_rule_matches_more(a: np.ndarray, b: np.ndarray, within: int) -> None:
    i, j = engine_numpy.match_pairs(a, b, within)
    assert np.all(np.abs(a[i] - b[j]) <= within)
    assert np.all(np.diff(i) > 0)
    assert np.all(np.diff(j) > 0)
    assert i.size == most_pairs(a.tolist(), b.tolist(), within)


def most_pairs(a: list[int], b: list[int], within: int) -> int:
    """Largest matching, by augmenting paths."""
    partner: dict[int, int] = {}

    def augment(i: int, seen: set[int]) -> bool:
        for j in range(len(b)):
            if abs(a[i] - b[j]) <= within and j not in seen:
                seen.add(j)
                if j not in partner or augment(partner[j], seen):
                    partner[j] = i
                    return True
        return False

    return sum(augment(i, set()) for i in range(len(a)))


def test_tags_out_of_order_are_told() -> None:
    stream = Stream([(0, 0), (70, 1), (20, 0)])
    for size in (1, 3):
        with pytest.raises(DataError, match="tag 2: 50 ps earlier than the one before it, at 70"):
            run(stream, [Coincidences(0, 1, 5)], size)


@given(stream=indexed_streams())
def test_tags_after_reference_events_have_no_time_of_their_own(stream: Stream) -> None:
    with pytest.raises(RequestError, match="counted from reference events"):
        run(stream, [Coincidences(0, 1, 5)])


def test_requests_that_make_no_sense() -> None:
    with pytest.raises(RequestError, match="whole bins"):
        Correlation(0, 1, 0, 100, 33)
    with pytest.raises(RequestError, match="wider bins"):
        Correlation(0, 1, 0, 10**12, 1)
    with pytest.raises(RequestError, match="steps of 81"):
        Correlation(0, 1, 0, 100, 50, resolution_ps=81)
    with pytest.raises(RequestError, match="0 or more"):
        Coincidences(0, 1, -1)
    with pytest.raises(RequestError, match="needs two channels"):
        MatchedPairs(1, 1, 5)


@pytest.mark.parametrize(
    "analysis",
    [
        Coincidences(1, 2, 100),
        MatchedPairs(1, 2, 100),
        Correlation(1, 2, -100, 100, 10),
        HeraldedG2(3, 1, 2, (-100, 100)),
    ],
    ids=lambda analysis: type(analysis).__name__,
)
def test_times_that_pairs_would_take_beyond_int64_are_refused(analysis) -> None:
    late = np.array([END_PS - 50, END_PS - 40, END_PS - 30], dtype=np.int64)
    with pytest.raises(DataError, match="latest time there is"):
        analysis.push(Block(late, np.array([3, 1, 2], np.int16), END_PS))
