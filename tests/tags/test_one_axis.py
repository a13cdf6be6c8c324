# SPDX-License-Identifier: Apache-2.0
"""Clicks after reference events on one axis: every one, in order, the same for blocks of any size."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.errors import DataError, RequestError
from heraldlink.record.tag_files import open_tags
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock, TagSource
from heraldlink.tags.one_axis import OneAxis

DATA = Path(os.environ.get("HERALDLINK_DATA", Path(__file__).parents[3] / "shared" / "data"))
HEADER = Header("test", "indexed", 1.0, reference_period_ps=10.5)
Click = tuple[int, int, int]


@dataclass(frozen=True)
class Clicks:
    """(index, after, channel), sorted, and a gap behind ``gap_from``."""

    clicks: list[Click]
    header: Header = HEADER
    gap: Gap | None = None

    def blocks(self, size: int = 1 << 20) -> Iterator[IndexedBlock]:
        for begin in range(0, len(self.clicks) or 1, size):
            columns = np.array(self.clicks[begin : begin + size], np.int64).reshape(-1, 3)
            last = begin + size >= len(self.clicks)
            until = END_PS if last else self.clicks[begin + size][0]
            gaps = (self.gap,) if last and self.gap else ()
            yield IndexedBlock(columns[:, 1], columns[:, 0], columns[:, 2].astype(np.int16), until, gaps)


def read(source: TagSource, size: int) -> list[tuple[int, int]]:
    blocks = [block for block in source.blocks(size) if isinstance(block, Block)]
    assert all(block.time_ps.size <= size for block in blocks)
    for before, after in pairwise(blocks):
        assert not after.time_ps.size or before.until_ps <= after.time_ps[0]
    assert blocks[-1].until_ps == END_PS
    return [
        tag for block in blocks for tag in zip(block.time_ps.tolist(), block.channel.tolist(), strict=True)
    ]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 90), st.integers(0, 2)), max_size=30))
def test_all_clicks_in_order_of_time(clicks: list[Click]) -> None:
    clicks.sort(key=lambda click: click[:2])
    times = [(index * 10 + round(index * 0.5) + after, channel) for index, after, channel in clicks]
    for size in (1, 7, 4096):
        assert read(OneAxis(Clicks(clicks)), size) == sorted(times, key=lambda tag: tag[0])


def test_what_is_refused() -> None:
    with pytest.raises(RequestError, match="times already"):
        OneAxis(OneAxis(Clicks([])))
    with pytest.raises(RequestError, match="give a period"):
        OneAxis(Clicks([], Header("test", "indexed", 1.0)))
    with pytest.raises(DataError, match="5 ps before its reference event"):
        read(OneAxis(Clicks([(3, -5, 0)])), 9)
    with pytest.raises(RequestError, match=r"event 5000000000 x 2e\+09 ps is later than a time can be"):
        read(OneAxis(Clicks([(3, 5, 0), (5_000_000_000, 5, 0)]), 2e9), 9)


def test_gaps_and_header() -> None:
    source = OneAxis(Clicks([(1, 2, 0)], gap=Gap(4, END_PS, "truncated")), period_ps=100)
    (block,) = source.blocks()
    assert block.gaps == (Gap(400, END_PS, "truncated"),)
    assert block.time_ps.tolist() == [102]
    assert (source.header.kind, source.header.reference_period_ps) == ("times", None)


def test_a_real_recording_in_blocks_of_any_size() -> None:
    if not DATA.is_dir() and os.environ.get("HERALDLINK_REQUIRE_DATA") != "1":
        pytest.skip(f"no recordings in {DATA}")
    axis = OneAxis(open_tags(DATA / "hydraharp_t3_antibunching_80MHz.ptu"))
    whole = [np.concatenate([block.time_ps for block in axis.blocks(size)]) for size in (4096, 10**7)]
    np.testing.assert_array_equal(*whole)
    assert whole[0].size == 396_326
    assert whole[0][-1] == pytest.approx(5e12, rel=1e-3)
