# SPDX-License-Identifier: Apache-2.0
"""Numbers of a text as whole picoseconds, exactly; the unit, where the text gives it or leaves no doubt."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import numpy as np

from heraldlink.errors import DataError
from heraldlink.tags.block import END_PS, Times
from heraldlink.tags.formats.fixed import UNITS_PS, unit_ps
from heraldlink.tags.formats.text_columns import LONG_NAMES, Columns
from heraldlink.tags.formats.text_lines import MISSING, Rows

NO_TIME = np.iinfo(np.int64).min
"""What stands for a place left empty."""

TIMEBASE = re.compile(
    r"(?:time\s*base|base\s*unit|time\s*unit|tick\w*|units?)\D{0,20}?([\d.]+(?:e[+-]?\d+)?)?\s*"
    r"(fs|ps|ns|us|µs|μs|ms|s|sec|seconds?|picoseconds?|nanoseconds?)\b",
    re.IGNORECASE,
)
TITLE = re.compile(
    r"(?:time|tag|stamp|arrival)s?\b(?:[^\w(\[/{]|[a-z]+(?=[\s_]))*?[\s(\[/{_-]+"
    r"(fs|ps|ns|us|µs|μs|ms|s|sec|seconds?|picoseconds?|nanoseconds?)(?=[\s)\]},;|:]|$)",
    re.IGNORECASE,
)
"""A time and its unit in a title above the rows, such as ``# Time Tag (ns)``, ``all times in ns``."""

OTHER_TIMES = re.compile(
    r"\d|integration|acqui|exposure|dead|bin|duration|resol|window|width|dwell", re.IGNORECASE
)
"""What stands in lines above the rows whose unit is not that of the tags."""

LISTED = re.compile(r"MeasDesc_Resolution\s+([\d.]+[eE][+-]?\d+)")
"""Seconds of a count of a delay, in PicoQuant's listings."""

DECIMALS_OF_SECONDS = 9
"""Decimals from which times can only be seconds, if most rows have about as many."""

SECONDS_BELOW = 10**5
"""Times without a unit that may be seconds."""

FASTEST_HZ = 2e8
"""Rate of tags above which times without a unit are not taken for picoseconds."""

TIMES_OF_STEP = 100
"""Times whose common step is that of the instrument."""

GIVE_UNIT = "give option unit=ps, ns, us, ms, s or a number of picoseconds"


HOW_KNOWN = {
    "option": "as told",
    "text": "as the file says",
    "digits": "taken from the number of decimals",
    "assumed": "assumed: the file names none (option unit)",
}
"""What `Unit.known_by` means, in words."""


@dataclass(frozen=True)
class Unit:
    """Picoseconds of 1, exactly, and how that is known: "option", "text", "digits" or "assumed"."""

    ps: Decimal
    known_by: str

    @property
    def said(self) -> str:
        """The unit and how it is known, for people."""
        return f"{self.ps.normalize():f} ps ({HOW_KNOWN[self.known_by]})"

    def in_ps(self, word: str) -> int:
        """A number of a text in whole picoseconds; `NO_TIME` for an empty place."""
        if word.isdigit():
            return int(int(word) * self.ps) if self.ps == 1 else round(int(word) * self.ps)
        if word.lower() in MISSING:
            return NO_TIME
        try:
            value = Decimal(word.replace(",", "."))
        except InvalidOperation:
            raise ValueError(word) from None
        return round(value * self.ps)


