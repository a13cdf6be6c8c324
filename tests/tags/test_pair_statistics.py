# SPDX-License-Identifier: Apache-2.0
"""Unrelated clicks: coincidences follow Poisson's law with the announced mean; g2 is 1 in its error."""

import numpy as np
import pytest
from scipy import stats

from heraldlink.tags.block import END_PS, Block, Gap
from heraldlink.tags.coincidence import CoincidenceCount, Coincidences
from heraldlink.tags.correlation import Correlation, Correlogram

LENGTH_PS = 10**10


def unrelated(rng: np.random.Generator, step_ps: int = 1, gaps: tuple[Gap, ...] = ()) -> Block:
    """Two channels of about 3,000 clicks in 10 ms, none of them in a gap, in whole steps."""
    time = np.sort(rng.integers(0, LENGTH_PS // step_ps, rng.poisson(6000))) * step_ps
    if gaps:
        time = time[
            np.searchsorted([g.begin_ps for g in gaps], time, "right")
            == np.searchsorted([g.end_ps for g in gaps], time, "right")
        ]
    return Block(time, rng.integers(0, 2, time.size).astype(np.int16), END_PS, gaps)


def uniform(p: list[float]) -> bool:
    return bool(stats.kstest(p, "uniform").pvalue > 0.01)


def randomised(rng: np.random.Generator, count: int, mean: float) -> float:
    """P(fewer) + u P(as many): uniform if the count is Poisson."""
    return float(stats.poisson.cdf(count - 1, mean) + rng.random() * stats.poisson.pmf(count, mean))


@pytest.mark.parametrize("step_ps", [1, 125])
def test_coincidences_are_poisson(step_ps: int) -> None:
    rng = np.random.default_rng(step_ps)
    found: list[CoincidenceCount] = []
    for _ in range(300):
        analysis = Coincidences(0, 1, 20_000, step_ps)
        analysis.push(unrelated(rng, step_ps))
        found.append(analysis.finish())
    assert uniform([randomised(rng, item.pairs, item.accidental) for item in found])


def correlations(rng: np.random.Generator, gaps: tuple[Gap, ...], pair: tuple[int, int]) -> Correlogram:
    analysis = Correlation(*pair, -16_000_000, 16_000_000, 4_000_000)
    analysis.push(unrelated(rng, 1, gaps))
    return analysis.finish()


@pytest.mark.parametrize("pair", [(0, 1), (1, 1)])
def test_g2_of_unrelated_clicks_is_one(pair: tuple[int, int]) -> None:
    """Also with gaps every 50 us, which take a third of the pairs at the longest delays."""
    rng = np.random.default_rng(sum(pair))
    begins = np.arange(0, LENGTH_PS, 50_000_000)
    gaps = tuple(Gap(int(begin), int(begin) + 10_000_000, "overflow") for begin in begins)
    found = [correlations(rng, gaps, pair) for _ in range(80)]
    itself = pair[0] == pair[1]
    pulls = np.array([(item.pairs - item.expected) / (item.sigma * item.expected) for item in found])
    half = pulls[:, 4:] if itself else pulls  # the other half holds the same pairs, in the other order
    assert np.all(np.abs(half.mean(axis=0)) < 4 / np.sqrt(len(found)))
    assert np.all(np.abs(half.std(axis=0) - 1) < 4 / np.sqrt(2 * len(found)))
    assert found[0].g2 == pytest.approx(found[0].pairs / found[0].expected)


def test_nothing_recorded_gives_nothing() -> None:
    analysis = Correlation(0, 1, -100, 100, 100)
    analysis.push(Block(np.empty(0, np.int64), np.empty(0, np.int16), END_PS))
    found = analysis.finish()
    assert found.pairs.tolist() == [0, 0]
    assert np.isnan(found.g2).all()
