# SPDX-License-Identifier: Apache-2.0
"""PicoQuant's records decoded by compiled loops; needs numba, the extra ``[fast]``."""

from __future__ import annotations

import numpy as np

from heraldlink.tags.block import Channels, Times
from heraldlink.tags.compiled import compiled, frozen
from heraldlink.tags.formats import pq_records
from heraldlink.tags.formats.pq_records import Decoded, Layout, Records

OVERFLOW = 0x7F


def decode(records: Records, layout: Layout, carry: int = 0) -> Decoded:
    """As `pq_records.decode`, which does what is rare: markers, damage, and the older instruments."""
    if layout.channels.size <= OVERFLOW:
        return pq_records.decode(records, layout, carry)
    count, channel = np.empty(records.size, np.int64), np.empty(records.size, np.int16)
    delay = np.empty(records.size if layout.is_t3 else 0, np.int64)
    bits = layout.count_bits, layout.delay_bits, layout.wrap, layout.counted
    clicks, carried, regular = _decode(
        frozen(records), frozen(layout.channels), carry, *bits, count, delay, channel
    )
    if not regular:
        return pq_records.decode(records, layout, carry)
    return Decoded(count[:clicks], delay[:clicks], channel[:clicks], carried, records.size - clicks)


@compiled
def _decode(
    records: Records,
    channels: Channels,
    carry: int,
    count_bits: int,
    delay_bits: int,
    wrap: int,
    counted: bool,
    count: Times,
    delay: Times,
    channel: Channels,
) -> tuple[int, int, bool]:
    """Fill the columns. Clicks written, counts of all overflows so far, whether there was nothing else."""
    low, late = (1 << count_bits) - 1, (1 << delay_bits) - 1
    clicks, others = 0, 0
    for record in records:
        code = np.int64(record) >> 25
        here = np.int64(record) & low
        overflow = code == 0x7F
        count[clicks] = carry + here
        channel[clicks] = channels[code]
        if delay_bits:
            delay[clicks] = (np.int64(record) >> count_bits) & late
        others += (channels[code] < 0) & (not overflow)
        carry += overflow * wrap * (max(here, 1) if counted else 1)
        clicks += not overflow
    return clicks, carry, others == 0
