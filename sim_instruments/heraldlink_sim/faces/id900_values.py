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
from heraldlink_sim.faces.id900_links import Purpose, block_of
from heraldlink_sim.faces.id900_names import matches

Value = bool | int | float | str | None


class ReplyError(SimulationError):
    """A reply that reports a mistake of the client; its text is the reply."""


_NUMBER = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*([A-Za-z]*)")
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

    default: bool

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

    purpose: Purpose
    default: str | None = None

    def read(self, text: str) -> Value:
        """Parse; raises ReplyError. Whether the link can be made is the device's to say."""
        if matches("NONE", text):
            return None
        if (name := block_of(text)) is None:
            raise ReplyError("SCPI_ERR_PARAM_VALUE")
        return name

    def write(self, value: Value) -> str:
        """Format for a reply."""
        return "NONE" if value is None else str(value)


Kind = OnOff | Choice | Picoseconds | Volts | Count | Link
