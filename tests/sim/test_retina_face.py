# SPDX-License-Identifier: Apache-2.0
"""A Single Quantum Retina as JSON-RPC and WebSocket clients see it."""

# ruff: noqa: S310 - addresses are those of our own server
import ctypes
import json
import urllib.error
import urllib.request
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.sync.client import connect

from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.errors import SimulationError
from heraldlink_sim.faces.single_quantum_retina import RetinaBox, serve_retina
from heraldlink_sim.transport import EventLoopThread


class Record(ctypes.Structure):
    """A record as the vendor's client declares it."""

    _fields_ = [
        ("mcu", ctypes.c_uint8), ("cu", ctypes.c_uint8), ("status", ctypes.c_uint8),
        ("volts", ctypes.c_float), ("bias", ctypes.c_float), ("counts", ctypes.c_uint32),
        ("cycles", ctypes.c_uint32), ("rank", ctypes.c_uint32), ("time", ctypes.c_double),
    ]  # fmt: skip


@pytest.fixture
def box():
    return RetinaBox("SIM-1", 3, SteppedClock())


@pytest.fixture
def server(box):
    with EventLoopThread() as loop:
        listening = loop.run(serve_retina(box))
        yield listening
        loop.run(listening.close())


@pytest.fixture
def call(server):
    def rpc(method, **params):
        body = {"jsonrpc": "2.0", "id": "a1", "method": method, "params": params}
        request = urllib.request.Request(server.address + "/api", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=5) as reply:
            answer = json.loads(reply.read())
        assert (answer["jsonrpc"], answer["id"]) == ("2.0", "a1")
        return answer.get("result", answer.get("error"))

    return rpc


def configure(*ranks, **values):
    return {"1": {"channels": {str(rank): {"configuration": values} for rank in ranks}}}


def configuration(tree, rank):
    return tree["devices"]["1"]["channels"][str(rank)]["configuration"]


def test_powers_up_off_and_unbiased_and_reading_changes_nothing(call, box):
    before = box.settings()
    tree = call("getSettings")
    assert tree["frontend"]["rankMap"] == {"1": [1, 1], "2": [1, 2], "3": [1, 3]}
    assert (configuration(tree, 2)["biasI"], configuration(tree, 2)["cuStatus"]) == (0.0, 0)
    assert call("getBackend")["backend"]["serialNumber"] == "SIM-1"
    assert set(call("getDevices")["devices"]["1"]["channels"]) == {"1", "2", "3"}
    for method in ("IVStatus", "getIvData", "getIvFile", "getLog"):
        assert "code" not in call(method)
    assert box.settings() == before
    assert not box.state().enabled


def test_settings_merge_into_the_tree(call, box):
    tree = call("setSettings", devices=configure(2, biasI=18e-6, triggerV=-0.2), backend={"intTime": 50})
    assert configuration(tree, 2)["biasI"] == 18e-6
    assert configuration(tree, 1)["biasI"] == 0.0
    assert box.state().bias_A == (0.0, 18e-6, 0.0)
    assert box.state().trigger_level_V == (0.1, -0.2, 0.1)
    assert box.period_s == 0.05


@pytest.mark.parametrize(
    "change",
    [
        {"devices": configure(1, triggerV=11)},
        {"devices": configure(1, biasI=1.0)},
        {"devices": configure(1, biasI="high")},
        {"devices": configure(1, biasI=True)},
        {"devices": configure(9, biasI=0.0)},
        {"devices": 3},
        {"weather": {}},
        {"backend": {"intTime": 15}},
        {"frontend": {"rankMap": {"1": [2, 2]}}},
        {"devices": configure(1, biasIStep=1e-12)},
        {"devices": configure(1, biasIStop=1e-4, biasIStep=1e-9, cuStatus=2)},
    ],
)
def test_wrong_settings_are_refused_whole(call, box, change):
    before = box.settings()
    error = call("setSettings", **change)
    assert error["code"] == -32602
    assert error["data"]["message"] == error["message"]
    assert box.settings() == before


def test_unknown_methods_and_what_is_no_call(server, call):
    assert call("dance")["code"] == -32601
    assert call("stopRecording")["code"] == -32600
    for body in (b"garbage", b"[]", b'{"jsonrpc": "1.0", "method": "getSettings"}', b"[" * 5000):
        request = urllib.request.Request(server.address + "/api", body)
        with urllib.request.urlopen(request, timeout=5) as reply:
            assert json.loads(reply.read())["error"]["code"] in (-32700, -32600)
    with pytest.raises(urllib.error.HTTPError, match="405"):
        urllib.request.urlopen(server.address + "/api", timeout=5)


