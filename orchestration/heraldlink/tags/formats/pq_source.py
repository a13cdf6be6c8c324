# SPDX-License-Identifier: Apache-2.0
"""The records of a PicoQuant file as blocks: read and decoded piece by piece, whatever the file's size."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import numpy as np

from heraldlink.errors import DataError
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock, Loss, Times
from heraldlink.tags.compiled import available
from heraldlink.tags.formats import pq_records
from heraldlink.tags.formats.pq_records import RECORD_BYTES, Decoded, IllegalRecord, Layout, Records
from heraldlink.tags.formats.stored import IndexedPiece, Piece, StoredIndexed, StoredTimes

PIECE_RECORDS = 1 << 17
"""Records decoded at once at most."""

WORTH_LOADING = 250_000_000
"""From so many records on compiled kernels save more than the 0.6 s in which numba and they are loaded."""

Decode = Callable[[Records, Layout, int], Decoded]


@dataclass(frozen=True)
class RecordFile:
    """Where the records of an open file are, and what their counts mean.

    ``begin``: byte of the first one. ``records``: whole ones to read. ``broken``: None if these are all that
    were promised, else what is wrong and at which byte. ``delay_ps``: picoseconds per count of a T3 delay,
    ``count_ps``: per count of a T2 time. ``decode``: a decoder, None for the `fastest`. ``carry``: counts
    before the first record.
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
    decode: Decode | None = None
    carry: int = 0
    found: dict[str, int] = field(default_factory=dict[str, int])

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """All clicks and markers. Raises DataError with the byte of a record that makes no sense."""
        if self.layout.is_t3:
            return StoredIndexed(self.header, self._indexed_pieces, self.found, self.salvage).blocks(size)
        return StoredTimes(self.header, self._pieces, self.found, self.salvage).blocks(size)

    def _pieces(self, size: int) -> Iterator[Piece]:
        for decoded, loss in self._decoded(size):
            time_ps = scaled(decoded.count, self.count_ps)
            last = max([int(decoded.carry * self.count_ps), *time_ps[-1:].tolist()])
            yield Piece(time_ps, decoded.channel, (Gap(last + 1, END_PS, loss),) if loss else ())

    def _indexed_pieces(self, size: int) -> Iterator[IndexedPiece]:
        for decoded, loss in self._decoded(size):
            last = max([decoded.carry, *decoded.count[-1:].tolist()])
            gaps = (Gap(last, END_PS, loss),) if loss else ()
            yield IndexedPiece(scaled(decoded.delay, self.delay_ps), decoded.count, decoded.channel, gaps)

    def _decoded(self, size: int) -> Iterator[tuple[Decoded, Loss | None]]:
        """Piece by piece, and with the last one why the rest is missing."""
        carry, read, overflows = self.carry, 0, 0
        decode = self.decode or fastest(self.records)
        self.stream.seek(self.begin)
        while read < self.records:
            wanted = min(size, PIECE_RECORDS, self.records - read)
            records = np.frombuffer(self.stream.read(wanted * RECORD_BYTES), "<u4")
            if records.size < wanted:
                raise DataError(f"truncated at byte {self.stream.tell()} while it was read")
            try:
                decoded = decode(records, self.layout, carry)
            except IllegalRecord as error:
                yield decode(records[: error.record], self.layout, carry), None
                at = self.begin + (read + error.record) * RECORD_BYTES
                raise DataError(f"damaged at byte {at}: {error} (salvage keeps what precedes it)") from None
            carry, read, overflows = decoded.carry, read + records.size, overflows + decoded.overflows
            self.found["records"], self.found["overflow_records"] = read, overflows
            yield decoded, self.loss if read == self.records else None
        if not self.records and self.loss:
            yield decode(np.empty(0, np.uint32), self.layout, carry), self.loss


def fastest(records: int) -> Decode:
    """The decoder for so many records; all give the same arrays."""
    if available() and ("numba" in sys.modules or records >= WORTH_LOADING):
        from heraldlink.tags.formats import pq_kernels

        return pq_kernels.decode
    return pq_records.decode


def scaled(counts: Times, step_ps: float) -> Times:
    """Counts in picoseconds, rounded where a count is not a whole number of them."""
    if step_ps == 1:
        return counts
    if step_ps == int(step_ps):
        return counts * int(step_ps)
    return np.asarray(np.rint(counts * step_ps), dtype=np.int64)


def extent(promised: int, begin: int, size: int, salvage: bool) -> tuple[int, Loss | None]:
    """How many records of a file of ``size`` bytes to read from byte ``begin``, and why more are missing.

    A header that promises 0, or less, was never finished: all there are. Less than a record behind the last
    one is no loss. Raises DataError, unless ``salvage``, if the file is longer or shorter than promised.
    """
    promised = max(promised, 0)
    present, rest = divmod(size - begin, RECORD_BYTES)
    if present == promised or (not promised and not rest and present >= 0):
        return present, None
    if present < 0:
        raise DataError(f"truncated inside its header: it ends at byte {size}, records begin at byte {begin}")
    if salvage:
        return (promised, "damaged") if present > promised > 0 else (present, "truncated")
    last = begin + min(present, promised or present) * RECORD_BYTES
    if present > promised > 0:
        raise DataError(
            f"damaged: its header promises {promised} records, which end at byte {last}, but it goes on to"
            f" byte {size} (salvage leaves the rest out)"
        )
    raise DataError(
        f"truncated at byte {size}: its header promises {promised or 'whole'} records, {present} are there"
        f" (the last whole one ends at byte {last}; salvage keeps them)"
    )


def whole_ps(step_ps: float) -> float:
    """A step without the rounding of its decimal form: 1e-12 s is 1 ps."""
    nearest = round(step_ps)
    return float(nearest) if nearest and abs(step_ps - nearest) < 1e-6 * nearest else step_ps
