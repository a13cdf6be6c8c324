# SPDX-License-Identifier: Apache-2.0
from math import pi

import pytest
from driver_rig import settings
from qcodes.instrument_drivers.rohde_schwarz import RohdeSchwarzSGS100A

from heraldlink_drivers.errors import ConnectionLost, InstrumentError, Timeout
from heraldlink_drivers.roles import MicrowaveSource
from heraldlink_drivers.sgs100a_role import SGS100ARole
from heraldlink_sim.faces.rohde_schwarz_sgs100a import RohdeSchwarzSGS100A as Face
from heraldlink_sim.transport import serve_raw
from heraldlink_sim.transport.hislip import serve_hislip


@pytest.fixture
def face():
    return Face("SIM-1")


@pytest.fixture(params=[serve_raw, serve_hislip])
def server(face, serve, request):
    return serve(request.param(face))


@pytest.fixture
def source(server):
    return SGS100ARole(RohdeSchwarzSGS100A("source", server.address, visalib="@py"))


def test_connecting_and_reading_changes_nothing(source, face):
    source.driver.snapshot(update=True)
    assert settings(face) == []
    assert isinstance(source, MicrowaveSource)


def test_settings_arrive(source, face):
    source.set_frequency_Hz(7.0e9)
    source.set_power_dBm(-30)
    source.set_phase_rad(pi / 2)
    source.set_reference_external(True)
    source.set_output(True)
    state = face.state()
    assert (state.frequency_Hz, state.power_dBm) == (7.0e9, -30)
    assert state.phase_rad == pytest.approx(pi / 2)
    assert (state.reference_external, state.output_on) == (True, True)
    assert source.frequency_Hz() == 7.0e9
    assert source.phase_rad() == pytest.approx(pi / 2)
    assert source.reference_external()
    source.safe_state()
    assert not source.output()


def test_an_older_error_does_not_keep_it_from_its_safe_state(source, face, caplog):
    source.set_output(True)
    source.driver.write("FREQ 1 parsec")
    source.safe_state()
    assert not face.state().output_on
    assert "source: " in caplog.text
    assert "when its output was switched off" in caplog.text


def test_mistakes(source):
    with pytest.raises(ValueError, match="20000000000"):
        source.set_frequency_Hz(1e12)
    source.driver.visa_handle.write("SOUR:NONSENSE 1")
    with pytest.raises(InstrumentError, match="source"):
        source.set_output(False)
    assert source.errors() == []


def test_a_question_without_reply_spoils_no_later_one(source):
    source.driver.timeout.set(0.3)
    source.set_frequency_Hz(6.5e9)
    with pytest.raises(Timeout, match="source: no reply"):
        source.ask("SOUR:NONSENSE?")
    source.driver.timeout.set(4)
    assert source.frequency_Hz() == 6.5e9


def test_an_instrument_that_goes_away_is_noticed(source, server, loop):
    source.driver.timeout.set(0.5)
    loop.run(server.close())
    with pytest.raises(ConnectionLost, match="source"):
        source.output()
