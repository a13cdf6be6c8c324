# SPDX-License-Identifier: Apache-2.0
"""A stream of times as stretches without gaps, in pieces that never part tags of equal time."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import NamedTuple

import numpy as np

from heraldlink.tags.block import END_PS, Block, Channels, Gap, Times


class Piece(NamedTuple):
    """Tags in order; no later piece of the stretch holds a tag at or before the last one, or before until."""

    time_ps: Times
    channel: Channels
    until_ps: int


Tags = tuple[Times, Channels]


class Stretches:
    """Cuts blocks at gaps. ``in_gaps``: tags left out because they lie in one."""

    def __init__(self) -> None:
        self._held: Tags = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int16)
        self.in_gaps = 0

    def push(self, block: Block) -> Iterator[Piece | Gap]:
        """Pieces, and each gap between the pieces it parts.

        Tags from the block's ``until_ps`` on wait: others of equal time, or a gap, may come with the next.
        """
        waiting = self._with_held(block)
        for gap in block.gaps:
            waiting = yield from _given(waiting, gap.begin_ps)
            waiting = self._after(waiting, gap.end_ps)
            yield gap
        held = yield from _given(waiting, block.until_ps)
        if held:
            self._held = (
                np.concatenate([tags[0] for tags in held]),
                np.concatenate([tags[1] for tags in held]),
            )

    def finish(self) -> Iterator[Piece]:
        """The rest."""
        yield Piece(*self._held, END_PS)

    def _with_held(self, block: Block) -> list[Tags]:
        """Held tags and those of equal time, then the others: no long array is copied."""
        time_ps, channel = self._held
        if not time_ps.size:
            return [(block.time_ps, block.channel)]
        ties = int(np.searchsorted(block.time_ps, int(time_ps[-1]), side="right"))
        time_ps = np.concatenate((time_ps, block.time_ps[:ties]))
        channel = np.concatenate((channel, block.channel[:ties]))
        self._held = time_ps[:0], channel[:0]
        return [(time_ps, channel), (block.time_ps[ties:], block.channel[ties:])]

    def _after(self, waiting: list[Tags], end_ps: int) -> list[Tags]:
        later: list[Tags] = []
        for time_ps, channel in waiting:
            begin = int(np.searchsorted(time_ps, end_ps))
            self.in_gaps += begin
            later.append((time_ps[begin:], channel[begin:]))
        return later


def _given(waiting: list[Tags], until_ps: int) -> Generator[Piece, None, list[Tags]]:
    """Gives all tags before ``until_ps``; returns the others."""
    later: list[Tags] = []
    for time_ps, channel in waiting:
        stop = time_ps.size if until_ps == END_PS else int(np.searchsorted(time_ps, until_ps))
        if stop:
            yield Piece(time_ps[:stop], channel[:stop], int(time_ps[stop - 1]))
        if stop < time_ps.size:
            later.append((time_ps[stop:], channel[stop:]))
    empty = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int16)
    yield Piece(*empty, until_ps)
    return later
