# SPDX-License-Identifier: Apache-2.0
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false
"""Tags as CSV: a row of titles, then ``time_ps,channel``, or ``index,after_ps,channel`` after references."""

from __future__ import annotations

from typing import BinaryIO, Self

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.csv as pc  # type: ignore[import-untyped]

from heraldlink.errors import RequestError
from heraldlink.tags.block import Header
from heraldlink.tags.description import COLUMNS, AnyBlock, refuse_other_kind


class TextWriter:
    """Writes blocks to an open binary stream. Raises RequestError for delays and gaps: text has no place."""

    def __init__(self, stream: BinaryIO, header: Header) -> None:
        if any(header.delays_ps.values()):
            raise RequestError("text has no place for delays beside the tags: write Parquet")
        self._stream, self._header = stream, header
        stream.write((",".join(COLUMNS[header.kind]) + "\n").encode())

    def push(self, block: AnyBlock) -> None:
        """Write the tags of a block."""
        refuse_other_kind(block, self._header)
        if block.gaps:
            raise RequestError("text cannot say that tags are missing: write Parquet, or cut at the gap")
        table = pa.table({name: getattr(block, name) for name in COLUMNS[self._header.kind]})
        pc.write_csv(table, self._stream, pc.WriteOptions(include_header=False))

    def close(self) -> None:
        """Nothing is left to write."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
