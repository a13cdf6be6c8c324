# SPDX-License-Identifier: Apache-2.0
"""What ``g2`` finds: pairs by delay, or attempts by lag."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from heraldlink.calibration.measured import Measured
from heraldlink.errors import DataError
from heraldlink.recordings.pair_peak import PairPeak, pair_peak
from heraldlink.tags.attempt_lags import LagCounts
from heraldlink.tags.coincidence import CoincidenceCount
from heraldlink.tags.correlation import Correlogram
from heraldlink.tags.pulsed import PulsedPeaks

if TYPE_CHECKING:
    from xarray import Dataset


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
            "bin_ps": self.bin_ps,
            "pairs": int(pairs.sum()),
            "expected_pairs": None if self.one_event else float(self.correlogram.expected.sum()),
            "coincidences_within_ps": {str(each.within_ps): each.pairs for each in self.within},
            "highest": self._bin(int(np.argmax(pairs))),
            "lowest": self._bin(int(np.argmin(pairs))),
            "advice": self.advice(),
        }
        if self.pulsed is not None:
            found["pulsed"] = _peaks(self.pulsed)
        if (peak := self.peak) is not None:
            found["peak"] = peak.summary()
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
            strongest = self.pulsed.pairs[self.pulsed.zero] == self.pulsed.pairs.max()
            which, light = ("strongest", "bunched") if strongest else ("weakest", "antibunched")
            return begin + (
                f"pulsed; the {which} peak is taken for zero delay, which is right for {light} light only:"
                " give --zero PS if you know it"
            )
        if self.one_event:
            return begin + "g2 only by the peaks of pulsed light"
        expected, pairs = self.correlogram.expected, self.correlogram.pairs
        excess = (pairs - expected) / np.sqrt(np.maximum(expected, 1))
        peak = self.peak
        if peak is None and not np.any(np.abs(excess) > 5):
            return (
                "nothing stands out by five standard errors: a longer delay between the channels needs a"
                " wider --window, or --delays"
            )
        if peak is not None and abs(peak.delay_ps) > max(self.bin_ps, peak.fwhm_ps):
            delay = round(peak.delay_ps)
            return f"the pairs bunch {delay} ps from zero: --delays {self.channels[1]}={delay} mends that"
        return ""

    @property
    def bin_ps(self) -> int:
        """Width of a bin."""
        return int(self.correlogram.edges_ps[1] - self.correlogram.edges_ps[0])

    @property
    def peak(self) -> PairPeak | None:
        """The peak of light that is not pulsed, if it has one."""
        if self.pulsed is not None or self.one_event:
            return None
        return pair_peak(self.correlogram.edges_ps, self.correlogram.pairs)

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
                "bin_ps": self.bin_ps,
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
