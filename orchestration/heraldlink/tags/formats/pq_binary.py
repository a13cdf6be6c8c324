# SPDX-License-Identifier: Apache-2.0
"""PicoQuant's files from before PTU: HT2, HT3 (HydraHarp), PT2, PT3 (PicoHarp 300), T3R (TimeHarp 200).

Source of the headers: the structures that PicoQuant printed in its manuals, as libpicoquant has them; the
records are those of PTU files. A T3R recording gives the ticks of its own 100 ns clock as times: its delays
refer to a sync that it does not count, so they are left out, and the header says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple, cast

import numpy as np

from heraldlink.errors import DataError
from heraldlink.tags.block import Header
from heraldlink.tags.formats.pq_records import LAYOUTS, SYNC_CHANNEL, TIMEHARP_200, Layout
from heraldlink.tags.formats.pq_source import Decode, RecordFile, extent, whole_ps


def _fields(text: str) -> np.dtype[np.void]:
    """A packed structure of little-endian numbers and texts: "name type", or "name type count"."""
    entries = [entry.split() for entry in text.split(",")]
    return np.dtype([(name, code, *map(int, count)) for name, code, *count in entries])


_START = "ident S16, version S6"
_CREATED = "software S18, software_version S12, created S18, line_end S2, comment S256"
_SCREEN = "display <i4 5, curves <i4 16, parameters <f4 9, repeat <i4 4, script S20"
_STOP = "acquisition_ms <i4, stop_at <i4 3"
_DEVICE = "instrument S16, part S8, serial <i4"
_BOARDS = "routing <i4, boards <i4, active <i4, mode <i4, submode <i4, range <i4 2"
_CURVES = "number_of_curves <i4, bits <i4"

_HYDRAHARP = _fields(
    f"{_START}, {_CREATED}, {_CURVES}, active <i4, mode <i4, submode <i4, binning <i4, resolution <f8,"
    f" offset <i4, {_STOP}, {_SCREEN}, {_DEVICE}, modules <i4 21, base_resolution <f8, enabled <i8, "
    "inputs <i4, settings <i4 7"
)
_HYDRAHARP_END = _fields("sync_rate <i4, stop_after_ms <i4, stop_reason <i4, words <i4, records <i8")
_PICOHARP = _fields(
    f"{_START}, {_CREATED}, {_CURVES}, {_BOARDS}, {_STOP}, {_SCREEN}, {_DEVICE}, settings <i4 5,"
    "resolution <f4, router <i4 26"
)
_PICOHARP_END = _fields(
    "devices <i4 3, sync_rate <i4, rate <i4, stop_after_ms <i4, stop_reason <i4, records <i4, words <i4"
)
_TIMEHARP_5 = _fields(
    f"{_START}, software_version S6, created S18, line_end S2, comment S256, bins <i4, {_CURVES}, {_BOARDS},"
    f"{_STOP}, {_SCREEN}, serial <i4, settings <i4 4, resolution <f4"
)
_TIMEHARP_6 = _fields(
    f"{_START}, {_CREATED}, bins <i4, {_CURVES}, {_BOARDS}, {_STOP}, {_SCREEN}, {_DEVICE}, settings <i4 4,"
    "resolution <f4"
)
_TIMEHARP_END = _fields(
    "clock_ns <i4, reserved <i4 6, sync_rate <i4, rate <i4, stop_after_ms <i4, stop_reason <i4, records <i4,"
    "words <i4"
)


class _Family(NamedTuple):
    """``modes``: format and record type of each measurement mode that holds tags."""

    main: np.dtype[np.void]
    end: np.dtype[np.void]
    modes: Mapping[int, tuple[str, int]]


_T3R = 0  # no record type of PTU files
_FAMILIES = {
    (b"HydraHarp", b"1.0"): _Family(
        _HYDRAHARP, _HYDRAHARP_END, {2: ("HT2", 0x00010204), 3: ("HT3", 0x00010304)}
    ),
    (b"HydraHarp", b"2.0"): _Family(
        _HYDRAHARP, _HYDRAHARP_END, {2: ("HT2", 0x01010204), 3: ("HT3", 0x01010304)}
    ),
    (b"PicoHarp 300", b"2.0"): _Family(
        _PICOHARP, _PICOHARP_END, {2: ("PT2", 0x00010203), 3: ("PT3", 0x00010303)}
    ),
    (b"TimeHarp 200", b"5.0"): _Family(_TIMEHARP_5, _TIMEHARP_END, {2: ("T3R", _T3R)}),
    (b"TimeHarp 200", b"6.0"): _Family(_TIMEHARP_6, _TIMEHARP_END, {2: ("T3R", _T3R)}),
}
_COUNT_PS = {"HT2": 1.0, "PT2": 4.0, "T3R": 1e3}  # T3R: times its clock in ns
_HALF_PS = 0x00010204  # HydraHarp 1.0 counts half picoseconds in T2


@dataclass(frozen=True)
class PicoQuantBinary:
    """Files with PicoQuant's older, binary headers."""

    name: str = "PicoQuant binary"
    options: tuple[str, ...] = ()
    decode: Decode | None = None

    def matches(self, start: bytes, size: int) -> bool:
        """Whether the file begins with the name of one of these instruments."""
        return start[:16].rstrip(b"\0") in {ident for ident, _ in _FAMILIES}

    def open(self, stream: BinaryIO, size: int, salvage: bool, options: Mapping[str, str]) -> RecordFile:
        """Read the header. Raises DataError for a histogram and, unless ``salvage``, a truncated file."""
        family = _family(stream)
        stream.seek(0)
        main = _read(stream, family.main)
        mode = int(main["mode"])
        if mode not in family.modes:
            raise DataError(f"holds no tags: its measurement mode is {mode}, a histogram")
        name, kind = family.modes[mode]
        if "inputs" in (main.dtype.names or ()):
            stream.seek(20 * max(int(main["inputs"]), 0), 1)
        end = _read(stream, family.end)
        begin = stream.tell() + 4 * max(int(end["words"]), 0)
        records, loss = extent(int(end["records"]), begin, size, salvage)
        layout = TIMEHARP_200 if kind == _T3R else LAYOUTS[kind]
        count_ps, delay_ps = _steps(name, kind, main, end)
        header = _header(name, layout, main, end, (count_ps, delay_ps))
        return RecordFile(
            stream, header, layout, begin, records, count_ps, delay_ps, loss, salvage, self.decode
        )


