# SPDX-License-Identifier: Apache-2.0
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
"""Tags in Parquet: one schema for recordings and for runs.

Columns: ``time_ps``, ``channel`` (kind "times"), or ``index``, ``after_ps``, ``channel`` (kind "indexed"),
int64 but channel int16; a run's file has ``slot`` (int64) before them, and in each slot the reference index
begins anew. All are DELTA_BINARY_PACKED, compressed with zstd and with a checksum per page
(https://parquet.apache.org/docs/file-format/data-pages/encodings/). A dictionary of channels would take 0.04
bytes a tag less, and a third more time to write. Header, channel delays and gaps are JSON under the key
``heraldlink.tags`` of the file's metadata.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Final, Self

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from numpy.typing import NDArray

from heraldlink.errors import DataError, RequestError
from heraldlink.tags.block import Block, Gap, Header, IndexedBlock
from heraldlink.tags.description import (
    BEGIN_PS,
    COLUMNS,
    AnyBlock,
    Description,
    block_of,
    from_json,
    joined,
    key_of,
    refuse_disorder,
    refuse_other_kind,
    to_json,
    with_gaps,
)

MAGIC: Final = b"PAR1"
KEY: Final = "heraldlink.tags"
SLOT: Final = "slot"
ROWS: Final = 1 << 20
"""Tags in a row group."""


class ParquetWriter:
    """Writes blocks to an open binary stream; an analysis like any other: ``push(block)``, ``finish()``.

    ``header.delays_ps`` is kept beside the tags, gaps of the blocks go into the footer. Without `finish` or
    `close` the file has no footer and cannot be read. Raises RequestError if a block steps back in time or is
    of another kind than the header.
    """

    def __init__(self, stream: BinaryIO, header: Header, rows: int = ROWS) -> None:
        self._header, self._rows = header, rows
        self._schema = schema(COLUMNS[header.kind])
        self._file = parquet_file(stream, self._schema)
        self._held: list[AnyBlock] = []
        self._tags, self._waiting, self._last = 0, 0, BEGIN_PS
        self._gaps: list[Gap] = []
        self._open = True

    def push(self, block: AnyBlock) -> None:
        """Write the tags of a block, and keep its gaps."""
        refuse_other_kind(block, self._header)
        refuse_disorder(block, self._last)
        self._gaps += block.gaps
        if not block.channel.size:
            return
        self._held.append(block)
        self._last = int(key_of(block)[-1])
        self._waiting += block.channel.size
        if self._waiting >= self._rows:
            self._write()

    def finish(self) -> int:
        """Write what is left and the footer; returns the number of tags."""
        if self._open:
            self._open = False
            self._write()
            about = Description(replace(self._header, tags=self._tags), tuple(self._gaps))
            self._file.add_key_value_metadata({KEY: to_json(about).decode()})
            self._file.close()
        return self._tags

    def close(self) -> None:
        """As `finish`."""
        self.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.finish()
        self._file.is_open = False  # a file that broke off gets no footer: nobody takes it for whole

    def _write(self) -> None:
        if self._held:
            block = joined(self._held)
            arrays = [getattr(block, name) for name in self._schema.names]
            self._file.write_table(pa.table(arrays, schema=self._schema), row_group_size=self._rows)
        self._tags += self._waiting
        self._held, self._waiting = [], 0


class ParquetTags:
    """Tags of a Parquet file as a source of blocks; ``slot``: which one of a run's file.

    A file of others without our metadata is read if it has our columns. Raises DataError if the stream is no
    such file, or is damaged, and RequestError if it has several slots or not the one that is asked for.
    """

    def __init__(self, stream: BinaryIO, slot: int | None = None) -> None:
        self._stream = stream
        self._file = self._open()
        self._about = self._describe()
        self.slots = self._slots()
        """Slots of a run's file, in order; empty for a recording."""
        self._slot = self._chosen(slot)
        self.found: dict[str, int] = {}

    @property
    def header(self) -> Header:
        """What was stored beside the tags."""
        return self._about.header

    @property
    def gaps(self) -> Sequence[Gap]:
        """All gaps."""
        return self._about.gaps

    def blocks(self, size: int = ROWS) -> Iterator[Block] | Iterator[IndexedBlock]:
        """All tags in blocks of at most ``size``. Raises DataError if the file is damaged."""
        parts = self._rows(size) if not self.slots else self._cut(size)
        return with_gaps(parts, self._about.gaps)  # type: ignore[return-value]  # one kind throughout

    def _open(self) -> pq.ParquetFile:
        try:
            return pq.ParquetFile(self._stream, page_checksum_verification=True)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            size = self._stream.seek(0, 2)
            raise DataError(
                f"no Parquet footer before byte {size}: truncated or foreign ({error})"
            ) from error

    def _describe(self) -> Description:
        names = tuple(name for name in self._file.schema_arrow.names if name != SLOT)
        kinds = {columns: kind for kind, columns in COLUMNS.items()}
        foreign = [field.name for field in self._file.schema_arrow if not pa.types.is_integer(field.type)]
        if names not in kinds or foreign:
            raise DataError(
                f"columns {', '.join(self._file.schema_arrow.names)} are not those of tags "
                f"(integers {' or '.join(', '.join(columns) for columns in kinds)})"
            )
        kind = kinds[names]
        text = (self._file.metadata.metadata or {}).get(KEY.encode())
        rows = int(self._file.metadata.num_rows)
        if text is None:
            return Description(Header("Parquet", "indexed" if kind == "indexed" else "times", 1.0, tags=rows))
        stored = from_json(text, KEY)
        if stored.header.kind != kind:
            raise DataError(f"{KEY} says kind {stored.header.kind!r}, but the columns are of kind {kind!r}")
        if stored.header.tags not in (None, rows):
            raise DataError(f"{KEY} says {stored.header.tags} tags, but there are {rows} rows")
        return replace(stored, header=replace(stored.header, tags=rows))

    def _slots(self) -> tuple[int, ...]:
        if SLOT not in self._file.schema_arrow.names:
            return ()
        seen = (np.unique(slots) for (slots,) in self._batches([SLOT], ROWS))
        return tuple(np.unique(np.concatenate([np.empty(0, np.int64), *seen])).tolist())

    def _chosen(self, slot: int | None) -> int | None:
        if slot is None and len(self.slots) < 2:
            return self.slots[0] if self.slots else None
        if slot is None or slot not in self.slots:
            few = len(self.slots) < 10
            held = ", ".join(map(str, self.slots if few else (*self.slots[:4], "...", self.slots[-1])))
            raise RequestError(f"say which slot is to be read (option slot=N): it has {held or 'none'}")
        return slot

    def _rows(self, size: int) -> Iterator[AnyBlock]:
        """The rows as they are."""
        columns = COLUMNS[self.header.kind]
        begun, last = False, BEGIN_PS
        for arrays in self._batches(columns, size):
            block = block_of(arrays)
            try:
                refuse_disorder(block, last)
            except RequestError as error:
                raise DataError(str(error)) from error
            begun, last = True, int(key_of(block)[-1]) if key_of(block).size else last
            yield block
        if not begun:
            yield block_of([np.empty(0, np.int64) for _ in columns])

    def _cut(self, size: int) -> Iterator[AnyBlock]:
        """One slot's rows, put in order."""
        columns = [SLOT, *COLUMNS[self.header.kind]]
        parts: list[list[NDArray[np.int64]]] = [[np.empty(0, np.int64)] for _ in columns]
        for arrays in self._batches(columns, ROWS):
            here = arrays[0] == self._slot
            for part, array in zip(parts, arrays, strict=True):
                part.append(array[here])
        arrays = [np.concatenate(part) for part in parts[1:]]
        order = np.lexsort(arrays[-2::-1])
        arrays = [array[order] for array in arrays]
        for begin in range(0, max(1, order.size), size):
            yield block_of([array[begin : begin + size] for array in arrays])

    def _batches(self, columns: Sequence[str], size: int) -> Iterator[list[NDArray[np.int64]]]:
        row = 0
        try:
            for group in range(self._file.num_row_groups):  # one by one: else all are kept in memory
                for batch in self._file.iter_batches(size, [group], list(columns), use_threads=False):
                    yield [_array(batch.column(name), name) for name in columns]
                    row += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            raise DataError(f"damaged after row {row} ({error})") from error
        if row != self.header.tags:
            raise DataError(f"damaged after row {row}: {self.header.tags} were to come")


def _array(column: pa.Array, name: str) -> NDArray[np.int64]:
    if column.null_count:
        raise pa.ArrowInvalid(f"{column.null_count} empty values in column {name}")
    return np.asarray(column.cast(pa.int16() if name == "channel" else pa.int64()).to_numpy())


def schema(columns: Sequence[str]) -> pa.Schema:
    """Arrow schema of columns: channel int16, the others int64."""
    return pa.schema(
        [pa.field(name, pa.int16() if name == "channel" else pa.int64(), nullable=False) for name in columns]
    )


def parquet_file(where: Path | BinaryIO, schema: pa.Schema) -> pq.ParquetWriter:
    """A new Parquet file with columns coded as said above."""
    options: Any = {
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": False,
        "column_encoding": dict.fromkeys(schema.names, "DELTA_BINARY_PACKED"),
        "write_statistics": [name for name in schema.names if name != "channel"],
        "write_page_checksum": True,
    }
    return pq.ParquetWriter(where, schema, **options)
