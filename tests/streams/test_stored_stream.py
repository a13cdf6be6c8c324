# SPDX-License-Identifier: Apache-2.0
"""A live stream that is stored while it is read: what came is on the disk, whatever ends it."""

import resource
import signal
from contextlib import contextmanager, suppress

import numpy as np
import pytest
from live_rig import DURATION_PS, Reading, wait_for

from heraldlink.errors import DataError, InstrumentLost, RequestError
from heraldlink.record.parts import Parts
from heraldlink.record.repair import repair
from heraldlink.streams.records import TaggerRecords
from heraldlink.streams.stored import Stored
from heraldlink.tags.block import END_PS, Block, Gap, Header
from heraldlink.tags.description import joined
from heraldlink.tags.formats.segment import SegmentTags

HEADER = Header("test", "times", 1.0, channels={1: "c"})


class Given:
    """A live source of given blocks, and an error behind them."""

    header = HEADER

    def __init__(self, blocks, error=None):
        self._blocks, self._error = blocks, error

    def stop(self):
        """It ends by itself."""

    def blocks(self, size=1 << 20):
        yield from self._blocks
        if self._error:
            raise self._error


def block(begin, end, until=None, gaps=()):
    time_ps = np.arange(begin, end, 10)
    return Block(time_ps, np.ones(time_ps.size, np.int16), end if until is None else until, gaps)


def times(source):
    return [int(time) for each in source.blocks() for time in each.time_ps]


BLOCKS = [block(0, 1000), block(1000, 1500), block(2000, 3000, END_PS, (Gap(1500, 2000, "dropped", 7),))]


def test_what_was_read_is_stored_with_delays_and_gaps(tmp_path):
    with Stored(Given(BLOCKS), tmp_path / "night", {1: 120}, roll_tags=60) as source:
        read = joined(list(source.blocks()))
    assert source.told == (f"250 tags are stored in {tmp_path / 'night'}",)
    assert [path.suffix for path in (tmp_path / "night").iterdir()] == [".parquet"] * 3
    kept = Parts(tmp_path / "night", "tags")
    assert kept.header.delays_ps == {1: 120}
    whole = joined(list(kept.blocks()))
    assert np.array_equal(whole.time_ps, read.time_ps)
    assert (whole.gaps, whole.until_ps) == (read.gaps, END_PS)
    with pytest.raises(DataError, match="exists already"), Stored(Given(BLOCKS), tmp_path / "night"):
        pass


def test_a_block_is_read_before_it_is_stored(tmp_path):
    with Stored(Given(BLOCKS), tmp_path, roll_tags=1, waiting_tags=1) as source:
        for place, _ in enumerate(source.blocks()):
            assert source.tags == sum(each.channel.size for each in BLOCKS[:place])
    assert source.tags == 250


def test_what_came_before_an_error_is_kept(tmp_path):
    source = Stored(Given(BLOCKS[:2], InstrumentLost("gone")), tmp_path)
    with pytest.raises(InstrumentLost), source:
        times(source)
    assert source.told[-1].startswith(
        f"150 tags are stored in {tmp_path}; close the recording with heraldlink"
    )
    (found,) = repair(tmp_path)
    assert (found.tags, found.closed) == (150, False)
    kept = Parts(tmp_path, "tags")
    assert times(kept) == list(range(0, 1500, 10))
    assert [gap for each in kept.blocks() for gap in each.gaps] == [Gap(1500, END_PS, "truncated")]


def test_what_a_reader_took_when_it_failed_is_kept(tmp_path):
    with pytest.raises(ZeroDivisionError), Stored(Given(BLOCKS), tmp_path) as source:
        next(1 / 0 for _ in source.blocks())
    assert source.told[-1].startswith("100 tags are stored")
    assert repair(tmp_path)[0].tags == 100


def test_a_stream_that_never_began_leaves_nothing(tmp_path):
    for _ in range(2):
        with pytest.raises(InstrumentLost), Stored(Given([], InstrumentLost("gone")), tmp_path) as source:
            times(source)
        assert not list(tmp_path.iterdir())


@contextmanager
def file_size_limit(size):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_a_full_disk_ends_the_stream_and_says_what_is_stored(tmp_path):
    blocks = [block(begin, begin + 10_000) for begin in range(0, 10**6, 10_000)]
    source = Stored(Given(blocks), tmp_path, roll_tags=3000)
    read = []
    with file_size_limit(25_000), pytest.raises(DataError, match="cannot be written"), source:
        read.extend(each.channel.size for each in source.blocks())
    assert source.tags % 1000 == 0
    assert source.told[-1].startswith(f"{source.tags:,} of {sum(read):,} tags are stored")
    repair(tmp_path)
    assert times(Parts(tmp_path, "tags")) == list(range(0, 10 * source.tags, 10))


def test_a_part_that_cannot_be_rolled_does_not_end_the_stream(tmp_path):
    (tmp_path / "tags-000001.parquet").mkdir()
    source = Stored(Given(BLOCKS), tmp_path, roll_tags=60, waiting_tags=1)
    with suppress(DataError), source:
        pytest.fail("parts of that name were there")
    (tmp_path / "tags-000001.parquet").rmdir()
    with source:
        obstacle = tmp_path / "tags-000001.parquet"
        obstacle.mkdir()
        read = times(source)
        obstacle.rmdir()
    assert len(source.told) == 2
    assert source.told[-1] == f"250 tags are stored in {tmp_path}"
    assert times(Parts(tmp_path, "tags")) == read


def test_records_of_a_driver_are_stored(tagger, tmp_path):
    starts = list(range(1_000_000, 901_000_000, 1_000_000))
    with Stored(TaggerRecords(tagger.driver, DURATION_PS, 900, records=1), tmp_path) as source:
        found = Reading(source)
        while not tagger.face.state().record.armed:
            assert found.error is None
        tagger.deliver(START=starts, IN1=[starts[5] + 100])
        read = found.ended()
    whole = joined(list(Parts(tmp_path, "tags").blocks()))
    rows = [
        list(zip(b.index.tolist(), b.after_ps.tolist(), b.channel.tolist(), strict=True))
        for b in (read, whole)
    ]
    assert rows[0] == rows[1]
    assert (5, 100, 1) in rows[0]


def test_tags_are_on_the_disk_within_a_second_though_nothing_more_comes(tmp_path):
    with Stored(Given(BLOCKS[:2]), tmp_path) as source:
        blocks = iter(source.blocks())
        next(blocks), next(blocks)
        wait_for(lambda: source.tags == 100)
        assert times(SegmentTags((tmp_path / "tags-000001.arrows").open("rb"), salvage=True))[-1] == 990
        assert next(blocks, None) is None


def test_a_source_that_steps_back_is_an_error_and_what_is_stored_is_told(tmp_path):
    source = Stored(Given([block(0, 1000), block(500, 600)]), tmp_path)
    with pytest.raises(RequestError, match="before 990 where an earlier one ended"), source:
        times(source)
    assert source.told[-1].startswith("0 of 110 tags" if not source.tags else "100 of 110 tags")
