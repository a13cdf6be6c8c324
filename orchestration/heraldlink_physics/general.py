# SPDX-License-Identifier: Apache-2.0
"""The conditional state of two qubits for every herald pattern, for any state of the two arms.

Detectors in a set S that stay dark are N_S = (1-p_dark)**|S| :exp(-a† M_S a): with
(M_S)_ij = sum over k in S of eta_k sqrt(t_i t_j) conj(U_ki) U_kj <xi_i|xi_j>, U the 50:50 beam splitter,
t_i and xi_i efficiency and shape of optical mode i; "only c clicks" is N_{d} - N_{cd}. The normally ordered
exponential is the photodetection formula of Kelley and Kleiner, Phys. Rev. 136, A316 (1964), for no count.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.arm_state import ArmState
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.model import Cause, Midpoint
from heraldlink_physics.permanents import Matrix, dark_operators

Pattern = Literal["none", "c", "d", "both"]
Click = tuple[Cause, Cause]
TOLERATED_TAIL = 1e-11
WORTH_BLAS = 1 << 26
"""Product of two arrays' sizes from which they are contracted as matrices."""


@dataclass(frozen=True, slots=True, eq=False)
class Conditional:
    """Unnormalised states of both qubits after one round, or after an early and a late one."""

    photon: Matrix
    """Which detectors photons make click, uncorrelated clicks apart: complex[4 per bin, L_a L_b, L_a L_b]."""
    dark: tuple[float, float]
    """Probability of an uncorrelated click in detectors c, d, in each bin."""

    def state(self, *patterns: Pattern) -> Matrix:
        """State after a pattern in each bin, uncorrelated clicks included; its trace is the probability."""
        return self._weighted([_pattern_weights(pattern, self.dark) for pattern in patterns])

    def cause(self, *clicks: Click) -> Matrix:
        """State when detectors (c, d) clicked for these reasons, bin by bin."""
        return self._weighted([_cause_weights(click, self.dark) for click in clicks])

    def _weighted(self, weights: list[Matrix]) -> Matrix:
        if len(weights) != self.photon.ndim - 2:
            raise PhysicsError(f"{len(weights)} patterns do not fit {self.photon.ndim - 2} bins")
        state = self.photon
        for weight in weights:
            state = _product("p,p...->...", weight, state)
        return state


def conditional(
    a: ArmState,
    b: ArmState,
    midpoint: Midpoint,
    *,
    overlaps: Matrix | None = None,
    common_phase_rad: float | None = 0.0,
    tolerated_tail: float = TOLERATED_TAIL,
) -> Conditional:
    """States for every pattern, exact for what the cut-offs contain.

    ``overlaps``: complex[modes of A, modes of B], <xi_A|xi_B> of the modes in a bin; by default the first
    modes of both arms overlap by sqrt(V) and the others not at all. Modes of one arm are orthogonal.
    With two bins the midpoint's phase is the change from the early to the late one, ``common_phase_rad``
    what both share, None if that is unknown. Raises `CutOffError` if more than `tolerated_tail` of either
    arm lies beyond its cut-offs.
    """
    if len(a.bins) != len(b.bins):
        raise PhysicsError(f"arms with {len(a.bins)} and {len(b.bins)} bins cannot meet")
    a.check_tail("cut-off of arm A", tolerated_tail)
    b.check_tail("cut-off of arm B", tolerated_tail)
    gram = _gram(a, b, midpoint, overlaps)
    turned = b.matrix * _phases(b, midpoint, common_phase_rad)
    clicks = [_photon_clicks(a, b, place, midpoint, gram) for place in range(len(a.bins))]
    return Conditional(_contract(_paired(a.matrix), _paired(turned), clicks), midpoint.dark_probability)


def _gram(a: ArmState, b: ArmState, midpoint: Midpoint, overlaps: Matrix | None) -> Matrix:
    shape = (len(a.efficiencies), len(b.efficiencies))
    if overlaps is None:
        overlaps = np.zeros(shape, dtype=np.complex128)
        overlaps[0, 0] = sqrt(midpoint.visibility)
    if overlaps.shape != shape or np.linalg.norm(overlaps, 2) > 1 + 1e-12:
        raise PhysicsError("overlaps of two sets of orthogonal modes have singular values of 0 to 1")
    gram = np.eye(sum(shape), dtype=np.complex128)
    gram[: shape[0], shape[0] :], gram[shape[0] :, : shape[0]] = overlaps, overlaps.conj().T
    return gram


