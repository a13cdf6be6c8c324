# SPDX-License-Identifier: Apache-2.0
"""What nodes do with pairs: swap entanglement, distil one pair from two, teleport a gate.

Gates between two qubits of a node, and readouts, may fail as `Tools` says. All is exact: outcomes with their
probabilities, no sampling.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import pi

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.errors import within
from heraldlink_physics.gates import CNOT, CZ, H, X, Z, depolarising, rotation
from heraldlink_physics.permanents import Matrix
from heraldlink_physics.register import PERFECT, Outcome, Register, mixed

Pair = tuple[str, str]
"""Sites at node A and at node B."""

_FRAMES: dict[str, Matrix] = {"phi+": np.eye(2, dtype=np.complex128), "phi-": Z, "psi+": X, "psi-": Z @ X}


@dataclass(frozen=True, slots=True, eq=False)
class Tools:
    """How well a node works on its qubits."""

    two_qubit_error: float = 0.0
    """Depolarising probability of each gate between two qubits, 0..1."""
    confusion: NDArray[np.float64] = field(default_factory=lambda: PERFECT.copy())
    """Of each readout, float[2, 2], rows true, columns read."""

    def __post_init__(self) -> None:
        within("two_qubit_error", self.two_qubit_error, 0, 1)

    def cnot(self, register: Register, control: str, target: str) -> Register:
        """The gate and its error."""
        return self._gated(register, CNOT, control, target)

    def cz(self, register: Register, one: str, two: str) -> Register:
        """The gate and its error."""
        return self._gated(register, CZ, one, two)

    def _gated(self, register: Register, gate: Matrix, one: str, two: str) -> Register:
        after = register.applied(gate, one, two)
        if self.two_qubit_error:
            after = after.through(depolarising(self.two_qubit_error, 2), one, two)
        return after


def bell_measured(register: Register, one: str, two: str, tools: Tools) -> dict[str, Outcome]:
    """Measure two qubits in the Bell basis and discard them: by name of the Bell state that is read.

    CNOT from `one` to `two`, H on `one`: `one` reads e for the states with a minus, `two` for the psi states.
    """
    turned = tools.cnot(register, one, two).applied(H, one)
    results: dict[str, Outcome] = {}
    for sign, first in zip("+-", turned.measured(one, tools.confusion), strict=True):
        for kind, item in zip(("phi", "psi"), _second(first, two, tools), strict=True):
            results[kind + sign] = Outcome(first.probability * item.probability, item.rest)
    return results


def swapped(register: Register, middle: Pair, end: str, tools: Tools | None = None) -> Register:
    """Connect two phi+ pairs by a Bell measurement on their qubits in the middle; `end` is corrected.

    Zukowski et al., Phys. Rev. Lett. 71, 4287 (1993). With Werner pairs of F1 and F2 and perfect tools the
    new pair has F = F1 F2 + (1-F1)(1-F2)/3.
    """
    outcomes = bell_measured(register, *middle, tools or Tools())
    corrected = [
        (item.probability, item.rest.applied(_FRAMES[name], end))
        for name, item in outcomes.items()
        if item.rest is not None
    ]
    state = sum((p * rest.state for p, rest in corrected), 0 * corrected[0][1].state)
    return Register(corrected[0][1].sites, state)


def teleported_cz(
    register: Register, control: str, target: str, pair: Pair, tools: Tools | None = None
) -> Register:
    """CZ between qubits at two nodes that share a phi+ pair, which is spent; corrected by feed-forward.

    Eisert et al., Phys. Rev. A 62, 052317 (2000); demonstrated by Main et al., Nature 638, 383 (2025). With
    perfect tools each wrong Bell state of the pair becomes a Z of control, target or both: the gate's process
    fidelity is the pair's fidelity.
    """
    tools = tools or Tools()
    copied = tools.cnot(register, control, pair[0]).measured(pair[0], tools.confusion)
    arrived = _corrected(copied, X, pair[1])
    met = tools.cz(arrived, pair[1], target).applied(H, pair[1])
    return _corrected(met.measured(pair[1], tools.confusion), Z, control)


def _corrected(outcomes: tuple[Outcome, Outcome], gate: Matrix, site: str) -> Register:
    """Apply `gate` where e was read, and forget what was read."""
    done = [
        (item.probability, item.rest.applied(gate, site) if read else item.rest)
        for read, item in enumerate(outcomes)
        if item.rest is not None
    ]
    return Register(done[0][1].sites, sum((p * rest.state for p, rest in done), 0 * done[0][1].state))


def bbpssw(register: Register, kept: Pair, spent: Pair, tools: Tools | None = None) -> Outcome:
    """Distil towards phi+: CNOTs from `kept` to `spent` at both nodes, `spent` read; success if both agree.

    Bennett et al., Phys. Rev. Lett. 76, 722 (1996), without twirling: for two Werner pairs
    F' = (F² + ((1-F)/3)²)/(F² + 2F(1-F)/3 + 5((1-F)/3)²).
    """
    tools = tools or Tools()
    for control, target in zip(kept, spent, strict=True):
        register = tools.cnot(register, control, target)
    first_g, first_e = register.measured(spent[0], tools.confusion)
    agreed: list[Outcome] = []
    for place, first in enumerate((first_g, first_e)):
        item = _second(first, spent[1], tools)[place]
        agreed.append(Outcome(first.probability * item.probability, item.rest))
    return mixed(agreed)


def dejmps(register: Register, kept: Pair, spent: Pair, tools: Tools | None = None) -> Outcome:
    """Distil towards phi+ with the quarter turns of Deutsch et al., Phys. Rev. Lett. 77, 2818 (1996).

    Qubits at A turn by pi/2 about x, those at B by -pi/2; for Bell-diagonal pairs with weights A, B, C, D of
    phi+, psi-, psi+, phi-: A' = (A² + B²)/N, B' = 2CD/N, C' = (C² + D²)/N, D' = 2AB/N, N = (A+B)² + (C+D)².
    """
    for pair in (kept, spent):
        for site, angle in zip(pair, (pi / 2, -pi / 2), strict=True):
            register = register.applied(rotation(angle, (1, 0, 0)), site)
    return bbpssw(register, kept, spent, tools)


def werner(fidelity: float) -> Matrix:
    """phi+ with weight F, the other Bell states with (1-F)/3 each; complex[4, 4]."""
    within("fidelity", fidelity, 0, 1)
    phi = np.array([1, 0, 0, 1], dtype=np.complex128) / 2**0.5
    good = np.outer(phi, phi)
    return fidelity * good + (1 - fidelity) / 3 * (np.eye(4) - good)


def _second(first: Outcome, site: str, tools: Tools) -> tuple[Outcome, Outcome]:
    if first.rest is None:
        return Outcome(0.0, None), Outcome(0.0, None)
    return first.rest.measured(site, tools.confusion)
