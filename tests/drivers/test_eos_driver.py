# SPDX-License-Identifier: Apache-2.0
import json
import socket

import pytest

from heraldlink_drivers import SingleQuantumEOS
from heraldlink_drivers.errors import ConnectionLost, InstrumentError
from heraldlink_drivers.roles import DetectorBias
from heraldlink_sim.faces.eos_server import serve_eos
from heraldlink_sim.faces.single_quantum_eos import SingleQuantumEOS as Face


@pytest.fixture
def face():
    return Face("SIM-1")


@pytest.fixture
def server(face, serve):
    return serve(serve_eos(face))


@pytest.fixture
def eos(server):
    return SingleQuantumEOS("eos", server.address, counts=server.counts_address)


def commands(face) -> list[str]:
    arrived = b"".join(data for direction, data in face.wire_log if direction == "in").decode()
    return [part for part in arrived.split("}") if '"command"' in part]


def test_connecting_and_reading_everything_changes_nothing(eos, face):
    eos.snapshot(update=True)
    eos.count_rates_Hz()
    assert commands(face) == []
    assert not face.enabled
    assert isinstance(eos, DetectorBias)
    assert "SIM-1" in eos.identity()


def test_settings_arrive_and_read_back_in_SI(eos, face):
    eos.set_bias_A([18e-6, 17.5e-6])
    eos.set_trigger_level_V([0.1, -0.05])
    eos.measurement_period.set(0.02)
    eos.set_enabled(True)
    assert eos.bias_A() == pytest.approx((18e-6, 17.5e-6))
    assert eos.trigger_level_V() == pytest.approx((0.1, -0.05))
    assert eos.measurement_period.get() == pytest.approx(0.02)
    assert eos.enabled() is True
    assert face.state().bias_A == pytest.approx((18e-6, 17.5e-6))
    assert face.state().enabled


def test_count_rates_are_those_of_now(eos, face):
    eos.measurement_period.set(0.02)
    eos.set_enabled(True)
    face.observe((1000.0, 50_000.0))
    eos.count_rates_Hz()
    assert eos.count_rates_Hz() == pytest.approx((1000.0, 50_000.0), abs=50)


def test_what_another_client_sets_is_seen(eos, server, face):
    host, port = server.address.removeprefix("tcp://").split(":")
    with socket.create_connection((host, int(port))) as other:
        for bias_uA in range(1, 20):
            message = {"command": "SetAllBiasCurrents", "label": "BiasCurrent", "value": [bias_uA, 0.0]}
            other.sendall(json.dumps(message).encode())
            assert other.recv(4096)
    assert eos.bias_A() == pytest.approx((19e-6, 0.0))


def test_mistakes(eos, face):
    with pytest.raises(ValueError, match="2"):
        eos.set_bias_A([1e-6])
    with pytest.raises(ValueError, match=r"0\.0001"):
        eos.set_bias_A([1.0, 0.0])
    with pytest.raises(InstrumentError, match=r"eos.*outside"):
        eos._command("SetAllBiasCurrents", "BiasCurrent", [500.0, 0.0])
    assert face.state().bias_A == (0.0, 0.0)
    assert eos.bias_A() == (0.0, 0.0)


def test_the_instrument_finds_bias_currents(eos, face):
    with pytest.raises(InstrumentError, match="disabled"):
        eos.find_bias_A([100.0, 100.0])
    with pytest.raises(ValueError, match="2 detectors"):
        eos.find_bias_A([100.0])
    eos.measurement_period.set(0.005)
    eos.set_enabled(True)
    found = eos.find_bias_A([100.0, 1000.0])
    assert 0 < found[0] < found[1] < 22e-6
    assert eos.bias_A() == found
    assert eos.identity() == "Single Quantum,EOS,SIM-1,0"


def test_safe_state_holds_the_bias(eos):
    eos.set_bias_A([18e-6, 18e-6])
    eos.set_enabled(True)
    eos.safe_state()
    assert eos.enabled()


def test_an_instrument_that_goes_away_is_noticed(eos, server, loop):
    loop.run(server.close())
    with pytest.raises(ConnectionLost, match="eos"):
        eos.bias_A()


def test_wrong_addresses():
    with pytest.raises(ValueError, match="tcp://host:port"):
        SingleQuantumEOS("eos_a", "TCPIP::127.0.0.1::12000::SOCKET")
    with pytest.raises(ConnectionLost, match=r"eos_b: nothing answers at tcp://127\.0\.0\.1:1"):
        SingleQuantumEOS("eos_b", "tcp://127.0.0.1:1")
