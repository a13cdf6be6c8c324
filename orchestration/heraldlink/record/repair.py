# SPDX-License-Identifier: Apache-2.0
"""Make a readable recording of what a killed writer left, and say what was lost."""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from zlib import crc32

from heraldlink.errors import DataError, RequestError
from heraldlink.record.parts import ROLLED
from heraldlink.record.raw_bin import SUFFIX as RAW
from heraldlink.record.raw_bin import RawTags, description_file, write_description
from heraldlink.record.rolling import PARTIAL, write_parquet
from heraldlink.record.segment import SUFFIX, refuse_open
from heraldlink.tags.block import TagSource
from heraldlink.tags.description import BEGIN_PS, COLUMNS, AnyBlock, piece, until_of
from heraldlink.tags.formats.parquet import ParquetTags
from heraldlink.tags.formats.segment import SegmentReader, SegmentTags

KEPT = ".torn"
"""Suffix of a segment with bytes that could not be read: it is kept for who wants to look."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """One file that was repaired.

    ``written``: where the tags are now. ``until``: every tag before it is there (ps, or reference index).
    ``lost_bytes``: behind the last whole block; ``lost_tags``: how many tags these held, where they say so.
    Tags that the writer had not flushed were never in the file: ``closed`` says whether there can be any.
    """

    path: Path
    written: Path
    tags: int
    blocks: int
    until: int
    closed: bool
    lost_bytes: int
    lost_tags: int | None
    unit: str = "ps"

    @property
    def sentences(self) -> tuple[str, ...]:
        """What was found, kept and lost, one sentence each."""
        kept = f"{self.path.name}: {self.tags} tags (blocks: {self.blocks}) are kept in {self.written.name}"
        if self.closed and not self.lost_bytes:
            return (f"{kept}; nothing is lost",)
        tags = f" that held {self.lost_tags} tags" if self.lost_tags is not None else ""
        torn = f"lost: {self.lost_bytes} bytes of a torn block{tags}"
        since = f"from {self.until} {self.unit} on" if self.until > BEGIN_PS else "from the beginning"
        never = f"its writer did not close it: tags {since} that it had not flushed are lost, number unknown"
        return (kept, *((torn,) if self.lost_bytes else ()), *(() if self.closed else (never,)))

    def summary(self) -> dict[str, object]:
        """JSON-ready."""
        return {
            "file": str(self.path),
            "written": str(self.written),
            "tags": self.tags,
            "blocks": self.blocks,
            "until": self.until if self.until > BEGIN_PS else None,
            "unit": self.unit,
            "closed": self.closed,
            "lost_bytes": self.lost_bytes,
            "lost_tags": self.lost_tags,
            "told": list(self.sentences),
        }


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file of a folder that was left as it is: it is no recording of ours, or nothing of it can be read."""

    path: Path
    why: str

    @property
    def sentences(self) -> tuple[str, ...]:
        """Why."""
        return (f"{self.path.name}: left as it is ({self.why})",)

    def summary(self) -> dict[str, object]:
        """JSON-ready."""
        return {"file": str(self.path), "why": self.why}


def repair(path: Path) -> tuple[Repaired | Skipped, ...]:
    """Repair a segment, a raw ``.bin`` file, or all of these in a folder; already whole files are left alone.

    Of a folder, files that cannot be repaired are skipped. A segment becomes a Parquet file beside it that
    ends with a gap; one with unreadable bytes is kept as ``NAME.arrows.torn``. Raises RequestError if a
    process still writes the file, DataError if it is something else or holds nothing that can be read.
    """
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise DataError(f"{path}: there is no such file")
    match path.suffix:
        case ".arrows":
            return (_segment(path),)
        case ".bin" | ".json":
            return (_raw(path.with_suffix(RAW)),)
        case suffix:
            raise RequestError(
                f"{path}: only segments ({SUFFIX}), raw recordings ({RAW}) and folders of them are repaired, "
                f"not {suffix or 'files without a suffix'}; other formats are read with --salvage"
            )


