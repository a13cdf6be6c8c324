# SPDX-License-Identifier: Apache-2.0
"""Heralds of one slot from the midpoint's tags: attempts in which exactly one detector clicked in the gate.

Tags are (time after the reference event in ps, reference index), int64[n] each, in any order. Gates are half
open, begin <= t < end.
"""

import numpy as np
from numpy.typing import NDArray

from heraldlink.heralding.attempts import ReferenceIndex
from heraldlink.heralding.herald_stream import HeraldStream
from heraldlink.heralding.patterns import single_click
from heraldlink.heralding.results import Comparison, Heralds
from heraldlink.tags.block import END_PS, IndexedBlock
from heraldlink_drivers.roles import Tags

C, D = 1, 2


def find_heralds(c: Tags, d: Tags, gate_ps: tuple[int, int], first_attempt: int = 0) -> Heralds:
    """The heralds of a slot; earlier reference indices than ``first_attempt`` are not attempts.

    A click of c alone is Psi+, of d alone Psi-, of both ambiguous. Attempts keep their reference index.
    """
    after_ps, index = (np.concatenate(columns) for columns in zip(c, d, strict=True))
    channel = np.repeat(np.array([C, D], dtype=np.int16), [c[0].size, d[0].size])
    order = np.lexsort((after_ps, index))
    kept = order[index[order] >= first_attempt]
    stream = HeraldStream(single_click(C, D, gate_ps), ReferenceIndex())
    stream.push(IndexedBlock(after_ps[kept], index[kept], channel[kept], END_PS))
    return stream.finish().heralds


def compare_hardware(heralds: Heralds, hardware: Tags, first_attempt: int = 0) -> Comparison:
    """Compare with the hardware's coincidence tags, which come for any click in the gate."""
    _, index = hardware
    seen = np.unique(index[index >= first_attempt])
    found = np.union1d(heralds.attempt, heralds.ambiguous)
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
