# SPDX-License-Identifier: Apache-2.0
"""What a format of recordings is: recognised by content, opened on a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO, Protocol

from heraldlink.tags.block import TagSource

START_BYTES = 1 << 16
"""How much of a file's beginning `Format.matches` is shown (less if the file is shorter)."""


class StoredTags(TagSource, Protocol):
    """Tags of an open file."""

    @property
    def found(self) -> Mapping[str, int]:
        """What reading counted beside the tags, such as "overflow_records"; whole after the last block."""
        ...


class Format(Protocol):
    """One way to store tags.

    Errors of `open`, and of the blocks of what it returns, are DataErrors that give the byte offset (or line)
    and the remedy; whoever opened the file (`record.tag_files.open_tags`) adds its name.
    """

    @property
    def name(self) -> str:
        """What it is called on the command line and in `Header.format`, such as "PTU"."""
        ...

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the options `open` understands, such as "unit" for text without a header."""
        ...

    def matches(self, start: bytes, size: int) -> bool:
        """Whether a file of ``size`` bytes that begins with ``start`` (START_BYTES or less) is one."""
        ...

    def open(self, stream: BinaryIO, size: int, salvage: bool, options: Mapping[str, str]) -> StoredTags:
        """Read the header of a seekable ``stream`` of ``size`` bytes, which stays open while blocks are read.

        With ``salvage`` a truncated or damaged recording gives its good part and a Gap for the rest;
        without it, a DataError. Raises RequestError for an option's value.
        """
        ...
