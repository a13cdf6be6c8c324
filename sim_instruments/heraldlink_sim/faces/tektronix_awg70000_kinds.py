# SPDX-License-Identifier: Apache-2.0
"""Parameter types that the Tektronix generators have beside SCPI's own."""

from heraldlink_sim.scpi import Choice, Number, Optional, Text
from heraldlink_sim.scpi.lexer import Argument

NAME = Text(longest=256)
_LIMITS = {"MIN": "MIN", "MINIMUM": "MIN", "MAX": "MAX", "MAXIMUM": "MAX", "DEF": "DEF", "DEFAULT": "DEF"}


class NameOrAll:
    """A quoted name, or the bare word ALL (None)."""

    def parse(self, argument: Argument) -> str | None:
        """The name; raises ScpiError -104."""
        if argument.kind == "word" and argument.text.upper() == "ALL":
            return None
        return NAME.parse(argument)


class Level:
    """A number whose limits hang on other settings: a value in ``unit``, or one of MIN, MAX and DEF."""

    def __init__(self, unit: str) -> None:
        self._number = Number(unit=unit)

    def parse(self, argument: Argument) -> float | str:
        """The number or the word; raises ScpiError as a Number does."""
        word = _LIMITS.get(argument.text.upper()) if argument.kind == "word" else None
        return word if word is not None else self._number.parse(argument)


LIMIT = Optional(Choice("MINimum", "MAXimum", "DEFault"), "")
"""The argument of a query for a limit; empty where the value itself is asked for."""
