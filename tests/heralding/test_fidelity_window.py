# SPDX-License-Identifier: Apache-2.0
"""The gate of the highest fidelity, among all gates between given edges."""

from math import nan

import pytest

from heraldlink.errors import RequestError
from heraldlink.heralding.fidelity_window import best_window, windows


def flat_darks(gate_ps: tuple[int, int]) -> tuple[float, float]:
    """Photons between 40 and 60 ps, dark counts everywhere: the narrowest gate around them is the best."""
    begin, end = gate_ps
    photons, darks = max(0, min(60, end) - max(40, begin)) / 20, (end - begin) / 100
    return photons + darks, photons / (photons + darks)


def test_all_gates_are_compared() -> None:
    found = windows([0, 20, 40, 60, 80, 20], flat_darks)
    assert len(found) == 10
    assert best_window(found).gate_ps == (40, 60)
    assert best_window(found, probability=1.3).gate_ps in ((20, 60), (40, 80))
    assert best_window(found, probability=1.8).gate_ps == (0, 80)


def test_what_cannot_be_had_is_told() -> None:
    found = windows([0, 100], flat_darks)
    with pytest.raises(RequestError, match="no gate gives 3 heralds per attempt: at most 2"):
        best_window(found, probability=3)
    with pytest.raises(RequestError, match="at least two different edges"):
        windows([5, 5], flat_darks)
    with pytest.raises(RequestError, match="no gate gives 0 heralds"):
        best_window(windows([0, 1], lambda _: (0.0, nan)))
