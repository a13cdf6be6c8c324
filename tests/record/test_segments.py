# SPDX-License-Identifier: Apache-2.0
"""Segments: what was flushed is read back whatever ends the writer; what is lost is told."""

import io
import itertools
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.cli.main import execute
from heraldlink.errors import DataError, RequestError
from heraldlink.record.parts import Parts
from heraldlink.record.raw_bin import RawWriter
from heraldlink.record.repair import repair
from heraldlink.record.rolling import RollingWriter, roll
from heraldlink.record.segment import SegmentWriter
from heraldlink.record.tag_files import open_tags
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock, TagSource
from heraldlink.tags.formats.parquet import ParquetWriter
from heraldlink.tags.formats.segment import SegmentReader, SegmentTags

HEADER = Header("test", "times", 1.0, channels={0: "c"}, delays_ps={0: 120})


def tags_between(begin: int, end: int, gaps: tuple[Gap, ...] = ()) -> Block:
    """One tag every 10 ps, on channels 0 to 3 in turn."""
    time = np.arange(begin, end, 10)
    return Block(time, (time // 10 % 4).astype(np.int16), end, gaps)


def times(source: TagSource, size: int = 1 << 20) -> list[int]:
    return [int(time) for block in source.blocks(size) for time in block.time_ps]


def gaps(source: TagSource) -> list[Gap]:
    return [gap for block in source.blocks() for gap in block.gaps]


def written(path: Path, blocks: Iterable[Block | IndexedBlock], header: Header = HEADER) -> Path:
    with SegmentWriter(path, header, flush_tags=1) as writer:
        for block in blocks:
            writer.push(block)
    return path


def test_a_closed_segment_comes_back_with_header_and_gaps(tmp_path: Path) -> None:
    lost = Gap(100, 150, "overflow", 4)
    path = written(tmp_path / "a.arrows", [tags_between(0, 100), tags_between(150, 300, (lost,))])
    source = open_tags(path)
    assert (source.format.name, source.header.delays_ps) == ("segment", {0: 120})
    for size in (1, 7, 4096):
        assert times(source, size) == [*range(0, 100, 10), *range(150, 300, 10)]
    assert gaps(source) == [lost]
    assert list(source.blocks(4))[-1].until_ps == END_PS
    with pa.ipc.open_stream(path) as others:
        assert others.read_all().num_rows == 25


def test_it_is_torn_at_every_byte_of_its_last_block(tmp_path: Path) -> None:
    path = written(tmp_path / "a.arrows", [tags_between(0, 100), tags_between(100, 200)])
    data = path.read_bytes()
    with path.open("rb") as stream:
        reader = SegmentReader(stream)
        assert reader.next() is not None
        begin = stream.tell()
        assert reader.next() is not None
        end = stream.tell()
    assert end == len(data) - 8
    for size in range(begin, end):
        torn = tmp_path / f"torn{size}.arrows"
        torn.write_bytes(data[:size])
        (found,) = repair(torn)
        assert (found.tags, found.blocks, found.until, found.closed) == (10, 1, 100, False)
        assert found.lost_bytes == size - begin
        assert found.lost_tags in ((None, 10) if size > begin else (None,))
        (block,) = open_tags(found.written).blocks()
        assert block.time_ps.tolist() == list(range(0, 100, 10))
        assert [(gap.begin_ps, gap.end_ps, gap.reason) for gap in block.gaps] == [(100, END_PS, "truncated")]
        assert (tmp_path / f"torn{size}.arrows.torn").exists() == (size > begin)
        told = " ".join(found.sentences)
        assert json.loads(json.dumps(found.summary()))["told"] == list(found.sentences)
        assert "10 tags (blocks: 1) are kept" in told
        assert "tags from 100 ps on that it had not flushed are lost" in told
        assert (f"lost: {size - begin} bytes of a torn block" in told) == (size > begin)


def test_zeros_and_flipped_bits_are_not_taken_for_tags(tmp_path: Path) -> None:
    path = written(tmp_path / "a.arrows", [tags_between(0, 100), tags_between(100, 200)])
    data = path.read_bytes()
    for place, mask in itertools.product(range(len(data) - 8), (0x01, 0x11, 0x80)):
        damaged = bytearray(data)
        damaged[place] ^= mask
        try:
            found = times(SegmentTags(io.BytesIO(bytes(damaged)), salvage=True))
        except DataError:
            continue
        assert found in ([], list(range(0, 100, 10)), list(range(0, 200, 10)))
    source = SegmentTags(io.BytesIO(data[:-8] + bytes(4096)), salvage=True)
    assert gaps(source) == [Gap(200, END_PS, "damaged")]
    with pytest.raises(DataError, match=rf"damaged at byte {len(data) - 8} .* `heraldlink tags repair`"):
        times(SegmentTags(io.BytesIO(data[:-8] + bytes(4096))))


def test_an_unclosed_segment_is_an_error_unless_it_is_to_be_salvaged(tmp_path: Path) -> None:
    path = written(tmp_path / "a.arrows", [tags_between(0, 100)])
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(DataError, match=r"a\.arrows: not closed: .* whole up to byte"):
        times(open_tags(path))
    assert times(open_tags(path, salvage=True)) == list(range(0, 100, 10))
    with pytest.raises(DataError, match="not closed"):
        roll(path)
    assert path.exists()
    assert [item.name for item in tmp_path.iterdir()] == ["a.arrows"]


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(-(2**60), 2**60), st.integers(0, 3)), max_size=40),
    st.integers(1, 9),
    st.integers(1, 12),
)
def test_indexed_tags_come_back_however_they_are_cut(
    tmp_path_factory: pytest.TempPathFactory, tags: list[tuple[int, int, int]], cut: int, flush: int
) -> None:
    header = Header("test", "indexed", 1.0)
    index, after, channel = (
        (np.array(column, np.int64) for column in zip(*sorted(tags), strict=True))
        if tags
        else [np.empty(0, np.int64)] * 3
    )
    path = tmp_path_factory.mktemp("s") / "a.arrows"
    with SegmentWriter(path, header, flush_tags=flush) as writer:
        for begin in range(0, len(tags), cut):
            here = slice(begin, begin + cut)
            writer.push(
                IndexedBlock(after[here], index[here], channel[here].astype(np.int16), int(index[here][-1]))
            )
    roll(path)
    blocks = list(open_tags(path.with_suffix(".parquet")).blocks(3))
    np.testing.assert_array_equal(np.concatenate([block.index for block in blocks]), index)
    np.testing.assert_array_equal(np.concatenate([block.after_ps for block in blocks]), after)
    np.testing.assert_array_equal(np.concatenate([block.channel for block in blocks]), channel)


