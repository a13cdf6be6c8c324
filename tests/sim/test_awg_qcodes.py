# SPDX-License-Identifier: Apache-2.0
"""The driver of the installed qcodes, unchanged, against the simulated AWG70002A over HiSLIP."""

from collections.abc import Iterator

import numpy as np
import pytest
from broadbean import PulseAtoms
from broadbean.blueprint import BluePrint
from broadbean.element import Element
from broadbean.sequence import Sequence
from driven import driven
from numpy.typing import NDArray
from qcodes.instrument_drivers.tektronix import TektronixAWG70002A as Driver
from qcodes.parameters import Parameter

from heraldlink_sim.faces.tektronix_awg70002a import TektronixAWG70002A
from heraldlink_sim.transport import EventLoopThread
from heraldlink_sim.world.rack import GeneratorState

SAMPLES = 2400
OTHER_VALUES: dict[str, tuple[object, ...]] = {"all_output_off": (True, False), "fgen_frequency": (1.0, 5e9)}


@pytest.fixture
def face() -> TektronixAWG70002A:
    return TektronixAWG70002A()


@pytest.fixture
def driver(loop: EventLoopThread, face: TektronixAWG70002A) -> Iterator[Driver]:
    with driven(loop, face, "hislip", Driver) as instrument:
        yield instrument


def state(driver: Driver, face: TektronixAWG70002A) -> GeneratorState:
    """What the world sees once everything that was sent has acted."""
    driver.wait_for_operation_to_complete()
    return face.state()


def codes(face: TektronixAWG70002A) -> list[int]:
    return [error.code for error in face.errors.drain()]


def shape(seed: int) -> NDArray[np.float64]:
    """A waveform within 0.25 V and two markers."""
    rng = np.random.default_rng(seed)
    wave = rng.uniform(-0.25, 0.25, SAMPLES)
    return np.stack(
        (wave, rng.integers(0, 2, SAMPLES).astype(float), rng.integers(0, 2, SAMPLES).astype(float))
    )


def test_connecting_changes_nothing_but_the_directory(driver: Driver, face: TektronixAWG70002A) -> None:
    received = [message.strip() for direction, message in face.wire_log if direction == "in"]
    assert [m for m in received if b"?" not in m] == [b'MMEMory:CDIRectory "\\Users\\OEM\\Documents"']
    assert driver.IDN()["serial"] == "SIM-0001"
    assert driver.IDN()["model"] == "AWG70002A"


def test_snapshot_reads_everything_and_sends_only_queries(driver: Driver, face: TektronixAWG70002A) -> None:
    face.wire_log.clear()
    driver.snapshot(update=True)
    received = [message for direction, message in face.wire_log if direction == "in"]
    assert len(received) > 50
    assert all(b"?" in message for message in received)
    assert codes(face) == []


def settable(driver: Driver) -> list[Parameter]:
    owners = [driver, *driver.submodules.values()]
    skipped = ("timeout", "force_jump", "current_directory", "sample_rate")
    parameters = [parameter for owner in owners for parameter in owner.parameters.values()]
    return [p for p in parameters if p.settable and p.name not in skipped]


def test_every_parameter_comes_back_as_set(driver: Driver, face: TektronixAWG70002A) -> None:
    for parameter in settable(driver):
        values = OTHER_VALUES.get(parameter.name) or parameter.vals.valid_values
        for value in values:
            parameter.set(value)
            assert parameter.get() == value, parameter.full_name
    assert codes(face) == []


def test_sample_rate_and_clock(driver: Driver, face: TektronixAWG70002A) -> None:
    driver.sample_rate(12.5e9)
    driver.clock_source("Internal, 10 MHZ ref.")
    driver.current_directory("\\Users\\OEM\\Documents")
    assert driver.current_directory().strip('"') == "\\Users\\OEM\\Documents"
    seen = state(driver, face)
    assert seen.sample_rate_Hz == driver.sample_rate() == 12.5e9
    assert seen.reference_external
    driver.clock_source("Internal")
    assert not state(driver, face).reference_external


def test_uploaded_waveform_is_what_the_world_gets(driver: Driver, face: TektronixAWG70002A) -> None:
    data = shape(1)
    driver.sendWFMXFile(driver.makeWFMXFile(data.copy(), 0.5), "pulse.wfmx")
    driver.loadWFMXFile("pulse.wfmx")
    assert driver.waveformList == ["pulse"]
    driver.ch1.setWaveform("pulse")
    driver.ch1.resolution(8)
    driver.ch1.awg_amplitude(0.4)
    driver.ch1.state(1)
    assert driver.ch1.assigned_asset() == "pulse"
    driver.play()
    assert driver.run_state() == "Running"
    seen = state(driver, face)
    (step,) = seen.steps
    assert seen.running
    assert seen.channels[0].output_on
    assert not seen.channels[1].output_on
    assert seen.channels[0].amplitude_Vpp == 0.4
    assert (step.repeat, step.wait_trigger, step.waveforms[1]) == (None, None, None)
    played = step.waveforms[0]
    assert played is not None
    np.testing.assert_array_equal(played.samples, (data[0] * 4).astype(np.float32))
    np.testing.assert_array_equal(played.markers, (64 * data[1] + 128 * data[2]).astype(np.uint8))
    driver.stop()
    assert driver.run_state() == "Stopped"
    assert not state(driver, face).running
    driver.clearWaveformList()
    assert state(driver, face).steps == ()
    assert codes(face) == []


