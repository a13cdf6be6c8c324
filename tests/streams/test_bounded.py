# SPDX-License-Identifier: Apache-2.0
"""A slow consumer is told what it missed: every tag is either given once or counted in a gap around it."""

from itertools import pairwise
from threading import Event, Semaphore, Timer, get_ident
from time import monotonic, sleep

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink.errors import DataError, RequestError
from heraldlink.streams.bounded import BoundedQueue, Buffered
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock

TIMES = Header("test", "times", 1.0)
INDEXED = Header("test", "indexed", 1.0)


def block(kind, keys, until, gaps=()):
    key = np.array(keys, np.int64)
    channel = np.zeros(key.size, np.int16)
    return Block(key, channel, until, gaps) if kind == "times" else IndexedBlock(
        np.arange(key.size), key, channel, until, gaps
    )  # fmt: skip


def key_of(found):
    return found.time_ps if isinstance(found, Block) else found.index


def until_of(found):
    return found.until_ps if isinstance(found, Block) else found.until_index


@st.composite
def streams(draw):
    """Blocks of an ordered stream, with equal keys across their ends, and takes in between."""
    keys = sorted(draw(st.lists(st.integers(0, 40), max_size=60)))
    blocks, begin = [], 0
    while begin < len(keys):
        end = begin + draw(st.integers(0, 9))
        following = keys[end] if end < len(keys) else END_PS
        last = keys[min(end, len(keys)) - 1] if end else 0
        blocks.append((keys[begin:end], draw(st.sampled_from((last, following)))))
        begin = end
    return keys, blocks, draw(st.lists(st.booleans(), min_size=len(blocks), max_size=len(blocks)))


def drain(queue):
    """What waits in a queue that has ended."""
    found = []
    while True:
        try:
            found.append(queue.take(0))
        except EOFError:
            return found


@settings(max_examples=60)
@given(stream=streams(), kind=st.sampled_from(("times", "indexed")), limit=st.integers(1, 20))
def test_every_tag_is_given_or_counted_in_a_gap_around_it(stream, kind, limit):
    keys, blocks, takes = stream
    queue = BoundedQueue(TIMES if kind == "times" else INDEXED, limit)
    given_blocks = []
    for (part, until), take in zip(blocks, takes, strict=True):
        queue.put(block(kind, part, until))
        if take and (found := queue.take(0)) is not None:
            given_blocks.append(found)
    queue.end()
    given_blocks += drain(queue)
    kept = [int(key) for each in given_blocks for key in key_of(each)]
    gaps = [gap for each in given_blocks for gap in each.gaps]
    assert kept == sorted(kept)
    assert len(kept) + sum(gap.tags for gap in gaps) == len(keys)
    assert all(gap.reason == "dropped" for gap in gaps)
    inside = [key for key in keys for gap in gaps if gap.begin_ps <= key < gap.end_ps]
    assert not [key for key in set(keys) - set(inside) if kept.count(key) != keys.count(key)]
    assert all(
        kept.count(key) == 0 or key == gap.begin_ps for gap in gaps for key in range(gap.begin_ps, gap.end_ps)
    )
    for earlier, later in pairwise(given_blocks):
        assert key_of(later).size == 0 or key_of(later)[0] >= until_of(earlier)
        assert not any(gap.begin_ps < until_of(earlier) for gap in later.gaps)
    assert queue.dropped == sum(gap.tags for gap in gaps)


def test_gaps_of_the_stream_survive_or_become_part_of_the_dropped_one():
    queue = BoundedQueue(TIMES, 2)
    queue.put(block("times", [1, 2], 3))
    queue.put(block("times", [9], 10, (Gap(4, 6, "overflow", 7),)))
    queue.put(block("times", [20], 21, (Gap(12, 15, "overflow"),)))
    assert queue.take(0).time_ps.tolist() == [1, 2]
    queue.put(block("times", [30], 40, (Gap(22, 25, "overflow"),)))
    found = queue.take(0)
    assert found.time_ps.tolist() == [30]
    assert found.gaps == (Gap(4, 6, "overflow", 7), Gap(9, 21, "dropped", 2), Gap(22, 25, "overflow"))


class Scripted:
    """A live source that gives its blocks at once."""

    header = TIMES

    def __init__(self, blocks, error=None):
        self._blocks, self._error, self.given = blocks, error, Event()

    def stop(self):
        pass

    def blocks(self, size=1 << 20):
        yield from self._blocks
        self.given.set()
        if self._error:
            raise self._error


def test_a_slow_consumer_of_a_source_is_told_how_many_tags_it_missed():
    source = Scripted([block("times", range(100 * n, 100 * n + 100), 100 * n + 100) for n in range(1000)])
    buffered = Buffered(source, limit_tags=300)
    blocks = buffered.blocks()
    found = [next(blocks)]
    assert source.given.wait(10)
    found += list(blocks)
    kept = sum(each.time_ps.size for each in found)
    gaps = [gap for each in found for gap in each.gaps]
    assert kept + sum(gap.tags for gap in gaps) == 100_000
    assert buffered.dropped == sum(gap.tags for gap in gaps) >= 99_000


class Paced:
    """A live source that gives a block each time it is told to, and notes who took it."""

    header = TIMES

    def __init__(self, blocks):
        self.more, self.readers, self._blocks = Semaphore(0), [], blocks

    def stop(self):
        self.more.release()

    def blocks(self, size=1 << 20):
        for each in self._blocks:
            self.more.acquire()
            self.readers.append(get_ident())
            yield each


def test_a_consumer_that_waits_reads_itself_and_one_that_is_busy_is_relieved():
    source = Paced([block("times", [n], n + 1) for n in range(40)])
    blocks = Buffered(source).blocks()
    source.more.release()
    found = [next(blocks)]
    assert source.readers == [get_ident()]
    for _ in range(20):  # and nobody takes them
        source.more.release()
    deadline = monotonic() + 10
    while len(source.readers) < 21 and monotonic() < deadline:
        sleep(0.001)
    assert len(set(source.readers[1:])) == 1
    assert get_ident() not in source.readers[1:]
    found += [next(blocks) for _ in range(20)]
    for _ in range(19):
        Timer(0.002, source.more.release).start()
        found.append(next(blocks))
    assert [each.time_ps.tolist() for each in found] == [[n] for n in range(40)]
    assert get_ident() in source.readers[21:]
    blocks.close()


def test_an_error_of_the_source_comes_behind_what_it_gave():
    blocks = Buffered(Scripted([block("times", [1], 2)], DataError("broken"))).blocks()
    assert next(blocks).time_ps.tolist() == [1]
    with pytest.raises(DataError, match="broken"):
        next(blocks)


def test_a_queue_needs_room():
    with pytest.raises(RequestError, match="0 tags"):
        BoundedQueue(TIMES, 0)
