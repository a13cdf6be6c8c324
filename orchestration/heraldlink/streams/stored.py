# SPDX-License-Identifier: Apache-2.0
"""A live source whose tags are stored while they are analysed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Final, Self, cast

from heraldlink.record.background import WAITING_TAGS, BackgroundWriter
from heraldlink.record.rolling import RollingWriter
from heraldlink.streams.live import LiveSource
from heraldlink.tags.block import Block, Header, IndexedBlock
from heraldlink.tags.description import AnyBlock

NAME: Final = "tags"
"""Parts are ``tags-000001.parquet`` and so on."""
ROLL_TAGS: Final = 1 << 24
"""Tags of a part."""


class Stored:
    """Another source's blocks, each stored in ``folder`` when its reader asks for the next one.

    To be entered as a context. A thread writes, so that the reader does not wait for the disk. A stream that
    ends (also one that was stopped) is rolled into Parquet; what else ends it leaves a segment that
    `heraldlink.record.repair` closes. Where the disk is full the stream ends with DataError, and ``told``
    says how many tags are stored. ``delays_ps``: stored beside the tags.
    """

    def __init__(
        self,
        source: LiveSource,
        folder: Path,
        delays_ps: Mapping[int, int] | None = None,
        roll_tags: int = ROLL_TAGS,
        waiting_tags: int = WAITING_TAGS,
    ) -> None:
        self._source, self.folder = source, folder
        self._roll_tags, self._waiting_tags = roll_tags, waiting_tags
        self._delays_ps = source.header.delays_ps if delays_ps is None else delays_ps
        self._writer: BackgroundWriter | None = None
        self._held: AnyBlock | None = None
        self._ended = self._whole = False

    @property
    def header(self) -> Header:
        """That of the source."""
        return self._source.header

    @property
    def tags(self) -> int:
        """Tags that are on the disk."""
        return 0 if self._writer is None else self._writer.tags

    @property
    def told(self) -> tuple[str, ...]:
        """What is stored, and what failed, in sentences."""
        writer = self._writer
        if writer is None:
            return ()
        many = f"{writer.tags:,}" if writer.tags == writer.came else f"{writer.tags:,} of {writer.came:,}"
        said = f"{many} tags are stored in {self.folder}"
        if not self._whole and writer.came:
            said += f"; close the recording with heraldlink tags repair {self.folder}"
        return (*dict.fromkeys(writer.troubles), said)

    def stop(self) -> None:
        """See `LiveSource`."""
        self._source.stop()

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """The source's. Raises DataError where they cannot be stored, and whatever the source raises."""
        return cast("Iterator[Block] | Iterator[IndexedBlock]", self._stored(size))

    def __enter__(self) -> Self:
        """Begin the recording. Raises DataError if the folder holds one, or cannot be written."""
        header = replace(self._source.header, delays_ps=self._delays_ps)
        rolling = RollingWriter(self.folder, NAME, header, self._roll_tags, inf)
        self._writer = BackgroundWriter(rolling, self._waiting_tags)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        writer = self._writer
        if writer is None:
            return
        try:
            self._store()
        finally:
            if self._ended and kind is None:
                writer.close()
                self._whole = True
            else:
                writer.break_off()

    def _stored(self, size: int) -> Iterator[AnyBlock]:
        for block in self._source.blocks(size):
            self._held = block
            yield block
            self._store()
        self._ended = True

    def _store(self) -> None:
        block, self._held = self._held, None
        if block is not None and self._writer is not None:
            self._writer.push(block)
