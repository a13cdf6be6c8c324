# SPDX-License-Identifier: Apache-2.0
"""What outcomes a model expects: correlators of the loaded qubits, and as imperfect readouts show them."""

from collections.abc import Mapping
from math import hypot, inf

import numpy as np
from numpy.typing import NDArray

from heraldlink.agent.measured_link import Misreads
from heraldlink.calibration.measured import Measured
from heraldlink.messages.values import BellState
from heraldlink_physics import readout
from heraldlink_physics.device import ArmDevice, Qubit
from heraldlink_physics.model import HeraldModel

Complex = NDArray[np.complex128]
PORTS = (("psi+", "c", 1), ("psi-", "d", -1))
PAULIS: Mapping[str, Complex] = {
    "X": np.array([[0, 1], [1, 0]], dtype=np.complex128),
    "Y": np.array([[0, -1j], [1j, 0]], dtype=np.complex128),
    "Z": np.diag([1.0, -1.0]).astype(np.complex128),
}
Errors = tuple[float, float]
PERFECT: Errors = (0.0, 0.0)


def correlators(model: HeraldModel, errors: tuple[Errors, Errors] = (PERFECT, PERFECT)) -> dict[str, float]:
    """Expected correlators of outcomes, by Bell state and basis; |g> is +1.

    ``errors``: P(read e|g) and P(read g|e) of both nodes, 0..1.
    """
    return {
        f"{bell} {pauli}{pauli}": float(
            np.trace(model.patterns[port].state @ np.kron(*(read(matrix, *node) for node in errors))).real
        )
        for bell, port, _ in PORTS
        for pauli, matrix in PAULIS.items()
    }


Decay = tuple[tuple[float, float], ...]


def decay(model: HeraldModel, qubits: tuple[Qubit, Qubit]) -> dict[BellState, Decay]:
    """F_meas of pairs that are kept from now on, as (amplitude, rate in 1/s) of decaying exponentials.

    XX and YY decay with both coherences; each ⟨Z⟩ relaxes from its own to that of rest, so that ZZ has a
    constant, a term with each qubit's 1/T1 and one with their sum (as `heraldlink_physics.waiting`).
    """
    found: dict[BellState, Decay] = {}
    bells: tuple[tuple[BellState, str, int], ...] = (("psi+", "c", 1), ("psi-", "d", -1))
    for bell, port, sign in bells:
        if model.patterns[port].probability == 0:
            continue
        state = model.patterns[port].state
        x, y, z, one = PAULIS["X"], PAULIS["Y"], PAULIS["Z"], np.eye(2)
        xx_yy, zz, z_a, z_b = (
            float(np.trace(state @ operator).real)
            for operator in (np.kron(x, x) + np.kron(y, y), np.kron(z, z), np.kron(z, one), np.kron(one, z))
        )
        rest_a, rest_b = (1 - 2 * qubit.thermal_population for qubit in qubits)
        rate_a, rate_b = (1 / qubit.t1_s for qubit in qubits)
        terms = (
            ((1 - rest_a * rest_b) / 4, 0.0),
            (-(z_a - rest_a) * rest_b / 4, rate_a),
            (-(z_b - rest_b) * rest_a / 4, rate_b),
            (-(zz - z_a * rest_b - rest_a * z_b + rest_a * rest_b) / 4, rate_a + rate_b),
            (sign * xx_yy / 4, sum(1 / qubit.t2_s for qubit in qubits)),
        )
        found[bell] = terms
    return found


def read(pauli: Complex, error_g: float, error_e: float) -> Complex:
    """What a readout with errors measures where a perfect one measures a Pauli operator."""
    return (error_e - error_g) * np.eye(2) + (1 - error_g - error_e) * pauli


def fidelity(model: HeraldModel, errors: tuple[Errors, Errors] = (PERFECT, PERFECT)) -> float:
    """(1 - ZZ ± (XX + YY))/4 of outcomes as they are read, averaged over heralds."""
    seen = correlators(model, errors)
    total = sum(
        model.patterns[port].probability
        * (1 - seen[f"{bell} ZZ"] + sign * (seen[f"{bell} XX"] + seen[f"{bell} YY"]))
        for bell, port, sign in PORTS
        if model.patterns[port].probability > 0
    )
    return total / 4 / model.probability


def fidelity_sigma(model: HeraldModel, misreads: tuple[Misreads, Misreads]) -> float:
    """Standard deviation of `fidelity` from those of the readout errors."""
    values = [item.value for node in misreads for item in (node.error_g, node.error_e)]
    best = fidelity(model, paired(values))
    shifts: list[float] = []
    for place, item in enumerate(item for node in misreads for item in (node.error_g, node.error_e)):
        moved = [*values[:place], item.value + item.sigma, *values[place + 1 :]]
        shifts.append(fidelity(model, paired(moved)) - best)
    return hypot(*shifts)


def error_values(misreads: tuple[Misreads, Misreads]) -> tuple[Errors, Errors]:
    """Without their uncertainties."""
    return paired([item.value for node in misreads for item in (node.error_g, node.error_e)])


def contrast(errors: tuple[Errors, Errors]) -> float:
    """By how much readout errors shrink a correlator of two qubits, 0..1."""
    (g, e), (other_g, other_e) = errors
    return abs((1 - g - e) * (1 - other_g - other_e))


def paired(values: list[float]) -> tuple[Errors, Errors]:
    """Errors of both nodes from a list of four."""
    return (values[0], values[1]), (values[2], values[3])


def declared_misreads(device: ArmDevice) -> Misreads:
    """Readout errors of a device at its nominal readout, the threshold where it errs least."""
    nominal, qubit = device.readout, device.qubit
    if not nominal.photons_g < nominal.photons_e:
        return Misreads(Measured(0.5, 0.0), Measured(0.5, 0.0))
    means = (nominal.photons_g, nominal.photons_e)
    over_t1 = 0.0 if qubit.t1_s == inf else nominal.gate_s / qubit.t1_s
    threshold = readout.best_threshold(*means, gate_over_t1=over_t1, thermal=qubit.thermal_population)
    matrix = readout.confusion(*means, threshold, gate_over_t1=over_t1, thermal=qubit.thermal_population)
    return Misreads(Measured(float(matrix[0, 1]), 0.0), Measured(float(matrix[1, 0]), 0.0))