def test_uploaded_sequence_is_what_the_world_gets(driver: Driver, face: TektronixAWG70002A) -> None:
    data = [[shape(10 * channel + step) for step in range(3)] for channel in range(2)]
    copies = [[wave.copy() for wave in channel] for channel in data]
    seqx = driver.makeSEQXFile(
        [1, 0, 2], [10, 0, 1], [0, 2, 1], [0, 3, 0], [0, 1, 2], copies, [0.5, 0.5], "my slot"
    )
    driver.sendSEQXFile(seqx, "slot.seqx")
    driver.loadSEQXFile("slot.seqx")
    assert driver.sequenceList == ["my_slot"]
    for number, channel in enumerate((driver.ch1, driver.ch2), 1):
        channel.setSequenceTrack("my_slot", number)
        channel.resolution(8)
        assert channel.assigned_asset() == f"my_slot,{number}"
    driver.set_event_jump("my_slot", 1, 2)
    driver.play()
    assert driver.run_state() == "Waiting for trigger"
    driver.force_triggerB()
    assert driver.run_state() == "Waiting for trigger"
    driver.force_jump(3)
    driver.force_triggerA()
    assert driver.run_state() == "Running"
    steps = state(driver, face).steps
    assert [(s.repeat, s.wait_trigger, s.event, s.jump_to, s.goto) for s in steps] == [
        (10, "A", None, 2, None),
        (None, None, "B", 3, 1),
        (1, "B", "A", None, 2),
    ]
    assert not any(s.jump_at_end for s in steps)
    for number, step in enumerate(steps):
        for channel, played in enumerate(step.waveforms):
            assert played is not None
            np.testing.assert_array_equal(played.samples, (data[channel][number][0] * 4).astype(np.float32))
    driver.delete_sequence_from_list("my_slot")
    driver.clearSequenceList()
    assert driver.ch1.assigned_asset() == "N/A"
    driver.ch1.clear_asset()
    assert codes(face) == []


def test_forged_broadbean_sequence_with_a_subsequence(driver: Driver, face: TektronixAWG70002A) -> None:
    inner = Sequence()
    outer = Sequence()
    for sequence in (inner, outer):
        sequence.setSR(1e9)
    for level, sequence, position in ((0.1, inner, 1), (0.2, inner, 2), (0.05, outer, 1)):
        blueprint = BluePrint()
        blueprint.insertSegment(0, PulseAtoms.ramp, (level, level), name="flat", dur=3e-6)
        blueprint.marker1 = [(0, 1e-6)]
        blueprint.setSR(1e9)
        element = Element()
        element.addBluePrint(1, blueprint)
        sequence.addElement(position, element)
    for position in (1, 2):
        inner.setSequencingNumberOfRepetitions(position, position)
    outer.addSubSequence(2, inner)
    outer.setSequencingNumberOfRepetitions(1, 5)
    outer.setSequencingNumberOfRepetitions(2, 2)
    outer.setSequencingTriggerWait(2, 1)
    for sequence in (inner, outer):
        sequence.setChannelAmplitude(1, 0.5)
        sequence.setChannelOffset(1, 0)
    seqx = driver.make_SEQX_from_forged_sequence(outer.forge(), [0.5], "bb")
    driver.sendSEQXFile(seqx, "bb.seqx")
    driver.loadSEQXFile("bb.seqx")
    assert set(driver.sequenceList) == {"bb", "subsequence_2"}
    driver.ch1.setSequenceTrack("bb", 1)
    driver.ch1.resolution(9)
    steps = state(driver, face).steps
    assert [(s.repeat, s.wait_trigger) for s in steps] == [
        (5, None),
        (1, "A"),
        (2, None),
        (1, None),
        (2, None),
    ]
    levels = [round(float(s.waveforms[0].samples[0]) / 4, 3) for s in steps if s.waveforms[0] is not None]
    assert levels == [0.05, 0.1, 0.2, 0.1, 0.2]
    first = steps[0].waveforms[0]
    assert first is not None
    assert set(first.markers) == {0, 64}
    assert codes(face) == []


def test_playing_nothing_is_refused_by_the_instrument(driver: Driver, face: TektronixAWG70002A) -> None:
    driver.play(wait_for_running=False)
    assert driver.run_state() == "Stopped"
    assert codes(face) == [-221]


def test_tektronix_block_ends_message(loop: EventLoopThread, face: TektronixAWG70002A) -> None:
    """The quirk of that name: the driver's file upload sends nothing behind the block."""
    with driven(loop, face, "raw blocks", Driver) as instrument:
        instrument.sendWFMXFile(instrument.makeWFMXFile(shape(3), 0.5), "raw.wfmx")
        instrument.loadWFMXFile("raw.wfmx")
        assert instrument.waveformList == ["raw"]
    assert codes(face) == []
