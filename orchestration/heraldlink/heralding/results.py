# SPDX-License-Identifier: Apache-2.0
"""What is found in attempts: heralds, how attempts were counted, and whether the hardware agrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False, slots=True)
class Heralds:
    """Heralds in order of attempt, arrays of n.

    ``attempt`` int64; ``outcome`` uint8, a code of the pattern table; ``pattern`` uint32, its bits;
    ``after_ps`` int64, the first click in a gate after the reference event; ``time_ps`` int64, that click's
    time (None if tags are counted from references of unknown period). ``ambiguous`` int64[k]: attempts whose
    clicks contradict one another.
    """

    attempt: Indices
    outcome: NDArray[np.uint8]
    pattern: NDArray[np.uint32]
    after_ps: Indices
    time_ps: Indices | None
    ambiguous: Indices


@dataclass(frozen=True, slots=True)
class PeriodFit:
    """A line through the recorded syncs of one stretch without gaps: sync n comes at begin + n period.

    ``first_attempt`` is the number of the stretch's first sync, at ``begin_ps``; ``syncs`` were recorded in
    ``attempts`` periods. ``residual_*_ps``: distance of syncs from the line through 4,096 of them.
    ``uncertain``: steps from sync to sync more than a quarter period off a whole number of periods; the
    attempt numbers after them may be wrong. ``alone``: clicks more than a period away from every recorded
    sync, counted on from the last one.
    """

    first_attempt: int
    begin_ps: int
    period_ps: float
    syncs: int
    attempts: int
    residual_rms_ps: float
    residual_max_ps: float
    uncertain: int
    alone: int = 0


@dataclass(frozen=True, slots=True)
class AttemptReport:
    """How a stream was divided into attempts.

    ``attempts``: whole ones; ``cut``: those a gap reaches into, left out; ``outside``: clicks that belong to
    no attempt (before the first reference event, after a slot's last attempt); ``in_gaps``: tags inside gaps.
    """

    attempts: int
    cut: int
    outside: int
    in_gaps: int
    fits: tuple[PeriodFit, ...] = ()


@dataclass(frozen=True, eq=False)
class Comparison:
    """Attempts that only one of hardware and software saw a click in a gate for; empty if they agree."""

    only_hardware: Indices
    only_software: Indices

    @property
    def disagreements(self) -> int:
        """Number of attempts about which they disagree."""
        return int(self.only_hardware.size + self.only_software.size)


@dataclass(frozen=True, eq=False, slots=True)
class HeraldResult:
    """All of a stream. ``patterns`` int64[2 ** bits]: attempts by pattern, vetoed ones included.

    ``vetoed``: attempts with an outcome, left out because a detector was dead when the first gate opened.
    ``comparison``: with the hardware's heralds, where a channel of them was given.
    """

    heralds: Heralds
    patterns: Indices
    vetoed: int
    report: AttemptReport
    comparison: Comparison | None = None


def joined(parts: Sequence[Heralds]) -> Heralds:
    """One after another; no parts give empty arrays."""
    times = [part.time_ps for part in parts if part.time_ps is not None]
    return Heralds(
        attempt=_joined([part.attempt for part in parts]),
        outcome=np.concatenate([np.empty(0, np.uint8), *(part.outcome for part in parts)]),
        pattern=np.concatenate([np.empty(0, np.uint32), *(part.pattern for part in parts)]),
        after_ps=_joined([part.after_ps for part in parts]),
        time_ps=_joined(times) if len(times) == len(parts) else None,
        ambiguous=_joined([part.ambiguous for part in parts]),
    )


def _joined(parts: Sequence[Indices]) -> Indices:
    return np.concatenate([np.empty(0, np.int64), *parts])
