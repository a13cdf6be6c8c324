# SPDX-License-Identifier: Apache-2.0
"""quTAG files: three layouts, wraps, filtered synchronisation that steps back, truncation."""

import numpy as np
import pytest
from format_files import SIZES, Tag, found, gaps, opened, streams, tags
from hypothesis import given, settings

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.formats.qutag import HEADER_BYTES, MAGIC, RECORD, QuTag


def records(stream: list[Tag]) -> bytes:
    return np.array(stream, dtype=RECORD).tobytes()


def header(length: int) -> bytes:
    return (MAGIC + length.to_bytes(4, "little")).ljust(HEADER_BYTES, b"\0")


def binary(stream: list[Tag]) -> bytes:
    data = records(stream)
    return header(HEADER_BYTES + len(data)) + data


def compressed(stream: list[Tag]) -> bytes:
    data = b"".join((time % 2**37 | channel << 37).to_bytes(5, "little") for time, channel in stream)
    return header(HEADER_BYTES + len(data)) + data


@settings(max_examples=40)
@given(streams([0, 1, 5, 104]))
def test_binary_and_raw_read_back_in_blocks_of_any_size(stream: list[Tag]) -> None:
    for size in SIZES:
        assert tags(opened(QuTag(), binary(stream)), size) == stream
        assert tags(opened(QuTag(), records(stream)), size) == stream


@settings(max_examples=40)
@given(streams([1, 2, 7], longest_ps=2**36 - 100, most=60))
def test_compressed_times_go_on_over_wraps(stream: list[Tag]) -> None:
    for size in SIZES:
        assert tags(opened(QuTag(), compressed(stream)), size) == stream


def test_content_tells_the_layout() -> None:
    stream = [(time * 12_478, 1 + time % 3) for time in range(1, 500)]
    for data, layout in (
        (binary(stream), "binary"),
        (compressed(stream), "compressed"),
        (records(stream), "raw"),
    ):
        source = found(data)
        assert (source.header.format, source.header.about["layout"]) == ("quTAG", layout)
        assert tags(source) == stream


def test_filtered_synchronisation_that_steps_back_is_put_in_order() -> None:
    stream = [(1_000_000, 5), (914_082, 2), (2_000_000, 5), (1_999_999, 1)]
    source = found(binary(stream))
    assert tags(source) == sorted(stream)
    assert source.found["steps_back"] == 2
    assert source.found["largest_step_ps"] == 85_918


def test_a_qutau_counts_larger_steps() -> None:
    source = opened(QuTag(), binary([(1000, 1), (2000, 2)]), unit="80.955")
    assert tags(source) == [(80_955, 1), (161_910, 2)]
    assert source.header.resolution_ps == 80.955
    with pytest.raises(RequestError, match='unit "parsec"'):
        opened(QuTag(), binary([(1, 1)]), unit="parsec")


def test_a_file_that_ends_early_is_refused_or_salvaged() -> None:
    data = binary([(100, 1), (200, 2), (300, 1)])
    with pytest.raises(DataError, match=r"truncated at byte 65: its last record .* begins at byte 60"):
        opened(QuTag(), data[:65])
    with pytest.raises(DataError, match=r"truncated at byte 60: its header promises 70 bytes"):
        opened(QuTag(), data[:60])
    with pytest.raises(DataError, match=r"truncated at byte 12, inside its header"):
        opened(QuTag(), data[:12])
    kept = opened(QuTag(), data[:65], salvage=True)
    assert tags(kept) == [(100, 1), (200, 2)]
    assert gaps(kept) == [(201, "truncated")]
