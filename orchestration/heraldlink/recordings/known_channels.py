# SPDX-License-Identifier: Apache-2.0
"""Channels that a caller names must be those of the recording: a mistyped delay would count for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from heraldlink.errors import RequestError
from heraldlink.tags.block import Block, Header, IndexedBlock, TagSource
from heraldlink.tags.description import AnyBlock
from heraldlink.tags.passes import present


@dataclass(frozen=True)
class KnownDelays:
    """A source for whose channels delays were given; ``blocks`` raises RequestError at the end of the tags
    for one that has no tag and that the header does not name either.
    """

    name: str
    source: TagSource
    delays_ps: Mapping[int, int]

    @property
    def header(self) -> Header:
        """That of the source."""
        return self.source.header

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """Those of the source."""
        return cast("Iterator[Block] | Iterator[IndexedBlock]", self._blocks(size))

    def _blocks(self, size: int) -> Iterator[AnyBlock]:
        known = set(self.source.header.channels)
        for block in self.source.blocks(size):
            if self.delays_ps.keys() - known:
                known |= set(present(block.channel))
            yield block
        check_delays(self.name, self.delays_ps, known)


def check_delays(name: str, delays_ps: Mapping[int, int], known: Iterable[int]) -> None:
    """Raise RequestError for a delay of a channel that is not among the ``known`` ones."""
    unknown = sorted(delays_ps.keys() - set(known))
    if unknown:
        many = "channels" if len(unknown) > 1 else "channel"
        raise RequestError(
            f"{name}: a delay for {many} {', '.join(map(str, unknown))}, which it does not have"
            f" (its channels: {', '.join(map(str, sorted(known))) or 'none'})"
        )
