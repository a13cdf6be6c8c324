# SPDX-License-Identifier: Apache-2.0
"""Which ids of an end node's life the midpoint believes.

A life's id is the time at which it began, ns since 1970, so that it grows from life to life
(`machines.next_boot`): a message with a smaller one than was heard is of a former life.
"""

from datetime import UTC, datetime

MOST_AHEAD_NS = 10 * 366 * 86_400 * 10**9
"""Clocks may be wrong by years. An id beyond that is no time, and would lock its node out for ever."""
LATEST_S = 253_402_300_799
"""The end of the year 9999."""


def doubt(node: str, boot: int, known: int, clock_ns: int, midpoint: str, other: str) -> str:
    """Why a message of the life ``boot`` is not taken, with the remedy; "" if it is.

    ``known``: the greatest id that was believed, 0 if none; ``clock_ns``: the midpoint's time, ns since 1970;
    ``other``: the other end node, which knows that id too.
    """
    begun = f"node {node} says that its life began on {utc(boot)}"
    if boot > clock_ns + MOST_AHEAD_NS:
        return (
            f"{begun}, but by the clock of node {midpoint} it is {utc(clock_ns)}: set the wrong clock right, "
            f"and start {node} with a new data directory if it was its own"
        )
    if boot < known:
        return (
            f"{begun}, but a life of it that began on {utc(known)} was heard: its clock was set back and its "
            f"data directory is new, or two processes run as {node}: end the other one, or set the clock of "
            f"{node} right and restart it; if the later time is the wrong one, restart {midpoint} and {other}"
        )
    return ""


def utc(boot: int) -> str:
    """The time that an id is, to the minute."""
    return f"{datetime.fromtimestamp(min(max(boot, 0) // 10**9, LATEST_S), UTC):%Y-%m-%d %H:%M} UTC"
