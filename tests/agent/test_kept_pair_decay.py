# SPDX-License-Identifier: Apache-2.0
"""How kept pairs decay: the sum of exponentials against the Kraus maps of waiting."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heraldlink.agent.expected import decay
from heraldlink.link.storage import goodness_after
from heraldlink_physics.device import Qubit
from heraldlink_physics.model import Heralded, HeraldModel
from heraldlink_physics.waiting import waited


def qubit(t1_s: float, t2_share: float, thermal: float) -> Qubit:
    return Qubit(5e9, 1e9, 0.0, 1.0, t1_s, 2 * t1_s * t2_share, thermal)


def model(seed: int) -> HeraldModel:
    """Heralds that leave any two-qubit states."""
    rng = np.random.default_rng(seed)

    def pattern() -> Heralded:
        root = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
        state = root @ root.conj().T
        return Heralded(0.01, 0.01 * state / np.trace(state), np.zeros((4, 4)), 0.8, 0.8)

    return HeraldModel({"c": pattern(), "d": pattern(), "both": pattern()}, {})


TIME = st.floats(1e-3, 1e2)
SHARE = st.floats(0.05, 1.0)
THERMAL = st.floats(0.0, 0.5)


@given(st.integers(0, 2**32), TIME, TIME, SHARE, SHARE, THERMAL, THERMAL, st.floats(0.0, 10.0))
def test_the_sum_of_exponentials_is_the_fidelity_after_waiting(
    seed: int, t1_a: float, t1_b: float, t2_a: float, t2_b: float, p_a: float, p_b: float, time_s: float
) -> None:
    qubits = (qubit(t1_a, t2_a, p_a), qubit(t1_b, t2_b, p_b))
    before = model(seed)
    after = waited(before, qubits, time_s)
    found = decay(before, qubits)
    for bell, port in (("psi+", "c"), ("psi-", "d")):
        expected = after.patterns[port].fidelity_measured
        assert goodness_after(found[bell], time_s) == pytest.approx(expected, abs=1e-9)  # type: ignore[index]


def test_qubits_that_never_decay_keep_their_goodness() -> None:
    lasting = replace(qubit(1.0, 0.5, 0.0), t1_s=inf, t2_s=inf)
    found = decay(model(1), (lasting, lasting))
    assert goodness_after(found["psi+"], 1e9) == pytest.approx(goodness_after(found["psi+"], 0.0))
