# SPDX-License-Identifier: Apache-2.0
import dataclasses

import numpy as np
import pytest
from driver_programs import slot_program, waveform
from driver_rig import settings

from heraldlink_drivers import HeraldTektronixAWG70002A
from heraldlink_drivers.errors import InstrumentError, ProgramError, Timeout
from heraldlink_drivers.roles import Step, Waveform, WaveformGenerator
from heraldlink_sim.faces.tektronix_awg70002a import TektronixAWG70002A as Face
from heraldlink_sim.transport import serve_raw
from heraldlink_sim.transport.hislip import serve_hislip

TRANSPORTS = [pytest.param(serve_raw, id="socket"), pytest.param(serve_hislip, id="hislip")]


@pytest.fixture
def face():
    return Face("SIM-1")


@pytest.fixture(params=TRANSPORTS)
def awg(face, serve, request):
    address = serve(request.param(face)).address
    return HeraldTektronixAWG70002A("awg", address, visalib="@py", arm_timeout=0.2)


def test_connecting_and_reading_everything_changes_nothing(awg, face):
    awg.snapshot(update=True)
    assert settings(face) == []
    assert isinstance(awg, WaveformGenerator)


def test_program_arrives_and_reads_back(awg, face):
    program = slot_program()
    awg.upload(program)
    state = face.state()
    assert state.sample_rate_Hz == program.sample_rate_Hz == awg.sample_rate_Hz()
    assert [channel.amplitude_Vpp for channel in state.channels] == [0.5, 0.5]
    assert [step.repeat for step in state.steps] == [step.repeat for step in program.steps]
    assert [step.wait_trigger for step in state.steps] == ["A", None, None, None, None, None]
    assert [step.event for step in state.steps] == [None, None, None, None, "B", None]
    assert (state.steps[4].jump_to, state.steps[4].goto, state.steps[5].goto) == (6, 1, 5)
    assert all(step.jump_at_end for step in state.steps)
    assert not state.running
    assert not any(channel.output_on for channel in state.channels)
    for number, step in enumerate(program.steps):
        for channel in range(2):
            played = state.steps[number].waveforms[channel]
            sent = program.waveforms[step.waveform]
            np.testing.assert_array_equal(played.samples, sent.channels[channel])
            np.testing.assert_array_equal(played.markers, sent.markers[channel])
    assert awg.amplitudes_Vpp() == (0.5, 0.5)
    read = awg.waveform("bright_q")
    np.testing.assert_array_equal(read.channels[0], program.waveforms["bright_q"].channels[0])
    np.testing.assert_array_equal(read.markers[1], program.waveforms["bright_q"].markers[1])


def test_line_feeds_in_the_samples_survive(awg):
    """0x0A ends a line on a raw socket, but not inside a block."""
    samples = np.frombuffer(b"\x0a\x0a\x0a\x3a" * 3_000, "<f4").astype(np.float32)
    marks = np.zeros(3_000, np.uint8)
    program = dataclasses.replace(
        slot_program(), waveforms={"w": Waveform((samples, samples), (marks, marks))}, steps=(Step("w"),)
    )
    awg.upload(program)
    read = awg.waveform("w")
    np.testing.assert_array_equal(read.channels[1], samples)
    assert awg.errors() == []
    assert awg.identity().startswith("TEKTRONIX,AWG70002A,SIM-")


def test_arm_waits_for_waiting_for_trigger(awg, face):
    awg.upload(slot_program())
    assert not awg.armed()
    awg.arm()
    assert awg.armed()
    state = face.state()
    assert state.running
    assert all(channel.output_on for channel in state.channels)
    face.set_playing(True)  # a slot that is still being played is not armed for the next
    assert not awg.armed()
    awg.arm()
    assert awg.armed()
    awg.stop()
    assert not awg.armed()
    awg.arm()
    awg.safe_state()
    assert not face.state().running
    assert not any(channel.output_on for channel in face.state().channels)


def test_all_outputs_off_is_undone_by_arm(awg):
    awg.upload(slot_program())
    awg.all_output_off.set(True)
    awg.arm()
    assert awg.armed()


def test_arm_without_a_program_does_not_pretend(awg):
    with pytest.raises((Timeout, InstrumentError), match="awg"):
        awg.arm()


def test_only_changed_waveforms(awg):
    program = slot_program()
    with pytest.raises(ProgramError, match="not loaded"):
        awg.upload(program, only=["readout"])
    awg.upload(program)
    stamp = awg.waveform_stamp("attempt")
    stamps = awg.waveform_stamps(list(program.waveforms))
    assert stamps["attempt"] == stamp
    assert set(stamps) == set(program.waveforms)
    new = waveform(gate=True, pulse=True, scale=0.1)
    awg.upload(
        dataclasses.replace(program, waveforms={**program.waveforms, "readout": new}), only=["readout"]
    )
    np.testing.assert_array_equal(awg.waveform("readout").channels[0], new.channels[0])
    assert awg.waveform_stamp("attempt") == stamp
    with pytest.raises(ProgramError, match="no waveform"):
        awg.upload(program, only=["other"])


