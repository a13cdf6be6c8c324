# SPDX-License-Identifier: Apache-2.0
import pytest
from driver_rig import settings

from heraldlink_drivers import SantecTSL570
from heraldlink_drivers.errors import DriverError, InstrumentError
from heraldlink_drivers.roles import PumpLaser
from heraldlink_sim.faces.santec_tsl570 import SantecTSL570 as Face
from heraldlink_sim.transport import serve_raw


@pytest.fixture
def face():
    return Face("SIM-1")


@pytest.fixture
def laser(face, serve):
    return SantecTSL570("laser", serve(serve_raw(face, terminator=b"\r")).address, visalib="@py")


def test_connecting_and_reading_everything_changes_nothing(laser, face):
    laser.snapshot(update=True)
    assert settings(face) == []
    assert isinstance(laser, PumpLaser)


def test_settings_arrive_and_read_back_in_SI(laser, face):
    laser.wavelength.set(1561.26e-9)
    laser.power.set(2e-3)
    laser.set_emission(True)
    laser.set_shutter_open(True)
    assert laser.wavelength.get() == pytest.approx(1561.26e-9, abs=0.05e-12)
    assert laser.frequency.get() == pytest.approx(299_792_458 / 1561.26e-9, abs=1e7)
    assert laser.power_W() == pytest.approx(2e-3, rel=1.2e-3)  # 0.01 dB steps
    assert (laser.emission(), laser.shutter_open()) == (True, True)
    state = face.state()
    assert (state.emitting, state.shutter_open) == (True, True)
    assert state.power_W == pytest.approx(2e-3, rel=1.2e-3)


def test_power_in_the_other_displayed_unit(laser, face):
    laser.write(":POW:UNIT 1")
    laser.power.set(3e-3)
    assert laser.power_W() == pytest.approx(3e-3, rel=2e-3)
    assert face.state().power_W == pytest.approx(3e-3, rel=2e-3)


def test_the_monitor_sees_light_before_the_shutter(laser):
    laser.power.set(1e-3)
    laser.set_emission(True)
    laser.set_shutter_open(False)
    assert laser.power_monitor.get() == pytest.approx(1e-3, rel=0.01)


def test_a_value_outside_the_model_is_the_instruments_error(laser, face):
    before = face.state()
    with pytest.raises(InstrumentError, match="laser") as caught:
        laser.wavelength.set(1.3e-6)
    assert caught.value.instrument == "laser"
    assert caught.value.code == -222
    assert ":WAV" in caught.value.command
    assert face.state() == before
    assert laser.errors() == []


def test_a_value_outside_the_validator_is_not_sent(laser, face):
    with pytest.raises(ValueError, match=r"0\.02"):
        laser.power.set(1.0)
    assert settings(face) == []


def test_safe_state(laser):
    laser.set_emission(True)
    laser.set_shutter_open(True)
    laser.safe_state()
    assert (laser.emission(), laser.shutter_open()) == (False, False)


def test_legacy_command_set_is_refused_by_name(serve):
    server = serve(serve_raw(Face("SIM-1", scpi=False), terminator=b"\r"))
    with pytest.raises(DriverError, match="Legacy"):
        SantecTSL570("laser", server.address, visalib="@py")
