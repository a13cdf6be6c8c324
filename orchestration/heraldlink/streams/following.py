# SPDX-License-Identifier: Apache-2.0
"""Files of tags that are still being written: their tags as they come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

from heraldlink.errors import DataError, RequestError
from heraldlink.record.raw_bin import SUFFIX
from heraldlink.record.tag_files import TagFile, open_tags
from heraldlink.streams.foreign_tails import FixedTail, PairsTail, PtuTail
from heraldlink.streams.growth import Growth
from heraldlink.streams.tails import raw_tail, segment_tail
from heraldlink.tags.block import Block, Header, IndexedBlock
from heraldlink.tags.description import AnyBlock
from heraldlink.tags.formats.fixed import FixedRecords
from heraldlink.tags.formats.pq_source import RecordFile
from heraldlink.tags.formats.stored import StoredIndexed


class Following:
    """A file that is being written, as a live source; the file itself is the buffer, nothing is dropped.

    Our own files (segment, raw) end when their writer closes them or dies, PTU files when their header tells
    the number of records, files of bare numbers (ID900, quTAG) when they are stopped or idle. A file that was
    stopped, whose writer died, or whose header does not say that it is whole ends with Gap("truncated").
    """

    def __init__(self, file: TagFile, growth: Growth) -> None:
        self._file, self._growth = file, growth

    @property
    def header(self) -> Header:
        """As it was found; the number of tags is not known."""
        return replace(self._file.header, tags=None)

    def stop(self) -> None:
        """See `LiveSource`."""
        self._growth.stop()

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """All tags from the file's beginning, in blocks of at most ``size``. Raises DataError naming it."""
        return cast("Iterator[Block] | Iterator[IndexedBlock]", self._named(size))

    def _named(self, size: int) -> Iterator[AnyBlock]:
        try:
            yield from self._blocks(size)
        except (DataError, RequestError) as error:
            path = str(self._growth.path)
            raise error if str(error).startswith(path) else type(error)(f"{path}: {error}") from error

    def _blocks(self, size: int) -> Iterator[AnyBlock]:
        if self._file.format.name == "segment":
            yield from segment_tail(self._growth.path, self._growth, size)
        elif self._file.format.name == "raw":
            yield from raw_tail(self._growth.path, self._growth, size)
        else:
            yield from self._foreign(size)

    def _foreign(self, size: int) -> Iterator[AnyBlock]:
        file = self._file
        with file.path.open("rb") as stream:
            source = file.format.open(stream, file.path.stat().st_size, True, file.options)
            if isinstance(source, RecordFile) and file.format.name == "PTU":
                yield from PtuTail(source, self._growth).blocks(size)
            elif isinstance(source, FixedRecords):
                yield from FixedTail(source, self._growth).blocks(size)
            elif isinstance(source, StoredIndexed) and file.format.name == "ID900":
                yield from PairsTail(stream, source, self._growth).blocks(size)
            else:
                raise RequestError(
                    f"files of format {file.format.name} cannot be followed while they are written (segment,"
                    " raw, PTU, ID900 and quTAG can); read it when it is whole"
                )


def follow(
    path: str | Path, idle_s: float | None = None, format: str | None = None, **options: str
) -> Following:
    """Follow a file that is being written, from its beginning; see `Following` for when it ends.

    ``idle_s``: end it also when it has not grown for so long, s. ``format`` and ``options``: as for
    `record.tag_files.open_tags`, whose errors it raises.
    """
    file = open_tags(path, True, format, **options)
    written = file.path.with_suffix(SUFFIX) if file.format.name == "raw" else file.path
    return Following(file, Growth(written, idle_s, locks=file.format.name in ("raw", "segment")))
