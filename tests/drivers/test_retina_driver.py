# SPDX-License-Identifier: Apache-2.0
import json

import pytest
from driver_rig import refuse

from heraldlink_drivers.errors import ConnectionLost, InstrumentError
from heraldlink_drivers.roles import DetectorBias
from heraldlink_drivers.single_quantum_retina import SingleQuantumRetina
from heraldlink_sim.faces.http_server import HEAD_END
from heraldlink_sim.faces.single_quantum_retina import RetinaBox, serve_retina


@pytest.fixture
def face():
    return RetinaBox("SIM-1", 2)


@pytest.fixture
def server(face, serve):
    return serve(serve_retina(face))


@pytest.fixture
def retina(server):
    return SingleQuantumRetina("snspds", server.address)


def calls(face):
    bodies = [m.partition(HEAD_END)[2] for direction, m in face.wire_log if direction == "in"]
    return [json.loads(body) for body in bodies]


def test_connecting_and_reading_everything_changes_nothing(retina, face):
    before = face.settings()
    retina.snapshot(update=True)
    retina.count_rates_Hz()
    assert retina.errors() == []
    assert isinstance(retina, DetectorBias)
    assert retina.identity() == "Single Quantum,Retina,SIM-1,1.4.0"
    assert {call["method"] for call in calls(face)} == {"getSettings", "getBackend"}
    assert face.settings() == before
    assert not retina.enabled()


def test_settings_arrive_and_read_back(retina, face):
    retina.set_trigger_level_V([0.15, -0.05])
    retina.integration_time.set(0.05)
    retina.set_bias_A([18e-6, 17.5e-6])
    retina.set_enabled(True)
    assert retina.trigger_level_V() == pytest.approx((0.15, -0.05))
    assert retina.bias_A() == pytest.approx((18e-6, 17.5e-6))
    assert retina.integration_time.get() == pytest.approx(0.05)
    assert retina.enabled()
    assert face.state().enabled
    assert face.state().bias_A == pytest.approx((18e-6, 17.5e-6))


def test_the_bias_is_ramped(retina, face):
    face.wire_log.clear()
    retina.set_bias_A([10e-6, 2e-6])
    retina.set_bias_A([0.0, 2e-6])
    sent = [call["params"] for call in calls(face) if call["method"] == "setSettings"]
    first = [params["devices"]["1"]["channels"]["1"]["configuration"]["biasI"] for params in sent]
    assert len(first) == 20
    assert max(abs(b - a) for a, b in zip([0.0, *first], first, strict=False)) <= 1.0000001e-6


def test_count_rates(retina, face):
    retina.integration_time.set(0.02)
    retina.set_bias_A([5e-6, 5e-6])
    retina.set_enabled(True)
    face.observe((1000.0, 50_000.0))
    retina.count_rates_Hz()
    assert retina.count_rates_Hz() == pytest.approx((1000.0, 50_000.0), abs=50)


def test_a_sweep(retina):
    curves = retina.sweep(0.0, 30e-6, 5e-6, time_s=0.02)
    currents, volts, counts = curves[2]
    assert currents == pytest.approx([0.0, 5e-6, 10e-6, 15e-6, 20e-6, 25e-6, 30e-6])
    assert volts[-1] > volts[3]
    assert counts[4] > 0
    assert counts[-1] == 0


@pytest.mark.parametrize("bias", [[1e-6], [1.0, 0.0], [float("nan"), 0.0], [-1e-6, 0.0]])
def test_limits_hold_before_anything_is_sent(retina, face, bias):
    before = len(face.wire_log)
    with pytest.raises(ValueError, match="bias"):
        retina.set_bias_A(bias)
    assert len(face.wire_log) == before


def test_what_the_box_refuses(retina):
    with pytest.raises(InstrumentError, match=r"snspds.*weather"):
        retina.rpc("setSettings", weather=1)


def test_safe_state_holds_the_bias(retina):
    retina.set_bias_A([5e-6, 5e-6])
    retina.set_enabled(True)
    for _ in range(3):
        retina.safe_state()
    assert retina.enabled()
    assert retina.bias_A() == pytest.approx((5e-6, 5e-6))


def test_a_box_that_goes_away_and_comes_back(retina, server, loop):
    loop.run(refuse(server, True))
    with pytest.raises(ConnectionLost, match="snspds"):
        retina.bias_A()
    with pytest.raises(ConnectionLost, match="snspds"):
        retina._next_frame(1.0)
    loop.run(refuse(server, False))
    assert retina.bias_A() == (0.0, 0.0)


def test_wrong_addresses():
    with pytest.raises(ValueError, match="http://host:port"):
        SingleQuantumRetina("a", "tcp://127.0.0.1:80")
    with pytest.raises(ConnectionLost, match="b: "):
        SingleQuantumRetina("b", "http://127.0.0.1:1")
