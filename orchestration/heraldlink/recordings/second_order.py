# SPDX-License-Identifier: Apache-2.0
"""``g2``: how the clicks of two channels pair up, by delay or by attempt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from heraldlink.errors import RequestError
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
from heraldlink.recordings.pair_results import AttemptG2, DelayG2
from heraldlink.recordings.source import Progress, Recording, Source, passed, recording
from heraldlink.tags.attempt_lags import AttemptLags, LagCounts
from heraldlink.tags.block import END_PS
from heraldlink.tags.coincidence import CoincidenceCount, Coincidences
from heraldlink.tags.correlation import Correlation, Correlogram
from heraldlink.tags.engine import pair_engine
from heraldlink.tags.passes import Analysis
from heraldlink.tags.pulsed import NEIGHBOURS, PulsedCorrelation, PulsedPeaks
from heraldlink.tags.singles import Singles, SinglesCount

WITHIN_PS = (500, 1000, 5000)
LAGS = range(-8, 9)
LEAST_PEAK = 0.2
"""Share of the highest peak that the usual one must have where only the pairs show a period."""


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
    ``zero`` is the peak that stands out most, or the weakest lag. RequestError says which option to give.
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
    stated = period_ps if isinstance(period_ps, int | float) else None
    window, width = _bins(opened, look, (first, second), window_ps, bin_ps)
    if indexed:
        reach_ps = max(abs(window[0]), abs(window[1]), *WITHIN_PS)
        opened = within_events(opened, look, reach_ps) if one_event else by_time(opened, look, stated)
    shown = common_period(look, first, second)
    if stated is None and shown is not None and window[1] - window[0] < 2 * shown:
        shown = None
    delays = _by_delay(opened, (first, second), (*window, width), stated or shown, zero, engine, progress)
    return replace(delays, one_event=one_event)


def _bins(
    opened: Recording,
    look: FirstLook,
    channels: tuple[int, int],
    window_ps: tuple[int, int] | None,
    bin_ps: int | None,
) -> tuple[tuple[int, int], int]:
    """Window and width of its bins: as asked for, else as the first look shows."""
    asked = pair_window(look, *channels, _duration_ps(opened, look)) if window_ps is None else window_ps
    width = pair_bin(asked, look, *channels) if bin_ps is None else bin_ps
    return whole_window(asked, width), width


def _by_delay(
    opened: Recording,
    channels: tuple[int, int],
    bins: tuple[int, int, int],
    period_ps: float | None,
    zero_ps: float | None,
    engine: str,
    progress: Progress | None,
) -> DelayG2:
    """``bins``: window and width; ``period_ps``: of pulsed light, found in the pairs without it."""
    begin, end, width = bins
    chosen, step = pair_engine(engine), opened.header.resolution_ps
    analyses: list[Analysis[object]] = [Singles(), Correlation(*channels, begin, end, width, step, chosen)]
    analyses += [Coincidences(*channels, within, step, chosen) for within in WITHIN_PS]
    if channels[0] != channels[1]:
        analyses.append(PulsedCorrelation(*channels, begin, end, period_ps, zero_ps, None, step, chosen))
    results = passed(opened, analyses, progress)
    singles = next(each for each in results if isinstance(each, SinglesCount))
    check_channels(opened, singles.clicks, channels)
    return DelayG2(
        opened.name,
        channels,
        next(each for each in results if isinstance(each, Correlogram)),
        tuple(each for each in results if isinstance(each, CoincidenceCount)),
        _credible(results, period_ps is None, zero_ps is not None),
        zero_ps is not None,
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


def _credible(results: Sequence[object], by_pairs: bool, zero_given: bool) -> PulsedPeaks | None:
    """Peaks of pulsed light; its zero is the peak that stands out most, unless it was given.

    ``by_pairs``: the period comes from the pairs alone, so that one peak of a continuous pair source could
    be taken for pulses.
    """
    peaks = next((each for each in results if isinstance(each, PulsedPeaks)), None)
    if peaks is None or zero_given:
        return peaks
    usual = float(np.median(peaks.pairs))
    if by_pairs and usual < LEAST_PEAK * float(peaks.pairs.max()):
        return None
    strongest = int(np.argmax(peaks.pairs))
    if peaks.pairs[strongest] - usual <= 2 * (usual - float(peaks.pairs.min())):
        return peaks
    places = range(max(0, strongest - NEIGHBOURS), min(peaks.pairs.size, strongest + NEIGHBOURS + 1))
    return replace(peaks, zero=strongest, side=np.array([place for place in places if place != strongest]))


def _duration_ps(opened: Recording, look: FirstLook) -> float:
    acquisition_s, tags = opened.header.acquisition_s, opened.header.tags
    if acquisition_s:
        return acquisition_s * 1e12
    return look.length_ps * max(1.0, (tags or 0) / max(1, look.channel.size))
