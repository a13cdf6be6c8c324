# SPDX-License-Identifier: Apache-2.0
"""Heralds with numpy alone, in pieces that stay in a processor's cache."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from heraldlink.heralding.gate_logic import (
    AFTER_PS,
    ATTEMPT,
    CLICKS,
    PATTERN,
    SYNC,
    SYNC_PS,
    Channels,
    GateLogic,
    OpenAttempt,
    Rows,
    Times,
)
from heraldlink.heralding.patterns import AMBIGUOUS, NONE

PIECE = 1 << 16
"""Tags at once: enough to make the cost of a call small, few enough for a cache of 2 MB."""

LONG = 4
"""Clicks in an attempt from which on many attempts at once are slower than one after another."""

Places = NDArray[np.intp]

FIRST: Places = np.zeros(1, dtype=np.intp)


class NumpyEngine:
    """A `HeraldEngine` that needs nothing but numpy."""

    name = "numpy"

    def counted(
        self, logic: GateLogic, time_ps: Times, channel: Channels, still: OpenAttempt, counts: Times
    ) -> Rows:
        """See `HeraldEngine`."""
        parts: list[Rows] = []
        begin = 0
        while begin < time_ps.size:
            stop = _whole_ties(time_ps, begin + PIECE)
            role = logic.roles.take(channel[begin:stop].view(np.uint16))
            syncs = (role == SYNC).nonzero()[0]
            if stop < time_ps.size and syncs.size:  # a piece that ends with a sync leaves little open
                stop = _whole_ties(time_ps, begin + int(syncs[-1]) + 1)
            parts.append(_count_piece(logic, time_ps[begin:stop], role[: stop - begin], syncs, still, counts))
            begin = stop
        return join_rows(parts)

    def assigned(
        self,
        logic: GateLogic,
        attempt: Times,
        after_ps: Times,
        time_ps: Times,
        channel: Channels,
        counts: Times,
    ) -> Rows:
        """See `HeraldEngine`."""
        hits = _inside(logic, after_ps).nonzero()[0]
        role = logic.roles.take(channel.view(np.uint16).take(hits))
        if hits.size and role.min() < 0:
            detected = (role >= 0).nonzero()[0]
            hits, role = hits.take(detected), role.take(detected)
        number = attempt.take(hits)
        first = _group_begins(number)
        clicks = _sizes(first, hits.size)
        pattern = _patterns(_bits(logic, role, hits, after_ps), first, clicks)
        counts += np.bincount(pattern, minlength=counts.size)
        begin = hits.take(first)
        first_ps = after_ps.take(begin)
        first_time_ps = first_ps if time_ps is after_ps else time_ps.take(begin)
        return _rows(logic, number.take(first), pattern, clicks, first_ps, first_time_ps)


def join_rows(parts: list[Rows]) -> Rows:
    """One after another; no parts give empty arrays."""
    if len(parts) == 1:
        return parts[0]
    return Rows(*(np.concatenate(columns) for columns in zip(NO_ROWS, *parts, strict=True)))


NO_ROWS = Rows(
    np.empty(0, np.int64),
    np.empty(0, np.uint8),
    np.empty(0, np.uint32),
    np.empty(0, np.int64),
    np.empty(0, np.int64),
)


def _count_piece(
    logic: GateLogic,
    time_ps: Times,
    role: NDArray[np.int8],
    syncs: Places,
    still: OpenAttempt,
    counts: Times,
) -> Rows:
    """Attempts of a piece by their place in it: 0 is the one that was open, 1 begins with the first sync."""
    sync_ps = np.concatenate(([_open_since(logic, still, time_ps)], time_ps.take(syncs)))
    place = _places(role == SYNC, syncs, time_ps)
    after_ps = time_ps - sync_ps.take(place)
    hits = (_inside(logic, after_ps) & (role >= 0)).nonzero()[0]
    bits = _bits(logic, role.take(hits), hits, after_ps)
    number = place.take(hits)
    first = _group_begins(number)
    clicks, begin = _sizes(first, hits.size), hits.take(first)
    columns = number.take(first), _patterns(bits, first, clicks), clicks, after_ps.take(begin)
    return _close(logic, columns, sync_ps, still, counts)


def _close(
    logic: GateLogic,
    columns: tuple[Times, NDArray[np.uint32], Places, Times],
    sync_ps: Times,
    still: OpenAttempt,
    counts: Times,
) -> Rows:
    """Rows of the attempts that end in the piece; the last one stays open."""
    number, pattern, clicks, after_ps = _with_open(columns, still)
    last = sync_ps.size - 1
    stop = int(np.searchsorted(number, last))
    before = int(still[ATTEMPT])
    if last:
        ended = last - (before < 0)
        counts += np.bincount(pattern[:stop], minlength=counts.size)
        counts[0] += ended - stop
    rows = _rows(
        logic,
        number[:stop] + before,
        pattern[:stop],
        clicks[:stop],
        after_ps[:stop],
        sync_ps[number[:stop]] + after_ps[:stop],
    )
    still[:] = sync_ps[last] if last else still[SYNC_PS], before + last, 0, 0, 0
    if stop < number.size:
        still[PATTERN:] = pattern[stop], clicks[stop], after_ps[stop]
    return rows


def _with_open(
    columns: tuple[Times, NDArray[np.uint32], Places, Times], still: OpenAttempt
) -> tuple[Times, NDArray[np.uint32], Places, Times]:
    """Clicks that the open attempt had already, put before or into its entry."""
    number, pattern, clicks, after_ps = columns
    if not still[CLICKS]:
        return columns
    if not number.size or number[0]:
        number, pattern = np.insert(number, 0, 0), np.insert(pattern, 0, 0)
        clicks, after_ps = np.insert(clicks, 0, 0), np.insert(after_ps, 0, 0)
    pattern[0] |= np.uint32(still[PATTERN])
    clicks[0] += still[CLICKS]
    after_ps[0] = still[AFTER_PS]
    return number, pattern, clicks, after_ps


def _open_since(logic: GateLogic, still: OpenAttempt, time_ps: Times) -> int:
    """When the open attempt began; if there is none, a time after which no click lies in a gate."""
    if still[ATTEMPT] >= 0:
        return int(still[SYNC_PS])
    return int(time_ps[-1]) - int(logic.begin_ps[0]) + 1


def _places(is_sync: NDArray[np.bool_], syncs: Places, time_ps: Times) -> Times:
    """Syncs at or before each tag's time, int64[n]."""
    tied = syncs[1:] if syncs.size and not syncs[0] else syncs
    tied = tied[time_ps.take(tied - 1) == time_ps.take(tied)]
    if not tied.size:
        return np.cumsum(is_sync, dtype=np.int64)
    steps = is_sync.astype(np.int64)
    np.add.at(steps, tied, -1)
    np.add.at(steps, np.searchsorted(time_ps, time_ps[tied]), 1)
    return np.cumsum(steps)


