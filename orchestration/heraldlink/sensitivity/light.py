# SPDX-License-Identifier: Apache-2.0
"""What the midpoint's detectors do in one attempt: which click, when in the gate, and what that leaves."""

from __future__ import annotations

from itertools import pairwise
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.chain import LinkModel, PumpedArm
from heraldlink_physics.device import MidpointDevice
from heraldlink_physics.phase import bright_photons
from heraldlink_physics.snspd import Snspd

Real = NDArray[np.float64]
PATTERNS = ("none", "c", "d", "both")
PAULIS = np.array(
    [[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]], dtype=np.complex128
)
FINE = 64
"""Steps of an integral over one time bin."""
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(24)
"""Averages over a normal phase: exact for polynomials up to degree 47."""


def pattern_of(causes: tuple[str, str]) -> int:
    """Index in `PATTERNS` of why detectors (c, d) clicked."""
    return (causes[0] != "none") + 2 * (causes[1] != "none")


def click_cells(
    model: LinkModel, pumped: tuple[PumpedArm, PumpedArm], gate_ps: tuple[int, int], bins: int
) -> Real:
    """Probabilities of no click, c alone and d alone by time bin of the gate, both; float[2 + 2 bins]."""
    edges_ps = np.linspace(*gate_ps, bins + 1)
    photons = _arrivals(model, pumped, edges_ps)
    uniform = np.full(bins, 1 / bins)
    length_s = (gate_ps[1] - gate_ps[0]) * 1e-12
    cells = np.zeros(2 + 2 * bins)
    for causes, state in model.model.clicks.items():
        probability = float(np.trace(state).real)
        pattern = pattern_of(causes)
        if pattern in (0, 3):
            cells[0 if pattern == 0 else -1] += probability
            continue
        port = pattern - 1
        times = photons
        if causes[port] == "dark":
            leak, rest = model.leak_clicks[port], model.dark_rates_Hz[port] * length_s
            share = leak / (leak + rest) if leak > 0 else 0.0
            times = share * photons + (1 - share) * uniform
        cells[1 + port * bins : 1 + (port + 1) * bins] += probability * times
    return cells


def _arrivals(model: LinkModel, pumped: tuple[PumpedArm, PumpedArm], edges_ps: Real) -> Real:
    """Share of the photons inside the gate in each time bin; both arms by their mean numbers."""
    total = np.zeros(len(edges_ps) - 1)
    for item, profile in zip(pumped, model.profiles, strict=True):
        if not profile.empty:
            arrived = np.diff(profile.cumulative(edges_ps))
            total += item.arm.n_bar * (1 + item.arm.n_thermal) * item.arm.efficiency * arrived
    return total / total.sum() if total.sum() > 0 else np.full(len(total), 1 / len(total))


def correlations(model: LinkModel, phase_rad: float) -> Real:
    """Tr(rho sigma_i x sigma_j) of the loaded qubits by click pattern, unnormalised, float[4, 4, 4].

    ``phase_rad``: the fibres' slow phase, which turns the excited state of node B.
    """
    states = np.zeros((4, 4, 4), dtype=np.complex128)
    for causes, state in model.model.clicks.items():
        states[pattern_of(causes)] += state
    turn = np.kron([1.0, 1.0], [1.0, np.exp(1j * phase_rad)])
    turned = states * turn[:, None] * turn.conj()[None, :]
    pairs = turned.reshape(4, 2, 2, 2, 2)
    return np.asarray(np.einsum("nabcd,ica,jdb->nij", pairs, PAULIS, PAULIS).real)


def bright_cells(
    model: LinkModel,
    pumped: tuple[PumpedArm, PumpedArm],
    device: MidpointDevice,
    frequency_Hz: float,
    phase_rad: float,
) -> Real:
    """Probabilities of `PATTERNS` for one bright pulse, float[4].

    Each pulse has its own fast phase, which correlates the two detectors: averaged by quadrature.
    """
    means = [
        bright_photons(device, item, frequency_Hz) * share
        for item, share in zip(pumped, model.gate_fractions, strict=True)
    ]
    fringe = 2 * sqrt(model.midpoint.visibility * means[0] * means[1])
    cosine = np.cos(phase_rad + device.fast_phase_sigma_rad * NODES)
    silent: list[Real] = []
    for sign, efficiency, dark in zip(
        (1, -1), model.midpoint.detector_efficiency, model.midpoint.dark_probability, strict=True
    ):
        seen = (sum(means) + sign * fringe * cosine).clip(min=0.0) / 2 * efficiency
        silent.append((1 - dark) * np.exp(-seen))
    c, d = silent
    joint = np.stack([c * d, (1 - c) * d, c * (1 - d), (1 - c) * (1 - d)])
    return np.asarray(joint @ WEIGHTS / sqrt(2 * pi))


def afterpulse_cells(detector: Snspd, edges_ps: tuple[int, ...]) -> Real:
    """Probability that a click is followed by one of its own between each two times after it.

    Exponential after the dead time, seen with the efficiency that has come back by then: midpoint rule.
    """
    edges_s = np.array(edges_ps) * 1e-12
    cells = np.zeros(len(edges_s) - 1)
    for k, (begin_s, end_s) in enumerate(pairwise(edges_s.tolist())):
        begin_s = max(begin_s, detector.dead_time_s)
        if end_s > begin_s:
            step_s = (end_s - begin_s) / FINE
            at_s = begin_s + (np.arange(FINE) + 0.5) * step_s
            density = np.exp((detector.dead_time_s - at_s) / detector.afterpulse_decay_s)
            seen = np.array([detector.recovered(t) for t in at_s.tolist()])
            cells[k] = float(np.sum(density * seen)) * step_s / detector.afterpulse_decay_s
    return detector.afterpulse_probability * cells
