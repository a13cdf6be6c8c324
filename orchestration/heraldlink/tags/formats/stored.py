# SPDX-License-Identifier: Apache-2.0
"""Stored tags as sources: what a decoder reads in file order becomes blocks in order of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from heraldlink.errors import DataError
from heraldlink.tags.block import END_PS, Block, Channels, Gap, Header, Times


class Piece(NamedTuple):
    """Tags as they stand in a file: ``time_ps`` int64[n], ``channel`` int16[n], gaps up to their end."""

    time_ps: Times
    channel: Channels
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True)
class StoredTimes:
    """Tags with times. ``pieces(size)``: a generator of all pieces, about ``size`` tags each, in file order.

    ``found``: what reading counts beside the tags; the generator adds to it.
    """

    header: Header
    pieces: Callable[[int], Iterator[Piece]]
    found: dict[str, int] = field(default_factory=dict[str, int])

    def blocks(self, size: int = 1 << 20) -> Iterator[Block]:
        """All tags in order of time, in blocks of at most ``size``."""
        self.found.clear()
        last, read = -(1 << 62), 0
        for piece in self.pieces(size):
            steps = np.diff(piece.time_ps, prepend=last)
            if piece.time_ps.size and steps.min() < 0:
                at = int(np.flatnonzero(steps < 0)[0])
                raise DataError(f"tag {read + at} steps back by {-int(steps[at])} ps")
            read += piece.time_ps.size
            last = int(piece.time_ps[-1]) if piece.time_ps.size else last
            yield from split(Block(piece.time_ps, piece.channel, last, piece.gaps), size)
        yield Block(np.empty(0, np.int64), np.empty(0, np.int16), END_PS)


def split(block: Block, size: int) -> Iterator[Block]:
    """``block`` in blocks of at most ``size`` tags; its gaps come with the last of them."""
    time_ps, channel = block.time_ps, block.channel
    begin = 0
    while time_ps.size - begin > size:
        until_ps = int(time_ps[begin + size])
        yield Block(time_ps[begin : begin + size], channel[begin : begin + size], until_ps)
        begin += size
    yield Block(time_ps[begin:], channel[begin:], block.until_ps, block.gaps)
