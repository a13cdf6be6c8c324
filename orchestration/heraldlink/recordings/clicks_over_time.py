# SPDX-License-Identifier: Apache-2.0
"""``rates``: clicks per second of each channel over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heraldlink.errors import RequestError
from heraldlink.recordings.choices import nice_ps
from heraldlink.recordings.first_look import FirstLook, first_look
from heraldlink.recordings.source import Progress, Recording, Source, passed, recording
from heraldlink.tags.block import END_PS, Block, Gap, IndexedBlock
from heraldlink.tags.rates import Rates, RateTable

if TYPE_CHECKING:
    from xarray import Dataset

WRONG_PERIOD = 0.01
"""Share of clicks later than the reference period that makes it incredible."""

BINS = 200
"""Bins of a recording, about, where no width is asked for."""


@dataclass(frozen=True, eq=False)
class ClicksOverTime:
    """Clicks of each channel in bins of ``bin_ps``."""

    name: str
    bin_ps: int
    table: RateTable

    @property
    def listened(self) -> NDArray[np.bool_]:
        """Bins of which at least half was live: rates of the others rest on too short a time."""
        return self.table.live_ps >= self.bin_ps / 2

    def summary(self) -> dict[str, object]:
        """Plain values."""
        table = self.table
        rows = {
            str(channel): {
                "clicks": int(table.clicks[row].sum()),
                "mean_Hz": _mean(table.clicks[row].sum(), table.live_ps.sum()),
                "lowest_Hz": _least(table.rate[row][self.listened]),
                "highest_Hz": None
                if (negative := _least(-table.rate[row][self.listened])) is None
                else -negative,
            }
            for row, channel in enumerate(table.channels)
        }
        return {
            "file": self.name,
            "bin_ps": self.bin_ps,
            "bins": int(table.live_ps.size),
            "begin_ps": int(table.edges_ps[0]) if table.edges_ps.size else None,
            "live_s": float(table.live_ps.sum() * 1e-12),
            "channels": rows,
            "live_ps": table.live_ps.tolist(),
            "clicks": {
                str(channel): table.clicks[row].tolist() for row, channel in enumerate(table.channels)
            },
        }

    def to_xarray(self) -> Dataset:
        """Clicks, rate and its error over (channel, time_ps), live time over time_ps (begin of each bin)."""
        import xarray

        axes = ("channel", "time_ps")
        table = self.table
        return xarray.Dataset(
            {
                "clicks": (axes, table.clicks),
                "rate": (axes, table.rate, {"units": "1/s"}),
                "sigma": (axes, table.sigma, {"units": "1/s"}),
                "live_ps": ("time_ps", table.live_ps),
            },
            {"channel": list(table.channels), "time_ps": ("time_ps", table.edges_ps[:-1], {"units": "ps"})},
            {"file": self.name, "bin_ps": self.bin_ps},
        )


def rates(
    source: Source,
    bin_ps: int | None = None,
    channels: Sequence[int] | None = None,
    period_ps: float | None = None,
    progress: Progress | None = None,
) -> ClicksOverTime:
    """Rates of ``channels`` (all without them) in bins of ``bin_ps`` (about 200 bins without it).

    Tags after reference events need ``period_ps`` between these, unless the recording has it. Raises
    RequestError if it is not there or cannot be right, and for more bins than
    `heraldlink.tags.rates.MOST_BINS`.
    """
    opened = recording(source)
    width = bin_ps if bin_ps is not None else _width(opened, first_look(opened))
    counted = Rates(width, channels)
    (table,) = passed(
        opened, [counted if opened.header.kind == "times" else Timed(opened, counted, period_ps)], progress
    )
    if period_ps is None and opened.found.get("beyond_period", 0) > WRONG_PERIOD * int(table.clicks.sum()):
        raise RequestError(
            f"{opened.name}: clicks come later than the next reference event, so its own period is wrong and"
            " there is no time: give --period PS"
        )
    return ClicksOverTime(opened.name, width, table)


class Timed:
    """Analysis of tags after reference events by their times: index times period, to a step of its clock."""

    def __init__(self, source: Recording, analysis: Rates, period_ps: float | None) -> None:
        period_ps = period_ps or source.header.reference_period_ps
        if period_ps is None:
            raise RequestError(f"{source.name}: the period of its reference events is unknown: give --period")
        self._period_ps, self._analysis = period_ps, analysis

    def push(self, block: Block | IndexedBlock) -> None:
        """Take the next block."""
        if isinstance(block, IndexedBlock):
            time = np.rint(block.index * self._period_ps).astype(np.int64)
            gaps = tuple(
                Gap(self._time(gap.begin_ps), self._time(gap.end_ps), gap.reason) for gap in block.gaps
            )
            block = Block(time, block.channel, self._time(block.until_index), gaps)
        self._analysis.push(block)

    def finish(self) -> RateTable:
        """The table."""
        return self._analysis.finish()

    def _time(self, index: int) -> int:
        return max(-END_PS, min(END_PS, round(index * self._period_ps)))


def _width(opened: Recording, look: FirstLook) -> int:
    acquisition_s, tags = opened.header.acquisition_s, opened.header.tags
    if acquisition_s:
        return nice_ps(acquisition_s * 1e12 / BINS)
    if look.length_ps:
        return nice_ps(look.length_ps * max(1.0, (tags or 0) / max(1, look.channel.size)) / BINS)
    return 10**12


def _mean(clicks: np.int64, live_ps: np.int64) -> float | None:
    return float(clicks / live_ps * 1e12) if live_ps else None


def _least(rate: NDArray[np.float64]) -> float | None:
    return float(rate.min()) if rate.size else None
