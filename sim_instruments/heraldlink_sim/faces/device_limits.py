# SPDX-License-Identifier: Apache-2.0
"""Numbers whose limits depend on other settings, so that only the device knows what MIN, MAX and DEF are."""

from __future__ import annotations

import math

from heraldlink_sim.scpi import Number, Optional, ScpiError
from heraldlink_sim.scpi.lexer import Argument

_LIMITS = {
    **dict.fromkeys(("MIN", "MINIMUM"), -math.inf),
    **dict.fromkeys(("MAX", "MAXIMUM"), math.inf),
    **dict.fromkeys(("DEF", "DEFAULT"), math.nan),
}


class Bounded(Number):
    """A number whose limits the device knows: MIN is -inf, MAX inf and DEF nan."""

    def parse(self, argument: Argument) -> float:
        """Return the number, or what stands for a limit; raises as a number does, -222 if it is infinite."""
        word = argument.text.strip().upper() if argument.kind == "word" else ""
        if word in _LIMITS:
            return _LIMITS[word]
        value = super().parse(argument)
        if not math.isfinite(value):  # INF is beyond every limit, not another word for MAX
            raise ScpiError(-222, argument.text[:40])
        return value


class _Limit:
    """MIN, MAX or DEF behind a query."""

    def parse(self, argument: Argument) -> float:
        """Return what stands for the limit; raises ScpiError -141 for another word."""
        word = argument.text.strip().upper()
        if argument.kind != "word" or word not in _LIMITS:
            raise ScpiError(-141)
        return _LIMITS[word]


ASKED = Optional(_Limit(), None)
"""A limit behind a query, None without one."""


def within(wanted: float, low: float, high: float, default: float) -> float:
    """A value that may stand for a limit; raises ScpiError -222 outside the limits."""
    if math.isnan(wanted):
        return default
    if math.isinf(wanted):
        return low if wanted < 0 else high
    if not low * (1 - 1e-9) - 1e-12 <= wanted <= high * (1 + 1e-9) + 1e-12:
        raise ScpiError(-222)
    return wanted
