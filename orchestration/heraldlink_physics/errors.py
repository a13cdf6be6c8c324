# SPDX-License-Identifier: Apache-2.0
"""Errors of the physics package, ordered by whose fault they are.

::

    PhysicsError (ValueError)      the caller asks for something that cannot exist: value and allowed range
    └── DeviceError                a device file is impossible or incomplete: names the key
"""

from __future__ import annotations

import math


class PhysicsError(ValueError):
    """A parameter lies outside the range in which the physics is defined."""


class DeviceError(PhysicsError):
    """A device description is incomplete, or has an unknown key or an impossible value."""


def within(name: str, value: object, low: float, high: float = math.inf, *, open_end: bool = False) -> None:
    """Raise `PhysicsError` unless ``low <= value <= high`` (``< high`` if `open_end`); NaN is always refused.

    An infinite `high` means that any finite value from `low` on is allowed.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise PhysicsError(f"{name} must be a number, not {value!r}")
    above = value >= high if open_end or math.isinf(high) else value > high
    if math.isnan(value) or value < low or above:
        raise PhysicsError(f"{name} = {value:g} is impossible: {_range(low, high, open_end)}")


def _range(low: float, high: float, open_end: bool) -> str:
    if math.isinf(high):
        return f"allowed are finite values >= {low:g}"
    return f"allowed is {low:g} <= value {'<' if open_end else '<='} {high:g}"
