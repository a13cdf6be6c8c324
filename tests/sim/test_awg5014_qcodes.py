# SPDX-License-Identifier: Apache-2.0
"""QCoDeS' own AWG5014 driver, unchanged, against the simulated one over raw socket and HiSLIP."""

from collections.abc import Iterator

import numpy as np
import pytest
from driven import driven
from numpy.typing import NDArray
from qcodes.instrument_drivers.tektronix import TektronixAWG5014 as Driver
from qcodes.parameters import Parameter

from heraldlink_sim.faces.tektronix_awg5014 import TektronixAWG5014
from heraldlink_sim.transport import EventLoopThread

SAMPLES = 500


@pytest.fixture
def face() -> TektronixAWG5014:
    return TektronixAWG5014()


@pytest.fixture(params=["raw blocks", "hislip"])
def driver(request: pytest.FixtureRequest, loop: EventLoopThread, face: TektronixAWG5014) -> Iterator[Driver]:
    with driven(loop, face, request.param, Driver, timeout=10, terminator="\n") as instrument:
        yield instrument


def codes(face: TektronixAWG5014) -> list[int]:
    return [error.code for error in face.errors.drain()]


def parameters(driver: Driver) -> list[Parameter]:
    channels = [owner for channel in driver.channels for owner in (channel, channel.m1, channel.m2)]
    return [parameter for owner in [driver, *channels] for parameter in owner.parameters.values()]


def waves(seed: int) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    rng = np.random.default_rng(seed)
    return rng.uniform(-1, 1, SAMPLES), rng.integers(0, 2, SAMPLES), rng.integers(0, 2, SAMPLES)


def test_snapshot_reads_everything_without_an_error(driver: Driver, face: TektronixAWG5014) -> None:
    snapshot = driver.snapshot(update=True)
    assert snapshot["parameters"]["clock_freq"]["value"] == 1e9
    assert codes(face) == []


def test_every_parameter_comes_back_as_set(driver: Driver, face: TektronixAWG5014) -> None:
    driver.sequence_length(3)
    driver.sequence_pos.vals = None
    skipped = {"timeout", "IDN", "waveform", "sequence_pos", "sequence_length", "trigger_mode"}
    for parameter in parameters(driver):
        if not parameter.settable or parameter.name in skipped:
            continue
        for value in parameter.vals.valid_values:
            parameter.set(value)
            expected = {"INF": float("inf"), "INFinity": float("inf"), '"ESIGnal"': '"ESIG"'}.get(
                value, value
            )
            if parameter.name == "delay":  # the driver sets ns and reads s
                expected *= 1e-9
            read = parameter.get()
            assert read == expected or float(read) == pytest.approx(expected), parameter.full_name
    assert codes(face) == []


def test_a_file_made_sent_and_loaded_is_what_the_world_gets(driver: Driver, face: TektronixAWG5014) -> None:
    data = [[waves(10 * channel + step) for step in range(2)] for channel in range(2)]
    driver.ch1.amp(1.2)
    driver.make_send_and_load_awg_file(
        [[step[0] for step in channel] for channel in data],
        [[step[1] for step in channel] for channel in data],
        [[step[2] for step in channel] for channel in data],
        nreps=[5, 0],
        trig_waits=[1, 0],
        goto_states=[0, 1],
        jump_tos=[0, 1],
        channels=[1, 3],
    )
    assert driver.sequence_length() == 2
    assert driver.run_mode() == "SEQ"
    state = face.state()
    assert [(s.repeat, s.wait_trigger, s.goto) for s in state.steps] == [(5, "A", 2), (None, None, 1)]
    assert state.steps[1].event == "B"
    assert state.steps[1].jump_to == 1
    assert state.channels[0].amplitude_Vpp == 1.2
    for place, channel in ((0, 0), (2, 1)):
        for step, played in zip(data[channel], state.steps, strict=True):
            waveform = played.waveforms[place]
            assert waveform is not None
            np.testing.assert_allclose(waveform.samples, step[0], atol=1.3e-4)
            np.testing.assert_array_equal(waveform.markers, 64 * step[1] + 128 * step[2])
    assert codes(face) == []


def test_run_states(driver: Driver, face: TektronixAWG5014) -> None:
    for name in ("a", "b"):
        driver.send_waveform_to_list(*waves(1), name)
    assert driver.is_awg_ready()
    face.errors.clear()  # the driver first deletes waveforms that are not there
    driver.sequence_length(2)
    driver.set_sqel_waveform("a", 1, 1)
    driver.set_sqel_waveform("b", 1, 2)
    driver.set_sqel_trigger_wait(1, 1)
    driver.set_sqel_loopcnt(100, 1)
    driver.set_sqel_loopcnt_to_inf(2, 1)
    driver.set_sqel_event_target_index(2, 1)
    driver.set_sqel_event_jump_type(2, "IND")
    driver.set_sqel_goto_target_index(1, 2)
    driver.set_sqel_goto_state(1, 1)
    assert driver.get_sqel_waveform(1, 2) == '"b"'
    assert int(driver.get_sqel_loopcnt(1)) == 100
    assert int(driver.get_sqel_trigger_wait(1)) == 1
    driver.run_mode("SEQ")
    driver.ch1.state(1)
    assert driver.run() == "Waiting for trigger"
    assert int(driver.sequence_pos()) == 1
    driver.force_trigger()
    assert driver.get_state() == "Running"
    assert int(driver.sequence_pos()) == 2  # 100 loops of 0.5 us are over
    driver.force_event()
    driver.sequence_pos(2)
    driver.stop()
    assert driver.get_state() == "Idle"
    assert driver.get_sq_mode() == "HARD"
    assert codes(face) == []


def test_folders_and_the_rest(driver: Driver, face: TektronixAWG5014) -> None:
    driver.goto_root()
    assert "Users,DIR" in driver.get_folder_contents()
    assert "data,DIR" not in driver.create_and_goto_dir("data")
    assert "data" in driver.get_current_folder_name()
    driver.all_channels_on()
    driver.all_channels_off()
    driver.send_DC_pulse(1, 0.5, 0)
    assert driver.is_awg_ready()
    assert driver.get_error().startswith('0,"')
    assert isinstance(driver.generate_sequence_cfg(), dict)
    driver.delete_all_waveforms_from_list()
    driver.clear_message_queue()
    driver.reset()
    assert codes(face) == []


def test_awg5014_string_ends_message(face: TektronixAWG5014) -> None:
    """The quirk of that name: QCoDeS' load_awg_file sends no line feed behind SREStore's file name."""
    assert face.execute_now(b'MMEMory:CDIR "C:\\"SEQuence:LENGth?') == b"0"
    assert face.execute_now(b'MMEMory:CDIR "C:\\"*ESR?') == b"128"
    assert face.execute_now(b"SOUR1:FREQ 2e8;:SYST:ERR?") == b'0,"No error"'
    assert codes(face) == []
