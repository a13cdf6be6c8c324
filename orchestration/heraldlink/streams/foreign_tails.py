# SPDX-License-Identifier: Apache-2.0
"""Files of others' records while they are written: PTU, and formats of bare numbers.

Their writers lock nothing. A PTU file says in its header how many records it has once it is whole (0, or
nothing, before); bare numbers say nothing, so that such a file ends only by being stopped, or idle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

import numpy as np

from heraldlink.errors import DataError
from heraldlink.streams.growth import Growth
from heraldlink.tags.block import END_PS, Gap, Loss
from heraldlink.tags.description import AnyBlock
from heraldlink.tags.formats.fixed import FixedRecords
from heraldlink.tags.formats.id900 import PAIR
from heraldlink.tags.formats.picoquant import Ptu
from heraldlink.tags.formats.pq_records import RECORD_BYTES, Decoded, IllegalRecord
from heraldlink.tags.formats.pq_source import RecordFile, fastest, scaled
from heraldlink.tags.formats.stored import IndexedPiece, Piece, StoredIndexed, StoredTimes

NONE, NO_CHANNEL = np.empty(0, np.int64), np.empty(0, np.int16)


@dataclass(frozen=True)
class PtuTail:
    """A PTU file, T2 or T3; ``file``: as its header describes it."""

    file: RecordFile
    growth: Growth

    def blocks(self, size: int) -> Iterator[AnyBlock]:
        """All tags; with a gap behind the last one if the header does not say that it was the last."""
        header = replace(self.file.header, tags=None)
        if self.file.layout.is_t3:
            return StoredIndexed(header, self._indexed_pieces).blocks(size)
        return StoredTimes(header, self._pieces).blocks(size)

    def _pieces(self, size: int) -> Iterator[Piece]:
        last, whole = -1, self._whole()
        for decoded in self._decoded(size, whole):
            time_ps = scaled(decoded.count, self.file.count_ps)
            last = max([last, *time_ps[-1:].tolist()])
            yield Piece(time_ps, decoded.channel)
        if not whole.met:
            yield Piece(NONE, NO_CHANNEL, (Gap(last + 1, END_PS, "truncated"),))

    def _indexed_pieces(self, size: int) -> Iterator[IndexedPiece]:
        last, whole = 0, self._whole()
        for decoded in self._decoded(size, whole):
            last = max([last, *decoded.count[-1:].tolist()])
            yield IndexedPiece(scaled(decoded.delay, self.file.delay_ps), decoded.count, decoded.channel)
        if not whole.met:
            yield IndexedPiece(NONE, NONE, NO_CHANNEL, (Gap(last, END_PS, "truncated"),))

    def _whole(self) -> _Whole:
        return _Whole(self.file.stream.name, self.file.begin)

    def _decoded(self, size: int, whole: _Whole) -> Iterator[Decoded]:
        carry, read, stream = 0, 0, self.file.stream
        decode = self.file.decode or fastest(self.file.records)
        for data in self.growth.records(stream, self.file.begin, RECORD_BYTES, size, whole):
            records = np.frombuffer(data, "<u4")
            try:
                decoded = decode(records, self.file.layout, carry)
            except IllegalRecord as error:
                at = self.file.begin + (read + error.record) * RECORD_BYTES
                raise DataError(f"damaged at byte {at}: {error}") from None
            carry, read = decoded.carry, read + records.size
            yield decoded


class _Whole:
    """Whether a PTU file holds as many records as its header promises now; reads it when it was changed.

    ``met``: the last answer.
    """

    def __init__(self, path: str, begin: int) -> None:
        self._path, self._begin = path, begin
        self._start = b""
        self._promises = self.met = False

    def __call__(self, records: int) -> bool:
        with open(self._path, "rb") as stream:
            start = stream.read(self._begin)
            if start != self._start:
                self._start = start
                self._promises = self._loss(stream, 0) is not None
            self.met = self._promises and self._loss(stream, records) is None
            return self.met

    def _loss(self, stream: BinaryIO, records: int) -> Loss | None:
        """What a file of that header would lack if it ended behind so many records."""
        size = self._begin + records * RECORD_BYTES
        try:
            return Ptu().open(stream, size, True, {}).loss
        except DataError:  # it is being written at this moment
            self._start = b""
            return None


@dataclass(frozen=True)
class FixedTail:
    """A file of records of one length that decode to times."""

    file: FixedRecords
    growth: Growth

    def blocks(self, size: int) -> Iterator[AnyBlock]:
        """All tags, as they come."""
        header = replace(self.file.header, tags=None)
        return StoredTimes(header, self._pieces, tolerance_ps=self.file.tolerance_ps).blocks(size)

    def _pieces(self, size: int) -> Iterator[Piece]:
        last, decode, dtype = -1, self.file.decoder(), self.file.dtype
        for data in self.growth.records(self.file.stream, self.file.begin, dtype.itemsize, size, _never):
            piece = decode(np.frombuffer(data, dtype))
            last = max([last, *piece.time_ps[-1:].tolist()])
            yield piece
        if self.growth.stopped:
            yield Piece(NONE, NO_CHANNEL, (Gap(last + 1, END_PS, "truncated"),))


@dataclass(frozen=True)
class PairsTail:
    """An ID900's .bin file of (time, reference index) pairs."""

    stream: BinaryIO
    source: StoredIndexed
    growth: Growth

    def blocks(self, size: int) -> Iterator[AnyBlock]:
        """All tags, as they come."""
        return StoredIndexed(replace(self.source.header, tags=None), self._pieces).blocks(size)

    def _pieces(self, size: int) -> Iterator[IndexedPiece]:
        last, (channel,) = 0, self.source.header.channels
        for data in self.growth.records(self.stream, 0, PAIR.itemsize, size, _never):
            records = np.frombuffer(data, PAIR)
            after_ps, index = records["after"].astype(np.int64), records["index"].astype(np.int64)
            last = max(last, int(index[-1]))
            yield IndexedPiece(after_ps, index, np.full(index.size, channel, dtype=np.int16))
        if self.growth.stopped:
            yield IndexedPiece(NONE, NONE, NO_CHANNEL, (Gap(last, END_PS, "truncated"),))


def _never(records: int) -> bool:
    return False
