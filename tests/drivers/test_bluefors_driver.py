# SPDX-License-Identifier: Apache-2.0
import threading

import pytest
from driver_rig import refuse

from heraldlink_drivers.bluefors import BlueforsController
from heraldlink_drivers.errors import ConnectionLost, DriverError, InstrumentError
from heraldlink_drivers.roles import Thermometer
from heraldlink_sim.faces.bluefors import BlueforsCryostat, serve_bluefors


@pytest.fixture
def face():
    return BlueforsCryostat("SIM-1")


@pytest.fixture
def server(face, serve):
    return serve(serve_bluefors(face))


@pytest.fixture
def fridge(server):
    return BlueforsController("fridge", server.address, timeout=2.0)


def requests(face):
    return [message.split(b"\r\n")[0].decode() for direction, message in face.wire_log if direction == "in"]


def test_connecting_and_reading_everything_writes_nothing(fridge, face):
    fridge.snapshot(update=True)
    assert fridge.errors() == []
    fridge.safe_state()
    assert isinstance(fridge, Thermometer)
    assert fridge.identity() == "Bluefors,Control Software,SIM-1,2.2.0"
    assert all(request.startswith("GET ") for request in requests(face))


def test_temperatures_with_their_age(fridge, face):
    face.temperature_K = lambda channel: {6: 0.0217, 5: 0.9}.get(channel, 4.0)
    assert fridge.channels == (1, 2, 3, 5, 6)
    assert fridge.temperature_K(6) == 0.0217
    assert fridge.tstill.get() == 0.9
    assert fridge.age_s(6) <= 1.0
    face.hold("mapper.bf.temperatures.tmixing")
    face.clock.spend(20.0)
    assert fridge.age_s(6) == pytest.approx(20.0, abs=1.1)
    assert fridge.temperature_K(6) == 0.0217
    face.clock.spend(60.0)
    with pytest.raises(DriverError, match="outdated"):
        fridge.temperature_K(6)
    assert fridge.age_s(6) > 60


@pytest.mark.parametrize("kelvin", [float("nan"), float("inf"), 0.0, -1.0])
def test_a_reading_that_is_none(fridge, face, kelvin):
    face.temperature_K = lambda _: kelvin
    with pytest.raises(DriverError, match=r"fridge.*tmixing"):
        fridge.temperature_K(6)


def test_an_unknown_channel(fridge):
    with pytest.raises(ValueError, match="99"):
        fridge.temperature_K(99)
    with pytest.raises(ValueError, match="99"):
        fridge.age_s(99)


@pytest.mark.parametrize("valve", ["v15", "v17", "v18"])
@pytest.mark.parametrize("shape", ["mapper.bf.valves.{}", "mapper/bf/valves/{}", "MAPPER.BF.VALVES.{}.value"])
def test_forbidden_valves_are_refused_before_anything_is_sent(server, face, valve, shape):
    unlocked = BlueforsController("open", server.address, unlocked=True)
    before = len(face.wire_log)
    for spelling in (valve, valve.upper()):
        with pytest.raises(ValueError, match=f"{valve} is never written"):
            unlocked.write_value(shape.format(spelling), 1)
    assert len(face.wire_log) == before


def test_nothing_is_written_unless_unlocked(fridge, server, face):
    before = len(face.wire_log)
    with pytest.raises(ValueError, match="unlocked=True"):
        fridge.write_value("mapper.bf.valves.v3", 1)
    assert len(face.wire_log) == before
    unlocked = BlueforsController("open", server.address, unlocked=True)
    unlocked.write_value("mapper.bf.valves.v3", 1)
    assert face.value("mapper.bf.valves.v3") == "1"
    with pytest.raises(InstrumentError, match="3001"):
        unlocked.write_value("mapper.bf.valves.v99", 1)
    with pytest.raises(InstrumentError, match=r"not in 0\.\.1"):
        unlocked.write_value("mapper.bf.valves.v3", 3)


def test_units(fridge):
    assert fridge.p3.get() == pytest.approx(0.9e5)
    assert fridge.p3.unit == "Pa"
    assert fridge.flow.get() == pytest.approx(0.55e-3)


def test_the_key(serve):
    server = serve(serve_bluefors(BlueforsCryostat("SIM-1", key="a&b")))
    assert BlueforsController("let_in", server.address, key="a&b").temperature_K(6) == 0.012
    with pytest.raises(InstrumentError, match="denied"):
        BlueforsController("left_out", server.address)


def test_a_controller_that_goes_away_and_comes_back(fridge, server, loop):
    loop.run(refuse(server, True))
    with pytest.raises(ConnectionLost, match="fridge"):
        fridge.temperature_K(6)
    loop.run(refuse(server, False))
    assert fridge.temperature_K(6) == 0.012


def test_threads_get_their_own_answers(fridge):
    wrong = []

    def read(channel, value):
        wrong.extend(got for got in (fridge.temperature_K(channel) for _ in range(100)) if got != value)

    readers = [threading.Thread(target=read, args=pair) for pair in ((6, 0.012), (2, 3.1), (5, 0.85))]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(30)
    assert wrong == []


def test_wrong_addresses():
    with pytest.raises(ValueError, match="http://host:port"):
        BlueforsController("a", "tcp://127.0.0.1:49099")
    with pytest.raises(ConnectionLost, match="b: "):
        BlueforsController("b", "http://127.0.0.1:1")
