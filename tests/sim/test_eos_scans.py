# SPDX-License-Identifier: Apache-2.0
"""Scans of an EOS, and latched detectors."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.faces.eos_messages import JsonSession
from heraldlink_sim.faces.single_quantum_eos import SingleQuantumEOS


@pytest.fixture
def box():
    box = SingleQuantumEOS("SIM-1", 2, SteppedClock())
    box.told = []
    box.on_broadcast = lambda data: box.told.extend(messages(data))
    return box


def messages(data):
    parsed = [json.loads(text) for text in data.split(b"\x17") if text]
    return [(message["label"], message["value"]) for message in parsed]


def say(box, **message):
    return messages(box.respond(json.dumps(message).encode()))


def enable(box):
    say(box, command="DetectorEnable", value=True)
    say(box, command="SetMeasurementPeriod", value=100)
    box.told.clear()


def test_the_search_for_bias_currents_takes_its_time(box):
    assert say(box, command="AutoCaliBiasCurrents", value=True) == [
        ("Error", "AutoCaliBiasCurrents: detectors are disabled")
    ]
    enable(box)
    say(box, command="DarkCountsAutoIV", label="DarkCountsAutoIV", value=[10, 1000])
    say(box, command="AutoCaliBiasCurrents", value=True)
    assert box.told == [("DarkCountsAutoIV", [10.0, 1000.0]), ("StartAutoIV", True)]
    assert say(box, request="StartAutoIV") == [("StartAutoIV", True)]
    assert say(box, command="AutoCaliBiasCurrents", value=True)[0][0] == "Error"
    box.clock.spend(5.0)
    assert say(box, request="StartAutoIV") == [("StartAutoIV", True)]
    box.clock.spend(1.2)
    assert say(box, request="StartAutoIV") == [("StartAutoIV", False)]
    found = dict(box.told)["BiasCurrentAutoIV"]
    assert 0 < found[0] < found[1] < 22
    assert say(box, request="BiasCurrent") == [("BiasCurrent", found)]
    assert box.told[-1] == ("StartAutoIV", False)


def test_counting_brings_a_stepped_clock_on(box):
    enable(box)
    say(box, command="AutoCaliBiasCurrents", value=True)
    for _ in range(62):
        box.counts_line()
    assert ("StartAutoIV", False) in box.told


def test_a_search_may_be_stopped(box):
    enable(box)
    say(box, command="AutoCaliBiasCurrents", value=True)
    say(box, command="AutoCaliBiasCurrents", value=False)
    box.clock.spend(60)
    assert say(box, request="BiasCurrentAutoIV") == [("BiasCurrentAutoIV", [0.0, 0.0])]


def test_an_iv_scan(box):
    enable(box)
    for label, value in (("IVScanStart", 0), ("IVScanEnd", 30), ("IVScanIncrement", 5)):
        say(box, label=label, value=value)
    say(box, command="IVScanEnable", label="IVScanEnable", value=True)
    assert say(box, label="IVScanEnd", value=20)[0][0] == "Error"
    box.clock.spend(1.0)
    history = dict(say(box, request="IVHistory"))
    assert [row["biasCurrent"] for row in history["ic_scan_history"]] == [0, 5, 10, 15, 20, 25, 30]
    assert history["ic_scan_history"][4]["y2"] > history["ic_scan_history"][3]["y2"]
    assert history["iv_scan_history"][-1]["v1"] > 100 * history["iv_scan_history"][4]["v1"]
    assert ("IVScanEnable", False) in box.told


def test_temperatures(box):
    memory = dict(say(box, request="TemperatureHistory"))["temperature_long_memory"]
    assert set(memory) == {"T", "T2", "x", "V_avrg", "BoardTemp1", "BoardTemp2"}
    assert len(memory["T"]) == len(memory["x"])


def test_a_reset_of_the_bias_cures_latched_detectors(box):
    enable(box)
    say(box, command="SetAllBiasCurrents", value=[18, 18])
    box.observe((1000.0, 1000.0))
    normal_V = dict(say(box, request="BiasVoltage"))["BiasVoltage"][0]
    box.latch()
    assert box.counts_line().strip().endswith(b",0,0")
    assert dict(say(box, request="BiasVoltage"))["BiasVoltage"][0] > 50 * normal_V
    assert not box.state().enabled
    say(box, command="SetAllBiasCurrents", value=[15, 0])
    assert not box.state().enabled
    say(box, command="SetAllBiasCurrents", value=[0, 0])
    say(box, command="SetAllBiasCurrents", value=[18, 18])
    assert box.state().enabled
    assert box.counts_line().strip().endswith(b",100,100")


@pytest.mark.parametrize(
    "message",
    [
        {"label": "IVScanEnd", "value": 200},
        {"label": "IVScanIncrement", "value": 0},
        {"label": "BiasCurrent", "value": 1},
        {"command": "DarkCountsAutoIV", "value": [1]},
        {"command": "DarkCountsAutoIV", "value": [1, -1]},
        {"command": "IVScanEnable", "value": 1},
    ],
)
def test_mistakes(box, message):
    enable(box)
    assert say(box, **message)[0][0] == "Error"
    assert box.told == []


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
WORDS = [
    "DarkCountsAutoIV",
    "AutoCaliBiasCurrents",
    "IVScanEnable",
    "IVScanStart",
    "SetAllBiasCurrents",
    "labelProps",
]


@settings(max_examples=300)
@given(st.sampled_from(["command", "request", "label"]), st.sampled_from(WORDS) | st.text(), json_like)
def test_any_message_is_survived(key, word, value):
    box = SingleQuantumEOS("SIM-1", 2)
    box.respond(json.dumps({key: word, "value": value}).encode())
    assert dict(say(box, request="NumberOfDetectors")) == {"NumberOfDetectors": 2}


fields = st.text() | st.integers() | st.dictionaries(st.text(), st.text())
objects = st.lists(st.dictionaries(st.text(), fields))


@settings(max_examples=200)
@given(objects, st.integers(1, 7))
def test_objects_are_cut_wherever_segments_end(messages, length):
    data = b"".join(json.dumps(message).encode() for message in messages)
    session = JsonSession()
    cut = [text for at in range(0, len(data), length) for text in session.feed(data[at : at + length])]
    assert [json.loads(text) for text in cut] == messages
