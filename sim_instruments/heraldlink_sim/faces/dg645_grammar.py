# SPDX-License-Identifier: Apache-2.0
"""How a DG645 reads its lines, and its error numbers.

A command is four letters (common ones begin with an asterisk), a question mark for a query, and parameters
separated by commas; ``DLAY?2`` and ``DLAY? 2`` are the same. Commands of one line are separated by ``;``.
Numbers of errors: DG645 user manual, "Error codes"; they tell which bit of ``*ESR?`` they set.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from heraldlink_sim.errors import SimulationError

ILLEGAL_VALUE, ILLEGAL_MODE, ILLEGAL_DELAY, ILLEGAL_LINK, RECALL_FAILED = 10, 11, 12, 13, 14
ILLEGAL_COMMAND, UNDEFINED_COMMAND, ILLEGAL_QUERY, ILLEGAL_SET = 110, 111, 112, 113
NULL_PARAMETER, EXTRA_PARAMETERS, MISSING_PARAMETERS = 114, 115, 116
INVALID_FLOAT, INVALID_INTEGER, INTEGER_OVERFLOW = 118, 120, 121
COMMUNICATION_ERROR, TOO_MANY_ERRORS = 170, 254

_COMMAND = re.compile(r"(\*?[A-Z]{3,4})\s*(\?)?\s*(.*)", re.DOTALL)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_REAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(E[+-]?\d{1,3})?", re.ASCII)
_LARGEST = 2**32 - 1


class DelayError(SimulationError):
    """A number for the error buffer."""

    def __init__(self, code: int) -> None:
        super().__init__(f"DG645 error {code}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Command:
    """One command of a line."""

    name: str
    query: bool
    arguments: tuple[str, ...]


def commands(line: str) -> Iterator[Command | None]:
    """Cut a line into commands; None stands for what cannot be one."""
    for text in line.upper().split(";"):
        if not (text := text.strip()):
            continue
        match = _COMMAND.fullmatch(text)
        parts = match[3].split(",") if match and match[3].strip() else ()
        yield Command(match[1], bool(match[2]), tuple(part.strip() for part in parts)) if match else None


def event_bit(code: int) -> int:
    """Bit of the standard event status register that an error sets."""
    if code < 30:
        return 0x10  # execution
    if code < 40:
        return 0x04  # query
    return 0x08 if code < 110 else 0x20  # device, or command


def expect(arguments: Sequence[str], number: int) -> None:
    """Raise DelayError unless there are ``number`` parameters, none of them empty."""
    if len(arguments) != number:
        raise DelayError(EXTRA_PARAMETERS if len(arguments) > number else MISSING_PARAMETERS)
    if not all(arguments):
        raise DelayError(NULL_PARAMETER)


def whole(text: str, low: int, high: int) -> int:
    """A whole number from ``low`` to ``high``. Raises DelayError."""
    if _INTEGER.fullmatch(text) is None:
        raise DelayError(INVALID_INTEGER)
    if abs(value := int(text)) > _LARGEST:
        raise DelayError(INTEGER_OVERFLOW)
    if not low <= value <= high:
        raise DelayError(ILLEGAL_VALUE)
    return value


def real(text: str) -> float:
    """A number. Raises DelayError."""
    if _REAL.fullmatch(text) is None:
        raise DelayError(INVALID_FLOAT)
    return float(text)
