# SPDX-License-Identifier: Apache-2.0
"""What one parameter alone would have to be for the model to give what was published."""

from __future__ import annotations

from collections.abc import Callable

STEPS = 200


def solved(target: float, value: Callable[[float], float], low: float, high: float) -> float:
    """Argument in low..high at which a continuous `value` is `target`, to 1e-10 of the range.

    Regula falsi that halves the weight of an end kept twice (Illinois). Raises ValueError if `target` is not
    between the values at the ends.
    """
    ends, misses = [low, high], [value(low) - target, value(high) - target]
    if misses[0] * misses[1] > 0:
        raise ValueError(f"{target:g} is not reached between {low:g} and {high:g}")
    kept, narrow = -1, 1e-10 * (high - low)
    for _ in range(STEPS):
        if misses[1] == misses[0]:
            break
        middle = ends[1] - misses[1] * (ends[1] - ends[0]) / (misses[1] - misses[0])
        miss = value(middle) - target
        side = 0 if miss * misses[0] > 0 else 1
        moved = abs(middle - ends[side])
        ends[side], misses[side] = middle, miss
        if miss == 0 or moved < narrow:
            return middle
        if kept == side:
            misses[1 - side] /= 2
        kept = side
    raise ValueError(f"{target:g} was not found between {low:g} and {high:g} in {STEPS} steps")