def find_unit(rows: Rows, columns: Columns, options: Mapping[str, str]) -> Unit:
    """The unit of the times. Raises DataError, naming the option, if it is in doubt."""
    if "unit" in options:
        unit_ps(options, 1.0)
        given = options["unit"]
        return Unit(_exact(UNITS_PS.get(given, given)), "option")
    if columns.unit is not None:
        return Unit(_exact(UNITS_PS[columns.unit]), "text")
    for line in rows.above:
        listed = LISTED.match(line) if columns.kind == "indexed" else None
        if listed:
            return Unit(_exact(listed[1]) * 10**12, "text")
        match = TIMEBASE.search(line)
        if match and match[2].lower() in UNITS_PS:
            return Unit(_exact(match[1] or 1) * _exact(UNITS_PS[match[2].lower()]), "text")
    named = _titles(rows.above) if columns.kind != "indexed" else set[str]()
    if len(named) > 1:
        raise DataError(f"line {rows.line}: times in {', '.join(sorted(named))} stand above it: {GIVE_UNIT}")
    for name in named:
        return Unit(_exact(UNITS_PS[name]), "text")
    return _by_digits(rows, columns)


def _titles(above: Sequence[str]) -> set[str]:
    """Units that titles above the rows give times."""
    lines = [line.lower() for line in above if not OTHER_TIMES.search(line)]
    found = [match[1] for line in lines for match in TITLE.finditer(line)]
    return {LONG_NAMES.get(unit, unit) for unit in found}


def _exact(value: float | str) -> Decimal:
    return Decimal(str(value))


def _by_digits(rows: Rows, columns: Columns) -> Unit:
    """Picoseconds for whole numbers at a rate that can be; seconds for numbers with nine decimals or more."""
    role = "after" if columns.kind == "indexed" else "time"
    place = columns.roles.index(role)
    cells = [row[place].replace(",", ".") for row in rows.first]
    values = [Decimal(cell) for cell in cells if cell.lower() not in MISSING]
    span = max(values) - min(values) if values else Decimal(0)
    if role == "after" and columns.names is not None:
        raise DataError(f"line {rows.line}: its delays may be counts of any size: {GIVE_UNIT}")
    if all(value == int(value) for value in values):
        if role == "time" and len(values) > 100 and span * _exact(FASTEST_HZ) < len(values) * 10**12:
            raise DataError(
                f"line {rows.line}: its times, if they were ps, were too many a second: {GIVE_UNIT}"
            )
        return Unit(Decimal(1), "assumed")
    decimals = [len(cell.partition(".")[2]) if "e" not in cell.lower() else 0 for cell in cells]
    many = sum(count >= DECIMALS_OF_SECONDS - 2 for count in decimals) > 0.5 * len(decimals)
    if role == "time" and many and max(decimals) >= DECIMALS_OF_SECONDS and max(values) < SECONDS_BELOW:
        return Unit(Decimal(10**12), "digits")
    if role == "time" and max(values) < SECONDS_BELOW and any("e" in cell.lower() for cell in cells):
        raise DataError(
            f"line {rows.line}: its times have no unit; {cells[0]} looks like seconds: if it is, give"
            ' --option unit=s (in Python unit="s"), else ps, ns, us, ms or a number of picoseconds'
        )
    raise DataError(f"line {rows.line}: its times have decimals and no unit: {GIVE_UNIT}")


def resolution_ps(rows: Rows, columns: Columns, unit: Unit) -> float:
    """The largest step of which the first times are multiples apart; with few of them, the unit."""
    role = "after" if columns.kind == "indexed" else "time"
    places = [place for place, each in enumerate(columns.roles) if each == role]
    times = [unit.in_ps(row[place]) for row in rows.first for place in places]
    known_ps = [time for time in times if time != NO_TIME]
    if any(abs(time) > END_PS for time in known_ps):
        raise DataError(
            f"line {rows.line}: its times, in steps of {unit.ps.normalize():f} ps, pass {END_PS} ps,"
            " the latest there is: give option unit if they are smaller, or count them from the beginning,"
            " not from 1970"
        )
    known: Times = np.array(known_ps, dtype=np.int64)
    if known.size >= TIMES_OF_STEP:
        return float(np.gcd.reduce(known - known[0]) or 1)
    whole = all("." not in row[place] for row in rows.first for place in places)
    return float(unit.ps) if whole else 1.0
