# SPDX-License-Identifier: Apache-2.0
"""Arrivals and lags of streams with recorded syncs, against counting syncs one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from heraldlink.heralding.attempts import CountedSyncs, ReferenceIndex
from heraldlink.heralding.by_attempt import ByAttempt
from heraldlink.tags.arrivals import Arrivals
from heraldlink.tags.attempt_lags import AttemptLags
from heraldlink.tags.block import END_PS, Block, Gap, IndexedBlock

SYNC = 9
tags = st.lists(st.tuples(st.integers(0, 300), st.sampled_from([0, 1, SYNC, SYNC])), max_size=60)
holes = st.none() | st.tuples(st.integers(0, 250), st.integers(1, 50)).map(lambda item: (item[0], sum(item)))


def clicks_of(found: list[tuple[int, int]], hole: tuple[int, int] | None) -> list[tuple[int, int, int, bool]]:
    """(attempt, after, channel, behind the gap) of clicks in attempts that no gap reaches into."""
    syncs = [t for t, c in found if c == SYNC]
    clicks = []
    for time, channel in found:
        mine = [number for number, sync in enumerate(syncs) if sync <= time]
        if channel == SYNC or not mine:
            continue
        begin, end = syncs[mine[-1]], [*syncs, END_PS][mine[-1] + 1]
        if hole is None or not (begin < hole[1] and end > hole[0]):
            clicks.append((mine[-1], time - begin, channel, hole is not None and begin >= hole[1]))
    return clicks


@given(raw=tags, hole=holes, size=st.sampled_from([1, 2, 7, 4096]))
def test_lags_and_arrivals_from_sync_to_sync(
    raw: list[tuple[int, int]], hole: tuple[int, int] | None, size: int
) -> None:
    found = sorted(tag for tag in raw if hole is None or not hole[0] <= tag[0] < hole[1])
    lags = ByAttempt(CountedSyncs(SYNC), AttemptLags(0, 1, range(-2, 3)))
    arrivals = ByAttempt(CountedSyncs(SYNC), Arrivals([0, 1], 0, 40, 5))
    told = hole is None
    for start in range(0, max(1, len(found)), size):
        time, channel = np.array(found[start : start + size], dtype=np.int64).reshape(-1, 2).T
        until, gaps = int(time[-1]) if start + size < len(found) else END_PS, ()
        if hole is not None and not told and hole[1] <= until:
            gaps, told = (Gap(*hole, "overflow"),), True
        for analysis in (lags, arrivals):
            analysis.push(Block(time, channel.astype(np.int16), until, gaps))
    clicks = clicks_of(found, hole)
    by_channel = [{(k, behind) for k, _, c, behind in clicks if c == channel} for channel in (0, 1)]
    both = lags.finish()
    for lag, count in zip(both.lag.tolist(), both.both.tolist(), strict=True):
        assert count == sum((k + lag, behind) in by_channel[1] for k, behind in by_channel[0])
    table = arrivals.finish()
    for channel in (0, 1):
        after = [a for _, a, c, _ in clicks if c == channel and a < 40]
        assert table.clicks[channel].tolist() == np.bincount(np.array(after, int) // 5, minlength=8).tolist()


def test_indexed_tags_keep_their_gaps() -> None:
    lags = ByAttempt(ReferenceIndex(first_index=5), AttemptLags(0, 1, range(1, 3)))
    index, channel = np.array([4, 5, 6, 7, 8]), np.array([0, 0, 1, 0, 1], np.int16)
    lags.push(IndexedBlock(index * 0, index, channel, 8))
    lags.push(IndexedBlock(index[:0], index[:0], channel[:0], 20, (Gap(9, 19, "overflow"),)))
    lags.push(IndexedBlock(index[:1] * 0, np.array([20]), np.array([1], np.int16), END_PS))
    found = lags.finish()
    assert found.both.tolist() == [2, 0]
    assert found.clicks == (2, 3)
    assert lags.report.cut == 10
