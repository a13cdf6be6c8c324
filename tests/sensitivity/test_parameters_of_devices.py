# SPDX-License-Identifier: Apache-2.0
"""Every number of a device file has a path, and a shift changes that number alone."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heraldlink.sensitivity.load import load_link
from heraldlink.sensitivity.parameters import leaves, shifted, whole
from heraldlink_physics.errors import PhysicsError

DEVICES = load_link()
PATHS = sorted(leaves(DEVICES))


def numbers_in(item: object) -> int:
    """How many numbers a nest of dataclasses and tuples holds, by another way."""
    if isinstance(item, tuple):
        return sum(numbers_in(part) for part in item)
    if is_dataclass(item):
        return sum(numbers_in(getattr(item, field.name)) for field in fields(item))
    return int(isinstance(item, int | float) and not isinstance(item, bool))


def test_no_number_is_forgotten():
    assert len(PATHS) == numbers_in(DEVICES)
    assert {"arms.alice.qubit.t1_s", "arms.bob.carver.v_pi_V", "midpoint.detectors.d.knee_A"} <= set(PATHS)


@given(st.sampled_from(PATHS), st.floats(0.9, 1.1))
def test_a_shift_changes_one_number(path, factor):
    before = leaves(DEVICES)
    try:
        after = leaves(shifted(DEVICES, path, before[path] * factor))
    except PhysicsError:
        return
    assert {name for name in before if before[name] != after[name]} <= {path}
    wanted = round(before[path] * factor) if whole(DEVICES, path) else before[path] * factor
    assert after[path] == wanted


def test_impossible_values_and_unknown_paths_are_refused():
    with pytest.raises(PhysicsError, match="mode_match"):
        shifted(DEVICES, "midpoint.mode_match", 1.2)
    with pytest.raises(PhysicsError, match=r"no parameter 'midpoint\.colour'"):
        shifted(DEVICES, "midpoint.colour", 1.0)
