# SPDX-License-Identifier: Apache-2.0
"""The parts of a long recording, read as one."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from heraldlink.errors import DataError
from heraldlink.record.segment import SUFFIX
from heraldlink.record.tag_files import open_tags
from heraldlink.tags.block import END_PS, Block, IndexedBlock
from heraldlink.tags.description import BEGIN_PS, AnyBlock, ended, key_of, until_of

ROLLED: Final = ".parquet"


class Parts:
    """A recording of `RollingWriter` as a source of blocks; ``salvage``: also if its last part is still open.

    Raises DataError if there is none of that name, a part is missing, or they are of different kinds.
    """

    def __init__(self, folder: Path, name: str, salvage: bool = False) -> None:
        self.paths = part_files(folder, name)
        numbers = [number_of(path) for path in self.paths]
        if not numbers:
            raise DataError(f"{folder}: holds no recording {name}")
        if missing := set(range(1, numbers[-1] + 1)) - set(numbers):
            raise DataError(f"{folder}: part {min(missing):06d} of {name} is missing")
        self._files = [open_tags(path, salvage) for path in self.paths]
        headers = [file.header for file in self._files]
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
        for file in self._files:
            for block in file.blocks(size):
                last = int(key_of(block)[-1]) if block.channel.size else last
                more = file is not self._files[-1] and until_of(block) == END_PS
                yield ended(block, last, block.gaps) if more else block


def part_files(folder: Path, name: str) -> list[Path]:
    """Parts in order; of a part that is there both open and rolled the rolled one, which is whole."""
    found: dict[int, Path] = {}
    for path in sorted(folder.glob(f"{name}-*")):
        if not re.fullmatch(re.escape(name) + r"-\d{6}", path.stem):
            continue
        if path.suffix == ROLLED or (path.suffix == SUFFIX and number_of(path) not in found):
            found[number_of(path)] = path
    return [found[number] for number in sorted(found)]


def number_of(path: Path) -> int:
    """A part's number, from 1."""
    return int(path.stem[-6:])