def test_counts_arrive_in_records_of_32_bytes(server, call, box):
    assert ctypes.sizeof(Record) == 32
    call("setSettings", devices=configure(1, 2, 3, biasI=18e-6, cuStatus=1), backend={"intTime": 20})
    call("setSettings", devices=configure(3, cuStatus=0))
    box.observe((1234.0, 0.0, 5000.0))
    with connect(server.address.replace("http", "ws") + "/counts") as counts:
        frames = [counts.recv(5) for _ in range(6)]
    records = [
        [Record.from_buffer_copy(frame[at : at + 32]) for at in range(0, len(frame), 32)] for frame in frames
    ]
    assert [(r.mcu, r.cu, r.rank, r.status) for r in records[0]] == [(1, 1, 1, 1), (1, 2, 2, 1), (1, 3, 3, 0)]
    assert records[0][0].bias == pytest.approx(18e-6)
    assert records[0][0].cycles == 2
    assert sum(frame[0].counts for frame in records[1:]) == pytest.approx(1234 * 0.02 * 5, abs=1)
    assert all(frame[2].counts == 0 for frame in records)
    assert all(later[0].time > earlier[0].time for earlier, later in pairwise(records))


def test_a_sweep_takes_its_time_and_ends_counting(call, box):
    sweep = {"biasIStart": 0.0, "biasIStop": 30e-6, "biasIStep": 1e-6, "biasSweepT": 10, "cuStatus": 2}
    call("setSettings", devices=configure(1, 2, **sweep))
    assert call("IVStatus")["running"]
    box.clock.spend(1.5)
    assert len(call("getIvData")["counts"]["biasI"]) == pytest.approx(15, abs=1)
    box.clock.spend(2.0)
    assert not call("IVStatus")["running"]
    data = call("getIvData")
    assert data["counts"]["biasI"][-1] == pytest.approx(30e-6)
    assert data["counts"]["3"] == [None] * 31
    counts, volts = data["counts"]["1"], data["monitorV"]["1"]
    assert counts[20] > counts[18] > counts[10] >= 0
    assert counts[-1] == 0
    assert volts[-1] > 100 * volts[20] > 0
    assert configuration(call("getSettings"), 1)["cuStatus"] == 1
    assert call("getIvFile", datatype="csv", details="cold")["ivData"].startswith("# cold\nbiasI,1,2,3\n")


def test_a_sweep_may_be_stopped(call, box):
    call("setSettings", devices=configure(1, biasIStop=30e-6, biasIStep=1e-6, biasSweepT=10, cuStatus=2))
    box.clock.spend(1.0)
    assert call("stopIV") == "success"
    box.clock.spend(10.0)
    assert len(call("getIvData")["counts"]["biasI"]) == pytest.approx(10, abs=1)


def test_recordings(call, box):
    call("setSettings", devices=configure(1, 2, 3, biasI=18e-6, cuStatus=1))
    box.observe((1000.0, 2000.0, 0.0))
    call("startRecording", channels=[2])
    for _ in range(3):
        box.frame()
    rows = call("stopRecording")["data"]
    assert {row["rank"] for row in rows} == {2}
    assert rows[0]["counts"] == 200
    assert call("startRecording", channels=[7])["code"] == -32602


def test_latched_detectors_count_nothing_until_their_bias_was_off(call, box):
    call("setSettings", devices=configure(1, 2, 3, biasI=18e-6, cuStatus=1))
    box.observe((1000.0,) * 3)
    box.latch()
    assert not box.state().enabled
    record = Record.from_buffer_copy(box.frame()[:32])
    assert record.counts == 0
    assert record.volts > 0.01
    call("setSettings", devices=configure(1, 2, 3, biasI=0.0))
    call("setSettings", devices=configure(1, 2, 3, biasI=18e-6))
    assert box.state().enabled
    assert Record.from_buffer_copy(box.frame()[:32]).counts == 100


def test_reboot_and_a_wrong_number_of_rates(call, box):
    call("setSettings", devices=configure(1, biasI=18e-6))
    call("rebootSystem")
    assert box.state().bias_A == (0.0, 0.0, 0.0)
    with pytest.raises(SimulationError, match="3 detectors"):
        box.observe((1.0,))


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
METHODS = [
    "setSettings",
    "startRecording",
    "getLog",
    "getIvFile",
    "setNetworkSettings",
    "startIV",
    "nonsense",
]


@settings(max_examples=200)
@given(st.sampled_from(METHODS), json_like)
def test_any_parameters_are_answered(method, params):
    box = RetinaBox("SIM-1")
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    assert box.respond(b"POST /api HTTP/1.1\r\n\r\n" + body).startswith(b"HTTP/1.1 200")
    assert box.frame()


@given(st.binary())
def test_garbage_never_crashes(message):
    assert RetinaBox("SIM-1").respond(message)
    assert RetinaBox("SIM-1").respond(b"POST /api HTTP/1.1\r\n\r\n" + message)
