# SPDX-License-Identifier: Apache-2.0
"""S-Fifteen Instruments' timestamp units: events of 64 bits, ``.ts``, binary or as hexadecimal text.

Layouts: qcrypto (s-fifteen-instruments/qcrypto, remotecrypto/filespec.txt section 0, the option texts of
timestamp3/readevents3.c and timestamp7/readevents7.c) and fpfind (src/fpfind/lib/parse_timestamps.py). An
event is one number of 64 bits::

    bits 63..10   time in 1/256 ns (timestamp7);  bits 9..5 flags;  bit 4 a record without click that only
                  carries the time on
    bits 63..15   time in 1/8 ns (timestamp3, 2003 to 2008);  bits 12..4 phase of the interpolator
    bits 3..0     the inputs that clicked, one bit each: inputs 1..4

Both scales agree: 1/8 ns is 32/256 ns. A file is of the older layout if bits 13 and 14 are never set.
Binary files (readevents -a1) hold the number as two uint32, little endian, the lower half first, or the
upper half first ("legacy", -X); text holds it as 16 hexadecimal digits a line (-a2) or as two lines of 8,
lower half first (-a0). Times wrap after 2^54/256 ns (19.5 hours). An event of several inputs gives
one tag for each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import DataError
from heraldlink.tags.block import Channels, Header, Times
from heraldlink.tags.formats.fixed import (
    FixedRecords,
    RecordArray,
    Unwrapped,
    ascends,
    is_text,
    whole_records,
)
from heraldlink.tags.formats.stored import Piece

Events = NDArray[np.uint64]
Dtype = np.dtype[Any]

UPPER_LAST = np.dtype([("lower", "<u4"), ("upper", "<u4")])
UPPER_FIRST = np.dtype([("upper", "<u4"), ("lower", "<u4")])
LONG_LINE = re.compile(rb"[0-9a-fA-F]{16}(\r?\n)")
SHORT_LINES = re.compile(rb"[0-9a-fA-F]{8}(\r?\n)[0-9a-fA-F]{8}\r?\n")
LETTER = re.compile(rb"[a-fA-F]")
WRAP = 1 << 54
ROLLOVER_PS = 131_072_000
"""Time between records that only carry the time on; events step back by less than that (97 µs seen)."""

NO_CLICK, TIME_OF_OLD, MORE_OF_NEW = np.uint64(1 << 4), np.uint64(0x1C00), np.uint64(0x6000)
INPUTS = np.uint64(15)
FEWEST = 16
"""Events that tell the older layout."""


@dataclass(frozen=True)
class SFifteen:
    """Events of timestamp units, binary in either order of halves, or text."""

    name: str = "S-Fifteen"
    options: tuple[str, ...] = ()

    def matches(self, start: bytes, size: int) -> bool:
        """Whether the beginning holds events whose times ascend and in which inputs clicked."""
        return _dtype(start) is not None

    def open(self, stream: BinaryIO, size: int, salvage: bool, options: Mapping[str, str]) -> FixedRecords:
        """Tell the layout. Raises DataError, unless ``salvage``, if the last event is not whole."""
        stream.seek(0)
        start = stream.read(1 << 16)
        dtype = _dtype(start)
        if dtype is None:
            raise DataError("byte 0: not events of 64 bits in order of time")
        older = _is_older(
            _events(np.frombuffer(start[: len(start) // dtype.itemsize * dtype.itemsize], dtype))
        )
        count, loss = whole_records(0, size, dtype.itemsize, salvage)
        header = Header(
            "S-Fifteen",
            "times",
            125.0 if older else 3.90625,
            channels={number: f"input {number}" for number in range(1, 5)},
            about={"layout": "timestamp3" if older else "timestamp7"},
        )
        found: dict[str, int] = {}
        decoder = partial(_Clicks, older, found)
        return FixedRecords(stream, header, dtype, 0, count, decoder, loss, found, salvage, ROLLOVER_PS)


def _dtype(start: bytes) -> Dtype | None:
    """How the events are stored, None if these are none."""
    for regex, fields in ((LONG_LINE, 1), (SHORT_LINES, 2)):
        line = regex.match(start)
        if line:
            end = f"S{len(line[1])}"
            digits = f"S{16 // fields}"
            lines = [("digits", digits), ("end", end), ("upper_digits", digits), ("upper_end", end)]
            text = np.dtype(lines[: 2 * fields])
            return text if LETTER.search(start) and _fits(start, text, True) else None
    if is_text(start):
        return None
    return next((dtype for dtype in (UPPER_LAST, UPPER_FIRST) if _fits(start, dtype, False)), None)


def _fits(start: bytes, dtype: Dtype, is_text: bool) -> bool:
    records = np.frombuffer(start[: len(start) // dtype.itemsize * dtype.itemsize], dtype)
    if is_text and records.size and not _all_lines(records):
        return False
    events = _events(records)
    time = Unwrapped(WRAP)((events >> np.uint64(10)).astype(np.int64))
    if not ascends(time, ROLLOVER_PS // 1000 * 256):
        return False
    lower = events & np.uint64(0xFFFFFFFF)
    if np.unique(lower).size < events.size / 2:  # the lower half moves fast, or it is none
        return False
    inputs = events[(events & NO_CLICK) == 0] & INPUTS
    alone = np.isin(inputs, np.array([1, 2, 4, 8], dtype=np.uint64))
    return inputs.size > 0.1 * events.size and float(alone.mean()) > 0.8


def _all_lines(records: RecordArray) -> bool:
    """Whether all records of text are digits and ends of line of one length."""
    names = [name for name in records.dtype.names or () if "digits" in name]
    ends = [name for name in records.dtype.names or () if "end" in name]
    straight = all(bool(np.all(records[name] == records[name][0])) for name in ends)
    return straight and all(bool((_DIGITS[_characters(records[name])] < 16).all()) for name in names)


def _events(records: RecordArray) -> Events:
    """Stored records as numbers of 64 bits."""
    names = records.dtype.names or ()
    if names[:1] == ("lower",):
        return records.view("<u8")
    if "lower" in names:
        upper: Events = records["upper"].astype(np.uint64)
        return upper << np.uint64(32) | records["lower"].astype(np.uint64)
    value = _number(records["digits"])
    if "upper_digits" in names:
        value |= _number(records["upper_digits"]) << np.uint64(32)
    return value


def _number(digits: RecordArray) -> Events:
    value = np.zeros(digits.size, dtype=np.uint64)
    for column in _DIGITS[_characters(digits)].T:
        value = value << np.uint64(4) | column
    return value


def _characters(digits: RecordArray) -> NDArray[np.uint8]:
    return np.ascontiguousarray(digits).view(np.uint8).reshape(digits.size, -1)


def _digits() -> Events:
    table = np.full(256, 255, dtype=np.uint64)
    for value, digit in enumerate(b"0123456789abcdef"):
        table[digit] = table[bytes([digit]).upper()[0]] = value
    return table


_DIGITS = _digits()
"""Value of a character as a hexadecimal digit, 255 for others."""


def _is_older(events: Events) -> bool:
    """Whether bits 10..12 are used and bits 13 and 14 never are: then they are no part of the time."""
    return bool(events.size >= FEWEST and not (events & MORE_OF_NEW).any() and (events & TIME_OF_OLD).any())


class _Clicks:
    """Events as tags: one for each input that clicked."""

    def __init__(self, older: bool, found: dict[str, int]) -> None:
        self._older, self._found = older, found
        self._unwrapped = Unwrapped(WRAP)

    def __call__(self, records: RecordArray) -> Piece:
        events = _events(records)
        time: Times = (events >> np.uint64(10)).astype(np.int64)
        if self._older:
            time = time >> 5 << 5
        time = self._unwrapped(time)
        inputs = (events & INPUTS).astype(np.uint8)
        if not self._older:
            inputs[(events & NO_CLICK) != 0] = 0
        silent = int(np.count_nonzero(inputs == 0))
        if silent:
            self._found["records_without_click"] = self._found.get("records_without_click", 0) + silent
        event, channel = _each_input(inputs)
        here = time if event is None else time[event]
        return Piece((here >> 5) * 125 + (((here & 31) * 125 + 16) >> 5), channel)


def _each_input(inputs: NDArray[np.uint8]) -> tuple[NDArray[np.int64] | None, Channels]:
    """The event (None: each one) and the channel of each click."""
    alone = _ALONE[inputs]
    if alone.size and int(alone.min()) > 0:
        return None, alone
    event, place = np.nonzero(inputs[:, None] >> np.arange(4, dtype=np.uint8) & 1)
    return event, (place + 1).astype(np.int16)


_ALONE = np.zeros(16, dtype=np.int16)
_ALONE[[1, 2, 4, 8]] = [1, 2, 3, 4]
"""Channel of the only input of a pattern, 0 for other patterns."""
