# SPDX-License-Identifier: Apache-2.0
"""Tags as text: CSV and other tables of numbers, with a header or without.

There is no standard; shapes taken here and where they come from::

    channel time           qutools and S-Fifteen tools, OFThomas/homdip (PicoHarp to text, ps)
    time channel           qutools ASCII (quTAU manual V4.0, page 25), CSV of many tools
    time;index             ID900 with reference index (manual "Time Controller Series", table 10)
    time time ...          a channel in each column; empty or negative: no tag (quTAG DAQ of FNAL)
    index channel after    T3 tables with a header
    record# kind chan ...  listings of PicoQuant's demo programs (PicoQuant-Time-Tagged-File-Format-Demos)
    time                   one channel

Separators: white space, comma, semicolon, tab, bar; remarks begin with # % // * !; one column may hold labels
(``ch1``, ``A``). What columns are is told by their names, else by what stands in them, else by option
``columns``. The unit is told by the header (``time (ns)``, ``time_ps``, ``timebase: 80.955 ps``) or option
``unit``; whole numbers without one are taken as picoseconds, and numbers with nine decimals or more as
seconds: ``about["unit"]`` says so. ``sort=yes`` reads a text whole and sorts it, ``tolerance`` is the largest
step back (ps) put in order otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

import numpy as np

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.block import END_PS, Header
from heraldlink.tags.formats.fixed import STEP_BACK_PS
from heraldlink.tags.formats.format import START_BYTES
from heraldlink.tags.formats.line_ends import ends_with_returns, with_feeds
from heraldlink.tags.formats.stored import Piece, StoredIndexed, StoredTimes
from heraldlink.tags.formats.text_beside import side_by_side
from heraldlink.tags.formats.text_columns import Columns, found, told
from heraldlink.tags.formats.text_lines import NO_THOUSANDS, THOUSANDS_QUOTED, find_rows
from heraldlink.tags.formats.text_numbers import Unit, find_unit, resolution_ps
from heraldlink.tags.formats.text_table import Channels, Table, events, indexed


@dataclass(frozen=True)
class Text:
    """Text files of numbers; see the module for ``columns``, ``unit``, ``sort`` and ``tolerance``."""

    name: str = "text"
    options: tuple[str, ...] = ("columns", "unit", "sort", "tolerance")

    def matches(self, start: bytes, size: int) -> bool:
        """Whether the beginning is text with rows of numbers."""
        return find_rows(_lines(start), len(start) == size) is not None

    def open(
        self, stream: BinaryIO, size: int, salvage: bool, options: Mapping[str, str]
    ) -> StoredTimes | StoredIndexed:
        """Tell rows, columns and unit. Raises DataError, naming the option, for what cannot be told."""
        stream.seek(0)
        start = stream.read(START_BYTES)
        stream, start = with_feeds(stream, start), _lines(start)
        rows = find_rows(start, len(start) == size)
        if rows is None:
            raise DataError("byte 0: not a text with rows of numbers")
        if rows.separator == "," and (grouped := THOUSANDS_QUOTED.search(start)):
            raise DataError(f"line {rows.line}: {grouped[0].decode()}: {NO_THOUSANDS}")
        columns = told(options["columns"], rows) if "columns" in options else found(rows)
        unit = find_unit(rows, columns, options)
        channels = Channels.of(stream, rows, columns)
        table = Table(stream, rows, columns, unit, channels)
        header = Header(
            "text",
            "indexed" if columns.kind == "indexed" else "times",
            resolution_ps(rows, columns, unit),
            channels=channels.names,
            about=_about(columns, unit),
        )
        if columns.kind == "indexed":
            return StoredIndexed(header, partial(indexed, table), salvage=salvage)
        counted: dict[str, int] = {}
        tolerance_ps = _tolerance_ps(options)
        pieces = partial(_times, table, _sort(options), tolerance_ps, counted)
        return StoredTimes(header, pieces, counted, salvage, tolerance_ps)


def _lines(start: bytes) -> bytes:
    return start.replace(b"\r", b"\n") if ends_with_returns(start) else start


def _about(columns: Columns, unit: Unit) -> dict[str, str]:
    return {"columns": ",".join(columns.roles), "unit": unit.said}


def _sort(options: Mapping[str, str]) -> bool:
    given = options.get("sort", "no")
    if given not in ("yes", "no"):
        raise RequestError(f'sort "{given}": give yes or no')
    return given == "yes"


def _tolerance_ps(options: Mapping[str, str]) -> int:
    given = options.get("tolerance", str(STEP_BACK_PS))
    if not given.isascii() or not given.isdigit():
        raise RequestError(f'tolerance "{given}": give whole picoseconds')
    return int(given)


def _in_order(pieces: Iterator[Piece], tolerance_ps: int) -> Iterator[Piece]:
    """Pieces up to a step back that is too large. Raises DataError there, with the options to give."""
    highest, read = 0, 0
    for piece in pieces:
        latest = np.maximum(np.maximum.accumulate(piece.time_ps), highest)
        bad = np.flatnonzero(latest - piece.time_ps > tolerance_ps)
        if bad.size:
            at = int(bad[0])
            yield Piece(piece.time_ps[:at], piece.channel[:at])
            back_ps = int(latest[at] - piece.time_ps[at])
            raise DataError(
                f"tag {read + at} at {int(piece.time_ps[at])} ps lies {back_ps} ps before an earlier one:"
                f" give option sort=yes to read the text whole and sort it, or tolerance={back_ps}"
            )
        yield piece
        read += piece.time_ps.size
        highest = int(latest[-1]) if latest.size else highest


def _times(table: Table, sort: bool, tolerance_ps: int, found: dict[str, int], size: int) -> Iterator[Piece]:
    """Pieces in the order of the text, or one that is sorted."""
    apart = table.columns.kind == "side by side"
    tolerated = END_PS if sort else tolerance_ps
    pieces = side_by_side(table, found, size, tolerated) if apart else events(table, found, size)
    if not sort:
        yield from _in_order(pieces, tolerance_ps)
        return
    read = list(pieces)
    if read:
        time_ps = np.concatenate([piece.time_ps for piece in read])
        order = np.argsort(time_ps, kind="stable")
        yield Piece(time_ps[order], np.concatenate([piece.channel for piece in read])[order])
