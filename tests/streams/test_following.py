# SPDX-License-Identifier: Apache-2.0
"""Files read while they are written give, in the end, what reading the whole file gives."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Thread

import numpy as np
import pytest
from live_rig import Reading, wait_for

from heraldlink.errors import DataError, RequestError
from heraldlink.record.raw_bin import RawWriter
from heraldlink.record.rolling import roll
from heraldlink.record.segment import SegmentWriter
from heraldlink.record.tag_files import open_tags
from heraldlink.streams.following import follow
from heraldlink.streams.growth import Growth
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock
from heraldlink.tags.description import joined
from heraldlink.tags.formats.ptu_writer import PtuWriter

TIMES = Header("test", "times", 1.0, channels={1: "c", 2: "d"})
INDEXED = Header("test", "indexed", 1.0)
OVERFLOW = Gap(2_100_000, 2_200_000, "overflow", 9)


def block(number, gaps=()):
    """100 tags in [number, number + 1) us."""
    time_ps = number * 1_000_000 + np.arange(100, dtype=np.int64) * 9_000
    kept = ~((time_ps >= 2_100_000) & (time_ps < 2_200_000)) if gaps else np.ones(100, bool)
    channel = np.where(np.arange(100) % 3, 1, 2).astype(np.int16)
    return Block(time_ps[kept], channel[kept], (number + 1) * 1_000_000, gaps)


def indexed(number):
    index = np.arange(number * 50, number * 50 + 50, dtype=np.int64)
    return IndexedBlock(index * 0 + 7, index, np.ones(50, np.int16), number * 50 + 50)


def same(found, path):
    whole = joined(list(open_tags(path).blocks()))
    for name in whole.__slots__:
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))


def test_a_segment_is_read_as_it_is_flushed(tmp_path):
    path = tmp_path / "tags.arrows"
    with SegmentWriter(path, TIMES) as writer:
        found = Reading(follow(path))
        tags = 0
        for number in range(4):
            writer.push(block(number, (OVERFLOW,) if number == 2 else ()))
            writer.flush()
            tags = writer.tags
            wait_for(lambda tags=tags: found.tags() == tags)
    same(found.ended(), path)
    assert found.ended().gaps == (OVERFLOW,)


@pytest.mark.parametrize("kind", ["times", "indexed"])
def test_raw_tags_are_read_as_they_are_written(tmp_path, kind):
    path = tmp_path / "tags.bin"
    with RawWriter(path, TIMES if kind == "times" else INDEXED) as writer:
        found = Reading(follow(path))
        for number in range(4):
            gaps = (OVERFLOW,) if number == 2 else ()
            writer.push(block(number, gaps) if kind == "times" else indexed(number))
            wait_for(lambda: found.tags() == writer.tags)
    same(found.ended(), path)


def test_a_ptu_file_is_read_until_its_header_says_that_it_is_whole(tmp_path):
    path = tmp_path / "tags.ptu"
    with path.open("w+b", buffering=0) as stream, PtuWriter(stream, TIMES) as writer:
        writer.push(block(0))
        found = Reading(follow(path))
        wait_for(lambda: found.tags() > 50)  # the last 200 ns wait for what may step back
        writer.push(block(1))
        wait_for(lambda: found.tags() > 150)
    same(found.ended(), path)


@pytest.mark.parametrize("layout", ["times", "pairs"])
def test_an_id900_file_ends_when_it_is_idle(tmp_path, layout):
    path = tmp_path / "timestamps_C1.bin"
    numbers = np.arange(0, 5_000_000, 1_000_000, dtype="<u8")
    if layout == "pairs":
        numbers = np.stack((numbers * 0 + 7, np.arange(5, dtype="<u8")), axis=1)
    with path.open("wb", buffering=0) as stream:
        stream.write(numbers.tobytes())
        found = Reading(follow(path, idle_s=1.0))
        more = numbers[-1] + (numbers - numbers[0])
        stream.write(more.tobytes()[:-3])
        stream.write(more.tobytes()[-3:])
    same(found.ended(), path)


def test_a_file_that_is_stopped_ends_with_a_gap(tmp_path):
    with SegmentWriter(tmp_path / "tags.arrows", TIMES) as writer:
        writer.push(block(0))
        writer.flush()
        found = Reading(follow(tmp_path / "tags.arrows"))
        wait_for(lambda: found.tags() == 100)
        found.source.stop()
        assert found.ended().gaps == (Gap(1_000_000, END_PS, "truncated"),)


WRITER = """
import sys, numpy as np
from pathlib import Path
from heraldlink.record.segment import SegmentWriter
from heraldlink.tags.block import Block, Header
writer = SegmentWriter(Path(sys.argv[1]), Header("test", "times", 1.0))
writer.push(Block(np.arange(100), np.zeros(100, np.int16), 100))
writer.flush()
print("flushed", flush=True)
sys.stdin.read()
"""


def test_a_file_whose_writer_was_killed_ends_with_a_gap(tmp_path):
    path = tmp_path / "tags.arrows"
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ) as writer:
        assert writer.stdout.readline() == b"flushed\n"
        found = Reading(follow(path))
        wait_for(lambda: found.tags() == 100)
        writer.send_signal(signal.SIGKILL)
    assert found.ended().gaps == (Gap(100, END_PS, "truncated"),)
    late = Reading(follow(path))  # which never saw the writer
    assert late.ended().gaps == found.ended().gaps


def test_nobody_writes_a_file_any_more_that_was_rolled_and_removed(tmp_path):
    path = tmp_path / "tags.arrows"
    writer = SegmentWriter(path, TIMES)
    growth = Growth(path, locks=True)
    assert not growth.over()
    writer.close()
    roll(path)
    assert growth.over()


def test_a_ptu_file_that_is_idle_before_its_header_says_that_it_is_whole_ends_with_a_gap(tmp_path):
    path = tmp_path / "tags.ptu"
    with path.open("w+b", buffering=0) as stream, PtuWriter(stream, TIMES) as writer:
        writer.push(block(0))
        found = Reading(follow(path, idle_s=0.1)).ended()
    assert (found.time_ps.tolist(), found.gaps) == (
        block(0).time_ps.tolist(),
        (Gap(int(block(0).time_ps[-1]) + 1, END_PS, "truncated"),),
    )


def test_stopping_waits_for_nothing_wherever_a_signal_finds_the_reader(tmp_path):
    path = tmp_path / "tags.bin"
    path.touch()
    growth = Growth(path)

    def handler(frame, event, arg):
        growth.stop()
        return handler

    def wait():
        sys.settrace(handler)
        growth.pause()

    waiting = Thread(target=wait, daemon=True)
    waiting.start()
    waiting.join(5)
    assert not waiting.is_alive()
    assert growth.over()


def test_what_cannot_be_followed(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        follow(tmp_path / "missing.ptu")
    text = tmp_path / "tags.csv"
    text.write_text("channel,time_ps\n1,10\n2,20\n1,30\n")
    with pytest.raises(RequestError, match=r"tags\.csv.*cannot be followed"):
        list(follow(text).blocks())
    with pytest.raises(RequestError, match="above 0"):
        follow(text, idle_s=0)


DATA = Path(os.environ.get("HERALDLINK_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.mark.skipif(
    not DATA.is_dir() and os.environ.get("HERALDLINK_REQUIRE_DATA") != "1", reason=f"no recordings in {DATA}"
)
@pytest.mark.parametrize("name", ["t2_antibunching_320MHz", "t3_antibunching_80MHz"])
def test_real_recordings_that_grow(tmp_path, name):
    whole, path = DATA / f"hydraharp_{name}.ptu", tmp_path / "growing.ptu"
    data = whole.read_bytes()
    path.write_bytes(data[:200_001])
    found = Reading(follow(path))
    with path.open("ab", buffering=0) as stream:
        for begin in range(200_001, len(data), 300_007):
            wait_for(lambda: found.tags() > 0)
            stream.write(data[begin : begin + 300_007])
    same(found.ended(), whole)
