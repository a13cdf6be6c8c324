# SPDX-License-Identifier: Apache-2.0
"""ID900 numbers: times or pairs with an index, told by content; restarts and truncation refused."""

import numpy as np
import pytest
from format_files import SIZES, Tag, clicks, found, gaps, opened, streams, tags
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.formats.id900 import Id900

pairs = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 10**6)), min_size=3, max_size=40)


def packed(numbers: object) -> bytes:
    return np.array(numbers, dtype="<u8").tobytes()


@settings(max_examples=40)
@given(streams([3]))
def test_times_in_blocks_of_any_size(stream: list[Tag]) -> None:
    data = packed([time for time, _ in stream])
    for size in SIZES:
        assert tags(opened(Id900(), data, channel="3"), size) == stream


@settings(max_examples=40)
@given(pairs)
def test_pairs_with_their_index_in_blocks_of_any_size(steps: list[tuple[int, int]]) -> None:
    index = np.cumsum([step for step, _ in steps]).tolist()
    stream = sorted((i, after, 2) for i, (_, after) in zip(index, steps, strict=True))
    data = packed([(after, i) for i, after, _ in stream])
    for size in SIZES:
        assert clicks(opened(Id900(), data, channel="2", index="yes"), size) == stream


def test_content_tells_times_from_pairs() -> None:
    times = packed([1000 + 70 * at for at in range(300)])
    source = found(times)
    assert (source.header.format, source.header.kind, source.header.tags) == ("ID900", "times", 300)
    both = packed([((77 * at) % 12_500, at // 2) for at in range(300)])
    source = found(both)
    assert (source.header.format, source.header.kind, source.header.tags) == ("ID900", "indexed", 300)


def test_options_that_make_no_sense_are_refused() -> None:
    data = packed([1, 2, 3])
    with pytest.raises(RequestError, match='channel "A"'):
        opened(Id900(), data, channel="A")
    with pytest.raises(RequestError, match='index "maybe"'):
        opened(Id900(), data, index="maybe")


def test_times_that_restart_are_refused_with_the_byte() -> None:
    data = packed([10**9, 2 * 10**9, 5, 10**9])
    with pytest.raises(DataError, match="times restart at byte 16"):
        tags(opened(Id900(), data, index="no"), 2)


def test_a_number_that_is_not_whole_is_refused_or_salvaged() -> None:
    data = packed([100, 200, 300])[:20]
    with pytest.raises(DataError, match=r"truncated at byte 20"):
        opened(Id900(), data)
    kept = opened(Id900(), data, salvage=True)
    assert tags(kept) == [(100, 1), (200, 1)]
    assert gaps(kept) == [(201, "truncated")]
    both = packed([(5, 1), (6, 2), (7, 3)])[:40]
    kept = opened(Id900(), both, salvage=True, index="yes")
    assert clicks(kept) == [(1, 5, 1), (2, 6, 1)]
    assert [reason for _, reason in gaps(kept)] == ["truncated"]
