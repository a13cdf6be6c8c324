# SPDX-License-Identifier: Apache-2.0
"""Nodes whose qubits emit: what the clicks of each round leave, and how likely the next ones are then.

Every attempt starts with reset qubits (assumed: optical pumping takes no time). The drive turns them, a pump
pulse lets the bright state e emit one photon, and so on: the same two qubits go through all rounds (S. D.
Barrett and P. Kok, Phys. Rev. A 71, 060310 (2005)). As a photon tells g from e, what a detector does
multiplies the pair's density matrix element by element, and only <ge|rho|eg> survives besides populations. It
carries the phase of node B's path, whose fast part is averaged exactly: matrices are kept apart by how often,
and with which sign, each round's phase entered them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.model import Emitter
from heraldlink_physics.single_click import single_click
from heraldlink_sim.world.arrivals import Arrivals
from heraldlink_sim.world.qubits import PAULIS, Real
from heraldlink_sim.world.tables import CAUSES, AttemptTable

Complex = NDArray[np.complex128]
Charges = tuple[int, ...]
Matrices = Mapping[Charges, Complex]
Pair = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Phases:
    """Phase B-A in a slot, the rms of its fast part, and that of its change between two rounds, rad."""

    slow_rad: float
    fast_rad: float
    change_rad: float

    def mean(self, charges: Charges) -> complex:
        """Return <exp(i sum m_k phi_k)> for the charges m_k of the rounds so far."""
        total = sum(charges)
        changes = sum(sum(charges[k:]) ** 2 for k in range(1, len(charges)))
        spread = (total * self.fast_rad) ** 2 + changes * self.change_rad**2
        return complex(np.exp(1j * total * self.slow_rad - spread / 2))


@dataclass(frozen=True, slots=True)
class Emission:
    """One round: its gate's table for anything but emitted photons, and both arms' chances of a photon.

    ``efficiencies``: of a bright qubit's photon to click in the gate, ``beside``: outside of it.
    ``turns``: what drives and time do to both qubits since the round before, float[4, 4] each.
    """

    table: AttemptTable
    efficiencies: Pair
    beside: Pair
    turns: tuple[Real, Real]
    dephasing: Pair

    def kernels(self) -> Complex:
        """What each cause in `CAUSES` multiplies the pair's matrix with, complex[9, 4, 4]."""
        midpoint = replace(self.table.link.midpoint, phase_sigma_rad=0.0, phase_offset_rad=0.0)
        a, b = (Emitter(0.5, *item) for item in zip(self.efficiencies, self.dephasing, strict=True))
        clicks = single_click(a, b, midpoint).clicks  # equal superpositions: all elements are 1/4 beforehand
        return 4 * np.stack([clicks[cause] for cause in CAUSES])


class EmitterPair:
    """Both qubits through the rounds of an attempt, for any causes of clicks."""

    def __init__(self, rest: tuple[Real, Real], rounds: Sequence[Emission], phases: Phases) -> None:
        self._rounds, self._phases = rounds, phases
        self._kernels = [item.kernels() for item in rounds]
        start = _density(np.outer(*rest).astype(np.complex128))
        self._lit: dict[tuple[int, ...], Matrices] = {(): self._turned({(): start}, 0)}
        self._tables: dict[tuple[int, ...], AttemptTable] = {}

    def table(self, causes: tuple[int, ...]) -> AttemptTable:
        """Return the table of the round after those that clicked for these causes (indices in `CAUSES`)."""
        if causes not in self._tables:
            self._tables[causes] = self._table(causes)
        return self._tables[causes]

    def _table(self, causes: tuple[int, ...]) -> AttemptTable:
        item, before = self._rounds[len(causes)], self._mean(self._before(causes))
        states = np.stack([self._mean(self._after(causes, why)) for why in range(len(CAUSES))])
        weights = np.einsum("nii->n", states).real / np.trace(before).real
        clicking = weights[1:].clip(min=0.0)
        total = float(clicking.sum())
        bright = _bright(before)
        inside, beside = (
            (bright[0] * share[0], bright[1] * share[1]) for share in (item.efficiencies, item.beside)
        )
        seen = item.table.link.midpoint.detector_efficiency
        return replace(
            item.table,
            probability=total,
            cumulative=np.cumsum(clicking) / total if total > 0 else np.ones(len(clicking)),
            states=states / np.einsum("nii->n", states).real.clip(min=1e-300)[:, None, None],
            photons=Arrivals(item.table.photons.profiles, inside),
            stray=Arrivals(item.table.stray.profiles, beside),
            stray_mean=(
                item.table.stray_mean[0] + sum(beside) / 2 * seen[0],
                item.table.stray_mean[1] + sum(beside) / 2 * seen[1],
            ),
        )

    def _before(self, causes: tuple[int, ...]) -> Matrices:
        """Return the matrices when the pulse of the next round comes."""
        if causes not in self._lit:
            self._lit[causes] = self._turned(self._after(causes[:-1], causes[-1]), len(causes))
        return self._lit[causes]

    def _after(self, causes: tuple[int, ...], why: int) -> Matrices:
        kernel, left = self._kernels[len(causes)][why], dict[Charges, Complex]()
        for charges, matrix in self._before(causes).items():
            kept = matrix * kernel
            for charge, places in ((1, (1, 2)), (-1, (2, 1))):
                lone = np.zeros_like(kept)
                lone[places], kept[places] = kept[places], 0
                left[*charges, charge] = lone
            left[*charges, 0] = kept
        return {charges: matrix for charges, matrix in left.items() if np.any(matrix)}

    def _turned(self, matrices: Matrices, place: int) -> Matrices:
        a, b = self._rounds[place].turns
        return {charges: _density(a @ _correlations(matrix) @ b.T) for charges, matrix in matrices.items()}

    def _mean(self, matrices: Matrices) -> Complex:
        found = np.zeros((4, 4), dtype=np.complex128)
        for charges, matrix in matrices.items():
            found += self._phases.mean(charges) * matrix
        return found


def _correlations(matrix: Complex) -> Complex:
    """Tr(ρ σ_i ⊗ σ_j) of any complex[4, 4]."""
    return np.asarray(np.einsum("abcd,ica,jdb->ij", matrix.reshape(2, 2, 2, 2), PAULIS, PAULIS))


def _density(correlations: Complex) -> Complex:
    """Return the matrix with these correlations, complex[4, 4]."""
    return np.asarray(np.einsum("ij,iac,jbd->abcd", correlations, PAULIS, PAULIS).reshape(4, 4) / 4)


def _bright(state: Complex) -> Pair:
    """Populations of e at A and B."""
    populations = np.diag(state).real / np.trace(state).real
    return float(populations[2] + populations[3]), float(populations[1] + populations[3])
