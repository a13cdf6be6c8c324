# SPDX-License-Identifier: Apache-2.0
"""Checkpoints: rows that say what must be known of all rows before them, so that a journal may begin there.

Requests that are open, and heralds without a decision, are not among it: a journal is not cut behind them.
"""

from dataclasses import dataclass

import msgspec

from heraldlink.agent.states import StateFact
from heraldlink.link.facts import EndFact


class CheckpointFact(msgspec.Struct, frozen=True):
    """``utc_ns``: when, ns since 1970. ``boot``, ``lease``: the ids of the life and the lease used last.

    ``records``: how many there are, and ``record_hash`` the chain's at the last one. ``last_mhp`` and
    ``last_sequence``: the largest that are known. ``cursors``: how far each application has stored records.
    ``ends``: how the last requests ended. ``state``: the last change of state.
    """

    utc_ns: int
    boot: int = 0
    lease: int = 0
    records: int = 0
    record_hash: bytes = b""
    last_mhp: int = 0
    last_sequence: int = 0
    cursors: dict[str, int] = {}
    ends: tuple[EndFact, ...] = ()
    state: StateFact | None = None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a checkpoint is, and what decides on whether the journal may begin there."""

    seq: int
    utc_ns: int
    records: int
    last_mhp: int


def checkpoint_at(seq: int, fact: CheckpointFact) -> Checkpoint:
    """A checkpoint as it is remembered."""
    return Checkpoint(seq, fact.utc_ns, fact.records, fact.last_mhp)
