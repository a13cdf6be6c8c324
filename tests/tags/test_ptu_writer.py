# SPDX-License-Identifier: Apache-2.0
"""What is written as PTU is read back, by this package and by others."""

import io
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ptufile import PtuFile

from heraldlink.errors import RequestError
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock
from heraldlink.tags.formats.picoquant import Ptu
from heraldlink.tags.formats.ptu_writer import PtuWriter

HEADER = Header("test", "times", 4.0, 2.5, channels={0: "Alice", 3: "Böb"}, delays_ps={3: -700})
CHANNELS = [0, 1, 63, 1000, 1001, 1004]

tags = st.lists(
    st.tuples(st.one_of(st.integers(0, 9), st.integers(0, 10**11)), st.sampled_from(CHANNELS)), max_size=30
)


def block(times: list[int], channels: list[int]) -> Block:
    return Block(np.array(times, np.int64), np.array(channels, np.int16), END_PS)


def written(steps: list[tuple[int, int]], size: int) -> tuple[bytes, Block]:
    whole = block(np.cumsum([step for step, _ in steps]).tolist(), [channel for _, channel in steps])
    stream = io.BytesIO()
    with PtuWriter(stream, HEADER, datetime(2026, 3, 1)) as writer:
        for begin in range(0, len(steps), size):
            here = slice(begin, begin + size)
            writer.push(Block(whole.time_ps[here], whole.channel[here], 0))
    assert writer.finish() == len(steps)
    return stream.getvalue(), whole


@settings(max_examples=60)
@given(tags)
def test_any_tags_are_read_back(steps: list[tuple[int, int]]) -> None:
    content, whole = written(steps, 4096)
    assert all(written(steps, size)[0] == content for size in (1, 7))
    source = Ptu().open(io.BytesIO(content), len(content), False, {})
    blocks = [each for each in source.blocks(5) if isinstance(each, Block)]
    np.testing.assert_array_equal(np.concatenate([each.time_ps for each in blocks]), whole.time_ps)
    np.testing.assert_array_equal(np.concatenate([each.channel for each in blocks]), whole.channel)
    theirs = PtuFile(io.BytesIO(content)).decode_records()
    kept = (theirs["channel"] >= 0) | (theirs["marker"] > 0)
    np.testing.assert_array_equal(theirs["time"][kept].astype(np.int64), whole.time_ps)


def test_late_tags_are_counted_from_their_beginning() -> None:
    first_ps = 26 * 10**16  # the absolute times of a quTAG
    content, _ = written([(first_ps, 0), (7, 1), (10**10, 0)], 2)
    assert len(content) < 2200
    source = Ptu().open(io.BytesIO(content), len(content), False, {})
    times = np.concatenate([each.time_ps for each in source.blocks() if isinstance(each, Block)])
    assert times.tolist() == [first_ps, first_ps + 7, first_ps + 7 + 10**10]
    theirs = PtuFile(io.BytesIO(content)).decode_records()
    assert np.diff(theirs["time"][theirs["channel"] >= 0].astype(np.int64)).tolist() == [7, 10**10]


def test_names_delays_and_step_are_kept() -> None:
    content, _ = written([(5, 0)], 1)
    source = Ptu().open(io.BytesIO(content), len(content), False, {})
    assert source.header.channels == HEADER.channels
    assert source.header.delays_ps == HEADER.delays_ps
    assert (source.header.resolution_ps, source.header.acquisition_s) == (4.0, 2.5)
    file = PtuFile(io.BytesIO(content))
    assert (file.number_records, file.datetime) == (1, datetime(2026, 3, 1))


def test_a_recording_that_was_never_finished_gives_what_was_written() -> None:
    stream = io.BytesIO()
    PtuWriter(stream, HEADER).push(block([3, 2**40], [0, 1]))
    source = Ptu().open(stream, len(stream.getvalue()), False, {})
    assert np.concatenate([each.channel for each in source.blocks()]).tolist() == [0, 1]


def test_what_ptu_cannot_hold_is_refused() -> None:
    writer = PtuWriter(io.BytesIO(), HEADER)
    with pytest.raises(RequestError, match="PTU has no channel 64"):
        writer.push(block([1], [64]))
    with pytest.raises(RequestError, match="missing from 7 ps"):
        writer.push(Block(np.empty(0, np.int64), np.empty(0, np.int16), 9, (Gap(7, 9, "dropped"),)))
    with pytest.raises(RequestError, match="steps back"):
        writer.push(block([5, 4], [0, 0]))
    with pytest.raises(RequestError, match="before 0"):
        writer.push(block([-1], [0]))
    indexed = IndexedBlock(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int16), 0)
    with pytest.raises(RequestError, match="write Parquet"):
        writer.push(indexed)
    with pytest.raises(RequestError, match="write Parquet"):
        PtuWriter(io.BytesIO(), Header("test", "indexed", 1.0))
