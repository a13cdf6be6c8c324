# SPDX-License-Identifier: Apache-2.0
"""Raw recordings: bare records that numpy reads, with their meaning beside them, and without pyarrow."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from heraldlink.errors import DataError, RequestError
from heraldlink.record.raw_bin import RawTags, RawWriter
from heraldlink.record.repair import repair
from heraldlink.record.tag_files import open_tags
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock

HEADER = Header("test", "times", 1.0, channels={1: "c"}, delays_ps={1: -5})
LOST = Gap(40, 60, "overflow", 2)


def block(begin: int, end: int, gaps: tuple[Gap, ...] = ()) -> Block:
    time = np.arange(begin, end)
    return Block(time, (time % 3).astype(np.int16), end, gaps)


def written(path: Path) -> Path:
    with RawWriter(path, HEADER) as writer:
        writer.push(block(0, 40))
        writer.push(block(60, 90, (LOST,)))
    return path


def test_numpy_alone_reads_it(tmp_path: Path) -> None:
    path = written(tmp_path / "a.bin")
    told = json.loads((tmp_path / "a.json").read_text())
    records = np.fromfile(path, [tuple(item) for item in told["dtype"]])
    assert records["time_ps"].tolist() == [*range(40), *range(60, 90)]
    assert records["channel"].tolist() == [time % 3 for time in (*range(40), *range(60, 90))]
    assert told["recording"]["header"]["delays_ps"] == {"1": -5}


def test_it_is_opened_by_either_file(tmp_path: Path) -> None:
    path = written(tmp_path / "a.bin")
    for file in (path, path.with_suffix(".json")):
        source = open_tags(file)
        assert source.format.name == "raw"
        assert sum(item.channel.size for item in source.blocks(16)) == 70
    with path.open("ab") as stream:
        stream.truncate(690)
    with pytest.raises(DataError, match="not closed, or cut: 69 whole records"):
        open_tags(path)


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_it_comes_back_with_header_and_gaps(tmp_path: Path, size: int) -> None:
    source = RawTags(written(tmp_path / "a.bin"))
    blocks = list(source.blocks(size))
    assert [int(time) for item in blocks for time in item.time_ps] == [*range(40), *range(60, 90)]
    assert [gap for item in blocks for gap in item.gaps] == [LOST]
    assert (source.header.channels, source.header.tags) == ({1: "c"}, 70)
    assert blocks[-1].until_ps == END_PS


def test_indexed_tags_come_back(tmp_path: Path) -> None:
    given = IndexedBlock(np.array([3, 9, 1]), np.array([0, 0, 8]), np.array([1, 0, 1], np.int16), 9)
    with RawWriter(tmp_path / "a.bin", Header("test", "indexed", 1.0)) as writer:
        writer.push(given)
        with pytest.raises(RequestError, match="kind 'times' in a recording of kind 'indexed'"):
            writer.push(block(0, 1))
    (back,) = RawTags(tmp_path / "a.bin").blocks()
    assert (back.index.tolist(), back.after_ps.tolist(), back.channel.tolist()) == (
        [0, 0, 8],
        [3, 9, 1],
        [1, 0, 1],
    )


def test_it_is_repaired_wherever_it_is_cut(tmp_path: Path) -> None:
    whole = written(tmp_path / "a.bin").read_bytes()
    said = (tmp_path / "a.json").read_text().replace('"closed": true', '"closed": false')
    for size in (0, 1, 9, 10, 455, 699, 700):
        path = tmp_path / f"torn{size}.bin"
        path.write_bytes(whole[:size])
        path.with_suffix(".json").write_text(said)
        with pytest.raises(DataError, match=r"torn\d+\.bin: not closed, or cut"):
            RawTags(path)
        (found,) = repair(path)
        assert (found.tags, found.lost_bytes) == divmod(size, 10)
        assert "that it had not flushed are lost" in found.sentences[-1]
        back = list(RawTags(path).blocks())
        assert sum(item.channel.size for item in back) == size // 10
        assert back[-1].gaps[-1].reason == "truncated"
        assert repair(path)[0].sentences[0].endswith("nothing is lost")


def test_what_is_missing_or_foreign_is_told(tmp_path: Path) -> None:
    path = written(tmp_path / "a.bin")
    with pytest.raises(DataError, match="nothing is overwritten"):
        RawWriter(path, HEADER)
    said = path.with_suffix(".json").read_text()
    for wrong, told in (
        (said.replace("<i8", ">i8"), "dtype"),
        ("{", "not the description"),
        ("{}", "not the desc"),
    ):
        path.with_suffix(".json").write_text(wrong)
        with pytest.raises(DataError, match=told):
            RawTags(path)
    path.with_suffix(".json").unlink()
    with pytest.raises(DataError, match=r"a\.json: cannot be read .* it says what is in a\.bin"):
        RawTags(path)
    path.unlink()


def test_it_needs_no_pyarrow(tmp_path: Path) -> None:
    code = f"""
import sys
sys.modules["pyarrow"] = None
import numpy as np
from pathlib import Path
from heraldlink.record.raw_bin import RawTags, RawWriter
from heraldlink.tags.block import Block, Header
with RawWriter(Path({str(tmp_path / "a.bin")!r}), Header("test", "times", 1.0)) as writer:
    writer.push(Block(np.arange(5), np.zeros(5, np.int16), 5))
print(sum(block.channel.size for block in RawTags(Path({str(tmp_path / "a.bin")!r})).blocks()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == ["5"]
