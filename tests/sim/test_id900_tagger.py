# SPDX-License-Identifier: Apache-2.0
"""The ID900's inputs, combiners and generators by themselves."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heraldlink_sim.faces.id900_counter import Counter, MILLISECOND_ps
from heraldlink_sim.faces.id900_generator import Generator, PulseSetting, Stage
from heraldlink_sim.faces.id900_tagger import (
    PULSE_WIDTH_PS,
    CombinerSetting,
    InputSetting,
    Latch,
    Operation,
    combine,
    quantised,
)
from heraldlink_sim.faces.id_quantique_id900 import IDQuantiqueID900

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
    st.sampled_from(list(Operation)), st.sampled_from(list(Operation)), st.integers(0, 201),
    sorted_times, sorted_times, sorted_times, sorted_times,
)  # fmt: skip
def test_combiner_is_the_latch_of_its_window_wherever_time_is_cut(
    inside, outside, cut, first, second, begins, ends
):
    streams = (first, second, begins, ends)
    setting = CombinerSetting(windowed=True, inside=inside, outside=outside)
    found, latch = [], Latch()
    for low, high in ((0, cut), (cut, 201)):
        parts = [times[(times >= low) & (times < high)] for times in streams]
        passed, latch = combine(setting, *parts, latch)
        found += passed.tolist()
    assert found == step_through(inside.value, outside.value, *streams)


@pytest.mark.parametrize(
    ("enabled", "threshold", "seen"),
    [(True, 0.5, True), (False, 0.5, False), (True, 1.2, False), (True, 0.0, False), (True, -0.4, False)],
)
def test_threshold_decides_what_an_input_sees(enabled, threshold, seen):
    assert InputSetting(enabled, threshold, level_V=1.0).sees_pulses == seen


def test_falling_edge_and_negative_pulses_and_resolution():
    assert InputSetting(True, 0.5, rising=False).edge_ps == PULSE_WIDTH_PS
    assert InputSetting(True, -0.4, rising=False, level_V=-0.8).edge_ps == 0
    assert quantised(np.array([1_050, 2_199]), 100, 0).tolist() == [1_000, 2_100]
    assert quantised(np.array([1_050, 2_199]), 13, 1_000).tolist() == [1_039, 2_196]


def device_with(*commands: str) -> IDQuantiqueID900:
    device = IDQuantiqueID900()
    device.execute("DEVI:CONF:LOAD BLANK")
    for command in ("STAR:ENAB ON", "INPU1:ENAB ON", "INPU2:ENAB ON", "TSCO5:COUN:MODE ACCU", *commands):
        assert device.execute(command) == ""
    return device


def pulses(**times: list[int]) -> dict[str, np.ndarray]:
    return {name: np.array(values, np.int64) for name, values in times.items()}


def test_herald_gate_is_half_open_with_a_delay_block_in_its_path():
    device = device_with(
        "DELA1:LINK INPU1;VALU 50",
        "TSCO5:FIR:LINK DELA1;:TSCO5:SEC:LINK INPU2;:TSCO5:WIND:ENAB ON;:TSCO5:OPIN OR;OPOU MUTE",
        "TSCO5:WIND:BEGI:LINK STAR;DELA 100;:TSCO5:WIND:END:LINK STAR;DELA 200",
        "HIST1:STOP:LINK TSCO5;:HIST1:BCOU 2000;BWID 1;:REC:PLAY",
    )
    click = {"IN1": [49, 50, 149, 150, 1_100], "IN2": [99, 100, 199, 200, 1_150]}
    device.deliver(pulses(START=[0, 1_000], **click), 0)
    bins = np.array(json.loads(device.execute("HIST1:DATA?")))
    assert {int(t): int(bins[t]) for t in np.flatnonzero(bins)} == {100: 2, 199: 2, 1_150: 2}


def test_window_without_width_never_opens():
    device = device_with(
        "TSCO5:FIR:LINK INPU1;:TSCO5:WIND:ENAB ON;:TSCO5:OPIN OR;OPOU MUTE",
        "TSCO5:WIND:BEGI:LINK STAR;DELA 5;:TSCO5:WIND:END:LINK STAR;DELA 5",
    )
    device.deliver(pulses(START=[0], IN1=[5, 6]), 0)
    assert device.counter("TSCO5") == 0


def test_a_signal_that_is_led_back_into_its_own_input_dies_out():
    device = device_with(
        "TSCO5:FIR:LINK INPU1;:TSCO5:OPOU ONLYFIR;:OUTP1:LINK TSCO5;ENAB ON;MODE TTL;:INPU1:SELE OUTP"
    )
    device.deliver(pulses(IN1=[5, 6]), 0)
    assert device.counter("TSCO5") == 0


def test_the_vendors_demo_signals_reach_the_inputs_through_the_outputs():
    """GEN1 -> TSCO1 -> OUTP1 -> INPU1 with NIM levels, as in the vendor's filtered histogram example."""
    device = device_with(
        "INPU1:THRE -0.4V;COUP DC;EDGE FALLING;SELE OUTP",
        "GEN1:PPER 4000000;PWID 4000;PNUM INF;TRIG:ARM:MODE MANUal;:GEN1:ENAB ON;PLAY",
        "TSCO1:WIND:ENAB OFF;:TSCO1:FIR:LINK GEN1;:TSCO1:OPOUt ONLYFIR",
        "OUTP1:ENAB ON;MODE NIM;LINK TSCO1;:INPU1:COUN:MODE ACCU",
    )
    for slot in range(3):
        device.deliver({}, slot)
    assert device.counter("INPU1") == 3 * 10**11 // 4_000_000


