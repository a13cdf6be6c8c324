# SPDX-License-Identifier: Apache-2.0
"""What a readout gate finds: Bloch equations through a part's drives and waits, then photon statistics.

A qubit is the vector (1, x, y, z), z = 1 in g, in the frame that turns with the declared frequency; its
history is a real 4 by 4 matrix. A drive is cut into steps of constant envelope, relaxation (Krantz et al.,
Appl. Phys. Rev. 6, 021318 (2019), section III.B) and precession taken in their middle.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, pi

import numpy as np
from numpy.typing import NDArray

from heraldlink.sensitivity.bench import Bench
from heraldlink.sequences import NodeDrive, QubitDrive
from heraldlink.sequences.elements import CUT_SIGMA
from heraldlink_physics.device import ArmDevice, Qubit
from heraldlink_physics.qubit import kept
from heraldlink_physics.readout import mean_counts

Real = NDArray[np.float64]
EXCITED: Real = np.array([0.5, 0.0, 0.0, -0.5])
ANYTHING: Real = np.array([1.0, 0.0, 0.0, 0.0])
STEPS = 48
"""Of a drive."""
MOST_PHOTONS = 8
"""Photon numbers from here on are one cell."""


@lru_cache(maxsize=4096)
def effect(
    qubit: Qubit, drive: NodeDrive, drives: tuple[QubitDrive, ...], begin_ps: int, end_ps: int
) -> tuple[float, ...]:
    """Row vector of finding e at ``end_ps``, on the qubit as it was at ``begin_ps``."""
    row, now_ps = EXCITED, float(end_ps)
    for pulse in reversed([item for item in drives if item.end_ps <= end_ps and item.begin_ps >= begin_ps]):
        row = row @ _free(qubit, drive, now_ps - pulse.end_ps) @ _driven(qubit, drive, pulse)
        now_ps = float(pulse.begin_ps)
    return tuple(row @ _free(qubit, drive, now_ps - begin_ps))


def rest(qubit: Qubit) -> Real:
    """A qubit that was just reset."""
    return np.array([1.0, 0.0, 0.0, 1 - 2 * qubit.thermal_population])


def photon_cells(device: ArmDevice, bench: Bench, width_ps: int) -> Real:
    """Probabilities of 0, 1, ... and `MOST_PHOTONS` or more photons from g and from e, float[2, n]."""
    return np.array(_photons(device, bench, width_ps))


@lru_cache(maxsize=1024)
def _photons(device: ArmDevice, bench: Bench, width_ps: int) -> tuple[tuple[float, ...], ...]:
    means = mean_counts(
        device,
        pump_frequency_Hz=bench.readout_frequency_Hz,
        pump_power_W=bench.readout_power_W * device.splitter * device.insertion,
        gate_s=width_ps * 1e-12,
        bias_A=bench.readout_bias_A,
    )
    counted = telegraph_counts(*means, device.qubit, width_ps * 1e-12)
    return tuple(counted[0].tolist()), tuple(counted[1].tolist())


def telegraph_counts(mean_g: float, mean_e: float, qubit: Qubit, gate_s: float) -> Real:
    """Probabilities of 0, 1, ... and `MOST_PHOTONS` or more photons, float[2, n], by the state at first.

    The qubit jumps between g and e while it is read, at the rates of its T1: a Poisson process driven by a
    two-state Markov chain (Fischer and Meier-Hellstern, Perform. Eval. 18, 149 (1993)). ``mean_g``,
    ``mean_e``: photons of a qubit that stays. The counting master equation is solved by its exponential;
    at `MOST_PHOTONS` counting ends, so that no cell is a difference that rounding makes negative.
    """
    up, down = (
        share * gate_s / qubit.t1_s for share in (qubit.thermal_population, 1 - qubit.thermal_population)
    )
    jump, count = np.array([[-up, up], [down, -down]]), np.diag([mean_g, mean_e])
    size = MOST_PHOTONS + 1
    counts = np.eye(size, k=1) - np.diag([1.0] * MOST_PHOTONS + [0.0])
    generator = np.kron(np.eye(size), jump) + np.kron(counts, count)
    return np.asarray(_exponential(generator)[:2].reshape(2, size, 2).sum(axis=2), dtype=np.float64)


def _exponential(matrix: Real) -> Real:
    """Matrix exponential: Taylor series of a fraction, squared as often."""
    halvings = max(0, int(np.ceil(np.log2(np.abs(matrix).sum(axis=1).max() + 1e-300))) + 3)
    small = matrix / 2.0**halvings
    term: Real = np.eye(len(matrix))
    result: Real = term
    for order in range(1, 13):
        term = term @ small / order
        result = result + term
    for _ in range(halvings):
        result = result @ result
    return np.asarray(result)


def _free(qubit: Qubit, drive: NodeDrive, time_ps: float) -> Real:
    time_s = max(0.0, time_ps) * 1e-12
    turn = 2 * pi * (qubit.frequency_Hz - drive.qubit_frequency_Hz) * time_s
    return np.asarray(_relaxed(qubit, time_s) @ _turns(np.array([[0.0, 0.0, turn]]))[0])


def _relaxed(qubit: Qubit, time_s: float) -> Real:
    population, coherence = kept(qubit, time_s)
    decay = np.diag([1.0, coherence, coherence, population])
    decay[3, 0] = (1 - 2 * qubit.thermal_population) * (1 - population)
    return decay


def _driven(qubit: Qubit, drive: NodeDrive, pulse: QubitDrive) -> Real:
    """The matrix of one Gaussian drive."""
    span = 2 * CUT_SIGMA
    at = (np.arange(STEPS) + 0.5) / STEPS * span - CUT_SIGMA
    share = np.array([exp(-(x * x) / 2) for x in at.tolist()])
    angle = pulse.angle_rad * qubit.rabi_rad_per_Vs / drive.rabi_rad_per_Vs * share / share.sum()
    step_s = span * pulse.sigma_ps * 1e-12 / STEPS
    axis = pulse.axis_rad + 2 * pi * pulse.detuning_Hz * at * pulse.sigma_ps * 1e-12
    precession = np.full(STEPS, 2 * pi * (qubit.frequency_Hz - drive.qubit_frequency_Hz) * step_s)
    turns = _turns(np.stack([angle * np.cos(axis), angle * np.sin(axis), precession], axis=1))
    half = _relaxed(qubit, step_s / 2)
    whole = np.eye(4)
    for step in half @ turns @ half:
        whole = step @ whole
    return whole


def _turns(vectors: Real) -> Real:
    """Right-handed rotations about ``vectors`` by their length (Rodrigues), float[n, 4, 4]."""
    angle = np.linalg.norm(vectors, axis=1)
    x, y, z = (vectors / np.where(angle > 0, angle, 1.0)[:, None]).T
    cross = np.zeros((len(angle), 3, 3))
    cross[:, 0, 1], cross[:, 0, 2] = -z, y
    cross[:, 1, 0], cross[:, 1, 2] = z, -x
    cross[:, 2, 0], cross[:, 2, 1] = -y, x
    sin, cos = np.sin(angle)[:, None, None], np.cos(angle)[:, None, None]
    found = np.zeros((len(angle), 4, 4))
    found[:, 0, 0] = 1.0
    found[:, 1:, 1:] = np.eye(3) + sin * cross + (1 - cos) * cross @ cross
    return found
