# SPDX-License-Identifier: Apache-2.0
"""Tags as text: shapes told by content, exact times, units; what cannot be told names the option."""

from collections.abc import Callable
from itertools import zip_longest

import numpy as np
import pytest
from format_files import SIZES, Tag, clicks, found, gaps, opened, streams, tags
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.formats.text import Text

STREAM = [(4_685_027_904 + 896_000_000 * at, at % 2) for at in range(1, 200)]


def rows(row: Callable[[int, int], str], above: str = "") -> bytes:
    return (above + "".join(f"{row(time, channel)}\n" for time, channel in STREAM)).encode()


SHAPES = {
    "PicoHarp to text": rows(lambda time, channel: f"{channel} {time}.0", "\n"),
    "quTAU": rows(lambda time, channel: f"{time};{channel}", "# Timestamps\n# channel 1..8\n"),
    "savetxt": rows(lambda time, channel: f"{time:.18e} {channel:.18e}"),
    "pandas": b",timestamp,channel\n" + b"".join(b"%d,%d,%d\n" % (at, *tag) for at, tag in enumerate(STREAM)),
    "Windows, quoted": rows(lambda time, channel: f'"{time}"\t"{channel}"\r', '"Time[ps]"\t"Channel"\r\n'),
    "named, with more": rows(lambda t, c: f"{c},{t},0,1", "Detector,Time Tag (ps),Overflow,Type\n"),
    "ns, and a voltage": rows(lambda t, c: f"{c},{t / 1000},0.{c + 1}", "channel,time (ns),level (V)\n"),
    "ns": rows(lambda time, channel: f"{time / 1000:.3f} {channel}", "% time (ns)  channel\n"),
    "seconds": rows(lambda time, channel: f"{channel},{time // 10**12}.{time % 10**12:012d}", "ch,t_s\n"),
    "seconds without a name": rows(lambda t, c: f"{c}\t{t // 10**12}.{t % 10**12:012d}"),
    "decimal comma": rows(lambda t, c: f"{t // 1000},{t % 1000:03d};{c}", "time in ns;channel\n"),
    "time base": rows(lambda time, channel: f"{channel} {time // 64}", "# timebase: 64 ps\n"),
    "PicoQuant's listing": rows(
        lambda time, channel: f"7 CHN {channel} {time // 4} {time:8.0f}\n8 OFL *  2",
        "Tag version: 1.0.00\n\nMeasDesc_Resolution     1.0E-12\n-----\nHydraHarp V2 T2 data\n"
        "\nrecord# chan timetag truetime/ps\n",
    ),
    "labels": rows(lambda time, channel: f"ch{channel};{time}", "input;time_ps\n"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_are_told_without_options(shape: str) -> None:
    source = found(SHAPES[shape])
    assert source.header.format == "text"
    for size in SIZES:
        assert tags(source, size) == STREAM


@pytest.mark.parametrize("shape", SHAPES)
def test_lines_may_end_with_returns_alone(shape: str) -> None:
    text = SHAPES[shape].replace(b"\r", b"").replace(b"\n", b"\r")
    for size in SIZES:
        assert tags(found(text), size) == STREAM
    torn = opened(Text(), text + b"19876", salvage=True)
    assert tags(torn) == STREAM
    assert [reason for _, reason in gaps(torn)] in (["truncated"], ["damaged"])


def test_numbers_like_seconds_are_read_with_the_option() -> None:
    assert tags(opened(Text(), b"time,channel\n1.5e-6,1\n2.5E-06,2\n3.5e-6,1\n", unit="s")) == [
        (1_500_000, 1),
        (2_500_000, 2),
        (3_500_000, 1),
    ]


def test_what_is_assumed_is_said() -> None:
    assert found(SHAPES["quTAU"]).header.about["unit"].startswith("1 ps (assumed")
    assert found(SHAPES["ns"]).header.about["unit"] == "1000 ps (as the file says)"
    assert found(SHAPES["quTAU"]).header.resolution_ps == 896_000_000
    assert tags(opened(Text(), b"1;1\n2;1\n4;2\n", unit="80.955")) == [(81, 1), (162, 1), (324, 2)]


@pytest.mark.parametrize(
    "above",
    [
        "# Time Tag (ns)\n",
        "# Channel Time Tag (ns)\n",
        "# all times in ns\n# channel time\n",
        "# Integration time (s): 10\n# Time stamps [ns], one a line\n",
        "channel,ns\n",
    ],
)
def test_a_unit_in_a_title_above_is_not_taken_for_picoseconds(above: str) -> None:
    source = found(rows(lambda time, channel: f"{channel} {time // 1000}", above))
    assert source.header.about["unit"] == "1000 ps (as the file says)"
    assert tags(source) == [(time // 1000 * 1000, channel) for time, channel in STREAM]


def test_titles_with_two_units_are_refused() -> None:
    data = rows(lambda time, channel: f"{channel} {time}", "# Time Tag (ps)\n# start time in s\n")
    with pytest.raises(DataError, match="times in ps, s stand above it: give option unit=ps"):
        found(data)


def test_latin_1_micro_is_a_unit() -> None:
    data = "Time (µs),Channel\n1.5,1\n2.25,2\n3.75,1\n".encode("latin-1")
    assert tags(found(data)) == [(1_500_000, 1), (2_250_000, 2), (3_750_000, 1)]


def test_times_since_1970_are_refused_with_the_reason() -> None:
    data = b"time_ns,channel\n" + b"".join(b"%d,1\n" % (1_700_000_000 * 10**9 + at * 977) for at in range(9))
    with pytest.raises(DataError, match=r"line 2: its times, in steps of 1000 ps, pass .* not from 1970"):
        found(data)


def test_a_label_that_comes_late_is_a_channel() -> None:
    data = b"".join(b"%d,%s\n" % (time, b"ab"[c : c + 1]) for time, c in STREAM)
    late = data + b"".join(b"%d,b\n" % (STREAM[-1][0] + 10**6 * at) for at in range(1, 9000))
    late += b"%d,herald\n" % (STREAM[-1][0] + 10**11)
    source = found(late)
    assert source.header.channels == {1: "a", 2: "b", 3: "herald"}
    assert tags(source)[-1] == (STREAM[-1][0] + 10**11, 3)


@settings(max_examples=40)
@given(streams([0, 1, 7], longest_ps=2**55), st.sampled_from([" ", "\t", ",", ";", ", "]))
def test_whole_numbers_are_exact_in_pieces_of_any_size(stream: list[Tag], separator: str) -> None:
    data = "".join(f"{channel}{separator}{time}\n" for time, channel in stream).encode()
    for size in SIZES:
        assert tags(opened(Text(), data, columns="channel,time", unit="ps"), size) == stream


@settings(max_examples=40)
@given(streams([0, 1], longest_ps=2**50), st.sampled_from([("ns", 3), ("us", 6), ("s", 12)]), st.booleans())
def test_decimals_are_exact_in_pieces_of_any_size(
    stream: list[Tag], unit: tuple[str, int], trimmed: bool
) -> None:
    name, places = unit
    times = [f"{time // 10**places}.{time % 10**places:0{places}d}" for time, _ in stream]
    times = [time.rstrip("0") if trimmed else time for time in times]
    data = "".join(f"{time} {channel}\n" for time, (_, channel) in zip(times, stream, strict=True)).encode()
    for size in SIZES:
        assert tags(opened(Text(), data, columns="time,channel", unit=name), size) == stream


@settings(max_examples=40)
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=30), st.lists(st.integers(0, 10**9), max_size=30))
def test_channels_side_by_side_are_merged(first: list[int], second: list[int]) -> None:
    left, right = (np.cumsum(steps).tolist() for steps in (first, second))
    cells = [
        (str(left[at]) if at < len(left) else "", str(right[at]) if at < len(right) else "")
        for at in range(max(len(left), len(right)))
    ]
    data = "signal,idler\n" + "".join(f"{one},{other}\n" for one, other in cells)
    expected = sorted([*((time, 1) for time in left), *((time, 2) for time in right)])
    for size in SIZES:
        source = opened(Text(), data.encode(), columns="time,time", unit="ps")
        assert tags(source, size) == expected
        assert source.header.channels == {1: "signal", 2: "idler"}


def test_columns_of_unequal_length_are_filled_by_nothing_or_zeros() -> None:
    left, right = list(range(1000, 400_000, 1000)), list(range(1500, 300_000, 900))
    both = sorted([*((time, 1) for time in left), *((time, 2) for time in right)])
    swapped = sorted([*((time, 1) for time in right), *((time, 2) for time in left)])
    for filler in ("", "0", "-1"):
        for separator in "\t,":
            for columns, expected in (((left, right), both), ((right, left), swapped)):
                rows_ = zip_longest(*columns, fillvalue=filler)
                data = "".join(f"{one}{separator}{other}\n" for one, other in rows_).encode()
                for size in SIZES:
                    source = opened(Text(), data, columns="time,time", unit="ns")
                    assert tags(source, size) == [(1000 * time, channel) for time, channel in expected]


def test_a_column_that_steps_back_is_refused_in_pieces_of_any_size() -> None:
    left = [at * 10**7 for at in range(1, 300)]
    cells = [(left[at] if at != 150 else 5 * 10**8, left[at] + 500) for at in range(299)]
    data = "".join(f"{one},{other}\n" for one, other in cells).encode()
    before = [(time + 500 * (ch - 1), ch) for time in left[:150] for ch in (1, 2)][:-1]
    for size in SIZES:
        with pytest.raises(DataError, match=r"row 150 steps back by 1000000000 ps in column 1 .* sort=yes"):
            tags(opened(Text(), data, columns="time,time", unit="ps"), size)
        kept = opened(Text(), data, columns="time,time", unit="ps", salvage=True)
        assert tags(kept, size) == before
    assert len(tags(opened(Text(), data, columns="time,time", unit="ps", sort="yes"))) == 598


def test_empty_and_negative_places_are_no_tags() -> None:
    lines = [
        "1821818207390494 1821818209645169 -666 -666",
        "1821818217390470 1821818219645174 -666 1821818219645194",
        "1821818227390492 1821818229645153 -666 -666",
        "1821818237390479 -666 -666 1821818239645186",
    ]
    source = found("\n".join(lines).encode())
    columns = [line.split() for line in lines]
    expected = [(int(row[at]), at + 1) for row in columns for at in range(4) if row[at] != "-666"]
    assert tags(source) == sorted(expected)


def test_clicks_after_reference_events() -> None:
    id900 = b"".join(b"%d;%d\n" % (at * at * 7919 % 1_000_003, at // 2) for at in range(5000, 9000))
    assert clicks(found(id900)) == sorted(
        (at // 2, at * at * 7919 % 1_000_003, 1) for at in range(5000, 9000)
    )
    table = b"nsync,channel,dtime [ns]\n10,1,3.5\n12,2,0.016\n12,1,9\n"
    source = found(table)
    assert clicks(source) == [(10, 3500, 1), (12, 16, 2), (12, 9000, 1)]
    assert source.header.kind == "indexed"
    listing = b"MeasDesc_Resolution   1.6E-11\n\nrecord# chan   nsync truetime/ns dtime\n"
    listing += b"".join(b"%d CHN 1 %d %8.0f %10d\n" % (at, at * 3, at * 37.5, 700 + at) for at in range(9))
    assert clicks(found(listing)) == [(at * 3, 16 * (700 + at), 1) for at in range(9)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"1.5 3\n2.5 4\n7.25 3\n", r"line 1: .* no unit: give option unit=ps"),
        (
            b"Time Diff;Count\n" + b"".join(b"0.%03d;%d\n" % (at, at % 3) for at in range(99)),
            "a table of Time",
        ),
        (b"nsync,ch,dtime\n1,0,7\n2,0,5\n2,1,9\n", "delays may be counts of any size: give option unit=ps"),
        (b"1 2 3 4\n9 1 7 2\n3 5 1 6\n8 2 2 2\n", r'line 1: .* columns="channel,time"'),
        (
            b"".join(b"%d %d\n" % (at, at % 2) for at in range(1000, 4000, 3)),
            "too many a second: give option unit=ps",
        ),
        (b"time,channel\n1.5e-6,1\n2.5E-06,2\n3.5e-6,1\n", "1.5e-6 looks like seconds.* --option unit=s "),
        (
            b'"1,234",1\n"2,234",2\n"3,900",1\n',
            '1: "1,234": numbers with separators .* save them without',
        ),
        (b"1,234,567;1\n1,234,890;2\n1,235,900;1\n", "; 1,234,567: numbers with separators"),
        (b"1'234'567 1\n1'234'890 2\n1'235'900 1\n", "; 1'234'567: numbers with separators"),
        (b"1 234 567;1\n1 234 890;2\n1 235 900;1\n", "; 1 234 567: numbers with separators"),
    ],
)
def test_what_cannot_be_told_names_the_option(text: bytes, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        found(text)


def test_options_that_do_not_fit_are_refused() -> None:
    data = SHAPES["quTAU"]
    for options, problem in (
        ({"columns": "time,color"}, "of time, channel"),
        ({"columns": "time,channel,-"}, "are 3, the rows have 2"),
        ({"unit": "parsec"}, 'unit "parsec"'),
        ({"sort": "maybe"}, 'sort "maybe"'),
        ({"tolerance": "-1"}, 'tolerance "-1"'),
    ):
        with pytest.raises(RequestError, match=problem):
            opened(Text(), data, **options)


def test_a_line_that_is_no_row_is_refused_or_ends_a_salvaged_text() -> None:
    lines = SHAPES["quTAU"].splitlines(keepends=True)
    broken = b"".join([*lines[:50], b"hello;1;2\n", *lines[50:]])
    with pytest.raises(DataError, match='damaged in line 51: "hello;1;2"'):
        tags(found(broken))
    kept = opened(Text(), broken, salvage=True)
    assert tags(kept) == STREAM[:48]
    assert gaps(kept) == [(STREAM[47][0] + 1, "damaged")]
    with pytest.raises(DataError, match=r"truncated at byte \d+, in line 201"):
        tags(found(b"".join(lines[:-1]) + b"19876"))


def test_a_number_that_is_cut_is_no_time() -> None:
    data = b"".join(b"%d %d.0\n" % (channel, time) for time, channel in STREAM)
    assert tags(found(data[:-3])) == STREAM
    with pytest.raises(DataError, match="in line 199: its number is cut"):
        tags(found(data[:-9]))
    assert tags(opened(Text(), data[:-9], salvage=True)) == STREAM[:-1]


def test_channels_one_after_the_other_are_sorted_on_request() -> None:
    data = b"".join(b"%d 1\n" % time for time, _ in STREAM) + b"".join(b"%d 2\n" % time for time, _ in STREAM)
    with pytest.raises(DataError, match="sort=yes"):
        tags(opened(Text(), data))
    assert tags(opened(Text(), data, sort="yes")) == [(time, ch) for time, _ in STREAM for ch in (1, 2)]
