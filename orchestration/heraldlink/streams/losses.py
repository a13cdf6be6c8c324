# SPDX-License-Identifier: Apache-2.0
"""Blocks that nobody had time for, as one gap that says how many tags are missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from heraldlink.tags.block import END_PS, Gap
from heraldlink.tags.description import BEGIN_PS, AnyBlock, ended, key_of, piece, until_of


class Losses:
    """Consecutive blocks of a stream that are dropped, until `joined` puts their gap before a kept one.

    The gap begins with the first tag dropped and ends behind the last one; gaps of the stream that it reaches
    are part of it. ``tags`` and the gap's number of tags count what was dropped here.
    """

    def __init__(self) -> None:
        self.tags = 0
        self._begin, self._end = END_PS, BEGIN_PS
        self._until = BEGIN_PS
        self._gaps: list[Gap] = []

    def drop(self, block: AnyBlock) -> None:
        """Add a block."""
        key = key_of(block)
        self._gaps += block.gaps
        self._until = max(self._until, until_of(block))
        if key.size:
            self._begin, self._end = min(self._begin, int(key[0])), max(self._end, int(key[-1]) + 1)
            self.tags += int(key.size)

    def joined(self, block: AnyBlock) -> AnyBlock | None:
        """The block behind the gap; None if all of it lies in the gap, and is dropped too.

        The losses are over when it is not None.
        """
        key = key_of(block)
        inside = int(np.searchsorted(key, self._end))
        until = max(until_of(block), self._until)
        if self.tags and inside == key.size and until < self._end:
            self.drop(block)
            return None
        self.tags += inside
        rest = piece(block, inside, key.size)
        gaps = self._with_ours([*self._gaps, *block.gaps])
        return ended(rest, max(until, self._end), gaps)

    def _with_ours(self, gaps: list[Gap]) -> tuple[Gap, ...]:
        if not self.tags:
            return tuple(gaps)
        before = [gap for gap in gaps if gap.end_ps <= self._begin]
        after = [
            replace(gap, begin_ps=max(gap.begin_ps, self._end)) for gap in gaps if gap.end_ps > self._end
        ]
        begin = min([self._begin, *(gap.begin_ps for gap in gaps if gap.end_ps > self._begin)])
        return (*before, Gap(begin, self._end, "dropped", self.tags), *after)
