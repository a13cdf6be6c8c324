# SPDX-License-Identifier: Apache-2.0
"""Heralded g2: windows after each herald against the tags one by one; its value and error as statistics."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from heraldlink.errors import DataError, RequestError
from heraldlink.heralding.heralded_g2 import HeraldedCounts, HeraldedG2
from heraldlink.tags.block import END_PS, Block, Gap

tags = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 3)), max_size=60).map(sorted)
holes = st.none() | st.tuples(st.integers(0, 250), st.integers(0, 50)).map(lambda item: (item[0], sum(item)))


@given(
    found=tags,
    hole=holes,
    size=st.sampled_from([1, 2, 7, 4096]),
    begin=st.integers(-40, 40),
    width=st.integers(1, 40),
)
def test_heralds_by_their_windows(
    found: list[tuple[int, int]], hole: tuple[int, int] | None, size: int, begin: int, width: int
) -> None:
    found = [tag for tag in found if hole is None or not hole[0] <= tag[0] < hole[1]]
    analysis, told = HeraldedG2(0, 1, 2, (begin, begin + width)), hole is None
    for start in range(0, max(1, len(found)), size):
        time, channel = np.array(found[start : start + size], dtype=np.int64).reshape(-1, 2).T
        until = int(time[-1]) if start + size < len(found) else END_PS
        gaps: tuple[Gap, ...] = ()
        if hole is not None and not told and hole[1] <= until:
            gaps, told = (Gap(*hole, "overflow"),), True
        analysis.push(Block(time, channel.astype(np.int16), until, gaps))
    counts = [0, 0, 0, 0]
    for herald in (t for t, c in found if c == 0):
        low, high = herald + begin, herald + begin + width
        if hole is not None and not (min(low, herald) >= hole[1] or (herald < hole[1] and high <= hole[0])):
            continue
        second, third = (any(c == want and low <= t < high for t, c in found) for want in (1, 2))
        counts = [a + b for a, b in zip(counts, (1, second, third, second and third), strict=True)]
    result = analysis.finish()
    assert [result.heralds, result.second, result.third, result.both] == counts


def test_unrelated_clicks_give_one_within_the_error() -> None:
    rng = np.random.default_rng(11)
    pulls = []
    for _ in range(400):
        n, p, q = 20_000, 0.2, 0.15
        second, third = rng.random(n) < p, rng.random(n) < q
        found = HeraldedCounts(n, int(second.sum()), int(third.sum()), int((second & third).sum())).g2
        pulls.append((found.value - 1) / found.sigma)
    assert stats.kstest(pulls, "norm").pvalue > 0.01


def test_no_triples_are_zero_with_the_error_of_one() -> None:
    found = HeraldedCounts(100_000, 1000, 2000, 0).g2
    assert found.value == 0
    assert found.sigma == pytest.approx(0.05, rel=0.05)


def test_requests_that_make_no_sense() -> None:
    with pytest.raises(RequestError, match="impossible"):
        HeraldedCounts(10, 8, 8, 5)
    with pytest.raises(DataError, match="0 and 5 clicks"):
        HeraldedCounts(10, 0, 5, 0).g2  # noqa: B018
    with pytest.raises(RequestError, match="three channels"):
        HeraldedG2(0, 0, 1, (0, 5))
    with pytest.raises(RequestError, match="begin must lie before end"):
        HeraldedG2(0, 1, 2, (5, 5))