def test_a_reader_follows_a_segment_that_grows(tmp_path: Path) -> None:
    path = tmp_path / "a.arrows"
    writer = SegmentWriter(path, HEADER, flush_s=1e9)
    with path.open("rb") as stream:
        reader = SegmentReader(stream)
        assert reader.next() is None
        writer.push(tags_between(0, 50))
        assert reader.next() is None
        writer.flush()
        block = reader.next()
        assert block is not None
        assert (block.until_ps, block.channel.size) == (50, 5)
        with pytest.raises(RequestError, match="a process still writes it"):
            repair(path)
        writer.close()
        assert reader.next() is None
        assert reader.closed


WRITER = """
import sys
from pathlib import Path
from test_segments import HEADER, tags_between
from heraldlink.record.rolling import RollingWriter

writer = RollingWriter(Path(sys.argv[1]), "run", HEADER, roll_tags=2_000, flush_s=1e9)
for number in range(1, 1_000_000):
    writer.push(tags_between(number * 1_000, (number + 1) * 1_000))
    if number % 3 == 0:
        writer.flush()
        print(number, flush=True)
"""


def test_after_sigkill_all_but_the_unflushed_block_is_there_and_the_loss_is_told(tmp_path: Path) -> None:
    here = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": here},
    ) as process:
        assert process.stdout is not None
        flushed = 0
        while flushed < 100:
            flushed = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
        flushed = int(([flushed, *process.stdout.read().split()])[-1])
        assert process.wait() == -signal.SIGKILL
    before = sorted(path.name for path in tmp_path.iterdir())
    told = [sentence for found in repair(tmp_path) for sentence in found.sentences]
    source = Parts(tmp_path, "run")
    kept = times(source)
    assert kept == list(range(1_000, kept[-1] + 10, 10)), "no tag is missing between others"
    assert flushed <= kept[-1] // 1_000 < flushed + 3 + 20, before
    assert not list(tmp_path.glob("*.arrows"))
    assert [gap.reason for gap in gaps(source)] in ([], ["truncated"])
    if any(name.endswith(".arrows") for name in before):
        assert told, before


