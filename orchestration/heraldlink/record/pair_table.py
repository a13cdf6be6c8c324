# SPDX-License-Identifier: Apache-2.0
"""Measured pairs as arrays, and how often which outcomes came together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heraldlink.messages.service import SlotBasis
from heraldlink.messages.values import Basis, BellState
from heraldlink.pairs import Pair

BASES: tuple[Basis, ...] = ("XX", "YY", "ZZ")
BELL_STATES: tuple[BellState, ...] = ("psi+", "psi-")

Integers = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class PairTable:
    """One row per pair, int64[n] each.

    ``bell`` and ``basis`` are places in `BELL_STATES` and `BASES`; ``local`` and ``remote`` are outcomes: +1
    for |g>, -1 for |e>, 0 where none was read.
    """

    slot: Integers
    attempt: Integers
    bell: Integers
    basis: Integers
    local: Integers
    remote: Integers

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> "PairTable":
        """From pairs, in their order."""
        rows = [
            (
                pair.slot,
                pair.attempt,
                BELL_STATES.index(pair.bell_state),
                place_of(pair.basis),
                *pair.outcomes,
            )
            for pair in pairs
        ]
        columns = np.array(rows, dtype=np.int64).reshape(-1, 6).T
        return cls(*columns)

    def counts(self, bell: BellState, basis: Basis) -> Integers:
        """Outcomes of local (rows) and remote (columns), +1 first: int64[2, 2]."""
        here = (self.bell == BELL_STATES.index(bell)) & (self.basis == BASES.index(basis))
        local, remote = self.local[here], self.remote[here]
        sides = (1, -1)
        return np.array(
            [[np.count_nonzero((local == a) & (remote == b)) for b in sides] for a in sides], dtype=np.int64
        )


def place_of(basis: SlotBasis) -> int:
    """Place in BASES; -1 of any other basis, which no fidelity is computed from."""
    return BASES.index(basis) if basis in BASES else -1


def with_outcomes(pair: Pair, outcome: int, outcomes: tuple[int, int]) -> Pair:
    """The same pair with another herald outcome (1 for Psi+, 2 for Psi-) and other qubit outcomes."""
    return replace(pair, bell_state=BELL_STATES[outcome - 1], outcomes=outcomes)
