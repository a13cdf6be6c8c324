# SPDX-License-Identifier: Apache-2.0
"""The records of a PicoQuant file as blocks: read and decoded piece by piece, whatever the file's size."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from heraldlink.errors import DataError
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock, Loss, Times
from heraldlink.tags.formats.by_index import ByIndex
from heraldlink.tags.formats.pq_records import RECORD_BYTES, Decoded, IllegalRecord, Layout, Records, decode
from heraldlink.tags.formats.stored import Piece, StoredTimes

PIECE_RECORDS = 1 << 18
"""Records decoded at once at most."""

Decode = Callable[[Records, Layout, int], Decoded]


@dataclass(frozen=True)
class RecordFile:
    """Where the records of an open file are, and what their counts mean.

    ``begin``: byte of the first one. ``records``: whole ones to read. ``broken``: None if these are all that
    were promised, else what is wrong and at which byte. ``delay_ps``: picoseconds per count of a T3 delay,
    ``count_ps``: per count of a T2 time.
    """

    stream: BinaryIO
    header: Header
    layout: Layout
    begin: int
    records: int
    count_ps: float
    delay_ps: float = 0.0
    loss: Loss | None = None
    salvage: bool = False
    decode: Decode = decode
    found: dict[str, int] = field(default_factory=dict[str, int])

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """All clicks and markers. Raises DataError with the byte of a record that makes no sense."""
        if self.layout.is_t3:
            return self._indexed(size)
        return StoredTimes(self.header, self._pieces, self.found).blocks(size)

    def _pieces(self, size: int) -> Iterator[Piece]:
        for decoded, loss in self._decoded(size):
            time_ps = scaled(decoded.count, self.count_ps)
            last = max([int(decoded.carry * self.count_ps), *time_ps[-1:].tolist()])
            yield Piece(time_ps, decoded.channel, (Gap(last + 1, END_PS, loss),) if loss else ())

    def _indexed(self, size: int) -> Iterator[IndexedBlock]:
        order = ByIndex(self.header.reference_period_ps)
        for decoded, loss in self._decoded(size):
            last = max([decoded.carry, *decoded.count[-1:].tolist()])
            gaps = (Gap(last, END_PS, loss),) if loss else ()
            after_ps = scaled(decoded.delay, self.delay_ps)
            yield from order.push(after_ps, decoded.count, decoded.channel, gaps, size)
        self.found["steps_back"] = order.steps_back
        yield from order.finish(size)

    def _decoded(self, size: int) -> Iterator[tuple[Decoded, Loss | None]]:
        """Piece by piece, and with the last one why the rest is missing."""
        carry = read = overflows = 0
        self.stream.seek(self.begin)
        if not self.records and self.loss:
            yield self.decode(np.empty(0, np.uint32), self.layout, 0), self.loss
        while read < self.records:
            wanted = min(size, PIECE_RECORDS, self.records - read)
            records = np.frombuffer(self.stream.read(wanted * RECORD_BYTES), "<u4")
            decoded, loss = self._checked(records, carry, read)
            carry, read, overflows = decoded.carry, read + records.size, overflows + decoded.overflows
            self.found["records"], self.found["overflow_records"] = read, overflows
            yield decoded, loss or (self.loss if read == self.records else None)
            if loss:
                return

    def _checked(self, records: Records, carry: int, before: int) -> tuple[Decoded, Loss | None]:
        try:
            return self.decode(records, self.layout, carry), None
        except IllegalRecord as error:
            if self.salvage:
                return self.decode(records[: error.record], self.layout, carry), "damaged"
            at = self.begin + (before + error.record) * RECORD_BYTES
            raise DataError(f"damaged at byte {at}: {error} (salvage keeps what precedes it)") from None


def scaled(counts: Times, step_ps: float) -> Times:
    """Counts in picoseconds, rounded where a count is not a whole number of them."""
    if step_ps == int(step_ps):
        return counts * int(step_ps)
    return np.asarray(np.rint(counts * step_ps), dtype=np.int64)
