# SPDX-License-Identifier: Apache-2.0
"""Acquisitions of the ID900 in the ways of the vendor's examples, and what becomes of too many events."""

import itertools
import json
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.faces.id_quantique_id900 import HANGS_ON_OVERFLOW, IDQuantiqueID900
from heraldlink_sim.transport.server import Dropped

SLOT_ps = 10**11


def pulses(**times):
    return {name: np.array(values, np.int64) for name, values in times.items()}


def histogram(device, number):
    bins = np.array(json.loads(device.execute(f"HIST{number}:DATA?")))
    return {int(n): int(bins[n]) for n in np.flatnonzero(bins)}


def test_the_histogram_example_finds_its_links_made():
    """``acquire_histograms`` of the vendor's examples enables inputs and touches no link."""
    device = IDQuantiqueID900()
    for line in (
        "STAR:ENAB ON;:INPU1:ENAB ON;:INPU2:ENAB ON",
        "REC:TRIG:ARM:MODE MANUal",
        "REC:ENABle ON",
        "REC:STOP",
        "REC:NUM 1",
        "REC:DURation 250000000000.0",
        "HIST1:BCOUnt 100",
        "HIST1:BWID 1000",
        "HIST1:FLUSh",
        "REC:PLAY",
    ):
        assert device.execute(line) == ""
    stages = []
    for slot in range(4):
        stages.append(device.execute("REC:STAGe?").upper())
        device.deliver(pulses(START=[0, 60 * 10**9], IN1=[5_500, 60 * 10**9 + 7_000]), slot)
    assert stages == ["PLAYING"] * 3 + ["STOPPED"]
    assert histogram(device, 1) == {5: 3, 7: 2}  # 250 ms: the third slot counts to its middle
    assert device.execute("HIST1:FLUS") == ""
    assert histogram(device, 1) == {}


def test_a_histogram_of_one_signal_is_its_autocorrelation():
    device = IDQuantiqueID900()
    device.execute("INPU1:ENAB ON;:HIST1:REF:LINK INPU1;:HIST1:STOP:LINK INPU1;:HIST1:BWID 10;:REC:PLAY")
    device.deliver(pulses(IN1=[100, 130, 180, SLOT_ps - 20]), 0)
    device.deliver(pulses(IN1=[5]), 1)
    assert histogram(device, 1) == {3: 1, 5: 1, 2: 1}  # 30, 50, and 25 ps over the end of the slot


WINDOW_ps = 1_000
PAIRS = {(1, 2): 6, (1, 3): 7, (1, 4): 8, (2, 3): 3, (2, 4): 4, (3, 4): 5}
MORE = {(1, 2, 3): 13, (1, 2, 4): 14, (1, 3, 4): 15, (2, 3, 4): 16, (1, 2, 3, 4): 24}
COEFFICIENTS = {
    6: (0.5, 1.5), 7: (1.5, 2.5), 8: (2.5, 3.5), 3: (1.5, 2.5), 4: (2.5, 3.5), 5: (2.5, 3.5),
    13: (0, 2), 14: (1, 3), 15: (0, 2), 16: (0, 2), 24: (1, 3),
}  # fmt: skip


@given(
    st.lists(st.dictionaries(st.integers(1, 4), st.integers(-400, 400), min_size=1), min_size=1, max_size=12)
)
def test_the_count_preset_counts_coincidences_as_the_vendors_example_sets_it_up(groups):
    """Groups of clicks within a window, far from each other: every subset of a group is one coincidence."""
    device = IDQuantiqueID900()
    assert device.execute("DEVI:CONFI:LOAD COUNT") == ""
    for second in (2, 3, 4):
        device.execute(f"DELA{second + 4}:VALU {WINDOW_ps * (second - 1)}")
    for block, (begin, end) in COEFFICIENTS.items():
        device.execute(f"TSCO{block}:WIND:BEGI:DELA {int(WINDOW_ps * begin)}")
        device.execute(f"TSCO{block}:WIND:END:DELA {int(WINDOW_ps * end)};:TSCO{block}:COUN:MODE ACCU;RESEt")
    clicks = {
        n: [10**6 * (g + 1) + group[n] for g, group in enumerate(groups) if n in group] for n in range(1, 5)
    }
    for n in range(1, 5):
        device.execute(f"INPU{n}:ENAB ON")
    device.deliver(pulses(**{f"IN{n}": times for n, times in clicks.items()}), 0)
    for members, block in (PAIRS | MORE).items():
        expected = sum(_coincident(group, members) for group in groups)
        assert int(device.execute(f"TSCO{block}:COUN?")) == expected, members


