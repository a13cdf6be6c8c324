# SPDX-License-Identifier: Apache-2.0
"""Others' drivers of the Lake Shore 372, unchanged: QCoDeS', Lake Shore's own, PyMeasure's."""

import logging

import pytest
from lakeshore import InstrumentException, Model372
from pymeasure.instruments.lakeshore import LakeShore3xx

from heraldlink_sim.faces.lakeshore_372 import LakeShore372
from heraldlink_sim.transport import EventLoopThread, serve_raw


@pytest.fixture
def face():
    return LakeShore372("SIM-1")


@pytest.fixture
def server(face):
    with EventLoopThread() as loop:
        listening = loop.run(serve_raw(face, terminator=b"\r\n", connections=2))
        yield listening
        loop.run(listening.close())


@pytest.fixture
def qcodes_driver(server):
    from qcodes.instrument_drivers.Lakeshore import LakeshoreModel372

    driver = LakeshoreModel372("bridge", server.address, visalib="@py")
    yield driver
    driver.close()


def test_qcodes_sets_what_upstream_tests_set(qcodes_driver):
    for heater in (qcodes_driver.sample_heater, qcodes_driver.warmup_heater, qcodes_driver.analog_heater):
        settings = {
            "P": 1, "I": 2, "D": 3, "mode": "off", "input_channel": 1, "powerup_enable": True,
            "polarity": "unipolar", "use_filter": True, "delay": 1, "output_range": "10mA", "setpoint": 5.1,
            "setpoint_ramp_enabled": True, "setpoint_ramp_rate": 2.0,
        }  # fmt: skip
        for name, value in settings.items():
            heater.parameters[name](value)
        assert {name: heater.parameters[name]() for name in settings} == settings
    for channel in qcodes_driver.channels:
        channel.t_limit(5.1)
        assert channel.t_limit() == 5.1
    assert int(qcodes_driver.ask("*ESR?")) & 0x34 == 0


def test_qcodes_sets_inputs(qcodes_driver):
    settings = {
        "enabled": True, "dwell": 20, "pause": 4, "curve_number": 21, "temperature_coefficient": "negative",
        "excitation_mode": "voltage", "excitation_range_number": 3, "auto_range": "off", "range": "632 kOhm",
        "current_source_shunted": False, "units": "kelvin", "sensor_name": "mixing chamber1",
    }  # fmt: skip
    channel = qcodes_driver.ch06
    for name, value in settings.items():
        channel.parameters[name](value)
    assert {name: channel.parameters[name]() for name in settings} == settings
    assert channel.temperature() == pytest.approx(0.012, rel=0.01)
    assert channel.sensor_raw() == pytest.approx(584e3, rel=0.01)
    assert channel.sensor_status() == "OK"


def test_qcodes_waits_for_a_set_point(qcodes_driver):
    heater = qcodes_driver.sample_heater
    heater.mode("closed_loop")
    heater.input_channel(6)
    heater.I(5)
    heater.range_limits([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 4.2])
    heater.wait_cycle_time(0.01)
    heater.wait_equilibration_time(0.1)
    heater.blocking_t(2)
    assert qcodes_driver.ch06.temperature() == pytest.approx(2, rel=0.1)
    assert heater.output_range() == "100mA"


def test_qcodes_reads_everything_but_the_heater_setup_of_another_model(qcodes_driver, face, caplog):
    """``HTRSET?`` has four fields on a 372 (Lake Shore's package); QCoDeS' base class reads a 336's five."""
    caplog.set_level(logging.WARNING)
    qcodes_driver.snapshot(update=True)
    failed = {record.getMessage().rsplit(": ", 1)[1] for record in caplog.records}
    assert failed <= {
        "output_type", "output_heater_resistance", "output_max_current", "output_max_user_current",
        "output_display",
    }  # fmt: skip
    assert all(b"?" in data for direction, data in face.wire_log if direction == "in")


def test_qcodes_sets_heaters_up_with_the_quirk_of_a_336():
    from qcodes.instrument_drivers.Lakeshore import LakeshoreModel372

    face = LakeShore372("SIM-1", has=frozenset({"lakeshore-372-htrset-of-a-336"}))
    with EventLoopThread() as loop:
        server = loop.run(serve_raw(face, terminator=b"\r\n"))
        driver = LakeshoreModel372("bridge_336", server.address, visalib="@py")
        settings = {
            "output_type": "current", "output_heater_resistance": "50ohm", "output_max_current": "1A",
            "output_max_user_current": 0.5, "output_display": "power",
        }  # fmt: skip
        for name, value in settings.items():
            driver.sample_heater.parameters[name](value)
        assert {name: driver.sample_heater.parameters[name]() for name in settings} == settings
        driver.close()
        loop.run(server.close())


@pytest.fixture
def vendor(server):
    driver = Model372(baud_rate=None, ip_address="127.0.0.1", tcp_port=server.port)
    yield driver
    driver.disconnect_tcp()


def test_vendor_reads_inputs(vendor):
    assert (vendor.model_number, vendor.serial_number) == ("MODEL372", "SIM-1")
    readings = vendor.get_all_input_readings(6)
    assert readings["kelvin"] == pytest.approx(0.012, rel=0.01)
    assert set(readings) == {"kelvin", "resistance", "power", "quadrature"}
    assert vendor.get_all_input_readings("A")["kelvin"] == pytest.approx(0.012, rel=0.01)
    assert vendor.get_reading_status(6).to_integer() == 0
    assert vendor.get_scanner_status() == {"input_channel": 6, "status": False}


