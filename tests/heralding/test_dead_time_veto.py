# SPDX-License-Identifier: Apache-2.0
"""The veto by dead time for any blocks of tags after reference events, and the clicks that it remembers."""

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from heraldlink.heralding import CountedSyncs, HeraldStream, PatternTable, ReferenceIndex
from heraldlink.heralding.patterns import Detector, single_click
from heraldlink.tags.block import END_PS, Block, Gap, IndexedBlock

PERIOD_PS, GATE_PS, DEAD_PS = 100, (10, 60), 150
PLAIN = single_click(1, 2, GATE_PS)
TABLE = PatternTable((Detector("c", 1, DEAD_PS), Detector("d", 2)), PLAIN.gates, PLAIN.rules)


def indexed(tags: list[tuple[int, int, int]], until: int, gaps: tuple[Gap, ...] = ()) -> IndexedBlock:
    index, after_ps, channel = np.array(tags, dtype=np.int64).reshape(-1, 3).T
    return IndexedBlock(after_ps.copy(), index.copy(), channel.astype(np.int16), until, gaps)


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_clicks_later_than_a_period_veto_in_any_blocks(size: int) -> None:
    drawn = np.random.default_rng(1)
    columns = drawn.integers(0, 150, 400), drawn.integers(0, 450, 400), drawn.integers(1, 3, 400)
    tags = sorted(zip(*(column.tolist() for column in columns), strict=True))
    heralds, vetoed = [], 0
    stream = HeraldStream(TABLE, ReferenceIndex(PERIOD_PS))
    for start in range(0, len(tags), size):
        more = tags[start + size :]
        stream.push(indexed(tags[start : start + size], more[0][0] if more else END_PS))
    times = [index * PERIOD_PS + after for index, after, channel in tags if channel == 1]
    for attempt in sorted({index for index, _, _ in tags}):
        seen = {c for index, after, c in tags if index == attempt and GATE_PS[0] <= after < GATE_PS[1]}
        ready_ps = attempt * PERIOD_PS + GATE_PS[0]
        dead = any(ready_ps - DEAD_PS < time_ps < ready_ps for time_ps in times)
        vetoed += bool(seen) and dead
        heralds += [attempt] if len(seen) == 1 and not dead else []
    found = stream.finish()
    assert (found.heralds.attempt.tolist(), found.vetoed) == (heralds, vetoed)


def test_a_gap_in_reference_events_leaves_detectors_unknown() -> None:
    stream = HeraldStream(TABLE, ReferenceIndex(PERIOD_PS))
    gap = Gap(3, 5, "overflow")
    stream.push(indexed([(0, 20, 1), (5, 20, 1), (9, 20, 1)], END_PS, (gap,)))
    found = stream.finish()
    assert (found.heralds.attempt.tolist(), found.vetoed) == ([0, 9], 1)


def clicked(number: int, period_ps: int) -> tuple[np.ndarray, np.ndarray]:
    """A thousand numbers or times from those before on, and channels."""
    n = 1000
    return np.arange(number * n, (number + 1) * n, dtype=np.int64) * period_ps, np.ones(n, np.int16)


def records(number: int) -> IndexedBlock:
    index, channel = clicked(number, 1)
    return IndexedBlock(np.full(index.size, 20), index, channel, int(index[-1]) + 1)


def without_syncs(number: int) -> Block:
    time_ps, channel = clicked(number, PERIOD_PS)
    return Block(time_ps, channel, int(time_ps[-1]))


@pytest.mark.parametrize(
    ("attempts", "block", "hardware"),
    [
        (ReferenceIndex(PERIOD_PS), records, None),
        (CountedSyncs(0), without_syncs, None),
        (CountedSyncs(0), without_syncs, 9),
    ],
)
def test_no_more_clicks_are_remembered_than_an_attempt_may_ask_for(
    attempts: ReferenceIndex | CountedSyncs,
    block: Callable[[int], Block | IndexedBlock],
    hardware: int | None,
) -> None:
    stream = HeraldStream(TABLE, attempts, hardware=hardware, keep=False)
    for number in range(10):
        stream.push(block(number))
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(10, 60):
        stream.push(block(number))
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 100_000
