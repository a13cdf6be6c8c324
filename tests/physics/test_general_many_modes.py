# SPDX-License-Identifier: Apache-2.0
"""Two modes in each arm with any overlaps, against states written out as polynomials of creation operators.

Every input mode becomes a sum over orthogonal output modes (two ports for each of four orthogonal shapes,
and one lost mode per input); a photon-number state is a product of such sums; darkness weighs each monomial.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import product
from math import factorial, prod, sqrt

import numpy as np
import pytest

from heraldlink_physics.arm_state import ArmState
from heraldlink_physics.general import conditional
from heraldlink_physics.model import Midpoint

Polynomial = dict[tuple[int, ...], complex]
MODES = 4  # A1, A2, B1, B2


def output_modes(overlaps: np.ndarray, efficiencies: np.ndarray) -> np.ndarray:
    """Amplitudes of the four input modes on 4 shapes x (c, d) and 4 lost modes, complex[4, 12]."""
    _, singular, right = np.linalg.svd(overlaps)
    rest = np.diag(np.sqrt(1 - singular**2)) @ right
    shapes = np.zeros((4, 4), dtype=complex)  # [input, orthogonal shape]: A's own two, then two new ones
    shapes[:2, :2] = np.eye(2)
    shapes[2:, :2] = overlaps.T  # <xi_A|xi_B>
    shapes[2:, 2:] = rest.T
    signs = np.array([[1, 1], [1, 1], [1, -1], [1, -1]]) / sqrt(2)
    kept = np.sqrt(efficiencies)[:, None] * np.einsum("is,ip->isp", shapes, signs).reshape(4, 8)
    return np.hstack([kept, np.diag(np.sqrt(1 - efficiencies))])


def written_out(numbers: tuple[int, ...], amplitudes: np.ndarray) -> Polynomial:
    total: Polynomial = {(0,) * amplitudes.shape[1]: 1 / sqrt(prod(map(factorial, numbers)))}
    for mode, count in enumerate(numbers):
        for _ in range(count):
            longer: defaultdict[tuple[int, ...], complex] = defaultdict(complex)
            for powers, coefficient in total.items():
                for place, amplitude in enumerate(amplitudes[mode]):
                    if amplitude:
                        raised = (*powers[:place], powers[place] + 1, *powers[place + 1 :])
                        longer[raised] += coefficient * amplitude
            total = dict(longer)
    return total


def dark_matrix(states: list[Polynomial], seen: np.ndarray) -> np.ndarray:
    """<row| product over outputs of (1-seen)**photons |column>."""
    matrix = np.zeros((len(states), len(states)), dtype=complex)
    for row, bra in enumerate(states):
        for column, ket in enumerate(states):
            for powers in bra.keys() & ket.keys():
                weight = prod(factorial(n) * (1 - eta) ** n for n, eta in zip(powers, seen, strict=True))
                matrix[row, column] += bra[powers].conjugate() * ket[powers] * weight
    return matrix


def random_state(rng: np.random.Generator, size: int) -> np.ndarray:
    factor = rng.normal(size=(size, 3, 2)) @ [1, 1j]
    return factor @ factor.conj().T / np.linalg.norm(factor) ** 2


@pytest.mark.parametrize("seed", range(6))
def test_overlapping_modes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    overlaps = rng.normal(size=(2, 2, 2)) @ [1, 1j]
    overlaps *= rng.uniform(0.3, 1) / np.linalg.norm(overlaps, 2)
    efficiencies, detectors = rng.uniform(0.2, 1, 4), rng.uniform(0.3, 1, 2)
    flat = [random_state(rng, 8), random_state(rng, 8)]
    arms = [
        ArmState.of(item.reshape(2, 4, 2, 4), ((2, 2),), tuple(eta))
        for item, eta in zip(flat, efficiencies.reshape(2, 2), strict=True)
    ]
    where = Midpoint(detector_efficiency=tuple(detectors))
    found = conditional(*arms, where, overlaps=overlaps, tolerated_tail=1e-9)
    outputs = output_modes(overlaps, efficiencies)
    states = [written_out(numbers, outputs) for numbers in product(range(2), repeat=MODES)]
    lost = np.zeros(MODES)
    dark = {
        name: dark_matrix(states, np.concatenate([np.tile(detectors * on, 4), lost]))
        for name, on in (("", (0, 0)), ("c", (1, 0)), ("d", (0, 1)), ("cd", (1, 1)))
    }
    operators = {
        "none": dark["cd"],
        "c": dark["d"] - dark["cd"],
        "d": dark["c"] - dark["cd"],
        "both": dark[""] - dark["c"] - dark["d"] + dark["cd"],
    }
    a, b = (item.reshape(2, 4, 2, 4) for item in flat)
    for name, operator in operators.items():
        expected = np.einsum("qnrm,skul,mlnk->qsru", a, b, operator.reshape(4, 4, 4, 4)).reshape(4, 4)
        np.testing.assert_allclose(found.state(name), expected, atol=1e-12)
