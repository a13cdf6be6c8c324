# SPDX-License-Identifier: Apache-2.0
"""Beam splitter and threshold detectors: quadratic forms whose normally ordered exponentials mean "no click".

For a set S of detectors that stay dark, N_S = (1-p_dark)**|S| :exp(-a† M_S a): with
(M_S)_ij = sum over k in S of eta_k sqrt(t_i t_j) conj(U_ki) U_kj <xi_i|xi_j>, U the 50:50 beam splitter.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from heraldlink_physics.model import Midpoint
from heraldlink_physics.spread import Spread


@dataclass(frozen=True, slots=True)
class Form:
    """Hermitian 2 by 2 form over the two arms' photons; real, since phases are kept apart."""

    aa: Spread
    bb: Spread
    ab: Spread

    def determinant(self) -> Spread:
        """aa bb - ab**2."""
        return self.aa * self.bb - self.ab * self.ab

    def plus_one(self, x_a: float, x_b: float) -> Spread:
        """det(1 + diag(x_a, x_b) M)."""
        return 1.0 + self.aa * x_a + self.bb * x_b + self.determinant() * (x_a * x_b)


@dataclass(frozen=True, slots=True)
class DarkSets:
    """Forms for the three ways in which one more detector may stay dark."""

    d_then_cd: Form
    """gap = a photon clicks in c and none in d; `more` = no photon clicks at all."""
    c_then_cd: Form
    """gap = a photon clicks in d and none in c."""
    none_then_c: Form
    """gap = a photon clicks in c, whatever d does."""


def dark_sets(efficiency_a: float, efficiency_b: float, midpoint: Midpoint) -> DarkSets:
    """Forms of a midpoint for two arms (efficiencies without beam splitter and detector)."""
    eta_c, eta_d = midpoint.detector_efficiency
    c = _port(eta_c, efficiency_a, efficiency_b, midpoint.visibility)
    d = _port(-eta_d, efficiency_a, efficiency_b, midpoint.visibility)
    return DarkSets(_grow(d, c), _grow(c, d), _grow((0.0, 0.0, 0.0), c))


def _port(signed_efficiency: float, t_a: float, t_b: float, visibility: float) -> tuple[float, float, float]:
    half = abs(signed_efficiency) / 2
    return half * t_a, half * t_b, signed_efficiency / 2 * sqrt(t_a * t_b * visibility)


def _grow(few: tuple[float, float, float], added: tuple[float, float, float]) -> Form:
    aa, bb, ab = (Spread(x, x + y, -y) for x, y in zip(few, added, strict=True))
    return Form(aa, bb, ab)
