# SPDX-License-Identifier: Apache-2.0
"""Analyses of tags after reference events - arrivals, attempts by lag - on streams with recorded syncs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

import numpy as np

from heraldlink.heralding.assigned import Assigned, Needs
from heraldlink.heralding.assigners import NOTHING
from heraldlink.heralding.attempts import Attempts, ReferenceIndex
from heraldlink.heralding.results import AttemptReport
from heraldlink.tags.block import END_PS, Block, Gap, IndexedBlock
from heraldlink.tags.passes import Analysis

ResultT = TypeVar("ResultT")


class ByAttempt(Generic[ResultT]):
    """Analysis that gives each click to its attempt, and what comes of it to another analysis.

    ``needs_ps``: as for `heraldlink.heralding.attempts.Assigner`. Attempts before and after a gap in the
    stream are parted by a gap in attempts. Raises what assigner and analysis raise.
    """

    def __init__(self, attempts: Attempts, analysis: Analysis[ResultT], needs_ps: Needs = None) -> None:
        self._assigner = attempts.assigner(needs_ps)
        self._analysis = analysis
        self._first = attempts.first_index if isinstance(attempts, ReferenceIndex) else 0
        self._next = -END_PS

    def push(self, block: Block | IndexedBlock) -> None:
        """Take the next block."""
        if isinstance(block, IndexedBlock):
            gaps = tuple(
                Gap(gap.begin_ps - self._first, gap.end_ps - self._first, gap.reason) for gap in block.gaps
            )
            self._give(self._assigner.push(block), gaps)
            return
        for part in _up_to_gaps(block):
            self._give(self._assigner.push(part))
            if part.gaps and self._next > -END_PS:
                self._give(NOTHING, (Gap(self._next, self._next, part.gaps[0].reason),))

    def finish(self) -> ResultT:
        """The result of the other analysis."""
        self._give(self._assigner.finish())
        return self._analysis.finish()

    @property
    def report(self) -> AttemptReport:
        """How the stream was divided into attempts, so far."""
        return self._assigner.report

    def _give(self, found: Assigned, gaps: tuple[Gap, ...] = ()) -> None:
        """Clicks of whole attempts."""
        if found.attempt.size:
            self._next = int(found.attempt[-1]) + 1
        until = max(self._next, gaps[-1].end_ps) if gaps else self._next
        self._analysis.push(IndexedBlock(found.after_ps, found.attempt, found.channel, until, gaps))


def _up_to_gaps(block: Block) -> Iterator[Block]:
    """The block in parts that end with each gap, and the rest."""
    start = 0
    for gap in block.gaps:
        stop = int(np.searchsorted(block.time_ps, gap.end_ps))
        yield Block(block.time_ps[start:stop], block.channel[start:stop], gap.end_ps, (gap,))
        start = stop
    yield Block(block.time_ps[start:], block.channel[start:], block.until_ps)
