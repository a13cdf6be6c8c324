# SPDX-License-Identifier: Apache-2.0
"""Clicks to attempts and patterns, compiled: a few short loops over each piece of tags that stays in a cache.

In the loops over all tags nothing branches on the data: a wrong guess of the processor would cost more than
all else. What does not count is written to a place that the next tag overwrites.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heraldlink.heralding.patterns import AMBIGUOUS, NONE
from heraldlink.tags.compiled import compiled

Times = NDArray[np.int64]
Channels = NDArray[np.uint16]
Codes = NDArray[np.uint8]

PIECE = 8192
"""Tags at once."""
ASSIGNED_PIECE = 1024
"""Those that know their attempt: live ones find the caches cold."""

_NUMBER, _PATTERN, _CLICKS, _AFTER_PS, _TIME_PS = range(5)
"""Columns of an attempt: number, bits, clicks in gates, and the first of these."""


class Logic(NamedTuple):
    """A `GateLogic` as kernels take it. ``sync``: channel, -1: none; ``width_ps`` uint64[gates]."""

    roles: NDArray[np.int8]
    sync: int
    begin_ps: Times
    width_ps: NDArray[np.uint64]
    outcomes: Codes
    repeats_ambiguous: bool


class Room(NamedTuple):
    """Tags of a piece without its syncs, int64[n + 1] each: ``after_ps``, ``number`` (attempt, of those in a
    gate), ``tag`` (place in the piece), ``inside`` (places of those in one). ``gate`` uint8[n + 1]: counted
    from 1, 0 is none. ``attempts`` int64[n + 1, 5]: with clicks in gates, the first from the piece before.
    """

    after_ps: Times
    number: Times
    tag: Times
    gate: Codes
    inside: Times
    attempts: Times


class Written(NamedTuple):
    """`Rows` with room for all attempts, of which the first few are filled."""

    attempt: Times
    outcome: Codes
    pattern: NDArray[np.uint32]
    after_ps: Times
    time_ps: Times


@compiled
def counted(
    logic: Logic, time_ps: Times, channel: Channels, still: Times, counts: Times, rows: Written
) -> int:
    """`HeraldEngine.counted`; how many rows are written."""
    since_ps, before = still[0], still[1]
    if before < 0 and time_ps.size:  # no click before the first sync lies in a gate
        still[0] = time_ps[-1] - logic.begin_ps[0] + 1
    room = _room(min(PIECE, time_ps.size))
    room.attempts[0] = np.array([before, still[2], still[3], still[4], still[0] + still[4]])
    written = ended = start = 0
    while start < time_ps.size:
        stop = min(start + PIECE, time_ps.size)
        while stop < time_ps.size and time_ps[stop] == time_ps[stop - 1]:
            stop += 1
        if stop - start >= room.gate.size:
            wider = _room(stop - start)
            wider.attempts[0] = room.attempts[0]
            room = wider
        times, channels = time_ps[start:stop], channel[start:stop]
        if _tied(logic.sync, times, channels):
            times, channels = _syncs_first(logic.sync, times, channels)
        number = still[1]
        tags = _after_syncs(logic.sync, times, channels, still, room)
        inside = _in_gates(logic, room, tags)
        _number(room, inside, number)
        last = _join(logic, times, channels, inside, room)
        written, with_clicks = _write(logic, room.attempts[:last], counts, rows, written)
        room.attempts[0] = room.attempts[last]
        start, ended = stop, ended + with_clicks
    if room.attempts[0, _NUMBER] != still[1]:
        written, with_clicks = _write(logic, room.attempts[:1], counts, rows, written)
        room.attempts[0, _PATTERN:] = 0
        ended += with_clicks
    if still[1] < 0:
        still[0] = since_ps
    counts[0] += max(still[1], 0) - max(before, 0) - ended
    still[2:] = room.attempts[0, _PATTERN:_TIME_PS]
    return written


@compiled
def assigned(
    logic: Logic,
    attempt: Times,
    after_ps: Times,
    time_ps: Times,
    channel: Channels,
    counts: Times,
    rows: Written,
) -> int:
    """`HeraldEngine.assigned`; how many rows are written."""
    room = _room(min(ASSIGNED_PIECE, attempt.size))
    room.attempts[0] = 0
    room.tag[:] = np.arange(room.tag.size)
    written = 0
    for start in range(0, attempt.size, ASSIGNED_PIECE):
        tags = min(ASSIGNED_PIECE, attempt.size - start)
        part = slice(start, start + tags)
        room.after_ps[:tags], room.number[:tags] = after_ps[part], attempt[part]
        last = _join(logic, time_ps[part], channel[part], _in_gates(logic, room, tags), room)
        written, _ = _write(logic, room.attempts[:last], counts, rows, written)
        room.attempts[0] = room.attempts[last]
    return _write(logic, room.attempts[:1], counts, rows, written)[0]


@compiled
def _room(tags: int) -> Room:
    n = tags + 1
    return Room(
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.uint8),
        np.empty(n, np.int64),
        np.empty((n, 5), np.int64),
    )


@compiled
def _after_syncs(sync: int, time_ps: Times, channel: Channels, still: Times, room: Room) -> int:
    """All other tags after the last sync before them; how many. ``still``: time and number of the last sync,
    in and out.
    """
    after_ps, tags, sync_ps, k = room.after_ps, room.tag, still[0], np.uint64(0)
    for i in range(np.uint64(time_ps.size)):
        t, is_sync = time_ps[i], channel[i] == sync
        sync_ps = t if is_sync else sync_ps
        after_ps[k] = t - sync_ps
        tags[k] = i
        k += np.uint64(not is_sync)
    others = int(np.int64(k))
    still[0] = sync_ps
    still[1] += time_ps.size - others
    return others


@compiled
def _number(room: Room, inside: int, number: int) -> None:
    """Attempts of the tags in gates: as many syncs precede one as tags that are not in ``room``."""
    for place in range(inside):
        i = room.inside[place]
        room.number[i] = number + room.tag[i] - i


@compiled
def _tied(sync: int, time_ps: Times, channel: Channels) -> bool:
    """Whether a sync follows a tag of its own time."""
    later, earlier, after = time_ps[1:], time_ps[:-1], channel[1:]
    ties = 0
    for i in range(later.size):
        ties += later[i] == earlier[i]
    if ties:
        for i in range(later.size):
            ties -= (later[i] == earlier[i]) & (after[i] != sync)
    return ties != 0


@compiled
def _syncs_first(sync: int, time_ps: Times, channel: Channels) -> tuple[Times, Channels]:
    """The same tags with syncs before clicks of equal time."""
    times, channels = time_ps.copy(), channel.copy()
    start = 0
    while start < times.size:
        stop = start + 1
        while stop < times.size and times[stop] == times[start]:
            stop += 1
        k = start
        for syncs in (True, False):
            for i in range(start, stop):
                if (channel[i] == sync) == syncs:
                    channels[k] = channel[i]
                    k += 1
        start = stop
    return times, channels


@compiled
def _in_gates(logic: Logic, room: Room, tags: int) -> int:
    """Which tags lie in which gate; how many do."""
    after_ps, gate, inside = room.after_ps[:tags], room.gate[:tags], room.inside
    gate[:] = 0
    for g in range(logic.begin_ps.size):
        begin_ps, width_ps, code = logic.begin_ps[g], logic.width_ps[g], np.uint8(g + 1)
        for i in range(tags):
            gate[i] |= code if np.uint64(after_ps[i] - begin_ps) < width_ps else np.uint8(0)
    k = np.uint64(0)
    for i in range(np.uint64(tags)):
        inside[k] = i
        k += np.uint64(gate[i] != 0)
    return int(np.int64(k))


@compiled
def _join(logic: Logic, time_ps: Times, channel: Channels, inside: int, room: Room) -> int:
    """Join the clicks of each attempt to its pattern, from the open attempt on; the place of the last one."""
    numbers, tags, gate, after_ps = room.number, room.tag, room.gate, room.after_ps
    attempts, gates = room.attempts, np.int64(logic.begin_ps.size)
    number, pattern, clicks, first_after_ps, first_ps = attempts[0]
    k = np.uint64(0)
    for place in range(np.uint64(inside)):
        i = np.uint64(room.inside[place])
        tag = np.uint64(tags[i])
        role = logic.roles[channel[tag]]
        if role < 0:
            continue
        is_other = numbers[i] != number
        number = numbers[i]
        k += np.uint64(is_other)
        is_first = is_other | (pattern == 0)
        bit = 1 << (role * gates + gate[i] - 1)
        pattern = bit if is_first else pattern | bit
        clicks = 1 if is_first else clicks + 1
        first_after_ps = after_ps[i] if is_first else first_after_ps
        first_ps = time_ps[tag] if is_first else first_ps
        attempts[k, _NUMBER], attempts[k, _PATTERN], attempts[k, _CLICKS] = number, pattern, clicks
        attempts[k, _AFTER_PS], attempts[k, _TIME_PS] = first_after_ps, first_ps
    return int(np.int64(k))


@compiled
def _write(logic: Logic, attempts: Times, counts: Times, rows: Written, written: int) -> tuple[int, int]:
    """Count the patterns of attempts that ended, and write their rows behind the ``written`` ones; how many
    rows there are then, and how many of these attempts had clicks in gates.
    """
    attempt, outcomes, patterns, after_ps, time_ps = rows
    row, with_clicks, table = np.uint64(written), 0, logic.outcomes
    for k in range(np.uint64(attempts.shape[0])):
        pattern = np.uint64(attempts[k, _PATTERN])
        outcome = table[pattern]
        counts[pattern] += pattern != 0
        with_clicks += pattern != 0
        repeats = logic.repeats_ambiguous & (attempts[k, _CLICKS] > _bits_set(pattern))
        attempt[row] = attempts[k, _NUMBER]
        outcomes[row] = np.uint8(AMBIGUOUS) if repeats else outcome
        patterns[row] = pattern
        after_ps[row] = attempts[k, _AFTER_PS]
        time_ps[row] = attempts[k, _TIME_PS]
        row += np.uint64(outcome != NONE)
    return int(np.int64(row)), with_clicks


@compiled
def _bits_set(pattern: np.uint64) -> int:
    """Of a number below 2 ** 16."""
    pairs = (pattern & np.uint64(0x5555)) + ((pattern >> np.uint64(1)) & np.uint64(0x5555))
    fours = (pairs & np.uint64(0x3333)) + ((pairs >> np.uint64(2)) & np.uint64(0x3333))
    bytes_ = (fours & np.uint64(0x0F0F)) + ((fours >> np.uint64(4)) & np.uint64(0x0F0F))
    return int(np.int64((bytes_ & np.uint64(0xFF)) + (bytes_ >> np.uint64(8))))
