# SPDX-License-Identifier: Apache-2.0
"""Recordings made in memory for the tests of formats, and what a format reads from them."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from heraldlink.tags.block import Block, IndexedBlock
from heraldlink.tags.formats.detect import detect
from heraldlink.tags.formats.format import START_BYTES, Format, StoredTags

SIZES = (1, 7, 4096, 1 << 20)

Tag = tuple[int, int]
"""Time, channel."""

Click = tuple[int, int, int]
"""Index, time after it, channel."""


def streams(channels: Sequence[int], longest_ps: int = 10**9, most: int = 40) -> st.SearchStrategy[list[Tag]]:
    """Tags in order, two at least, the first and the last apart."""
    tag = st.tuples(st.integers(0, longest_ps), st.sampled_from(channels))
    return st.lists(tag, min_size=2, max_size=most).map(_in_order)


def _in_order(steps: list[Tag]) -> list[Tag]:
    times = np.cumsum([step for step, _ in steps]) + np.arange(len(steps))
    return [(int(time), channel) for time, (_, channel) in zip(times, steps, strict=True)]


def opened(format: Format, data: bytes, salvage: bool = False, **options: str) -> StoredTags:
    """A recording read by one format."""
    return format.open(io.BytesIO(data), len(data), salvage, options)


def found(data: bytes, **options: str) -> StoredTags:
    """A recording read by the format that its content tells."""
    return opened(detect(data[:START_BYTES], len(data)), data, **options)


def tags(source: StoredTags, size: int = 1 << 20) -> list[Tag]:
    """All tags of a recording of times."""
    blocks = [block for block in source.blocks(size) if isinstance(block, Block)]
    assert all(block.time_ps.size <= size for block in blocks)
    return [
        tag for block in blocks for tag in zip(block.time_ps.tolist(), block.channel.tolist(), strict=True)
    ]


def clicks(source: StoredTags, size: int = 1 << 20) -> list[Click]:
    """All clicks of a recording with reference events."""
    columns = [
        (block.index.tolist(), block.after_ps.tolist(), block.channel.tolist())
        for block in source.blocks(size)
        if isinstance(block, IndexedBlock)
    ]
    return [click for column in columns for click in zip(*column, strict=True)]


def gaps(source: StoredTags) -> list[tuple[int, str]]:
    """Where gaps begin, and why they are."""
    return [(gap.begin_ps, gap.reason) for block in source.blocks() for gap in block.gaps]
