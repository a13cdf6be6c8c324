# SPDX-License-Identifier: Apache-2.0
"""How our own files are recognised: Parquet files and open segments; pyarrow is loaded when one is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

from heraldlink.errors import RequestError
from heraldlink.tags.formats.format import StoredTags


@dataclass(frozen=True)
class Parquet:
    """Tags in Parquet; ``slot``: which one of a run's file; ``columns``, ``unit``: of a table of others."""

    name: str = "Parquet"
    options: tuple[str, ...] = ("slot", "columns", "unit")

    def matches(self, start: bytes, size: int) -> bool:
        """By its first four bytes."""
        return start.startswith(b"PAR1")

    def open(self, stream: BinaryIO, size: int, salvage: bool, options: Mapping[str, str]) -> StoredTags:
        """As `formats.parquet.ParquetTags`; a file without its footer cannot be salvaged."""
        from heraldlink.tags.formats.parquet import ParquetTags
        from heraldlink.tags.formats.parquet_table import is_table, open_table

        if is_table(stream):
            return open_table(stream, salvage, options)
        slot = options.get("slot")
        if slot is not None and not slot.isdecimal():
            raise RequestError(f"slot must be a number, not {slot!r}")
        return ParquetTags(stream, None if slot is None else int(slot))


@dataclass(frozen=True)
class Segment:
    """An open segment: a schema message of an Arrow stream, with our key in it."""

    name: str = "segment"
    options: tuple[str, ...] = ()

    def matches(self, start: bytes, size: int) -> bool:
        """By the mark of an Arrow message and our key behind it."""
        return start.startswith(b"\xff\xff\xff\xff") and b"heraldlink.tags" in start

    def open(self, stream: BinaryIO, size: int, salvage: bool, options: Mapping[str, str]) -> StoredTags:
        """As `formats.segment.SegmentTags`."""
        from heraldlink.tags.formats.segment import SegmentTags

        return SegmentTags(stream, salvage)
