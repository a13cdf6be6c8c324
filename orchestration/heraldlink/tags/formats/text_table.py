# SPDX-License-Identifier: Apache-2.0
"""Rows of a text read piece by piece into arrays of times, channels and indices."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import BinaryIO

import numpy as np

from heraldlink.errors import DataError
from heraldlink.tags.block import END_PS, Times
from heraldlink.tags.formats.fixed import as_channels
from heraldlink.tags.formats.stored import IndexedPiece, Piece
from heraldlink.tags.formats.text_columns import Columns
from heraldlink.tags.formats.text_lines import (
    LABEL,
    MISSING,
    NUMBER,
    Rows,
    decoded,
    is_comment,
    is_row,
    words,
)
from heraldlink.tags.formats.text_numbers import NO_TIME, Unit

LINES = 1 << 17
"""Lines read at once at most."""

PLAIN = Unit(Decimal(1), "text")
"""How numbers that are no times are read."""


ZEROS = re.compile(rb"\.0*(?=[\s,;|]|$)")
"""Decimals that say nothing."""

POINT = re.compile(rb"\.(\d*)")


@dataclass(frozen=True)
class Channels:
    """Channels of a text: ``names`` by number; ``labels``: numbers of the labels that stand for them;
    ``beside``: numbers of the columns of times that stand side by side.
    """

    names: Mapping[int, str]
    labels: Mapping[str, int]
    beside: tuple[int, ...] = ()

    @classmethod
    def of(cls, stream: BinaryIO, rows: Rows, columns: Columns) -> Channels:
        """Channels by the numbers in their labels or columns' names, else counted from 1.

        Labels are looked for in all of the text: one that is rare may not stand at its beginning.
        """
        if columns.kind == "side by side":
            places = [place for place, role in enumerate(columns.roles) if role == "time"]
            names = [columns.names[place] if columns.names else "" for place in places]
            numbers = _numbers(names, [place - places[0] + 1 for place in places])
            return cls({n: name for n, name in zip(numbers, names, strict=True) if name}, {}, tuple(numbers))
        place = columns.place("channel")
        words_ = sorted({row[place] for row in rows.first}) if place is not None else []
        if all(NUMBER.fullmatch(word) for word in words_):
            return cls({}, {})
        words_ = sorted({*words_, *_labels(stream, rows, place or 0)})
        numbers = _numbers(words_, range(1, len(words_) + 1))
        return cls(dict(zip(numbers, words_, strict=True)), dict(zip(words_, numbers, strict=True)))

    def number(self, word: str) -> int:
        """The channel of a word. Raises ValueError for a label that the beginning did not have."""
        if not self.labels:
            return PLAIN.in_ps(word)
        if word not in self.labels:
            raise ValueError(word)
        return self.labels[word]


def _labels(stream: BinaryIO, rows: Rows, place: int) -> set[str]:
    """The labels in a column of all whole rows."""
    found: set[str] = set()
    stream.seek(rows.begin)
    for line in stream:
        text = decoded(line)
        row = words(text, rows.separator)
        if len(row) == rows.columns and row[place] not in found and line.endswith(b"\n"):
            found.update(row[place : place + 1] if is_row(text, rows.separator) else ())
    return {label for label in found if LABEL.fullmatch(label) and label.lower() not in MISSING}


def _numbers(names: Sequence[str], otherwise: Sequence[int]) -> list[int]:
    """The number at the end of each name if all have one and no two the same; else those given."""
    found = [re.search(r"\d+$", name.rstrip(" )]")) for name in names]
    numbers = [int(match[0]) for match in found if match]
    return numbers if len(set(numbers)) == len(names) else list(otherwise)


@dataclass(frozen=True)
class Table:
    """Rows of an open text."""

    stream: BinaryIO
    rows: Rows
    columns: Columns
    unit: Unit
    channels: Channels

    def arrays(self, size: int) -> Iterator[list[Times]]:
        """Columns of the next rows, int64: times in ps (`NO_TIME`: none), others as they are, zero if unused.

        Raises DataError, after the rows before it, for a line that is not a row.
        """
        self.stream.seek(self.rows.begin)
        number = self.rows.line
        while lines := list(islice(self.stream, max(1, min(size, LINES)))):
            table, problem = self._table(lines, number)
            yield self._columns(table)
            if problem:
                raise DataError(f"{problem} (salvage keeps what precedes it)")
            number += len(lines)

    def _table(self, lines: list[bytes], number: int) -> tuple[Times, str | None]:
        """Rows of lines, and what is wrong behind them."""
        quick, problem = self._by_numpy(lines), None
        if quick is None:
            read: list[list[int]] = []
            problem = self._read(lines, number, read)
            quick = np.array(read, dtype=np.int64).reshape(-1, self.rows.columns)
        if problem is None and self._is_cut(lines, quick):
            place = f"byte {self.stream.tell()}, in line {number + len(lines) - 1}"
            return quick[:-1], f"truncated at {place}: its number is cut"
        return quick, problem

    def _is_cut(self, lines: list[bytes], table: Times) -> bool:
        """Whether the text ends inside the last time: it is no whole line, and far before the time above."""
        if lines[-1].endswith(b"\n") or self.columns.roles[-1] != "time" or len(table) < 2:
            return False
        return int(table[-1, -1]) < int(table[-2, -1]) // 2

    def _by_numpy(self, lines: list[bytes]) -> Times | None:
        """Rows of whole numbers in ps, by numpy; None if they are not all of that kind."""
        data, decimals = self._without_points(b"".join(lines))
        unit_ps = self.unit.ps.scaleb(-decimals)
        if self.channels.labels or unit_ps != int(unit_ps) or not data.strip():
            return None
        try:
            text = data.decode("ascii").splitlines()
            table = np.loadtxt(text, np.int64, comments="#", delimiter=self.rows.separator, ndmin=2)
        except (ValueError, OverflowError):
            return None
        step = int(unit_ps)
        limit = END_PS // step
        if table.shape[1] != self.rows.columns or (table.size and not _within(table, limit)):
            return None
        for place, role in enumerate(self.columns.roles):
            if role in ("time", "after"):
                table[:, place] *= step
        return table

    def _without_points(self, data: bytes) -> tuple[bytes, int]:
        """Rows whose times all have one number of decimals, without the points, and that number."""
        if b"." not in data or "-" in self.columns.roles:  # a column that is not read may have decimals
            return data, 0
        data = ZEROS.sub(b"", data)
        lengths = {len(decimals) for decimals in POINT.findall(data)}
        times = sum(role in ("time", "after") for role in self.columns.roles)
        if len(lengths) != 1 or data.count(b".") != times * data.count(b"\n"):
            return data, 0
        return data.replace(b".", b""), lengths.pop()

    def _read(self, lines: list[bytes], number: int, into: list[list[int]]) -> str | None:
        """Rows one by one; what is wrong with the first line that is none."""
        for at, line in enumerate(lines):
            text = decoded(line)
            if is_comment(text):
                continue
            try:
                into.append(self._row(words(text, self.rows.separator)))
            except (ValueError, OverflowError):
                ended = not line.endswith(b"\n")
                where = f"truncated at byte {self.stream.tell()}, in line" if ended else "damaged in line"
                return f'{where} {number + at}: "{text[:40]}" is no row as those before'
        return None

    def _row(self, found: Sequence[str]) -> list[int]:
        """The numbers of a row; places that its end leaves out are empty."""
        missing = self.rows.columns - len(found)
        if missing < 0 or (missing and self.columns.kind != "side by side"):
            raise ValueError
        row: list[int] = []
        for word, role in zip((*found, *[""] * missing), self.columns.roles, strict=True):
            if role in ("time", "after"):
                value = self.unit.in_ps(word)
            else:
                value = (
                    0
                    if role == "-"
                    else self.channels.number(word)
                    if role == "channel"
                    else PLAIN.in_ps(word)
                )
            if value > END_PS or (value < -END_PS and value != NO_TIME):
                raise OverflowError
            row.append(value)
        return row

    def _columns(self, table: Times) -> list[Times]:
        return [np.ascontiguousarray(table[:, place]) for place in range(self.rows.columns)]

    def channel(self, columns: Sequence[Times]) -> Times:
        """The channels of rows: 1 in a text that has none."""
        place = self.columns.place("channel")
        return columns[place] if place is not None else np.ones(columns[0].size, dtype=np.int64)


def _within(table: Times, limit: int) -> bool:
    return -limit <= int(table.min()) and int(table.max()) <= limit


def events(table: Table, found: dict[str, int], size: int) -> Iterator[Piece]:
    """A tag in each row that has a time."""
    place = table.columns.roles.index("time")
    for columns in table.arrays(size):
        time_ps = columns[place]
        there = time_ps != NO_TIME
        if not there.all():
            found["rows_without_time"] = found.get("rows_without_time", 0) + int(np.count_nonzero(~there))
        yield Piece(time_ps[there], as_channels(table.channel(columns)[there]))


def indexed(table: Table, size: int) -> Iterator[IndexedPiece]:
    """A click in each row, after the event of its index."""
    after, index = table.columns.roles.index("after"), table.columns.roles.index("index")
    for columns in table.arrays(size):
        yield IndexedPiece(columns[after], columns[index], as_channels(table.channel(columns)))
