# SPDX-License-Identifier: Apache-2.0
"""Two rounds of emission, any drives between them, against explicit photon modes and averaged phases."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from laboratory import devices, nominal
from two_node_wiring import WIRING

from heraldlink_physics.model import Midpoint
from heraldlink_sim.world.emitters import Emission, EmitterPair, Phases
from heraldlink_sim.world.optics import optics_of
from heraldlink_sim.world.qubits import turns
from heraldlink_sim.world.tables import AttemptTable, Meeting, TableBook

NONE, ONLY_C, ONLY_D = 0, 1, 3
ETA = (0.6, 0.35)
PHASES = Phases(0.7, 0.5, 0.3)
GROUND = np.array([1.0, 0.0, 0.0, 1.0])
DRIVES = (((1.1, 0.3), (0.8, -0.5)), ((2.6, 1.0), (2.9, 0.2)))
"""Angle and axis at A and B before each pulse: neither superpositions nor flips are ideal."""


def table() -> AttemptTable:
    """A table without dark counts and with perfect overlap; all of it but the midpoint is unused."""
    found = TableBook(devices()).attempt(optics_of(nominal(), WIRING), Meeting(None, None))
    return replace(found, link=replace(found.link, midpoint=Midpoint(1.0)))


def pair() -> EmitterPair:
    maps = [tuple(turns(np.array(angle * np.exp(1j * axis))) for angle, axis in both) for both in DRIVES]
    rounds = [Emission(table(), ETA, (0.0, 0.0), (a, b), (0.0, 0.0)) for a, b in maps]
    return EmitterPair((GROUND, GROUND), rounds, PHASES)


def unitary(angle: float, axis: float) -> np.ndarray:
    cos, sin = np.cos(angle / 2), np.sin(angle / 2)
    return np.array([[cos, -1j * sin * np.exp(-1j * axis)], [-1j * sin * np.exp(1j * axis), cos]])


def kraus(phase_rad: float) -> dict[int, list[np.ndarray]]:
    """Operators on the pair of qubits of one emission, by what detectors did; lost ones are traced out."""
    root, photon = np.sqrt(0.5), np.exp(1j * phase_rad)
    split = {(0, 0): {(0, 0): 1}, (1, 0): {(1, 0): root, (0, 1): root}, (0, 1): {(1, 0): root, (0, 1): -root},
             (1, 1): {(2, 0): root, (0, 2): -root}}  # fmt: skip
    found: dict[int, list[np.ndarray]] = {NONE: [], ONLY_C: [], ONLY_D: []}
    ports = {(0, 0): NONE, (1, 0): ONLY_C, (2, 0): ONLY_C, (0, 1): ONLY_D, (0, 2): ONLY_D}
    for lost in product((0, 1), repeat=2):
        for seen, cause in ports.items():
            operator = np.zeros((4, 4), complex)
            for a, b in product((0, 1), repeat=2):
                left = (a - lost[0], b - lost[1])
                if min(left) >= 0:
                    amplitude = photon**b
                    for bright, gone, eta in zip((a, b), lost, ETA, strict=True):
                        amplitude *= np.sqrt(1 - eta) ** gone * np.sqrt(eta) ** (bright - gone)
                    operator[2 * a + b, 2 * a + b] = amplitude * split[left].get(seen, 0)
            found[cause].append(operator)
    return found


def brute_force(causes: tuple[int, int]) -> np.ndarray:
    """Unnormalised state, phases averaged by Gauss-Hermite quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(24)
    weights = weights / weights.sum()
    total = np.zeros((4, 4), complex)
    for (x, p), (y, q) in product(zip(nodes, weights, strict=True), repeat=2):
        first = PHASES.slow_rad + PHASES.fast_rad * x
        state = np.zeros((4, 4), complex)
        state[0, 0] = p * q
        for drives, phase, cause in zip(DRIVES, (first, first + PHASES.change_rad * y), causes, strict=True):
            turn = np.kron(unitary(*drives[0]), unitary(*drives[1]))
            state = turn @ state @ turn.conj().T
            state = sum(k @ state @ k.conj().T for k in kraus(phase)[cause])
        total += state
    return total


@pytest.mark.parametrize("causes", list(product((NONE, ONLY_C, ONLY_D), repeat=2)))
def test_two_rounds_match_explicit_photons(causes):
    emitters = pair()
    early, late = emitters.table(()), emitters.table(causes[:1])
    chances = [
        (np.concatenate([[1 - item.probability], np.diff(item.cumulative, prepend=0) * item.probability]))[
            cause
        ]
        for item, cause in zip((early, late), causes, strict=True)
    ]
    expected = brute_force(causes)
    assert chances[0] * chances[1] == pytest.approx(np.trace(expected).real, abs=1e-12)
    assert late.states[causes[1]] == pytest.approx(expected / np.trace(expected), abs=1e-10)


def test_what_the_second_round_does_depends_on_the_first():
    emitters = pair()
    chances = {cause: emitters.table((cause,)).probability for cause in (NONE, ONLY_C, ONLY_D)}
    assert len({round(chance, 6) for chance in chances.values()}) == 3
