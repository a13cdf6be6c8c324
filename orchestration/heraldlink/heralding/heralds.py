# SPDX-License-Identifier: Apache-2.0
"""Heralds from the midpoint's tags: attempts in which exactly one detector clicked inside the gate.

Tags are (time after the reference event in ps, reference index), int64[n] each, in any order. Gates are half
open, begin <= t < end.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink_drivers.roles import Tags

Indices = NDArray[np.int64]

PSI_PLUS, PSI_MINUS = 1, 2
"""Outcomes: a click of detector c alone heralds Psi+, of d alone Psi-."""


@dataclass(frozen=True, eq=False)
class Heralds:
    """Heralds of one slot in order of attempt, int64[n] each.

    ``attempt``: reference index. ``outcome``: `PSI_PLUS` or `PSI_MINUS`. ``time_ps``: first click in the
    gate, after the reference event. ``double``: attempts in which both detectors clicked, int64[k].
    """

    attempt: Indices
    outcome: Indices
    time_ps: Indices
    double: Indices


@dataclass(frozen=True, eq=False)
class Comparison:
    """Attempts that only one of hardware and software saw a click in the gate for; empty if they agree."""

    only_hardware: Indices
    only_software: Indices

    @property
    def disagreements(self) -> int:
        """Number of attempts about which they disagree."""
        return int(self.only_hardware.size + self.only_software.size)


def find_heralds(c: Tags, d: Tags, gate_ps: tuple[int, int], first_attempt: int = 0) -> Heralds:
    """Recompute the heralds of a slot; earlier reference indices than ``first_attempt`` are not attempts."""
    attempt_c, time_c = _first_clicks(c, gate_ps, first_attempt)
    attempt_d, time_d = _first_clicks(d, gate_ps, first_attempt)
    double = np.intersect1d(attempt_c, attempt_d, assume_unique=True)
    alone_c, alone_d = ~np.isin(attempt_c, double), ~np.isin(attempt_d, double)
    attempt = np.concatenate((attempt_c[alone_c], attempt_d[alone_d]))
    order = np.argsort(attempt, kind="stable")
    plus, minus = int(alone_c.sum()), int(alone_d.sum())
    outcome = np.repeat(np.array([PSI_PLUS, PSI_MINUS], dtype=np.int64), [plus, minus])
    time = np.concatenate((time_c[alone_c], time_d[alone_d]))
    return Heralds(attempt[order], outcome[order], time[order], double)


def compare_hardware(heralds: Heralds, hardware: Tags, first_attempt: int = 0) -> Comparison:
    """Compare with the hardware's coincidence tags, which come for any click in the gate."""
    _, index = hardware
    seen = np.unique(index[index >= first_attempt])
    found = np.union1d(heralds.attempt, heralds.double)
    return Comparison(
        np.setdiff1d(seen, found, assume_unique=True), np.setdiff1d(found, seen, assume_unique=True)
    )


def in_gate(tags: Tags, gate_ps: tuple[int, int]) -> NDArray[np.bool_]:
    """Which tags lie in the gate, bool[n]."""
    time, _ = tags
    return (time >= gate_ps[0]) & (time < gate_ps[1])


def clicks_between(tags: Tags, gate_ps: tuple[int, int], indices: range) -> int:
    """Reference events of ``indices`` with at least one tag in the gate (a threshold detector's clicks)."""
    index = tags[1][in_gate(tags, gate_ps)]
    return int(np.unique(index[(index >= indices.start) & (index < indices.stop)]).size)


def _first_clicks(tags: Tags, gate_ps: tuple[int, int], first_attempt: int) -> tuple[Indices, Indices]:
    """Attempts with a click in the gate, ascending and unique, and the time of the first one in each."""
    time, index = tags
    kept = in_gate(tags, gate_ps) & (index >= first_attempt)
    time, index = time[kept], index[kept]
    order = np.lexsort((time, index))
    attempt, first = np.unique(index[order], return_index=True)
    return attempt, time[order][first]
