# SPDX-License-Identifier: Apache-2.0
"""Photon-counting readout of a qubit: mean counts, threshold, confusion."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.counting import count_probabilities
from heraldlink_physics.device import ArmDevice
from heraldlink_physics.errors import PhysicsError, within
from heraldlink_physics.transducer import conversion_rate_Hz, red_pump_frequency_Hz


def mean_counts(
    device: ArmDevice,
    *,
    pump_frequency_Hz: float,
    pump_power_W: float,
    gate_s: float,
    bias_A: float,
    enabled: bool = True,
    tone: float = 1.0,
    trigger_V: float | None = None,
) -> tuple[float, float]:
    """Mean clicks per readout gate from |g> and |e>, dark counts included.

    `pump_power_W` is the red pump in the fibre before the transducer: counts grow with it, with its
    resonance, with the gate's length and with the detector's efficiency at the bias. `tone` (>= 0) is the
    microwave tone's power relative to the nominal one, to which the signal is proportional; without it |e>
    looks like |g>. `trigger_V` is the level behind the detector, as in `Snspd.efficiency`.
    """
    within("pump_power_W", pump_power_W, 0)
    within("gate_s", gate_s, 0)
    within("tone", tone, 0)
    readout = device.readout
    nominal = conversion_rate_Hz(
        device.transducer, red_pump_frequency_Hz(device.transducer), readout.pump_power_W
    )
    rate = conversion_rate_Hz(device.transducer, pump_frequency_Hz, pump_power_W)
    plateau = readout.detector.max_efficiency
    seen = readout.detector.efficiency(bias_A, enabled, trigger_V) / plateau if plateau > 0 else 0.0
    scale = (rate / nominal if nominal > 0 else 0.0) * seen * gate_s / readout.gate_s
    dark = readout.detector.dark_rate(bias_A, enabled, trigger_V) * gate_s
    photons_e = readout.photons_g + tone * (readout.photons_e - readout.photons_g)
    return scale * readout.photons_g + dark, scale * photons_e + dark


def confusion(
    mean_g: float, mean_e: float, threshold: int, *, gate_over_t1: float = 0.0, thermal: float = 0.0
) -> NDArray[np.float64]:
    """[[P(read g|g), P(read e|g)], [P(read g|e), P(read e|e)]]; "e" is read from `threshold` clicks on.

    `mean_g`, `mean_e`: mean clicks from a qubit that stays, as of `mean_counts`. `gate_over_t1`, `thermal`:
    relaxation while it is read, as in `counting.count_probabilities`.
    """
    within("threshold", threshold, 1)
    below = count_probabilities(
        mean_g, mean_e, threshold - 1, gate_over_t1=gate_over_t1, thermal=thermal
    ).sum(axis=1)
    return np.stack([below, 1 - below], axis=1)


def assignment_fidelity(matrix: NDArray[np.float64]) -> float:
    """Mean of the two diagonal elements of a confusion matrix."""
    return float(matrix[0, 0] + matrix[1, 1]) / 2


def best_threshold(mean_g: float, mean_e: float, *, gate_over_t1: float = 0.0, thermal: float = 0.0) -> int:
    """The threshold with the highest assignment fidelity; parameters as in `confusion`.

    Without relaxation it is where the two Poisson distributions cross.
    """
    if not 0 <= mean_g < mean_e:
        raise PhysicsError(f"counts {mean_g:g} (g) and {mean_e:g} (e) cannot be told apart: needs 0 <= g < e")
    if gate_over_t1 == 0:
        return 1 if mean_g == 0 else max(1, int(np.ceil((mean_e - mean_g) / log(mean_e / mean_g))))
    most = int(mean_e + 6 * sqrt(mean_e)) + 1
    likely = count_probabilities(mean_g, mean_e, most, gate_over_t1=gate_over_t1, thermal=thermal)
    below = np.cumsum(likely, axis=1)
    return 1 + int(np.argmax(below[0] - below[1]))
