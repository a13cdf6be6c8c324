# SPDX-License-Identifier: Apache-2.0
"""The language of TOPTICA's device control protocol: Scheme expressions in, values out.

Pure. Grammar and value formats as the vendor's client library writes and reads them (toptica-lasersdk 3.3.0,
``decop.py``): ``#t``/``#f``, integers, reals, ``"strings"``, ``&base64``, ``(tuples)``, ``'names``. Error
numbers other than -3 are not in any public source [?]; clients only look at the word ``Error``.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from heraldlink_sim.errors import SimulationError

SYNTAX, TYPE, UNKNOWN, READ_ONLY, DENIED, RANGE, STATE = -1, -2, -3, -4, -5, -6, -7
"""Numbers of errors [?]."""
MAX_DEPTH = 16
_CLOSE = re.compile(r"\s*\)")
_TOKEN = re.compile(
    r"""\s*(?:(?P<mark>[()'`,])|"(?P<string>(?:[^"\\]|\\.)*)"|(?P<atom>[^\s()'`,"]+))""", re.S
)


class DecopError(SimulationError):
    """Something that the device refuses; ``code`` < 0."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Name:
    """A word that is no value: of an operation, a parameter or a command."""

    text: str


@dataclass(frozen=True, slots=True)
class Marked:
    """An expression behind a quote, a quasiquote or a comma."""

    mark: str
    inner: Expression


Value = bool | int | float | str | bytes | tuple["Value", ...]
Expression = bool | int | float | str | bytes | Name | Marked | list["Expression"]


def parse(text: str) -> Expression:
    """Read one expression; a line that is not in parentheses is taken as if it were.

    Raises DecopError for anything else.
    """
    reader = _Reader(text)
    first = reader.expression(0)
    if reader.at_end:
        return first if isinstance(first, list | Marked) else [first]
    items = [first]
    while not reader.at_end:
        items.append(reader.expression(0))
    if not isinstance(first, Name):
        raise DecopError(SYNTAX, "more than one expression")
    return items


class _Reader:
    def __init__(self, text: str) -> None:
        self._text, self._at = text.strip(), 0

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._text)

    def expression(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise DecopError(SYNTAX, "nested too deeply")
        found = self._next()
        if found["string"] is not None:
            return re.sub(r"\\([\"\\])", r"\1", found["string"])
        if found["atom"] is not None:
            return atom(found["atom"])
        if found["mark"] == "(":
            return self._list(depth)
        if found["mark"] == ")":
            raise DecopError(SYNTAX, "unexpected )")
        return Marked(found["mark"], self.expression(depth + 1))

    def _list(self, depth: int) -> list[Expression]:
        items: list[Expression] = []
        while not _CLOSE.match(self._text, self._at):
            items.append(self.expression(depth + 1))
        self._next()
        return items

    def _next(self) -> re.Match[str]:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise DecopError(SYNTAX, "expression does not end" if self.at_end else "unreadable expression")
        self._at = found.end()
        return found


def atom(text: str) -> Expression:
    """Read a word: a boolean, a number, binary data or a name. Raises DecopError for a number beyond all."""
    lowered = text.lower()
    if lowered in ("#t", "#f"):
        return lowered == "#t"
    if text.startswith("&"):
        return binary(text[1:])
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", lowered, re.ASCII):
        return Name(text)
    number = int(text) if re.fullmatch(r"[+-]?\d{1,18}", text) else float(text)
    if not isfinite(number):
        raise DecopError(RANGE, "number out of range")
    return number


def binary(text: str) -> bytes:
    """Read base64. Raises DecopError if it is none."""
    try:
        return b64decode("".join(text.split()), validate=True)
    except (Base64Error, ValueError):
        raise DecopError(TYPE, "not base64") from None


def written(value: Value) -> str:
    """Return a value as the device writes it."""
    if isinstance(value, bool):
        return "#t" if value else "#f"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bytes):
        return '"' + b64encode(value).decode() + '"'
    return "(" + " ".join(map(written, value)) + ")"


def name_of(expression: Expression) -> str:
    """The name behind a quote (or without one). Raises DecopError if it is none."""
    inner = expression.inner if isinstance(expression, Marked) and expression.mark == "'" else expression
    if not isinstance(inner, Name):
        raise DecopError(SYNTAX, "a quoted name is missing")
    return inner.text


def value_of(expression: Expression) -> Value:
    """A value that stands for itself, or a quoted list of such. Raises DecopError if it is none."""
    inner = expression.inner if isinstance(expression, Marked) and expression.mark == "'" else expression
    if isinstance(inner, list):
        return tuple(value_of(item) for item in inner)
    if isinstance(inner, Name | Marked):
        raise DecopError(TYPE, "a value is missing")
    return inner


def as_kind(value: Value, kind: str, name: str) -> Value:
    """Return a value in the type of a parameter. Raises DecopError naming it if it has another type."""
    if kind == "r" and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind == "x":
        return (
            value if isinstance(value, bytes) else binary(value) if isinstance(value, str) else _wrong(name)
        )
    wanted = {"b": bool, "i": int, "s": str}.get(kind)
    return value if wanted is not None and type(value) is wanted else _wrong(name)


def _wrong(name: str) -> Value:
    raise DecopError(TYPE, f"wrong type for '{name}'")


def total(statuses: Sequence[Value]) -> Value:
    """Sum of numbers, as ``(+ ...)`` makes it. Raises DecopError for anything else."""
    numbers = [item for item in statuses if isinstance(item, int | float) and not isinstance(item, bool)]
    if len(numbers) != len(statuses):
        raise DecopError(TYPE, "+ takes numbers")
    return sum(numbers)
