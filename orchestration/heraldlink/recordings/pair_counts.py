# SPDX-License-Identifier: Apache-2.0
"""``coincidences``: how often two channels click together, for every pair of channels asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import TYPE_CHECKING, cast

import numpy as np

from heraldlink.errors import RequestError
from heraldlink.heralding.heralded_g2 import HeraldedCounts, HeraldedG2
from heraldlink.recordings.choices import check_channels
from heraldlink.recordings.delay_search import delay_advice
from heraldlink.recordings.first_look import FirstLook, first_look
from heraldlink.recordings.one_axis import by_time
from heraldlink.recordings.source import Progress, Recording, Source, passed, recording
from heraldlink.tags.coincidence import CoincidenceCount, Coincidences, MatchedPairs
from heraldlink.tags.engine import pair_engine
from heraldlink.tags.passes import Analysis
from heraldlink.tags.singles import Singles, SinglesCount

if TYPE_CHECKING:
    from xarray import Dataset

WITHIN_PS = (500, 1000, 5000)
MOST_CHANNELS = 8
"""Detectors of which all pairs are counted without being asked."""


@dataclass(frozen=True, eq=False)
class PairCounts:
    """``counts`` by (first, second channel) and width, in order. ``rule``: all pairs, or one-to-one.

    ``heralded``: counts of g2 of the second and third channel heralded by the first, by width, if asked for.
    """

    name: str
    rule: str
    channels: tuple[tuple[int, int], ...]
    within_ps: tuple[int, ...]
    counts: tuple[CoincidenceCount, ...]
    heralded: tuple[HeraldedCounts, ...] = ()
    herald: int | None = None
    advice: tuple[str, ...] = ()

    def of(self, first: int, second: int, within_ps: int) -> CoincidenceCount:
        """One count. Raises KeyError."""
        place = self.channels.index((first, second)) * len(self.within_ps) + self.within_ps.index(within_ps)
        return self.counts[place]

    def summary(self) -> dict[str, object]:
        """Plain values."""
        rows = [
            {
                "channels": list(pair),
                "within_ps": within,
                "coincidences": count.pairs,
                "sigma": sqrt(max(1, count.pairs)),
                "accidental": count.accidental,
                "ratio": count.pairs / count.accidental if count.accidental else None,
                "per_second": count.pairs / count.live.total_ps * 1e12 if count.live.total_ps else None,
                "clicks": list(count.clicks),
            }
            for (pair, within), count in zip(self._cells(), self.counts, strict=True)
        ]
        found: dict[str, object] = {
            "file": self.name,
            "rule": self.rule,
            "pairs": rows,
            "advice": "; ".join(self.advice),
        }
        if self.heralded:
            found["heralded_g2"] = [
                _heralded(within, count) for within, count in zip(self.within_ps, self.heralded, strict=True)
            ]
        return found

    def to_xarray(self) -> Dataset:
        """Coincidences and accidentals over (pair, within_ps)."""
        import xarray

        shape = (len(self.channels), len(self.within_ps))
        pairs = np.array([count.pairs for count in self.counts], dtype=np.int64).reshape(shape)
        accidental = np.array([count.accidental for count in self.counts]).reshape(shape)
        axes = ("pair", "within_ps")
        first, second = np.array(self.channels, dtype=np.int64).reshape(-1, 2).T
        return xarray.Dataset(
            {"coincidences": (axes, pairs), "accidental": (axes, accidental)},
            {"first": ("pair", first), "second": ("pair", second), "within_ps": list(self.within_ps)},
            {"file": self.name, "rule": self.rule},
        )

    def _cells(self) -> list[tuple[tuple[int, int], int]]:
        return [(pair, within) for pair in self.channels for within in self.within_ps]


def coincidences(
    source: Source,
    channels: Sequence[int] | None = None,
    within_ps: Sequence[int] = WITHIN_PS,
    one_to_one: bool = False,
    herald: int | None = None,
    engine: str = "auto",
    progress: Progress | None = None,
) -> PairCounts:
    """Coincidences |dt| <= within of every pair of ``channels`` (all detectors without them), in one pass.

    All pairs of clicks count, or with ``one_to_one`` each click in one pair. ``herald``: a channel; the g2 of
    the first two ``channels`` heralded by it is counted too. Tags after reference events are counted by the
    stated distance of these. Raises RequestError where that is wrong, and for too many or silent channels.
    """
    opened = recording(source)
    look = first_look(opened)
    opened = by_time(opened, look)
    wanted = tuple(channels) if channels is not None else _detectors(opened, look, herald)
    pairs = tuple(combinations(wanted, 2)) or tuple((channel, channel) for channel in wanted)
    if not pairs or not within_ps:
        raise RequestError(f"{opened.name}: no channels or no widths to count coincidences of")
    step, chosen = opened.header.resolution_ps, pair_engine(engine)
    kind: Callable[..., Analysis[object]] = MatchedPairs if one_to_one else Coincidences
    counted = [kind(first, second, within, step, chosen) for first, second in pairs for within in within_ps]
    triples = [] if herald is None else _triples(herald, wanted, within_ps)
    singles, *results = passed(opened, [Singles(), *counted, *triples], progress)
    check_channels(opened, cast("SinglesCount", singles).clicks, wanted)
    found = cast("tuple[CoincidenceCount, ...]", tuple(results[: len(counted)]))
    return PairCounts(
        opened.name,
        "each click in one pair" if one_to_one else "all pairs",
        pairs,
        tuple(within_ps),
        found,
        cast("tuple[HeraldedCounts, ...]", tuple(results[len(counted) :])),
        herald,
        _advice(look, pairs, found),
    )


def _detectors(opened: Recording, look: FirstLook, herald: int | None) -> tuple[int, ...]:
    found = look.detectors(() if herald is None else (herald,))
    if len(found) > MOST_CHANNELS:
        raise RequestError(f"{opened.name}: {len(found)} detectors click; choose with --channels A,B,...")
    return found


def _advice(
    look: FirstLook, pairs: tuple[tuple[int, int], ...], counts: tuple[CoincidenceCount, ...]
) -> tuple[str, ...]:
    """Delays of the pairs that do not stand out within any of the widths."""
    each = len(counts) // len(pairs)
    said: list[str] = []
    for place, pair in enumerate(pairs):
        here = counts[place * each : (place + 1) * each]
        if not any(count.pairs > count.accidental + 7 * sqrt(max(1, count.accidental)) for count in here):
            said.append(delay_advice(look, *pair, far=len(pairs) == 1))
    return tuple(each for each in said if each)


def _triples(herald: int, channels: Sequence[int], within_ps: Sequence[int]) -> list[Analysis[object]]:
    if len(channels) != 2:
        raise RequestError(
            f"a heralded g2 is of two channels, not {len(channels)}: give --channels SECOND,THIRD"
        )
    return [HeraldedG2(herald, channels[0], channels[1], (-within, within + 1)) for within in within_ps]


def _heralded(within_ps: int, count: HeraldedCounts) -> dict[str, object]:
    known = count.g2 if count.second and count.third else None
    return {
        "within_ps": within_ps,
        "heralds": count.heralds,
        "with_second": count.second,
        "with_third": count.third,
        "with_both": count.both,
        "g2": None if known is None else known.value,
        "g2_sigma": None if known is None else known.sigma,
    }
