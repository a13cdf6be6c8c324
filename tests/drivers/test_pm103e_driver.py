# SPDX-License-Identifier: Apache-2.0
import pytest
from driver_rig import sent, settings

from heraldlink_drivers.errors import DriverError, InstrumentError
from heraldlink_drivers.roles import PowerMeter
from heraldlink_drivers.thorlabs_pm103e import ThorlabsPM103E
from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.faces.thorlabs_pm103e import IDLE_s
from heraldlink_sim.faces.thorlabs_pm103e import ThorlabsPM103E as Face
from heraldlink_sim.transport import serve_hislip, serve_raw


@pytest.fixture
def face():
    face = Face("SIM-1", SteppedClock())
    face.input_W = lambda: (1e-4, 1550e-9)
    return face


@pytest.fixture(params=["raw", "hislip"])
def meter(face, serve, request):
    if request.param == "raw":
        starting = serve_raw(face, idle_s=IDLE_s, clock=face.clock)
    else:
        starting = serve_hislip(face)
    return ThorlabsPM103E("meter", serve(starting).address, visalib="@py")


def test_connecting_and_reading_changes_nothing(meter, face):
    assert sorted(sent(face)) == ["*IDN?", "SENS:CORR:WAV? MAX", "SENS:CORR:WAV? MIN", "SYST:ERR?"]
    meter.snapshot(update=True)
    assert settings(face) == []
    assert meter.errors() == []
    assert isinstance(meter, PowerMeter)
    assert meter.identity().split(",")[2] == "SIM-1"


def test_power_in_either_unit(meter):
    assert meter.measured_W() == pytest.approx(1e-4, rel=1e-3)
    meter.write("SENS:POW:UNIT DBM")
    assert meter.measured_W() == pytest.approx(1e-4, rel=1e-3)
    assert meter.current.get() == pytest.approx(1e-4, rel=1e-3)


def test_too_much_light_is_an_error(meter, face):
    meter.range.set(1e-5)
    assert not meter.auto_range.get()
    with pytest.raises(DriverError, match="meter: the light is out of the sensor's range"):
        meter.measured_W()
    meter.auto_range.set(True)
    assert meter.measured_W() == pytest.approx(1e-4, rel=1e-3)


def test_the_wavelength_has_the_sensors_limits(meter, face):
    meter.set_wavelength_m(1310e-9)
    assert meter.wavelength_m() == 1310e-9
    before = len(settings(face))
    for wrong in (700e-9, -1.0, float("nan")):
        with pytest.raises(ValueError, match=r"8e-07 and 1.7e-06"):
            meter.set_wavelength_m(wrong)
    assert len(settings(face)) == before


def test_settings_read_back(meter):
    for parameter, value in ((meter.averages, 20), (meter.attenuation, 12.5), (meter.auto_range, False)):
        parameter.set(value)
        assert parameter.get() == value
    with pytest.raises(InstrumentError, match="-222"):
        meter.range.set(10.0)


def test_zeroing(meter, face):
    face.input_W = lambda: (0.0, 1550e-9)
    face.zero_A = 1e-9
    meter.zero()
    assert abs(meter.current.get()) < 1e-11
    assert abs(meter.zero_offset.get()) < 1e-9


def test_it_is_reached_again_after_the_console_hung_up(face, serve):
    server = serve(serve_raw(face, idle_s=IDLE_s, clock=face.clock))
    meter = ThorlabsPM103E("meter", server.address, visalib="@py")
    face.clock.spend(10 * IDLE_s)
    assert meter.measured_W() == pytest.approx(1e-4, rel=1e-3)
    meter.safe_state()
