# SPDX-License-Identifier: Apache-2.0
"""Others' drivers of the Santec TSL-570, unchanged: PyMeasure's TSL570 and QMI's Santec_Tsl570."""

import pytest
from pymeasure.instruments.santec import TSL570
from pymeasure.instruments.santec.tsl500series import SweepMode, SweepPattern, SweepRouting, SweepStatus
from qmi.core.context import QMI_Context
from qmi.core.exceptions import QMI_InstrumentException
from qmi.instruments.santec import Santec_Tsl570

from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.faces.santec_tsl570 import MODEL, SantecConfig, SantecTSL570
from heraldlink_sim.model import Place
from heraldlink_sim.transport import EventLoopThread, serve_raw


@pytest.fixture
def served():
    """served(face) -> the port of its raw socket."""
    with EventLoopThread() as loop:
        servers = []

        def serve(face: SantecTSL570) -> int:
            servers.append(loop.run(serve_raw(face, terminator=b"\r")))
            return servers[-1].port

        yield serve
        for server in servers:
            loop.run(server.close())


@pytest.fixture
def face():
    return SantecTSL570("SIM-1")


@pytest.fixture
def laser(face, served):
    address = f"TCPIP::127.0.0.1::{served(face)}::SOCKET"
    driver = TSL570(address, visa_library="@py", read_termination="\r", write_termination="\r")
    yield driver
    driver.adapter.close()


def test_pymeasure_sets_and_reads_the_light(laser, face):
    assert laser.id.startswith("SANTEC,TSL-570,SIM-1")
    assert laser.command_set == "SCPI"
    laser.output_enabled = True
    laser.power_unit = "dBm"
    laser.power_setpoint = 3.25
    laser.wavelength_setpoint = 1.5512e-6
    assert laser.output_enabled is True
    assert laser.power_setpoint == pytest.approx(3.25)
    assert laser.power == pytest.approx(3.25)
    assert laser.wavelength_setpoint == pytest.approx(1.5512e-6)
    laser.frequency_setpoint = 193.5e12
    assert laser.frequency_setpoint == pytest.approx(193.5e12)
    laser.power_unit = "mW"
    assert laser.power_setpoint == pytest.approx(2.113, abs=1e-3)
    assert face.state().power_W == pytest.approx(2.113e-3, abs=1e-6)
    assert laser.check_errors() == []
    assert laser.complete == "1"


def test_pymeasure_in_the_legacy_set(laser):
    laser.command_set = "Legacy"
    laser.wavelength_setpoint = 1551.2
    assert laser.wavelength_setpoint == pytest.approx(1551.2)
    laser.frequency_start, laser.frequency_stop, laser.frequency_step = 190.0, 195.0, 0.01
    assert (laser.frequency_start, laser.frequency_stop) == (190.0, 195.0)
    assert laser.frequency_step == pytest.approx(0.01)
    assert laser.wavelength_min == pytest.approx(1481)
    assert laser.wavelength_max == pytest.approx(1639)
    assert laser.frequency_min == pytest.approx(182.91, abs=0.01)
    assert laser.frequency_max == pytest.approx(202.43, abs=0.01)
    assert laser.check_errors() == []


def test_pymeasure_sweeps(laser, face):
    laser.sweep_speed = 20
    laser.wavelength_start, laser.wavelength_stop, laser.wavelength_step = 1.54e-6, 1.56e-6, 1e-9
    laser.sweep_mode = SweepMode.STEPPED_ONE_WAY
    laser.sweep_pattern = SweepPattern.CONTINUOUS
    laser.sweep_routing = SweepRouting.TWO_WAY
    laser.sweep_dwell, laser.sweep_delay, laser.sweep_cycles = 0.5, 0.2, 2
    assert laser.sweep_mode == SweepMode.CONTINUOUS_TWO_WAY
    assert laser.sweep_routing == SweepRouting.TWO_WAY
    assert (laser.sweep_speed, laser.sweep_dwell, laser.sweep_delay, laser.sweep_cycles) == (20, 0.5, 0.2, 2)
    assert (laser.wavelength_start, laser.wavelength_stop) == pytest.approx((1.54e-6, 1.56e-6))
    laser.start_sweep()
    assert laser.sweep_status == SweepStatus.PREPARATION_FOR_SWEEP_START
    face.clock.spend(1)
    assert laser.sweep_status == SweepStatus.RUNNING
    laser.stop_sweep()
    assert laser.sweep_status == SweepStatus.STOPPED
    laser.start_repeat()
    assert laser.sweep_status == SweepStatus.PREPARATION_FOR_SWEEP_START
    face.clock.spend(60)
    assert laser.sweep_count == 2
    assert laser.check_errors() == []


