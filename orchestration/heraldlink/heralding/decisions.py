# SPDX-License-Identifier: Apache-2.0
"""From tags to rows: attempts that are over and have an outcome, found by an engine."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from heraldlink.errors import RequestError
from heraldlink.heralding.assigned import Assigned
from heraldlink.heralding.attempts import Attempts, CountedSyncs, ReferenceIndex
from heraldlink.heralding.engine_numpy import join_rows
from heraldlink.heralding.gate_logic import ATTEMPT, SYNC_PS, GateLogic, HeraldEngine, Rows, Times, no_attempt
from heraldlink.heralding.patterns import PatternTable
from heraldlink.heralding.results import AttemptReport
from heraldlink.heralding.stretches import Piece, Stretches
from heraldlink.tags.block import END_PS, Block, Gap, IndexedBlock

NO_ATTEMPTS: Times = np.empty(0, dtype=np.int64)


class Decided(NamedTuple):
    """Rows, and the attempts in which the hardware heralded (each as often as it did)."""

    rows: Rows
    hardware: Times


class Decisions(Protocol):
    """Turns a stream into rows."""

    @property
    def counts(self) -> Times:
        """Attempts by pattern, int64[2 ** bits]; place 0, no click, may not be counted."""
        ...

    @property
    def oldest_ps(self) -> int:
        """No later row is of an attempt that began before this time."""
        ...

    @property
    def report(self) -> AttemptReport:
        """How the stream was divided."""
        ...

    def push(self, block: Block | IndexedBlock) -> Decided:
        """Take the next block; give what is decided now."""
        ...

    def finish(self) -> Decided:
        """The rest."""
        ...


def decisions(
    table: PatternTable, attempts: Attempts, engine: HeraldEngine, hardware: int | None
) -> Decisions:
    """The quickest way for a kind of attempts. ``hardware``: channel of the hardware's heralds."""
    reserved = {hardware}
    if not isinstance(attempts, ReferenceIndex):
        reserved.add(attempts.channel)
    for detector in table.detectors:
        if detector.channel in reserved:
            raise RequestError(
                f"detector {detector.name} has channel {detector.channel}, as has another input"
            )
    if isinstance(attempts, CountedSyncs) and hardware is None:
        return CountedDecisions(table, attempts, engine)
    return AssignedDecisions(table, attempts, engine, hardware)


class CountedDecisions:
    """Syncs counted by the engine itself, in one go with the gates."""

    def __init__(self, table: PatternTable, attempts: CountedSyncs, engine: HeraldEngine) -> None:
        self._needs_ps = table.gates[0].begin_ps, table.gates[-1].end_ps
        attempts.check(self._needs_ps)
        self._logic, self._engine = GateLogic.of(table, attempts.channel), engine
        self._sync = np.array([attempts.channel], dtype=np.int16)
        self._stretches, self._still = Stretches(), no_attempt()
        self._before = self._cut = self._outside = 0
        self._until_ps = -END_PS
        self._counts: Times = np.zeros(1 << table.bits, dtype=np.int64)

    @property
    def counts(self) -> Times:
        """See `Decisions`."""
        return self._counts

    @property
    def oldest_ps(self) -> int:
        """See `Decisions`."""
        return int(self._still[SYNC_PS]) if self._still[ATTEMPT] >= 0 else self._until_ps

    @property
    def report(self) -> AttemptReport:
        """See `Decisions`."""
        whole = self._before + int(self._still[ATTEMPT]) + 1
        return AttemptReport(whole - self._cut, self._cut, self._outside, self._stretches.in_gaps)

    def push(self, block: Block | IndexedBlock) -> Decided:
        """See `Decisions`."""
        if not isinstance(block, Block):
            raise RequestError("tags come after reference events: their index tells the attempt")
        items = self._stretches.push(block)
        rows = [self._gap(item) if isinstance(item, Gap) else self._piece(item) for item in items]
        return Decided(join_rows(rows), NO_ATTEMPTS)

    def finish(self) -> Decided:
        """See `Decisions`."""
        rows = [*(self._piece(item) for item in self._stretches.finish()), self._close()]
        return Decided(join_rows(rows), NO_ATTEMPTS)

    def _piece(self, piece: Piece) -> Rows:
        self._until_ps = piece.until_ps
        if not piece.time_ps.size:
            return join_rows([])
        if self._still[ATTEMPT] < 0:
            self._outside += self._before_first(piece)
        return self._rows(piece.time_ps, piece.channel)

    def _before_first(self, piece: Piece) -> int:
        """Tags before the first sync."""
        is_sync = piece.channel == self._sync
        first = int(is_sync.argmax())
        if not is_sync[first]:
            return piece.time_ps.size
        return int(np.searchsorted(piece.time_ps, int(piece.time_ps[first])))

    def _rows(self, time_ps: Times, channel: np.ndarray[tuple[int, ...], np.dtype[np.int16]]) -> Rows:
        rows = self._engine.counted(self._logic, time_ps, channel, self._still, self._counts)
        return rows._replace(attempt=rows.attempt + self._before) if self._before else rows

    def _gap(self, gap: Gap) -> Rows:
        needed_until = int(self._still[SYNC_PS]) + self._needs_ps[1]
        if self._still[ATTEMPT] < 0 or gap.begin_ps >= needed_until:
            return self._close()
        self._cut += 1
        self._before += int(self._still[ATTEMPT]) + 1
        self._still = no_attempt()
        return join_rows([])

    def _close(self) -> Rows:
        """End the open attempt, if there is one: what follows is numbered on."""
        if self._still[ATTEMPT] < 0:
            return join_rows([])
        rows = self._rows(np.array([END_PS], dtype=np.int64), self._sync)
        self._before += int(self._still[ATTEMPT])
        self._still = no_attempt()
        return rows


class AssignedDecisions:
    """Clicks that were given their attempts before."""

    def __init__(
        self, table: PatternTable, attempts: Attempts, engine: HeraldEngine, hardware: int | None
    ) -> None:
        self._assigner = attempts.assigner((table.gates[0].begin_ps, table.gates[-1].end_ps))
        self._logic, self._engine, self._hardware = GateLogic.of(table), engine, hardware
        self._counts: Times = np.zeros(1 << table.bits, dtype=np.int64)

    @property
    def counts(self) -> Times:
        """See `Decisions`."""
        return self._counts

    @property
    def oldest_ps(self) -> int:
        """See `Decisions`."""
        return self._assigner.oldest_ps

    @property
    def report(self) -> AttemptReport:
        """See `Decisions`."""
        return self._assigner.report

    def push(self, block: Block | IndexedBlock) -> Decided:
        """See `Decisions`."""
        return self._decided(self._assigner.push(block))

    def finish(self) -> Decided:
        """See `Decisions`."""
        return self._decided(self._assigner.finish())

    def _decided(self, clicks: Assigned) -> Decided:
        time_ps = clicks.after_ps if clicks.time_ps is None else clicks.time_ps
        rows = self._engine.assigned(
            self._logic, clicks.attempt, clicks.after_ps, time_ps, clicks.channel, self._counts
        )
        if self._hardware is None:
            return Decided(rows, NO_ATTEMPTS)
        return Decided(rows, clicks.attempt[clicks.channel == self._hardware])
