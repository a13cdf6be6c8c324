# SPDX-License-Identifier: Apache-2.0
"""qutools' quTAG (and quTAU): binary, compressed and raw timestamp files.

Layouts, little endian, as quTAG's own software names them (constants FILEFORMAT_* of its Python interface
QuTAG.py: "uncompressed binary format (40B header, 10B/time tag)", "compressed binary format (40B header,
5B/time tag)", "uncompressed binary without header") and as the quTAU manual V4.0 (page 25) and ETA
(timetag/ETA, cpp/PARSE_TimeTags.cpp) describe them::

    binary      header of 40 bytes, then int64 time, uint16 channel
    compressed  header of 40 bytes, then 40 bits: time (37 bits), channel (3 bits)
    raw         int64 time, uint16 channel

The header begins with 87 b3 91 fa and the file's length (uint32); the rest signs the file. Times are
picoseconds for a quTAG; a quTAU counts steps of about 81 ps (option ``unit=80.955``). Compressed times wrap
after 2^37 counts; without a tag for that long a wrap is lost, which the file cannot tell.

A filtered synchronisation is in the file as one more channel, and only next to a click: attempts are counted
from its period (`heralding.attempts.ReconstructedSyncs`), never from its tags.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

import numpy as np

from heraldlink.errors import DataError
from heraldlink.tags.block import Header, Loss, Times
from heraldlink.tags.formats.fixed import (
    FixedRecords,
    RecordArray,
    Unwrapped,
    as_channels,
    ascends,
    in_ps,
    is_text,
    unit_ps,
    whole_records,
)
from heraldlink.tags.formats.stored import Piece

MAGIC = b"\x87\xb3\x91\xfa"
HEADER_BYTES = 40
RECORD = np.dtype([("time", "<i8"), ("channel", "<u2")])
PACKED = np.dtype([("bytes", "u1", 5)])
WRAP = 1 << 37
FEWEST_CUT = 64
"""Records that tell a raw file whose last one is not whole."""

MOST_CHANNELS = 256
"""Channels of a file that has no header to tell it by."""


@dataclass(frozen=True)
class QuTag:
    """quTAG files; ``unit``: picoseconds of a time step (1, or 80.955 for a quTAU)."""

    name: str = "quTAG"
    options: tuple[str, ...] = ("unit",)

    def matches(self, start: bytes, size: int) -> bool:
        """Whether the file begins with the header, or with raw records whose times ascend."""
        if start.startswith(MAGIC):
            return True
        enough = size >= (2 if size % RECORD.itemsize == 0 else FEWEST_CUT) * RECORD.itemsize
        return enough and not is_text(start) and _records_fit(start)

    def open(self, stream: BinaryIO, size: int, salvage: bool, options: Mapping[str, str]) -> FixedRecords:
        """Tell the layout. Raises DataError for a file that ends early, unless ``salvage``."""
        stream.seek(0)
        start = stream.read(1 << 16)
        step_ps = unit_ps(options, 1.0)
        signed = start.startswith(MAGIC)
        begin = HEADER_BYTES if signed else 0
        if size < begin:
            raise DataError(f"truncated at byte {size}, inside its header of {HEADER_BYTES} bytes")
        packed = signed and not _records_fit(start[begin:])
        dtype = PACKED if packed else RECORD
        count, loss = whole_records(begin, size, dtype.itemsize, salvage)
        if signed:
            loss = _promised(start, size, salvage) or loss
        decoder = partial(_Unpacked if packed else _Plain, step_ps)
        layout = "compressed" if packed else "binary" if signed else "raw"
        header = Header("quTAG", "times", step_ps, tags=count, about={"layout": layout})
        return FixedRecords(stream, header, dtype, begin, count, decoder, loss, salvage=salvage)


def _promised(start: bytes, size: int, salvage: bool) -> Loss | None:
    """ "truncated" if the header promises a longer file (a length of 32 bits says nothing above 4 GiB)."""
    promised = int.from_bytes(start[4:8], "little")
    if size >= promised or size >= 1 << 32:
        return None
    if salvage:
        return "truncated"
    raise DataError(
        f"truncated at byte {size}: its header promises {promised} bytes (salvage keeps what is there)"
    )


def _records_fit(data: bytes) -> bool:
    """Whether bytes are records of ten: channels small, times ascending. Fewer than two records fit."""
    records = np.frombuffer(data[: len(data) // RECORD.itemsize * RECORD.itemsize], RECORD)
    if records.size and int(records["channel"].max()) >= MOST_CHANNELS:
        return False
    return records.size < 2 or (int(records["time"].min()) >= 0 and ascends(records["time"]))


class _Plain:
    """Records of ten bytes."""

    def __init__(self, step_ps: float) -> None:
        self._step_ps = step_ps

    def __call__(self, records: RecordArray) -> Piece:
        time: Times = records["time"].astype(np.int64)
        return Piece(in_ps(time, self._step_ps), as_channels(records["channel"]))


class _Unpacked:
    """Records of five bytes, whose times wrap."""

    def __init__(self, step_ps: float) -> None:
        self._step_ps = step_ps
        self._unwrapped = Unwrapped(WRAP)

    def __call__(self, records: RecordArray) -> Piece:
        wide = np.zeros((records.size, 8), dtype=np.uint8)
        wide[:, : PACKED.itemsize] = records["bytes"]
        value = wide.view("<u8").ravel()
        time = self._unwrapped((value & np.uint64(WRAP - 1)).astype(np.int64))
        return Piece(in_ps(time, self._step_ps), (value >> np.uint64(37)).astype(np.int16))
