# SPDX-License-Identifier: Apache-2.0
"""PicoQuant files, real and written here: known values, identical for blocks of any size, clear errors."""

import contextlib
import io
import os
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.errors import DataError, RequestError
from heraldlink.record.tag_files import open_tags
from heraldlink.tags.block import END_PS, Block, Gap, Header, TagSource
from heraldlink.tags.formats.detect import detect
from heraldlink.tags.formats.ptu_writer import PtuWriter

DATA = Path(os.environ.get("HERALDLINK_DATA", Path(__file__).parents[3] / "shared" / "data"))
ONE, T2, T3 = (
    f"hydraharp_{name}.ptu" for name in ("t2_1channel", "t2_antibunching_320MHz", "t3_antibunching_80MHz")
)
OLD = Path(__file__).parent / "data" / "libpicoquant"


def headers() -> list[bytes]:
    stream = io.BytesIO()
    with PtuWriter(stream, Header("", "times", 1.0)) as writer:
        writer.push(Block(np.array([10, 20]), np.array([0, 1], np.int16), END_PS))
    return [stream.getvalue(), *(path.read_bytes() for path in sorted(OLD.glob("*.ht?")))]


HEADERS = headers()


@pytest.fixture
def data() -> Path:
    if not DATA.is_dir() and os.environ.get("HERALDLINK_REQUIRE_DATA") != "1":
        pytest.skip(f"no recordings in {DATA}")
    return DATA


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A PTU file of 5 clicks, and an overflow record between the third and the fourth."""
    path = tmp_path / "five.ptu"
    with path.open("wb") as stream, PtuWriter(stream, Header("", "times", 1.0)) as writer:
        times = np.array([10, 20, 30, 2**25 + 40, 2**25 + 50])
        writer.push(Block(times, np.array([0, 1, 0, 1, 0], np.int16), END_PS))
    return path


def columns(source: TagSource, size: int) -> list[list[int]]:
    blocks = list(source.blocks(size))
    names = ("time_ps", "channel") if source.header.kind == "times" else ("index", "after_ps", "channel")
    return [np.concatenate([getattr(block, name) for block in blocks]).tolist() for name in names]


@pytest.mark.parametrize(
    ("name", "clicks", "overflows"),
    [
        (ONE, {0: 305_565}, 129_754),
        (T2, {0: 159_298, 1: 224_721}, 25_463),
        (T3, {0: 160_953, 1: 235_373}, 165_553),
    ],
)
def test_known_recordings(data: Path, name: str, clicks: dict[int, int], overflows: int) -> None:
    source = open_tags(data / name)
    found = columns(source, 1 << 20)
    assert Counter(found[-1]) == clicks
    assert (source.found["overflow_records"], source.found["steps_back"]) == (overflows, 0)
    assert source.found.get("beyond_period", 0) == 0
    assert columns(source, 4096) == columns(source, 10**7) == found


def test_blocks_of_one_and_of_seven(data: Path, tmp_path: Path) -> None:
    for name in (T2, T3):
        short = tmp_path / name
        short.write_bytes((data / name).read_bytes()[:12_000])
        source = open_tags(short, salvage=True)
        assert columns(source, 1) == columns(source, 7) == columns(source, 1 << 20)


def test_the_header_s_facts(data: Path, tmp_path: Path) -> None:
    odd = shutil.copy(data / T3, tmp_path / "recording.timeres")
    header = open_tags(odd).header
    assert (header.format, header.kind, header.resolution_ps) == ("PTU T3", "indexed", 16)
    assert header.reference_period_ps == pytest.approx(1e12 / 80_028_680)
    assert header.about["instrument"] == "HydraHarp 400"
    assert open_tags(data / ONE).header.acquisition_s == 5


def test_beginnings_of_older_files() -> None:
    with pytest.raises(DataError, match=r"v10\.ht2: truncated at byte 900: .* promises 52378636 .* 25 are"):
        open_tags(OLD / "v10.ht2")
    half_ps = open_tags(OLD / "v10.ht2", salvage=True)
    times, channels = columns(half_ps, 7)
    assert times[:3] == [12_588_053, 17_589_298, 22_719_012]
    assert (times[-1], channels[:4], channels[-1]) == (97_061_834, [1, 3, 3, 2], 0)
    syncs = columns(open_tags(OLD / "v20.ht2", salvage=True), 7)
    assert (syncs[0][:2], set(syncs[1])) == ([802_096, 1_803_154], {1000})
    index, after_ps, channel = columns(open_tags(OLD / "v10.ht3", salvage=True), 7)
    assert (index[:2], after_ps[:2], channel[:2]) == ([5425, 18_404], [81_920, 69_612], [0, 3])
    assert (index[-1], after_ps[-1], channel[-1], len(index)) == (976_849, 19_196, 2, 32)


def test_a_truncated_file_is_told_or_ends_with_a_gap(file: Path) -> None:
    content = file.read_bytes()
    for lost, kept in ((1, 4), (4, 4), (8, 3), (24, 0)):
        size = len(content) - lost
        file.write_bytes(content[:size])
        with pytest.raises(DataError, match=rf"five\.ptu: truncated at byte {size}: .* promises 6 records"):
            open_tags(file)
        blocks = list(open_tags(file, salvage=True).blocks())
        assert sum(block.channel.size for block in blocks) == kept
        (gap,) = [gap for block in blocks for gap in block.gaps]
        assert (gap.end_ps, gap.reason) == (END_PS, "truncated")
    assert gap.begin_ps == 1


def test_a_salvaged_gap_begins_behind_the_last_record(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-8])  # what is left ends with the overflow record
    *_, last = open_tags(file, salvage=True).blocks()
    assert last.gaps == (Gap(2**25 + 1, END_PS, "truncated"),)


@pytest.mark.parametrize("length", [6, 100, 700])
def test_a_file_that_ends_inside_its_header(file: Path, length: int) -> None:
    file.write_bytes(file.read_bytes()[:length])
    for salvage in (False, True):
        with pytest.raises(
            DataError, match=rf"five\.ptu: truncated or damaged inside its header.*byte {length}"
        ):
            open_tags(file, salvage)


def test_a_file_longer_than_promised(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content + b"\0\0\0")  # less than a record
    assert len(columns(open_tags(file), 9)[0]) == 5
    file.write_bytes(content + bytes(4))
    with pytest.raises(
        DataError, match=rf"end at byte {len(content)}, but it goes on to byte {len(content) + 4}"
    ):
        open_tags(file)
    (*_, last) = open_tags(file, salvage=True).blocks()
    assert [gap.reason for gap in last.gaps] == ["damaged"]


def test_a_record_of_no_instrument_is_told_with_its_byte(file: Path) -> None:
    content = file.read_bytes()
    at = len(content) - 12
    file.write_bytes(content[:at] + b"\0\0\0\xa0" + content[at + 4 :])
    with pytest.raises(DataError, match=rf"five\.ptu: damaged at byte {at}: record 0xa0000000"):
        list(open_tags(file).blocks())
    for size in (1, 7, 4096):
        blocks = list(open_tags(file, salvage=True).blocks(size))
        assert [time for block in blocks if isinstance(block, Block) for time in block.time_ps] == [
            10,
            20,
            30,
        ]
        assert blocks[-1].gaps == (Gap(31, END_PS, "damaged"),)


def entry_set(file: Path, entry: bytes, value: int) -> None:
    content = bytearray(file.read_bytes())
    at = content.index(entry) + 40
    content[at : at + 8] = value.to_bytes(8, "little", signed=True)
    file.write_bytes(content)


def test_records_of_an_unknown_kind(file: Path) -> None:
    entry_set(file, b"TTResultFormat_TTTRRecType", 0x12345)
    with pytest.raises(DataError, match="records are of kind 0x00012345"):
        open_tags(file)


@pytest.mark.parametrize("promised", [0, -1])
def test_a_header_that_was_never_finished_means_all_records(file: Path, promised: int) -> None:
    entry_set(file, b"TTResult_NumberOfRecords", promised)
    assert len(columns(open_tags(file), 9)[0]) == 5
    file.write_bytes(file.read_bytes()[:-2])
    with pytest.raises(DataError, match="truncated at byte"):
        open_tags(file)


def test_files_without_tags(tmp_path: Path) -> None:
    for content, message in [
        (b"", "empty: it ends at byte 0"),
        (b"PQHISTO\0" + bytes(900), r"no tags that can be read: by its byte 0 it is a histogram \(PHU\)"),
        (b"HydraHarp".ljust(16, b"\0") + b"1.0".ljust(884, b"\0"), "measurement mode is 0, a histogram"),
        (b"HydraHarp".ljust(16, b"\0") + b"9.9".ljust(884, b"\0"), r"'9\.9', as byte 16 says"),
        (b"TimeHarp 200".ljust(16, b"\0") + b"5.0\0\0\0", "truncated inside its header: it ends at byte 22"),
        (b"\x89PNG\r\n" + bytes(range(256)) * 9, "not a recording of a known format: byte 0 begins 89 50"),
    ]:
        path = tmp_path / "other.ptu"
        path.write_bytes(content)
        with pytest.raises(DataError, match=rf"other\.ptu: .*{message}"):
            open_tags(path)
    with pytest.raises(DataError, match=r"none\.ptu: there is no such file"):
        open_tags(tmp_path / "none.ptu")


@settings(max_examples=80)
@given(st.data(), st.booleans())
def test_a_damaged_header_is_told_or_does_no_harm(change: st.DataObject, salvage: bool) -> None:
    content = bytearray(change.draw(st.sampled_from(HEADERS)))
    for _ in range(change.draw(st.integers(1, 3))):
        at = change.draw(st.integers(0, len(content) - 1))
        content[at : at + 8] = change.draw(
            st.sampled_from([b"\xff", b"\xff" * 8, b"\0" * 4, b"\x80", b"\1" * 8])
        )
    size = change.draw(st.sampled_from([len(content), len(content) // 2, 16, 21]))
    stream = io.BytesIO(content[:size])
    with contextlib.suppress(DataError):
        chosen = detect(bytes(content[:size]), size)
        for block in chosen.open(stream, size, salvage, {}).blocks(1000):
            assert block.channel.size <= 1000


def test_options_and_formats_by_name(file: Path) -> None:
    assert open_tags(file, format="ptu").header.format == "PTU T2"
    with pytest.raises(RequestError, match="there is no format XYZ"):
        open_tags(file, format="XYZ")
    with pytest.raises(RequestError, match="PTU files have no option unit"):
        open_tags(file, unit="ns")
    with pytest.raises(RequestError, match="blocks of 0 tags"):
        open_tags(file).blocks(0)


def test_what_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no such file"):
        open_tags(tmp_path)
