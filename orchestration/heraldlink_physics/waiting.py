# SPDX-License-Identifier: Apache-2.0
"""A heralded pair left alone until it is analysed: both qubits relax and lose their phase."""

from __future__ import annotations

from dataclasses import replace
from math import inf, isnan

import numpy as np

from heraldlink_physics.device import Qubit
from heraldlink_physics.model import Heralded, HeraldModel, State
from heraldlink_physics.qubit import idle_kraus

SIGNS = {"c": 1.0, "d": -1.0}
XX_YY = np.array([[0, 0, 0, 0], [0, 0, 2, 0], [0, 2, 0, 0], [0, 0, 0, 0]], dtype=np.complex128)
ZZ = np.diag([1.0, -1.0, -1.0, 1.0]).astype(np.complex128)


def waited(model: HeraldModel, qubits: tuple[Qubit, Qubit], time_s: float) -> HeraldModel:
    """The loaded states after ``time_s`` (>= 0) in each qubit's own frame, F_meas that of then.

    Probabilities and F (in Fock space, before loading) stay. As `qubit.idle_kraus`: T1 to the thermal
    population, T2 for the coherence.
    """
    if all(qubit.t1_s == inf and qubit.t2_s == inf for qubit in qubits):
        return model
    one, other = (idle_kraus(qubit, time_s) for qubit in qubits)
    maps = np.asarray(np.einsum("nij,mkl->nmikjl", one, other), dtype=np.complex128).reshape(-1, 4, 4)

    def later(state: State) -> State:
        turned = np.asarray(maps @ state @ maps.conj().swapaxes(-1, -2), dtype=np.complex128)
        return np.asarray(turned.sum(axis=0), dtype=np.complex128)

    def pattern(port: str, found: Heralded) -> Heralded:
        moved = replace(found, photon=later(found.photon), dark=later(found.dark))
        if port not in SIGNS or isnan(found.fidelity_measured):
            return moved
        return replace(moved, fidelity_measured=bell_fidelity(moved.state, SIGNS[port]))

    return HeraldModel(
        patterns={port: pattern(port, found) for port, found in model.patterns.items()},
        clicks={causes: later(state) for causes, state in model.clicks.items()},
    )


def bell_fidelity(state: State, sign: float) -> float:
    """(1 - ZZ ± (XX + YY))/4 of a two-qubit state, ``sign`` +1 for Psi+, -1 for Psi-."""
    xx_yy, zz = (float(np.trace(state @ operator).real) for operator in (XX_YY, ZZ))
    return (1 - zz + sign * xx_yy) / 4