def test_a_disk_that_is_full_costs_nothing_that_was_flushed(tmp_path: Path) -> None:
    path = tmp_path / "a.arrows"
    writer = SegmentWriter(path, HEADER, flush_tags=1)
    writer.push(tags_between(0, 1_000))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100, hard))
        with pytest.raises(DataError, match=r"a\.arrows: cannot be written after byte \d+ .*flush again"):
            writer.push(tags_between(1_000, 2_000))
        assert times(SegmentTags(path.open("rb"), salvage=True)) == list(range(0, 1_000, 10))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    writer.push(tags_between(2_000, 3_000))
    writer.close()
    assert times(open_tags(path)) == list(range(0, 3_000, 10))


def test_a_writer_that_is_interrupted_while_it_waits_for_the_disk_writes_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_handle: int) -> None:
        monkeypatch.undo()
        raise KeyboardInterrupt

    writer = SegmentWriter(tmp_path / "a.arrows", HEADER)
    writer.push(tags_between(0, 1_000))
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        writer.flush()
    writer.break_off()
    (found,) = repair(tmp_path / "a.arrows")
    assert (found.tags, found.lost_bytes) == (100, 0)


def test_a_long_recording_is_a_row_of_parquet_files(tmp_path: Path) -> None:
    lost = Gap(2_000, 2_500, "dropped", 7)
    with RollingWriter(tmp_path, "night", HEADER, roll_tags=100) as writer:
        for number in range(5):
            writer.push(
                tags_between(number * 1_000 + 500, (number + 1) * 1_000, (lost,) if number == 2 else ())
            )
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"night-{number:06d}.parquet" for number in (1, 2, 3)
    ]
    source = Parts(tmp_path, "night")
    assert source.header.tags == 250
    assert times(source, 7) == [
        time for number in range(5) for time in range(number * 1_000 + 500, (number + 1) * 1_000, 10)
    ]
    assert gaps(source) == [lost]
    ends = [block.until_ps for block in source.blocks(7)]
    assert ends == sorted(ends)
    assert ends.count(END_PS) == 1
    with pytest.raises(DataError, match="exists already; a recording is never overwritten"):
        RollingWriter(tmp_path, "night", HEADER)
    (tmp_path / "night-000002.parquet").unlink()
    with pytest.raises(DataError, match="part 000002 of night is missing"):
        Parts(tmp_path, "night")
    with pytest.raises(DataError, match="holds no recording day"):
        Parts(tmp_path, "day")


@pytest.mark.parametrize("kind", ["segment", "rolling", "raw"])
def test_a_recording_that_an_error_breaks_off_is_not_taken_for_whole(tmp_path: Path, kind: str) -> None:
    path = tmp_path / {"segment": "a.arrows", "rolling": "a-000001.arrows", "raw": "a.bin"}[kind]
    writer = {
        "segment": lambda: SegmentWriter(path, HEADER),
        "rolling": lambda: RollingWriter(tmp_path, "a", HEADER),
        "raw": lambda: RawWriter(path, HEADER),
    }[kind]()
    writer.push(tags_between(0, 100))
    with pytest.raises(RequestError, match="steps back"), writer:
        writer.push(Block(np.array([300, 200]), np.zeros(2, np.int16), 300))
    with pytest.raises(DataError, match="not closed"):
        list(open_tags(path).blocks())
    whole = open_tags(path, salvage=True)
    assert times(whole) == list(range(0, 100, 10))
    assert [gap.reason for gap in gaps(whole)] == ["truncated"]


def test_a_recording_goes_on_where_a_part_cannot_be_rolled(tmp_path: Path) -> None:
    with RollingWriter(tmp_path, "run", HEADER, roll_tags=10) as writer:
        obstacle = tmp_path / "run-000001.parquet"
        obstacle.write_bytes(b"of somebody else")
        with pytest.raises(DataError, match="exists already"):
            writer.push(tags_between(0, 100))
        obstacle.unlink()
        writer.push(tags_between(100, 200))
    names = [path.name for path in sorted(tmp_path.iterdir())]
    assert names == ["run-000001.arrows", "run-000002.parquet", "run-000003.parquet"]
    assert times(Parts(tmp_path, "run")) == list(range(0, 200, 10))


