# SPDX-License-Identifier: Apache-2.0
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false
"""Open segments: tags as an Arrow IPC stream that can be read up to its last whole block, however it ends.

Frames are those of https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format: 0xFFFFFFFF, int32
size of the metadata, metadata (a flatbuffer), body; a size of zero ends the stream. The schema carries the
header, each record batch its ``until``, its gaps, and a CRC-32 of all that, begun with the one before.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from heraldlink.errors import DataError
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock
from heraldlink.tags.description import (
    COLUMNS,
    AnyBlock,
    Description,
    block_of,
    cut,
    ended,
    from_json,
    gaps_from_json,
    gaps_to_json,
    to_json,
    until_of,
)
from heraldlink.tags.formats.parquet import KEY, schema

MARK: Final = b"\xff\xff\xff\xff"
END: Final = MARK + bytes(4)
REMEDY: Final = "`heraldlink tags repair` keeps what is whole"


@dataclass(frozen=True, slots=True)
class Torn:
    """What stands behind the last whole block; ``tags``: how many its frame promised, None if torn too."""

    offset: int
    size: int
    tags: int | None


class SegmentEncoder:
    """Blocks as frames: `start`, then `frame` for each block, then `END`."""

    def __init__(self, header: Header) -> None:
        about = {KEY.encode(): to_json(Description(header, closed=False))}
        self._schema = schema(COLUMNS[header.kind]).with_metadata(about)
        self.start: bytes = self._schema.serialize().to_pybytes()
        self._crc = zlib.crc32(self.start)

    def frame(self, block: AnyBlock) -> bytes:
        """The frame of the next block, which the next one follows."""
        arrays = [np.ascontiguousarray(getattr(block, name)) for name in self._schema.names]
        until, gaps = str(until_of(block)), gaps_to_json(block.gaps)
        self._crc = _checksum(self._crc, [*arrays, until.encode(), gaps])
        about = {"until": until, "gaps": gaps.decode(), "crc32": str(self._crc)}
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, self._schema) as writer:
            writer.write_batch(pa.record_batch(arrays, schema=self._schema), custom_metadata=about)
        return bytes(memoryview(sink.getvalue())[len(self.start) : -len(END)])


class SegmentReader:
    """Reads a segment block by block, also while it is being written.

    Raises DataError if the stream does not begin with the schema of a segment.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.closed = False
        """Whether the segment's end was reached, and its writer had ended it on purpose."""
        self._start = _start(stream)
        self.header = _header(self._start)
        """As it was when the segment was begun."""
        self._crc = zlib.crc32(self._start)

    def next(self) -> AnyBlock | None:
        """The next block; None if no further whole one is there (yet): the stream stays where it would begin.

        Raises DataError, naming the byte, if what is there is no block, or not as it was written.
        """
        offset = self._stream.tell()
        try:
            frame = _frame(self._stream)
            if frame is None:
                return None
            if frame == END:
                self.closed = True
                return None
            return self._block(frame)
        except (pa.ArrowException, OSError, KeyError, ValueError, struct.error) as error:
            self._stream.seek(offset)
            raise DataError(f"damaged at byte {offset} ({error}): {REMEDY}") from error

    def torn(self) -> Torn:
        """What stands behind the last whole block; empty if nothing does."""
        offset = self._stream.tell()
        rest = self._stream.read()
        self._stream.seek(offset)
        return Torn(offset, len(rest), _promised(rest))

    def _block(self, frame: bytes) -> AnyBlock:
        batch, about = pa.ipc.open_stream(self._start + frame).read_next_batch_with_custom_metadata()
        arrays = [np.asarray(batch.column(place).to_numpy()) for place in range(batch.num_columns)]
        until, gaps = about[b"until"], about[b"gaps"]
        crc = _checksum(self._crc, [*arrays, until, gaps])
        if crc != int(about[b"crc32"]):
            raise ValueError("its checksum does not fit")
        self._crc = crc
        return block_of(arrays, int(until), gaps_from_json(gaps))


