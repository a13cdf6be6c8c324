# SPDX-License-Identifier: Apache-2.0
"""Words of the link layer's service: types of requests, and how each side of a pair is measured.

Names and meanings follow draft-dahlberg-ll-quantum-03 and the package qlink-interface 1.0.0.
"""

from typing import Final, Literal

import msgspec

RequestType = Literal["K", "M", "R"]
"""Create and keep, measure directly, remote state preparation."""
RandomBasis = Literal["NONE", "XZ", "XYZ", "CHSH"]
"""From which set a side's basis is drawn; NONE measures Z."""
Measured = Literal["Z", "X", "Y", "Z+X", "Z-X"]
"""Basis of one qubit, not counting rotations before it; the last two are over the root of two."""
SlotBasis = Literal[
    "ZZ", "ZX", "ZY", "ZS", "ZD", "ZR",
    "XZ", "XX", "XY", "XS", "XD", "XR",
    "YZ", "YX", "YY", "YS", "YD", "YR",
    "SZ", "SX", "SY", "SS", "SD", "SR",
    "DZ", "DX", "DY", "DS", "DD", "DR",
    "RZ", "RX", "RY", "RS", "RD", "RR",
]  # fmt: skip
"""What a slot measures, the link's first end first: S is (Z+X)/√2, D is (Z-X)/√2, R a rotated basis."""

SETS: Final[dict[RandomBasis, tuple[Measured, ...]]] = {
    "NONE": ("Z",),
    "XZ": ("X", "Z"),
    "XYZ": ("X", "Y", "Z"),
    "CHSH": ("Z+X", "Z-X"),
}
"""Bases of each set; a probability distribution names them in this order."""
LETTERS: Final[dict[Measured, str]] = {"Z": "Z", "X": "X", "Y": "Y", "Z+X": "S", "Z-X": "D"}
PAULIS: Final[dict[str, Measured]] = {"X": "X", "Y": "Y", "Z": "Z"}


class Kept(msgspec.Struct, frozen=True):
    """Where one node keeps its half of a pair, since when, until when, and how the pair gets worse.

    Times are bench time (ps). After t seconds of storage its goodness is the sum of amplitude·exp(-rate·t)
    over ``decay`` (amplitude, rate in 1/s), which follows from both qubits' T1 and T2. ``until_ps`` is when
    it is given up: at the cut-off, or where its goodness falls below the request's minimum; 0: never.
    """

    qubit: int
    since_ps: int
    until_ps: int
    decay: tuple[tuple[float, float], ...]


class Side(msgspec.Struct, frozen=True):
    """How one node measures its qubits.

    ``rotation_rad``: about X, then Y, then X again, before the measurement. ``probabilities``: of the first
    and of the second basis of the set; None: all alike.
    """

    random_basis: RandomBasis = "NONE"
    rotation_rad: tuple[float, float, float] = (0.0, 0.0, 0.0)
    probabilities: tuple[float, float] | None = None

    @property
    def rotated(self) -> bool:
        """Whether a rotation comes before the measurement."""
        return any(self.rotation_rad)
