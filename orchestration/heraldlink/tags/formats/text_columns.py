# SPDX-License-Identifier: Apache-2.0
"""What the columns of a text of time tags are: by their names, by what stands in them, or as told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.formats.fixed import UNITS_PS
from heraldlink.tags.formats.text_lines import MISSING, NUMBER, Rows

ROLES = ("time", "channel", "index", "after", "-")
# fmt: off
TIMES = {
    "time", "timestamp", "timetag", "tag", "t", "ts", "abstime", "absolutetime", "truetime",
    "eventtime", "arrivaltime", "arrival", "toa", "macrotime", "timestamps", "timetags", "times",
    "tags", "clock",
}
CHANNELS = {
    "channel", "ch", "chan", "chn", "detector", "det", "input", "channelid", "detectorid", "pixel",
    "channels", "detectors", "channelnumber", "port", "chnl", "chid",
}
INDICES = {
    "index", "sync", "nsync", "syncindex", "syncnumber", "referenceindex", "refindex", "reference",
    "attempt", "pulse", "startindex", "truensync",
}
AFTERS = {
    "after", "delay", "dtime", "nanotime", "nanotimes", "microtime", "timeaftersync", "aftersync",
}
OTHERS = {
    "count", "counts", "coincidences", "histogram", "events", "rate", "rates", "g", "gtau", "voltage",
    "volt", "amplitude", "intensity", "power", "temperature", "wavelength", "angle", "phase",
    "bin", "bins", "timediff",
}
# fmt: on
UNIT = re.compile(
    r"[\s_(\[/{-]+(?:in[\s_]+)?(fs|ps|ns|us|µs|μs|ms|s|sec|seconds?|picoseconds?|nanoseconds?)[\s)\]}]*$"
)
LONG_NAMES = {
    "sec": "s",
    "second": "s",
    "seconds": "s",
    "picosecond": "ps",
    "picoseconds": "ps",
    "nanosecond": "ns",
    "nanoseconds": "ns",
}
MOST_CHANNELS = 64
LARGEST_CHANNEL = 4096
MOST_STEPS_BACK = 0.1
"""Share of the steps of a column of times that may go back, beside a column of channels."""

MOST_STEPS_BACK_APART = 0.005
"""The same where no channel is beside it."""

HOW_TO_TELL = 'give option columns, such as columns="channel,time" (of time, channel, index, after, -)'


@dataclass(frozen=True)
class Columns:
    """``roles``: of each column, one of ROLES; several "time" without "channel" are one channel each.

    ``names``: of the columns, None where the text gives none. ``unit``: the unit that a name gives, if any.
    """

    roles: tuple[str, ...]
    names: tuple[str, ...] | None
    unit: str | None

    @property
    def kind(self) -> str:
        """ "events" (a tag in each row), "side by side" (a channel in each column) or "indexed"."""
        if "after" in self.roles:
            return "indexed"
        return "events" if self.roles.count("time") == 1 else "side by side"

    def place(self, role: str) -> int | None:
        """The column of a role."""
        return self.roles.index(role) if role in self.roles else None


def told(asked: str, rows: Rows) -> Columns:
    """Columns as the option ``columns`` tells. Raises RequestError if it does not fit."""
    roles = tuple(word.strip().lower() for word in asked.split(","))
    unknown = [role for role in roles if role not in ROLES]
    if unknown or ("time" not in roles and not {"index", "after"} <= set(roles)):
        raise RequestError(f'columns="{asked}": {HOW_TO_TELL}; there must be a time, or index and after')
    if len(roles) != rows.columns:
        raise RequestError(f'columns="{asked}" are {len(roles)}, the rows have {rows.columns}')
    return Columns(roles, rows.names, _unit(rows.names, roles))


def found(rows: Rows) -> Columns:
    """Columns by name, else by content. Raises DataError, with the option to give, if neither tells."""
    roles = _by_name(rows)
    if roles is None and rows.names and any(_bare(name) in OTHERS for name in rows.names):
        named = ", ".join(rows.names)
        raise DataError(f"line {rows.line}: a table of {named}, no tags as it seems; if it is, {HOW_TO_TELL}")
    roles = roles or _by_content(rows)
    if roles is None:
        raise DataError(
            f"line {rows.line}: the {rows.columns} columns do not say what they are: {HOW_TO_TELL}"
        )
    return Columns(roles, rows.names, _unit(rows.names, roles))


def _bare(name: str) -> str:
    """A column's name without unit, case and punctuation."""
    return re.sub(r"[^a-z]", "", UNIT.sub("", name.strip().lower()))


def _unit(names: Sequence[str] | None, roles: Sequence[str]) -> str | None:
    """The unit that the names of the columns with times give."""
    for name, role in zip(names or (), roles, strict=False):
        text = name.strip().lower()
        text = text if text == "s" else f" {text}"  # a name that is a unit; "s" may be a signal
        match = UNIT.search(text) if role in ("time", "after") else None
        if match:
            unit = LONG_NAMES.get(match[1], match[1])
            return unit if unit in UNITS_PS else None
    return None