def test_a_segment_that_was_rolled_but_not_removed_is_only_removed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.arrows", [tags_between(0, 100)])
    data = path.read_bytes()
    roll(path)
    path.write_bytes(data)
    (tmp_path / "a.parquet.123.partial").write_bytes(b"PAR1")
    (found,) = repair(tmp_path)
    assert found.sentences == ("a.arrows: 10 tags (blocks: 1) are kept in a.parquet; nothing is lost",)
    assert [item.name for item in tmp_path.iterdir()] == ["a.parquet"]
    more = written(tmp_path / "a.arrows", [tags_between(0, 200)])
    with pytest.raises(DataError, match=r"a\.parquet: exists already, and holds 10 of 20 tags"):
        repair(more)


def test_a_segment_beside_another_recording_of_its_name_is_kept(tmp_path: Path) -> None:
    path = written(tmp_path / "a.arrows", [tags_between(0, 1_000)])
    with (tmp_path / "a.parquet").open("wb") as stream, ParquetWriter(stream, HEADER) as writer:
        writer.push(tags_between(5, 10_005))
    with pytest.raises(DataError, match=r"a\.parquet: exists already, and holds other tags: move it away"):
        repair(path)
    assert times(open_tags(path)) == list(range(0, 1_000, 10))


def test_what_was_torn_before_is_not_overwritten(tmp_path: Path) -> None:
    path, before = written(tmp_path / "a.arrows", [tags_between(0, 1_000)]), tmp_path / "a.arrows.torn"
    os.truncate(path, path.stat().st_size - 20)
    before.write_bytes(b"of another night")
    with pytest.raises(DataError, match=r"a\.arrows\.torn: exists already: move it away"):
        repair(path)
    assert before.read_bytes() == b"of another night"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.arrows", "a.arrows.torn"]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\xff\xff\xff\xff\x10\0\0\0" + bytes(16)])
def test_what_is_no_segment_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.arrows"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a\.arrows: byte 0: not the beginning of a segment"):
        repair(path)
    assert path.read_bytes() == content
    other = tmp_path / "a.ptu"
    other.write_bytes(content)
    with pytest.raises(RequestError, match="only segments"):
        repair(other)
    with pytest.raises(DataError, match="there is no such file"):
        repair(tmp_path / "none")


def test_what_is_not_ours_in_a_folder_is_left_as_it_is_and_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pa.OSFile(str(tmp_path / "a.arrows"), "wb") as file, pa.ipc.new_stream(file, pa.schema([])):
        pass
    (tmp_path / "b.arrows").mkdir()
    dead = written(tmp_path / "m.arrows", [tags_between(0, 100)])
    dead.write_bytes(dead.read_bytes()[:-8])
    (tmp_path / "n.bin").write_bytes(bytes(16))
    (tmp_path / "n.json").write_text("{}")
    before = [(tmp_path / name).read_bytes() for name in ("a.arrows", "n.bin", "n.json")]
    assert execute(["tags", "repair", str(tmp_path)]) == 2
    out, err = capsys.readouterr()
    assert "m.arrows: 10 tags (blocks: 1) are kept in m.parquet" in out
    for told in ("a.arrows: left as it is (byte 0: not the beginning", "n.bin: left as it is"):
        assert told in err
    assert len(err.splitlines()) == 2
    assert [(tmp_path / name).read_bytes() for name in ("a.arrows", "n.bin", "n.json")] == before
    assert execute(["tags", "repair", str(tmp_path), "--json"]) == 2
    again = json.loads(capsys.readouterr().out)
    assert [len(again[name]) for name in ("repaired", "skipped")] == [0, 2]
    assert execute(["tags", "repair", str(tmp_path / "m.arrows")]) == 2  # gone: it is rolled


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = written(tmp_path / "a.arrows", [tags_between(0, 100)])
    with pytest.raises(DataError, match="nothing is overwritten"):
        SegmentWriter(path, HEADER)
