# SPDX-License-Identifier: Apache-2.0
"""Qubits whose microwave photons are upconverted before they herald: noise added at the transducer's input.

A qubit in sqrt(1-α)|g> + sqrt(α)|e> emits a microwave photon from e; n_added thermal photons, referred to the
transducer's input, join it in its mode, and all of it becomes light with a small efficiency. Added noise is a
loss 1/G followed by a gain G = 1 + n_added (Caruso, Giovannetti and Holevo, New J. Phys. 8, 310 (2006)).
For efficiency -> 0 a click of port c is the operator (a+b)/sqrt(2), and noise adds n_added times the state
with the light traced out: closed forms, below; `upconverted_arm` feeds the general model, for any efficiency.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from numpy.typing import NDArray

from heraldlink_physics.arm_state import ArmState
from heraldlink_physics.emitter_arm import emission, two_emissions
from heraldlink_physics.errors import PhysicsError, within
from heraldlink_physics.model import MOST_PHOTONS, Emitter
from heraldlink_physics.permanents import Matrix


def weak_one_click(bright: float, n_added: float) -> float:
    """F of one click for small efficiency and equal nodes, α(1-α)(1+n)/(α+n); `bright` is α, 0..1."""
    within("bright", bright, 0, 1)
    within("n_added", n_added, 0, MOST_PHOTONS)
    clicks = bright + n_added
    return bright * (1 - bright) * (1 + n_added) / clicks if clicks > 0 else 1.0


def best_bright(n_added: float) -> float:
    """α at which one click's F is largest, sqrt(n(1+n)) - n; 0 without noise, where the rate vanishes too."""
    within("n_added", n_added, 0, MOST_PHOTONS)
    return sqrt(n_added * (1 + n_added)) - n_added


def weak_two_click(n_added: float) -> float:
    """F of two clicks with a flip between them, for small efficiency: 1 - 6 n for small n.

    Also that of two one-click pairs distilled by a bilateral CNOT that keeps "both targets excited" (Campbell
    and Benjamin, Phys. Rev. Lett. 101, 130502 (2008)), whatever α: its factors cancel.
    """
    within("n_added", n_added, 0, MOST_PHOTONS)
    one_each = (0.5 + n_added) ** 2
    return (one_each + 0.25) / (2 * one_each + 2 * n_added * (1 + n_added))


def resolved_one_click(n_added: float) -> float:
    """F of exactly one photon in both ports together, lossless and number-resolving, at its best α.

    (1+n²)/(1 + 2n² + 2n sqrt(1+n²)): with n photons on |0> and |1> as above, gg weighs 2n(1+n)², each of ge
    and eg (1+2n²)(1+n), their coherence (1+n), ee 2n(1+n²), all over (1+n)^5.
    """
    within("n_added", n_added, 0, MOST_PHOTONS)
    square = n_added * n_added
    return (1 + square) / (1 + 2 * square + 2 * n_added * sqrt(1 + square))


def upconverted_arm(emitter: Emitter, n_added: float, photons: int, *, twice: bool = False) -> ArmState:
    """One round, or two with a flip between them, with `photons` levels of the noisy mode.

    `emitter.efficiency` is that from microwave to click.
    """
    made = two_emissions if twice else emission
    return _noisy(made(_start(emitter.bright), emitter), n_added, photons)


def _start(bright: float) -> Matrix:
    amplitudes = np.array([sqrt(1 - bright), sqrt(bright)])
    return np.outer(amplitudes, amplitudes).astype(np.complex128)


def _noisy(arm: ArmState, n_added: float, photons: int) -> ArmState:
    """Noise on the mode of every bin; the arm's modes hold at most one photon and are alone in their bin."""
    within("n_added", n_added, 0, MOST_PHOTONS)
    within("photons", photons, 2, 100)
    if any(bin_ != (2,) for bin_ in arm.bins):
        raise PhysicsError("an upconverted emitter with double excitation is not modelled: needs 0")
    channel = _channel(n_added, photons)
    if len(arm.bins) == 1:
        matrix = np.einsum("mknl,xkyl->xmyn", channel, arm.matrix)
    else:
        matrix = np.einsum("mknl,pqrs,xkqyls->xmpynr", channel, channel, arm.matrix)
    return ArmState(matrix, ((photons,),) * len(arm.bins), arm.efficiencies)


def _channel(n_added: float, photons: int) -> NDArray[np.float64]:
    """Coefficient of |m><n| that |k><l| becomes, k, l <= 1: float[photons, 2, photons, 2]."""
    gain = 1 + n_added
    made = np.arange(photons)
    channel = np.zeros((photons, 2, photons, 2))
    grown = (n_added / gain) ** made
    from_none = grown / gain
    from_one = np.concatenate(([0.0], (made[:-1] + 1) * grown[:-1] / gain**2))
    channel[made, 0, made, 0] = from_none
    channel[made, 1, made, 1] = from_one / gain + from_none * (1 - 1 / gain)
    step = np.sqrt(made[:-1] + 1) * grown[:-1] / gain**2
    channel[made[1:], 1, made[:-1], 0] = step
    channel[made[:-1], 0, made[1:], 1] = step
    return channel
