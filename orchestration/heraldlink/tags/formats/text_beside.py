# SPDX-License-Identifier: Apache-2.0
"""Texts with a channel in each column: the tags of the columns as one stream."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import DataError
from heraldlink.tags.block import END_PS, Times
from heraldlink.tags.formats.fixed import STEP_BACK_PS
from heraldlink.tags.formats.stored import Piece
from heraldlink.tags.formats.text_table import Table


class _Ordered(NamedTuple):
    """Of a column: its times, the largest up to each row, and which of them are tags."""

    time_ps: Times
    highest_ps: Times
    there: NDArray[np.bool_]


def side_by_side(table: Table, found: dict[str, int], size: int, tolerance_ps: int) -> Iterator[Piece]:
    """The tags of all columns, merged; a column that runs ahead is held until the others have come as far.

    Zeros below later times fill a column that is shorter than the others: no tags. Raises DataError where a
    column steps back by more than ``tolerance_ps``, after the tags as far as all columns were known.
    """
    places = [place for place, role in enumerate(table.columns.roles) if role == "time"]
    held = [np.empty(0, dtype=np.int64) for _ in places]
    latest = [-1] * len(places)
    back_ps = max(STEP_BACK_PS, tolerance_ps)
    row = 0
    try:
        for columns in table.arrays(size):
            ordered = [_ordered(columns[place], last) for place, last in zip(places, latest, strict=True)]
            good, problem = _good_rows(ordered, tolerance_ps)
            for each, (time_ps, highest_ps, there) in enumerate(ordered):
                held[each] = np.concatenate((held[each], time_ps[:good][there[:good]]))
                latest[each] = max([latest[each], *highest_ps[:good][-1:].tolist()])
                if zeros := int(np.count_nonzero((time_ps[:good] == 0) & ~there[:good])):
                    found["zeros_that_fill"] = found.get("zeros_that_fill", 0) + zeros
            if problem:
                raise DataError(f"row {row + good} {problem}")
            row += good
            yield _merged(held, table.channels.beside, min(latest) - back_ps)
    except DataError:
        known = min((last for last in latest if last >= 0), default=-1)
        yield _merged(held, table.channels.beside, known + 1)
        raise
    yield _merged(held, table.channels.beside, END_PS)


def _ordered(time_ps: Times, latest_ps: int) -> _Ordered:
    highest_ps = np.maximum(np.maximum.accumulate(time_ps), latest_ps)
    return _Ordered(time_ps, highest_ps, (time_ps > 0) | ((time_ps == 0) & (highest_ps <= 0)))


def _good_rows(ordered: Sequence[_Ordered], tolerance_ps: int) -> tuple[int, str]:
    """How many rows precede the first step back that is too large, and what is wrong with it."""
    good, problem = ordered[0].time_ps.size, ""
    for column, (time_ps, highest, there) in enumerate(ordered):
        bad = np.flatnonzero(there & (highest - time_ps > tolerance_ps))
        if bad.size and bad[0] < good:
            good = int(bad[0])
            back_ps = int(highest[good] - time_ps[good])
            problem = (
                f"steps back by {back_ps} ps in column {column + 1} of times: give option sort=yes to read"
                f" the text whole and sort it, or tolerance={back_ps}"
            )
    return good, problem


def _merged(held: list[Times], numbers: Sequence[int], until_ps: int) -> Piece:
    """What of the columns comes before a time, in order; it is taken out of them."""
    ready = [times < until_ps for times in held]
    time_ps = np.concatenate([times[now] for times, now in zip(held, ready, strict=True)])
    channel = np.repeat(np.array(numbers, dtype=np.int16), [int(np.count_nonzero(now)) for now in ready])
    for each, now in enumerate(ready):
        held[each] = held[each][~now]
    order = np.argsort(time_ps, kind="stable")
    return Piece(time_ps[order], channel[order])
