# SPDX-License-Identifier: Apache-2.0
"""Closed segments become Parquet files, and long recordings a row of them."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from heraldlink.errors import DataError
from heraldlink.record.folder import sync
from heraldlink.record.parts import ROLLED, part_files
from heraldlink.record.segment import SUFFIX, SegmentWriter
from heraldlink.tags.block import Header
from heraldlink.tags.description import AnyBlock
from heraldlink.tags.formats.parquet import ParquetWriter
from heraldlink.tags.formats.segment import SegmentTags

PARTIAL: Final = ".partial"


@dataclass(frozen=True, slots=True)
class Rolled:
    """A Parquet file that was written whole: its tags, and its size in bytes."""

    path: Path
    tags: int
    size: int


def roll(segment: Path, parquet: Path | None = None) -> Rolled:
    """Write a closed segment as Parquet beside it (or where told), then remove the segment.

    Raises DataError if the segment was not closed or is damaged, or the file cannot be written or exists:
    then the segment stays as it is and no file is begun.
    """
    parquet = parquet or segment.with_suffix(ROLLED)
    with segment.open("rb") as stream:
        source = SegmentTags(stream)
        rolled = write_parquet(parquet, source.header, source.blocks(), str(segment))
    segment.unlink()
    return rolled


def write_parquet(path: Path, header: Header, blocks: Iterable[AnyBlock], source: str = "tags") -> Rolled:
    """Write blocks to a Parquet file that appears whole, or not at all. Raises DataError."""
    if path.exists():
        raise DataError(f"{path}: exists already; a recording is never overwritten")
    partial = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
    try:
        with partial.open("wb") as stream, ParquetWriter(stream, header) as writer:
            for block in blocks:
                writer.push(block)
            tags = writer.finish()
        sync(partial)
        partial.rename(path)
        sync(path.parent)
    except DataError as error:
        raise DataError(f"{source}: {error}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror})") from error
    finally:
        partial.unlink(missing_ok=True)
    return Rolled(path, tags, path.stat().st_size)


class RollingWriter:
    """Writes a recording of any length: one open segment at a time, rolled after ``roll_tags`` tags.

    Parts are ``NAME-000001.parquet`` ... in ``folder``. While a part is rolled a bounded queue has to hold
    what arrives. A part that cannot be rolled stays a segment, which `Parts` reads as well. Raises DataError
    if parts of that name exist.
    """

    def __init__(
        self, folder: Path, name: str, header: Header, roll_tags: int = 1 << 26, flush_s: float = 1.0
    ) -> None:
        if parts := part_files(folder, name):
            raise DataError(f"{parts[0]}: exists already; a recording is never overwritten")
        self._folder, self._name, self._header = folder, name, header
        self._roll_tags, self._flush_s = roll_tags, flush_s
        self._number, self._pushed, self._before = 1, 0, 0
        self._writer = self._begin()

    @property
    def tags(self) -> int:
        """Tags that are on the disk."""
        return self._before + self._writer.tags

    def push(self, block: AnyBlock) -> None:
        """Take a block. Raises as `SegmentWriter` does, and as `roll`: the next part has begun by then."""
        self._writer.push(block)
        self._pushed += block.channel.size
        if self._pushed >= self._roll_tags:
            whole = self._writer
            whole.close()
            self._number, self._pushed = self._number + 1, 0
            self._writer = self._begin()
            self._before += whole.tags
            roll(whole.path)

    def flush(self) -> None:
        """Have all tags that were pushed on the disk when this returns."""
        self._writer.flush()

    def close(self) -> None:
        """End the recording: the last segment is rolled as well."""
        if self._writer.path.exists():
            self._writer.close()
            roll(self._writer.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.break_off()

    def break_off(self) -> None:
        """Flush if that is possible, and leave the last segment as a crash would."""
        self._writer.break_off()

    def discard(self) -> None:
        """Break off, and remove a recording that holds no tag."""
        self.break_off()
        if not self.tags:
            self._writer.path.unlink(missing_ok=True)

    def _begin(self) -> SegmentWriter:
        path = self._folder / f"{self._name}-{self._number:06d}{SUFFIX}"
        return SegmentWriter(path, self._header, flush_s=self._flush_s)
