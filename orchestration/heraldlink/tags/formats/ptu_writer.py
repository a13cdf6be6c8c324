# SPDX-License-Identifier: Apache-2.0
"""Tags as a PTU T2 recording (HydraHarp 2 records, 1 ps), for programs that read PicoQuant's files.

Source of the layout: PicoQuant's description of its unified tagged files, as ptufile reads them. What PTU has
no entry for (names, delays, the step of the times) is JSON in an entry of our own, which other programs skip.
"""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from datetime import datetime, timedelta
from typing import BinaryIO, Self
from uuid import NAMESPACE_URL, uuid5

import numpy as np

from heraldlink.errors import RequestError
from heraldlink.tags.block import Block, Channels, Header, IndexedBlock, Times
from heraldlink.tags.description import Description, refuse_disorder, to_json
from heraldlink.tags.formats.pq_records import SYNC_CHANNEL, Records

OWN_ENTRY = "Heraldlink_Tags"
"""Name of the header's entry with our JSON."""

BEGIN_ENTRY = "Heraldlink_Begin"
"""Name of the header's entry with the picoseconds that were subtracted from all times."""

LATEST_BEGIN_PS = 10**15
"""Times that begin later are stored from there: 1,000 s without a tag are 235,000 overflow records."""

INPUTS = 64
"""Channels 0 to 63 are inputs; SYNC_CHANNEL and the four after it are the sync input and the markers."""

_ENTRY_BYTES, _VALUE_AT = 48, 40
_RECORD_TYPE = 0x01010204
_COUNT_BITS = 25
_OVERFLOW = 0x7F << _COUNT_BITS
_COUNT = (1 << _COUNT_BITS) - 1
_MOST = 127  # overflows in one record: 25 bits hold more, but ptufile 2026.2.6 multiplies them in 32 bits
_EMPTY, _WHOLE, _REAL, _DATE, _TEXT = 0xFFFF0008, 0x10000008, 0x20000008, 0x21000008, 0x4001FFFF


class PtuWriter:
    """Writes blocks to an open seekable stream; an analysis like any other: ``push(block)``, ``finish()``.

    The number of records is written at the end: without `finish` the header promises 0, and readers take all
    records there are. Where the first tag is later than LATEST_BEGIN_PS, times count from there for other
    programs; ours adds what BEGIN_ENTRY says. Raises RequestError for what PTU T2 cannot hold: tags after
    reference events, gaps, times before 0, other channels than 0 to 63, sync and markers (1000 to 1004).
    """

    def __init__(self, stream: BinaryIO, header: Header, created: datetime | None = None) -> None:
        if header.kind != "times":
            raise RequestError("PTU T2 holds times, not tags after reference events: write Parquet")
        self._stream = stream
        self._records = self._tags = self._wraps = self._last = 0
        before, after = _header(header, created)
        self._number_at = stream.tell() + len(before) + _VALUE_AT
        self._begin_at = self._number_at + _ENTRY_BYTES
        stream.write(before + _entry("TTResult_NumberOfRecords", 0) + _entry(BEGIN_ENTRY, 0) + after)
        self._open = True

    def push(self, block: Block | IndexedBlock) -> None:
        """Write the tags of a block."""
        if isinstance(block, IndexedBlock):
            raise RequestError("PTU T2 holds times, not tags after reference events: write Parquet")
        if block.gaps:
            raise RequestError(
                f"PTU cannot say that tags are missing from {block.gaps[0].begin_ps} ps on: write Parquet, or"
                " cut the recording there"
            )
        if not block.time_ps.size:
            return
        refuse_disorder(block, self._last)
        if not self._tags and int(block.time_ps[0]) > LATEST_BEGIN_PS:
            self._wraps = int(block.time_ps[0]) >> _COUNT_BITS
            self._write_at(self._begin_at, self._wraps << _COUNT_BITS)
        records = _encoded(block.time_ps, _codes(block.channel), self._wraps)
        self._stream.write(records.astype("<u4", copy=False).tobytes())
        self._last = int(block.time_ps[-1])
        self._wraps = self._last >> _COUNT_BITS
        self._records += records.size
        self._tags += block.time_ps.size

    def finish(self) -> int:
        """Write the number of records into the header; returns the number of tags."""
        if self._open:
            self._open = False
            self._write_at(self._number_at, self._records)
        return self._tags

    def _write_at(self, place: int, value: int) -> None:
        """Write a number into the header."""
        end = self._stream.tell()
        self._stream.seek(place)
        self._stream.write(struct.pack("<q", value))
        self._stream.seek(end)

    def close(self) -> None:
        """As `finish`."""
        self.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.finish()


