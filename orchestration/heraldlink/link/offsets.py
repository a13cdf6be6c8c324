# SPDX-License-Identifier: Apache-2.0
"""Do the outcomes of both ends belong together? An alarm that does not trust any counter.

The n-th outcome of one end is correlated with the n-th, and with up to `FARTHEST` earlier and later ones, of
the other end. Pairs correlate at offset 0 and nowhere else; an end whose outcomes slipped moves the peak.
Signs of ideal Bell states: ZZ -1 for both; XX and YY +1 for psi+, -1 for psi-.
"""

from collections.abc import Sequence
from math import sqrt

import msgspec

from heraldlink.messages.service import SlotBasis
from heraldlink.messages.values import Decision

FARTHEST = 3
ENOUGH = 60
"""Pairs without which nothing is said."""
ALARM = 5.0
"""Standard deviations from no correlation (of outcomes that are fair coins) at which an offset is believed:
one of six wrong offsets reaches that by chance once in 6e5 looks."""
KEPT = 400
SIGNS: dict[tuple[SlotBasis, int], int] = {
    ("ZZ", 1): -1, ("ZZ", 2): -1, ("XX", 1): 1, ("XX", 2): -1, ("YY", 1): 1, ("YY", 2): -1,
}  # fmt: skip


class Track(msgspec.Struct, frozen=True):
    """The last pairs of a request in the order of their heralds: (sign, first outcome, second outcome)."""

    pairs: tuple[tuple[int, int, int], ...] = ()


def followed(track: Track, basis: SlotBasis, decisions: Sequence[Decision]) -> Track:
    """The track with one more slot; heralds that one end did not read out are left out."""
    new = tuple(
        (sign, *decision.outcomes)
        for decision in decisions
        if (sign := SIGNS.get((basis, decision.outcome))) and all(decision.outcomes)
    )
    return Track((*track.pairs, *new)[-KEPT:])


def peak(track: Track) -> tuple[int, float]:
    """The offset at which the outcomes correlate best, and by how many standard deviations from nothing."""
    scores = {offset: score(track, offset) for offset in range(-FARTHEST, FARTHEST + 1)}
    best = max(scores, key=lambda offset: scores[offset])
    return best, scores[best]


def score(track: Track, offset: int) -> float:
    """Sum of signed products at an offset of the second end's outcomes, over its standard deviation."""
    pairs = track.pairs
    places = range(max(0, -offset), min(len(pairs), len(pairs) - offset))
    total = sum(pairs[place][0] * pairs[place][1] * pairs[place + offset][2] for place in places)
    return total / sqrt(len(places)) if places else 0.0


def alarm(track: Track) -> str:
    """Why the outcomes are suspect; empty if they are not, or if there are too few to say."""
    if len(track.pairs) < ENOUGH:
        return ""
    offset, sigmas = peak(track)
    if min(sigmas, sigmas - score(track, 0)) < ALARM:  # outcomes that are all alike correlate everywhere
        return ""
    return (
        f"outcomes of {len(track.pairs)} pairs correlate best at offset {offset:+d} ({sigmas:.1f} sigma) "
        f"instead of 0 ({score(track, 0):.1f} sigma): one end's outcomes belong to other attempts"
    )
