# SPDX-License-Identifier: Apache-2.0
"""Remote state preparation: what a local outcome leaves at the other node, and the Pauli that corrects it."""

from math import isclose

from heraldlink.link.choices import Vector
from heraldlink.messages.values import BellState

PAULI_SIGNS: dict[str, Vector] = {
    "I": (1.0, 1.0, 1.0),
    "X": (1.0, -1.0, -1.0),
    "Y": (-1.0, 1.0, -1.0),
    "Z": (-1.0, -1.0, 1.0),
}
"""What a Pauli operator does to the components of a Bloch vector."""


def left_at_the_other(bell: BellState, direction: Vector, outcome: int) -> Vector:
    """Bloch vector of the other qubit after this one gave ``outcome`` (±1) along ``direction``.

    Psi- has XX = YY = ZZ = -1, Psi+ has XX = YY = +1 and ZZ = -1.
    """
    x, y, z = direction
    equator = outcome if bell == "psi+" else -outcome
    return equator * x, equator * y, -outcome * z


def correction(bell: BellState, direction: Vector, outcome: int) -> str:
    """The Pauli operator (I first) that turns what is left into ``direction``; empty if none of them does."""
    left = left_at_the_other(bell, direction, outcome)
    for name, signs in PAULI_SIGNS.items():
        turned = [sign * part for sign, part in zip(signs, left, strict=True)]
        if all(isclose(a, b, abs_tol=1e-9) for a, b in zip(turned, direction, strict=True)):
            return name
    return ""
