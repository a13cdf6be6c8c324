# SPDX-License-Identifier: Apache-2.0
from math import inf

import pytest
from driver_rig import settings
from qcodes.instrument_drivers.Lakeshore import LakeshoreModel372

from heraldlink_drivers.errors import ConnectionLost, DriverError
from heraldlink_drivers.lakeshore_372 import LakeShore372
from heraldlink_drivers.roles import Thermometer
from heraldlink_sim.faces.lakeshore_372 import LakeShore372 as Face
from heraldlink_sim.transport import serve_raw


@pytest.fixture
def face():
    return Face("SIM-1")


@pytest.fixture
def server(face, serve):
    return serve(serve_raw(face, terminator=b"\r\n", connections=2))


@pytest.fixture
def thermometer(server):
    return LakeShore372(LakeshoreModel372("fridge", server.address, visalib="@py"))


def test_connecting_and_reading_changes_nothing(thermometer, face):
    thermometer.driver.snapshot(update=True)
    assert settings(face) == []
    assert isinstance(thermometer, Thermometer)
    assert thermometer.identity().split(",")[2] == "SIM-1"
    assert thermometer.errors() == []


def test_the_measured_input_is_read(thermometer, face):
    assert thermometer.channels == (6,)
    assert thermometer.age_s(6) == inf
    assert thermometer.temperature_K(6) == pytest.approx(0.012, rel=0.01)
    assert 0 <= thermometer.age_s(6) < 5
    face.temperature_K = lambda channel: 0.033
    assert thermometer.temperature_K(6) == pytest.approx(0.033, rel=0.01)
    thermometer.safe_state()
    assert settings(face) == []


def test_what_the_scanner_does_not_see_is_refused(thermometer, face):
    with pytest.raises(DriverError, match="channel 5 is not measured"):
        thermometer.temperature_K(5)
    face.respond(b"SCAN 6,1")
    assert thermometer.channels == (1, 2, 5, 6)
    assert thermometer.temperature_K(5) == pytest.approx(0.85, rel=0.01)
    assert thermometer.age_s(5) >= 4 * 13, "it may have waited a round of the scanner"
    with pytest.raises(DriverError, match="channel 9 is not measured"):
        thermometer.temperature_K(9)


def test_an_invalid_reading_is_an_error(thermometer, face):
    face.temperature_K = lambda channel: 500.0
    with pytest.raises(DriverError, match=r"T\. OVER"):
        thermometer.temperature_K(6)
    face.respond(b"INSET 6,1,10,3,0,1")
    with pytest.raises(DriverError, match="no valid reading"):
        thermometer.temperature_K(6)
    assert thermometer.age_s(6) == inf


@pytest.mark.parametrize("channel", [0, 17, 99, True])
def test_inputs_that_there_are_not(thermometer, channel):
    with pytest.raises(ValueError, match=str(channel)):
        thermometer.temperature_K(channel)


def test_what_the_instrument_did_not_understand_is_told(thermometer, face):
    face.respond(b"FROB")
    assert thermometer.errors() == ["command error"]
    assert thermometer.errors() == []


def test_an_instrument_that_goes_away_is_noticed(thermometer, server, loop):
    thermometer.driver.timeout.set(0.5)
    loop.run(server.close())
    with pytest.raises(ConnectionLost, match="fridge"):
        thermometer.temperature_K(6)
