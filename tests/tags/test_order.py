# SPDX-License-Identifier: Apache-2.0
"""Tags that step back come out in order, whatever the chunks; larger steps are refused, naming the tag."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heraldlink.errors import DataError
from heraldlink.tags.block import END_PS, Block, Gap
from heraldlink.tags.order import Reorder

TOLERANCE = 20


def push_all(reorder: Reorder, tags: list[tuple[int, int]], size: int) -> list[Block]:
    time = np.array([t for t, _ in tags], dtype=np.int64)
    channel = np.array([c for _, c in tags], dtype=np.int16)
    blocks = [
        reorder.push(time[start : start + size], channel[start : start + size])
        for start in range(0, len(tags), size)
    ]
    return [*blocks, reorder.finish()]


def pairs(blocks: list[Block]) -> list[tuple[int, int]]:
    return [
        pair for block in blocks for pair in zip(block.time_ps.tolist(), block.channel.tolist(), strict=True)
    ]


@given(
    steps=st.lists(st.tuples(st.integers(0, 8), st.integers(0, TOLERANCE), st.integers(-3, 3)), max_size=60),
    size=st.sampled_from([1, 7, 4096]),
)
def test_small_steps_are_repaired_and_counted(steps: list[tuple[int, int, int]], size: int) -> None:
    forward = np.cumsum([step for step, _, _ in steps], dtype=np.int64).tolist()
    tags = [(int(time) - back, channel) for time, (_, back, channel) in zip(forward, steps, strict=True)]
    reorder = Reorder(TOLERANCE)
    blocks = push_all(reorder, tags, size)
    assert pairs(blocks) == sorted(tags, key=lambda tag: tag[0])
    latest = [max(time for time, _ in tags[: place + 1]) for place in range(len(tags))]
    behind = [late - time for late, (time, _) in zip(latest, tags, strict=True)]
    assert reorder.repaired == sum(1 for step in behind if step)
    assert reorder.largest_step_ps == max(behind, default=0)
    for block, later in itertools.pairwise(blocks):
        assert later.time_ps.size == 0 or later.time_ps[0] >= block.until_ps
        assert block.time_ps.size == 0 or block.time_ps[-1] < block.until_ps
    assert blocks[-1].until_ps == END_PS


def test_a_large_step_names_the_tag_and_keeps_what_came_before() -> None:
    reorder = Reorder(TOLERANCE)
    time = np.array([100, 90, 130, 109, 140], dtype=np.int64)
    with pytest.raises(DataError, match="tag 3 at 109 ps lies 21 ps before an earlier tag"):
        reorder.push(time, np.zeros(5, dtype=np.int16))
    assert reorder.finish().time_ps.tolist() == [90, 100, 130]


def test_a_gap_comes_with_the_block_that_ends_behind_it() -> None:
    reorder = Reorder(TOLERANCE)
    gap = Gap(1000, 1500, "overflow")
    first = reorder.push(np.array([990, 1510], dtype=np.int64), np.zeros(2, dtype=np.int16), [gap])
    assert (first.until_ps, first.gaps) == (1000, ())
    second = reorder.push(np.array([1600], dtype=np.int64), np.zeros(1, dtype=np.int16))
    assert (second.until_ps, second.gaps, second.time_ps.tolist()) == (1580, (gap,), [1510])
