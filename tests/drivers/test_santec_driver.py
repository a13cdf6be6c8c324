# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from driver_rig import settings

from heraldlink_drivers import SantecTSL570
from heraldlink_drivers._santec_sweep import SweepProgress
from heraldlink_drivers.errors import DriverError, InstrumentError, Timeout
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


def test_light_whose_power_is_not_held_is_not_switched_on(laser, face):
    """Without automatic control the diode's power leaves, whatever set power reads back."""
    laser.set_power_W(1e-3)
    laser.automatic_power.set(False)
    laser.attenuation.set(0.0)
    assert laser.power_W() == pytest.approx(1e-3, rel=1.2e-3)
    for switch in (laser.set_emission, laser.set_shutter_open):
        laser.safe_state()
        with pytest.raises(DriverError, match="automatic power control is off"):
            switch(True)
    assert not face.state().emitting
    assert not face.state().shutter_open
    laser.set_power_W(1e-3)
    laser.set_emission(True)
    laser.set_shutter_open(True)
    assert face.state().power_W == pytest.approx(1e-3, rel=1.2e-3)


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


def test_what_the_laser_refuses_is_its_error(laser, face):
    before = face.state()
    with pytest.raises(InstrumentError, match="laser") as caught:
        laser.write(":WAV 1.3E-6")
    assert caught.value.instrument == "laser"
    assert caught.value.code == -222
    assert ":WAV" in caught.value.command
    assert face.state() == before
    assert laser.errors() == []


def test_a_value_outside_the_lasers_own_limits_is_not_sent(laser, face):
    with pytest.raises(ValueError, match=r"between 3.16\d+e-05 and 0.0199\d+"):
        laser.power.set(1.0)
    with pytest.raises(ValueError, match=r"between 1.48e-06 and 1.64e-06"):
        laser.wavelength.set(1.3e-6)
    for wrong in (float("nan"), -1.0):
        with pytest.raises(ValueError, match="laser_wavelength"):
            laser.set_wavelength_m(wrong)
    assert settings(face) == []


def test_safe_state(laser):
    laser.set_emission(True)
    laser.set_shutter_open(True)
    laser.safe_state()
    assert (laser.emission(), laser.shutter_open()) == (False, False)


SWEEP = {"start_m": 1540e-9, "stop_m": 1550e-9, "speed_m_s": 10e-9, "step_m": 0.1e-9}


@pytest.fixture(params=["SCPI", "Legacy"])
def either(request, serve):
    face = Face("SIM-1", scpi=request.param == "SCPI")
    laser = SantecTSL570("laser", serve(serve_raw(face, terminator=b"\r")).address, visalib="@py")
    return laser, face


def test_either_command_set(either):
    laser, face = either
    assert sorted(settings(face)) == []
    test_settings_arrive_and_read_back_in_SI(laser, face)
    laser.frequency.set(193.5e12)
    assert laser.frequency.get() == pytest.approx(193.5e12, abs=1e7)
    assert laser.wavelength_offset.get() == 0.0
    laser.wavelength_offset.set(20e-12)
    assert laser.wavelength_offset.get() == pytest.approx(20e-12)
    laser.use_command_set(scpi=not laser.speaks_scpi)
    test_settings_arrive_and_read_back_in_SI(laser, face)
    before = len(settings(face))
    laser.snapshot(update=True)
    assert len(settings(face)) == before
    assert laser.errors() == []


def test_setting_a_wavelength_returns_when_the_light_is_there(laser, face):
    laser.set_wavelength_m(1600e-9)
    assert 299_792_458 / face.state().frequency_Hz == pytest.approx(1600e-9)


def test_a_sweep_and_its_log(either):
    laser, _ = either
    laser.power.set(2e-3)
    laser.set_emission(True)
    laser.sweep.configure(**SWEEP)
    laser.sweep.run()
    assert laser.sweep.state.get() == "preparing"
    with pytest.raises(DriverError, match="cannot be started while it is"):
        laser.sweep.run()
    with pytest.raises(DriverError, match="cannot be configured while it is"):
        laser.sweep.configure(**SWEEP)
    laser.sweep.wait(30)
    assert laser.sweep.progress() == SweepProgress("stopped", 1, 101)
    wavelengths_m, powers_dBm = laser.sweep.read()
    np.testing.assert_allclose(wavelengths_m, np.linspace(1540e-9, 1550e-9, 101))
    np.testing.assert_allclose(powers_dBm, np.full(101, 3.01), atol=1e-6)
    np.testing.assert_array_equal(laser.sweep.powers.get(), powers_dBm)
    laser.sweep.powers.validate_consistent_shape()


def test_steps_and_a_trigger(laser):
    laser.sweep.configure(1550e-9, 1540e-9, 50e-9, mode="step", step_m=1e-9, dwell_s=0.1)
    laser.sweep.standby.set(True)
    laser.sweep.run()
    laser.sweep.trigger()
    laser.sweep.wait(30)
    assert laser.sweep.points.get() == 11
    assert laser.sweep.wavelengths.get()[0] == pytest.approx(1550e-9)


def test_a_range_that_is_too_wide_for_the_speed_is_named(laser):
    with pytest.raises(
        ValueError, match=r"1\.481e-06 m is out of range: 1\.482e-06 to 1\.638e-06 m at 2e-07 m/s"
    ):
        laser.sweep.configure(1481e-9, 1600e-9, 200e-9)
    with pytest.raises(ValueError, match="speed"):
        laser.sweep.configure(1500e-9, 1600e-9, 3e-9)


def test_the_power_log_of_newer_firmware(serve):
    face = Face("SIM-1", has=frozenset({"santec-power-log-in-milli-dbm"}))
    laser = SantecTSL570("laser", serve(serve_raw(face, terminator=b"\r")).address, visalib="@py")
    laser.set_emission(True)
    laser.power.set(1e-3)
    laser.sweep.configure(**SWEEP)
    laser.sweep.run()
    laser.sweep.wait(30)
    np.testing.assert_allclose(laser.sweep.read()[1], np.zeros(101), atol=1e-9)


def test_safe_state_stops_a_sweep(laser):
    laser.sweep.configure(**SWEEP)
    laser.sweep.cycles.set(0)
    laser.sweep.repeat()
    with pytest.raises(Timeout, match="still"):
        laser.sweep.wait(0.05)
    laser.safe_state()
    assert laser.sweep.state.get() == "stopped"


def test_settings_read_back(laser):
    for parameter, value in (
        (laser.fine_tuning, -12.5),
        (laser.coherence_control, True),
        (laser.modulation_source, "frequency"),
        (laser.trigger_output, "step"),
        (laser.trigger_output_edge, "falling"),
        (laser.trigger_period, "time"),
        (laser.automatic_power, False),
        (laser.attenuation, 12.34),
        (laser.brightness, 30),
        (laser.sweep.delay, 1.5),
    ):
        parameter.set(value)
        assert parameter.get() == value
    assert laser.product_code.get() == "C-480640-P-F-AP-00-1"
    assert laser.alert.get() == "No alerts."
