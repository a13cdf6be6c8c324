# SPDX-License-Identifier: Apache-2.0
"""Pairs by delay of clicks after reference events: on one axis, or within an event."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from heraldlink.errors import RequestError
from heraldlink.recordings import coincidences, g2
from heraldlink.recordings.pair_results import AttemptG2, DelayG2
from heraldlink.tags.block import END_PS, Header, IndexedBlock

DATA = Path(os.environ.get("HERALDLINK_DATA", Path(__file__).parents[3] / "shared" / "data"))
PULSES_PS = 3128
DIP_PS = 2 * PULSES_PS


@dataclass(frozen=True)
class Pulsed:
    """Single photons on a beam splitter, in every event 20 pulses: no pair at DIP_PS, one channel later."""

    header: Header
    events: int = 20_000
    seed: int = 7
    columns: list[np.ndarray] = field(default_factory=list)

    def blocks(self, size: int = 1 << 20) -> Iterator[IndexedBlock]:
        rng = np.random.default_rng(self.seed)
        photons = rng.random((self.events, 20)) < 0.15
        event, pulse = np.nonzero(photons)
        channel = rng.integers(0, 2, event.size).astype(np.int16)
        after = pulse * PULSES_PS + channel * DIP_PS + rng.integers(-200, 200, event.size) + 1000
        order = np.lexsort((after, event))
        yield IndexedBlock(after[order], event[order], channel[order], END_PS)


def recorded(period_ps: float | None) -> Pulsed:
    return Pulsed(Header("test", "indexed", 1.0, reference_period_ps=period_ps))


@pytest.mark.parametrize("period_ps", [PULSES_PS * 4.0, None])
def test_pairs_within_events_at_unknown_distances(period_ps: float | None) -> None:
    found = g2(recorded(period_ps), window_ps=(-20_000, 20_000), bin_ps=500)
    assert isinstance(found, DelayG2)
    assert found.pulsed is not None
    assert found.pulsed.period_ps == pytest.approx(PULSES_PS, rel=1e-3)
    assert found.pulsed.position_ps[found.pulsed.zero] == pytest.approx(DIP_PS, abs=20)
    assert found.pulsed.pairs[found.pulsed.zero] == 0
    told = found.summary()
    assert (told["expected_pairs"], told["g2"]) == (None, None)
    assert "within one reference event only" in found.advice()
    assert set(found.to_xarray().data_vars) == {"pairs"}
    with pytest.raises(RequestError, match="within one event are those of"):
        coincidences(recorded(period_ps))


def test_a_right_period_counts_across_events() -> None:
    period_ps = 30 * PULSES_PS
    by_attempt = g2(recorded(period_ps))
    assert isinstance(by_attempt, AttemptG2)
    by_delay = g2(recorded(period_ps), window_ps=(-period_ps * 2, period_ps * 2), bin_ps=PULSES_PS)
    assert isinstance(by_delay, DelayG2)
    source = recorded(period_ps)
    (block,) = source.blocks()
    times = block.index * period_ps + block.after_ps
    first, second = (times[block.channel == number] for number in (0, 1))
    begin, end = (
        np.searchsorted(second, first - 2 * period_ps),
        np.searchsorted(second, first + 2 * period_ps),
    )
    assert by_delay.summary()["pairs"] == int((end - begin).sum())
    assert by_delay.summary()["g2"] is not None


def test_delays_of_a_real_recording_agree_with_its_attempts() -> None:
    if not DATA.is_dir() and os.environ.get("HERALDLINK_REQUIRE_DATA") != "1":
        pytest.skip(f"no recordings in {DATA}")
    file = DATA / "hydraharp_t3_antibunching_80MHz.ptu"
    assert coincidences(file, within_ps=[5000]).of(0, 1, 5000).pairs == 356  # those of one attempt
    found = g2(file, window_ps=(-60_000, 60_000))
    assert isinstance(found, DelayG2)
    assert found.pulsed is not None
    assert found.pulsed.pairs[found.pulsed.zero] == 1
    assert found.pulsed.position_ps[found.pulsed.zero] == pytest.approx(23_690, abs=312)
