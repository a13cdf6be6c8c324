# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
from scipy import stats

from heraldlink_sim.world.fibre import FibrePhase
from heraldlink_sim.world.streams import stream


def test_phase_of_a_slot_does_not_depend_on_the_slots_before():
    jumping, walking = FibrePhase(7, 0.02, 0.1), FibrePhase(7, 0.02, 0.1)
    walked = {slot: walking.at(slot) for slot in range(3000)}
    assert [jumping.at(slot) for slot in (2999, 5, 1500)] == [walked[slot] for slot in (2999, 5, 1500)]


def test_increments_are_those_of_a_wiener_process():
    fibre = FibrePhase(3, 0.02, 0.1)
    phases = np.array([fibre.at(slot) for slot in range(4000)])
    steps = (np.diff(phases) + math.pi) % (2 * math.pi) - math.pi
    assert stats.kstest(steps, "norm", (0, math.sqrt(0.02 * 0.1))).pvalue > 1e-3


def test_streams_differ_by_seed_slot_and_purpose():
    draws = {stream(*key).random() for key in [(1, 1, "a"), (2, 1, "a"), (1, 2, "a"), (1, 1, "b")]}
    assert len(draws) == 4
    assert stream(1, 1, "a").random() == stream(1, 1, "a").random()
