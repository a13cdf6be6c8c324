# SPDX-License-Identifier: Apache-2.0
"""Delays reorder a stream, whatever its blocks; gaps widen; channels are dropped, renamed and named."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heraldlink.errors import RequestError
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock
from heraldlink.tags.channels import ChannelMap, mapped

SIZES = st.sampled_from([1, 7, 4096])
DELAYS = st.dictionaries(st.integers(-2, 3), st.integers(-90, 90), max_size=4)


@dataclass
class Listed:
    """Tags as a list: (time or index, channel) or (index, after, channel)."""

    tags: list
    header: Header
    gaps: tuple[Gap, ...] = ()

    def blocks(self, size: int = 4096) -> Iterator:
        last = -END_PS
        for start in range(0, max(1, len(self.tags)), size):
            whole = start + size >= len(self.tags)
            part, until = self.tags[start : start + size], END_PS if whole else self.tags[start + size][0]
            gaps = tuple(gap for gap in self.gaps if last < gap.end_ps <= until)
            last = until
            columns = np.array(part, dtype=np.int64).reshape(len(part), -1 if part else 3).T
            channel = columns[-1].astype(np.int16)
            if self.header.kind == "times":
                yield Block(columns[0], channel, until, gaps)
            else:
                yield IndexedBlock(columns[1], columns[0], channel, until, gaps)


TIMES = Header("test", "times", 1.0)
tag_lists = st.lists(st.tuples(st.integers(0, 30), st.integers(-2, 3)), max_size=50)


def in_time(steps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    times = np.cumsum([step for step, _ in steps], dtype=np.int64).tolist()
    return [(int(time), channel) for time, (_, channel) in zip(times, steps, strict=True)]


@given(steps=tag_lists, delays=DELAYS, size=SIZES)
def test_delayed_tags_are_in_order_whatever_the_blocks(steps: list, delays: dict, size: int) -> None:
    tags = in_time(steps)
    blocks = list(mapped(Listed(tags, TIMES), ChannelMap(delays)).blocks(size))
    found = [tag for b in blocks for tag in zip(b.time_ps.tolist(), b.channel.tolist(), strict=True)]
    expected = [(time - delays.get(channel, 0), channel) for time, channel in tags]
    assert found == (sorted(expected) if any(delays.values()) else tags)
    done = -END_PS
    for block in blocks:
        assert block.time_ps.size == 0 or (done <= block.time_ps[0])
        done = block.until_ps
    assert done == END_PS


@given(
    steps=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 99), st.integers(-2, 3)), max_size=50),
    delays=st.dictionaries(st.integers(-2, 3), st.integers(-350, 350), max_size=4),
    size=SIZES,
)
def test_delays_move_tags_to_the_index_they_belong_to(steps: list, delays: dict, size: int) -> None:
    index = np.cumsum([step for step, _, _ in steps], dtype=np.int64).tolist()
    tags = sorted((int(n), after, channel) for n, (_, after, channel) in zip(index, steps, strict=True))
    header = Header("test", "indexed", 1.0, reference_period_ps=100.0)
    blocks = list(mapped(Listed(tags, header), ChannelMap(delays)).blocks(size))
    places = [
        (100 * n + after, channel)
        for b in blocks
        for after, n, channel in zip(b.after_ps.tolist(), b.index.tolist(), b.channel.tolist(), strict=True)
    ]
    assert places == sorted((100 * n + after - delays.get(c, 0), c) for n, after, c in tags)
    assert all(0 <= after < 100 for b in blocks for after in b.after_ps.tolist())


def test_without_a_period_tags_keep_their_index() -> None:
    source = Listed([(0, 5, 1), (1, 5, 2)], Header("test", "indexed", 1.0))
    first, last = mapped(source, ChannelMap({1: 30})).blocks()
    assert (first.after_ps.tolist(), last.channel.size) == ([-25, 5], 0)


@given(size=SIZES)
def test_a_gap_widens_by_the_spread_of_the_delays(size: int) -> None:
    tags = [(time, time % 3) for time in [*range(0, 1000, 10), *range(2000, 3000, 10)]]
    source = Listed(tags, TIMES, (Gap(995, 2000, "overflow", 7),))
    blocks = list(mapped(source, ChannelMap({1: 300, 2: -40})).blocks(size))
    assert [gap for block in blocks for gap in block.gaps] == [Gap(695, 2040, "overflow", 7)]
    assert not any(695 < block.until_ps < 2040 for block in blocks)
    assert sum(block.channel.size for block in blocks) == len(tags)


def test_channels_are_dropped_renamed_and_named() -> None:
    header = Header("test", "times", 1.0, tags=3, channels={0: "sync", 1: "c", 2: "d"}, delays_ps={1: 4})
    source = mapped(
        Listed([(0, 0), (5, 1), (6, 2)], header), ChannelMap(None, frozenset({2}), {1: -7}, {0: "laser"})
    )
    assert source.header.channels == {0: "laser", -7: "c"}
    assert (source.header.tags, source.header.delays_ps) == (None, {})
    tags = [(b.time_ps.tolist(), b.channel.tolist()) for b in source.blocks() if b.channel.size]
    assert tags == [([0], [0]), ([1], [-7])] or tags == [([0, 1], [0, -7])]


def test_a_channel_beyond_16_bits_is_refused() -> None:
    with pytest.raises(RequestError, match="channel 40000"):
        ChannelMap({40000: 1})