class SegmentTags:
    """A segment as a source of blocks; with ``salvage`` an unclosed or damaged one ends with a gap.

    Raises DataError without ``salvage``, as the reader does, and where the segment was not closed.
    """

    def __init__(self, stream: BinaryIO, salvage: bool = False) -> None:
        self._stream, self._salvage = stream, salvage
        self.header = SegmentReader(stream).header
        self.found: dict[str, int] = {}

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """All whole blocks in pieces of at most ``size``."""
        return self._cut(size)  # type: ignore[return-value]  # one kind throughout

    def _cut(self, size: int) -> Iterator[AnyBlock]:
        for block in self._whole():
            yield from cut(block, size)

    def _whole(self) -> Iterator[AnyBlock]:
        self._stream.seek(0)
        reader = SegmentReader(self._stream)
        held = reader.next()
        loss: tuple[Gap, ...] = ()
        while held is not None:
            try:
                block = reader.next()
            except DataError:
                if not self._salvage:
                    raise
                block, loss = None, (Gap(until_of(held), END_PS, "damaged"),)
            if block is None:
                loss = loss or self._end(reader, until_of(held))
                held = ended(held, END_PS, held.gaps + loss)
            yield held
            held = block

    def _end(self, reader: SegmentReader, until: int) -> tuple[Gap, ...]:
        if reader.closed:
            return ()
        torn = reader.torn()
        if not self._salvage:
            raise DataError(
                f"not closed: its writer was killed, or still writes; whole up to byte {torn.offset}, "
                f"{torn.size} bytes of a torn block behind it: {REMEDY}"
            )
        self.found["torn_bytes"] = torn.size
        return (Gap(until, END_PS, "truncated", torn.tags),)


def _checksum(crc: int, parts: list[object]) -> int:
    for part in parts:
        crc = zlib.crc32(part, crc)  # type: ignore[arg-type]
    return crc


def _frame(stream: BinaryIO) -> bytes | None:
    """One whole frame, or None, and the stream stays. Raises ValueError or struct.error if it is no frame."""
    offset = stream.tell()
    left = stream.seek(0, 2) - offset
    stream.seek(offset)
    start = stream.read(8)
    if start[:4] != MARK[: len(start)]:
        raise ValueError("no frame begins here")
    size = 8 + int.from_bytes(start[4:], "little")
    if 8 < size <= left:
        about = stream.read(size - 8)
        size += _sizes(about)[0]
        if size <= left:
            return start + about + stream.read(size - 8 - len(about))
    if start == END:
        return start
    stream.seek(offset)
    return None


def _start(stream: BinaryIO) -> bytes:
    try:
        return _frame(stream) or b""
    except (ValueError, struct.error) as error:
        raise DataError(f"byte 0: not the beginning of a segment of tags ({error})") from error


def _header(start: bytes) -> Header:
    try:
        found = pa.ipc.read_schema(pa.py_buffer(start))
        text, names = (found.metadata or {})[KEY.encode()], tuple(found.names)
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise DataError(f"byte 0: not the beginning of a segment of tags ({error})") from error
    header = from_json(text, KEY).header
    if names != COLUMNS[header.kind]:
        raise DataError(f"byte 0: columns {', '.join(names)} are not those of kind {header.kind!r}")
    return header


def _sizes(about: bytes) -> tuple[int, int]:
    """Bytes of the body and rows, from a frame's metadata (format/Message.fbs: bodyLength, header.length)."""
    message = _uint32(about, 0)
    batch = _field(about, message, 2)
    rows = _field(about, batch + _uint32(about, batch), 0) if batch else 0
    body = _field(about, message, 3)
    sizes = [struct.unpack_from("<q", about, place)[0] if place else 0 for place in (body, rows)]
    if min(sizes) < 0:
        raise ValueError("a frame of negative size")
    return sizes[0], sizes[1]


def _field(data: bytes, table: int, number: int) -> int:
    """Place of a table's field, 0 if it has its default (https://flatbuffers.dev/internals)."""
    (back,) = struct.unpack_from("<i", data, table)
    vtable, entry = table - back, 4 + 2 * number
    if vtable < 0 or entry >= struct.unpack_from("<H", data, vtable)[0]:
        return 0
    (offset,) = struct.unpack_from("<H", data, vtable + entry)
    return table + offset if offset else 0


def _uint32(data: bytes, place: int) -> int:
    return int(struct.unpack_from("<I", data, place)[0])


def _promised(rest: bytes) -> int | None:
    """Tags of a torn frame, if its metadata is whole."""
    size = int.from_bytes(rest[4:8], "little")
    if rest[:4] != MARK or len(rest) < 8 + size or not size:
        return None
    try:
        return _sizes(rest[8 : 8 + size])[1]
    except (struct.error, ValueError):
        return None