def _family(stream: BinaryIO) -> _Family:
    start = _read(stream, _fields(_START))
    ident, version = bytes(start["ident"]), bytes(start["version"])
    if (ident, version) not in _FAMILIES:
        known = ", ".join(each.decode() for name, each in _FAMILIES if name == ident)
        raise DataError(
            f"its version of the {ident.decode()} format is {version.decode(errors='replace')!r}, as byte 16"
            f" says (known: {known}): convert it to PTU with PicoQuant's converter"
        )
    return _FAMILIES[ident, version]


def _read(stream: BinaryIO, layout: np.dtype[np.void]) -> np.void:
    data = stream.read(layout.itemsize)
    if len(data) < layout.itemsize:
        raise DataError(f"truncated inside its header: it ends at byte {stream.tell()}")
    return cast(np.void, np.frombuffer(data, layout)[0])


def _steps(name: str, kind: int, main: np.void, end: np.void) -> tuple[float, float]:
    """Picoseconds per count, and per count of a delay (0 without delays)."""
    if name in _COUNT_PS:
        clock = int(end["clock_ns"]) if kind == _T3R else 0.5 if kind == _HALF_PS else 1
        return _COUNT_PS[name] * clock, 0.0
    rate_Hz = int(end["sync_rate"])
    resolution_ps = float(main["resolution"]) * (1.0 if name == "HT3" else 1e3)
    if rate_Hz <= 0 or not 0 < resolution_ps < 1e6:
        raise DataError(f"damaged: its header says {rate_Hz} syncs a second and steps of {resolution_ps} ps")
    return 1e12 / rate_Hz, whole_ps(resolution_ps)


def _header(name: str, layout: Layout, main: np.void, end: np.void, steps: tuple[float, float]) -> Header:
    about = {"records": str(int(end["records"])), "sync_rate_Hz": str(int(end["sync_rate"]))}
    for entry in ("instrument", "software", "created", "comment"):
        if entry in (main.dtype.names or ()) and (text := _text(main[entry])):
            about[entry] = text
    if name == "T3R":
        about["left_out"] = "delays, which refer to a sync that the TimeHarp 200 does not count"
    return Header(
        format=name,
        kind="indexed" if layout.is_t3 else "times",
        resolution_ps=steps[1] or steps[0],
        acquisition_s=int(end["stop_after_ms"]) / 1e3 or None,
        reference_period_ps=steps[0] if layout.is_t3 else None,
        channels={} if layout.is_t3 or name == "T3R" else {SYNC_CHANNEL: "sync"},
        about=about,
    )


def _text(value: bytes) -> str:
    return value.split(b"\0")[0].decode("latin-1").strip()
