# SPDX-License-Identifier: Apache-2.0
"""Tags as arrays: blocks of a stream, gaps where tags are missing, and what a stream says of itself.

A stream is a sequence of blocks of one kind: `Block` where every tag carries its own time, `IndexedBlock`
where tags are counted from a reference event (T3 records, a time controller's reference index). Tags of one
block are in order, and no later block holds an earlier tag.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]
Channels = NDArray[np.int16]

END_PS = np.iinfo(np.int64).max
"""``until_ps`` of a stream's last block."""

Loss = Literal["overflow", "dropped", "truncated", "damaged"]
"""Why tags are missing: the instrument's buffer, a slow consumer, a file's end, bytes that make no sense."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Interval begin <= t < end in which tags are missing; ``tags``: how many, where that is known."""

    begin_ps: int
    end_ps: int
    reason: Loss
    tags: int | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Block:
    """Tags in order of time: ``time_ps`` int64[n] ascending, ``channel`` int16[n].

    ``until_ps``: no later block holds a tag before it. ``gaps``: in order, those that end by ``until_ps``
    and after the block before.
    """

    time_ps: Times
    channel: Channels
    until_ps: int
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, eq=False, slots=True)
class IndexedBlock:
    """Tags after reference events: ``after_ps`` int64[n], ``index`` int64[n] ascending, ``channel`` int16[n].

    Within one index tags are in order of ``after_ps``. ``until_index``: no later block holds a tag of a
    smaller index. ``gaps`` are in reference events (``begin_ps`` and ``end_ps`` are indices).
    """

    after_ps: Times
    index: Times
    channel: Channels
    until_index: int
    gaps: tuple[Gap, ...] = ()


@dataclass(frozen=True, slots=True)
class Header:
    """What a recording says of itself; None where its format does not say.

    ``kind``: "times" (blocks are `Block`) or "indexed" (`IndexedBlock`). ``reference_period_ps``: nominal
    time between reference events. ``delays_ps``: by channel, as stored with the recording; its blocks are as
    recorded, whoever assigns attempts subtracts them. ``about``: further entries of the file, as text.
    """

    format: str
    kind: Literal["times", "indexed"]
    resolution_ps: float
    acquisition_s: float | None = None
    tags: int | None = None
    reference_period_ps: float | None = None
    channels: Mapping[int, str] = field(default_factory=dict[int, str])
    delays_ps: Mapping[int, int] = field(default_factory=dict[int, int])
    about: Mapping[str, str] = field(default_factory=dict[str, str])


class TagSource(Protocol):
    """Where tags come from: a file, a live stream, arrays."""

    @property
    def header(self) -> Header:
        """What is known before the first tag."""
        ...

    def blocks(self, size: int = 1 << 20) -> Iterator[Block] | Iterator[IndexedBlock]:
        """All tags from the beginning, in blocks of at most ``size``, each as soon as it is whole."""
        ...
