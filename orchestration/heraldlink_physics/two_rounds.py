# SPDX-License-Identifier: Apache-2.0
"""Schemes with one click in each of two rounds: Barrett-Kok (emitters) and time-bin (pair sources).

The same port twice heralds Psi+, different ports Psi-. A constant phase between the arms cancels; only its
change between the rounds remains: ``phase_sigma_rad`` is its rms, ``phase_offset_rad`` its mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

from heraldlink_physics.clicks import SIGN, Elements, PhotonClicks
from heraldlink_physics.model import Arm, Emitter, Midpoint
from heraldlink_physics.pair_source import pair_clicks
from heraldlink_physics.single_click import emitter_clicks


@dataclass(frozen=True, slots=True)
class BarrettKok:
    """Result of a Barrett-Kok attempt (both rounds)."""

    probability: float
    """Per attempt."""
    fidelity: float
    """F = F_meas, since emitters need no loading; NaN if it never heralds."""
    fidelity_measured: float


@dataclass(frozen=True, slots=True)
class TimeBin:
    """Result of a time-bin attempt, raw and after the erasure check (one microwave photon per node)."""

    probability: float
    """Per attempt."""
    fidelity: float
    """F: overlap with the Bell state in Fock space; NaN if it never heralds."""
    fidelity_measured: float
    """F_meas: the same after loading each bin by 0->g, 1->e, n>=2->e."""
    post_selected_fidelity: float
    post_selected_fidelity_measured: float
    post_selection_probability: float
    """Given a herald, that each node holds exactly one microwave photon in its two bins."""
    post_selection_probability_measured: float
    """The same after loading: exactly one of a node's two bins excited."""


def barrett_kok(
    efficiency_a: float,
    efficiency_b: float,
    midpoint: Midpoint,
    *,
    dephasing: tuple[float, float] = (0, 0),
    double_excitation: tuple[float, float] = (0, 0),
) -> BarrettKok:
    """Emitters in (|g>+|e>)/sqrt(2), one click, both qubits flipped, one click again; exact.

    `dephasing` is each qubit's phase-flip probability over the whole attempt, 0..0.5, `double_excitation`
    its probability of an extra photon in each round. Without both and without dark counts
    P = eta_a eta_b / 2 and F = (1 + V exp(-sigma²/2))/2 (Barrett and Kok, Phys. Rev. A 71, 060310 (2005)).
    """
    a = Emitter(0.5, efficiency_a, dephasing[0], double_excitation[0])
    b = Emitter(0.5, efficiency_b, dephasing[1], double_excitation[1])
    ports = _ports(emitter_clicks(a, b, midpoint), midpoint)
    left = _left(midpoint, dephasing)
    # The second round starts from the flipped qubits, not from a fresh superposition: 4 undoes that.
    pairs = [(4, SIGN[x] * SIGN[y] * left, ports[x], ports[y]) for x in "cd" for y in "cd"]
    p = sum(weight * _one_per_node(early, late) for weight, _, early, late in pairs)
    if p <= 0:
        return BarrettKok(0.0, nan, nan)
    good = sum(weight * _bell(early, late, sign) for weight, sign, early, late in pairs)
    return BarrettKok(p, good / p, good / p)


def time_bin(a: Arm, b: Arm, midpoint: Midpoint) -> TimeBin:
    """One pair-source pulse and one click in each of two bins; P = P_early P_late; exact.

    An arm's `dephasing` p is that of the node's logical qubit over the whole attempt and counts once. Two
    memories, one for each bin, that flip with p independently amount to 2p(1-p).
    """
    ports = _ports(pair_clicks(a, b, midpoint), midpoint)
    left = _left(midpoint, (a.dephasing, b.dephasing))
    p = sum(item.probability for item in ports.values()) ** 2
    if p <= 0:
        return TimeBin(0.0, nan, nan, nan, nan, nan, nan)
    pairs = [(SIGN[x] * SIGN[y] * left, ports[x], ports[y]) for x in "cd" for y in "cd"]
    good = sum(_bell(_in_fock_space(early), _in_fock_space(late), sign) for sign, early, late in pairs)
    measured = sum(_bell(early, late, sign) for sign, early, late in pairs)
    kept = sum(_one_per_node(_in_fock_space(early), _in_fock_space(late)) for _, early, late in pairs)
    kept_measured = sum(_one_per_node(early, late) for _, early, late in pairs)
    return TimeBin(
        p,
        good / p,
        measured / p,
        _ratio(good, kept),
        _ratio(measured, kept_measured),
        kept / p,
        kept_measured / p,
    )


def _ports(clicks: PhotonClicks, midpoint: Midpoint) -> dict[str, Elements]:
    table = clicks.with_darks(midpoint.dark_probability)
    return {
        "c": table[("photon", "none")].plus(table[("dark", "none")]),
        "d": table[("none", "photon")].plus(table[("none", "dark")]),
    }


def _left(midpoint: Midpoint, dephasing: tuple[float, float]) -> float:
    return midpoint.coherence.real * (1 - 2 * dephasing[0]) * (1 - 2 * dephasing[1])


def _in_fock_space(item: Elements) -> Elements:
    """Only modes with exactly one photon count as excited."""
    fock = (item.fock_01, item.fock_10, item.fock_11)
    return Elements(item.gg, *fock, item.coherence, *fock)


def _one_per_node(early: Elements, late: Elements) -> float:
    """Weight of events with exactly one excitation per node in its two rounds."""
    return early.ge * late.eg + early.eg * late.ge + early.gg * late.ee + early.ee * late.gg


def _bell(early: Elements, late: Elements, sign: float) -> float:
    """Weight in the Bell state: half its two populations, plus the coherence (each round's own is real)."""
    return (early.ge * late.eg + early.eg * late.ge) / 2 + sign * early.coherence * late.coherence


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else nan
