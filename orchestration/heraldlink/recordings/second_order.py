# SPDX-License-Identifier: Apache-2.0
"""``g2``: how the clicks of two channels pair up, by delay or by attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heraldlink.calibration.measured import Measured
from heraldlink.errors import DataError, RequestError
from heraldlink.heralding.by_attempt import ByAttempt
from heraldlink.recordings.attempt_choice import Period, chosen_attempts
from heraldlink.recordings.choices import (
    check_channels,
    common_period,
    pair_bin,
    pair_window,
    two_channels,
    whole_window,
)
from heraldlink.recordings.first_look import FirstLook, first_look
from heraldlink.recordings.one_axis import by_time, irregular, within_events
from heraldlink.recordings.source import Progress, Recording, Source, passed, recording
from heraldlink.tags.attempt_lags import AttemptLags, LagCounts
from heraldlink.tags.block import END_PS
from heraldlink.tags.coincidence import CoincidenceCount, Coincidences
from heraldlink.tags.correlation import Correlation, Correlogram
from heraldlink.tags.engine import pair_engine
from heraldlink.tags.passes import Analysis
from heraldlink.tags.pulsed import PulsedCorrelation, PulsedPeaks
from heraldlink.tags.singles import Singles, SinglesCount

if TYPE_CHECKING:
    from xarray import Dataset

WITHIN_PS = (500, 1000, 5000)
LAGS = range(-8, 9)


@dataclass(frozen=True, eq=False)
class DelayG2:
    """Pairs by delay t_second - t_first: all pairs, bins [lo, hi); ``pulsed``: peaks of a pulsed source.

    ``within``: coincidences |dt| <= w of the same two channels. ``one_event``: pairs of one reference event
    only, at unknown distances in time, so that nothing is expected of unrelated clicks.
    """

    name: str
    channels: tuple[int, int]
    correlogram: Correlogram
    within: tuple[CoincidenceCount, ...]
    pulsed: PulsedPeaks | None
    zero_given: bool
    one_event: bool = False

    def summary(self) -> dict[str, object]:
        """Plain values."""
        edges, pairs = self.correlogram.edges_ps, self.correlogram.pairs
        found: dict[str, object] = {
            "file": self.name,
            "channels": list(self.channels),
            "clicks": list(self.correlogram.clicks),
            "begin_ps": int(edges[0]),
            "end_ps": int(edges[-1]),
            "bin_ps": int(edges[1] - edges[0]),
            "pairs": int(pairs.sum()),
            "expected_pairs": None if self.one_event else float(self.correlogram.expected.sum()),
            "coincidences_within_ps": {str(each.within_ps): each.pairs for each in self.within},
            "highest": self._bin(int(np.argmax(pairs))),
            "lowest": self._bin(int(np.argmin(pairs))),
            "advice": self.advice(),
        }
        if self.pulsed is not None:
            found["pulsed"] = _peaks(self.pulsed)
        return found | {
            "histogram": pairs.tolist(),
            "g2": None if self.one_event else _finite(self.correlogram.g2),
            "g2_sigma": None if self.one_event else _finite(self.correlogram.sigma),
        }

    def advice(self) -> str:
        """What the histogram shows, in a sentence."""
        begin = "pairs within one reference event only, since these come at unknown distances; "
        begin = begin if self.one_event else ""
        if self.pulsed is not None and not self.zero_given:
            return begin + (
                "pulsed; the weakest peak is taken for zero delay, which is right for antibunched light only:"
                " give --zero PS if you know it"
            )
        if self.one_event:
            return begin + "g2 only by the peaks of pulsed light"
        expected, pairs = self.correlogram.expected, self.correlogram.pairs
        excess = (pairs - expected) / np.sqrt(np.maximum(expected, 1))
        if self.pulsed is None and not np.any(np.abs(excess) > 5):
            return (
                "nothing stands out by five standard errors: a longer delay between the channels needs a"
                " wider --window, or --delays"
            )
        return ""

    def to_xarray(self) -> Dataset:
        """Pairs, expected, g2 and its error over delay_ps (the bins' middles)."""
        import xarray

        found = self.correlogram
        middles = (found.edges_ps[:-1] + found.edges_ps[1:]) / 2
        columns: dict[str, NDArray[np.int64] | NDArray[np.float64]] = {"pairs": found.pairs}
        if not self.one_event:
            columns |= {"expected": found.expected, "g2": found.g2, "sigma": found.sigma}
        return xarray.Dataset(
            {name: ("delay_ps", values) for name, values in columns.items()},
            {"delay_ps": ("delay_ps", middles, {"units": "ps"})},
            {
                "file": self.name,
                "channels": list(self.channels),
                "bin_ps": int(found.edges_ps[1] - found.edges_ps[0]),
            },
        )

    def _bin(self, place: int) -> dict[str, object]:
        found = self.correlogram
        nan = float("nan")
        known = (nan, nan) if self.one_event else (found.g2[place], found.sigma[place])
        g2, sigma = map(float, known)
        return {
            "begin_ps": int(found.edges_ps[place]),
            "pairs": int(found.pairs[place]),
            "g2": g2 if np.isfinite(g2) else None,
            "sigma": sigma if np.isfinite(sigma) else None,
        }


@dataclass(frozen=True, eq=False)
class AttemptG2:
    """Attempts in which both channels clicked, by the attempts between the clicks."""

    name: str
    channels: tuple[int, int]
    attempts: str
    lags: LagCounts
    zero: int

    @property
    def g2(self) -> Measured | None:
        """Attempts of lag ``zero`` over the mean of the others; None if there are none."""
        try:
            return self.lags.g2(self.zero)
        except DataError:
            return None

    def summary(self) -> dict[str, object]:
        """Plain values."""
        g2 = self.g2
        pairs = zip(self.lags.lag.tolist(), self.lags.both.tolist(), strict=True)
        return {
            "file": self.name,
            "channels": list(self.channels),
            "attempts_by": self.attempts,
            "clicks": list(self.lags.clicks),
            "common_attempts_by_lag": {str(lag): both for lag, both in pairs},
            "zero_lag": self.zero,
            "g2": None if g2 is None else g2.value,
            "g2_sigma": None if g2 is None else g2.sigma,
        }

    def to_xarray(self) -> Dataset:
        """Common attempts over lag."""
        import xarray

        about = {"file": self.name, "channels": list(self.channels), "zero_lag": self.zero}
        return xarray.Dataset({"both": ("lag", self.lags.both)}, {"lag": self.lags.lag}, about)


def g2(
    source: Source,
    channels: Sequence[int] | None = None,
    window_ps: tuple[int, int] | None = None,
    bin_ps: int | None = None,
    period_ps: Period = None,
    zero: float | None = None,
    sync: int | None = None,
    lags: range = LAGS,
    gate_ps: tuple[int, int] | None = None,
    engine: str = "auto",
    progress: Progress | None = None,
) -> DelayG2 | AttemptG2:
    """How the clicks of two channels pair up, all pairs.

    Tags with times: by delay in [window) and bins [lo, hi), for pulsed light also by peak (``zero``: delay of
    the peak at zero in ps). Tags after reference events, or with ``sync``: by attempts between the clicks
    (``zero``: lag of one pulse), of clicks within ``gate_ps`` after the reference; with ``window_ps`` by
    delay all the same, and where events come at unknown distances by the delay within one event. Not given,
    ``zero`` is the weakest. Raises RequestError that names the option to give where channels cannot be
    chosen.
    """
    opened = recording(source)
    look = first_look(opened)
    first, second = two_channels(opened, look, channels)
    indexed = opened.header.kind == "indexed"
    one_event = indexed and gate_ps is None and period_ps is None and irregular(opened, look)
    if sync is not None or (indexed and not one_event and (window_ps is None or gate_ps is not None)):
        return _by_attempt(opened, look, (first, second), sync, period_ps, lags, gate_ps, zero, progress)
    if gate_ps is not None:
        raise RequestError("gates are times after an attempt's reference event: give --sync as well")
    period = period_ps if isinstance(period_ps, int | float) else common_period(look, first, second)
    if period is not period_ps and period and window_ps and window_ps[1] - window_ps[0] < 2 * period:
        period = None
    if window_ps is None:
        window_ps = pair_window(look, first, second, _duration_ps(opened, look))
    width = pair_bin(window_ps, look) if bin_ps is None else bin_ps
    window = whole_window(window_ps, width)
    if indexed:
        reach_ps = max(abs(window[0]), abs(window[1]), *WITHIN_PS)
        stated = period_ps if isinstance(period_ps, int | float) else None
        opened = within_events(opened, look, reach_ps) if one_event else by_time(opened, look, stated)
    chosen, step = pair_engine(engine), opened.header.resolution_ps
    counts: list[Analysis[object]] = [
        Coincidences(first, second, within, step, chosen) for within in WITHIN_PS
    ]
    correlation = Correlation(first, second, *window, width, step, chosen)
    analyses: list[Analysis[object]] = [Singles(), correlation, *counts]
    if first != second:
        analyses.append(PulsedCorrelation(first, second, *window, period, zero, None, step, chosen))
    results = passed(opened, analyses, progress)
    singles = next(each for each in results if isinstance(each, SinglesCount))
    check_channels(opened, singles.clicks, (first, second))
    return DelayG2(
        opened.name,
        (first, second),
        next(each for each in results if isinstance(each, Correlogram)),
        tuple(each for each in results if isinstance(each, CoincidenceCount)),
        next((each for each in results if isinstance(each, PulsedPeaks)), None),
        zero is not None,
        one_event,
    )


def _by_attempt(
    opened: Recording,
    look: FirstLook,
    channels: tuple[int, int],
    sync: int | None,
    period_ps: Period,
    lags: range,
    gate_ps: tuple[int, int] | None,
    zero: float | None,
    progress: Progress | None,
) -> AttemptG2:
    chosen = chosen_attempts(opened, look, sync, period_ps)
    gate = (-END_PS, END_PS) if gate_ps is None else gate_ps
    if channels[0] == channels[1]:
        raise RequestError(
            f"channel {channels[0]} with itself: in one attempt it coincides with itself always"
        )
    counted = AttemptLags(*channels, lags, gate)
    by_attempt = counted if opened.header.kind == "indexed" else ByAttempt(chosen.strategy, counted)
    analyses: list[Analysis[object]] = [Singles(), by_attempt]
    singles, found = passed(opened, analyses, progress)
    if not isinstance(singles, SinglesCount) or not isinstance(found, LagCounts):
        raise TypeError(f"{type(found).__name__} is not what the analysis gives")
    check_channels(opened, singles.clicks, channels)
    weakest = int(found.lag[int(np.argmin(found.both))]) if zero is None else round(zero)
    return AttemptG2(opened.name, channels, chosen.described, found, weakest)


def _duration_ps(opened: Recording, look: FirstLook) -> float:
    acquisition_s, tags = opened.header.acquisition_s, opened.header.tags
    if acquisition_s:
        return acquisition_s * 1e12
    return look.length_ps * max(1.0, (tags or 0) / max(1, look.channel.size))


def _peaks(found: PulsedPeaks) -> dict[str, object]:
    return {
        "period_ps": round(found.period_ps, 2),
        "window_ps": ceil(found.window_ps),
        "dip_ps": round(float(found.position_ps[found.zero]), 1),
        "dip_pairs": int(found.pairs[found.zero]),
        "side_peak_pairs": round(found.side_pairs, 2),
        "g2": found.g2.value,
        "g2_sigma": found.g2.sigma,
    }


def _finite(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[float | None]:
    return [float(each) if np.isfinite(each) else None for each in values]
