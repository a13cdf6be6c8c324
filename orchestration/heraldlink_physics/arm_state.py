# SPDX-License-Identifier: Apache-2.0
"""One arm's light together with its qubit: any density matrix of qubit levels and photon numbers."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log, prod

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.errors import CutOffError, PhysicsError, within
from heraldlink_physics.permanents import Matrix, photon_numbers

ROUNDING = 1e-9
"""By how much a density matrix may miss its trace, hermiticity or positivity."""


@dataclass(frozen=True, slots=True, eq=False)
class ArmState:
    """Qubit levels and the optical modes of one bin, or of an early and a late one."""

    matrix: Matrix
    """complex[L, D, L, D], or [L, D_early, D_late, L, D_early, D_late]; what its trace lacks of 1
    was cut off."""
    bins: tuple[tuple[int, ...], ...]
    """Photon-number levels of each mode, bin by bin; D is a bin's product, its last mode runs fastest."""
    efficiencies: tuple[float, ...]
    """Of each mode of a bin, from the node to a click without the 50:50 beam splitter, 0..1."""

    def __post_init__(self) -> None:
        sizes = tuple(prod(bin_) for bin_ in self.bins)
        shape = (self.levels, *sizes)
        if not 1 <= len(self.bins) <= 2 or self.matrix.shape != (*shape, *shape):
            raise PhysicsError(f"a state of shape {self.matrix.shape} is impossible for bins {self.bins}")
        if any(len(bin_) != len(self.efficiencies) for bin_ in self.bins):
            raise PhysicsError(f"{len(self.efficiencies)} efficiencies do not fit the modes of {self.bins}")
        for efficiency in self.efficiencies:
            within("efficiency of a mode", efficiency, 0, 1)
        flat = self.matrix.reshape(prod(shape), prod(shape))
        trace = float(np.trace(flat).real)
        if not np.all(np.isfinite(flat)) or trace > 1 + ROUNDING:
            raise PhysicsError(f"a state with trace {trace:g} is impossible: allowed are 0 to 1")
        if np.abs(flat - flat.conj().T).max() > ROUNDING:
            raise PhysicsError("a state that is not Hermitian is impossible")

    @staticmethod
    def of(matrix: Matrix, bins: tuple[tuple[int, ...], ...], efficiencies: tuple[float, ...]) -> ArmState:
        """Take a state from elsewhere; also refuses negative probabilities."""
        state = ArmState(np.asarray(matrix, dtype=np.complex128), bins, efficiencies)
        if np.linalg.eigvalsh(state.flat())[0] < -ROUNDING:
            raise PhysicsError("a state with a negative probability is impossible")
        return state

    def flat(self) -> Matrix:
        """Return the density matrix with one row and one column index."""
        size = prod(self.matrix.shape[: self.matrix.ndim // 2])
        return self.matrix.reshape(size, size)

    @property
    def levels(self) -> int:
        """Number of qubit levels L."""
        return len(self.matrix)

    @property
    def tail(self) -> float:
        """Probability that lies beyond the cut-offs."""
        return max(0.0, 1 - float(np.trace(self.flat()).real))

    def photons(self, place: int) -> NDArray[np.intp]:
        """Total photon number of every basis state of bin `place`, intp[D]."""
        total: NDArray[np.intp] = photon_numbers(self.bins[place]).sum(axis=0)
        return total

    def check_tail(self, name: str, tolerance: float) -> None:
        """Raise `CutOffError` when more than `tolerance` lies beyond the cut-offs."""
        if self.tail <= tolerance + 1e-14:
            return
        needed = max(self._needed(place, tolerance) for place in range(len(self.bins)))
        raise CutOffError(name, min(cut for bin_ in self.bins for cut in bin_), self.tail, needed, tolerance)

    def _needed(self, place: int, tolerance: float) -> int:
        """Cut-off at which the populations, continued geometrically, leave the tolerated tail."""
        populations = np.diag(self.flat()).real.reshape(self.matrix.shape[: self.matrix.ndim // 2])
        others = tuple(axis for axis in range(populations.ndim) if axis != place + 1)
        counts = np.bincount(self.photons(place), weights=populations.sum(axis=others))
        ratio = counts[-1] / counts[-2] if len(counts) > 1 and counts[-2] > 0 else 0.5
        steps = log(max(tolerance, 1e-16) / self.tail) / log(min(max(float(ratio), 1e-3), 0.99))
        return max(self.bins[place]) + max(1, ceil(steps))
