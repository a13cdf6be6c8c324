# SPDX-License-Identifier: Apache-2.0
"""Value types of the ID900's commands: what a parameter may be, and how the device writes it back.

The device answers errors in its reply text, as words that begin with ``SCPI_ERR_``; a link that cannot be
made answers a sentence with "No connection". Time base (TB) is 1 ps; units are accepted on input.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from heraldlink_sim.errors import SimulationError

Value = bool | int | float | str | None


class ReplyError(SimulationError):
    """A reply that reports a mistake of the client; its text is the reply."""


_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z]*)")
_LONGEST_SUFFIX = 9
_PREFIX = {"": 1.0, "P": 1e-12, "N": 1e-9, "U": 1e-6, "M": 1e-3, "K": 1e3, "G": 1e9}
_TIME_BASES = {"": 1.0, "TB": 1.0, "KTB": 1e3, "MTB": 1e6, "GTB": 1e9}
_TIME = {**_TIME_BASES, "PS": 1.0, "NS": 1e3, "US": 1e6, "MS": 1e9, "S": 1e12}


def _number(text: str) -> tuple[float, str]:
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise ReplyError("SCPI_ERR_PARAM_TYPE")
    value = float(match[1])
    if not math.isfinite(value):
        raise ReplyError("SCPI_ERR_PARAM_RANGE")
    return value, match[2].upper()


def _bounded(value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        raise ReplyError("SCPI_ERR_PARAM_RANGE")
    return value


@dataclass(frozen=True, slots=True)
class OnOff:
    """ON, OFF, 1 or 0."""

    default: bool = False

    def read(self, text: str) -> Value:
        """Parse; raises ReplyError."""
        try:
            return {"ON": True, "1": True, "OFF": False, "0": False}[text.upper()]
        except KeyError:
            raise ReplyError("SCPI_ERR_PARAM_TYPE") from None

    def write(self, value: Value) -> str:
        """Format for a reply."""
        return "ON" if value else "OFF"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some words; upper-case letters of each are its short form, the first is the default."""

    words: tuple[str, ...]

    @property
    def default(self) -> str:
        """The first word, as the device writes it."""
        return self.words[0].upper()

    def read(self, text: str) -> Value:
        """Parse; raises ReplyError."""
        for word in self.words:
            if matches(word, text):
                return word.upper()
        raise ReplyError("SCPI_ERR_PARAM_VALUE")

    def write(self, value: Value) -> str:
        """Format for a reply."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Picoseconds:
    """A time in whole picoseconds; plain numbers are TB, replies end in TB."""

    low: int = 0
    high: int = 1_000_000_000_000
    default: int = 0

    def read(self, text: str) -> Value:
        """Parse; raises ReplyError."""
        number, unit = _number(text)
        if unit not in _TIME:
            raise ReplyError("SCPI_ERR_PARAM_UNIT")
        return round(_bounded(number * _TIME[unit], self.low, self.high))

    def write(self, value: Value) -> str:
        """Format for a reply."""
        return f"{value}TB"


@dataclass(frozen=True, slots=True)
class Volts:
    """A voltage; plain numbers are volts, replies end in V."""

    low: float
    high: float
    default: float

    def read(self, text: str) -> Value:
        """Parse; raises ReplyError."""
        number, unit = _number(text)
        if unit and (unit[-1] != "V" or unit[:-1] not in _PREFIX):
            raise ReplyError("SCPI_ERR_PARAM_UNIT")
        return _bounded(number * _PREFIX[unit[:-1]], self.low, self.high)

    def write(self, value: Value) -> str:
        """Format for a reply."""
        return f"{value:.4f}V"


@dataclass(frozen=True, slots=True)
class Count:
    """A whole number; ``infinite`` allows INF, kept as None."""

    low: int
    high: int
    default: int
    infinite: bool = False

    def read(self, text: str) -> Value:
        """Parse; raises ReplyError."""
        if self.infinite and matches("INFinity", text):
            return None
        number, unit = _number(text)
        if unit or number != int(number):
            raise ReplyError("SCPI_ERR_PARAM_TYPE")
        return int(_bounded(number, self.low, self.high))

    def write(self, value: Value) -> str:
        """Format for a reply."""
        return "INF" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Link:
    """A link to an upstream block, kept by its short name (INPU1, TSCO5), or NONE."""

    default: None = None

    def read(self, text: str) -> Value:
        """Parse; raises ReplyError. Whether the link can be made is the device's to say."""
        if matches("NONE", text):
            return None
        for name, numbers in SOURCES.items():
            block, number = split_number(text)
            if matches(name, block) and number in numbers:
                return short(name) + (str(number) if number else "")
        raise ReplyError("SCPI_ERR_PARAM_VALUE")

    def write(self, value: Value) -> str:
        """Format for a reply."""
        return "NONE" if value is None else str(value)


Kind = OnOff | Choice | Picoseconds | Volts | Count | Link

SOURCES: dict[str, range] = {
    "STARt": range(1),
    "INPUt": range(1, 5),
    "DELAy": range(1, 9),
    "TSCOmbiner": range(1, 25),
}


def short(name: str) -> str:
    """Return the short form: the upper-case letters of a mnemonic."""
    return "".join(letter for letter in name if not letter.islower())


def matches(name: str, text: str) -> bool:
    """Whether ``text`` is the short form, the long form or anything between, in any case."""
    spoken = text.upper()
    return spoken.startswith(short(name)) and name.upper().startswith(spoken)


def split_number(text: str) -> tuple[str, int]:
    """Split a mnemonic from its numeric suffix (0 if it has none)."""
    letters = text.rstrip("0123456789")
    digits = text[len(letters) :]
    return letters, int(digits[:_LONGEST_SUFFIX] or 0)
