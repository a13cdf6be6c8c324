# SPDX-License-Identifier: Apache-2.0
"""Tags as bare records in ``NAME.bin`` and what they mean in ``NAME.json``: for whoever has no pyarrow.

``numpy.fromfile("NAME.bin", [tuple(item) for item in json.load(open("NAME.json"))["dtype"]])`` reads them.
"""

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, Final, Self

import msgspec
import numpy as np

from heraldlink.errors import DataError
from heraldlink.record.folder import sync
from heraldlink.tags.block import END_PS, Block, Gap, Header, IndexedBlock
from heraldlink.tags.description import (
    BEGIN_PS,
    COLUMNS,
    AnyBlock,
    Description,
    block_of,
    key_of,
    refuse_disorder,
    refuse_other_kind,
    with_gaps,
)

SUFFIX: Final = ".bin"
FORMAT: Final = "heraldlink raw tags"


class RawDescription(msgspec.Struct, frozen=True, kw_only=True):
    """``NAME.json``. ``dtype``: fields of a record. ``recording``: header, gaps, whether it was closed."""

    format: str = FORMAT
    dtype: tuple[tuple[str, str], ...]
    recording: Description


class RawWriter:
    """Writes blocks as bare records; like `SegmentWriter`, but each push is written at once.

    Records are on the disk after a flush: every ``flush_s`` on a push. The JSON file is replaced as a whole
    whenever a gap comes, and at the end. Raises DataError if a file exists or cannot be written.
    """

    def __init__(self, path: Path, header: Header, flush_s: float = 1.0) -> None:
        self.path, self._header, self._flush_s = path.with_suffix(SUFFIX), header, flush_s
        self._dtype = dtype(header.kind)
        self._gaps: list[Gap] = []
        self._last = BEGIN_PS
        self.tags = 0
        if description_file(self.path).exists():
            raise DataError(f"{description_file(self.path)}: exists already; nothing is overwritten")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._stream = self.path.open("xb", buffering=0)
        except OSError as error:
            raise DataError(f"{self.path}: cannot be created ({error.strerror})") from error
        fcntl.flock(self._stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._describe(closed=False)
        self._flushed_s = time.monotonic()

    def push(self, block: AnyBlock) -> None:
        """Write a block. Raises RequestError if it is of another kind or steps back."""
        refuse_other_kind(block, self._header)
        refuse_disorder(block, self._last)
        records = np.empty(block.channel.size, self._dtype)
        for name in COLUMNS[self._header.kind]:
            records[name] = getattr(block, name)
        if block.gaps:  # before the records behind them: who follows the file knows of them in time
            self._gaps += block.gaps
            self._describe(closed=False)
        self._append(records.tobytes())
        self.tags += records.size
        self._last = max(self._last, int(key_of(block)[-1])) if records.size else self._last
        if time.monotonic() - self._flushed_s >= self._flush_s:
            self.flush()

    def flush(self) -> None:
        """Have all records on the disk when this returns."""
        os.fsync(self._stream.fileno())
        self._flushed_s = time.monotonic()

    def close(self) -> None:
        """Flush, and say that the recording was ended on purpose."""
        if not self._stream.closed:
            self.flush()
            self._describe(closed=True)
            self._stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()
        else:  # the description does not say that the recording was ended
            self._stream.close()

    def _append(self, data: bytes) -> None:
        place = self._stream.tell()
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[self._stream.write(rest) or 0 :]
        except OSError as error:
            self._stream.truncate(place)
            self._stream.seek(place)
            raise DataError(
                f"{self.path}: cannot be written after byte {place} ({error.strerror})"
            ) from error

    def _describe(self, closed: bool) -> None:
        header = replace(self._header, tags=self.tags if closed else None)
        write_description(self.path, Description(header, tuple(self._gaps), closed))


class RawTags:
    """A raw recording as a source of blocks; with ``salvage`` an unclosed one ends with a gap.

    Raises DataError if a file is missing or foreign, or the recording was not closed.
    """

    def __init__(self, path: Path, salvage: bool = False) -> None:
        self.path = path.with_suffix(SUFFIX)
        self._recording = read_description(self.path)
        self._dtype = dtype(self._recording.header.kind)
        try:
            self.tags, self.torn = divmod(self.path.stat().st_size, self._dtype.itemsize)
        except OSError as error:
            raise DataError(f"{self.path}: cannot be read ({error.strerror})") from error
        self.closed = self._recording.closed
        """Whether the writer ended it on purpose."""
        self.whole = self.closed and not self.torn and self._recording.header.tags in (None, self.tags)
        self.record_size = self._dtype.itemsize
        if not (salvage or self.whole):
            raise DataError(
                f"{self.path}: not closed, or cut: {self.tags} whole records up to byte "
                f"{self.tags * self._dtype.itemsize}, {self.torn} bytes of a torn one behind them: "
                "`heraldlink tags repair` keeps what is whole"
            )
        self.header = replace(self._recording.header, tags=self.tags)
        self.found: dict[str, int] = {}

    @property
    def description(self) -> Description:
        """Header and gaps; of what was not closed with a gap behind the last tag."""
        if self.whole:
            return self._recording
        lost = Gap(self.until, END_PS, "truncated")
        return replace(self._recording, gaps=(*self._recording.gaps, lost))

    @property
    def until(self) -> int:
        """Behind the last tag."""
        return int(key_of(self._block(self.tags - 1, 1))[-1]) + 1 if self.tags else BEGIN_PS

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """All tags in blocks of at most ``size``."""
        pieces = (self._block(begin, size) for begin in range(0, max(1, self.tags), size))
        return with_gaps(pieces, self.description.gaps)  # type: ignore[return-value]  # one kind throughout

    def _block(self, begin: int, size: int) -> AnyBlock:
        number, place = min(size, self.tags - begin), begin * self._dtype.itemsize
        records = np.fromfile(self.path, self._dtype, number, offset=place)
        return block_of(
            [np.ascontiguousarray(records[name]) for name, _ in FIELDS[self._recording.header.kind]]
        )


@dataclass(frozen=True)
class Raw:
    """How a raw recording is recognised: by its JSON file."""

    name: str = "raw"
    options: tuple[str, ...] = ()

    def matches(self, start: bytes, size: int) -> bool:
        """By what it calls itself."""
        return start.startswith(b"{") and FORMAT.encode() in start[:100]

    def open(self, stream: BinaryIO, size: int, salvage: bool, options: Mapping[str, str]) -> RawTags:
        """The .bin file beside the JSON that is open."""
        return RawTags(Path(stream.name), salvage)


FIELDS: Final = {
    kind: tuple((name, "<i2" if name == "channel" else "<i8") for name in columns)
    for kind, columns in COLUMNS.items()
}


def dtype(kind: str) -> np.dtype[np.void]:
    """A record's fields, without padding, little endian."""
    return np.dtype(list(FIELDS[kind]))


def description_file(path: Path) -> Path:
    """The JSON file beside a .bin file."""
    return path.with_suffix(".json")


def read_description(path: Path) -> Description:
    """What is said of a .bin file. Raises DataError if its JSON is missing or something else."""
    file = description_file(path)
    try:
        found = msgspec.json.decode(file.read_bytes(), type=RawDescription)
    except OSError as error:
        raise DataError(
            f"{file}: cannot be read ({error.strerror}); it says what is in {path.name}"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: not the description of raw tags ({error})") from error
    if found.dtype != FIELDS[found.recording.header.kind]:
        raise DataError(f"{file}: dtype {found.dtype} is not that of kind {found.recording.header.kind!r}")
    return found.recording


def write_description(path: Path, recording: Description) -> None:
    """Replace the JSON file of a .bin file as a whole."""
    file = description_file(path)
    new = file.with_name(file.name + ".partial")
    text = msgspec.json.encode(RawDescription(dtype=FIELDS[recording.header.kind], recording=recording))
    new.write_bytes(msgspec.json.format(text, indent=1) + b"\n")
    sync(new)
    new.rename(file)
    sync(file.parent)
