# SPDX-License-Identifier: Apache-2.0
"""Which rows of a journal may be moved to an archive: a pure decision.

A journal is cut at a checkpoint. All rows before it are then older than the node's file says, stored by the
applications that count, of requests that have ended, and of heralds on which this node's peers agree.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from heraldlink.agent.archive import Index
from heraldlink.agent.checkpoints import Checkpoint
from heraldlink.config.node import JournalConfig

HOUR_NS = 3600 * 10**9
MOST_ARCHIVES = 10
"""So many times the least rows of an archive may wait before people are told."""


@dataclass(frozen=True, slots=True)
class Rules:
    """``keep_ns``: how long rows stay at least; ``least_rows``: no archive has less.

    ``consumers``: applications that are waited for, None for all that have ever stored anything.
    """

    keep_ns: int
    least_rows: int
    consumers: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Stand:
    """How things stand. ``base``: the last row in an archive; ``checkpoints``: in order.

    ``oldest_open``: row of the oldest request without an end, 0 if there is none. ``settled``: decisions on
    all heralds up to this one are here, and known to be at this node's peers.
    """

    base: int
    checkpoints: Sequence[Checkpoint]
    cursors: Mapping[str, int]
    oldest_open: int
    settled: int


@dataclass(frozen=True, slots=True)
class Plan:
    """``cut``: the checkpoint at which to cut now, None if not now. ``waits_for``: why not further."""

    cut: Checkpoint | None
    waits_for: str


def plan(stand: Stand, rules: Rules, utc_ns: int) -> Plan:
    """The last checkpoint before which every row may go, and what the next one waits for."""
    best: Checkpoint | None = None
    why = f"a checkpoint {rules.least_rows} rows behind row {stand.base}"
    coming = [*stand.checkpoints, None][1:]
    for checkpoint, next_one in zip(stand.checkpoints, coming, strict=True):
        if checkpoint.seq <= stand.base + 1:
            continue
        why = obstacle(checkpoint, next_one, stand, rules, utc_ns)
        if why:
            break
        best = checkpoint
    if best and best.seq - 1 - stand.base < rules.least_rows:
        why = f"{rules.least_rows} rows that may go ({best.seq - 1 - stand.base} may by now), and {why}"
        return Plan(None, why)
    return Plan(best, why)


def stand(index: Index, base: int, settled: int) -> Stand:
    """How things stand by what was found in a journal; ``settled``: what the peers know."""
    oldest = min(index.open.values(), default=0)
    settled = min(settled, min(index.undecided, default=settled + 1) - 1)
    return Stand(base, index.checkpoints, index.cursors, oldest, settled)


def rules_of(wanted: JournalConfig) -> Rules:
    """What a node's file says."""
    return Rules(round(wanted.keep_h * HOUR_NS), wanted.least_rows, wanted.consumers)


def obstacle(
    checkpoint: Checkpoint, coming: Checkpoint | None, stand: Stand, rules: Rules, utc_ns: int
) -> str:
    """What keeps the rows before a checkpoint here; empty if nothing does.

    An open request counts from the checkpoint before it on: its command is older than its own row.
    """
    if (left_ns := checkpoint.utc_ns + rules.keep_ns - utc_ns) > 0:
        return f"time: the next rows are old enough in {left_ns / HOUR_NS:.1f} h"
    if 0 < stand.oldest_open < (coming.seq if coming else 1 << 63):
        return f"the request that was taken in row {stand.oldest_open} to end"
    for consumer, number in waited_for(stand.cursors, rules.consumers):
        if number < checkpoint.records:
            return f"application {consumer}, which has stored {number} of {checkpoint.records} records"
    if stand.settled < checkpoint.last_mhp:
        return (
            f"this node's peers to have the decisions on heralds {stand.settled + 1} to {checkpoint.last_mhp}"
        )
    return ""


def waited_for(cursors: Mapping[str, int], consumers: Iterable[str] | None) -> list[tuple[str, int]]:
    """Applications that count, with what each has stored. A cursor is called KEY/APPLICATION."""
    if consumers is None:
        return sorted(cursors.items())
    return [
        (name, min((n for key, n in cursors.items() if name in (key, key.partition("/")[2])), default=0))
        for name in consumers
    ]
