# SPDX-License-Identifier: Apache-2.0
import pytest
from driver_rig import sent, settings

from heraldlink_drivers.errors import DriverError
from heraldlink_drivers.keysight_n7761a import KeysightN7761A
from heraldlink_drivers.roles import Attenuator
from heraldlink_sim.faces.keysight_n7761a import KeysightN7761A as Face
from heraldlink_sim.transport import serve_hislip, serve_raw


@pytest.fixture
def face():
    face = Face("SIM-1")
    face.input_power_W = lambda channel: 1e-3
    return face


@pytest.fixture(params=[serve_raw, serve_hislip])
def voa(face, serve, request):
    return KeysightN7761A("voa", serve(request.param(face)).address, visalib="@py")


def test_connecting_and_reading_changes_nothing(voa, face):
    assert sorted(sent(face)) == ["*IDN?", ":SYST:ERR?"]
    voa.snapshot(update=True)
    assert settings(face) == []
    assert voa.errors() == []
    assert isinstance(voa, Attenuator)
    assert voa.channel_count == 1


def test_setting_an_attenuation_returns_when_the_filter_is_there(voa, face):
    voa.ch1.speed.set(20)
    voa.set_attenuation_dB(1, 5.0)
    assert face.state().channels[0].attenuation_dB == 5.0


def test_limits_are_the_instruments_and_follow_the_offset(voa):
    with pytest.raises(ValueError, match=r"0\.0 and 45\.0"):
        voa.ch1.attenuation.set(47)
    voa.ch1.offset.set(3)
    voa.ch1.attenuation.set(47)
    assert voa.ch1.attenuation.get() == 47
    with pytest.raises(ValueError, match=r"3\.0 and 48\.0"):
        voa.ch1.attenuation.set(2)


def test_an_offset_does_not_attenuate(voa, face):
    """The role speaks of light: a display that is shifted by 30 dB lets no more of it pass."""
    voa.set_attenuation_dB(1, 30)
    voa.ch1.offset.set(30)
    assert voa.ch1.attenuation.get() == 60
    assert voa.attenuation_dB(1) == 30
    voa.set_attenuation_dB(1, 20)
    voa.set_open(1, True)
    assert face.state().channels[0].attenuation_dB == 20
    assert voa.monitor_W(1) == pytest.approx(1e-5, rel=1e-4)


def test_a_channel_under_power_control_is_not_opened(voa, face):
    voa.set_attenuation_dB(1, 30)
    voa.ch1.power_control.set(True)
    with pytest.raises(DriverError, match="shutter 1 stays as it is: under power control"):
        voa.set_open(1, True)
    assert not voa.is_open(1)
    voa.set_attenuation_dB(1, 30)
    voa.set_open(1, True)
    assert voa.is_open(1)


def test_power_is_set_and_kept(voa, face):
    voa.ch1.power.set(1e-5)
    voa.set_open(1, True)
    voa.ask("*OPC?")
    assert voa.monitor_W(1) == pytest.approx(1e-5, rel=1e-4)
    voa.ch1.power_control.set(True)
    face.input_power_W = lambda channel: 1e-4
    assert voa.monitor_W(1) == pytest.approx(1e-5, rel=1e-4)
    assert voa.ch1.power.get() == pytest.approx(1e-5, rel=1e-4)
    voa.write(":OUTP1:POW:UNIT W")
    assert voa.ch1.power.get() == pytest.approx(1e-5, rel=1e-4)


def test_monitor_is_zeroed_and_recorded(voa):
    voa.ch1.zero()
    voa.set_open(1, True)
    voa.set_attenuation_dB(1, 10)
    powers_W = voa.ch1.record(50, 0.01)
    assert powers_W == pytest.approx([1e-4] * 50, rel=1e-5)
    voa.ch1.averaging.set(0.05)
    assert voa.ch1.averaging.get() == 0.05
    voa.safe_state()
    assert not voa.is_open(1)
