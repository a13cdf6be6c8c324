# SPDX-License-Identifier: Apache-2.0
"""Attempts of filtered syncs, recorded only where a detector clicked, come out as they were played."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.errors import DataError
from heraldlink.heralding import HeraldStream, ReconstructedSyncs, two_gates
from heraldlink.heralding.period import find_period
from heraldlink.heralding.sync_line import GROUP
from heraldlink.tags.block import END_PS, Block, Gap

SYNC, C, D = 0, 1, 2
BINS = 4


class Played:
    """Attempts with clicks in four time bins; a sync is recorded before or after each click."""

    def __init__(self, period: float, attempts: np.ndarray, seed: int, jitter: float, after: bool) -> None:
        rng = np.random.default_rng(seed)
        self.attempt = np.repeat(attempts, rng.integers(1, 3, attempts.size))
        self.bin = rng.integers(0, BINS, self.attempt.size)
        self.channel = rng.choice([C, D], self.attempt.size).astype(np.int16)
        inside = (self.bin + rng.uniform(0.3, 0.7, self.attempt.size)) * period / BINS
        click = np.rint(self.attempt * period + inside).astype(np.int64)
        number = np.unique(self.attempt) + int(after)
        sync = np.rint(number * period + rng.normal(0, jitter, number.size)).astype(np.int64)
        time = np.concatenate((sync, click))
        channel = np.concatenate((np.full(sync.size, SYNC, np.int16), self.channel))
        order = np.argsort(time, kind="stable")
        self.time, self.tag_channel = time[order], channel[order]
        self.first = int(number[0])

    def blocks(self, size: int, gaps: tuple[Gap, ...] = ()) -> list[Block]:
        return cut(self.time, self.tag_channel, size, gaps)


def cut(time: np.ndarray, channel: np.ndarray, size: int, gaps: tuple[Gap, ...] = ()) -> list[Block]:
    blocks, last = [], -END_PS
    for start in range(0, time.size, size):
        until = END_PS if start + size >= time.size else int(time[start + size - 1])
        here = tuple(gap for gap in gaps if last < gap.end_ps <= until)
        last = until
        blocks.append(Block(time[start : start + size], channel[start : start + size], until, here))
    return blocks


def assign(strategy: ReconstructedSyncs, blocks: list[Block]):
    assigner = strategy.assigner()
    parts = [assigner.push(block) for block in blocks] + [assigner.finish()]
    attempt = np.concatenate([part.attempt for part in parts])
    after = np.concatenate([part.after_ps for part in parts])
    times = np.concatenate([part.time_ps for part in parts])
    return attempt, after, times, assigner.report


def sparse(mean: float, count: int, seed: int) -> np.ndarray:
    return np.cumsum(np.random.default_rng(seed).geometric(1 / mean, count)) - 1


@pytest.mark.parametrize("nominal", [True, False])
@pytest.mark.parametrize(("period", "mean"), [(12_495.3, 3.0), (12_500.0, 900.0), (1_000_000.0, 20.0)])
@pytest.mark.parametrize("after", [False, True])
def test_attempts_come_out_as_played(period: float, mean: float, nominal: bool, after: bool) -> None:
    played = Played(period, sparse(mean, 9_000, 3), 4, 30.0, after)
    strategy = ReconstructedSyncs(SYNC, period * 1.0008 if nominal else None)
    attempt, after_ps, _, report = assign(strategy, played.blocks(4096))
    assert (attempt + played.first == np.sort(played.attempt)).all()
    assert (np.bincount(after_ps * BINS // int(period)) == np.bincount(played.bin)).all()
    (fit,) = report.fits
    assert fit.period_ps == pytest.approx(period, rel=1e-6)
    assert 20 < fit.residual_rms_ps < 40
    assert (fit.syncs, fit.uncertain, fit.alone) == (np.unique(played.attempt).size, 0, 0)


@given(
    seed=st.integers(0, 1000),
    mean=st.sampled_from([1.5, 40.0]),
    size=st.sampled_from([1, 7, 4096]),
    after=st.booleans(),
    holes=st.lists(st.floats(0.1, 0.9), max_size=4),
)
@settings(max_examples=25, deadline=None)
def test_any_blocks_give_the_same(seed: int, mean: float, size: int, after: bool, holes: list) -> None:
    played = Played(10_000.0, sparse(mean, 300, seed), seed, 100.0, after)
    ends = sorted(int(hole * played.time[-1]) for hole in holes)
    gaps = tuple(Gap(a, b, "overflow") for a, b in zip(ends[::2], ends[1::2], strict=False) if b > a)
    blocks = [
        Block(block.time_ps, block.channel, min([block.until_ps, *inside(gaps, block.until_ps)]))
        for block in played.blocks(size)
    ]
    given_gaps: list[Block] = []
    last = -END_PS
    for block in blocks:
        here = tuple(gap for gap in gaps if last < gap.end_ps <= block.until_ps)
        last = max(last, block.until_ps)
        given_gaps.append(Block(block.time_ps, block.channel, block.until_ps, here))
    strategy = ReconstructedSyncs(SYNC, 10_000.0)
    whole = Block(played.time, played.tag_channel, END_PS, gaps)
    found, expected = assign(strategy, given_gaps), assign(strategy, [whole])
    for ours, theirs in zip(found[:3], expected[:3], strict=True):
        assert ours.tolist() == theirs.tolist()
    assert found[3] == expected[3]
    kept = np.concatenate(([0], np.flatnonzero(np.diff(expected[0]) > 0)))
    assert (np.diff(expected[0]) >= 0).all()
    assert kept.size


def inside(gaps: tuple[Gap, ...], until: int) -> list[int]:
    return [gap.begin_ps for gap in gaps if gap.begin_ps < until < gap.end_ps]


@given(data=st.data(), size=st.sampled_from([1, 7, 4096]))
@settings(max_examples=50, deadline=None)
def test_every_rule_against_brute_force(data: st.DataObject, size: int) -> None:
    """Exact syncs of period 100, any of them recorded, clicks anywhere."""
    syncs = sorted(data.draw(st.sets(st.integers(0, 60), min_size=30)))
    clicks = sorted(data.draw(st.lists(st.integers(100 * syncs[0] - 250, 6500), max_size=60)))
    time = np.array([100 * number for number in syncs] + clicks, dtype=np.int64)
    channel = np.repeat(np.array([SYNC, C], dtype=np.int16), [len(syncs), len(clicks)])
    order = np.argsort(time, kind="stable")
    found = assign(ReconstructedSyncs(SYNC, 100.0), cut(time[order], channel[order], size))
    assert found[0].tolist() == [click // 100 - syncs[0] for click in clicks]
    assert found[1].tolist() == [click % 100 for click in clicks]
    numbers = [*(click // 100 for click in clicks), *syncs]
    assert found[3].attempts == max(numbers) - min(numbers) + 1
    near = {*syncs, *(sync - 1 for sync in syncs)}
    assert found[3].fits[0].alone == sum(1 for click in clicks if click // 100 not in near)


def test_a_drifting_period_is_followed() -> None:
    """Over the recording the period grows by 2e-6: alone, a single line would be a hundred periods off."""
    numbers = sparse(400.0, 20 * GROUP, 5)
    scale = 1 + 1e-6 * numbers / numbers[-1]
    sync = np.rint(numbers * 12_500.0 * scale).astype(np.int64)
    click = sync + 4_000
    time = np.stack((sync, click), axis=1).ravel()
    channel = np.tile(np.array([SYNC, C], dtype=np.int16), sync.size)
    attempt, after, _, report = assign(ReconstructedSyncs(SYNC), cut(time, channel, 1 << 15))
    assert (attempt == numbers - numbers[0]).all()
    assert (after == 4_000).all()
    assert report.fits[0].uncertain == 0
    assert report.fits[0].residual_max_ps < 1_000


def test_a_gap_begins_a_new_fit_and_numbers_go_on() -> None:
    numbers = np.arange(0, 4000, 3)
    sync = numbers * 10_000
    jump = sync > 20_000_000
    sync = sync + np.where(jump, 6_543, 0)  # the clock was lost in the gap
    time = np.sort(np.concatenate((sync, sync + 3_000)))
    channel = np.tile(np.array([SYNC, C], dtype=np.int16), sync.size)
    gap = Gap(19_995_000, 20_002_000, "overflow")
    attempt, after, times, report = assign(
        ReconstructedSyncs(SYNC, 10_000.0), [Block(time, channel, END_PS, (gap,))]
    )
    assert (after == 3_000).all()
    assert (np.diff(attempt) > 0).all()
    first, second = report.fits
    assert (first.period_ps, second.period_ps) == pytest.approx((10_000, 10_000), rel=1e-9)
    assert second.first_attempt == first.first_attempt + first.attempts
    assert not ((times > gap.begin_ps) & (times < gap.end_ps)).any()


def test_few_syncs_after_a_gap_keep_the_period() -> None:
    """Two syncs with 2 % of jitter would give a wrong period; clicks far from them would go astray."""
    sync = np.concatenate((np.arange(0, 4_000_000, 10_000), [5_000_000, 5_009_800]))
    click = np.concatenate((sync, [5_400_000])) + 3_000
    time = np.concatenate((sync, click))
    channel = np.repeat(np.array([SYNC, C], dtype=np.int16), [sync.size, click.size])
    order = np.argsort(time, kind="stable")
    block = Block(time[order], channel[order], END_PS, (Gap(3_995_000, 4_999_000, "overflow"),))
    attempt, after, _, report = assign(ReconstructedSyncs(SYNC), [block])
    assert (attempt[-1] - attempt[-3], after[-1]) == (40, 3_200)
    assert [fit.period_ps for fit in report.fits] == pytest.approx([10_000, 10_000], rel=1e-9)
    assert report.fits[1].alone == 1


def test_heralds_of_filtered_syncs() -> None:
    played = Played(20_000.0, sparse(30.0, 3_000, 8), 8, 15.0, True)
    stream = HeraldStream(two_gates(C, D, (0, 5_000), (10_000, 15_000)), ReconstructedSyncs(SYNC))
    for block in played.blocks(1000):
        stream.push(block)
    result = stream.finish()
    clicks: dict[int, set] = {}
    for attempt, place, channel in zip(played.attempt, played.bin, played.channel, strict=True):
        clicks.setdefault(int(attempt), set()).add((int(channel), int(place)))
    expected = []
    for attempt, seen in sorted(clicks.items()):
        gated = {(channel, place) for channel, place in seen if place in (0, 2)}
        if {place for _, place in gated} == {0, 2} and len(gated) == 2:
            same = len({channel for channel, _ in gated}) == 1
            expected.append((attempt - played.first, 1 if same else 2))
    found = zip(result.heralds.attempt.tolist(), result.heralds.outcome.tolist(), strict=True)
    assert list(found) == expected
    assert len(expected) > 100


@pytest.mark.parametrize("nominal", [None, 12_510.0])
@pytest.mark.parametrize("again_ps", [60, 1_900, 6_400])
def test_syncs_recorded_twice_do_not_hide_the_period(again_ps: int, nominal: float | None) -> None:
    sync = sparse(15.0, 4_000, 2) * 12_500
    twice = np.sort(np.concatenate((sync, sync[::211] + again_ps)))
    assert find_period(twice, nominal) == pytest.approx(12_500, rel=1e-4)


def test_noise_has_no_period() -> None:
    noise = np.sort(np.random.default_rng(1).integers(0, 10**10, 5000))
    with pytest.raises(DataError, match="no period fits the 4096 syncs"):
        find_period(noise[:4096], None)
    with pytest.raises(DataError, match="no period within 1 % of 12500"):
        find_period(noise[:4096], 12_500.0)
    with pytest.raises(DataError, match="5 syncs are too few"):
        find_period(np.arange(0, 50, 10), None)
