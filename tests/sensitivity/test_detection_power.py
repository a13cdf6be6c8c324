# SPDX-License-Identifier: Apache-2.0
"""Shifts by 5 standard errors are found from played tags; calibrated devices raise 1 % of alarms.

Without an option one parameter of each of the quicker sequences is played. All of them, written to the page
docs/published/detection_power.md: pytest tests/sensitivity/test_detection_power.py --long (half an hour).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from exact_statistics import holm
from power_experiment import FALSE_ALARM, POWER, Seen, shifted_plays, sight_of, unshifted_plays
from power_page import page
from scipy import stats

from heraldlink.sensitivity.catalogue import observations
from heraldlink.sensitivity.knowledge import know
from heraldlink.sensitivity.load import load_link, load_sequences
from heraldlink.sensitivity.shifts import sights

PLAYS = 15
LONG_SHIFTED, LONG_UNSHIFTED = 20, 50
PAGE = Path(__file__).parents[2] / "docs" / "published" / "detection_power.md"
QUICK = {
    "pump_sweep_alice": "arms.alice.fibre_delay_ps",
    "pump_detuning_bob": "arms.bob.transducer.coupling_Hz",
    "leakage_alice": "arms.alice.carver.extinction_dB",
    "pump_leak_bob": "arms.bob.pump_extinction_dB",
    "g2_bob": "arms.bob.heating.n_0",
    "dark_counts": "midpoint.detectors.c.dark_rate_Hz",
    "detector_bias": "midpoint.detectors.d.knee_A",
    "readout": "arms.alice.qubit.thermal_population",
    "readout_bias": "arms.bob.readout.detector.knee_A",
    "rabi": "arms.bob.qubit.rabi_rad_per_Vs",
    "ramsey": "arms.bob.qubit.frequency_Hz",
    "t1": "arms.alice.qubit.t1_s",
    "phase": "midpoint.bright_transmission",
}


@pytest.fixture(scope="module")
def devices():
    return load_link()


@pytest.fixture(scope="module")
def sequences(devices):
    return {item.name: item for item in observations(devices, load_sequences())}


@pytest.fixture(scope="module")
def shifted(devices, sequences, pytestconfig) -> list[Seen]:
    seed = int(pytestconfig.option.seed)
    return [
        shifted_plays(devices, sight_of(devices, sequences[name], path), PLAYS, seed + k)
        for k, (name, path) in enumerate(QUICK.items())
    ]


@pytest.fixture(scope="module")
def unshifted(devices, sequences, pytestconfig) -> list[Seen]:
    seed = int(pytestconfig.option.seed)
    return [
        one
        for k, (name, path) in enumerate(QUICK.items())
        for one in unshifted_plays(devices, sequences[name], [path], PLAYS, seed + 1000 + k)
    ]


def too_weak(seen: Sequence[Seen]) -> dict[str, float]:
    """Parameters whose power is below 0.9, exact binomial tests, Holm-corrected."""
    return holm({one.path: stats.binom.cdf(one.found, one.plays, POWER) for one in seen})


def least_power(seen: Sequence[Seen]) -> float:
    """Lower 99 % bound (Clopper and Pearson) of the mean power over all parameters."""
    found, plays = sum(one.found for one in seen), sum(one.plays for one in seen)
    return stats.binomtest(found, plays, alternative="greater").proportion_ci(0.99).low


def wrong_alarms(seen: Sequence[Seen]) -> dict[str, float]:
    """Parameters whose rate of false alarms is not 1 %, exact binomial tests, Holm-corrected."""
    return holm({one.path: stats.binomtest(one.found, one.plays, FALSE_ALARM).pvalue for one in seen})


def test_a_shift_by_five_sigma_is_found(shifted):
    assert not too_weak(shifted), [one for one in shifted if one.path in too_weak(shifted)]
    assert least_power(shifted) >= POWER


def test_calibrated_devices_raise_one_alarm_in_a_hundred(unshifted):
    assert not wrong_alarms(unshifted), unshifted
    found, plays = sum(one.found for one in unshifted), sum(one.plays for one in unshifted)
    assert stats.binomtest(found, plays, FALSE_ALARM).pvalue > 1e-3


@pytest.mark.timeout(0)
def test_every_parameter_that_is_told_is_found_when_shifted(devices, sequences, pytestconfig):
    """All of them, on the same tags where nothing was shifted; writes the page with the figures."""
    if not pytestconfig.option.long:
        pytest.skip("half an hour: pass --long")
    seed = int(pytestconfig.option.seed)
    told = {
        path: sight
        for path, sight in sights(know(devices, list(sequences.values()))).items()
        if sight.within_reach and sight.moved(devices) is not None
    }
    with ProcessPoolExecutor() as pool:
        waiting = [
            pool.submit(shifted_plays, devices, sight, LONG_SHIFTED, seed + k)
            for k, sight in enumerate(told.values())
        ]
        quiet = [
            pool.submit(unshifted_plays, devices, item, paths, LONG_UNSHIFTED, seed + 1000 + k)
            for k, (name, item) in enumerate(sequences.items())
            if (paths := [path for path, sight in told.items() if sight.observation.name == name])
        ]
        moved = [one.result() for one in waiting]
        still = [one for several in quiet for one in several.result()]
    found, plays = sum(one.found for one in moved), sum(one.plays for one in moved)
    verdict = [
        f"Found {found} of {plays} shifts of {len(moved)} parameters: power {found / plays:.4f}, at least "
        f"{least_power(moved):.4f} at 99 % confidence (Clopper and Pearson). Parameters below a power of "
        f"{POWER}, by exact binomial tests at 0.001 with Holm's correction: {len(too_weak(moved))}. "
        f"Parameters whose false alarms are not 1 %, likewise: {len(wrong_alarms(still))}.",
    ]
    PAGE.write_text(page(moved, still, seed, verdict), encoding="utf-8")
    assert not too_weak(moved)
    assert least_power(moved) >= POWER
    assert not wrong_alarms(still)