def test_vendor_sets_inputs(vendor):
    from lakeshore.model_372 import Model372InputChannelSettings, Model372InputSetupSettings

    kind = type(vendor)
    setup = Model372InputSetupSettings(
        kind.SensorExcitationMode.VOLTAGE,
        kind.MeasurementInputVoltageRange(3),
        kind.AutoRangeMode.CURRENT,
        False,
        kind.InputSensorUnits.KELVIN,
        kind.MeasurementInputResistance(17),
    )
    vendor.configure_input(6, setup)
    assert vendor.get_input_setup_parameters(6).excitation_range == kind.MeasurementInputVoltageRange(3)
    coefficient = kind.CurveTemperatureCoefficient.NEGATIVE
    vendor.set_input_channel_parameters(6, Model372InputChannelSettings(True, 12, 4, 21, coefficient))
    assert vendor.get_input_channel_parameters(6).dwell_time == 12
    vendor.disable_input(5)
    assert not vendor.get_input_channel_parameters(5).enable
    vendor.set_filter(6, True, 5, 10)
    assert vendor.get_filter(6) == {"state": True, "settle_time": 5, "window": 10}
    vendor.set_sensor_name(6, "mxc")
    assert vendor.get_sensor_name(6) == "mxc"
    vendor.set_setpoint_ohms(0, 1000)
    assert vendor.get_setpoint_ohms(0) == 1000


def test_vendor_drives_heaters(vendor):
    from lakeshore.model_372 import Model372ControlLoopZoneSettings, Model372HeaterOutputSettings

    kind = type(vendor)
    loop = Model372HeaterOutputSettings(
        kind.OutputMode.CLOSED_LOOP, kind.InputChannel(6), False, True, 5, kind.Polarity(0)
    )
    vendor.configure_heater(0, loop)
    assert vendor.get_heater_output_settings(0).output_mode == kind.OutputMode.CLOSED_LOOP
    vendor.setup_sample_heater(55.0, kind.HeaterOutputUnits.POWER)
    assert vendor.get_sample_heater_setup() == {"resistance": 55.0, "units": kind.HeaterOutputUnits.POWER}
    vendor.setup_warmup_heater(kind.HeaterResistance(2), 0.5, kind.HeaterOutputUnits(1))
    assert vendor.get_warmup_heater_setup()["max_current"] == 0.5
    vendor.set_heater_output_range(0, kind.SampleHeaterOutputRange(8))
    assert vendor.get_heater_output_range(0) == kind.SampleHeaterOutputRange(8)
    vendor.set_heater_pid(0, 10, 20, 0)
    assert vendor.get_heater_pid(0)["gain"] == 10
    vendor.set_setpoint_kelvin(0, 0.1)
    assert vendor.get_setpoint_kelvin(0) == 0.1
    assert vendor.get_heater_output(0) >= 0
    heater_range = kind.SampleHeaterOutputRange(5)
    zone = Model372ControlLoopZoneSettings(10, 50, 20, 0, 0, heater_range, 1, True, False)
    vendor.set_control_loop_parameters(0, 1, zone)
    assert vendor.get_control_loop_zone_parameters(0, 1).heater_range == heater_range
    vendor.all_off()
    assert vendor.get_heater_output_range(0) == kind.SampleHeaterOutputRange(0)


def test_vendor_writes_a_curve_and_alarms(vendor):
    from lakeshore.model_372 import Model372AlarmParameters, Model372CurveHeader

    kind = type(vendor)
    negative = kind.CurveTemperatureCoefficient(1)
    vendor.set_curve_header(40, Model372CurveHeader("mine", "X1", kind.CurveFormat(4), 300.0, negative))
    vendor.set_curve_data_point(40, 1, 2.5, 4.2)
    assert vendor.get_curve_header(40).curve_name == "mine"
    assert vendor.get_curve_data_point(40, 1) == (2.5, 4.2)
    assert len(vendor.get_curve(21)) == 199
    vendor.delete_curve(40)
    vendor.set_alarm_parameters(6, True, Model372AlarmParameters(5, 1, 0, True, True, True))
    assert vendor.get_alarm_parameters(6)["alarm_enable"]
    assert vendor.get_alarm_status(6) == {"high_state_enabled": False, "low_state_enabled": True}
    vendor.turn_relay_on(1)
    assert vendor.get_relay_status(1)


def test_vendor_is_told_what_was_not_understood(vendor):
    with pytest.raises(InstrumentException, match="Command Error"):
        vendor.command("FROB 1")
    with pytest.raises(InstrumentException, match="Execution Error"):
        vendor.command("RANGE 0,12")


def test_pymeasure(server):
    bridge = LakeShore3xx(server.address, visa_library="@py", write_termination="\r\n")
    assert bridge.id == "LSCI,MODEL372,SIM-1,1.3"
    assert bridge.input_A.kelvin == pytest.approx(0.012, rel=0.01)
    assert bridge.input_A.sensor == pytest.approx(584e3, rel=0.01)
    bridge.input_A.wait_for_temperature(0.012, accuracy=1, interval=0, timeout=5)
    bridge.output_1.setpoint = 0.05
    bridge.output_1.mout = 10
    bridge.output_1.range = "low"
    assert (bridge.output_1.setpoint, bridge.output_1.mout) == (0.05, 10)
    assert (bridge.output_1.range, bridge.output_1.output) == ("low", 0)
    bridge.adapter.close()
