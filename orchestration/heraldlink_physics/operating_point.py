# SPDX-License-Identifier: Apache-2.0
"""The strongest pump whose model fidelity meets what a request asks for, or the best that could be had."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from heraldlink_physics.errors import PhysicsError, within
from heraldlink_physics.model import HeraldModel

_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A pump setting and what it gives."""

    reachable: bool
    """Whether `fidelity_measured` meets the request; if not, this is the best that can be had."""
    pump_dB: float
    """Change of both arms' pump power from the given settings; positive is stronger."""
    fidelity_measured: float
    probability: float
    """Heralds per attempt."""


def strongest_pump(
    minimum_fidelity: float,
    model_at: Callable[[float], HeraldModel],
    low_dB: float,
    high_dB: float,
    resolution_dB: float = 0.01,
) -> OperatingPoint:
    """Search pump changes `low_dB`..`high_dB` for the largest with F_meas >= `minimum_fidelity` (0..1).

    F_meas has one maximum over the pump: dark counts spoil it below, multiple pairs and heat above. It is
    found by golden section, the upper edge by bisection, both to `resolution_dB` of the attenuators.
    """
    within("minimum_fidelity", minimum_fidelity, 0, 1)
    if not (isfinite(low_dB) and isfinite(high_dB) and low_dB <= high_dB):
        raise PhysicsError(f"pump range {low_dB} to {high_dB} dB is impossible: needs finite low <= high")
    within("resolution_dB", resolution_dB, 1e-6)
    strongest = _at(high_dB, model_at, minimum_fidelity)
    if strongest.reachable:
        return strongest
    best = _best(model_at, minimum_fidelity, low_dB, high_dB, resolution_dB)
    return _upper_edge(model_at, minimum_fidelity, best, high_dB, resolution_dB) if best.reachable else best


def _at(pump_dB: float, model_at: Callable[[float], HeraldModel], minimum: float) -> OperatingPoint:
    model = model_at(pump_dB)
    fidelity = model.fidelity_measured
    return OperatingPoint(fidelity >= minimum, pump_dB, fidelity, model.probability)


def _rank(point: OperatingPoint) -> float:
    """NaN (no herald at all) ranks below everything."""
    return point.fidelity_measured if point.fidelity_measured >= 0 else -1.0


def _best(
    model_at: Callable[[float], HeraldModel], minimum: float, low: float, high: float, resolution: float
) -> OperatingPoint:
    left, right = (
        _at(high - _GOLDEN * (high - low), model_at, minimum),
        _at(low + _GOLDEN * (high - low), model_at, minimum),
    )
    while high - low > resolution:
        if _rank(left) < _rank(right):
            low, left = left.pump_dB, right
            right = _at(low + _GOLDEN * (high - low), model_at, minimum)
        else:
            high, right = right.pump_dB, left
            left = _at(high - _GOLDEN * (high - low), model_at, minimum)
    ends = [_at(low, model_at, minimum), _at(high, model_at, minimum)]
    return max([left, right, *ends], key=_rank)


def _upper_edge(
    model_at: Callable[[float], HeraldModel],
    minimum: float,
    good: OperatingPoint,
    bad_dB: float,
    resolution: float,
) -> OperatingPoint:
    while bad_dB - good.pump_dB > resolution:
        middle = _at((good.pump_dB + bad_dB) / 2, model_at, minimum)
        if middle.reachable:
            good = middle
        else:
            bad_dB = middle.pump_dB
    return good