def test_pymeasure_sees_what_the_laser_refuses(laser):
    laser.wavelength_setpoint = 1.2e-6
    assert laser.wavelength_setpoint == pytest.approx(1.55e-6)


@pytest.fixture
def legacy():
    config = SantecConfig(model="Santec TSL-570", command_set="legacy")
    return MODEL.make(Place("SIM-1", SteppedClock()), config)


@pytest.fixture
def qmi_laser(legacy, served):
    context = QMI_Context("test_santec")
    context.start()
    laser = context.make_instrument("laser", Santec_Tsl570, f"tcp:127.0.0.1:{served(legacy)}")
    laser.open()
    yield laser
    laser.close()
    context.stop()


def test_qmi_sets_and_reads_the_light(qmi_laser):
    assert qmi_laser.get_idn().model == "TSL-570"
    qmi_laser.reset()
    qmi_laser.clear()
    assert qmi_laser.operation_complete()
    assert qmi_laser.get_errors() == []
    qmi_laser.set_wavelength(1551.2)
    assert qmi_laser.get_wavelength() == pytest.approx(1551.2)
    assert (qmi_laser.get_minimum_wavelength(), qmi_laser.get_maximum_wavelength()) == (1480.0, 1640.0)
    qmi_laser.set_frequency(193.5)
    assert qmi_laser.get_frequency() == pytest.approx(193.5)
    assert qmi_laser.get_minimum_frequency() < qmi_laser.get_maximum_frequency()
    qmi_laser.set_wavelength_unit_to_thz()
    assert qmi_laser.get_wavelength_unit() == "THz"
    qmi_laser.set_wavelength_fine(-12.34)
    assert qmi_laser.get_wavelength_fine() == pytest.approx(-12.34)
    qmi_laser.disable_finetuning_operation()
    qmi_laser.set_coherence_control_status("ON")
    assert qmi_laser.get_coherence_control_status() == "ON"
    qmi_laser.set_optical_output_status(True)
    assert qmi_laser.get_optical_output_status() == "ON"
    qmi_laser.set_power_level(5.5)
    assert qmi_laser.get_power_level() == qmi_laser.get_actual_power() == 5.5
    qmi_laser.set_power_level_unit_to_mw()
    assert qmi_laser.get_power_level_unit() == "mW"


def test_qmi_sweeps_and_reads_the_log(qmi_laser, legacy):
    qmi_laser.set_sweep_speed(50)
    qmi_laser.set_sweep_start_wavelength(1540.0)
    qmi_laser.set_sweep_stop_wavelength(1560.0)
    qmi_laser.set_sweep_mode(1)
    qmi_laser.set_sweep_dwell(1.5)
    qmi_laser.set_sweep_delay(0.5)
    qmi_laser.set_sweep_cycles(2)
    qmi_laser.set_trigger_output_timing_mode(3)
    qmi_laser.set_trigger_output_period_mode(0)
    qmi_laser.set_trigger_output_step(0.5)
    assert qmi_laser.get_sweep_speed() == 50.0
    assert (qmi_laser.get_sweep_dwell(), qmi_laser.get_sweep_delay(), qmi_laser.get_sweep_cycles()) == (
        1.5,
        0.5,
        2,
    )
    assert qmi_laser.get_trigger_output_step() == 0.5
    qmi_laser.set_sweep_state(1)
    assert qmi_laser.get_sweep_state() == 4
    legacy.clock.spend(2)
    assert qmi_laser.get_sweep_state() == 0
    assert qmi_laser.readout_points() == 41
    log_nm = qmi_laser.readout_data()
    assert log_nm == pytest.approx([1540 + 0.5 * n for n in range(41)])


def test_qmi_raises_what_the_laser_refuses(qmi_laser):
    with pytest.raises(QMI_InstrumentException, match="Data out of range"):
        qmi_laser.set_sweep_start_wavelength(1480.0)
    assert qmi_laser.get_errors() == []
