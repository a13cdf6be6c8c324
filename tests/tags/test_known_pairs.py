# SPDX-License-Identifier: Apache-2.0
"""Real recordings give their known pairs, whatever the blocks they are read in."""

import os
from pathlib import Path

import numpy as np
import pytest

from heraldlink.record.tag_files import open_tags
from heraldlink.tags.attempt_lags import AttemptLags
from heraldlink.tags.clock_offset import clock_offset
from heraldlink.tags.coincidence import Coincidences, MatchedPairs
from heraldlink.tags.correlation import Correlation
from heraldlink.tags.passes import clicks, run
from heraldlink.tags.pulsed import PulsedCorrelation
from heraldlink.tags.singles import Singles

DATA = Path(os.environ.get("HERALDLINK_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.fixture
def data() -> Path:
    if not DATA.is_dir() and os.environ.get("HERALDLINK_REQUIRE_DATA") != "1":
        pytest.skip(f"no recordings in {DATA}")
    return DATA


@pytest.mark.parametrize("size", [4096, 1 << 20])
def test_antibunching_in_times(data: Path, size: int) -> None:
    source = open_tags(data / "hydraharp_t2_antibunching_320MHz.ptu")
    (correlation,) = run(source, [Correlation(0, 1, -50_000, 50_000, 500)], size)
    assert correlation.clicks == (159_298, 224_721)
    assert correlation.pairs.sum() == 15_706
    widths = (500, 1000, 5000)
    found = run(source, [Coincidences(0, 1, width) for width in widths], size)
    assert [item.pairs for item in found] == [1, 155, 1648]
    (matched,) = run(source, [MatchedPairs(0, 1, 5000)], size)
    assert matched.pairs == 1648
    (peaks,) = run(source, [PulsedCorrelation(0, 1, -50_000, 50_000)], size)
    assert peaks is not None
    assert peaks.pairs[peaks.zero] == 1
    assert peaks.side_pairs == pytest.approx(513, abs=6)
    assert peaks.g2.value == pytest.approx(0.0019, abs=0.0001)


@pytest.mark.parametrize("size", [4096, 1 << 20])
def test_antibunching_in_attempts(data: Path, size: int) -> None:
    source = open_tags(data / "hydraharp_t3_antibunching_80MHz.ptu")
    (lags,) = run(source, [AttemptLags(0, 1, range(5))], size)
    assert lags.clicks == (160_953, 235_373)
    assert lags.both.tolist() == [356, 381, 1, 359, 396]
    assert lags.g2(zero=2).value == pytest.approx(1 / 373)


def test_a_channel_with_itself(data: Path) -> None:
    source = open_tags(data / "hydraharp_t2_1channel.ptu")
    (itself,) = run(source, [Coincidences(0, 0, 81_133)])
    assert itself.pairs == 0
    (itself,) = run(source, [Coincidences(0, 0, 81_134)])
    assert itself.pairs >= 2
    (singles,) = run(source, [Singles()])
    assert (singles.clicks, singles.smallest_gap_ps) == ({0: 305_565}, {0: 81_134})


def test_few_shared_clicks_among_those_of_a_pulsed_and_blinking_source(data: Path) -> None:
    """Every hundredth click of channel 1 goes to channel 0 as well, whose clock is another one."""
    blocks = list(open_tags(data / "hydraharp_t2_antibunching_320MHz.ptu").blocks())
    a, b = (np.concatenate([clicks(block, channel) for block in blocks]) for channel in (0, 1))
    rng = np.random.default_rng(1)
    second = np.sort(b + 12_345_678_901 + np.rint(2e-7 * b + rng.normal(0, 150, b.size)).astype(np.int64))
    found = clock_offset(np.sort(np.concatenate((a, b[::100]))), second, 10**11, 5e-7)
    truth = 12_345_678_901 + 2e-7 * found.at_ps
    assert abs(found.offset_ps.value - truth) < 5 * found.offset_ps.sigma
    assert found.jitter_ps == pytest.approx(150, rel=0.2)
