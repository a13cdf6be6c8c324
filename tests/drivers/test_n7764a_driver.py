# SPDX-License-Identifier: Apache-2.0
import pytest
from driver_rig import settings

from heraldlink_drivers import KeysightN7764A
from heraldlink_drivers.errors import InstrumentError
from heraldlink_drivers.roles import Attenuator
from heraldlink_sim.faces.keysight_n7764a import KeysightN7764A as Face
from heraldlink_sim.transport import serve_raw
from heraldlink_sim.transport.hislip import serve_hislip


@pytest.fixture
def face():
    face = Face("SIM-1")
    face.input_power_W = lambda channel: channel * 1e-3
    return face


@pytest.fixture(params=[serve_raw, serve_hislip])
def voa(face, serve, request):
    return KeysightN7764A("voa", serve(request.param(face)).address, visalib="@py")


def test_connecting_and_reading_everything_changes_nothing(voa, face):
    voa.snapshot(update=True)
    assert settings(face) == []
    assert isinstance(voa, Attenuator)


def test_channels_one_by_one(voa, face):
    voa.set_attenuation_dB(2, 13.0)
    voa.set_open(2, True)
    voa.channels[3].attenuation.set(20)
    channels = face.state().channels
    assert (channels[1].attenuation_dB, channels[1].open) == (13.0, True)
    assert [channel.open for channel in channels] == [False, True, False, False]
    assert voa.attenuation_dB(4) == 20
    assert voa.monitor_W(2) == pytest.approx(2e-3 * 10**-1.3, rel=1e-5)


def test_monitor_in_the_other_displayed_unit(voa):
    voa.write(":SENS1:POW:UNIT 1")
    voa.set_attenuation_dB(1, 10)
    voa.set_open(1, True)
    assert voa.monitor_W(1) == pytest.approx(1e-4, rel=1e-5)


def test_mistakes(voa):
    with pytest.raises(ValueError, match="no channel 5"):
        voa.is_open(5)
    with pytest.raises(ValueError, match="45"):
        voa.set_attenuation_dB(1, 100)
    with pytest.raises(InstrumentError):
        voa.write(":INP1:NONSENSE 3")


def test_safe_state(voa):
    for channel in range(1, 5):
        voa.set_open(channel, True)
    voa.safe_state()
    assert not any(voa.is_open(channel) for channel in range(1, 5))