@given(
    st.integers(1, 60), st.integers(1, 60), st.integers(1, 5), st.booleans(), st.integers(0, 30),
    st.lists(st.integers(0, 5_000), max_size=60), st.lists(st.integers(0, 5_000), max_size=4),
)  # fmt: skip
def test_a_generator_plays_the_same_wherever_time_is_cut(period, width, number, again, delay, at, cuts):
    setting = PulseSetting(period * 1_000, width * 1_000, number, "STAR", delay * 1_000, again)
    triggers = np.array(sorted(at), np.int64) * 1_000

    def play(ends):
        generator, begin, rises, falls = Generator(), 0, [], []
        generator.play(0, setting)
        for end in ends:
            mine = triggers[(triggers >= begin) & (triggers < end)]
            found = generator.advance(setting, mine, begin, end)
            new = found.rises >= begin
            rises += found.rises[new].tolist()
            falls += found.falls[new].tolist()
            begin = end
        return rises, falls, generator.stage(begin)

    assert play([*sorted(cut * 1_000 for cut in cuts), 6_000_000]) == play([6_000_000])


def test_stages_of_a_generator():
    setting = PulseSetting(100_000, 10_000, 2, "STAR", 5_000)
    generator, tick = Generator(), np.array([1_000], np.int64)
    assert generator.stage(0) is Stage.STOPPED
    generator.play(0, setting)
    assert generator.stage(0) is Stage.ARMED
    assert generator.advance(setting, tick, 0, 2_000).rises.size == 0
    assert generator.stage(2_000) is Stage.WAITING
    assert generator.advance(setting, tick[:0], 2_000, 50_000).rises.tolist() == [6_000]
    assert generator.stage(50_000) is Stage.PLAYING
    assert generator.advance(setting, tick[:0], 50_000, 200_000).falls.tolist() == [116_000]
    assert generator.stage(200_000) is Stage.STOPPED


@given(
    st.lists(st.integers(0, 20 * MILLISECOND_ps), max_size=40).map(sorted), st.integers(1, 6),
    st.lists(st.integers(0, 20), max_size=6).map(sorted), st.integers(0, 20),
)  # fmt: skip
def test_a_cycle_counter_shows_the_last_whole_integration(at, integration, cuts, reset):
    times = np.array(at, np.int64)
    counter, begin = Counter(), 0
    counter.reset(reset * MILLISECOND_ps)
    for end in [cut * MILLISECOND_ps for cut in (*cuts, 20)]:
        counter.advance(times[(times >= begin) & (times < end)], end, integration)
        begin = end
    whole = (20 - reset) // integration
    low = (reset + (whole - 1) * integration) * MILLISECOND_ps
    expected = sum(low <= t < low + integration * MILLISECOND_ps for t in at) if whole else 0
    assert counter.cycle == expected
    assert counter.total == sum(reset * MILLISECOND_ps <= t < 20 * MILLISECOND_ps for t in at)
