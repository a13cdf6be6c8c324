# SPDX-License-Identifier: Apache-2.0
"""Information of experiments put together, and the shots that a shift takes."""

import math

import numpy as np
import pytest

from heraldlink_physics.errors import PhysicsError
from heraldlink_physics.fisher import Information, shots_for


def test_independent_experiments_add_up() -> None:
    """Binomial shots: 1/(p (1-p)) each."""
    first = Information(("p", "idle"), np.diag([1000 / (0.3 * 0.7), 0.0]))
    both = first.plus(Information(("p", "idle"), np.diag([3000 / (0.3 * 0.7), 0.0])))
    assert first.alone("p") == pytest.approx(math.sqrt(0.3 * 0.7 / 1000))
    assert both.alone("p") == pytest.approx(first.alone("p") / 2)
    assert both.alone("idle") == math.inf


def test_shots_for_a_shift() -> None:
    assert shots_for(2.0, 0.1) == pytest.approx(10_000)
    assert shots_for(math.inf, 0.1) == math.inf
    assert shots_for(1.0, 0.0) == math.inf


def test_nonsense_is_refused() -> None:
    with pytest.raises(PhysicsError, match="no parameter 'q': known are p"):
        Information(("p",), np.eye(1)).alone("q")
    with pytest.raises(PhysicsError, match="cannot be added"):
        Information(("p",), np.eye(1)).plus(Information(("q",), np.eye(1)))
    with pytest.raises(PhysicsError, match="sigmas = -1 is impossible"):
        shots_for(1.0, 0.1, -1)
