# SPDX-License-Identifier: Apache-2.0
"""The Single Quantum EOS as its clients see it: JSON labels ended by 0x17, and lines of counts."""

import json
from itertools import pairwise

import pytest
from face_clients import JsonClient, LineClient, closing_all

from heraldlink_sim.errors import SimulationError
from heraldlink_sim.faces.eos_server import serve_eos
from heraldlink_sim.faces.single_quantum_eos import SingleQuantumEOS
from heraldlink_sim.transport import EventLoopThread


def port_of(address):
    assert address.startswith("tcp://127.0.0.1:")
    return int(address.rpartition(":")[2])


@pytest.fixture
def box():
    with EventLoopThread() as loop:
        device = SingleQuantumEOS("SIM-hub_eos", detectors=2)
        server = loop.run(serve_eos(device))
        yield device, port_of(server.address), port_of(server.counts_address)
        loop.run(server.close())


@pytest.fixture
def client(box):
    client = JsonClient(box[1])
    with closing_all(client):
        yield client


def properties(client):
    client.send(request="labelProps", value="None")
    labels = {}
    while "StartAutoIV" not in labels:
        label, value = client.receive()
        labels[label] = value
    return labels


def test_powers_up_disabled_and_unbiased(box, client):
    labels = properties(client)
    assert labels["SerialNumber"]["value"].startswith("SIM-")
    assert labels["NumberOfDetectors"]["value"] == 2
    assert labels["DetectorEnable"]["value"] is False
    assert labels["BiasCurrent"]["value"] == [0.0, 0.0]
    assert labels["BiasCurrent"]["units"] == "uA"
    state = box[0].state()
    assert (state.enabled, state.bias_A) == (False, (0.0, 0.0))


def test_commands_act_and_are_broadcast_to_every_client(box, client):
    other = JsonClient(box[1])
    with closing_all(other):
        properties(other)  # so that it is known to be connected
        for sent in (
            {"command": "SetAllBiasCurrents", "label": "BiasCurrent", "value": [20.5, 18]},
            {"command": "SetAllTriggerLevels", "label": "TriggerLevel", "value": [-150, 100]},
            {"command": "SetMeasurementPeriod", "label": "InptMeasurementPeriod", "value": 20},
            {"command": "DetectorEnable", "label": "DetectorEnable", "value": True},
        ):
            client.send(**sent)
            assert client.receive() == other.receive() == (sent["label"], sent["value"])
    state = box[0].state()
    assert state.enabled
    assert state.bias_A == pytest.approx((20.5e-6, 18e-6))
    assert state.trigger_level_V == pytest.approx((-0.150, 0.100))


def test_objects_may_be_glued_and_split_anywhere(box, client):
    messages = [{"request": "BiasCurrent"}, {"request": 'a "}" in {a} \\" name'}, {"request": "TriggerLevel"}]
    data = "".join(map(json.dumps, messages)).encode()
    for byte in data:
        client.socket.sendall(bytes([byte]))
    assert client.receive() == ("BiasCurrent", [0.0, 0.0])
    assert client.receive()[0] == "Error"
    assert client.receive() == ("TriggerLevel", [0.0, 0.0])


@pytest.mark.parametrize(
    "message",
    [
        {"command": "SetAllBiasCurrents", "value": [1]},
        {"command": "SetAllBiasCurrents", "value": [1, -1]},
        {"command": "SetAllBiasCurrents", "value": [1, float("nan")]},
        {"command": "SetAllBiasCurrents", "value": [1, True]},
        {"command": "SetAllTriggerLevels", "value": "high"},
        {"command": "SetMeasurementPeriod", "value": 0},
        {"command": "DetectorEnable", "value": 1},
        {"command": "AutoCaliBiasCurrents", "value": True},
        {"request": "Weather"},
        {"value": 3},
    ],
)
def test_mistakes_are_errors_and_change_nothing(box, client, message):
    before = box[0].state()
    client.send(**message)
    assert "Error" in client.receive()[0]
    assert box[0].state() == before


@pytest.mark.parametrize(
    "rubbish", [b"GET / HTTP/1.1\r\n\r\n", b"}", b"{]}", b"\xff\xfe{}", b'{"a":' + b"9" * 70000]
)
def test_rubbish_is_an_error_and_the_connection_lives(client, rubbish):
    client.socket.sendall(rubbish)
    assert client.receive()[0] == "Error"
    answers = []
    while ("NumberOfDetectors", 2) not in answers:
        client.send(request="NumberOfDetectors")
        answers.append(client.receive())
    assert all(label in ("Error", "NumberOfDetectors") for label, _ in answers)


def test_counts_come_one_line_per_period(box, client):
    device, _, counts_port = box
    client.send(command="SetMeasurementPeriod", label="InptMeasurementPeriod", value=10)
    client.receive()
    client.send(command="DetectorEnable", label="DetectorEnable", value=True)
    client.receive()
    device.observe((1250.0, 0.0))
    counts = LineClient(counts_port, b"\n")
    with closing_all(counts):
        rows = [tuple(map(float, counts.read().split(","))) for _ in range(8)]
    steps = [later[0] - earlier[0] for earlier, later in pairwise(rows)]
    assert steps == pytest.approx([0.010] * 7)
    assert sum(row[1] for row in rows) == 100  # 12.5 a period: the halves are carried over
    assert not any(row[2] for row in rows)


def test_disabled_detectors_do_not_count(box):
    box[0].observe((1e6, 1e6))
    assert box[0].counts_line().decode().strip().split(",")[1:] == ["0", "0"]


def test_a_rate_per_detector_is_the_benchs_duty(box):
    with pytest.raises(SimulationError, match="2 detectors"):
        box[0].observe((1.0,))