def with_notch(program, place):
    """The same program with one sample of channel 1's readout changed."""
    known = program.waveforms["readout"]
    samples = known.channels[0].copy()
    samples[place] = 0.25
    new = Waveform((samples, known.channels[1]), known.markers)
    return dataclasses.replace(program, waveforms={**program.waveforms, "readout": new})


def sent_samples(face):
    return [message.split("#")[0] for message in settings(face) if "WAV:DATA" in message or "MARK" in message]


def test_of_a_changed_waveform_only_what_differs_is_sent(awg, face):
    program = slot_program()
    awg.upload(program)
    awg.waveform_stamps(list(program.waveforms))
    for place in (5_000, 6_000):
        face.wire_log.clear()
        program = with_notch(program, place)
        awg.upload(program, only=["readout"])
        assert sent_samples(face) == [f'WLIS:WAV:DATA "readout_ch1",{place},1,']
        awg.waveform_stamps(["readout"])
    np.testing.assert_array_equal(
        awg.waveform("readout").channels[0], program.waveforms["readout"].channels[0]
    )
    np.testing.assert_array_equal(awg.waveform("readout").markers[1], program.waveforms["readout"].markers[1])


def test_a_waveform_that_others_have_changed_is_sent_whole(awg, face):
    program = slot_program()
    awg.upload(program)
    awg.waveform_stamps(list(program.waveforms))
    awg.write_block('WLIS:WAV:DATA "readout_ch2",7,1,', np.array([0.5], "<f4").tobytes())
    awg.upload(program := with_notch(program, 5_000), only=["readout"])
    np.testing.assert_array_equal(
        awg.waveform("readout").channels[1], program.waveforms["readout"].channels[1]
    )


def test_a_waveform_whose_transfer_broke_off_is_sent_whole(awg, face):
    program = slot_program()
    awg.upload(program)
    awg.waveform_stamps(list(program.waveforms))
    awg.write("OUTP1:STAT 1")
    face.execute_now(b"NO:SUCH")  # an error that the upload finds
    with pytest.raises(InstrumentError):
        awg.upload(with_notch(program, 5_000), only=["readout"])
    awg.waveform_stamps(["readout"])
    awg.upload(program, only=["readout"])
    np.testing.assert_array_equal(
        awg.waveform("readout").channels[0], program.waveforms["readout"].channels[0]
    )


def test_a_new_program_replaces_the_old_one_and_leaves_others(awg):
    awg.write('WLIS:WAV:NEW "mine",3000,REAL')
    awg.upload(slot_program())
    awg.upload(dataclasses.replace(slot_program(), name="next"))
    assert awg.sequenceList == ["next"]
    assert "mine" in awg.waveformList


def test_reference(awg, face):
    awg.set_reference_external(True)
    assert awg.reference_external()
    assert face.state().reference_external
    awg.set_reference_external(False)
    assert not face.state().reference_external


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sample_rate_Hz": 99e9}, "sample rate"),
        ({"amplitude_Vpp": (0.5, 3.0)}, "amplitude"),
        ({"steps": (Step("nothing"),)}, "unknown waveform nothing"),
        ({"steps": (Step("attempt", goto=9),)}, "step 9 of 1"),
        ({"steps": (Step("attempt", repeat=0),)}, "repeats 0"),
        (
            {"waveforms": {"attempt": waveform(pulse=True, scale=1.5)}, "steps": (Step("attempt"),)},
            r"-1\.\.1",
        ),
        ({"name": 'a"b'}, "quote"),
    ],
)
def test_a_program_that_does_not_fit_is_refused_before_anything_is_sent(awg, face, change, words):
    with pytest.raises(ProgramError, match=words):
        awg.upload(dataclasses.replace(slot_program(), **change))
    assert settings(face) == []


def test_errors_of_the_parents_methods_are_raised_too(awg):
    with pytest.raises(InstrumentError, match="awg"):
        awg.ch1.setSequenceTrack("no such sequence", 1)
    with pytest.raises(InstrumentError, match="awg"):
        awg.loadSEQXFile("missing.seqx")


def test_files_of_the_parent_load_over_either_wire(awg):
    """The parent ends its file block without a line feed; the next command must not be glued to it."""
    samples = np.linspace(-0.2, 0.2, 3_000)
    wfmx = awg.makeWFMXFile(np.array([samples, np.zeros(3_000), np.ones(3_000)]), 0.5)
    awg.sendWFMXFile(wfmx, "ramp.wfmx")
    awg.loadWFMXFile("ramp.wfmx")
    assert "ramp" in awg.waveformList
