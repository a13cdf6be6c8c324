# SPDX-License-Identifier: Apache-2.0
"""What a recording holds and how its clicks pair up, ready for JSON."""

from pathlib import Path

import numpy as np

from heraldlink.errors import RequestError
from heraldlink.tags.attempt_lags import common_attempts
from heraldlink.tags.correlation import Correlogram
from heraldlink.tags.engine_numpy import count_pairs, histogram
from heraldlink.tags.live_time import Live
from heraldlink.tags.ptu import read_ptu
from heraldlink.tags.pulsed import pulsed_peaks
from heraldlink.tags.recording import Recording, Times

WITHIN_PS = (500, 1000, 5000)
LAGS = range(5)


def info(path: str | Path) -> dict[str, object]:
    """What a PTU file holds: mode, resolution, counts by channel, overflow records, smallest gap (T2).

    Raises DataError if the file is missing, foreign or truncated.
    """
    recording = read_ptu(path)
    found: dict[str, object] = {
        "file": str(path),
        "mode": recording.mode,
        "resolution_ps": recording.resolution_ps,
        "acquisition_s": recording.acquisition_s,
        "records": recording.records,
        "overflow_records": recording.overflows,
        "markers": recording.markers,
        "tags": sum(recording.counts.values()),
        "channels": {str(channel): count for channel, count in recording.counts.items()},
    }
    if recording.mode == "T2":
        found["smallest_gap_ps"] = recording.smallest_gap_ps
    else:
        found["sync_rate_Hz"] = recording.sync_rate_Hz
    return found


def g2(
    path: str | Path,
    first: int = 0,
    second: int = 1,
    begin_ps: int = -50_000,
    end_ps: int = 50_000,
    bin_ps: int = 500,
) -> dict[str, object]:
    """How two channels' clicks pair up; all pairs count, bins are [lo, hi).

    T2: pairs with begin <= t_second - t_first < end, their histogram, coincidences within 0.5, 1 and 5 ns
    (|dt| <= w), and for a pulsed source the weakest peak against its neighbours. T3: attempts in which both
    clicked, by the attempts between them. Raises DataError (file) and RequestError (channel, window).
    """
    recording = read_ptu(path)
    for channel in (first, second):
        if channel not in recording.counts:
            held = ", ".join(map(str, recording.counts)) or "none"
            raise RequestError(f"{path}: channel {channel} has no clicks (channels with clicks: {held})")
    found: dict[str, object] = {"file": str(path), "mode": recording.mode, "channels": [first, second]}
    if recording.mode == "T3":
        return found | _attempts(recording.syncs[first], recording.syncs[second])
    return found | _pairs(recording, first, second, (begin_ps, end_ps, bin_ps))


def _attempts(first: Times, second: Times) -> dict[str, object]:
    return {
        "clicks": [int(first.size), int(second.size)],
        "common_attempts_by_lag": {str(lag): common_attempts(first, second, lag) for lag in LAGS},
    }


def _pairs(recording: Recording, first: int, second: int, window: tuple[int, int, int]) -> dict[str, object]:
    begin_ps, end_ps, bin_ps = window
    a, b = recording.times_ps[first], recording.times_ps[second]
    itself = a.size if first == second else 0
    counts = histogram(a, b, begin_ps, end_ps, bin_ps)
    if itself and begin_ps <= 0 < end_ps:
        counts[-begin_ps // bin_ps] -= itself
    found: dict[str, object] = {
        "clicks": [int(a.size), int(b.size)],
        "begin_ps": begin_ps,
        "end_ps": end_ps,
        "bin_ps": bin_ps,
        "pairs": count_pairs(a, b, begin_ps, end_ps) - (itself if begin_ps <= 0 < end_ps else 0),
        "coincidences_within_ps": {
            str(width): count_pairs(a, b, -width, width + 1) - itself for width in WITHIN_PS
        },
        "histogram": counts.tolist(),
    }
    if itself:
        return found
    fine = histogram(a, b, begin_ps, end_ps, 1)
    edges = np.arange(begin_ps, end_ps + 1)
    none = np.empty(0, np.int64)
    dip = pulsed_peaks(Correlogram(edges, fine, np.zeros(fine.size), (a.size, b.size), Live(none, none)))
    if dip:
        found["pulsed"] = {
            "period_ps": round(dip.period_ps, 2),
            "dip_ps": round(float(dip.position_ps[dip.zero]), 1),
            "dip_pairs": int(dip.pairs[dip.zero]),
            "side_peak_pairs": round(dip.side_pairs, 2),
            "g2": dip.g2.value,
        }
    return found
