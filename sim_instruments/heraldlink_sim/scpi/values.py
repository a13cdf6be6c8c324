# SPDX-License-Identifier: Apache-2.0
"""Types of parameters: how an argument is read, checked and answered.

Each type has ``parse(argument) -> value`` which raises :class:`ScpiError`, and ``format(value) -> str`` for
the answer. Numbers know their unit (with SI multipliers on the wire), range, and MIN, MAX, DEF.
"""

import re
from collections.abc import Callable, Mapping
from math import inf, isfinite, isinf, isnan, nan
from typing import Generic, Protocol, TypeVar

from heraldlink_sim.scpi.errors import ScpiError
from heraldlink_sim.scpi.lexer import Argument

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_NUMBER = re.compile(
    r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[\x00-\x20]*[eE][\x00-\x20]*[+-]?\d+)?)[\x00-\x20]*([A-Za-z/%]*)"
)
_PLAIN = re.compile(rb"[+-]?(?:\d{1,99}(?:\.\d{0,99})?|\.\d{1,99})(?:[eE][+-]?\d{1,4})?")
"""Numbers that Python reads as SCPI does, which are most."""
_MULTIPLIERS = {
    "EX": 1e18, "PE": 1e15, "T": 1e12, "G": 1e9, "MA": 1e6, "K": 1e3,
    "M": 1e-3, "U": 1e-6, "N": 1e-9, "P": 1e-12, "F": 1e-15, "A": 1e-18,
}  # fmt: skip
_MEGA_UNITS = ("HZ", "OHM")  # here a bare M means mega (SCPI-1999 volume 1, 7.4.3)
_WRONG_KIND = {"string": -104, "block": -168, "expression": -178}
_RADIX = {"H": 16, "Q": 8, "B": 2}
_LARGEST_EXPONENT = 32000
_MOST_DIGITS = 255
"""Of a mantissa, leading zeros apart (IEEE 488.2, 7.7.2.4.1)."""
_LONGEST_SUFFIX = _LONGEST_WORD = 12
_BLANKS = re.compile(r"[\x00-\x20]")
_WORDS = {
    "INF": inf, "INFINITY": inf, "NINF": -inf, "NINFINITY": -inf, "NAN": nan,
}  # fmt: skip


def nr1(value: float) -> str:
    """Integer answer, ``12``."""
    return f"{round(value):d}"


def nr2(value: float) -> str:
    """Shortest decimal answer that keeps twelve digits."""
    return f"{value:.12g}" if isfinite(value) else _not_finite(value)


def nr3(value: float) -> str:
    """Answer with exponent, ``5.0000000000E+08``."""
    return f"{value:.10E}" if isfinite(value) else _not_finite(value)


def _not_finite(value: float) -> str:
    """SCPI's numbers for what is none (SCPI-1999 volume 1, 7.2.1.4 and 7.2.1.5)."""
    return "9.91E+37" if isnan(value) else "9.9E+37" if value > 0 else "-9.9E+37"


class Parameter(Protocol[T_co]):
    """Reads one argument."""

    def parse(self, argument: Argument) -> T_co:
        """Value of the argument; raises ScpiError."""
        ...


class Number:
    """A real number in ``unit``, from ``minimum`` to ``maximum``; out of range is -222.

    ``units`` adds spellings whose value is converted by a function, e.g. ``{"DBM": dbm_to_W}``.
    """

    def __init__(
        self,
        minimum: float = float("-inf"),
        maximum: float = float("inf"),
        *,
        default: float | None = None,
        unit: str = "",
        units: Mapping[str, Callable[[float], float]] | None = None,
        form: Callable[[float], str] = nr2,
    ) -> None:
        self.minimum, self.maximum = minimum, maximum
        self._default = default
        self._unit = unit.upper()
        self._units = {name.upper(): convert for name, convert in (units or {}).items()}
        self._form = form

    @property
    def default(self) -> float | None:
        """Value after ``*RST`` and of DEFault."""
        return self._default

    def parse(self, argument: Argument) -> float:
        """The number in SI base units; raises -104, -121, -131, -138, -148, -158, -168 or -222."""
        if argument.kind == "word" and _PLAIN.fullmatch(argument.data):
            value = float(argument.data)
        elif (named := self.keyword(argument)) is not None:
            value = named
        else:
            value = self._measure(argument)
        if not self.minimum <= value <= self.maximum or (isinf(value) and argument.text[-1:].isdigit()):
            raise ScpiError(-222, argument.text[:40])
        return value

    def keyword(self, argument: Argument) -> float | None:
        """Value of MINimum, MAXimum or DEFault, None for anything else."""
        word = argument.text.upper() if argument.kind == "word" else ""
        if word in ("MIN", "MINIMUM"):
            return self.minimum
        if word in ("MAX", "MAXIMUM"):
            return self.maximum
        if word in ("DEF", "DEFAULT"):
            return self.default
        return None

    def format(self, value: float) -> str:
        """The answer to a query."""
        return self._form(value)

    def _measure(self, argument: Argument) -> float:
        if argument.kind != "word":
            raise ScpiError(_WRONG_KIND[argument.kind], argument.text[:40])
        if argument.data[:1] == b"#":
            return float(_nondecimal(argument.text))
        if (special := _WORDS.get(argument.text.upper())) is not None:
            return special
        match = _NUMBER.fullmatch(argument.text)
        if match is None:
            raise ScpiError(-121 if argument.text[:1] in "+-.0123456789" else -148, argument.text[:40])
        return self._convert(_decimal(match.group(1)), match.group(2).upper())

    def _convert(self, value: float, suffix: str) -> float:
        if suffix in self._units:
            return self._units[suffix](value)
        if suffix in ("", self._unit):
            return value
        if not self._unit:
            raise ScpiError(-138, suffix)
        if len(suffix) > _LONGEST_SUFFIX:
            raise ScpiError(-134, suffix[:40])
        prefix = suffix.removesuffix(self._unit)
        if prefix == suffix or prefix not in _MULTIPLIERS:
            raise ScpiError(-131, suffix)
        if prefix == "M" and self._unit in _MEGA_UNITS:
            prefix = "MA"
        return value * _MULTIPLIERS[prefix]


