# SPDX-License-Identifier: Apache-2.0
"""Swabian Instruments' Time Tagger: ``.ttbin`` streams and raw dumps of tags.

``.ttbin`` (blocks that begin with "SITT") is the maker's own compressed format without a public description:
it is read by his FileReader (package swabian-timetagger, class Swabian.TimeTagger.FileReader), which opens
the file, and the parts that belong to it, by its path. It is imported when such a file is opened; where it is
not installed, opening one is a DataError that names the package.

A dump (classes Dump and CustomStreamer of the Time Tagger's API; timetag/ETA, cpp/PARSE_TimeTags.cpp) is
records of 16 bytes, little endian: uint8 kind, one byte unused, uint16 missed events, int32 channel (below
zero: falling edges), int64 time in ps. Kinds: 0 tag, 1 error, 2 and 3 begin and end of an overflow, 4 missed
events of a channel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, BinaryIO, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import DataError
from heraldlink.tags.block import Gap, Header, Times
from heraldlink.tags.formats.fixed import (
    FixedRecords,
    RecordArray,
    as_channels,
    ascends,
    is_text,
    whole_records,
)
from heraldlink.tags.formats.stored import Piece, StoredTimes

MAGIC = b"SITT"
RECORD = np.dtype([("kind", "u1"), ("unused", "u1"), ("missed", "<u2"), ("channel", "<i4"), ("time", "<i8")])
TAG, ERROR, BEGIN, END, MISSED = range(5)
MOST_CHANNELS = 1024


class _Buffer(Protocol):
    """What the maker's reader gives at once."""

    def getTimestamps(self) -> NDArray[np.int64]: ...
    def getChannels(self) -> NDArray[np.int32]: ...
    def getEventTypes(self) -> NDArray[np.uint8]: ...
    def getMissedEvents(self) -> NDArray[np.uint16]: ...


class _Reader(Protocol):
    """The maker's reader of ``.ttbin`` files."""

    def hasData(self) -> bool: ...
    def getData(self, n_events: int) -> _Buffer: ...


@dataclass(frozen=True)
class TtBin:
    """``.ttbin`` files, through the maker's reader."""

    name: str = "Swabian ttbin"
    options: tuple[str, ...] = ()

    def matches(self, start: bytes, size: int) -> bool:
        """Whether it begins with a block of the format."""
        return start.startswith(MAGIC)

    def open(self, stream: BinaryIO, size: int, salvage: bool, options: Mapping[str, str]) -> StoredTimes:
        """Open by the stream's name. Raises DataError without the maker's reader, or if that refuses."""
        path = getattr(stream, "name", None)
        if not isinstance(path, str):
            raise DataError("the maker's reader opens files by name only: give a path")
        _reader(path)
        header = Header("Swabian ttbin", "times", 1.0)
        found: dict[str, int] = {}
        return StoredTimes(header, partial(_pieces, path, found), found, salvage)


def _reader(path: str) -> _Reader:
    try:
        vendor: Any = import_module("Swabian.TimeTagger")
    except ImportError:
        raise DataError(
            "reading .ttbin needs Swabian's reader: pip install swabian-timetagger (or save the tags as text)"
        ) from None
    try:
        return cast("_Reader", vendor.FileReader(path))
    except Exception as error:
        raise DataError(f"truncated or damaged: Swabian's reader says: {error}") from error


def _pieces(path: str, found: dict[str, int], size: int) -> Iterator[Piece]:
    reader, losses, read = _reader(path), Losses(found), 0
    while reader.hasData():
        data = reader.getData(size)
        if not data.getTimestamps().size:  # the maker's reader prints what is wrong, and goes on
            if not read:
                raise DataError("truncated or damaged: Swabian's reader finds no tags and prints why")
            break
        read += data.getTimestamps().size
        channel = data.getChannels().astype(np.int64)
        yield losses.piece(data.getEventTypes(), data.getMissedEvents(), channel, data.getTimestamps())


@dataclass(frozen=True)
class Dump:
    """Records of 16 bytes without a header."""

    name: str = "Swabian dump"
    options: tuple[str, ...] = ()

    def matches(self, start: bytes, size: int) -> bool:
        """Whether the beginning holds records of known kinds whose times ascend."""
        records = np.frombuffer(start[: len(start) // RECORD.itemsize * RECORD.itemsize], RECORD)
        if (
            is_text(start)
            or records.size < 2
            or int(records["kind"].max()) > MISSED
            or records["unused"].any()
        ):
            return False
        small = int(np.abs(records["channel"].astype(np.int64)).max()) < MOST_CHANNELS
        tags = records[records["kind"] == TAG]
        quiet = not tags["missed"].any() and bool(tags["channel"].all())
        return small and quiet and int(records["time"].min()) >= 0 and ascends(tags["time"])

    def open(self, stream: BinaryIO, size: int, salvage: bool, options: Mapping[str, str]) -> FixedRecords:
        """Count the records. Raises DataError, unless ``salvage``, if the last one is not whole."""
        count, loss = whole_records(0, size, RECORD.itemsize, salvage)
        found: dict[str, int] = {}
        decoder = partial(_Records, found)
        header = Header("Swabian dump", "times", 1.0)
        return FixedRecords(stream, header, RECORD, 0, count, decoder, loss, found, salvage)


class _Records:
    """Dumped records as tags and gaps."""

    def __init__(self, found: dict[str, int]) -> None:
        self._losses = Losses(found)

    def __call__(self, records: RecordArray) -> Piece:
        columns = (records[name] for name in ("kind", "missed", "channel", "time"))
        return self._losses.piece(*columns)


@dataclass
class Losses:
    """Tags and overflows told apart; an overflow that goes on over several pieces is one gap."""

    found: dict[str, int]
    _begin_ps: int | None = None
    _missed: int = 0

    def piece(
        self,
        kind: NDArray[np.uint8],
        missed: NDArray[np.uint16],
        channel: NDArray[Any],
        time: NDArray[np.int64],
    ) -> Piece:
        """Tags of these records, and the gaps that end among them."""
        gaps: list[Gap] = []
        for at in np.flatnonzero(kind != TAG).tolist():
            gaps += self._event(int(kind[at]), int(missed[at]), int(time[at]))
        tags = kind == TAG
        times: Times = time[tags].astype(np.int64)
        channels = as_channels(channel[tags])
        return Piece(times, channels, tuple(gaps))

    def _event(self, kind: int, missed: int, time_ps: int) -> list[Gap]:
        if kind == MISSED:
            self._missed += missed
            self.found["missed_events"] = self.found.get("missed_events", 0) + missed
        elif kind == BEGIN:
            self._begin_ps = time_ps
            self.found["overflows"] = self.found.get("overflows", 0) + 1
        elif self._begin_ps is not None:
            gap = Gap(self._begin_ps, max(time_ps, self._begin_ps + 1), "overflow", self._missed or None)
            self._begin_ps, self._missed = None, 0
            return [gap]
        return []
