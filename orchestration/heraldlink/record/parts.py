# SPDX-License-Identifier: Apache-2.0
"""The parts of a long recording, read as one."""

import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from heraldlink.errors import DataError
from heraldlink.record.segment import SUFFIX
from heraldlink.tags.block import END_PS, Block, IndexedBlock
from heraldlink.tags.description import AnyBlock, ended, key_of, until_of
from heraldlink.tags.formats.parquet import ParquetTags
from heraldlink.tags.formats.segment import BEGIN_PS, SegmentTags

ROLLED: Final = ".parquet"


class Parts:
    """A recording of `RollingWriter` as a source of blocks; ``salvage``: also if its last part is still open.

    Raises DataError if there is none of that name, a part is missing, or they are of different kinds.
    """

    def __init__(self, folder: Path, name: str, salvage: bool = False) -> None:
        self.paths = part_files(folder, name)
        self._salvage = salvage
        numbers = [number_of(path) for path in self.paths]
        if not numbers:
            raise DataError(f"{folder}: holds no recording {name}")
        if missing := set(range(1, numbers[-1] + 1)) - set(numbers):
            raise DataError(f"{folder}: part {min(missing):06d} of {name} is missing")
        headers = []
        for path in self.paths:
            with self._open(path) as source:
                headers.append(source.header)
        for path, header in zip(self.paths, headers, strict=True):
            if header.kind != headers[0].kind:
                raise DataError(f"{path}: of kind {header.kind!r}, the parts before are {headers[0].kind!r}")
        tags = [header.tags for header in headers if header.tags is not None]
        self.header = replace(headers[0], tags=sum(tags) if len(tags) == len(headers) else None)
        self.found: dict[str, int] = {}

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """All tags in blocks of at most ``size``. Raises DataError, naming the part that is damaged."""
        return self._blocks(size)  # type: ignore[return-value]  # one kind throughout

    def _blocks(self, size: int) -> Iterator[AnyBlock]:
        last = BEGIN_PS
        for path in self.paths:
            with self._open(path) as source:
                for block in source.blocks(size):
                    last = int(key_of(block)[-1]) if block.channel.size else last
                    more = path != self.paths[-1] and until_of(block) == END_PS
                    yield ended(block, last, block.gaps) if more else block

    @contextmanager
    def _open(self, path: Path) -> Generator[ParquetTags | SegmentTags]:
        try:
            with path.open("rb") as stream:
                yield ParquetTags(stream) if path.suffix == ROLLED else SegmentTags(stream, self._salvage)
        except (DataError, OSError) as error:
            raise DataError(f"{path}: {error}") from error


def part_files(folder: Path, name: str) -> list[Path]:
    """Parts in order; of a part that is there both open and rolled the rolled one, which is whole."""
    found: dict[int, Path] = {}
    for path in sorted(folder.glob(f"{name}-*")):
        if path.suffix in (SUFFIX, ROLLED) and re.fullmatch(re.escape(name) + r"-\d{6}", path.stem):
            if path.suffix == ROLLED or number_of(path) not in found:
                found[number_of(path)] = path
    return [found[number] for number in sorted(found)]


def number_of(path: Path) -> int:
    """A part's number, from 1."""
    return int(path.stem[-6:])
