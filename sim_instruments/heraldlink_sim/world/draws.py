# SPDX-License-Identifier: Apache-2.0
"""What chance decides in a block: gaps between clicks, why detectors click, and when in the gate."""

from __future__ import annotations

import numpy as np

from heraldlink_physics.model import Cause
from heraldlink_sim.world.rounds import Attempt
from heraldlink_sim.world.tables import AttemptTable

AT_ONCE = 64
NEVER = 1 << 62


class Draws:
    """Draws of one block from one stream, a handful at a time for each table."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._gaps: dict[Attempt, list[int]] = {}
        self._causes: dict[AttemptTable, list[int]] = {}
        self._photons: dict[AttemptTable, list[int]] = {}

    def gap(self, attempt: Attempt) -> int:
        """Return how many attempts it takes up to and with the next click in a gate: geometric."""
        if attempt.probability <= 0:
            return NEVER
        ready = self._gaps.setdefault(attempt, [])
        if not ready:
            ready.extend(self._rng.geometric(attempt.probability, AT_ONCE).tolist())
        return ready.pop()

    def causes(self, attempt: Attempt) -> tuple[int, ...]:
        """Return the index in `CAUSES` for each round of an attempt that clicks in one of them at least.

        First the round of the first click, then what later ones do, each given all before it.
        """
        rounds = len(attempt.rounds)
        if rounds == 1:
            return (self._cause(attempt.table(())),)
        first = int(np.searchsorted(attempt.first, self._rng.random(), side="right"))
        causes = (0,) * min(first, rounds - 1)
        causes += (self._cause(attempt.table(causes)),)
        while len(causes) < rounds:
            table = attempt.table(causes)
            causes += (self._cause(table) if self._rng.random() < table.probability else 0,)
        return causes

    def _cause(self, table: AttemptTable) -> int:
        """Return the index in `CAUSES` (1..8) of a round that clicks in its gate."""
        ready = self._causes.setdefault(table, [])
        if not ready:
            places = np.searchsorted(table.cumulative, self._rng.random(AT_ONCE), side="right")
            ready.extend((places.clip(max=len(table.cumulative) - 1) + 1).tolist())
        return ready.pop()

    def click_ps(self, table: AttemptTable, port: int, why: Cause) -> int:
        """Return when a click in the gate comes, in whole ps after START.

        Photons, and pump light that leaked, follow the pulse; dark counts are uniform over the gate.
        """
        if why == "dark" and self._rng.random() >= table.leak_share[port]:
            return table.gate.begin_ps + int(self._rng.random() * table.gate.length_ps)
        ready = self._photons.setdefault(table, [])
        if not ready:
            uniform = self._rng.random((2, AT_ONCE))
            ready.extend(np.floor(table.photons.inside(table.gate, *uniform)).astype(np.int64).tolist())
        return ready.pop()
