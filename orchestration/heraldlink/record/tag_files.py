# SPDX-License-Identifier: Apache-2.0
"""Files of tags of any format, opened by content."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, cast

from heraldlink.errors import DataError, RequestError
from heraldlink.record.raw_bin import SUFFIX, Raw, description_file
from heraldlink.tags.block import Block, Header, IndexedBlock
from heraldlink.tags.formats.detect import FORMATS, detect, named
from heraldlink.tags.formats.format import START_BYTES, Format, StoredTags

ALL_FORMATS: tuple[Format, ...] = (Raw(), *FORMATS)


@dataclass(frozen=True)
class TagFile:
    """A file of tags; each call of `blocks` opens it anew, so that it can be read again.

    ``found``: what the last reading counted beside the tags, such as "overflow_records".
    """

    path: Path
    format: Format
    header: Header
    salvage: bool = False
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    found: dict[str, int] = field(default_factory=dict[str, int])

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """All tags in blocks of at most ``size``. Raises DataError that names the file and the byte."""
        if size < 1:
            raise RequestError(f"blocks of {size} tags hold none: ask for 1 or more")
        return cast("Iterator[Block] | Iterator[IndexedBlock]", self._read(size))

    def _read(self, size: int) -> Iterator[Block | IndexedBlock]:
        with _named(self.path), self.path.open("rb") as stream:
            source = _source(self.format, stream, self.path, self.salvage, self.options)
            yield from source.blocks(size)
            self.found.update(source.found)


def open_tags(path: str | Path, salvage: bool = False, format: str | None = None, **options: str) -> TagFile:
    """Open a recording and read its header; the format is found by content unless ``format`` names it.

    ``salvage``: of a truncated or damaged file keep the good part, with a Gap for the rest. ``options``:
    what the format cannot know, such as ``unit="ns"`` for text without a header. Raises DataError (missing,
    foreign, truncated) with file, byte and remedy, and RequestError for an unknown format or option.
    """
    path = Path(path)
    if path.suffix == SUFFIX and description_file(path).is_file():
        path = description_file(path)
    with _named(path):
        if not path.is_file():
            raise DataError("there is no such file")
        with path.open("rb") as stream:
            start, size = stream.read(START_BYTES), path.stat().st_size
            chosen = named(format, ALL_FORMATS) if format else detect(start, size, ALL_FORMATS)
            for unknown in options.keys() - set(chosen.options):
                takes = ", ".join(chosen.options) or "none"
                raise RequestError(f"{chosen.name} files have no option {unknown} (they take: {takes})")
            header = _source(chosen, stream, path, salvage, options).header
    return TagFile(path, chosen, header, salvage, options)


def _source(
    format: Format, stream: BinaryIO, path: Path, salvage: bool, options: Mapping[str, str]
) -> StoredTags:
    stream.seek(0)
    return format.open(stream, path.stat().st_size, salvage, options)


@contextmanager
def _named(path: Path) -> Generator[None, None, None]:
    """Adds the file's name to the errors raised inside."""
    try:
        yield
    except (DataError, RequestError) as error:
        if str(error).startswith(f"{path}:"):
            raise
        raise type(error)(f"{path}: {error}") from error
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
