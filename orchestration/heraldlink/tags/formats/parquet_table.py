# SPDX-License-Identifier: Apache-2.0
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
"""Parquet tables of others: columns and units told as those of a text are (`text_columns`, `text_numbers`).

Such as ``channel``, ``time_tags`` (martian17/fast-histogram) or what pandas writes. Whole numbers without a
unit in their column's name are taken as picoseconds; option ``unit`` tells another, ``columns`` what is what.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from heraldlink.errors import DataError
from heraldlink.tags.block import END_PS, Header, Times
from heraldlink.tags.description import COLUMNS
from heraldlink.tags.formats.fixed import as_channels
from heraldlink.tags.formats.parquet import KEY, SLOT
from heraldlink.tags.formats.stored import IndexedPiece, Piece, StoredIndexed, StoredTimes
from heraldlink.tags.formats.text_columns import Columns, found, told
from heraldlink.tags.formats.text_lines import Rows
from heraldlink.tags.formats.text_numbers import Unit, find_unit, resolution_ps

FIRST = 2000
"""Rows by which columns are told."""


@dataclass(frozen=True)
class Table:
    """An open Parquet file of others, with what its columns are."""

    file: pq.ParquetFile
    columns: Columns
    unit: Unit

    def arrays(self, size: int) -> Iterator[list[Times]]:
        """Columns of the next rows, int64; times in ps. Raises DataError if the file is damaged."""
        try:
            for group in range(self.file.num_row_groups):
                for batch in self.file.iter_batches(size, [group], use_threads=False):
                    yield [self._column(batch.column(place), place) for place in range(batch.num_columns)]
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"damaged: {error}") from error

    def _column(self, column: pa.Array, place: int) -> Times:
        role = self.columns.roles[place]
        if role == "-":
            return np.zeros(len(column), dtype=np.int64)
        if column.null_count:
            raise DataError(f"column {place + 1}: {column.null_count} places are empty")
        values = column.to_numpy(zero_copy_only=False)
        step = self.unit.ps if role in ("time", "after") else 1
        if values.dtype.kind in "iu" and step == int(step):
            if values.size and int(values.max()) > END_PS // int(step):
                raise DataError(f"column {place + 1}: {values.max()} does not fit 64 bits as picoseconds")
            return np.asarray(values.astype(np.int64) * int(step))
        if values.dtype.kind not in "iuf" or not np.isfinite(values).all():
            raise DataError(f"column {place + 1}: not all of it are numbers")
        return np.asarray(np.rint(values.astype(np.longdouble) * np.longdouble(str(step))), dtype=np.int64)


def is_table(stream: BinaryIO) -> bool:
    """Whether a Parquet file is of others: without our metadata, and with other columns."""
    try:
        file = pq.ParquetFile(stream)
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return False
    names = tuple(name for name in file.schema_arrow.names if name != SLOT)
    return KEY.encode() not in (file.metadata.metadata or {}) and names not in COLUMNS.values()


def open_table(stream: BinaryIO, salvage: bool, options: Mapping[str, str]) -> StoredTimes | StoredIndexed:
    """Tell the columns. Raises DataError, naming the option, for what cannot be told."""
    file = pq.ParquetFile(stream)
    rows = _rows(file)
    columns = told(options["columns"], rows) if "columns" in options else found(rows)
    if columns.kind == "side by side":
        raise DataError("its channels stand side by side: only a column of times and one of channels is read")
    unit = find_unit(rows, columns, options)
    table = Table(file, columns, unit)
    header = Header(
        "Parquet",
        "indexed" if columns.kind == "indexed" else "times",
        resolution_ps(rows, columns, unit),
        tags=int(file.metadata.num_rows),
        about={"columns": ",".join(columns.roles), "unit": unit.said},
    )
    if columns.kind == "indexed":
        return StoredIndexed(header, partial(_clicks, table), salvage=salvage)
    return StoredTimes(header, partial(_tags, table), salvage=salvage)


def _rows(file: pq.ParquetFile) -> Rows:
    """The first rows as a text's."""
    names = tuple(file.schema_arrow.names)
    batch = next(file.iter_batches(FIRST, use_threads=False), None)
    if batch is None or not batch.num_rows:
        raise DataError(f"a table of {', '.join(names)} without rows")
    cells = [["" if cell is None else str(cell) for cell in column.to_pylist()] for column in batch.columns]
    return Rows(0, 1, ",", (), names, tuple(zip(*cells, strict=True)))


def _channel(table: Table, columns: list[Times]) -> Times:
    place = table.columns.place("channel")
    return columns[place] if place is not None else np.ones(columns[0].size, dtype=np.int64)


def _tags(table: Table, size: int) -> Iterator[Piece]:
    place = table.columns.roles.index("time")
    for columns in table.arrays(size):
        yield Piece(columns[place], as_channels(_channel(table, columns)))


def _clicks(table: Table, size: int) -> Iterator[IndexedPiece]:
    after, index = table.columns.roles.index("after"), table.columns.roles.index("index")
    for columns in table.arrays(size):
        yield IndexedPiece(columns[after], columns[index], as_channels(_channel(table, columns)))
