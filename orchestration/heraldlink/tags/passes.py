# SPDX-License-Identifier: Apache-2.0
"""Several analyses of one source in one pass, so that a recording of any length is read once.

An analysis is pushed block after block, carries what it needs over their ends, and gives the same result for
any division of the stream into blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

import numpy as np

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.block import END_PS, Block, Channels, IndexedBlock, TagSource, Times

BLOCK_TAGS = 1 << 20
"""Tags per block of a pass, unless asked otherwise."""

ResultT_co = TypeVar("ResultT_co", covariant=True)


class Analysis(Protocol[ResultT_co]):
    """What is found out about a stream while it goes by."""

    def push(self, block: Block | IndexedBlock) -> object:
        """Take the next block; return what is decided now, or None."""
        ...

    def finish(self) -> ResultT_co:
        """The result, after the last block."""
        ...


def run(
    source: TagSource,
    analyses: Sequence[Analysis[ResultT_co]],
    size: int = BLOCK_TAGS,
    progress: Callable[[int], None] | None = None,
) -> list[ResultT_co]:
    """Push all blocks of a source through all analyses; the results, in the order of ``analyses``.

    ``progress`` is told the number of tags of each block. Raises DataError if tags are out of order, and
    whatever source and analyses raise.
    """
    order, settled = InOrder(), Settled()
    for given in source.blocks(size):
        order.push(given)
        block = settled.push(given)
        for analysis in analyses:
            analysis.push(block)
        if progress is not None:
            progress(given.channel.size)
    return [analysis.finish() for analysis in analyses]


class InOrder:
    """Analysis that raises DataError at the first tag out of order; its result: the number of tags."""

    def __init__(self) -> None:
        self._tags = 0
        self._latest = -END_PS

    def push(self, block: Block | IndexedBlock) -> None:
        """Take the next block. Raises DataError, naming the tag and the step back."""
        times = block.time_ps if isinstance(block, Block) else block.index
        if times.size:
            back = np.flatnonzero(times[1:] < times[:-1])
            if times[0] < self._latest:
                self._complain(0, self._latest, int(times[0]), block)
            if back.size:
                place = int(back[0])
                self._complain(place + 1, int(times[place]), int(times[place + 1]), block)
            self._latest = int(times[-1])
        if isinstance(block, IndexedBlock):
            self._within_an_index(block)
        self._tags += times.size

    def finish(self) -> int:
        """Number of tags."""
        return self._tags

    def _within_an_index(self, block: IndexedBlock) -> None:
        back = np.flatnonzero((np.diff(block.index) == 0) & (np.diff(block.after_ps) < 0))
        if back.size:
            raise DataError(
                f"tag {self._tags + int(back[0]) + 1}: earlier than the one before it in the same reference"
                f" period; sort tags within their index before analysing them"
            )

    def _complain(self, place: int, before: int, here: int, block: Block | IndexedBlock) -> None:
        unit = "ps" if isinstance(block, Block) else "reference events"
        raise DataError(
            f"tag {self._tags + place}: {before - here} {unit} earlier than the one before it, at {before};"
            f" repair the order first (heraldlink.tags.order)"
        )


class Settled:
    """Lets tags behind a block's end (``until_ps``) wait for the next: a gap before them may come with it."""

    def __init__(self) -> None:
        self._waiting: Block | IndexedBlock | None = None

    def push(self, block: Block | IndexedBlock) -> Block | IndexedBlock:
        """The next block, with those that waited, without those that still have to."""
        if isinstance(block, IndexedBlock):
            return self._indexed(block)
        waiting = self._waiting
        if isinstance(waiting, Block):
            times = np.concatenate((waiting.time_ps, block.time_ps))
            block = Block(times, np.concatenate((waiting.channel, block.channel)), block.until_ps, block.gaps)
        self._waiting = None
        stop = int(np.searchsorted(block.time_ps, block.until_ps, side="right"))
        if stop == block.time_ps.size:
            return block
        self._waiting = Block(block.time_ps[stop:], block.channel[stop:], block.until_ps)
        return Block(block.time_ps[:stop], block.channel[:stop], block.until_ps, block.gaps)

    def _indexed(self, block: IndexedBlock) -> IndexedBlock:
        waiting = self._waiting
        if isinstance(waiting, IndexedBlock):
            block = IndexedBlock(
                np.concatenate((waiting.after_ps, block.after_ps)),
                np.concatenate((waiting.index, block.index)),
                np.concatenate((waiting.channel, block.channel)),
                block.until_index,
                block.gaps,
            )
        self._waiting = None
        stop = int(np.searchsorted(block.index, block.until_index, side="right"))
        if stop == block.index.size:
            return block
        self._waiting = IndexedBlock(
            block.after_ps[stop:], block.index[stop:], block.channel[stop:], block.until_index
        )
        return IndexedBlock(
            block.after_ps[:stop], block.index[:stop], block.channel[:stop], block.until_index, block.gaps
        )


def as_times(block: Block | IndexedBlock) -> Block:
    """The block, if its tags carry their own times. Raises RequestError for tags after reference events."""
    if isinstance(block, Block):
        return block
    raise RequestError("tags are counted from reference events; this analysis needs a time for each tag")


def as_indexed(block: Block | IndexedBlock) -> IndexedBlock:
    """The block, if its tags come after reference events. Raises RequestError for bare times."""
    if isinstance(block, IndexedBlock):
        return block
    raise RequestError("tags have no reference events; assign attempts first (heraldlink.heralding.attempts)")


def decided_ps(block: Block) -> int:
    """No later block holds a tag before this time."""
    return max(block.until_ps, int(block.time_ps[-1])) if block.time_ps.size else block.until_ps


def live_parts(block: Block) -> Iterator[tuple[bool, Block]]:
    """The block cut at the end of each gap: (whether a gap precedes, part).

    Nothing that needs both sides of a gap - a pair, a time since the last reference - may be carried from one
    part to the next that a gap precedes.
    """
    cuts = [int(np.searchsorted(block.time_ps, gap.end_ps)) for gap in block.gaps]
    edges = zip([0, *cuts], [*cuts, block.time_ps.size], strict=True)
    for number, (start, stop) in enumerate(edges):
        until = block.until_ps if number == len(cuts) else block.gaps[number].begin_ps
        yield number > 0, Block(block.time_ps[start:stop], block.channel[start:stop], until)


def live_index_parts(block: IndexedBlock) -> Iterator[tuple[bool, IndexedBlock]]:
    """The same for tags after reference events, whose gaps are counted in those."""
    cuts = [int(np.searchsorted(block.index, gap.end_ps)) for gap in block.gaps]
    edges = zip([0, *cuts], [*cuts, block.index.size], strict=True)
    for number, (start, stop) in enumerate(edges):
        until = block.until_index if number == len(cuts) else block.gaps[number].begin_ps
        part = slice(start, stop)
        yield number > 0, IndexedBlock(block.after_ps[part], block.index[part], block.channel[part], until)


def clicks(block: Block, channel: int) -> Times:
    """Times of one channel's tags, int64[n] (taken by place: faster than by a mask without order)."""
    return block.time_ps.take(np.flatnonzero(block.channel == channel))


def present(channel: Channels) -> list[int]:
    """Which channels there are, in ascending order."""
    found = np.flatnonzero(np.bincount(channel.view(np.uint16)))
    return sorted(int(np.int16(np.uint16(item))) for item in found)
