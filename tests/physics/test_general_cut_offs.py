# SPDX-License-Identifier: Apache-2.0
"""Permanents, cut-offs that are too small, impossible states, and the bounded memory."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from math import factorial, prod

import numpy as np
import pytest

from heraldlink_physics.arm_state import ArmState
from heraldlink_physics.emitter_arm import emission
from heraldlink_physics.errors import CutOffError, PhysicsError
from heraldlink_physics.general import conditional
from heraldlink_physics.general_schemes import StateBook
from heraldlink_physics.model import Arm, Emitter, Midpoint
from heraldlink_physics.pair_arm import pair_arm
from heraldlink_physics.pair_source import pair_source
from heraldlink_physics.permanents import dark_operators, photon_numbers


def permanent(matrix: np.ndarray) -> complex:
    size = range(len(matrix))
    return sum(prod(matrix[i, p[i]] for i in size) for p in permutations(size))


@pytest.mark.parametrize("cuts", [(4, 3), (2, 3, 2)])
def test_every_element_is_a_permanent(cuts: tuple[int, ...]) -> None:
    rng = np.random.default_rng(5)
    few, added = (rng.normal(size=(1, len(cuts), len(cuts), 2)) @ [0.3, 0.3j] for _ in range(2))
    tables = dark_operators(few, added, cuts)
    numbers = photon_numbers(cuts).T
    for k, found in ((np.eye(len(cuts)) - few[0], tables.few[0]), (None, tables.gap[0])):
        for i, n in enumerate(numbers):
            for j, m in enumerate(numbers):
                if n.sum() != m.sum():
                    assert found[i, j] == 0
                    continue
                pick = np.ix_(np.repeat(range(len(cuts)), n), np.repeat(range(len(cuts)), m))
                norm = prod(factorial(x) for x in (*n, *m)) ** 0.5
                one = np.eye(len(cuts)) - few[0]
                both = (one, one - added[0]) if k is None else (k,)
                values = [permanent(item[pick]) / norm for item in both]
                expected = values[0] - values[1] if k is None else values[0]
                assert found[i, j] == pytest.approx(expected, abs=1e-12)


def test_a_rare_click_keeps_its_digits() -> None:
    arm, midpoint = Arm(1e-4, 1e-12, 0.1), Midpoint(0.7)
    found = StateBook().pair_source(arm, replace(arm, efficiency=3e-12), midpoint)
    exact = pair_source(arm, replace(arm, efficiency=3e-12), midpoint)
    assert found.probability == pytest.approx(exact.probability, rel=1e-9)
    assert found.fidelity == pytest.approx(exact.fidelity, abs=1e-9)


def test_a_cut_off_that_is_too_small_is_refused_with_the_remedy() -> None:
    arm = Arm(0.05, 0.3, 0.2)
    with pytest.raises(CutOffError, match=r"photon cut-off .* = 4 levels .* raise it to 10"):
        pair_arm(arm, photons=4)
    with pytest.raises(CutOffError, match=r"thermal cut-off") as caught:
        pair_arm(arm, thermal=8)
    assert caught.value.needed > 8
    assert caught.value.tail == pytest.approx((0.2 / 1.2) ** 8)
    good = pair_arm(arm, photons=10, thermal=caught.value.needed)
    assert good.tail <= 1e-11 + 1e-14
    with pytest.raises(PhysicsError, match="needs 274 photon levels: allowed are up to 40; the closed form"):
        pair_arm(Arm(10.0, 0.3))
    with pytest.raises(PhysicsError, match="photon levels = 1 is impossible"):
        pair_arm(arm, photons=1)


def test_what_a_finite_state_lacks_of_its_trace_is_its_tail() -> None:
    short = pair_arm(Arm(0.05, 0.3), photons=4, tolerated_tail=1e-4)
    full = pair_arm(Arm(0.05, 0.3))
    with pytest.raises(CutOffError, match="cut-off of arm B = 4 levels") as caught:
        conditional(full, short, Midpoint())
    longer = pair_arm(Arm(0.05, 0.3), photons=caught.value.needed)
    conditional(full, longer, Midpoint())


def test_the_default_cut_offs_reach_the_closed_form_at_200_points() -> None:
    book = StateBook()
    for seed in range(200):
        rng = np.random.default_rng(seed)
        a, b = (
            Arm(10 ** rng.uniform(-4, -0.7), rng.uniform(), *rng.uniform(0, [0.3, 0.5, 1, 0.5])) for _ in "ab"
        )
        dark, efficiency = (tuple(x) for x in (rng.uniform(0, 0.1, 2), rng.uniform(0, 1, 2)))
        midpoint = Midpoint(
            rng.uniform(), rng.uniform(), dark, efficiency, phase_offset_rad=rng.uniform(-3, 3)
        )
        found, exact = book.pair_source(a, b, midpoint), pair_source(a, b, midpoint)
        for cause, state in exact.clicks.items():
            np.testing.assert_allclose(found.clicks[cause], state, atol=1e-10, rtol=0, err_msg=str(seed))
        for port in "cd":
            one, other = found.patterns[port], exact.patterns[port]
            assert one.probability == pytest.approx(other.probability, abs=1e-10)
            weight = exact.patterns[port].probability
            assert weight * one.fidelity_fock == pytest.approx(weight * other.fidelity_fock, abs=1e-10)


def test_impossible_states_are_refused() -> None:
    state = np.diag([0.5, 0.2, 0.3, 0.0]).reshape(2, 2, 2, 2).astype(complex)
    ArmState.of(state, ((2,),), (0.5,))
    with pytest.raises(PhysicsError, match="trace 2"):
        ArmState.of(2 * state, ((2,),), (0.5,))
    with pytest.raises(PhysicsError, match="negative probability"):
        ArmState.of(np.diag([1.2, -0.2, 0, 0]).reshape(2, 2, 2, 2), ((2,),), (0.5,))
    crooked = state.copy()
    crooked[0, 0, 1, 1] = 0.1
    with pytest.raises(PhysicsError, match="Hermitian"):
        ArmState.of(crooked, ((2,),), (0.5,))
    with pytest.raises(PhysicsError, match="shape"):
        ArmState.of(state, ((3,),), (0.5,))
    with pytest.raises(PhysicsError, match="0 to 1"):
        ArmState.of(state, ((2,),), (1.5,))
    arm = ArmState.of(state, ((2,),), (0.5,))
    with pytest.raises(PhysicsError, match="overlaps"):
        conditional(arm, arm, Midpoint(), overlaps=np.array([[1.1 + 0j]]))


def test_overlapping_extra_photons_keep_some_coherence() -> None:
    """Extra photons that could come from either node tell less about which it was; one node's do not care."""
    item = Emitter(0.4, 0.8, double_excitation=0.3)
    plus = np.full((2, 2), 0.5, dtype=complex)
    arms = (emission(plus, item), emission(plus, item))
    apart = conditional(*arms, Midpoint())
    whole = conditional(*arms, Midpoint(), overlaps=np.eye(2, dtype=complex))
    coherence = [abs(x.state("c")[1, 2]) for x in (apart, whole)]
    assert coherence[0] == pytest.approx(0.25 * 0.7 * 0.8 / 2, rel=1e-12)
    assert coherence[1] > coherence[0] * 1.05
    one_arm = (emission(plus, item), emission(plus, replace(item, efficiency=0.0)))
    alone = [conditional(*one_arm, Midpoint(), overlaps=x) for x in (None, np.eye(2, dtype=complex))]
    np.testing.assert_allclose(alone[0].state("c"), alone[1].state("c"), atol=1e-15)


def test_the_memory_is_bounded_and_remembers() -> None:
    book, midpoint = StateBook(capacity=3), Midpoint()
    made = [book.single_click(Emitter(0.1, eta), Emitter(0.1, eta), midpoint) for eta in (0.1, 0.2, 0.3, 0.4)]
    assert len(book) == 3
    assert book.single_click(Emitter(0.1, 0.4), Emitter(0.1, 0.4), midpoint) is made[3]
    assert book.single_click(Emitter(0.1, 0.1), Emitter(0.1, 0.1), midpoint) is not made[0]
    with pytest.raises(PhysicsError, match="capacity"):
        StateBook(capacity=0)