def _photon_clicks(a: ArmState, b: ArmState, place: int, midpoint: Midpoint, gram: Matrix) -> Matrix:
    """Operators of none, c, d, both in one bin as complex[4, D_a D_a, D_b D_b]: <m_a m_b|E|n_a n_b>."""
    roots = np.sqrt([*a.efficiencies, *b.efficiencies])
    sign = np.array([1.0] * len(a.efficiencies) + [-1.0] * len(b.efficiencies))
    common = gram * np.outer(roots, roots) / 2
    c, d = midpoint.detector_efficiency
    m_c, m_d = c * common, d * common * np.outer(sign, sign)
    few, added = np.stack([m_d, m_c, np.zeros_like(m_c)]), np.stack([m_c, m_d, m_c])
    dark = dark_operators(few, added, a.bins[place] + b.bins[place])
    only_c, only_d, any_c = dark.gap
    stack = np.stack([dark.few[0] - only_c, only_c, only_d, any_c - only_c])
    size_a, size_b = prod(a.bins[place]), prod(b.bins[place])
    split = stack.reshape(4, size_a, size_b, size_a, size_b).transpose(0, 3, 1, 4, 2)
    return split.reshape(4, size_a * size_a, size_b * size_b)


def _paired(matrix: Matrix) -> Matrix:
    """[row, column] of every axis side by side: complex[L L, D D (, D D)]; a missing late bin has size 1."""
    half = matrix.ndim // 2
    order = [axis for pair in zip(range(half), range(half, 2 * half), strict=True) for axis in pair]
    sizes = [size * size for size in matrix.shape[:half]]
    return matrix.transpose(order).reshape(*sizes, *([1] if half == 2 else []))


def _contract(a: Matrix, b: Matrix, clicks: list[Matrix]) -> Matrix:
    """Trace over the light, pattern by pattern: complex[4 (, 4), L_a L_b, L_a L_b]."""
    early = _product("ael,pef->pafl", a, clicks[0])
    late = clicks[1] if len(clicks) == 2 else np.ones((1, 1, 1), dtype=np.complex128)
    states = _product("pafl,sbfl->pasb", early, _product("bfm,slm->sbfl", b, late))
    levels_a, levels_b = round(sqrt(a.shape[0])), round(sqrt(b.shape[0]))
    grid = states.reshape(4, levels_a, levels_a, len(late), levels_b, levels_b).transpose(0, 3, 1, 4, 2, 5)
    both = levels_a * levels_b
    bins = (4, 4) if len(clicks) == 2 else (4,)
    return grid.reshape(*bins, both, both)


def _product(subscripts: str, one: Matrix, two: Matrix) -> Matrix:
    """Contract two arrays; small ones without BLAS, whose threads cost a busy machine more than they save."""
    return np.asarray(np.einsum(subscripts, one, two, optimize=one.size * two.size > WORTH_BLAS))


def _phases(b: ArmState, midpoint: Midpoint, common_phase_rad: float | None) -> Matrix:
    """What the phase between the arms leaves of B's coherences between photon numbers; broadcasts."""
    numbers = [b.photons(place) for place in range(len(b.bins))]
    last = np.subtract.outer(numbers[-1], numbers[-1])
    left = _left(last, midpoint)[None, :, None, :]
    if len(numbers) == 1:
        return left
    total = numbers[0][:, None] + numbers[1]
    change = np.subtract.outer(total, total)  # [early, late, early', late']
    if common_phase_rad is None:
        common = np.asarray(change == 0, dtype=np.complex128)
    else:
        common = np.exp(1j * common_phase_rad * change)
    both: Matrix = common * left
    return both[None, :, :, None, :, :]


def _left(change: NDArray[np.intp], midpoint: Midpoint) -> Matrix:
    """<exp(i phi change)> of the midpoint's phase."""
    if not midpoint.coherent:
        return np.asarray(change == 0, dtype=np.complex128)
    sigma, offset = midpoint.phase_sigma_rad, midpoint.phase_offset_rad
    with np.errstate(over="ignore"):
        spread = np.where(change == 0, 0.0, (sigma * change) ** 2 / 2)
    return np.asarray(np.exp(1j * offset * change - spread), dtype=np.complex128)


def _pattern_weights(pattern: Pattern, dark: tuple[float, float]) -> Matrix:
    """How often photon clicks (none, c, d, both) become `pattern` once uncorrelated clicks are added."""
    wanted = {"none": (False, False), "c": (True, False), "d": (False, True), "both": (True, True)}[pattern]
    by_photons = [_detector(want, p) for want, p in zip(wanted, dark, strict=True)]
    return _outer(by_photons[0], by_photons[1])


def _detector(clicks: bool, dark: float) -> tuple[float, float]:
    """Chance that a detector ends as wanted if no photon, or a photon, made it click."""
    return (dark, 1.0) if clicks else (1 - dark, 0.0)


def _cause_weights(click: Click, dark: tuple[float, float]) -> Matrix:
    table = [
        {"none": (1 - p, 0.0), "dark": (p, 0.0), "photon": (0.0, 1.0)}[why]
        for why, p in zip(click, dark, strict=True)
    ]
    return _outer(table[0], table[1])


def _outer(c: tuple[float, float], d: tuple[float, float]) -> Matrix:
    """Weights of photon clicks none, c, d, both from (no photon, photon) at each detector."""
    return np.array([c[0] * d[0], c[1] * d[0], c[0] * d[1], c[1] * d[1]], dtype=np.complex128)