def _coincident(group, members):
    if any(n not in group for n in members):
        return False
    if len(members) == 2:
        a, b = (group[n] for n in members)
        return -WINDOW_ps // 2 <= b - a < WINDOW_ps // 2
    pairs = {(1, 2, 3): [(1, 3), (1, 2)], (1, 2, 4): [(1, 4), (1, 2)], (1, 3, 4): [(1, 4), (1, 3)],
             (2, 3, 4): [(2, 4), (2, 3)], (1, 2, 3, 4): [(1, 4), (1, 3), (1, 2)]}[members]  # fmt: skip
    return all(_coincident(group, pair) for pair in pairs)


def test_counts_over_time_take_the_record_itself_as_reference():
    """The vendor's counts over time: REC -> TSCO1 -> HIST:REF, bins of the integration time."""
    device = IDQuantiqueID900()
    for line in (
        "DEVIce:CONF:LOAD HISTO", "INPU1:ENAB ON", "TSCO1:FIR:LINK REC",
        "TSCO1:OPIN ONLYFIR;OPOUt ONLYFIR;WIND:ENAB OFF", "HIST1:REF:LINK TSCO1;:HIST1:STOP:LINK TSCO5",
        "HIST1:BCOU 5;BWID 50000000000;:REC:DUR 250000000000;:REC:PLAY",
    ):  # fmt: skip
        assert device.execute(line) == ""
    for slot in range(3):
        device.deliver(pulses(IN1=[10, 20, 60 * 10**9]), slot)
    assert json.loads(device.execute("HIST1:DATA?")) == [2, 1, 2, 1, 2]


def test_without_a_bench_the_device_goes_by_its_clock():
    clock = SteppedClock()
    device = IDQuantiqueID900(clock=clock)
    device.execute("GEN1:PPER 1000000;PNUM INF;ENAB ON;PLAY;:TSCO1:FIR:LINK GEN1;:TSCO1:OPOU ONLYFIR")
    device.execute("TSCO1:COUN:MODE ACCU;:REC:DUR 20000000000;PLAY")
    assert device.respond(b"REC:STAG?") == b"PLAYING"
    clock.spend(0.05)
    assert device.respond(b"REC:STAG?") == b"STOPPED"
    assert int(device.respond(b"TSCO1:COUN?")) == pytest.approx(clock.now_s() * 1e6, abs=1)


def test_a_longer_record_asks_for_the_next_slot_while_somebody_waits():
    device, asked = IDQuantiqueID900(), []
    device.on_record_armed = lambda: asked.append(None)
    device.execute("REC:DUR 250000000000;:REC:PLAY")
    slots = 0
    while device.execute("REC:STAG?") == "PLAYING":
        device.deliver({}, slots)
        slots += 1
    assert (slots, len(asked) > 2) == (3, True)


def listening(device):
    got = []
    device.record_listeners.append(
        lambda delivery: got.append((delivery.tags.timestamps_ps.size, delivery.complete))
    )
    return got


def test_stopping_ends_an_acquisition_that_has_recorded_something():
    device = IDQuantiqueID900()
    got = listening(device)
    device.execute("INPU1:ENAB ON;:RAW1:REF:LINK NONE;:RAW1:STOP:LINK INPU1;:RAW1:SEND ON")
    device.execute("REC:NUM INF;PWID 1000000000000;:REC:PLAY")
    device.deliver(pulses(IN1=[1, 2]), 0)
    assert got == [(2, False)]
    device.execute("REC:STOP")
    assert got == [(2, False), (0, True)]
    device.deliver(pulses(IN1=[1, 2]), 1)
    device.execute("REC:PLAY;STOP")
    assert len(got) == 2


