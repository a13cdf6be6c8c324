# SPDX-License-Identifier: Apache-2.0
"""Swabian's dumps as tags and gaps; a ttbin without the maker's reader is refused with its package."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from format_files import SIZES, Tag, found, opened, streams, tags
from hypothesis import given, settings

from heraldlink.errors import DataError
from heraldlink.record.tag_files import open_tags
from heraldlink.tags.formats.swabian import BEGIN, END, MISSED, RECORD, TAG, Dump


def dumped(records: list[tuple[int, int, int, int]]) -> bytes:
    """Kind, missed events, channel, time."""
    rows = [(kind, 0, missed, channel, time) for kind, missed, channel, time in records]
    return np.array(rows, dtype=RECORD).tobytes()


@settings(max_examples=30)
@given(streams([1, -2, 18]))
def test_a_dump_in_blocks_of_any_size(stream: list[Tag]) -> None:
    data = dumped([(TAG, 0, channel, time) for time, channel in stream])
    for size in SIZES:
        assert tags(opened(Dump(), data), size) == stream


@pytest.mark.parametrize("size", SIZES)
def test_an_overflow_is_a_gap_with_the_events_missed(size: int) -> None:
    tags_before = [(TAG, 0, 1, 1000 * at) for at in range(1, 80)]
    lost = [(BEGIN, 0, 0, 80_000), (MISSED, 7, 1, 90_000), (MISSED, 5, 2, 90_000), (END, 0, 0, 90_000)]
    source = found(dumped([*tags_before, *lost, (TAG, 0, 2, 95_000)]))
    assert source.header.format == "Swabian dump"
    gaps = [gap for block in source.blocks(size) for gap in block.gaps]
    assert [(gap.begin_ps, gap.end_ps, gap.reason, gap.tags) for gap in gaps] == [
        (80_000, 90_000, "overflow", 12)
    ]
    assert source.found["missed_events"] == 12


def test_a_record_that_is_not_whole_is_refused() -> None:
    with pytest.raises(DataError, match="truncated at byte 1590"):
        found(dumped([(TAG, 0, 1, 1000 * at) for at in range(1, 101)])[:1590])


@pytest.mark.skipif(importlib.util.find_spec("Swabian") is not None, reason="the maker's reader is installed")
def test_a_ttbin_needs_the_makers_reader(tmp_path: Path) -> None:
    path = tmp_path / "run.ttbin"
    path.write_bytes(b"SITT" + bytes(100))
    with pytest.raises(DataError, match=r"run\.ttbin: .*pip install swabian-timetagger"):
        open_tags(path)
