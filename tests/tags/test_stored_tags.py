# SPDX-License-Identifier: Apache-2.0
"""Stored tags become blocks in order, identical for pieces and blocks of any size."""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.errors import DataError
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock
from heraldlink.tags.formats.stored import IndexedPiece, Piece, StoredIndexed, StoredTimes

INDEXED = Header("test", "indexed", 1.0, reference_period_ps=70_000.0)  # 2 events may be stepped back

Click = tuple[int, int, int]
clicks = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 100), st.integers(0, 3)), max_size=30).map(
    lambda steps: [(3 * at + step, after, channel) for at, (step, after, channel) in enumerate(steps)]
)


def indexed(tags: list[Click], size: int, salvage: bool = False) -> list[IndexedBlock]:
    def pieces(size: int) -> Iterator[IndexedPiece]:
        for begin in range(0, len(tags), size):
            columns = np.array(tags[begin : begin + size], np.int64)
            yield IndexedPiece(columns[:, 1], columns[:, 0], columns[:, 2].astype(np.int16))

    return list(StoredIndexed(INDEXED, pieces, salvage=salvage).blocks(size))


@settings(max_examples=60)
@given(clicks, st.lists(st.integers(0, 29), max_size=6), st.integers(0, 1))
def test_clicks_after_events_in_any_pieces(tags: list[Click], moved: list[int], several: int) -> None:
    for at in moved:  # neighbours swapped: one event late at most
        if at + 1 < len(tags):
            tags[at : at + 2] = [(tags[at][0], *tags[at + 1][1:]), (tags[at][0] - 1, *tags[at][1:])]
    tags = [
        (index // 6 if several else max(index, 0), *rest) for index, *rest in tags
    ]  # several in one event
    expected = sorted(tags, key=lambda tag: tag[:2])
    for size in (1, 7, 4096):
        blocks = indexed(tags, size)
        found = [
            tag
            for block in blocks
            for tag in zip(block.index.tolist(), block.after_ps.tolist(), block.channel.tolist(), strict=True)
        ]
        assert found == expected
        assert max(block.index.size for block in blocks) <= size
        assert blocks[-1].until_index == END_PS
        for before, after in itertools.pairwise(blocks):
            assert not after.index.size or before.until_index <= after.index[0]


def test_clicks_of_one_event_far_apart_in_time() -> None:
    tags = [(3, 1 << 61, 0), (3, -5, 1), (4, 1 << 62, 2), (4, 7, 3)]
    assert [tag for block in indexed(tags, 9) for tag in block.channel.tolist()] == [1, 0, 3, 2]


def test_an_event_too_far_back_is_told_or_ends_the_recording() -> None:
    tags = [(index, 0, 0) for index in (5, 9, 10, 7, 11)]
    with pytest.raises(DataError, match="click 3 is of reference event 7, after one of 10"):
        indexed(tags, 2)
    blocks = indexed(tags, 2, salvage=True)
    assert np.concatenate([block.index for block in blocks]).tolist() == [5, 9, 10]
    assert blocks[-1].gaps == (Gap(10, END_PS, "damaged"),)


def times(tags: list[int], size: int, gaps: tuple[Gap, ...] = ()) -> tuple[list[Block], dict[str, int]]:
    def pieces(size: int) -> Iterator[Piece]:
        for begin in range(0, len(tags), size):
            here = np.array(tags[begin : begin + size], np.int64)
            yield Piece(here, np.zeros(here.size, np.int16), gaps if begin + size >= len(tags) else ())

    source = StoredTimes(Header("test", "times", 1.0), pieces, salvage=True, tolerance_ps=100)
    return list(source.blocks(size)), source.found


@pytest.mark.parametrize("size", [1, 2, 4096])
def test_a_step_back_beyond_the_tolerance_ends_a_salvaged_recording(size: int) -> None:
    blocks, found = times([10, 300, 250, 400, 299, 500], size)
    assert np.concatenate([block.time_ps for block in blocks]).tolist() == [10, 250, 300, 400]
    assert [gap for block in blocks for gap in block.gaps] == [Gap(401, END_PS, "damaged")]
    assert found == {"steps_back": 1, "largest_step_ps": 50}


def test_gaps_come_with_the_block_in_which_they_end() -> None:
    gap = Gap(20, 30, "dropped")
    blocks, _ = times([10, 20, 40, 50, 2000], 1, (gap,))
    assert [block.gaps for block in blocks] == [(), (gap,), (), (), ()]
    assert [block.until_ps for block in blocks[:2]] == [20, 40]
