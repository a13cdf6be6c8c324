# SPDX-License-Identifier: Apache-2.0
"""Entanglement by one photon that both nodes' cavities reflect: P = eta, no factor of one half.

Duan and Kimble, Phys. Rev. Lett. 92, 127902 (2004). The photon is split: one half meets node A's and then
node B's cavity, the other a mirror; both halves interfere again. A cavity reflects with
r = 1 - 2 (kappa_ext/kappa) / (1 + C) on resonance, C = 4 g²/(kappa gamma) in the coupled state e, C = 0 in g
(input-output theory, see Reiserer and Rempe, Rev. Mod. Phys. 87, 1379 (2015)): the phase differs by pi.
Either port heralds: one that the qubits are equal, Phi+, the other that they differ, Psi+.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.errors import within
from heraldlink_physics.permanents import Matrix

MOST_COOPERATIVE = 1e12
"""Largest cooperativity that the arithmetic is tested for."""


@dataclass(frozen=True, slots=True)
class Cavity:
    """A one-sided cavity with a qubit whose state e couples to it."""

    cooperativity: float
    """4 g²/(kappa gamma), 0..1e12."""
    outcoupling: float = 1.0
    """kappa_ext/kappa, 0..1."""

    def __post_init__(self) -> None:
        within("cooperativity", self.cooperativity, 0, MOST_COOPERATIVE)
        within("outcoupling", self.outcoupling, 0, 1)

    @property
    def reflection(self) -> NDArray[np.float64]:
        """Amplitudes for g and e on resonance, float[2], each -1..1."""
        return 1 - 2 * self.outcoupling / (1 + np.array([0.0, self.cooperativity]))


@dataclass(frozen=True, slots=True)
class Reflected:
    """What one photon does."""

    probability: float
    """Of a click in either port."""
    fidelity: float
    """With Phi+ or Psi+ by port, averaged over heralds; NaN if none can occur."""
    equal: Matrix
    """Unnormalised two-qubit state after a click in the port that heralds Phi+, complex[4, 4]."""
    different: Matrix
    """The same for Psi+."""


def reflection(a: Cavity, b: Cavity, efficiency: float, *, mirror: float = 1.0) -> Reflected:
    """One photon, both qubits in (|g> + |e>)/sqrt(2) at first; exact.

    ``efficiency``: photon source to click, all losses that both halves share, 0..1. ``mirror``: amplitude
    that the half beside the cavities keeps, 0..1. With perfect cavities P = efficiency and F = 1.
    """
    within("efficiency", efficiency, 0, 1)
    within("mirror", mirror, 0, 1)
    both = np.outer(a.reflection, b.reflection).ravel()
    equal, different = (_state((both + sign * mirror) / 4, efficiency) for sign in (1, -1))
    p = float((np.trace(equal) + np.trace(different)).real)
    phi, psi = np.array([1, 0, 0, 1]) / sqrt(2), np.array([0, 1, 1, 0]) / sqrt(2)
    good = float((phi @ equal @ phi + psi @ different @ psi).real)
    return Reflected(p, good / p if p > 0 else nan, equal, different)


def _state(amplitudes: NDArray[np.float64], efficiency: float) -> Matrix:
    return (efficiency * np.outer(amplitudes, amplitudes)).astype(np.complex128)
