# SPDX-License-Identifier: Apache-2.0
"""The ID900's signal graph against a plain event-by-event simulation of the same latches and counters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heraldlink_sim.errors import SimulationError
from heraldlink_sim.faces.id900_tagger import (
    PULSE_WIDTH_PS,
    CombinerSetting,
    DelaySetting,
    InputSetting,
    Operation,
    SignalGraph,
    TaggerSettings,
    WindowEdge,
    combine,
    detected,
    raw_tags,
)

sorted_times = st.lists(st.integers(0, 200), max_size=25).map(lambda t: np.array(sorted(t), np.int64))


def step_through(inside, outside, first, second, begins, ends):
    """One event after the other: the window is a latch, AND needs both inputs since the latch last moved."""
    ordered = [(t, 0, "end") for t in ends] + [(t, 1, "begin") for t in begins]
    ordered += [(t, 2, 1) for t in first] + [(t, 2, 2) for t in second]
    is_open, seen, fired, out = False, set(), False, []
    for t, _, what in sorted(ordered, key=lambda e: (e[0], e[1])):
        if what in ("end", "begin"):
            is_open, seen, fired = what == "begin", set(), False
            continue
        operation = inside if is_open else outside
        passes = operation == "OR" or operation == {1: "ONLYFIRST", 2: "ONLYSECOND"}[what]
        if operation == "AND":
            seen.add(what)
            passes = len(seen) == 2 and not fired
            fired = fired or passes
        if passes:
            out.append(int(t))
    return out


@given(
    st.sampled_from(list(Operation)), st.sampled_from(list(Operation)),
    sorted_times, sorted_times, sorted_times, sorted_times,
)  # fmt: skip
def test_combiner_is_the_latch_of_its_window(inside, outside, first, second, begins, ends):
    setting = CombinerSetting(inside=inside, outside=outside)
    found = combine(setting, first, second, begins, ends)
    assert found.tolist() == step_through(inside.value, outside.value, first, second, begins, ends)


@given(sorted_times, sorted_times, st.integers(0, 100), st.integers(1, 150))
def test_raw_counts_references_since_the_record_began(stops, references, begin, duration):
    expected, count, last = [], -1, 0
    events = [(t, 0) for t in references] + [(t, 1) for t in stops]
    for t, kind in sorted(events):
        if begin <= t < begin + duration:
            if kind == 0:
                count, last = count + 1, t
            elif count >= 0:
                expected.append((int(t - last), count))
    tags = raw_tags(stops, references, begin, begin + duration)
    assert list(zip(tags.timestamps_ps.tolist(), tags.reference_index.tolist(), strict=True)) == expected


def test_raw_without_reference_counts_from_the_begin_of_the_record():
    tags = raw_tags(np.array([5, 10, 19, 20]), None, 10, 20)
    assert tags.timestamps_ps.tolist() == [0, 9]
    assert tags.timestamps_ps.dtype == tags.reference_index.dtype == np.uint64


@pytest.mark.parametrize(
    ("enabled", "threshold", "seen"),
    [(True, 0.5, 2), (False, 0.5, 0), (True, 1.2, 0), (True, 0.0, 0), (True, -0.4, 0)],
)
def test_threshold_decides_what_an_input_sees(enabled, threshold, seen):
    setting = InputSetting(enabled, threshold, level_V=1.0)
    assert detected(setting, np.array([100, 200])).size == seen


def test_falling_edge_and_negative_pulses_and_resolution():
    pulses = np.array([1_050, 2_199], np.int64)
    assert detected(InputSetting(True, 0.5, rising=False), pulses).tolist() == [
        1_050 + PULSE_WIDTH_PS,
        2_199 + PULSE_WIDTH_PS,
    ]
    negative = InputSetting(True, -0.4, rising=False, level_V=-0.8)
    assert detected(negative, pulses).tolist() == pulses.tolist()
    assert detected(InputSetting(True, 0.5), pulses, resolution_ps=100).tolist() == [1_000, 2_100]


def graph(pulses, delays, combiners):
    inputs = {name: InputSetting(True, 0.5) for name in ("STAR", "INPU1", "INPU2")}
    return SignalGraph(TaggerSettings(inputs, delays, combiners), pulses)


def test_herald_gate_half_open_and_delay_block_in_its_path():
    gate = CombinerSetting(
        first="DELA1", second="INPU2", windowed=True,
        begin=WindowEdge("STAR", 100), end=WindowEdge("STAR", 200),
    )  # fmt: skip
    pulses = {
        "STAR": np.array([0, 1_000], np.int64),
        "INPU1": np.array([49, 50, 149, 150, 1_100], np.int64),
        "INPU2": np.array([99, 100, 199, 200, 1_150], np.int64),
    }
    signals = graph(pulses, {"DELA1": DelaySetting("INPU1", 50)}, {"TSCO5": gate})
    assert signals.times("TSCO5").tolist() == [100, 100, 199, 199, 1_150, 1_150]


def test_window_without_width_never_opens():
    gate = CombinerSetting("INPU1", None, True, WindowEdge("STAR", 5), WindowEdge("STAR", 5))
    pulses = {"STAR": np.array([0], np.int64), "INPU1": np.array([5, 6], np.int64)}
    assert graph(pulses, {}, {"TSCO5": gate}).times("TSCO5").size == 0


def test_a_loop_of_links_is_an_error():
    loop = {"DELA1": DelaySetting("DELA2"), "DELA2": DelaySetting("DELA1")}
    with pytest.raises(SimulationError, match="linked to itself"):
        graph({}, loop, {}).times("DELA1")
