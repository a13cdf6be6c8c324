# SPDX-License-Identifier: Apache-2.0
"""Gates that reach into the next attempt: a click there is one of two attempts, and nothing tells which."""

from __future__ import annotations

from math import ceil

from heraldlink.heralding.attempts import CountedSyncs
from heraldlink.heralding.patterns import PatternTable
from heraldlink.heralding.results import AttemptReport
from heraldlink.recordings.attempt_choice import ChosenAttempts
from heraldlink.recordings.first_look import FirstLook
from heraldlink.tags.singles import SinglesCount


def attempt_period_ps(
    attempts: ChosenAttempts, report: AttemptReport, look: FirstLook, singles: SinglesCount | None = None
) -> float | None:
    """Time from attempt to attempt: fitted, else given, else of the counted syncs; None if unknown.

    Syncs without a period are as far apart as the closest two.
    """
    if report.fits:
        return report.fits[0].period_ps
    if not isinstance(attempts.strategy, CountedSyncs):
        return attempts.strategy.period_ps
    found = look.period_of(attempts.strategy.channel)
    if found is not None:
        return found.period_ps
    return None if singles is None else singles.smallest_gap_ps.get(attempts.strategy.channel)


def late_gates(table: PatternTable, period_ps: float | None) -> tuple[str, ...]:
    """A sentence if the gates, with the reference event, last longer than the period."""
    if period_ps is None:
        return ()
    first = min(0, *(gate.begin_ps for gate in table.gates))
    late = [gate for gate in table.gates if gate.end_ps - first > ceil(period_ps)]
    if not late:
        return ()
    gates = ", ".join(f"{gate.name}: {gate.begin_ps} to {gate.end_ps} ps" for gate in late)
    return (
        f"gates reach into the next attempt, {period_ps:.6g} ps later ({gates}): clicks there are counted for"
        " one attempt and may be of the other; end gates within the period",
    )