def _by_name(rows: Rows) -> tuple[str, ...] | None:
    """Roles by the names of the columns, None if they do not tell."""
    if rows.names is None:
        return None
    names = [_bare(name) for name in rows.names]
    afters = any(name in AFTERS for name in names)
    if afters and any(name in INDICES | TIMES for name in names):
        return tuple(_indexed_role(name) for name in names)
    if sum(name in CHANNELS for name in names) == 1:
        times = [place for place, name in enumerate(names) if name in TIMES]
        if len(times) > 1:
            times = [place for place in times if UNIT.search(rows.names[place].lower())]
        channel = next(place for place, name in enumerate(names) if name in CHANNELS)
        return _roles(len(names), {times[0]: "time", channel: "channel"}) if len(times) == 1 else None
    return ("time",) if len(names) == 1 and names[0] in TIMES else None


def _indexed_role(name: str) -> str:
    if name in AFTERS:
        return "after"
    return "index" if name in INDICES | TIMES else "channel" if name in CHANNELS else "-"


def _by_content(rows: Rows) -> tuple[str, ...] | None:
    """Roles by what stands in the columns at the beginning."""
    values = [_Column.of([row[place] for row in rows.first]) for place in range(rows.columns)]
    open_ = [place for place, column in enumerate(values) if not column.is_empty]
    counted = [place for place in open_ if not values[place].is_counter]
    if counted and not (len(counted) == 1 and len(open_) == 2 and values[counted[0]].is_channel):
        open_ = counted
    if len(open_) > 2:
        varied = [place for place in open_ if not values[place].is_constant]
        open_ = varied if len(varied) > 1 else open_
    if len(open_) == 2:
        pair = _pair(values, *open_)
        if pair is not None:
            return _roles(rows.columns, pair)
    if open_ and all(values[place].is_orderly for place in open_):
        return _roles(rows.columns, dict.fromkeys(open_, "time"))
    if rows.separator == ";" and open_ == [0, 1] and values[1].is_time:
        return ("after", "index")
    return None


def _pair(values: Sequence[_Column], first: int, second: int) -> dict[int, str] | None:
    """Which of two columns is the channel and which the time, None if it is no such pair."""
    ways = [
        (channel, time)
        for channel, time in ((first, second), (second, first))
        if values[channel].is_channel and values[time].is_time
    ]
    if not ways:
        return None
    channel, time = max(ways, key=lambda way: values[way[1]].distinct)
    return {channel: "channel", time: "time"}


def _roles(columns: int, given: dict[int, str]) -> tuple[str, ...]:
    return tuple(given.get(place, "-") for place in range(columns))


@dataclass(frozen=True)
class _Column:
    """The numbers of a column at the beginning (nan: none), and whether it holds labels."""

    values: NDArray[np.float64]
    labels: bool

    @classmethod
    def of(cls, cells: Sequence[str]) -> _Column:
        labels = any(not NUMBER.fullmatch(cell) and cell.lower() not in MISSING for cell in cells)
        numbers = [float(cell.replace(",", ".")) if NUMBER.fullmatch(cell) else np.nan for cell in cells]
        return cls(np.array(numbers, dtype=np.float64), labels)

    @property
    def is_counter(self) -> bool:
        """Whether it counts the rows."""
        return self.values.size > ROWS_OF_COUNTER and bool(np.all(np.diff(self.values) == 1))

    @property
    def is_empty(self) -> bool:
        """Whether nothing stands in it, or only numbers below zero."""
        return not self.labels and not bool(np.any(self.values >= 0))

    @property
    def is_constant(self) -> bool:
        """Whether it holds one number."""
        return not self.labels and bool(np.all(self.values == self.values[0]))

    @property
    def is_channel(self) -> bool:
        """Whether it holds few small whole numbers, or labels."""
        if self.labels:
            return True
        values = self.values
        whole = not np.isnan(values).any() and bool(np.all(values == np.rint(values)))
        return whole and np.abs(values).max() <= LARGEST_CHANNEL and self.distinct <= MOST_CHANNELS

    @property
    def distinct(self) -> int:
        """How many different numbers it holds."""
        return int(np.unique(self.values).size)

    @property
    def is_time(self) -> bool:
        """Whether its numbers ascend, but for a few; those below zero and empty places are no times."""
        return self._ascends(MOST_STEPS_BACK)

    @property
    def is_orderly(self) -> bool:
        """Whether its numbers ascend, but for very few."""
        return self._ascends(MOST_STEPS_BACK_APART)

    def _ascends(self, share: float) -> bool:
        values = self.values[self.values >= 0]
        values = values[(values > 0) | (np.maximum.accumulate(values) <= 0)]  # zeros behind may be filling
        if self.labels or values.size < 1 or (values.size > 1 and values.max() == values.min()):
            return False
        return values.size == 1 or float(np.mean(np.diff(values) < 0)) <= share


ROWS_OF_COUNTER = 2
"""Rows that cannot tell a counter or channels from times."""
