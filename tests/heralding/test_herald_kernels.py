# SPDX-License-Identifier: Apache-2.0
"""Heralds and readouts against brute force of a few lines."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from heraldlink.heralding import (
    ReadoutWindow,
    attempt_readouts,
    bright_counts,
    compare_hardware,
    confusion,
    find_heralds,
    read_out,
)
from heraldlink.messages.values import Confusion
from heraldlink.sequences import SegmentTable

GATE = (10, 20)


def tags_of(pairs: "list[tuple[int, int]]") -> "tuple[np.ndarray, np.ndarray]":
    array = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


clicks = st.lists(st.tuples(st.integers(5, 25), st.integers(0, 12)), max_size=40)


def brute_heralds(c: list, d: list, first: int) -> tuple[list, list]:
    heralds, double = [], []
    for attempt in range(first, 13):
        in_c = [t for t, i in c if i == attempt and GATE[0] <= t < GATE[1]]
        in_d = [t for t, i in d if i == attempt and GATE[0] <= t < GATE[1]]
        if in_c and in_d:
            double.append(attempt)
        elif in_c or in_d:
            heralds.append((attempt, 1 if in_c else 2, min(in_c or in_d)))
    return heralds, double


@given(c=clicks, d=clicks, first=st.integers(0, 5))
def test_heralds_are_attempts_with_exactly_one_detector(c: list, d: list, first: int) -> None:
    found = find_heralds(tags_of(c), tags_of(d), GATE, first)
    rows = zip(found.attempt.tolist(), found.outcome.tolist(), found.after_ps.tolist(), strict=True)
    assert (list(rows), found.ambiguous.tolist()) == brute_heralds(c, d, first)


def test_the_gate_is_half_open() -> None:
    none = tags_of([])
    assert find_heralds(tags_of([(10, 0), (19, 1), (20, 2), (9, 3)]), none, GATE).attempt.tolist() == [0, 1]


@given(c=clicks, d=clicks, drop=st.sets(st.integers(0, 12), max_size=3))
def test_hardware_is_compared_attempt_by_attempt(c: list, d: list, drop: set[int]) -> None:
    heralds = find_heralds(tags_of(c), tags_of(d), GATE, 2)
    every = [(t, i) for t, i in c + d if GATE[0] <= t < GATE[1]]
    assert compare_hardware(heralds, tags_of(every), 2).disagreements == 0
    kept = [(t, i) for t, i in every if i not in drop]
    lost = {i for _, i in every if i in drop and i >= 2}
    comparison = compare_hardware(heralds, tags_of([*kept, (15, 40)]), 2)
    assert comparison.only_software.tolist() == sorted(lost)
    assert comparison.only_hardware.tolist() == [40]


marks = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8)), max_size=12, unique=True)
photons = st.lists(st.tuples(st.integers(0, 100), st.integers(0, 8)), max_size=60)


@given(
    clicks=photons,
    marks=marks,
    width=st.integers(1, 50),
    threshold=st.integers(1, 3),
    offset=st.integers(-9, 9),
)
def test_readouts_count_photons_behind_their_own_mark(
    clicks: list, marks: list, width: int, threshold: int, offset: int
) -> None:
    found = read_out(tags_of(clicks), tags_of(marks), ReadoutWindow(width, threshold, offset))
    expected = []
    for mark, index in sorted(marks, key=lambda item: (item[1], item[0])):
        begin = mark + offset
        count = sum(1 for t, i in clicks if i == index and begin <= t < begin + width)
        expected.append((index, count, -1 if count >= threshold else 1))
    rows = zip(found.index.tolist(), found.photons.tolist(), found.outcome.tolist(), strict=True)
    assert list(rows) == expected


def test_calibration_and_attempts_are_told_apart_by_index() -> None:
    segments = SegmentTable(1, 2)  # bright 0, 1; g 2, 3; e 4, 5; attempts from 6
    marks = tags_of([(10, 2), (10, 3), (10, 4), (10, 5), (10, 8), (10, 9), (40, 9)])
    readouts = read_out(tags_of([(12, 3), (12, 4), (12, 8)]), marks, ReadoutWindow(5))
    assert confusion(readouts, segments) == Confusion(gg=1, ge=1, eg=1, ee=1)
    after = attempt_readouts(readouts, segments)  # attempt 9 was read twice: ambiguous
    assert (after.index.tolist(), after.outcome.tolist()) == ([8], [-1])


def test_bright_pulses_count_once_per_pulse_and_detector() -> None:
    segments = SegmentTable(3, 0)
    c = tags_of([(12, 0), (13, 0), (30, 1), (12, 4), (12, 6)])
    in_phase, quadrature = bright_counts(c, tags_of([(15, 2), (15, 5)]), GATE, segments)
    assert (in_phase.pulses, in_phase.c, in_phase.d) == (3, 1, 1)
    assert (quadrature.pulses, quadrature.c, quadrature.d) == (3, 1, 1)
