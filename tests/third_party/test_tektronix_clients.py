# SPDX-License-Identifier: Apache-2.0
"""Tektronix' own tm_devices, unchanged, against the simulated generators on raw sockets."""

import numpy as np
import pytest
import qmi
import tm_devices
from qmi.instruments.tektronix import Tektronix_Awg5014
from tm_devices.helpers.enums import SignalGeneratorFunctionsAWG as Functions

from heraldlink_sim.faces.tektronix_awg5014 import TektronixAWG5014
from heraldlink_sim.faces.tektronix_awg5208 import TektronixAWG5208
from heraldlink_sim.faces.tektronix_awg70002a import TektronixAWG70002A, TektronixAWG70002B
from heraldlink_sim.transport import EventLoopThread, serve_raw

FACES = {
    "AWG70KA": TektronixAWG70002A,
    "AWG70KB": TektronixAWG70002B,
    "AWG5200": TektronixAWG5208,
    "AWG5K": TektronixAWG5014,
}


@pytest.fixture(params=FACES)
def family(request):
    return request.param


@pytest.fixture
def face(family):
    return FACES[family]("SIM-1")


@pytest.fixture
def generator(face, family, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # it writes a log where it stands
    with EventLoopThread() as loop:
        server = loop.run(serve_raw(face, block_ends_message=True))
        with tm_devices.DeviceManager(verbose=False) as manager:
            manager.visa_library = "@py"
            manager.setup_cleanup_enabled = manager.teardown_cleanup_enabled = True
            awg = manager.add_awg("127.0.0.1", connection_type="SOCKET", port=server.port)
            assert type(awg).__name__ == family
            yield awg
        loop.run(server.close())


def codes(face):
    return [error.code for error in face.errors.drain()]


def test_a_function_plays(generator, face, family):
    generator.generate_function(1e5, Functions.SIN, 0.4, 0.0, "SOURCE1")
    state = face.state()
    assert state.running
    assert state.channels[0].output_on
    assert state.channels[0].amplitude_Vpp == pytest.approx(0.4)
    (step,) = state.steps
    played = step.waveforms[0]
    assert state.sample_rate_Hz / len(played.samples) == pytest.approx(1e5)
    np.testing.assert_allclose(
        played.samples, np.sin(2 * np.pi * np.arange(len(played.samples)) / len(played.samples)), atol=1e-6
    )
    assert generator.query("AWGC:RST?") == "2"
    assert codes(face) == []


def test_every_channel_takes_a_triangle(generator, face):
    generator.generate_function(1e5, Functions.RAMP, 0.3, 0.0, "all", symmetry=50)
    state = face.state()
    assert generator.total_channels == len(state.channels)
    assert all(channel.output_on for channel in state.channels)
    assert all(waveform is not None for waveform in state.steps[0].waveforms)
    assert codes(face) == []


def test_its_command_tree_speaks_the_same_language(generator, face, family):
    tree = generator.commands
    tree.awgcontrol.rmode.write("TRIG")
    assert tree.awgcontrol.rmode.query() == "TRIG"
    if family == "AWG5K":
        tree.trigger.sequence.level.write(0.5)
        assert float(tree.trigger.sequence.level.query()) == 0.5
        tree.sequence.length.write(2)
        tree.sequence.element[2].loop.count.write(7)
        assert tree.sequence.element[2].loop.count.query() == "7"
    else:
        tree.trigger.level.write("0.5,BTR")
        assert float(tree.trigger.level.query("BTR")) == 0.5
        tree.slist.sequence.new.write('"s",2,1')
        assert tree.slist.sequence.length.query('"s"') == "2"
        tree.wlist.waveform.new.write('"w",2400')
        assert tree.wlist.waveform.length.query('"w"') == "2400"
    assert codes(face) == []


@pytest.fixture
def old_face():
    return TektronixAWG5014("SIM-1")


@pytest.fixture
def qmi_generator(old_face):
    with EventLoopThread() as loop:
        server = loop.run(serve_raw(old_face, block_ends_message=True))
        qmi.start("tektronix_clients", None)
        awg = qmi.make_instrument("awg", Tektronix_Awg5014, f"tcp:127.0.0.1:{server.port}")
        awg.open()
        yield awg
        awg.close()
        qmi.stop()
        loop.run(server.close())


SETTINGS = {
    "reference_oscillator_type": [("VAR",), ("FIX",)],
    "reference_clock_frequency": [(20e6,), (10e6,)],
    "source_clock_frequency": [(1e9,), (6e8,)],
    "amplitude": [(2, 1.25), (4, 0.02)],
    "offset": [(2, -0.5), (4, 0.25)],
    "dc_output_state": [(1,), (0,)],
    "dc_output_offset": [(3, 1.5)],
    "raw_dac_waveform_output": [(1, 1), (1, 0)],
    "trigger_impedance": [(50,), (1000,)],
    "trigger_level": [(-1.5,)],
    "trigger_slope": [("NEG",), ("POS",)],
    "trigger_polarity": [("NEG",), ("POS",)],
    "channel_state": [(1, True), (1, False)],
    "low_pass_filter_frequency": [(1, 20e6), (1, 1e8)],
    "sequence_jump_mode": [("TABL",), ("SOFT",)],
    "event_jump_timing_mode": [("ASYN",), ("SYNC",)],
    "event_input_impedance": [(1000,), (50,)],
    "event_input_polarity": [("NEG",)],
    "event_level": [(0.5,)],
    "marker_low": [(1, 2, -0.5)],
    "marker_high": [(1, 2, 1.5)],
    "marker_delay": [(3, 1, 5e-10)],
}


def test_qmi_reads_back_what_it_set(qmi_generator, old_face):
    for name, cases in SETTINGS.items():
        for case in cases:
            getattr(qmi_generator, f"set_{name}")(*case)
            assert getattr(qmi_generator, f"get_{name}")(*case[:-1]) == case[-1], name
    qmi_generator.get_error()
    assert codes(old_face) == []


def test_qmi_plays_a_sequence(qmi_generator, old_face):
    qmi_generator.reset()
    qmi_generator.set_run_mode("SEQ")
    qmi_generator.set_sequence_length(2)
    for element in (1, 2):
        qmi_generator.set_sequence_element_waveform(element, 1, "*Sine1000")
    qmi_generator.set_sequence_element_trigger_wait_state(1, 1)
    qmi_generator.set_sequence_element_loop_count_infinite_state(2, True)
    qmi_generator.set_sequence_element_goto_target_index(1, 2)
    qmi_generator.set_sequence_element_goto_state(1, 1)
    qmi_generator.set_channel_state(1, True)
    qmi_generator.start()
    qmi_generator.wait_command_completion()
    assert qmi_generator.get_state() == "WAIT_FOR_TRIGGER"
    qmi_generator.force_trigger_event()
    assert qmi_generator.get_state() == "RUNNING"
    assert qmi_generator.get_sequencer_position() == 2
    qmi_generator.stop()
    qmi_generator.clear_waveforms()
    qmi_generator.delete_all_waveforms_from_list()
    assert codes(old_face) == []


def test_qmi_keeps_files(qmi_generator, old_face):
    old_face.execute_now(b'WLIS:WAV:NEW "mine",300,INT;:AWGC:SSAV "kept.awg"')
    content = old_face.disk.read("kept.awg")
    qmi_generator.create_directory("sub")
    assert qmi_generator.get_directories() == ["sub"]
    qmi_generator.change_directory("sub")
    qmi_generator.send_awg_file("sent.awg", content)
    qmi_generator.wait_command_completion()
    assert [entry.split(",")[0] for entry in qmi_generator.get_file_names()] == ["sent.awg"]
    qmi_generator.delete_all_waveforms_from_list()
    qmi_generator.load_awg_file("sent.awg")
    qmi_generator.wait_command_completion()
    assert old_face.execute_now(b'WLIS:WAV:LENG? "mine"') == b"300"
    assert qmi_generator.get_setup_file_name()[1] == "sent.awg"
    qmi_generator.remove_file("sent.awg")
    qmi_generator.change_directory("..")
    qmi_generator.remove_directory("sub")
    assert codes(old_face) == []
