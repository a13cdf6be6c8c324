# SPDX-License-Identifier: Apache-2.0
"""How a Lake Shore 372 reads its lines: ``KRDG? 6``, ``INSET 6,1,10,3,21,1;:INSET? 6``; no SCPI.

A header is one word; a query's question mark follows it. Commands are separated by ``;``, a colon before a
header is passed over, blanks around parameters too. Answers of one line are joined by ``;`` (the vendor's
Python package sends and expects it so).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from heraldlink_sim.errors import SimulationError

QUERY_ERROR, EXECUTION_ERROR, COMMAND_ERROR = 0x04, 0x10, 0x20
HIGHEST_INPUT = 16
CONTROL_INPUT = 0

Value = int | float | str

_COMMAND = re.compile(r":?(\*?[A-Z][A-Z0-9]*)(\?)?(?:\s+(.*)|(?<=\?)(.*)|)", re.IGNORECASE | re.DOTALL)
_SEPARATED = {separator: re.compile(rf'(?:[^{separator}"]|"[^"]*"?)+') for separator in ";,"}
_INTEGER = re.compile(r"[+-]?\d{1,9}(?:\.0*)?", re.ASCII)
_REAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)


class Refusal(SimulationError):
    """A command that is not carried out: the bit that it sets in the standard event status register."""

    def __init__(self, bit: int) -> None:
        super().__init__(f"event bit {bit}")
        self.bit = bit


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a line."""

    header: str
    query: bool
    arguments: tuple[str, ...]


def commands(line: str) -> Iterator[Command | None]:
    """Cut a line into commands; None stands for what is none."""
    for text in _SEPARATED[";"].findall(line):
        if not (text := text.strip()):
            continue
        match = _COMMAND.fullmatch(text)
        rest = (match[3] or match[4] or "").strip() if match else ""
        yield Command(match[1].upper(), bool(match[2]), _arguments(rest)) if match else None


def _arguments(text: str) -> tuple[str, ...]:
    if not text:
        return ()
    parts: list[str] = []
    rest = text
    while True:
        match = _SEPARATED[","].match(rest)
        part = match[0] if match else ""
        parts.append(part.strip())
        rest = rest[len(part) :]
        if not rest:
            return tuple(parts)
        rest = rest[1:]


class Field(Protocol):
    """One parameter of a command."""

    @property
    def default(self) -> Value:
        """Value at delivery."""
        ...

    def parse(self, text: str) -> Value:
        """Value of a parameter; raises Refusal."""
        ...

    def write(self, value: Value) -> str:
        """The answer's form."""
        ...


@dataclass(frozen=True, slots=True)
class Int:
    """A whole number from ``low`` to ``high``, answered with at least ``width`` digits."""

    low: int
    high: int
    default: int = 0
    width: int = 1

    def parse(self, text: str) -> int:
        """Raises Refusal: no number, or out of range."""
        if _INTEGER.fullmatch(text) is None:
            raise Refusal(COMMAND_ERROR)
        value = int(text.split(".")[0])
        if not self.low <= value <= self.high:
            raise Refusal(EXECUTION_ERROR)
        return value

    def write(self, value: Value) -> str:
        """``6``, or ``06``."""
        return f"{value:0{self.width}d}"


@dataclass(frozen=True, slots=True)
class Real:
    """A number from ``low`` to ``high``; answered with an exponent (``+012.034E-03``) or plainly."""

    low: float
    high: float
    default: float = 0.0
    exponent: bool = False

    def parse(self, text: str) -> float:
        """Raises Refusal: no number, or out of range."""
        if _REAL.fullmatch(text) is None:
            raise Refusal(COMMAND_ERROR)
        if not self.low <= (value := float(text)) <= self.high:
            raise Refusal(EXECUTION_ERROR)
        return value

    def write(self, value: Value) -> str:
        """Six digits."""
        return scientific(float(value)) if self.exponent else f"{float(value):g}"


@dataclass(frozen=True, slots=True)
class Quoted:
    """A text in double quotes or without, cut off behind ``longest`` characters."""

    default: str = ""
    longest: int = 15

    def parse(self, text: str) -> str:
        """Never refused."""
        return text.strip('"')[: self.longest]

    def write(self, value: Value) -> str:
        """Without quotes."""
        return str(value)


@dataclass(frozen=True, slots=True)
class Input:
    """A measurement input 1..16, the control input ``A`` (here 0), or, where allowed, ``0`` for none."""

    default: int = 1
    none: bool = False

    def parse(self, text: str) -> int:
        """Raises Refusal."""
        if text.upper() == "A":
            return CONTROL_INPUT
        value = Int(0 if self.none else 1, HIGHEST_INPUT).parse(text)
        return value or NO_INPUT

    def write(self, value: Value) -> str:
        """``6``, ``A``, or ``0`` for none."""
        return {CONTROL_INPUT: "A", NO_INPUT: "0"}.get(int(value), str(value))


NO_INPUT = -1


def scientific(value: float) -> str:
    """Engineering notation as the instrument answers, ``+012.034E-03``."""
    exponent = 0
    if value:
        exponent = 3 * (int(f"{value:.5E}".split("E")[1]) // 3)
    return f"{value / 10.0**exponent:+08.3f}E{exponent:+03d}"
