# SPDX-License-Identifier: Apache-2.0
"""What a slot measures: drawn from the request's seed, equal for everybody who knows request and turn."""

import random
from math import acos, atan2, cos, hypot, pi, sin
from typing import cast

import msgspec

from heraldlink.link.bases import basis_of
from heraldlink.messages.service import LETTERS, PAULIS, SETS, Measured, Side, SlotBasis
from heraldlink.messages.values import Basis, Demand

ALL_PAULIS: tuple[Basis, ...] = ("XX", "YY", "ZZ")
LARGEST_TEST_SHARE = 0.5
Vector = tuple[float, float, float]
UNROTATED = Side()
DIRECTIONS: dict[Measured, Vector] = {
    "X": (1.0, 0.0, 0.0),
    "Y": (0.0, 1.0, 0.0),
    "Z": (0.0, 0.0, 1.0),
    "Z+X": (0.5**0.5, 0.0, 0.5**0.5),
    "Z-X": (-(0.5**0.5), 0.0, 0.5**0.5),
}
"""Bloch vectors of the outcome +1; |g> lies at Z."""


class Choice(msgspec.Struct, frozen=True):
    """What a slot measures, the link's first end first; ``test``: its pairs are test rounds."""

    basis: SlotBasis
    measured: tuple[Measured, Measured]
    test: bool = False


def choose(demand: Demand, turn: int, *, swapped: bool) -> Choice:
    """The ``turn``-th measuring slot (from 0); ``swapped``: the originator is the link's second end."""
    tests = tests_before(demand, turn)
    if is_test(demand, turn):
        return of_basis(basis_of(demand.seed ^ 0x7E57, tests, ALL_PAULIS), test=True)
    if demand.sides is None:
        return of_basis(basis_of(demand.seed, turn - tests, demand.bases))
    one: Measured = drawn(demand.sides[0], f"{demand.seed}/{turn}/0")
    other: Measured = drawn(demand.sides[1], f"{demand.seed}/{turn}/1")
    measured = (other, one) if swapped else (one, other)
    sides = in_order(demand.sides, swapped=swapped)
    letters = "".join(
        "R" if side.rotated else LETTERS[basis] for side, basis in zip(sides, measured, strict=True)
    )
    return Choice(cast(SlotBasis, letters), measured)


def of_basis(basis: Basis, *, test: bool = False) -> Choice:
    """Both ends measure the same Pauli operator."""
    return Choice(basis, (PAULIS[basis[0]], PAULIS[basis[1]]), test)


def in_order(sides: tuple[Side, Side], *, swapped: bool) -> tuple[Side, Side]:
    """Sides in the order of the link's ends."""
    one, other = sides
    return (other, one) if swapped else (one, other)


def drawn(side: Side, seed: str) -> Measured:
    """One basis of a side's set with its probabilities."""
    bases = SETS[side.random_basis]
    return random.Random(seed).choices(bases, weights(side, len(bases)))[0]


def weights(side: Side, number: int) -> list[float]:
    """Probability of each of ``number`` bases; what the given ones leave falls to the last."""
    if side.probabilities is None:
        return [1 / number] * number
    given = list(side.probabilities[: number - 1])
    return [*given, max(0.0, 1 - sum(given))]


def is_test(demand: Demand, turn: int) -> bool:
    """Whether the slot is a test round: three in every cycle, at places that nobody knows before."""
    length = cycle(demand)
    if not length:
        return False
    cycles, place = divmod(turn, length)
    return place in places(demand.seed, cycles, length)


def tests_before(demand: Demand, turn: int) -> int:
    """How many of the slots before this one were test rounds."""
    length = cycle(demand)
    if not length:
        return 0
    cycles, place = divmod(turn, length)
    return 3 * cycles + sum(item < place for item in places(demand.seed, cycles, length))


def cycle(demand: Demand) -> int:
    """Slots in which three are test rounds, one for each Pauli basis; 0: none are."""
    return max(round(3 / LARGEST_TEST_SHARE), round(3 / demand.test_share)) if demand.test_share > 0 else 0


def places(seed: int, cycles: int, length: int) -> list[int]:
    """Where the three test rounds of a cycle lie."""
    return random.Random(f"{seed}/tests/{cycles}").sample(range(length), 3)


def directions(demand: Demand, choice: Choice, *, swapped: bool) -> tuple[tuple[float, float], ...]:
    """What each end measures (first, second): polar angle from Z, azimuth from X towards Y, rad."""
    sides = (UNROTATED, UNROTATED)
    if demand.sides is not None and not choice.test:
        sides = in_order(demand.sides, swapped=swapped)
    return tuple(
        angles(before(DIRECTIONS[basis], side.rotation_rad))
        for basis, side in zip(choice.measured, sides, strict=True)
    )


def before(vector: Vector, rotation_rad: tuple[float, float, float]) -> Vector:
    """What is measured of the qubit as it was before it was turned about X, then Y, then X again.

    Measuring B after U is measuring U† B U: the vector is turned back, the last rotation first.
    """
    first, middle, last = rotation_rad
    return about_x(about_y(about_x(vector, -last), -middle), -first)


def about_x(vector: Vector, angle_rad: float) -> Vector:
    """Turned about X, right-handed."""
    x, y, z = vector
    return x, y * cos(angle_rad) - z * sin(angle_rad), y * sin(angle_rad) + z * cos(angle_rad)


def about_y(vector: Vector, angle_rad: float) -> Vector:
    """Turned about Y, right-handed."""
    x, y, z = vector
    return x * cos(angle_rad) + z * sin(angle_rad), y, z * cos(angle_rad) - x * sin(angle_rad)


def angles(vector: Vector) -> tuple[float, float]:
    """Polar angle and azimuth (0 at the poles), rad."""
    x, y, z = vector
    equator = hypot(x, y)
    if equator < 1e-12:
        return (0.0 if z > 0 else pi), 0.0
    return acos(max(-1.0, min(1.0, z))), atan2(y, x)
