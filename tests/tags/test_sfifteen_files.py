# SPDX-License-Identifier: Apache-2.0
"""S-Fifteen's events: two layouts, two orders of halves, two texts, records without click, wraps."""

import numpy as np
import pytest
from format_files import SIZES, found, opened, tags
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.errors import DataError
from heraldlink.tags.formats.sfifteen import SFifteen

events = st.lists(st.tuples(st.integers(1, 2**40), st.integers(1, 15)), max_size=20)
"""Steps of 1/256 ns, inputs."""


def numbers(stream: list[tuple[int, int]]) -> list[int]:
    times = np.cumsum([step for step, _ in stream]).tolist()
    return [time << 10 | 0x320 | inputs for time, (_, inputs) in zip(times, stream, strict=True)]


def lower_first(words: list[int]) -> bytes:
    return np.array(words, dtype="<u8").tobytes()


def upper_first(words: list[int]) -> bytes:
    return np.array([(word >> 32, word & 0xFFFFFFFF) for word in words], dtype="<u4").tobytes()


def long_lines(words: list[int]) -> bytes:
    return "".join(f"{word:016x}\n" for word in words).encode()


def short_lines(words: list[int]) -> bytes:
    return "".join(f"{word & 0xFFFFFFFF:08x}\n{word >> 32:08x}\n" for word in words).encode()


def expected(words: list[int]) -> list[tuple[int, int]]:
    return [
        (((word >> 10) * 125 + 16) // 32, place + 1)
        for word in words
        for place in range(4)
        if word >> place & 1
    ]


SINGLE = [(1000 + 37 * at, 1 << at % 4) for at in range(100)]


@settings(max_examples=30)
@given(events)
def test_a_tag_for_each_input_in_blocks_of_any_size(stream: list[tuple[int, int]]) -> None:
    words = numbers([*SINGLE, *stream])
    for size in SIZES:
        assert tags(opened(SFifteen(), lower_first(words)), size) == expected(words)


@pytest.mark.parametrize("written", [lower_first, upper_first, long_lines, short_lines])
def test_all_four_ways_to_write_events_are_told_apart(written: object) -> None:
    assert callable(written)
    words = [word + (0xEDAE1BD7 << 32) for word in numbers(SINGLE)]
    source = found(written(words))
    assert source.header.format == "S-Fifteen"
    assert tags(source) == expected(words)


def test_the_older_layout_has_no_time_in_its_phase_bits() -> None:
    words = [(1000 + at) << 15 | (at % 512) << 4 | 1 << at % 4 for at in range(1, 600)]
    source = found(lower_first(words))
    assert source.header.about["layout"] == "timestamp3"
    assert source.header.resolution_ps == 125
    assert tags(source) == [((1000 + at) * 125, 1 + at % 4) for at in range(1, 600)]


def test_records_that_only_carry_the_time_on_are_no_tags() -> None:
    words = numbers(SINGLE)
    words[50] |= 1 << 4
    source = found(lower_first(words))
    assert tags(source) == expected(words[:50] + words[51:])
    assert source.found["records_without_click"] == 1


def test_times_go_on_when_they_wrap() -> None:
    words = [((2**54 - 2000 + 100 * at) % 2**54) << 10 | 1 << at % 4 for at in range(40)]
    found_ps = [time for time, _ in tags(opened(SFifteen(), lower_first(words)))]
    assert np.allclose(np.diff(found_ps), 100_000 / 256, atol=1)


def test_an_event_that_is_not_whole_is_refused() -> None:
    with pytest.raises(DataError, match=r"truncated at byte 796: its last record .* begins at byte 792"):
        opened(SFifteen(), lower_first(numbers(SINGLE))[:796])
