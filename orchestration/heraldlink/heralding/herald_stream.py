# SPDX-License-Identifier: Apache-2.0
"""Heralds of a stream of tags, block by block: the same for every division into blocks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import RequestError
from heraldlink.heralding.attempts import Attempts, ReferenceIndex
from heraldlink.heralding.dead_time import DeadTimeVeto
from heraldlink.heralding.decisions import Decided, decisions
from heraldlink.heralding.engine_numpy import NumpyEngine
from heraldlink.heralding.gate_logic import HeraldEngine, Times
from heraldlink.heralding.patterns import AMBIGUOUS, PatternTable
from heraldlink.heralding.results import Comparison, HeraldResult, Heralds, joined
from heraldlink.tags.block import END_PS, Block, IndexedBlock


class HeraldStream:
    """An analysis (`heraldlink.tags.passes`): attempts whose clicks match a pattern of the table.

    ``engine``: numpy unless another is given; all give the same arrays. ``hardware``: channel on which the
    time controller told its own heralds, which are compared. ``keep``: whether ``finish`` repeats the heralds
    that ``push`` gave (without it, memory does not grow with their number).

    Attempts that a gap reaches into before their last gate ends are left out and counted as cut; so are
    those that found a detector dead, as vetoed. Raises RequestError for a table that does not suit the
    attempts, and for blocks of the other kind.
    """

    def __init__(
        self,
        table: PatternTable,
        attempts: Attempts,
        engine: HeraldEngine | None = None,
        hardware: int | None = None,
        keep: bool = True,
    ) -> None:
        self.table = table
        self._decisions = decisions(table, attempts, engine or NumpyEngine(), hardware)
        self._period_ps = attempts.period_ps if isinstance(attempts, ReferenceIndex) else 0.0
        self._first = attempts.first_index if isinstance(attempts, ReferenceIndex) else 0
        self._veto = DeadTimeVeto(table)
        if self._veto.needed and self._period_ps is None:
            raise RequestError("a dead-time veto needs the period of the reference events: give it")
        self._hardware = None if hardware is None else Hardware()
        self._kept: list[Heralds] | None = [] if keep else None
        self._vetoed = 0

    @property
    def keeps(self) -> bool:
        """Whether ``finish`` repeats what ``push`` gave."""
        return self._kept is not None

    def push(self, block: Block | IndexedBlock) -> Heralds | None:
        """Take the next block; give the heralds that are decided now, None if there are none."""
        if self._veto.needed:
            self._remember(block)
        heralds = self._heralds(self._decisions.push(block))
        if self._veto.needed:
            self._veto.forget(self._decisions.oldest_ps)
        if not heralds.attempt.size and not heralds.ambiguous.size:
            return None
        if self._kept is not None:
            self._kept.append(heralds)
        return heralds

    def finish(self) -> HeraldResult:
        """The rest, and the counts of the whole stream."""
        heralds = self._heralds(self._decisions.finish())
        report, patterns = self._decisions.report, self._decisions.counts.copy()
        patterns[0] = report.attempts - int(patterns[1:].sum())
        return HeraldResult(
            heralds=joined([*(self._kept or []), heralds]),
            patterns=patterns,
            vetoed=self._vetoed,
            report=report,
            comparison=self._hardware.comparison() if self._hardware else None,
        )

    def _heralds(self, decided: Decided) -> Heralds:
        rows = decided.rows
        if self._veto.needed and rows.attempt.size:
            dead = self._veto.vetoed(rows.time_ps - rows.after_ps)
            self._vetoed += int(np.count_nonzero(dead))
            rows = rows.chosen((~dead).nonzero()[0])
        is_ambiguous: NDArray[np.bool_] = rows.outcome == AMBIGUOUS
        ambiguous = rows.attempt.take(is_ambiguous.nonzero()[0])
        if ambiguous.size:
            rows = rows.chosen((~is_ambiguous).nonzero()[0])
        heralds = Heralds(
            attempt=rows.attempt,
            outcome=rows.outcome,
            pattern=rows.pattern,
            after_ps=rows.after_ps,
            time_ps=None if self._period_ps is None else rows.time_ps,
            ambiguous=ambiguous,
        )
        if self._hardware:
            self._hardware.add(heralds, decided.hardware)
        return heralds

    def _remember(self, block: Block | IndexedBlock) -> None:
        if isinstance(block, Block):
            self._veto.add(block.time_ps, block.channel, block.gaps)
            return
        period_ps = self._period_ps or 0.0
        began_ps = np.rint((block.index - self._first) * period_ps).astype(np.int64)
        gaps = tuple(
            replace(gap, end_ps=round((gap.end_ps - self._first) * period_ps))
            for gap in block.gaps
            if gap.end_ps != END_PS
        )
        self._veto.add(began_ps + block.after_ps, block.channel, gaps)


class Hardware:
    """The time controller's heralds beside ours; only attempts about which they disagree are kept."""

    def __init__(self) -> None:
        self._only_theirs: list[int] = []
        self._only_ours: list[int] = []

    def add(self, heralds: Heralds, hardware: Times) -> None:
        """What is decided now, of whole attempts; ambiguous ones may be either."""
        theirs, ours = np.unique(hardware), heralds.attempt
        found = np.union1d(ours, heralds.ambiguous)
        self._only_theirs += np.setdiff1d(theirs, found, assume_unique=True).tolist()
        self._only_ours += np.setdiff1d(ours, theirs, assume_unique=True).tolist()

    def comparison(self) -> Comparison:
        """Their attempts without our herald, and ours without theirs."""
        return Comparison(np.array(self._only_theirs, np.int64), np.array(self._only_ours, np.int64))
