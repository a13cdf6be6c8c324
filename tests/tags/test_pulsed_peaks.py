# SPDX-License-Identifier: Apache-2.0
"""Period and peaks of pulsed sources, given and found; g2 of the zero peak with its error as a statistic."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from tag_streams import SIZES, Stream, streams

from heraldlink.errors import RequestError
from heraldlink.tags.block import END_PS, Block
from heraldlink.tags.correlation import Correlogram
from heraldlink.tags.live_time import Live
from heraldlink.tags.passes import run
from heraldlink.tags.pulsed import PulsedCorrelation, PulsedPeaks, pulsed_peaks

NONE = np.empty(0, np.int64)


def correlogram(delays: np.ndarray, bin_ps: int = 1, end_ps: int = 50_000) -> Correlogram:
    edges = np.arange(-end_ps, end_ps + 1, bin_ps)
    pairs = np.bincount((delays[np.abs(delays + 0.5) < end_ps] + end_ps) // bin_ps, minlength=edges.size - 1)
    return Correlogram(edges, pairs, pairs * 0.0, (0, 0), Live(NONE, NONE))


@pytest.mark.parametrize("period", [2500, 3125, 12_500])
@pytest.mark.parametrize("bin_ps", [1, 8])
def test_the_missing_peak_is_found(period: int, bin_ps: int) -> None:
    rng = np.random.default_rng(period)
    missing = 2 * period + 700
    peaks = np.arange(-60_000 // period, 60_000 // period) * period + 700
    delays = np.concatenate([rng.normal(peak, 120, 300) for peak in peaks if peak != missing])
    found = pulsed_peaks(correlogram(delays.astype(np.int64), bin_ps))
    assert found is not None
    assert found.period_ps == pytest.approx(period, rel=2e-3)
    assert found.position_ps[found.zero] == pytest.approx(missing, abs=100)
    assert found.pairs[found.zero] == 0
    assert found.side_pairs == pytest.approx(300, rel=0.05)
    assert found.g2.sigma == pytest.approx(1 / 300, rel=0.05)


def test_light_without_pulses_has_no_peaks() -> None:
    flat = np.random.default_rng(1).integers(-50_000, 50_000, 20_000)
    assert pulsed_peaks(correlogram(flat)) is None
    assert pulsed_peaks(correlogram(flat[:50])) is None


@pytest.mark.parametrize("floor", [0, 200, 20_000])
@pytest.mark.parametrize("width", [10, 500, 5000])
def test_one_peak_is_no_pulse_train(floor: int, width: int) -> None:
    rng = np.random.default_rng(floor + width)
    delays = np.concatenate((rng.normal(3000, width, 12_000), rng.uniform(-50_000, 50_000, floor)))
    assert pulsed_peaks(correlogram(np.rint(delays).astype(np.int64))) is None


def test_pulsed_pairs_have_a_high_peak_among_low_ones() -> None:
    rng = np.random.default_rng(8)
    places = [0] * 5000 + [k * 12_500 for k in range(-4, 5) for _ in range(30)]
    found = pulsed_peaks(correlogram(np.rint(rng.normal(places, 150)).astype(np.int64)), zero_ps=0.0)
    assert found is not None
    assert found.period_ps == pytest.approx(12_500, rel=2e-3)
    assert found.g2.value > 100


@given(
    stream=streams(), size=SIZES, period=st.integers(5, 25), zero=st.integers(-8, 8), share=st.integers(1, 4)
)
def test_peaks_hold_the_pairs_around_them(
    stream: Stream, size: int, period: int, zero: int, share: int
) -> None:
    window = period * share / 4
    (found,) = run(stream, [PulsedCorrelation(0, 1, -60, 60, period, zero, window)], size)
    if found is None:
        return
    delays = [
        b - a
        for a, first in stream.tags
        for b, second in stream.tags
        if (first, second) == (0, 1) and not stream.separated(a, b) and -60 <= b - a < 60
    ]
    assert found.position_ps[found.zero] == zero
    for position, pairs in zip(found.position_ps, found.pairs, strict=True):
        assert pairs == sum(position - window / 2 <= d + 0.5 < position + window / 2 for d in delays)


def pulses(rng: np.random.Generator, mean: float, number: int) -> PulsedPeaks | None:
    """Coherent pulses every 10 ns on two detectors, the second one 3 ns late."""
    pulses = [np.flatnonzero(rng.random(number) < mean) * 10_000 for _ in range(2)]
    clicks = [pulse + rng.integers(0, 500, pulse.size) for pulse in pulses]
    time = np.concatenate((clicks[0], clicks[1] + 3000))
    order = np.argsort(time, kind="stable")
    channel = np.repeat([0, 1], [clicks[0].size, clicks[1].size]).astype(np.int16)
    analysis = PulsedCorrelation(0, 1, -100_000, 100_000, 10_000, 3000)
    analysis.push(Block(time[order], channel[order], END_PS))
    return analysis.finish()


def test_g2_of_coherent_pulses_is_one_within_its_error() -> None:
    rng = np.random.default_rng(5)
    found = [pulses(rng, 0.07, 100_000) for _ in range(80)]
    pulls = np.array([(item.g2.value - 1) / item.g2.sigma for item in found if item])
    assert pulls.size == 80
    assert stats.kstest(pulls, "norm").pvalue > 0.01


def test_requests_that_make_no_sense() -> None:
    with pytest.raises(RequestError, match="dead time hides"):
        PulsedCorrelation(0, 0, -100, 100)
    with pytest.raises(RequestError, match="two periods"):
        PulsedCorrelation(0, 1, -100, 100, period_ps=150)
    full = correlogram(np.arange(-50_000, 50_000))
    with pytest.raises(RequestError, match="overlap or are empty"):
        pulsed_peaks(full, 1000, 0, 1001)
    with pytest.raises(RequestError, match="does not hold the peak"):
        pulsed_peaks(full, 1000, 70_000)
