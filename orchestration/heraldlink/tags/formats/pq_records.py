# SPDX-License-Identifier: Apache-2.0
"""PicoQuant's 32-bit records, T2 and T3, decoded in pieces: the counter's overflows are carried over.

Source of the layouts: PicoQuant's published demonstration readers (PTU, HT2, HT3, PT2, PT3), compared with
ptufile. Unlike ptufile, clicks of a T2 recording's sync input keep a channel of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import DataError
from heraldlink.tags.block import Channels, Times

Records = NDArray[np.uint32]
Positions = NDArray[np.intp]

RECORD_BYTES = 4
SYNC_CHANNEL = 1000
"""Channel of a T2 recording's sync input; markers 1 to 4 are channels 1001 to 1004."""

_SPECIAL, _ILLEGAL = -1, -2


@dataclass(frozen=True, eq=False, slots=True)
class Layout:
    """Where a 32-bit record keeps what.

    ``count_bits``: the counter (T2: time, T3: sync number), from bit 0. ``delay_bits``: above it (T2: 0).
    ``code_shift``: where special flag and channel begin. ``marker_shift``: where a special record's marker
    bits begin. ``wrap``: counts per overflow. ``counted``: whether one overflow record stands for as many as
    its counter says. ``channels``: channel of each code; the first ``plain`` codes are channels as they are.
    """

    count_bits: int
    delay_bits: int
    code_shift: int
    marker_shift: int
    wrap: int
    counted: bool
    channels: Channels = field(repr=False)
    plain: int

    @property
    def is_t3(self) -> bool:
        """Whether records hold a sync number and a delay."""
        return self.delay_bits > 0


def _hydraharp(count_bits: int, wrap: int, counted: bool = True) -> Layout:
    is_t3 = count_bits == 10
    channels = np.full(128, _ILLEGAL, np.int16)
    channels[:0x40] = np.arange(0x40)
    channels[0x40] = _ILLEGAL if is_t3 else SYNC_CHANNEL
    channels[0x41:0x50] = channels[0x7F] = _SPECIAL
    return Layout(count_bits, 15 if is_t3 else 0, 25, 25, wrap, counted, channels, plain=0x40)


def _picoharp(count_bits: int, wrap: int) -> Layout:
    is_t3 = count_bits == 16
    channels = np.full(16, _ILLEGAL, np.int16)
    channels[1:5] = np.arange(4) if is_t3 else np.arange(1, 5)
    channels[0] = _ILLEGAL if is_t3 else 0
    channels[0xF] = _SPECIAL
    return Layout(
        count_bits, 12 if is_t3 else 0, 28, 16 if is_t3 else 0, wrap, False, channels, 0 if is_t3 else 5
    )


def _timeharp_200() -> Layout:
    channels = np.full(16, _SPECIAL, np.int16)
    channels[4:8] = channels[12:16] = np.arange(4)
    return Layout(16, 0, 28, 16, 1 << 16, False, channels, plain=0)


TIMEHARP_200 = _timeharp_200()
"""T3R records without their delays; the counter is the instrument's clock."""

_T2, _T3 = _hydraharp(25, 1 << 25), _hydraharp(10, 1 << 10)

LAYOUTS: dict[int, Layout] = {
    0x00010203: _picoharp(28, 210_698_240),
    0x00010303: _picoharp(16, 1 << 16),
    0x00010204: _hydraharp(25, 33_552_000, counted=False),
    0x00010304: _hydraharp(10, 1 << 10, counted=False),
    0x01010204: _T2,
    0x01010304: _T3,
    0x00010205: _T2,  # TimeHarp 260 N and P
    0x00010305: _T3,
    0x00010206: _T2,
    0x00010306: _T3,
    0x00010207: _T2,  # MultiHarp, PicoHarp 330
    0x00010307: _T3,
}
"""By TTResultFormat_TTTRRecType of a PTU file's header."""


@dataclass(frozen=True, eq=False, slots=True)
class Decoded:
    """``count`` int64[n] (T2: time, T3: sync number, in counts), ``delay`` int64[n] (T3, in counts; T2:
    empty), ``channel`` int16[n], ``carry``: counts of all overflows so far, ``overflows``: such records.
    """

    count: Times
    delay: Times
    channel: Channels
    carry: int
    overflows: int


class IllegalRecord(DataError):
    """A record whose code its layout does not know; ``record``: how many precede it in the piece."""

    def __init__(self, record: int, value: int) -> None:
        super().__init__(f"record {value:#010x} is none of this instrument's")
        self.record = record


def decode(records: Records, layout: Layout, carry: int = 0) -> Decoded:
    """Clicks and markers of ``records``; ``carry`` comes from the piece before. Raises IllegalRecord."""
    channel = (records >> np.uint32(layout.code_shift)).astype(np.int16)
    count = (records & np.uint32((1 << layout.count_bits) - 1)).astype(np.int64)
    delay = _delays(records, layout)
    odd = np.flatnonzero(channel >= layout.plain)
    channel[odd] = layout.channels[channel[odd]]
    special = odd[channel[odd] < 0]
    if not special.size:
        count += carry
        return Decoded(count, delay, channel, carry, 0)
    marks = _marks(records[special], channel[special], special, layout)
    over = special[marks == 0]
    wraps = np.maximum(count[over], 1) if layout.counted else np.ones(over.size, np.int64)
    base = np.cumsum(np.concatenate(([carry], wraps * layout.wrap)))
    count += np.repeat(base, np.diff(over, prepend=0, append=records.size))
    kept: Positions | NDArray[np.bool_] = channel >= 0
    if over.size < special.size:
        kept, channel = _lines(channel, special, marks)
        if layout.is_t3:
            delay[special] = 0  # a marker has no delay
    else:
        channel = channel[kept]
    return Decoded(
        count[kept], delay[kept] if layout.is_t3 else delay, channel, int(base[-1]), int(over.size)
    )


def _lines(channel: Channels, special: Positions, marks: Times) -> tuple[Positions, Channels]:
    """Which record each click and each raised marker line comes from, and its channel."""
    copies = np.ones(channel.size, np.int64)
    where, line = np.nonzero((marks[:, np.newaxis] >> np.arange(4)) & 1)
    copies[special] = np.bincount(where, minlength=special.size)
    at = np.repeat(np.arange(channel.size), copies)
    channel = channel[at]
    channel[channel == _SPECIAL] = SYNC_CHANNEL + 1 + line
    return at, channel


def _delays(records: Records, layout: Layout) -> Times:
    if not layout.is_t3:
        return np.empty(0, np.int64)
    mask = np.uint32((1 << layout.delay_bits) - 1)
    return ((records >> np.uint32(layout.count_bits)) & mask).astype(np.int64)


def _marks(special: Records, channel: Channels, at: Positions, layout: Layout) -> Times:
    """The marker lines of each special record as bits, 0 for an overflow."""
    illegal = np.flatnonzero(channel == _ILLEGAL)
    if illegal.size:
        raise IllegalRecord(int(at[illegal[0]]), int(special[illegal[0]]))
    lowest = layout.marker_shift
    marks = ((special >> np.uint32(lowest)) & np.uint32(0x3F if lowest == 25 else 0xF)).astype(np.int64)
    return np.where(marks == 0x3F, 0, marks)