class Integer(Number):
    """A whole number; a fraction is rounded as IEEE 488.2 asks of a device."""

    def __init__(self, minimum: int, maximum: int, *, default: int | None = None, unit: str = "") -> None:
        super().__init__(minimum, maximum, default=default, unit=unit, form=nr1)

    @property
    def default(self) -> int | None:
        """Value after ``*RST`` and of DEFault."""
        return None if self._default is None else round(self._default)

    def parse(self, argument: Argument) -> int:
        """The number, rounded; raises as :meth:`Number.parse`."""
        return round(super().parse(argument))


class Boolean:
    """ON, OFF or a number (zero is OFF); answered as ``1`` or ``0``."""

    def __init__(self, default: bool = False) -> None:
        self.default = default

    def parse(self, argument: Argument) -> bool:
        """The switch; raises -104 for strings and blocks, -224 for other words."""
        if argument.kind != "word":
            raise ScpiError(-104, argument.text[:40])
        word = argument.text.upper()
        if word in ("ON", "OFF"):
            return word == "ON"
        match = _NUMBER.fullmatch(word)
        if match is None or match.group(2):
            raise ScpiError(-224, argument.text[:40])
        return abs(_decimal(match.group(1))) > 0.5  # rounded to an integer, and not zero

    def format(self, value: bool) -> str:
        """``1`` or ``0``."""
        return "1" if value else "0"


class Choice:
    """One of a few words, each written with its short form in capitals (``EXTernal``).

    It is answered in short form; ``answers`` overrides the answered spelling for single words.
    """

    def __init__(
        self, *words: str, default: str | None = None, answers: Mapping[str, str] | None = None
    ) -> None:
        self._forms: dict[str, str] = {}
        for word in words:
            short = re.sub(r"[a-z]", "", word)
            self._forms[word.upper()] = short
            self._forms[short] = short
        self.default = self._forms[(default or words[0]).upper()]
        self._answers = dict(answers or {})

    def parse(self, argument: Argument) -> str:
        """The word's short form in capitals; raises -104, -128, -144, -168, -178, or -224 for others."""
        if argument.kind != "word":
            raise ScpiError(_WRONG_KIND[argument.kind], argument.text[:40])
        if (form := self._forms.get(argument.text.upper())) is None:
            too_long = len(argument.data) > _LONGEST_WORD and argument.data[:1].isalpha()
            raise ScpiError(-144 if too_long else -224, argument.text[:40])
        return form

    def format(self, value: str) -> str:
        """The short form, or what ``answers`` gives for it."""
        return self._answers.get(value, value)


class Text:
    """A quoted string; ``bare`` also takes an unquoted word."""

    def __init__(self, default: str = "", *, bare: bool = False, longest: int = 4096) -> None:
        self.default = default
        self._bare = bare
        self._longest = longest

    def parse(self, argument: Argument) -> str:
        """The string without quotes; raises -104, -178, or -150 when it is too long."""
        if argument.kind == "expression":
            raise ScpiError(-178, argument.text[:40])
        if argument.kind == "block" or (argument.kind == "word" and not self._bare):
            raise ScpiError(-104, argument.text[:40])
        if len(argument.data) > self._longest:
            raise ScpiError(-150)
        return argument.text

    def format(self, value: str) -> str:
        """The string in double quotes, quotes inside doubled."""
        return '"' + value.replace('"', '""') + '"'


class Block:
    """Arbitrary bytes, ``#<digits><length><bytes>``."""

    def parse(self, argument: Argument) -> bytes:
        """The payload; raises -104 when the argument is not a block."""
        if argument.kind != "block":
            raise ScpiError(-104, argument.text[:40])
        return argument.data


class Optional(Generic[T]):
    """A parameter that may be left out; then ``default`` stands for it."""

    def __init__(self, parameter: Parameter[T], default: T) -> None:
        self.parse = parameter.parse
        self.default = default


class Rest(Generic[T]):
    """The last parameter, given once or as often as the client likes; the handler gets a list."""

    def __init__(self, parameter: Parameter[T]) -> None:
        self.parse = parameter.parse


def block(payload: bytes) -> bytes:
    """A definite length block for an answer."""
    length = str(len(payload)).encode("ascii")
    return b"#" + str(len(length)).encode("ascii") + length + payload


def _decimal(text: str) -> float:
    mantissa, _, exponent = _BLANKS.sub("", text).upper().partition("E")
    if len(mantissa.lstrip("+-0.").replace(".", "")) > _MOST_DIGITS:
        raise ScpiError(-124)
    if exponent and abs(int(exponent)) > _LARGEST_EXPONENT:
        raise ScpiError(-123)
    return float(f"{mantissa}E{exponent or 0}")


def _nondecimal(text: str) -> int:
    try:
        return int(text[2:], _RADIX[text[1].upper()])
    except (KeyError, ValueError):
        raise ScpiError(-121, text[:40]) from None
