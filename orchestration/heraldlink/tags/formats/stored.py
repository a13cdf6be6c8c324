# SPDX-License-Identifier: Apache-2.0
"""Stored tags as sources: what a decoder reads in file order becomes blocks in order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np

from heraldlink.errors import DataError
from heraldlink.tags.block import END_PS, Block, Channels, Gap, Header, IndexedBlock, Times
from heraldlink.tags.formats.by_index import ByIndex
from heraldlink.tags.order import TOLERANCE_PS, Reorder


class Piece(NamedTuple):
    """Tags as they stand in a file: ``time_ps`` int64[n], ``channel`` int16[n], gaps up to their end."""

    time_ps: Times
    channel: Channels
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class IndexedPiece:
    """As `Piece`, for tags after reference events; gaps are in events."""

    after_ps: Times
    index: Times
    channel: Channels
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True)
class StoredTimes:
    """Tags with times. ``pieces(size)``: a generator of all pieces, about ``size`` tags each, in file order.

    Steps back of up to ``tolerance_ps`` are put in order (`tags.order.Reorder`); a larger one is a DataError.
    With ``salvage`` a DataError, also of the generator, ends the recording with a gap. ``found``: what
    reading counts beside the tags; the generator adds to it.
    """

    header: Header
    pieces: Callable[[int], Iterator[Piece]]
    found: dict[str, int] = field(default_factory=dict[str, int])
    salvage: bool = False
    tolerance_ps: int = TOLERANCE_PS

    def blocks(self, size: int = 1 << 20) -> Iterator[Block]:
        """All tags in order of time, in blocks of at most ``size``. Raises DataError for damaged ones."""
        self.found.clear()
        order = Reorder(self.tolerance_ps)
        try:
            for piece in self.pieces(size):
                block = order.push(*piece)
                if block.time_ps.size or block.gaps:
                    yield from split(block, size)
            last = order.finish()
        except DataError:
            if not self.salvage:
                raise
            last = order.finish()
            begin_ps = int(last.time_ps[-1]) + 1 if last.time_ps.size else 0
            last = replace(last, gaps=_ended(last.gaps, begin_ps))
        self.found["steps_back"], self.found["largest_step_ps"] = order.repaired, order.largest_step_ps
        yield from split(last, size)


@dataclass(frozen=True)
class StoredIndexed:
    """Tags after reference events, as `StoredTimes`; put in order by `ByIndex`."""

    header: Header
    pieces: Callable[[int], Iterator[IndexedPiece]]
    found: dict[str, int] = field(default_factory=dict[str, int])
    salvage: bool = False

    def blocks(self, size: int = 1 << 20) -> Iterator[IndexedBlock]:
        """All tags in order of (index, after_ps). Raises DataError for damaged ones."""
        self.found.clear()
        order = ByIndex(self.header.reference_period_ps)
        try:
            for piece in self.pieces(size):
                self._look(piece)
                block = order.push(piece.after_ps, piece.index, piece.channel, piece.gaps)
                if block.index.size or block.gaps:
                    yield from split_indexed(block, size)
            last = order.finish()
        except DataError:
            if not self.salvage:
                raise
            last = order.finish()
            begin = int(last.index[-1]) if last.index.size else 0
            last = replace(last, gaps=_ended(last.gaps, begin))
        self.found["steps_back"] = order.steps_back
        yield from split_indexed(last, size)

    def _look(self, piece: IndexedPiece) -> None:
        """Count the clicks later than the next event should be: more than a few, and the period is wrong."""
        if self.header.reference_period_ps:
            late = int(np.count_nonzero(piece.after_ps > self.header.reference_period_ps))
            self.found["beyond_period"] = self.found.get("beyond_period", 0) + late


def _ended(gaps: tuple[Gap, ...], begin: int) -> tuple[Gap, ...]:
    """The gaps before ``begin``, and one from there."""
    return (*(gap for gap in gaps if gap.end_ps <= begin), Gap(begin, END_PS, "damaged"))


def split(block: Block, size: int) -> Iterator[Block]:
    """``block`` in blocks of at most ``size`` tags, each with the gaps that end by then."""
    for here, until_ps, gaps in _cuts(block.time_ps, block.until_ps, block.gaps, size):
        yield Block(block.time_ps[here], block.channel[here], until_ps, gaps)


def split_indexed(block: IndexedBlock, size: int) -> Iterator[IndexedBlock]:
    """As `split`."""
    for here, until, gaps in _cuts(block.index, block.until_index, block.gaps, size):
        yield IndexedBlock(block.after_ps[here], block.index[here], block.channel[here], until, gaps)


def _cuts(
    key: Times, until: int, gaps: tuple[Gap, ...], size: int
) -> Iterator[tuple[slice, int, tuple[Gap, ...]]]:
    begin = 0
    while key.size - begin > size:
        next_one = int(key[begin + size])
        over = tuple(gap for gap in gaps if gap.end_ps <= next_one)
        yield slice(begin, begin + size), next_one, over
        gaps, begin = gaps[len(over) :], begin + size
    yield slice(begin, None), until, gaps