def _whole_ties(time_ps: Times, stop: int) -> int:
    """The end of a piece, not between tags of equal time."""
    if stop >= time_ps.size or time_ps[stop] != time_ps[stop - 1]:
        return min(stop, time_ps.size)
    return int(np.searchsorted(time_ps, int(time_ps[stop - 1]), side="right"))


def _inside(logic: GateLogic, after_ps: Times) -> NDArray[np.bool_]:
    """Which tags lie in a gate."""
    inside = np.zeros(after_ps.size, dtype=np.bool_)
    for begin_ps, end_ps in zip(logic.begin_ps.tolist(), logic.end_ps.tolist(), strict=True):
        inside |= (after_ps - begin_ps).view(np.uint64) < np.uint64(end_ps - begin_ps)
    return inside


def _bits(logic: GateLogic, role: NDArray[np.int8], hits: Places, after_ps: Times) -> NDArray[np.uint32]:
    """The bit of each click in a gate, whose detectors' places are given."""
    bit = role.astype(np.uint32)
    if logic.begin_ps.size > 1:
        bit *= np.uint32(logic.begin_ps.size)
        after_ps = after_ps.take(hits)
        for begin_ps in logic.begin_ps[1:].tolist():
            bit += after_ps >= begin_ps
    return np.uint32(1) << bit


def _group_begins(number: NDArray[np.integer]) -> Places:
    """Where each run of equal numbers begins."""
    if not number.size:
        return np.empty(0, dtype=np.intp)
    return np.concatenate((FIRST, (number[1:] != number[:-1]).nonzero()[0] + 1))


def _sizes(first: Places, total: int) -> Places:
    """Lengths of the runs."""
    sizes = np.empty_like(first)
    if first.size:
        np.subtract(first[1:], first[:-1], out=sizes[:-1])
        sizes[-1] = total - first[-1]
    return sizes


def _patterns(bits: NDArray[np.uint32], first: Places, clicks: Places) -> NDArray[np.uint32]:
    """The bits of each group of clicks, joined; groups are short, as a rule of one click."""
    pattern = bits.take(first)
    longer, place = (clicks > 1).nonzero()[0], 1
    while longer.size:
        if place == LONG:
            pattern[longer] = np.bitwise_or.reduceat(bits, first)[longer]
            break
        pattern[longer] = pattern.take(longer) | bits.take(first.take(longer) + place)
        place += 1
        longer = longer.compress(clicks.take(longer) > place)
    return pattern


def _rows(
    logic: GateLogic,
    attempt: Times,
    pattern: NDArray[np.uint32],
    clicks: Places,
    after_ps: Times,
    time_ps: Times,
) -> Rows:
    outcome = logic.outcomes.take(pattern)
    if logic.repeats_ambiguous:
        outcome[(outcome != NONE) & (clicks > _bits_set(pattern, logic.outcomes.size))] = AMBIGUOUS
    kept = outcome.nonzero()[0]
    return Rows(attempt, outcome, pattern, after_ps, time_ps).chosen(kept)


def _bits_set(pattern: NDArray[np.uint32], patterns: int) -> Places:
    total = np.zeros(pattern.size, dtype=np.intp)
    for bit in range(patterns.bit_length() - 1):
        total += pattern >> np.uint32(bit) & np.uint32(1)
    return total
