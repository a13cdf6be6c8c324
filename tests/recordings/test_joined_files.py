# SPDX-License-Identifier: Apache-2.0
"""Inputs of one recording, each in its file: joined they are the recording."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_recordings import HEADER, Arrays, stream

from heraldlink import recordings
from heraldlink.cli.main import execute
from heraldlink.errors import RequestError
from heraldlink.recordings.file_channels import by_channel
from heraldlink.recordings.merged import Merged
from heraldlink.recordings.source import open_recording
from heraldlink.tags.block import END_PS, Gap, Header, IndexedBlock
from heraldlink.tags.formats.parquet import ParquetWriter
from heraldlink.tags.formats.stored import IndexedPiece, StoredIndexed

Click = tuple[int, int, int]
INDEXED = Header("test", "indexed", 1.0)


def numbers(clicks: list[Click]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    index, after, channel = np.array(clicks, np.int64).reshape(-1, 3).T
    return after, index, channel.astype(np.int16)


def made(seed: int = 2, count: int = 4000) -> list[Click]:
    random = np.random.default_rng(seed)
    index, after = random.integers(0, 3 * count, count), random.integers(0, 40, count) * 25
    return sorted(zip(index.tolist(), after.tolist(), random.integers(1, 3, count).tolist(), strict=True))


def saved(folder: Path, clicks: list[Click]) -> None:
    """As the ID900 saves them, and as one recording."""
    for channel, name in ((1, "a"), (2, "b")):
        pairs = [(after, index) for index, after, each in clicks if each == channel]
        np.array(pairs, "<u8").tofile(folder / f"{name}.bin")
    with (folder / "one.parquet").open("w+b") as file:
        writer = ParquetWriter(file, INDEXED)
        after, index, channel = numbers(clicks)
        writer.push(IndexedBlock(after, index, channel, END_PS))
        writer.close()


def tags(*arguments: str | Path) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = execute(["tags", *map(str, arguments)])
    return code, out.getvalue(), err.getvalue()


def test_two_inputs_of_an_id900_are_the_recording_that_held_both(tmp_path: Path) -> None:
    clicks = made()
    saved(tmp_path, clicks)
    files = [tmp_path / "b.bin", tmp_path / "a.bin"]
    for size in (7, 4096, 1 << 20):
        joined = list(recordings.open_recording(*files, file_channels=(2, 1)).blocks(size))
        arrays = [np.concatenate([getattr(each, name) for each in joined]) for name in
                  ("index", "after_ps", "channel")]  # fmt: skip
        assert list(zip(*(each.tolist() for each in arrays), strict=True)) == clicks
    asked = ("--gates", "0:500", "--detectors", "1,2", "--json")
    code, out, err = tags("heralds", *files, "--file-channels", "2,1", *asked)
    assert code == 0, err
    one = json.loads(tags("heralds", tmp_path / "one.parquet", *asked)[1])
    assert json.loads(out) | {"file": ""} == one | {"file": ""}
    assert one["heralds"] > 500
    code, _, err = tags("convert", *files, "--file-channels", "2,1", "--output", tmp_path / "joined.parquet")
    assert code == 0, err
    copies = [recordings.info(tmp_path / f"{name}.parquet").singles.clicks for name in ("one", "joined")]
    assert copies[0] == copies[1]


def test_one_file_is_given_its_channel(tmp_path: Path) -> None:
    np.arange(1, 100, dtype="<u8").tofile(tmp_path / "a.bin")
    opened = recordings.open_recording(tmp_path / "a.bin", file_channels=[4])
    assert opened.header.channels == {4: "input 4"}
    assert recordings.info(opened).singles.clicks == {4: 99}


indexed = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 50)), max_size=30).map(sorted)
edges = st.lists(st.integers(0, 40), max_size=4)


@settings(deadline=None, max_examples=60)
@given(st.lists(indexed, min_size=2, max_size=3), st.integers(1, 8), edges)
def test_joined_inputs_are_in_order_and_whole(
    parts: list[list[tuple[int, int]]], size: int, ends: list[int]
) -> None:
    places = sorted(set(ends))
    gaps = list(zip(places[::2], places[1::2], strict=False))
    parts[0] = [(i, t) for i, t in parts[0] if not any(begin <= i < end for begin, end in gaps)]
    sources = [source(part, gaps if place == 0 else []) for place, part in enumerate(parts)]
    seen, over, until = list[Click](), list[tuple[int, int]](), -1
    for block in Merged(by_channel("abc"[: len(parts)], sources, range(len(parts))), True).blocks(size):
        assert isinstance(block, IndexedBlock)
        if block.index.size:
            assert until <= block.index[0]
        until = block.until_index
        seen += zip(block.index.tolist(), block.after_ps.tolist(), block.channel.tolist(), strict=True)
        over += [(gap.begin_ps, gap.end_ps) for gap in block.gaps]
    assert until == END_PS
    assert seen == sorted((i, t, channel) for channel, part in enumerate(parts) for i, t in part)
    assert over == gaps


def source(clicks: list[tuple[int, int]], gaps: list[tuple[int, int]]) -> StoredIndexed:
    after, index, channel = numbers([(i, t, 9) for i, t in clicks])
    lost = tuple(Gap(begin, end, "overflow") for begin, end in gaps)

    def pieces(size: int):
        for start in range(0, max(1, index.size), size):
            here = slice(start, start + size)
            last = start + size >= index.size
            yield IndexedPiece(after[here], index[here], channel[here], lost if last else ())

    return StoredIndexed(INDEXED, pieces)


def test_what_does_not_join_is_told_with_the_remedy(tmp_path: Path) -> None:
    saved(tmp_path, made(count=200))
    both, one = ["a.bin", "b.bin"], tmp_path / "one.parquet"
    files = [tmp_path / each for each in both]
    for arguments, told in (
        ((*files,), "--file-channels 1,2"),
        ((*files, "--file-channels", "1"), "one channel for each file, 2 here"),
        ((*files, "--file-channels", "1,1"), "each file is another channel"),
        ((*files, "--file-channels", "1,70000"), "16-bit"),
        ((files[0], one, "--file-channels", "1,2"), "one.parquet: holds channels 1, 2"),
    ):
        code, _, err = tags("heralds", *arguments, "--gates", "0:500", "--detectors", "1,2")
        assert (code, told in err) == (2, True), err
    code, _, err = tags("convert", *files, "--file-channels", "1,2")
    assert (code, "--output" in err) == (2, True), err
    other = Header("test", "indexed", 1.0, reference_period_ps=5.0)
    with pytest.raises(RequestError, match="no common axis"):
        Merged([stream((0, [1])), StoredIndexed(INDEXED, lambda _: iter(()))], True)
    with pytest.raises(RequestError, match="not one recording"):
        Merged([StoredIndexed(header, lambda _: iter(())) for header in (INDEXED, other)], True)


def test_a_file_is_not_counted_twice(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("time_ps,channel\n1,0\n5,1\n")
    with pytest.raises(RequestError, match=r"one\.csv was given 2 times"):
        open_recording(path, tmp_path / ".." / tmp_path.name / "one.csv")


def test_stored_delays_of_every_file_count(tmp_path: Path) -> None:
    for channel in (1, 2):
        delays = Header("test", "times", 1.0, delays_ps={channel: 100 * channel})
        made_here = stream((channel, [1000 + 100 * channel]))
        recordings.convert(
            Arrays(made_here.time_ps, made_here.channel, header=delays), tmp_path / f"{channel}.parquet"
        )
    opened = recordings.open_recording(tmp_path / "1.parquet", tmp_path / "2.parquet")
    times = [time for block in opened.blocks() for time in block.time_ps.tolist()]  # type: ignore[union-attr]
    assert times == [1000, 1000]
    assert not HEADER.delays_ps


def test_a_channel_of_two_files_that_shows_late_is_refused(tmp_path: Path) -> None:
    many = np.arange((1 << 20) + 5) * 10
    recordings.convert(stream((1, many), (2, [int(many[-1]) + 7])), tmp_path / "a.parquet")
    recordings.convert(stream((2, [3, 33])), tmp_path / "b.parquet")
    files = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    with pytest.raises(RequestError, match=r"channel 2 has tags in .*b\.parquet and in .*a\.parquet.* 2=102"):
        recordings.rates(files)
    again = tmp_path / "c.parquet"
    again.write_bytes(files[1].read_bytes())
    both = (files[1:], [files[1], again])
    first = [recordings.rates(recordings.open_recording(*each)) for each in both]
    assert [list(found.table.channels) for found in first] == [[2], [2, 102]]


def test_a_file_of_one_input_keeps_the_delay_of_that_input() -> None:
    def opened(names: dict[int, str]) -> dict[int, int]:
        header = Header("test", "times", 1.0, channels=names, delays_ps={1: 100, 2: 300})
        (source,) = by_channel(["a"], [Arrays(np.array([5]), np.array([2], np.int16), header=header)], [7])
        return dict(source.header.delays_ps)

    assert opened({2: "late"}) == {7: 300}
    with pytest.raises(RequestError, match="a: holds channels 1, 2"):
        opened({})