def flooded(**options):
    device = IDQuantiqueID900(**options)
    got = listening(device)
    device.execute("INPU1:ENAB ON;:RAW1:REF:LINK NONE;:RAW1:STOP:LINK INPU1;:RAW1:SEND ON;:REC:PLAY")
    device.execute("INPU1:COUN:MODE ACCU;:INPU2:ENAB ON")
    times = np.arange(1_200_000, dtype=np.int64) * 80_000
    device.deliver({"IN1": times}, 0)
    return device, got


def test_time_stamps_beyond_ten_million_a_second_are_lost_and_counted():
    device, got = flooded()
    kept = 1_000_000 + (1 << 16)
    assert got == [(kept, False)]
    assert int(device.execute("RAW1:ERRO?")) == 1_200_000 - kept
    assert int(device.execute("INPU1:COUN?")) == 1_200_000
    assert device.execute("RAW1:ERRORS:CLEAR;:RAW1:ERRORS?") == "0"


def test_id900_hangs_on_overflow():
    device, _ = flooded(quirks=(HANGS_ON_OVERFLOW.id,))
    with pytest.raises(Dropped):
        device.respond(b"*IDN?")
    device.power_cycle()
    assert device.respond(b"RAW1:ERRO?") == b"0"


def test_an_input_beyond_25_MHz_says_so_until_it_is_cleared():
    device = IDQuantiqueID900(slot_ps=10**9)
    device.execute("INPU1:ENAB ON")
    device.deliver({"IN1": np.arange(26_000, dtype=np.int64) * 38_000}, 0)
    assert device.execute("INPU1:HIRES:ERROR?;:INPU2:HIRES:ERROR?") == "2\n5"
    assert device.execute("INPU1:HIRES:ERROR:CLEAR;:INPU1:HIRES:ERROR?") == "0"


def test_a_long_acquisition_stays_in_bounded_memory():
    device = IDQuantiqueID900()
    device.execute("STAR:ENAB ON;:INPU1:ENAB ON;:RAW1:SEND ON;:REC:DUR 1E15;:REC:PLAY;:DELA1:VALU 1E11")
    device.execute("GEN1:PPER 4000;PNUM INF;ENAB ON;PLAY")  # 10 million pulses in each slot
    rng = np.random.default_rng(3)
    tracemalloc.start()
    peaks = []
    for slot in range(6):
        tracemalloc.reset_peak()
        device.deliver(
            {
                "START": rng.integers(0, SLOT_ps, 1_000).cumsum() % 7,
                "IN1": np.sort(rng.integers(0, SLOT_ps, 50_000)),
            },
            slot,
        )
        peaks.append(tracemalloc.get_traced_memory()[1])
    tracemalloc.stop()
    assert max(peaks) < 120e6  # all pulses of a slot at once would be 80 MB an array
    assert peaks[-1] < 1.3 * peaks[1]


@settings(max_examples=30)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=5))
def test_ticks_that_pass_together_pass_as_they_would_one_by_one(counts):
    one, many = IDQuantiqueID900(), IDQuantiqueID900()
    for device in (one, many):
        device.execute("INPU4:ENAB ON;COUN:INTE 300;:REC:TRIG:LINK INPU4;:REC:TRIG:ARM:MODE AUTO")
    for count, slot in zip(counts, itertools.count()):
        many.deliver(pulses(IN4=[0] * count), slot)
        for _ in range(count):
            one.deliver(pulses(IN4=[0]), slot)
    for query in ("INPU4:COUN?", "INPU4:COUN:MODE ACCU;:INPU4:COUN?", "REC:STAG?"):
        assert one.execute(query) == many.execute(query)
