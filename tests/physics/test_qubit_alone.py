# SPDX-License-Identifier: Apache-2.0
"""A qubit that waits, against QuTiP's master equation."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import numpy as np
import physics_bench as bench
import pytest
import qutip

from heraldlink_physics.device import Qubit
from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.qubit import idle_kraus

IDEAL = bench.devices("improved").arms[0].qubit
STATE = np.array([[0.3, 0.2 - 0.35j], [0.2 + 0.35j, 0.7]], dtype=np.complex128)


def qubit(t1_s: float = inf, t2_s: float = inf, thermal: float = 0.0) -> Qubit:
    return replace(IDEAL, t1_s=t1_s, t2_s=t2_s, thermal_population=thermal)


def idled(item: Qubit, time_s: float) -> np.ndarray:
    operators = idle_kraus(item, time_s)
    return np.einsum("kij,jl,kml->im", operators, STATE, operators.conj())


def evolved(item: Qubit, time_s: float) -> np.ndarray:
    """The Lindblad equation with g = (1, 0), so that e -> g is QuTiP's sigmap."""
    scale = time_s  # unit of time, to keep the solver near one
    rate = scale / item.t1_s
    pure = scale * (1 / item.t2_s - 0.5 / item.t1_s)
    down, up = rate * (1 - item.thermal_population), rate * item.thermal_population
    jumps = [down**0.5 * qutip.sigmap(), up**0.5 * qutip.sigmam(), (pure / 2) ** 0.5 * qutip.sigmaz()]
    options = {"rtol": 1e-11, "atol": 1e-13}
    return (
        qutip.mesolve(0 * qutip.sigmaz(), qutip.Qobj(STATE), [0, 1], jumps, options=options).states[-1].full()
    )


@pytest.mark.parametrize(
    ("t1_s", "t2_s", "thermal", "time_s"),
    [(20e-6, 15e-6, 0.0, 7e-6), (20e-6, 40e-6, 0.1, 50e-6), (3e-6, 0.5e-6, 0.5, 1e-6)],
)
def test_waiting_follows_the_master_equation(t1_s: float, t2_s: float, thermal: float, time_s: float) -> None:
    item = qubit(t1_s, t2_s, thermal)
    np.testing.assert_allclose(idled(item, time_s), evolved(item, time_s), atol=1e-9)
    operators = idle_kraus(item, time_s)
    np.testing.assert_allclose(np.einsum("kji,kjl->il", operators.conj(), operators), np.eye(2), atol=1e-12)


def test_an_ideal_qubit_waits_unchanged_and_a_long_wait_ends_at_rest() -> None:
    assert np.array_equal(idled(IDEAL, 1.0), STATE)
    np.testing.assert_allclose(idled(qubit(1e-6, 1e-6, 0.2), 1e-3), np.diag([0.8, 0.2]), atol=1e-12)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"t1_s": 1e-6, "t2_s": 2.1e-6}, r"t2_s = 2.1e-06 is impossible.*0 to 2e-06"),
        ({"t1_s": 1e-6}, r"t2_s = inf is impossible"),
        ({"t1_s": -1.0}, r"t1_s = -1 is impossible: allowed are finite values >="),
        ({"thermal_population": 0.6}, r"thermal_population = 0.6 is impossible: allowed are 0 to 0.5"),
    ],
)
def test_impossible_qubits_are_refused(changes: dict[str, float], words: str) -> None:
    with pytest.raises(PhysicsError, match=words):
        replace(IDEAL, **changes)
    with pytest.raises(PhysicsError, match="time_s = -1"):
        idled(IDEAL, -1)
