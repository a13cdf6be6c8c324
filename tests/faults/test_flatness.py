# SPDX-License-Identifier: Apache-2.0
"""The look at growth sees growth, and is not taken in by restarts or by noise."""

import math
from random import Random

import pytest
from fault_lab.flatness import Sample, from_life_to_life, growth, misses


def run(slope: float, noise: float, lives: int = 1, seed: int = 1) -> list[Sample]:
    """A quarter of an hour, a sample every 2 s; each life begins 40 lower and rises in its first 10 s."""
    drawn, samples, level = Random(seed), list[Sample](), 0.0
    for number in range(450):
        at_s = 2.0 * number
        length_s = 900.0 / lives
        age_s = at_s % length_s
        level = 0.7 * level + drawn.gauss(0.0, noise)
        rise = -40.0 * math.exp(-age_s / 2.0)
        samples.append(Sample(at_s, int(at_s // length_s), age_s, 100.0 + rise + slope * age_s + level))
    return samples


@pytest.mark.parametrize("lives", [1, 6])
@pytest.mark.parametrize("slope", [0.0, 0.02])
def test_a_slope_is_found_within_its_uncertainty(slope: float, lives: int) -> None:
    pulls = []
    for seed in range(200):
        found = growth(run(slope, 0.5, lives, seed), 900.0, 30.0)
        pulls.append((found.more - slope * 900.0) / found.sigma)
    mean = sum(pulls) / len(pulls)
    spread = math.sqrt(sum((pull - mean) ** 2 for pull in pulls) / len(pulls))
    assert abs(mean) < 0.3
    assert 0.6 < spread < 1.4


def test_a_leak_is_a_miss_and_a_flat_process_is_none() -> None:
    assert misses({"agent": growth(run(0.0, 0.5), 900.0, 30.0)}, 8.0, "MiB") == []
    (sentence,) = misses({"agent": growth(run(0.02, 0.5), 900.0, 30.0)}, 8.0, "MiB")
    assert "agent grew by 1" in sentence


def test_what_is_not_known_is_a_miss() -> None:
    few = run(0.0, 0.5)[20:24]
    assert misses({"agent": growth(few, 900.0, 30.0)}, 8.0, "MiB")
    assert misses({"agent": growth([], 900.0, 30.0)}, 8.0, "MiB")
    assert misses({"agent": growth(few, 900.0, 30.0)}, 8.0, "MiB", short=True) == []
    noisy = growth(run(0.0, 30.0), 900.0, 30.0)
    assert misses({"agent": noisy}, 8.0, "MiB")


def test_a_short_run_fails_on_what_grows_beyond_doubt() -> None:
    leak = growth(run(0.02, 0.5), 900.0, 30.0)
    assert misses({"agent": leak}, 8.0, "MiB", short=True)
    assert misses({"agent": growth(run(0.0, 30.0), 900.0, 30.0)}, 8.0, "MiB", short=True) == []


def inherited(slope: float, seed: int) -> list[Sample]:
    """Twenty lives of 45 s, each as large as the run is old: what it has inherited grows."""
    drawn = Random(seed)
    lives = [(number, 100.0 + slope * 45.0 * number + drawn.gauss(0.0, 1.0)) for number in range(20)]
    return [
        Sample(45.0 * number + age, number, float(age), level) for number, level in lives for age in range(45)
    ]


def test_lives_that_begin_larger_and_larger_are_seen_though_none_of_them_grows() -> None:
    for slope in (0.0, 0.02):
        pulls = []
        for seed in range(200):
            samples = inherited(slope, seed)
            assert abs(growth(samples, 900.0, 10.0).more) < 1e-6
            found = from_life_to_life(samples, 900.0)
            pulls.append((found.more - slope * 900.0) / found.sigma)
        assert abs(sum(pulls) / len(pulls)) < 0.3
    assert misses({"agent": from_life_to_life(inherited(0.02, 1), 900.0)}, 8.0, "MiB")
    assert misses({"agent": from_life_to_life(inherited(0.0, 1), 900.0)}, 8.0, "MiB") == []
