# SPDX-License-Identifier: Apache-2.0
"""Density matrices of named qubits, so that pairs can be joined, swapped, distilled and computed with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.gates import BELL, check_channel, kron
from heraldlink_physics.permanents import Matrix

MOST_QUBITS = 10
ROUNDING = 1e-9
PERFECT = np.eye(2)
"""Confusion matrix of a perfect readout, [[P(read g|g), P(read e|g)], [P(read g|e), P(read e|e)]]."""


@dataclass(frozen=True, slots=True, eq=False)
class Register:
    """Qubits at named sites; every operation gives a new register and leaves this one as it is."""

    sites: tuple[str, ...]
    """Such as ("alice.memory", "bob.memory"); the first one's qubit runs slowest."""
    state: Matrix
    """Density matrix of trace 1, complex[2**n, 2**n], in the basis g, e of each qubit; n at most 10."""

    def __post_init__(self) -> None:
        size = 2 ** len(self.sites)
        if len(set(self.sites)) != len(self.sites) or len(self.sites) > MOST_QUBITS:
            raise PhysicsError(f"sites must be at most {MOST_QUBITS} different names, not {self.sites}")
        if self.state.shape != (size, size):
            raise PhysicsError(
                f"{len(self.sites)} qubits have a state of shape {(size, size)}, not {self.state.shape}"
            )
        if not abs(np.trace(self.state) - 1) < ROUNDING:
            raise PhysicsError(f"a register's state has trace 1, not {np.trace(self.state):g}")
        if np.abs(self.state - self.state.conj().T).max() > ROUNDING:
            raise PhysicsError("a state that is not Hermitian is impossible")

    @staticmethod
    def pair(site_a: str, site_b: str, state: Matrix) -> Register:
        """Take a heralded pair, any trace above zero: a model's unnormalised state will do."""
        trace = float(np.trace(state).real)
        if not trace > 0:
            raise PhysicsError("a pair that is never heralded has no state")
        return Register((site_a, site_b), np.asarray(state / trace, dtype=np.complex128))

    @staticmethod
    def ket(sites: Sequence[str], amplitudes: Matrix) -> Register:
        """Take a pure state, complex[2**n], of length 1."""
        ket = np.asarray(amplitudes, dtype=np.complex128)
        return Register(tuple(sites), np.outer(ket, ket.conj()))

    def joined(self, other: Register) -> Register:
        """Both registers side by side; no site may be in both."""
        return Register(self.sites + other.sites, kron(self.state, other.state))

    def applied(self, gate: Matrix, *sites: str) -> Register:
        """Apply a unitary, complex[2**k, 2**k], to k sites in this order."""
        return self.through(gate[None], *sites)

    def through(self, kraus: Matrix, *sites: str) -> Register:
        """Send k sites through a channel, complex[m, 2**k, 2**k]."""
        check_channel(kraus)
        if kraus.shape[1] != 2 ** len(sites):
            raise PhysicsError(f"an operation of size {kraus.shape[1]} does not act on {len(sites)} qubits")
        return Register(
            self.sites, sum((self._sided(one, sites) for one in kraus), np.zeros_like(self.state))
        )

    def reordered(self, *sites: str) -> Register:
        """The same state with its sites in another order."""
        if sorted(sites) != sorted(self.sites):
            raise PhysicsError(f"{sites} is no order of {self.sites}")
        return self.reduced(*sites)

    def reduced(self, *sites: str) -> Register:
        """The state of these sites alone, in this order: partial trace over the others."""
        kept = self._places(sites)
        lost = [place for place in range(len(self.sites)) if place not in kept]
        n, k, rest = len(self.sites), 2 ** len(kept), 2 ** len(lost)
        order = [*kept, *lost]
        grid = self.state.reshape((2,) * (2 * n)).transpose([*order, *(n + place for place in order)])
        return Register(tuple(sites), np.einsum("aibi->ab", grid.reshape(k, rest, k, rest)))

    def measured(self, site: str, confusion: NDArray[np.float64] = PERFECT) -> tuple[Outcome, Outcome]:
        """Read a qubit out and discard it: what "g" and "e" leave of the others.

        ``confusion``: float[2, 2], rows true, columns read; see `heraldlink_physics.readout.confusion`.
        """
        if (
            confusion.shape != (2, 2)
            or confusion.min() < 0
            or np.abs(confusion.sum(axis=1) - 1).max() > ROUNDING
        ):
            raise PhysicsError(f"rows of a confusion matrix are probabilities that sum to 1, not {confusion}")
        (place,) = self._places((site,))
        n = len(self.sites)
        grid = np.moveaxis(self.state.reshape((2,) * (2 * n)), [place, n + place], [0, 1])
        half = 2 ** (n - 1)
        true = [grid[k, k].reshape(half, half) for k in range(2)]
        others = tuple(other for other in self.sites if other != site)
        read = [confusion[0, k] * true[0] + confusion[1, k] * true[1] for k in range(2)]
        return Outcome.of(others, read[0]), Outcome.of(others, read[1])

    def overlap(self, ket: Matrix, *sites: str) -> float:
        """<ket|state|ket> of these sites."""
        return float((ket.conj() @ self.reduced(*sites).state @ ket).real)

    def bell_fidelity(self, name: str, site_a: str, site_b: str) -> float:
        """Fidelity with "phi+", "phi-", "psi+" or "psi-"."""
        if name not in BELL:
            raise PhysicsError(f"unknown Bell state {name!r}: known are {', '.join(BELL)}")
        return self.overlap(BELL[name], site_a, site_b)

    def _places(self, sites: Sequence[str]) -> list[int]:
        unknown = [site for site in sites if site not in self.sites]
        if unknown or len(set(sites)) != len(sites):
            raise PhysicsError(f"sites {tuple(sites)} are not different ones of {self.sites}")
        return [self.sites.index(site) for site in sites]

    def _sided(self, operator: Matrix, sites: Sequence[str]) -> Matrix:
        """operator · state · operator†, on these sites."""
        places, n = self._places(sites), len(self.sites)
        k = len(places)
        grid = operator.reshape((2,) * (2 * k))
        rows = np.tensordot(grid, self.state.reshape((2,) * (2 * n)), axes=(range(k, 2 * k), places))
        rows = np.moveaxis(rows, range(k), places)
        columns = [n + place for place in places]
        whole = np.tensordot(grid.conj(), rows, axes=(range(k, 2 * k), columns))
        return np.moveaxis(whole, range(k), columns).reshape(self.state.shape)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One result of a measurement."""

    probability: float
    rest: Register | None
    """State of the other sites; None if this never happens."""

    @staticmethod
    def of(sites: tuple[str, ...], state: Matrix) -> Outcome:
        """Normalise what an outcome leaves."""
        p = float(np.trace(state).real)
        return Outcome(p, Register(sites, state / p)) if p > 0 else Outcome(0.0, None)


def mixed(outcomes: Sequence[Outcome]) -> Outcome:
    """Forget which of these outcomes it was."""
    p = sum(item.probability for item in outcomes)
    rests = [(item.probability, item.rest) for item in outcomes if item.rest is not None]
    if not rests:
        return Outcome(0.0, None)
    sites = rests[0][1].sites
    return Outcome(p, Register(sites, sum((w / p * rest.state for w, rest in rests), 0 * rests[0][1].state)))
