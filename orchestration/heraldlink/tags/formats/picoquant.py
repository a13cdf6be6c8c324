# SPDX-License-Identifier: Apache-2.0
"""PicoQuant's tagged files: PTU recordings, T2 and T3; their headers are read by ptufile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO

from heraldlink.errors import DataError
from heraldlink.tags.block import Header
from heraldlink.tags.description import from_json
from heraldlink.tags.formats.pq_records import LAYOUTS, SYNC_CHANNEL, Layout
from heraldlink.tags.formats.pq_source import Decode, RecordFile, extent, whole_ps
from heraldlink.tags.formats.ptu_writer import BEGIN_ENTRY, INPUTS, OWN_ENTRY

_MAGIC = b"PQTTTR"
_LAST = b"Header_End"
_ENTRY_BYTES = 48
_OTHERS = {
    b"PQHISTO": "a histogram (PHU)",
    b"PQCHECK": "a check file (PCK)",
    b"PQCOMNT": "a comment (PCO)",
    b"PQDEFLT": "a file of settings (PFS, PUS)",
    b"PQRESLT": "a file of results (PQRES)",
    b"PQDATA": "a file of data without a published layout (PQDAT)",
    b"PQUNI": "a UniHarp file (PQUNI): export PTU from UniHarp",
}
_ABOUT = {
    "HW_Type": "instrument",
    "HW_SerialNo": "serial_number",
    "CreatorSW_Name": "software",
    "File_CreatingTime": "created",
    "File_Comment": "comment",
    "TTResult_SyncRate": "sync_rate_Hz",
    "TTResult_NumberOfRecords": "records",
}
Entries = Mapping[str, object]


@dataclass(frozen=True)
class Ptu:
    """PTU files; of the other tagged files it says that they hold no tags."""

    name: str = "PTU"
    options: tuple[str, ...] = ()
    decode: Decode | None = None

    def matches(self, start: bytes, size: int) -> bool:
        """Whether the file begins as one of PicoQuant's tagged files."""
        return start.startswith((_MAGIC, *_OTHERS))

    def open(self, stream: BinaryIO, size: int, salvage: bool, options: Mapping[str, str]) -> RecordFile:
        """Read the header. Raises DataError for a damaged one and, unless ``salvage``, a truncated file."""
        entries, begin = _entries(stream, size)
        kind = _whole(entries, "TTResultFormat_TTTRRecType")
        bits = _whole(entries, "TTResultFormat_BitsPerRecord", 32)
        if kind not in LAYOUTS or bits not in (0, 32):
            raise DataError(
                f"its records are of kind {kind:#010x} with {bits} bits, which is none that is known"
            )
        layout = LAYOUTS[kind]
        records, loss = extent(_whole(entries, "TTResult_NumberOfRecords", 0), begin, size, salvage)
        count_ps = _picoseconds(entries, "MeasDesc_GlobalResolution")
        delay_ps = _picoseconds(entries, "MeasDesc_Resolution") if layout.is_t3 else 0.0
        header = (None if layout.is_t3 else _own_header(entries)) or _header(
            entries, layout, count_ps, delay_ps
        )
        return RecordFile(
            stream,
            header,
            layout,
            begin,
            records,
            count_ps,
            delay_ps,
            loss,
            salvage,
            self.decode,
            carry=0 if layout.is_t3 else _whole(entries, BEGIN_ENTRY, 0),
        )


def _entries(stream: BinaryIO, size: int) -> tuple[Entries, int]:
    """The header's entries and the byte at which records begin."""
    from ptufile import PqFile

    stream.seek(0)
    start = stream.read(8)
    for magic, what in _OTHERS.items():
        if start.startswith(magic):
            raise DataError(f"no tags that can be read: by its byte 0 it is {what}, of PicoQuant")
    stream.seek(0)
    try:
        entries = PqFile(stream).tags
    except (ValueError, NameError, MemoryError) as error:  # NameError: ptufile 2026.2.6, cut at byte 16
        raise DataError(f"truncated or damaged inside its header (the file ends at byte {size})") from error
    begin = stream.tell()
    stream.seek(max(begin - _ENTRY_BYTES, 0))
    if not stream.read(len(_LAST)).startswith(_LAST):
        raise DataError(
            f"damaged inside its header: byte {begin - _ENTRY_BYTES} begins no entry of a PTU file"
        )
    return entries, begin


def _own_header(entries: Entries) -> Header | None:
    """The header of a recording that `ptu_writer` has written."""
    text = entries.get(OWN_ENTRY)
    if not isinstance(text, str):
        return None
    stored = from_json(text.encode(), f"its header's entry {OWN_ENTRY}").header
    return replace(stored, format="PTU T2") if stored.kind == "times" else None


def _header(entries: Entries, layout: Layout, count_ps: float, delay_ps: float) -> Header:
    about = {name: str(entries[entry]) for entry, name in _ABOUT.items() if entries.get(entry)}
    return Header(
        format="PTU T3" if layout.is_t3 else "PTU T2",
        kind="indexed" if layout.is_t3 else "times",
        resolution_ps=delay_ps or count_ps,
        acquisition_s=(
            _whole(entries, "TTResult_StopAfter", 0) or _whole(entries, "MeasDesc_AcquisitionTime", 0)
        )
        / 1e3
        or None,
        reference_period_ps=count_ps if layout.is_t3 else None,
        channels=_channels(entries, layout.is_t3),
        about=about | _stop(entries),
    )


def _channels(entries: Entries, is_t3: bool) -> dict[int, str]:
    names = {
        number: f"input {number + 1}" for number in range(min(_whole(entries, "HW_InpChannels", 0), INPUTS))
    }
    if not is_t3:
        names[SYNC_CHANNEL] = "sync"
    for number in range(1, min(_whole(entries, "HW_Markers", 0), 4) + 1):
        names[SYNC_CHANNEL + number] = f"marker {number}"
    return names


def _stop(entries: Entries) -> dict[str, str]:
    from ptufile import PtuStopReason

    reason = entries.get("TTResult_StopReason")
    return {"stop_reason": PtuStopReason(reason).name.lower()} if isinstance(reason, int) else {}


def _whole(entries: Entries, name: str, default: int | None = None) -> int:
    value = entries.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise DataError(f"damaged: its header's entry {name} is {value!r}, not a whole number")
    return value


def _picoseconds(entries: Entries, name: str) -> float:
    """A duration of the header."""
    value = entries.get(name)
    if not isinstance(value, float) or not 0 < value < 1:
        raise DataError(f"damaged: its header's entry {name} is {value!r}, not a duration in seconds")
    return whole_ps(value * 1e12)
