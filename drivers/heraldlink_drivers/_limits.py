# SPDX-License-Identifier: Apache-2.0
"""Limits that only the instrument knows: asked for when a value is first set, and then remembered."""

from collections.abc import Callable

from qcodes import validators as vals
from qcodes.validators import Validator

Number = float | int


class InstrumentLimits(Validator[Number]):
    """Numbers within limits that ``read`` returns, (lowest, highest)."""

    def __init__(self, read: Callable[[], tuple[float, float]]) -> None:
        self._read = read
        self._known: vals.Numbers | None = None
        self._valid_values = ()

    def __repr__(self) -> str:
        return "<Numbers within the instrument's limits>" if self._known is None else repr(self._known)

    def validate(self, value: Number, context: str = "") -> None:
        """Raise ValueError, naming the limits, or TypeError."""
        if self._known is None:
            self._known = vals.Numbers(*self._read())
        self._known.validate(value, context)

    def forget(self) -> None:
        """Ask again before the next value."""
        self._known = None
