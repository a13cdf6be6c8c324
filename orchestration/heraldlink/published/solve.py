# SPDX-License-Identifier: Apache-2.0
"""What one parameter alone would have to be for the model to give what was published."""

from __future__ import annotations

from collections.abc import Callable


def solved(target: float, value: Callable[[float], float], low: float, high: float) -> float:
    """Argument in low..high at which a monotonic `value` is `target`, by bisection to 1e-12 of the range.

    Raises ValueError if `target` is not between the values at the ends.
    """
    rising = value(high) > value(low)
    if not min(value(low), value(high)) <= target <= max(value(low), value(high)):
        raise ValueError(f"{target:g} is not reached between {low:g} and {high:g}")
    for _ in range(40):
        middle = (low + high) / 2
        if (value(middle) < target) == rising:
            low = middle
        else:
            high = middle
    return (low + high) / 2
