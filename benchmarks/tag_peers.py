# SPDX-License-Identifier: Apache-2.0
"""What others have for tags, as far as it is installed: numpy.searchsorted, pycorrelate, tttrlib, polars.

None of them takes both channels of a stream, so that what each needs is made ready before: pycorrelate and
tttrlib get two arrays of times, polars a data frame of the set. None has heralds: those of numpy and polars
are written with what a user would find there.
"""

import os
from collections.abc import Callable, Mapping
from importlib.util import find_spec

import numpy as np
from tag_sets import EARLY_PS, LATE_PS, SYNC, WINDOW_PS, WITHIN_PS, C, D, TagSet

os.environ.setdefault("POLARS_MAX_THREADS", "1")

NAMES = ("pycorrelate", "tttrlib", "polars", "ptufile")

COARSE_PS = 1000

Work = Callable[[], object]


def missing() -> list[str]:
    """Peers that are not installed."""
    return [name for name in NAMES if find_spec(name) is None]


def coincidences(tags: TagSet) -> Mapping[str, Work]:
    """Number of pairs within 500 ps; polars finds one partner for each click."""
    first, second = tags.clicks(C), tags.clicks(D)
    found: dict[str, Work] = {"numpy searchsorted": lambda: _count(first, second)}
    if find_spec("pycorrelate"):
        from pycorrelate import pcorrelate

        edges = np.array([-WITHIN_PS, WITHIN_PS + 1], dtype=np.float64)
        found["pycorrelate"] = lambda: round(pcorrelate(first, second, edges)[0] * (2 * WITHIN_PS + 1))
    if find_spec("polars"):
        import polars

        one = polars.DataFrame({"t": first}).set_sorted("t")
        other = polars.DataFrame({"t": second, "found": second}).set_sorted("t")
        found["polars join_asof (nearest)"] = lambda: (
            one.join_asof(other, on="t", strategy="nearest", tolerance=WITHIN_PS)["found"].drop_nulls().len()
        )
    return found


def correlations(tags: TagSet) -> Mapping[str, Work]:
    """Pairs by delay, in ten times fewer bins than ours; tttrlib's are of positive delays only."""
    first, second = tags.clicks(C), tags.clicks(D)
    found: dict[str, Work] = {}
    if find_spec("pycorrelate"):
        from pycorrelate import pcorrelate

        edges = np.arange(-WINDOW_PS, WINDOW_PS + 1, COARSE_PS, dtype=np.float64)
        found["pycorrelate (bins of 1 ns)"] = lambda: pcorrelate(first, second, edges)
    if find_spec("tttrlib"):
        import tttrlib

        times = [(clicks // COARSE_PS).astype(np.uint64) for clicks in (first, second)]
        weights = [np.ones(clicks.size) for clicks in (first, second)]

        def tttr() -> object:
            correlator = tttrlib.Correlator(n_bins=WINDOW_PS // COARSE_PS, n_casc=1)
            correlator.set_events(times[0], weights[0], times[1], weights[1])
            return np.array(correlator.correlation)

        found["tttrlib (bins of 1 ns, half the window)"] = tttr
    return found


def heralds(tags: TagSet) -> Mapping[str, Work]:
    """Number of attempts with one click in the early and one in the late gate, and no others."""
    found: dict[str, Work] = {"numpy searchsorted": lambda: _heralds(tags)}
    if find_spec("polars"):
        import polars

        frame = polars.DataFrame({"t": tags.time_ps, "c": tags.channel})
        found["polars"] = lambda: _polars_heralds(frame)
    return found


def ptufile_decode(whole: bytes, piece: int) -> Work | None:
    """ptufile's decoder on pieces of a PTU file's records (it does not carry overflows from one to the next,
    but is slower on many records at once)."""
    if find_spec("ptufile") is None:
        return None
    from io import BytesIO

    from ptufile import PtuFile

    file = PtuFile(BytesIO(whole))
    raw = file.read_records()
    pieces = [raw[at : at + piece] for at in range(0, raw.size, piece)]
    return lambda: sum(file.decode_records(records).size for records in pieces)


def _count(first: np.ndarray, second: np.ndarray) -> int:
    low = np.searchsorted(second, first - WITHIN_PS, side="left")
    return int((np.searchsorted(second, first + WITHIN_PS, side="right") - low).sum())


def _heralds(tags: TagSet) -> int:
    sync, is_click = tags.clicks(SYNC), tags.channel != SYNC
    times, detector = tags.time_ps[is_click], tags.channel[is_click] - C
    attempt = np.searchsorted(sync, times, side="right") - 1
    after = times - sync[attempt]
    pattern = np.zeros(sync.size, dtype=np.uint8)
    for gate, (begin, end) in enumerate((EARLY_PS, LATE_PS)):
        inside = (after >= begin) & (after < end) & (attempt >= 0)
        np.bitwise_or.at(pattern, attempt[inside], (1 << (2 * detector[inside] + gate)).astype(np.uint8))
    return int(np.isin(pattern, (0b0011, 0b1100, 0b0110, 0b1001)).sum())


def _polars_heralds(frame: object) -> int:
    import polars

    when, column = polars.when, polars.col
    after = column("t") - when(column("c") == SYNC).then(column("t")).forward_fill()
    gate = sum(
        when(after.is_between(begin, end, closed="left")).then(1 << place).otherwise(0)
        for place, (begin, end) in enumerate((EARLY_PS, LATE_PS))
    )
    clicks = (
        frame.lazy()
        .select((column("c") == SYNC).cum_sum().alias("attempt"), column("c"), gate.alias("gate"))
        .filter((column("c") != SYNC) & (column("gate") > 0) & (column("attempt") > 0))
        .with_columns((column("gate") * when(column("c") == D).then(4).otherwise(1)).alias("bit"))
    )
    patterns = clicks.group_by("attempt").agg(column("bit").unique().sum())
    return patterns.filter(column("bit").is_in([0b0011, 0b1100, 0b0110, 0b1001])).collect().height
