# SPDX-License-Identifier: Apache-2.0
"""PicoQuant's records, of every instrument and in pieces of any size, decode as one by one."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ptufile import PtuFile

from heraldlink.tags.block import Header
from heraldlink.tags.compiled import available
from heraldlink.tags.formats import pq_records
from heraldlink.tags.formats.pq_records import LAYOUTS, TIMEHARP_200, IllegalRecord, Layout, decode
from heraldlink.tags.formats.pq_source import Decode
from heraldlink.tags.formats.ptu_writer import PtuWriter

DECODERS: list[Decode] = [pq_records.decode]
if available():
    from heraldlink.tags.formats import pq_kernels

    DECODERS.append(pq_kernels.decode)

T2_V1, T2_V2, T3_V1, T3_V2, PT2, PT3 = 0x00010204, 0x01010204, 0x00010304, 0x01010304, 0x00010203, 0x00010303
WRAPS = {T2_V1: 33_552_000, T2_V2: 1 << 25, T3_V1: 1024, T3_V2: 1024, PT2: 210_698_240, PT3: 65_536}

hydraharp_codes = st.one_of(st.integers(0, 63), st.integers(65, 79), st.just(127))
counts = st.one_of(st.integers(0, 3), st.integers(0, (1 << 25) - 1))


def hydraharp_records(t3: bool) -> st.SearchStrategy[list[int]]:
    codes = hydraharp_codes if t3 else st.one_of(hydraharp_codes, st.just(64))
    return st.lists(st.builds(lambda code, count: code << 25 | count, codes, counts), max_size=20)


def one_by_one(records: list[int], kind: int) -> list[tuple[int, int, int]]:
    """(count, delay, channel), from the records' description."""
    t3, base, found = bool(kind & 0x100), 0, []
    for record in records:
        low, delay = (record & 0x3FF, record >> 10 & 0x7FFF) if t3 else (record & 0x1FFFFFF, 0)
        special, channel = record >> 31, record >> 25 & 63
        if special and channel == 63:
            base += WRAPS[kind] * (max(low, 1) if kind >> 24 else 1)
        elif special and channel:
            found += [(base + low, 0, 1001 + line) for line in range(4) if channel >> line & 1]
        else:
            found.append((base + low, delay, 1000 if special else channel))
    return found


def in_pieces(
    decode: Decode, records: list[int], layout: Layout, size: int
) -> tuple[list[tuple[int, int, int]], int]:
    found, carry, overflows = [], 0, 0
    for begin in range(0, len(records), size):
        piece = decode(np.array(records[begin : begin + size], np.uint32), layout, carry)
        delays = piece.delay.tolist() if layout.is_t3 else [0] * piece.count.size
        found += zip(piece.count.tolist(), delays, piece.channel.tolist(), strict=True)
        carry, overflows = piece.carry, overflows + piece.overflows
    return found, overflows


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("kind", [T2_V1, T2_V2, T3_V1, T3_V2])
def test_hydraharp_records_as_one_by_one(kind: int, decode: Decode) -> None:
    @settings(max_examples=50)
    @given(hydraharp_records(t3=bool(kind & 0x100)))
    def check(records: list[int]) -> None:
        for size in (1, 7, 4096):
            found, overflows = in_pieces(decode, records, LAYOUTS[kind], size)
            assert found == one_by_one(records, kind)
            assert overflows == sum(record >> 25 == 127 for record in records)

    check()


def empty_ptu(kind: int) -> PtuFile:
    """ptufile's decoder of one kind of records."""
    stream = io.BytesIO()
    PtuWriter(stream, Header("", "times", 1.0)).finish()
    content = stream.getvalue().replace(T2_V2.to_bytes(8, "little"), kind.to_bytes(8, "little"))
    mode = b"Measurement_Mode".ljust(32, b"\0") + b"\xff\xff\xff\xff\x08\0\0\x10"
    return PtuFile(io.BytesIO(content.replace(mode + b"\2", mode + (b"\3" if kind & 0x100 else b"\2"))))


@pytest.mark.parametrize("decode", DECODERS)
@pytest.mark.parametrize("kind", [T2_V1, T2_V2, T3_V1, T3_V2, PT2, PT3])
def test_clicks_are_those_of_ptufile(kind: int, decode: Decode) -> None:
    rng = np.random.default_rng(kind)
    layout = LAYOUTS[kind]
    width = 1 << layout.count_bits + layout.delay_bits
    overflow = layout.channels.size - 1 << layout.code_shift | (0 if layout.code_shift == 28 else 5)
    codes = rng.choice(np.flatnonzero((layout.channels >= 0) & (layout.channels < 1000)), 5000)
    records = (codes << layout.code_shift | rng.integers(0, width, 5000)).astype(np.uint32)
    records[rng.random(5000) < 0.3] = overflow
    oracle = empty_ptu(kind).decode_records(records)
    clicks = oracle[oracle["channel"] >= 0]
    found = decode(records, layout)
    np.testing.assert_array_equal(found.count, clicks["time"].astype(np.int64))
    np.testing.assert_array_equal(found.channel, clicks["channel"])
    if layout.is_t3:
        np.testing.assert_array_equal(found.delay, clicks["dtime"])
    columns = (found.count, found.delay, found.channel)
    assert [column.dtype for column in columns] == [np.int64, np.int64, np.int16]


def test_a_picoharp_s_markers_and_overflows() -> None:
    marker, overflow = 0xF << 28 | 0b0101, 0xF << 28
    found = decode(np.array([overflow, marker], np.uint32), LAYOUTS[PT2])
    assert found.channel.tolist() == [1001, 1003]
    assert found.count.tolist() == [WRAPS[PT2] + 5] * 2
    marker = 0xF << 28 | 0b0010 << 16 | 77
    found = decode(np.array([overflow, marker], np.uint32), LAYOUTS[PT3])
    assert (found.channel.tolist(), found.count.tolist(), found.delay.tolist()) == (
        [1002],
        [65_536 + 77],
        [0],
    )


def test_a_timeharp_s_clicks_markers_and_overflows() -> None:
    click, overflow, marker = 1 << 30 | 2 << 28 | 3000 << 16 | 9, 0x800 << 16, 0b100 << 16 | 11
    found = decode(np.array([click, overflow, marker], np.uint32), TIMEHARP_200)
    assert found.channel.tolist() == [2, 1003]
    assert found.count.tolist() == [9, 65_536 + 11]


@pytest.mark.parametrize(("kind", "record"), [(T2_V2, 80 << 25), (T3_V2, 64 << 25), (PT2, 9 << 28), (PT3, 0)])
def test_a_record_of_no_instrument_is_told(kind: int, record: int) -> None:
    with pytest.raises(IllegalRecord, match=f"{record:#010x}") as caught:
        decode(np.array([1 << 28, record], np.uint32), LAYOUTS[kind])
    assert caught.value.record == 1
