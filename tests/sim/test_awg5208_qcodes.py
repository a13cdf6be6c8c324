# SPDX-License-Identifier: Apache-2.0
"""QCoDeS' own AWG5208 driver, unchanged, against the simulated one over HiSLIP and raw socket."""

from collections.abc import Iterator

import numpy as np
import pytest
from driven import driven
from numpy.typing import NDArray
from qcodes.instrument_drivers.tektronix import TektronixAWG5208 as Driver
from qcodes.parameters import Parameter

from heraldlink_sim.faces.tektronix_awg5208 import TektronixAWG5208
from heraldlink_sim.transport import EventLoopThread

SAMPLES, CHANNELS = 2400, 8


@pytest.fixture
def face() -> TektronixAWG5208:
    return TektronixAWG5208()


@pytest.fixture(params=["raw blocks", "hislip"])
def driver(request: pytest.FixtureRequest, loop: EventLoopThread, face: TektronixAWG5208) -> Iterator[Driver]:
    with driven(loop, face, request.param, Driver) as instrument:
        yield instrument


def codes(face: TektronixAWG5208) -> list[int]:
    return [error.code for error in face.errors.drain()]


def shape(seed: int) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    wave = rng.uniform(-0.25, 0.25, SAMPLES)
    return np.stack((wave, rng.integers(0, 2, SAMPLES), rng.integers(0, 2, SAMPLES)))


def settable(driver: Driver) -> list[Parameter]:
    skipped = ("timeout", "force_jump", "current_directory", "sample_rate", "clock_external_frequency")
    owners = [driver, *driver.instrument_modules.values()]
    parameters = [parameter for owner in owners for parameter in owner.parameters.values()]
    return [p for p in parameters if p.settable and p.name not in skipped]


def test_snapshot_reads_everything_without_an_error(driver: Driver, face: TektronixAWG5208) -> None:
    face.wire_log.clear()
    driver.snapshot(update=True)
    received = [message for direction, message in face.wire_log if direction == "in"]
    assert len(received) > 200
    assert all(b"?" in message for message in received)
    assert codes(face) == []


def test_every_parameter_comes_back_as_set(driver: Driver, face: TektronixAWG5208) -> None:
    others: dict[str, tuple[object, ...]] = {
        "all_output_off": (True, False),
        "fgen_frequency": (1.0, 0.625e9),
    }
    for parameter in settable(driver):
        for value in others.get(parameter.name) or parameter.vals.valid_values:
            parameter.set(value)
            assert parameter.get() == value, parameter.full_name
    assert codes(face) == []


def test_a_sequence_on_all_channels_is_what_the_world_gets(driver: Driver, face: TektronixAWG5208) -> None:
    data = [[shape(10 * channel + step) for step in range(2)] for channel in range(CHANNELS)]
    copies = [[wave.copy() for wave in channel] for channel in data]
    seqx = driver.makeSEQXFile([2, 0], [10, 0], [0, 0], [0, 0], [2, 1], copies, [0.5] * CHANNELS, "eight")
    driver.sendSEQXFile(seqx, "eight.seqx")
    driver.loadSEQXFile("eight.seqx")
    driver.sample_rate(2.5e9)
    for number in range(1, CHANNELS + 1):
        channel = driver.submodules[f"ch{number}"]
        channel.setSequenceTrack("eight", number)
        channel.resolution(12)
        channel.awg_amplitude(1.5)
        channel.state(1)
    driver.play()
    assert driver.run_state() == "Waiting for trigger"
    state = face.state()
    assert [c.amplitude_Vpp for c in state.channels] == [1.5] * CHANNELS
    assert [(s.repeat, s.wait_trigger, s.goto) for s in state.steps] == [(10, "B", 2), (None, None, 1)]
    for step_number, step in enumerate(state.steps):
        for channel_number, played in enumerate(step.waveforms):
            wave = data[channel_number][step_number]
            assert played is not None
            np.testing.assert_array_equal(played.samples, (wave[0] * 4).astype(np.float32))
            np.testing.assert_array_equal(played.markers, (64 * wave[1] + 128 * wave[2]).astype(np.uint8))
    driver.force_triggerB()
    assert driver.run_state() == "Running"
    driver.stop()
    assert codes(face) == []


def test_output_paths_have_their_own_ranges(face: TektronixAWG5208) -> None:
    assert face.execute_now(b"SOUR8:VOLT? MAX;:OUTP8:PATH DCHV;:SOUR8:VOLT? MAX") == (
        b"1.5000000000E+00;5.0000000000E+00"
    )
    face.execute_now(b"SOUR8:VOLT 4;:OUTP8:PATH DCHB")
    assert face.execute_now(b"SOUR8:VOLT?") == b"1.5000000000E+00"  # it follows into the range of the path
    face.execute_now(b"SOUR8:VOLT 4")
    assert codes(face) == [-222]
    face.execute_now(b"SOUR9:VOLT 1")
    assert codes(face) == [-114]
