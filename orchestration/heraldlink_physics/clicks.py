# SPDX-License-Identifier: Apache-2.0
"""Why detectors clicked, and the two-qubit state that each cause leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from heraldlink_physics.model import Cause, Heralded, HeraldModel, Midpoint, State

Click = tuple[Cause, Cause]

SIGN = {"c": 1.0, "d": -1.0}
"""Sign of the Bell state that a click in this port heralds."""


@dataclass(frozen=True, slots=True)
class Elements:
    """What a click leaves in the two qubits: real matrix elements, and some in Fock space before loading."""

    gg: float
    ge: float
    eg: float
    ee: float
    coherence: float
    """<ge|rho|eg> at zero phase difference."""
    fock_01: float
    """Population of exactly 0 photons at A and 1 at B, before loading."""
    fock_10: float
    fock_11: float

    @property
    def probability(self) -> float:
        """Trace."""
        return self.gg + self.ge + self.eg + self.ee

    def scaled(self, factor: float) -> Elements:
        """All elements times `factor`."""
        return Elements(*(factor * value for value in self.values()))

    def plus(self, other: Elements) -> Elements:
        """Sum, element by element."""
        return Elements(*(x + y for x, y in zip(self.values(), other.values(), strict=True)))

    def values(self) -> tuple[float, ...]:
        """All fields in order."""
        return (self.gg, self.ge, self.eg, self.ee, self.coherence, self.fock_01, self.fock_10, self.fock_11)

    def clipped(self) -> Elements:
        """Populations that rounding left below zero set to zero."""
        coherence = self.coherence
        return replace(Elements(*(max(0.0, value) for value in self.values())), coherence=coherence)


@dataclass(frozen=True, slots=True)
class PhotonClicks:
    """Which detectors a photon makes click, uncorrelated clicks apart."""

    none: Elements
    c: Elements
    d: Elements
    both: Elements

    def with_darks(self, dark: tuple[float, float]) -> dict[Click, Elements]:
        """Add independent uncorrelated clicks: the nine causes of what the two detectors did."""
        on_c, on_d = ({"none": 1 - p, "dark": p} for p in dark)
        table: dict[Click, Elements] = {("photon", "photon"): self.both}
        causes: tuple[Cause, Cause] = ("none", "dark")
        for first in causes:
            table[(first, "photon")] = self.d.scaled(on_c[first])
            table[("photon", first)] = self.c.scaled(on_d[first])
            for second in causes:
                table[(first, second)] = self.none.scaled(on_c[first] * on_d[second])
        return table


def single_click_model(
    clicks: PhotonClicks, midpoint: Midpoint, dephasing: tuple[float, float]
) -> HeraldModel:
    """Turn matrix elements into heralded states; `dephasing` are the two qubits' phase-flip probabilities."""
    left = midpoint.coherence * (1 - 2 * dephasing[0]) * (1 - 2 * dephasing[1])
    table = clicks.with_darks(midpoint.dark_probability)
    states = {causes: _state(elements, left) for causes, elements in table.items()}
    patterns = {
        "c": _heralded(table[("photon", "none")], table[("dark", "none")], left, SIGN["c"]),
        "d": _heralded(table[("none", "photon")], table[("none", "dark")], left, SIGN["d"]),
        "both": _both(states),
    }
    return HeraldModel(patterns, states)


def _state(elements: Elements, left: complex) -> State:
    state = np.diag([elements.gg, elements.ge, elements.eg, elements.ee]).astype(np.complex128)
    state[1, 2] = elements.coherence * left
    state[2, 1] = np.conj(state[1, 2])
    return state


def _heralded(photon: Elements, dark: Elements, left: complex, sign: float) -> Heralded:
    total = photon.plus(dark)
    coherence = sign * left.real * total.coherence
    fock = (total.fock_01 + total.fock_10) / 2 + coherence
    measured = (total.ge + total.eg) / 2 + coherence
    p = total.probability
    fidelities = (fock / p, measured / p) if p > 0 else (np.nan, np.nan)
    return Heralded(p, _state(photon, left), _state(dark, left), *fidelities)


def _both(states: dict[Click, State]) -> Heralded:
    dark = states[("dark", "dark")]
    photon = states[("photon", "photon")] + states[("photon", "dark")] + states[("dark", "photon")]
    return Heralded(float(np.trace(photon + dark).real), photon, dark, np.nan, np.nan)
