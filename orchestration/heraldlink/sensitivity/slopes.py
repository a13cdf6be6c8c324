# SPDX-License-Identifier: Apache-2.0
"""Derivatives of a sequence's probabilities by each parameter, with a step that suits the parameter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import isinf

import numpy as np

from heraldlink.sensitivity.observation import Take, joined
from heraldlink.sensitivity.parameters import leaves, shifted, whole
from heraldlink.sensitivity.watches import Real
from heraldlink_physics.device import Devices
from heraldlink_physics.errors import PhysicsError

ABSENT_AT_ZERO = ("free_spectral_range_Hz",)
"""Numbers whose 0 means that there is no such thing, so that a little more is no small change."""
FIRST_STEP = 1e-3
"""Of a value, for most parameters."""
FIRST_STEPS_Hz = {"optical_frequency_Hz": 1e5, "microwave_frequency_Hz": 1e5, "qubit.frequency_Hz": 2e3}
"""Of frequencies, against which the lines are narrow."""
SHRINK = 8.0
STEPS = 8
CURVED = 0.02
"""Largest curvature over a step, relative to the change; both in units of the probabilities' own errors."""
EDGE = 1e-3
"""Largest change over a step at the edge of a range, where curvature is not seen."""
UNSEEN = 1e-9
"""Changes below this are rounding."""

Point = Callable[[float], Real]


@dataclass(frozen=True)
class Derivative:
    """Of all cells by one parameter, float[n]; ``step``: the change of it that was used."""

    slope: Real
    step: float


@lru_cache(maxsize=8192)
def by_parameter(take: Take, devices: Devices, path: str, phase_rad: float = 0.0) -> Derivative | None:
    """Derivative of a take's cells; None where it has no neighbourhood."""
    value = leaves(devices)[path]
    if isinf(value) or (value == 0 and path.endswith(ABSENT_AT_ZERO)):
        return None
    middle = joined(take.cells(devices, phase_rad))

    def at(change: float) -> Real:
        return joined(take.cells(shifted(devices, path, value + change), phase_rad))

    narrow_Hz = [step for name, step in FIRST_STEPS_Hz.items() if path.endswith(name)]
    step = narrow_Hz[0] if narrow_Hz else FIRST_STEP * (abs(value) or 1.0)
    return _derivative(at, middle, step, 1.0 if whole(devices, path) else 0.0)


def by_phase(take: Take, devices: Devices, phase_rad: float) -> Real:
    """Derivative of a take's cells by the slow phase between the arms."""
    step = 1e-4
    above, below = (joined(take.cells(devices, phase_rad + side)) for side in (step, -step))
    return np.asarray((above - below) / (2 * step))


def _derivative(at: Point, middle: Real, step: float, least: float) -> Derivative | None:
    """Central difference, one-sided at the edge of the range, with ever smaller steps until it is straight.

    ``least``: smallest step, for whole numbers; larger steps are whole numbers too. None where it never gets
    straight: the parameter is a switch there.
    """
    weight = 1 / np.sqrt(np.where(middle > 0, middle, np.inf))
    above = _tried(at, step)
    if above is not None and np.array_equal(above, middle):
        return Derivative(np.zeros_like(middle), step)
    below, slope = above, np.zeros_like(middle)
    for _ in range(STEPS):
        step = max(least, float(round(step))) if least else step
        above, below = _tried(at, step), _tried(at, -step)
        slope = _difference(above, middle, below, step)
        change = float(np.linalg.norm(weight * slope)) * step
        if above is not None and below is not None:
            straight = float(np.linalg.norm(weight * (above + below - 2 * middle))) <= CURVED * change
        else:
            straight = change <= EDGE
        if change < UNSEEN and straight:
            slope = np.zeros_like(middle)
        if straight or step == least:
            return Derivative(slope, step)
        step /= SHRINK
    return None if above is None or below is None else Derivative(slope, step * SHRINK)


def _tried(at: Point, change: float) -> Real | None:
    """Cells after a change; None where the parameter cannot take that value."""
    try:
        return at(change)
    except PhysicsError:
        return None


def _difference(above: Real | None, middle: Real, below: Real | None, step: float) -> Real:
    if above is not None and below is not None:
        return np.asarray((above - below) / (2 * step))
    if above is not None:
        return np.asarray((above - middle) / step)
    if below is not None:
        return np.asarray((middle - below) / step)
    return np.zeros_like(middle)
