# SPDX-License-Identifier: Apache-2.0
"""Others' drivers of Thorlabs power meters, unchanged, against the PM103E.

The ThorlabsPM100 package, PyMeasure's ThorlabsPM100USB, QMI's PM100D, and QCoDeS contributed PM100D.
"""

import pytest
import pyvisa
from pymeasure.instruments.thorlabs import ThorlabsPM100USB
from qcodes_contrib_drivers.drivers.Thorlabs.PM100D import Thorlab_PM100D
from qmi.core.context import QMI_Context
from qmi.core.exceptions import QMI_InstrumentException
from qmi.instruments.thorlabs.pm100d import Thorlabs_PM100D
from ThorlabsPM100.ThorlabsPM100 import ThorlabsPM100

from heraldlink_sim.faces.thorlabs_pm103e import ThorlabsPM103E
from heraldlink_sim.transport import EventLoopThread, serve_hislip, serve_raw


@pytest.fixture
def face():
    face = ThorlabsPM103E("SIM-1")
    face.input_W = lambda: (1e-4, 1550e-9)
    return face


@pytest.fixture
def raw(face):
    with EventLoopThread() as loop:
        server = loop.run(serve_raw(face))
        yield server
        loop.run(server.close())


@pytest.fixture(params=[serve_raw, serve_hislip])
def address(face, request):
    with EventLoopThread() as loop:
        server = loop.run(request.param(face))
        yield server.address
        loop.run(server.close())


@pytest.fixture
def resource(address):
    handle = pyvisa.ResourceManager("@py").open_resource(
        address, read_termination="\n", write_termination="\n"
    )
    yield handle
    handle.close()


def test_thorlabs_pm100_package(resource):
    meter = ThorlabsPM100(inst=resource)
    assert meter.read == pytest.approx(1e-4, rel=1e-3)
    meter.sense.average.count = 10
    assert meter.sense.average.count == 10
    meter.sense.correction.wavelength = 1310
    assert meter.sense.correction.wavelength == 1310
    assert meter.sense.correction.minimum_wavelength == 800
    assert meter.sense.correction.maximum_beamdiameter > meter.sense.correction.minimum_beamdiameter
    meter.sense.power.dc.range.auto = "ON"
    assert meter.sense.power.dc.range.auto == 1
    meter.sense.power.dc.range.upper = 1e-3
    assert meter.sense.power.dc.range.upper >= 1e-3
    meter.input.pdiode.filter.lpass.state = 0
    assert meter.input.pdiode.filter.lpass.state == 0
    meter.configure.scalar.power()
    assert meter.getconfigure == "POW"
    meter.initiate.immediate()
    assert meter.fetch > 0
    meter.system.beeper.immediate()
    meter.sense.correction.collect.zero.initiate()
    meter.sense.correction.collect.zero.abort()
    assert meter.sense.correction.collect.zero.state == 0
    assert meter.status.operation.condition >= 0
    assert meter.status.measurement.condition == 0
    assert meter.system.sensor.idn.startswith("S154C")
    assert resource.query("SYST:ERR?") == '+0,"No error"'


def test_pymeasure(address):
    meter = ThorlabsPM100USB(address, visa_library="@py", read_termination="\n", write_termination="\n")
    assert meter.sensor_name == "S154C"
    assert meter.is_power_sensor
    assert not meter.is_energy_sensor
    assert meter.power == pytest.approx(1e-4, rel=1e-3)
    assert (meter.wavelength_min, meter.wavelength_max) == (800, 1700)
    meter.wavelength = 1310
    assert meter.wavelength == 1310
    meter.wavelength = 3000
    assert meter.wavelength == 1700
    assert meter.check_errors() == []
    meter.adapter.close()


@pytest.fixture
def qmi_meter(raw):
    context = QMI_Context("test_thorlabs")
    context.start()
    meter = context.make_instrument("meter", Thorlabs_PM100D, f"tcp:127.0.0.1:{raw.port}")
    meter.open()
    yield meter
    meter.close()
    context.stop()


def test_qmi(qmi_meter):
    qmi_meter.reset()
    assert qmi_meter.get_idn().model == "PM103E"
    assert qmi_meter.get_sensor_info().name == "S154C"
    assert qmi_meter.get_power() == pytest.approx(1e-4, rel=1e-3)
    assert qmi_meter.get_timestamped_power()[1] == pytest.approx(1e-4, rel=1e-3)
    assert qmi_meter.get_current() == pytest.approx(1e-4, rel=1e-3)
    qmi_meter.set_wavelength(1310.0)
    assert qmi_meter.get_wavelength() == 1310.0
    qmi_meter.set_range(1e-3)
    assert qmi_meter.get_range() >= 1e-3
    assert not qmi_meter.get_autorange()
    qmi_meter.set_autorange(True)
    assert qmi_meter.get_range_in_use() < 1e-3
    with pytest.raises(QMI_InstrumentException, match="-222"):
        qmi_meter.set_wavelength(3000.0)


def test_qcodes_contrib(address, face):
    """Not all of it works: averaging is set without a number, wavelength and beam are read as text."""
    meter = Thorlab_PM100D("meter", address, visalib="@py")
    try:
        assert meter.power() == pytest.approx(1e-4, rel=1e-3)
        meter.wavelength(1310e-9)
        meter.attenuation(3.0)
        assert meter.attenuation() == 3.0
        meter.auto_range(1)
        assert meter.auto_range() in (1, True)
        assert meter.current() > 0
        assert meter.current_range() > 0
        assert meter.frequency() == 0
        assert face.wavelength_nm == 1310
        assert abs(meter.zero_value()) < 1e-9
    finally:
        meter.close()