def _folder(folder: Path) -> tuple[Repaired | Skipped, ...]:
    segments, raws = (
        sorted(path for path in folder.glob(f"*{suffix}") if path.is_file()) for suffix in (SUFFIX, RAW)
    )
    for path in (*segments, *raws):
        refuse_open(path)
    for path in segments:
        for partial in folder.glob(f"{path.stem}{ROLLED}.*{PARTIAL}"):
            partial.unlink()  # rolling was interrupted; the segment is still there
    ours = [path for path in raws if description_file(path).exists()]
    found = [_tried(_segment, path) for path in segments] + [_tried(_dead_raw, path) for path in ours]
    return tuple(each for each in found if each is not None)


def _tried(mend: Callable[[Path], Repaired | None], path: Path) -> Repaired | Skipped | None:
    try:
        return mend(path)
    except DataError as error:
        return Skipped(path, str(error).removeprefix(f"{path}: "))


def _dead_raw(path: Path) -> Repaired | None:
    return None if RawTags(path, salvage=True).whole else _raw(path)


def _segment(path: Path) -> Repaired:
    refuse_open(path)
    found, torn = _look(path), path.with_name(path.name + KEPT)
    if found.lost_bytes and torn.exists():
        raise DataError(f"{torn}: exists already: move it away")
    if found.written.exists():
        _refuse_other(found)
    else:
        with path.open("rb") as stream:
            source = SegmentTags(stream, salvage=True)
            write_parquet(found.written, source.header, source.blocks(), str(path))
    if found.lost_bytes:
        path.rename(torn)
    else:
        path.unlink()
    return found


def _look(path: Path) -> Repaired:
    """Count what is whole in a segment, and what is not."""
    with path.open("rb") as stream:
        try:
            reader = SegmentReader(stream)
            tags, blocks, until = 0, 0, BEGIN_PS
            while (block := _next(reader)) is not None:
                tags, blocks, until = tags + block.channel.size, blocks + 1, until_of(block)
        except DataError as error:
            raise DataError(f"{path}: {error}") from error
        torn = reader.torn()
    unit = "ps" if reader.header.kind == "times" else "(reference index)"
    written = path.with_suffix(ROLLED)
    return Repaired(path, written, tags, blocks, until, reader.closed, torn.size, torn.tags, unit)


def _next(reader: SegmentReader) -> AnyBlock | None:
    try:
        return reader.next()
    except DataError:
        return None


def _refuse_other(found: Repaired) -> None:
    """A Parquet file of the same name must hold the whole segment: it was rolled, but not removed."""
    with found.written.open("rb") as stream, found.path.open("rb") as segment:
        parquet = ParquetTags(stream)
        held = parquet.header.tags or 0
        if held < found.tags:
            raise DataError(
                f"{found.written}: exists already, and holds {held} of {found.tags} tags: move it away"
            )
        if _sums(parquet, found.tags) != _sums(SegmentTags(segment, salvage=True), found.tags):
            raise DataError(f"{found.written}: exists already, and holds other tags: move it away")


def _sums(source: TagSource, tags: int) -> list[int]:
    """Check sums of the columns of the first tags, however they come in blocks."""
    sums = [0] * len(COLUMNS[source.header.kind])
    for block in source.blocks():
        part = piece(block, 0, tags)
        tags -= part.channel.size
        columns = (getattr(part, name) for name in COLUMNS[source.header.kind])
        sums = [crc32(each.tobytes(), before) for each, before in zip(columns, sums, strict=True)]
        if not tags:
            break
    return sums


def _raw(path: Path) -> Repaired:
    refuse_open(path)
    source = RawTags(path, salvage=True)
    description, tags = source.description, source.tags
    closed = source.closed
    if not source.whole:
        os.truncate(path, tags * source.record_size)
        write_description(
            path, replace(description, header=replace(description.header, tags=tags), closed=True)
        )
    unit = "ps" if source.header.kind == "times" else "(reference index)"
    return Repaired(path, path, tags, 1, source.until, closed, source.torn, None, unit)
