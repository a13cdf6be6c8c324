# SPDX-License-Identifier: Apache-2.0
"""A live source whose tags are stored while they are analysed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import inf
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Final, Self, cast

from heraldlink.errors import DataError
from heraldlink.record.rolling import RollingWriter
from heraldlink.streams.live import LiveSource
from heraldlink.tags.block import Block, Header, IndexedBlock
from heraldlink.tags.description import AnyBlock

NAME: Final = "tags"
"""Parts are ``tags-000001.parquet`` and so on."""
ROLL_TAGS: Final = 1 << 24
"""Tags of a part: rolling one takes less than a second, in which those that come wait in their queue."""
FLUSH_s: Final = 1.0
"""What a SIGKILL may cost."""


class Stored:
    """Another source's blocks, each written to ``folder`` when its reader asks for the next one.

    To be entered as a context; a thread then has what came on the disk every second, so that the reader
    seldom waits for the disk. A stream that ends (also one that was stopped) is rolled into Parquet; what
    else ends it leaves a segment that `heraldlink.record.repair` closes. Where the disk is full the stream
    ends with DataError, and ``told`` says how many tags are stored; what failed without losing a tag (a part
    that could not be rolled) is in ``troubles``. ``delays_ps``: stored beside the tags.
    """

    def __init__(
        self,
        source: LiveSource,
        folder: Path,
        delays_ps: Mapping[int, int] | None = None,
        roll_tags: int = ROLL_TAGS,
    ) -> None:
        self._source, self.folder, self._roll_tags = source, folder, roll_tags
        self._delays_ps = source.header.delays_ps if delays_ps is None else delays_ps
        self._writer: RollingWriter | None = None
        self._held: AnyBlock | None = None
        self._came, self._ended, self._whole = 0, False, False
        self.troubles: list[str] = []
        self._lock, self._over = Lock(), Event()
        self._flusher = Thread(target=self._flush, name="flush", daemon=True)
        self._failed: DataError | None = None

    @property
    def header(self) -> Header:
        """That of the source."""
        return self._source.header

    @property
    def tags(self) -> int:
        """Tags that are on the disk."""
        return 0 if self._writer is None else self._writer.tags

    @property
    def told(self) -> str:
        """What is stored, in a sentence."""
        many = f"{self.tags:,}" if self.tags == self._came else f"{self.tags:,} of {self._came:,}"
        said = f"{many} tags are stored in {self.folder}"
        repair = f"; close the recording with heraldlink tags repair {self.folder}"
        return said if self._whole or not self._came else said + repair

    def stop(self) -> None:
        """See `LiveSource`."""
        self._source.stop()

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """The source's. Raises DataError where they cannot be stored, and whatever the source raises."""
        return cast("Iterator[Block] | Iterator[IndexedBlock]", self._stored(size))

    def __enter__(self) -> Self:
        """Begin the recording. Raises DataError if the folder holds one, or cannot be written."""
        header = replace(self._source.header, delays_ps=self._delays_ps)
        self._writer = RollingWriter(self.folder, NAME, header, self._roll_tags, inf)
        self._flusher.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        writer = self._writer
        if writer is None:
            return
        self._over.set()
        self._flusher.join()
        self._store()
        if not self._came and kind is not None:
            writer.discard()
        elif self._ended:
            self._close(writer)
        else:
            writer.break_off()

    def _flush(self) -> None:
        while self._writer is not None and not self._over.wait(FLUSH_s):
            try:
                with self._lock:
                    self._writer.flush()
            except DataError as error:  # told where the next block is stored
                self._failed = error

    def _stored(self, size: int) -> Iterator[AnyBlock]:
        for block in self._source.blocks(size):
            self._held = block
            yield block
            self._store()
        self._ended = True

    def _store(self) -> None:
        block, self._held = self._held, None
        if block is None or self._writer is None:
            return
        self._came += block.channel.size
        try:
            with self._lock:
                self._writer.push(block)
                failed, self._failed = self._failed, None
            if failed is not None:
                raise failed
        except DataError as error:
            self._go_on(self._writer, error)

    def _go_on(self, writer: RollingWriter, error: DataError) -> None:
        """If all that came can be had on the disk nevertheless."""
        with self._lock:
            try:
                writer.flush()
            except DataError:
                writer.break_off()
                raise error from None
        self.troubles.append(str(error))

    def _close(self, writer: RollingWriter) -> None:
        try:
            writer.close()
            self._whole = True
        except DataError as error:
            writer.break_off()
            if self.tags < self._came:
                raise
            self.troubles.append(str(error))
