# SPDX-License-Identifier: Apache-2.0
"""Tags in Parquet: they come back as they were, small, with header, delays and gaps; damage is told."""

import io
import itertools

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock
from heraldlink.tags.formats.parquet import ParquetTags, ParquetWriter

TIMES = Header(
    "test",
    "times",
    1.0,
    acquisition_s=2.5,
    channels={0: "c", 7: "d"},
    delays_ps={7: -86_000},
    about={"a": "b"},
)
INDEXED = Header("test", "indexed", 16.0, reference_period_ps=12_495.0)


def poisson(tags: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Two channels of 10 MHz each."""
    rng = np.random.default_rng(seed)
    times = np.concatenate([np.cumsum(rng.exponential(100_000, tags // 2)) for _ in range(2)]).astype(
        np.int64
    )
    order = np.argsort(times, kind="stable")
    return times[order], np.repeat(np.array([0, 1], np.int16), tags // 2)[order]


def written(header: Header, *blocks: Block | IndexedBlock, rows: int = 1 << 20) -> io.BytesIO:
    stream = io.BytesIO()
    with ParquetWriter(stream, header, rows) as writer:
        for block in blocks:
            writer.push(block)
        assert writer.finish() == sum(block.channel.size for block in blocks)
    return stream


def joined(source: ParquetTags, size: int, name: str) -> np.ndarray:
    return np.concatenate([getattr(block, name) for block in source.blocks(size)])


def test_header_delays_and_gaps_come_back() -> None:
    gaps = (Gap(5, 9, "overflow"), Gap(9, 12, "dropped", 40))
    block = Block(np.array([1, 4, 12, 30]), np.array([0, 7, 7, 0], np.int16), 40, gaps)
    source = ParquetTags(written(TIMES, block))
    assert source.header.delays_ps == {7: -86_000}
    assert (source.header.channels, source.header.about) == ({0: "c", 7: "d"}, {"a": "b"})
    assert (source.header.tags, source.header.acquisition_s) == (4, 2.5)
    blocks = list(source.blocks(2))
    assert [item.time_ps.tolist() for item in blocks] == [[1, 4], [12, 30]]
    assert [item.gaps for item in blocks] == [(), gaps]
    assert [item.until_ps for item in blocks] == [4, END_PS]


@settings(max_examples=60, deadline=None)
@given(
    tags=st.lists(st.tuples(st.integers(-(2**62), 2**62), st.integers(-3, 300)), max_size=60),
    cut=st.integers(1, 20),
    rows=st.integers(1, 20),
    size=st.sampled_from([1, 7, 4096]),
)
def test_any_chunking_gives_the_same_tags(
    tags: list[tuple[int, int]], cut: int, rows: int, size: int
) -> None:
    time = np.array(sorted(item[0] for item in tags), np.int64)
    channel = np.array([item[1] for item in tags], np.int16)
    pieces = [Block(time[i : i + cut], channel[i : i + cut], END_PS) for i in range(0, time.size, cut)]
    source = ParquetTags(written(TIMES, *pieces, rows=rows))
    np.testing.assert_array_equal(joined(source, size, "time_ps"), time)
    np.testing.assert_array_equal(joined(source, size, "channel"), channel)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=40),
    size=st.sampled_from([1, 7, 4096]),
)
def test_gaps_stand_in_the_block_in_which_they_end(steps: list[tuple[int, bool]], size: int) -> None:
    """A step is time without a tag, or with a gap, and then a tag."""
    now, times, gaps = 0, [], []
    for step, lost in steps:
        if lost and step:
            gaps.append(Gap(now, now + step, "overflow", 1))
        now += step
        times.append(now)
    block = Block(np.array(times, np.int64), np.zeros(len(times), np.int16), END_PS, tuple(gaps))
    seen: list[Gap] = []
    before = -1
    for part in ParquetTags(written(TIMES, block)).blocks(size):
        for gap in part.gaps:
            assert before <= gap.begin_ps, "no block before holds a tag behind it"
            assert gap.end_ps <= part.until_ps
        seen += part.gaps
        before = int(part.time_ps[-1]) if part.time_ps.size else before
        assert all(gap in seen for gap in gaps if gap.end_ps <= before), "and it is told by then"
    assert seen == gaps


def test_indexed_tags_come_back() -> None:
    block = IndexedBlock(np.array([3, 9, 1]), np.array([0, 0, 8]), np.array([1, 0, 1], np.int16), END_PS)
    source = ParquetTags(written(INDEXED, block))
    assert source.header.reference_period_ps == 12_495.0
    (back,) = source.blocks()
    assert isinstance(back, IndexedBlock)
    assert (back.index.tolist(), back.after_ps.tolist()) == ([0, 0, 8], [3, 9, 1])
    assert back.channel.dtype == np.int16


def test_a_recording_without_tags_keeps_its_gaps() -> None:
    gap = Gap(0, 100, "dropped", 3)
    nothing = Block(np.empty(0, np.int64), np.empty(0, np.int16), END_PS, (gap,))
    (block,) = ParquetTags(written(TIMES, nothing)).blocks()
    assert (block.channel.size, block.gaps) == (0, (gap,))


def test_dense_tags_take_at_most_two_and_a_half_bytes_and_are_delta_coded() -> None:
    stream = written(TIMES, Block(*poisson(1 << 20), END_PS))
    assert stream.getbuffer().nbytes / (1 << 20) <= 2.5
    column = pq.ParquetFile(stream).metadata.row_group(0).column(0)
    assert (column.compression, column.encodings) == ("ZSTD", ("RLE", "DELTA_BINARY_PACKED"))


def test_what_steps_back_or_is_of_another_kind_is_refused() -> None:
    channel = np.zeros(2, np.int16)
    with ParquetWriter(io.BytesIO(), TIMES) as writer:
        with pytest.raises(RequestError, match="tag 1 of the block steps back to 3"):
            writer.push(Block(np.array([5, 3]), channel, END_PS))
        writer.push(Block(np.array([5, 6]), channel, 6))
        with pytest.raises(RequestError, match="begins at 4, before 6"):
            writer.push(Block(np.array([4, 8]), channel, END_PS))
        with pytest.raises(RequestError, match="kind 'indexed' in a recording of kind 'times'"):
            writer.push(IndexedBlock(np.array([4, 8]), np.array([0, 0]), channel, END_PS))


def test_every_truncation_and_every_flipped_byte_is_told_or_harmless() -> None:
    times, channels = poisson(64)
    whole = written(TIMES, Block(times, channels, END_PS)).getvalue()
    for size in range(len(whole)):
        with pytest.raises(DataError, match=f"before byte {size}"):
            ParquetTags(io.BytesIO(whole[:size]))
    for place, mask in itertools.product(range(len(whole)), (0x01, 0x55, 0x80)):
        damaged = bytearray(whole)
        damaged[place] ^= mask
        try:
            source = ParquetTags(io.BytesIO(bytes(damaged)))
            np.testing.assert_array_equal(joined(source, 4096, "time_ps"), times)
            np.testing.assert_array_equal(joined(source, 4096, "channel"), channels)
        except DataError:
            continue


def foreign(**columns: object) -> io.BytesIO:
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream


def test_tables_of_others_are_read_if_they_have_our_columns() -> None:
    source = ParquetTags(foreign(time_ps=[1, 2], channel=[0, 1]))
    assert (source.header.format, source.header.tags) == ("Parquet", 2)
    assert joined(source, 1, "channel").tolist() == [0, 1]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"time": [1]}, "columns time are not those of tags"),
        ({"time_ps": [1.5], "channel": [0]}, "are not those of tags"),
        ({"time_ps": [1, None], "channel": [0, 1]}, "1 empty values in column time_ps"),
        ({"time_ps": [1], "channel": [70_000]}, "not in range"),
        ({"time_ps": pa.array([2**63], pa.uint64()), "channel": [0]}, "not in range"),
        ({"time_ps": [2, 1], "channel": [0, 0]}, "steps back"),
    ],
)
def test_tables_of_others_that_are_no_tags_are_told(columns: dict[str, object], told: str) -> None:
    with pytest.raises(DataError, match=told):
        list(ParquetTags(foreign(**columns)).blocks())


def test_a_runs_slots_are_sources_of_their_own() -> None:
    run = {"slot": [4, 4, 4, 9], "index": [0, 7, 7, 2], "after_ps": [5, 8, 2, 1], "channel": [1, 1, 2, 1]}
    with pytest.raises(RequestError, match=r"which slot is to be read \(option slot=N\): it has 4, 9"):
        ParquetTags(foreign(**run))
    source = ParquetTags(foreign(**run), slot=4)
    assert source.slots == (4, 9)
    assert joined(source, 2, "after_ps").tolist() == [5, 2, 8]
    assert joined(source, 1, "channel").tolist() == [1, 2, 1]
