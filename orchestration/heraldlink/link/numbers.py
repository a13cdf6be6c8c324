# SPDX-License-Identifier: Apache-2.0
"""Which mhp_seq a node has a decision for: all below ``following``, but for the holes."""

from collections.abc import Iterable

Holes = tuple[tuple[int, int], ...]
"""Ranges (low, high), both included, in order."""


def taken(following: int, holes: Holes, number: int) -> tuple[bool, int, Holes]:
    """Take one number; whether it is new, and what is known afterwards.

    ``following`` is one more than the highest number taken; a number beyond it leaves a hole before itself.
    """
    if number >= following:
        gap = ((following, number - 1),) if number > following else ()
        return True, number + 1, (*holes, *gap)
    for place, (low, high) in enumerate(holes):
        if low <= number <= high:
            parts = tuple(part for part in ((low, number - 1), (number + 1, high)) if part[0] <= part[1])
            return True, following, (*holes[:place], *parts, *holes[place + 1 :])
    return False, following, holes


def after(numbers: Iterable[int]) -> tuple[int, Holes]:
    """What is known once all these numbers (from 1) were taken, in any order."""
    following = 1
    holes: Holes = ()
    for number in sorted(numbers):
        _, following, holes = taken(following, holes, number)
    return following, holes
