# SPDX-License-Identifier: Apache-2.0
"""Heralds with compiled kernels; needs numba, the extra ``[fast]``."""

from __future__ import annotations

import numpy as np

from heraldlink.heralding import kernels
from heraldlink.heralding.gate_logic import SYNC, Channels, GateLogic, OpenAttempt, Rows, Times
from heraldlink.tags.compiled import frozen


class CompiledEngine:
    """A `HeraldEngine` that gives the same arrays as numpy's."""

    name = "compiled"

    def __init__(self) -> None:
        self._logic: tuple[GateLogic, kernels.Logic] | None = None

    def counted(
        self, logic: GateLogic, time_ps: Times, channel: Channels, still: OpenAttempt, counts: Times
    ) -> Rows:
        """See `HeraldEngine`."""
        rows = _written(time_ps.size)
        channels = frozen(channel.view(np.uint16))
        return _filled(
            rows,
            kernels.counted(self._as_kernels_take(logic), frozen(time_ps), channels, still, counts, rows),
        )

    def assigned(
        self,
        logic: GateLogic,
        attempt: Times,
        after_ps: Times,
        time_ps: Times,
        channel: Channels,
        counts: Times,
    ) -> Rows:
        """See `HeraldEngine`."""
        rows = _written(attempt.size)
        columns = frozen(attempt), frozen(after_ps), frozen(time_ps), frozen(channel.view(np.uint16))
        return _filled(rows, kernels.assigned(self._as_kernels_take(logic), *columns, counts, rows))

    def _as_kernels_take(self, logic: GateLogic) -> kernels.Logic:
        """Found once for a stream."""
        if self._logic is None or self._logic[0] is not logic:
            self._logic = logic, _logic(logic)
        return self._logic[1]


def _logic(logic: GateLogic) -> kernels.Logic:
    width_ps = (logic.end_ps - logic.begin_ps).view(np.uint64)
    sync = int((logic.roles == SYNC).argmax())
    number = sync if logic.roles[sync] == SYNC else -1
    return kernels.Logic(
        logic.roles, number, logic.begin_ps, width_ps, logic.outcomes, logic.repeats_ambiguous
    )


def _written(tags: int) -> kernels.Written:
    """Room for the rows of that many tags; the system gives memory only for those that are written."""
    attempts = tags + 2  # the one that was open, and a place for what does not count
    return kernels.Written(
        attempt=np.empty(attempts, np.int64),
        outcome=np.empty(attempts, np.uint8),
        pattern=np.empty(attempts, np.uint32),
        after_ps=np.empty(attempts, np.int64),
        time_ps=np.empty(attempts, np.int64),
    )


def _filled(rows: kernels.Written, count: int) -> Rows:
    return Rows(
        rows.attempt[:count].copy(),
        rows.outcome[:count].copy(),
        rows.pattern[:count].copy(),
        rows.after_ps[:count].copy(),
        rows.time_ps[:count].copy(),
    )