def _codes(channel: Channels) -> Records:
    """The seven bits of special flag and channel. Raises RequestError for a channel that PTU has not."""
    sync = channel - SYNC_CHANNEL
    special = (sync >= 0) & (sync <= 4)
    foreign = ~special & ((channel < 0) | (channel >= INPUTS))
    if foreign.any():
        raise RequestError(
            f"PTU has no channel {int(channel[foreign][0])}: it has inputs 0 to {INPUTS - 1}, sync"
            f" {SYNC_CHANNEL} and markers {SYNC_CHANNEL + 1} to {SYNC_CHANNEL + 4}; Parquet holds any"
        )
    marker = np.where(sync > 0, 1 << np.clip(sync - 1, 0, 3), 0)
    return np.where(special, 0x40 | marker, channel).astype(np.uint32)


def _encoded(time_ps: Times, codes: Records, wraps: int) -> Records:
    """Records of tags, with an overflow record wherever the 25-bit counter wraps; ``wraps``: so far."""
    new = np.diff(time_ps >> _COUNT_BITS, prepend=wraps)
    extra = -(-new // _MOST)
    at = np.arange(time_ps.size) + np.cumsum(extra)
    records = np.full(time_ps.size + int(extra.sum()), _OVERFLOW | _MOST, np.uint32)
    records[at] = (codes << np.uint32(_COUNT_BITS)) | (time_ps & _COUNT).astype(np.uint32)
    over = np.flatnonzero(extra)
    records[at[over] - 1] = _OVERFLOW | (new[over] - _MOST * (extra[over] - 1))
    return records


def _header(header: Header, created: datetime | None) -> tuple[bytes, bytes]:
    """What precedes and what follows the entry with the number of records."""
    about = json.dumps(json.loads(to_json(Description(replace(header, tags=None)))))
    inputs = [number for number in header.channels if number < INPUTS]
    entries: dict[str, object] = {
        "File_GUID": f"{{{uuid5(NAMESPACE_URL, about)}}}".upper(),
        "CreatorSW_Name": "heraldlink",
        "CreatorSW_Version": "1",
        "Measurement_Mode": 2,
        "Measurement_SubMode": 0,
        "TTResult_StopReason": 0,
        "Fast_Load_End": None,
        "TTResultFormat_TTTRRecType": _RECORD_TYPE,
        "TTResultFormat_BitsPerRecord": 32,
        "MeasDesc_BinningFactor": 1,
        "MeasDesc_Offset": 0,
        "MeasDesc_AcquisitionTime": round(1e3 * (header.acquisition_s or 0)),
        "MeasDesc_Resolution": 1e-12,
        "MeasDesc_GlobalResolution": 1e-12,
        "HW_Type": "heraldlink",
        "HW_InpChannels": max([*inputs, 1]) + 1,
        "HW_Markers": 4,
        "TTResult_SyncRate": 0,
        "TTResult_StopAfter": round(1e3 * (header.acquisition_s or 0)),
        OWN_ENTRY: about,
    }
    if created is not None:
        entries["File_CreatingTime"] = created.replace(tzinfo=None)
    start = b"PQTTTR\0\0" + b"1.0.00\0\0"
    return start + b"".join(_entry(name, value) for name, value in entries.items()), _entry(
        "Header_End", None
    )


def _entry(name: str, value: object) -> bytes:
    """48 bytes: name, no index, type, value; texts follow it, padded to 8 bytes."""
    text = b""
    if isinstance(value, str):
        raw = value.encode("ascii")
        text = raw + bytes(8 - len(raw) % 8)
        kind, packed = _TEXT, struct.pack("<q", len(text))
    elif isinstance(value, datetime):
        kind, packed = _DATE, struct.pack("<d", (value - datetime(1899, 12, 30)) / timedelta(days=1))
    elif isinstance(value, float):
        kind, packed = _REAL, struct.pack("<d", value)
    elif isinstance(value, int):
        kind, packed = _WHOLE, struct.pack("<q", value)
    else:
        kind, packed = _EMPTY, bytes(8)
    return struct.pack("<32siI", name.encode(), -1, kind) + packed + text
