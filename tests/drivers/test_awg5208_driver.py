# SPDX-License-Identifier: Apache-2.0
import dataclasses

import numpy as np
import pytest
from driver_programs import slot_program
from driver_rig import settings

from heraldlink_drivers.errors import InstrumentError, ProgramError
from heraldlink_drivers.roles import GeneratorProgram, Step, Waveform, WaveformGenerator
from heraldlink_drivers.tektronix_awg5208 import HeraldTektronixAWG5208
from heraldlink_sim.faces.tektronix_awg5208 import TektronixAWG5208 as Face
from heraldlink_sim.transport import serve_raw
from heraldlink_sim.transport.hislip import serve_hislip

TRANSPORTS = [pytest.param(serve_raw, id="socket"), pytest.param(serve_hislip, id="hislip")]


@pytest.fixture
def face():
    return Face("SIM-1")


@pytest.fixture(params=TRANSPORTS)
def awg(face, serve, request):
    address = serve(request.param(face)).address
    return HeraldTektronixAWG5208("awg8", address, visalib="@py", arm_timeout=0.2)


def program(channels: int) -> GeneratorProgram:
    rng = np.random.default_rng(channels)
    wave = Waveform(
        tuple(rng.uniform(-1, 1, 2400).astype(np.float32) for _ in range(channels)),
        tuple(rng.choice([0, 64, 128, 192], 2400).astype(np.uint8) for _ in range(channels)),
    )
    steps = (Step("w", wait="A"), Step("w", repeat=3, goto=1))
    return GeneratorProgram("eight", 2.5e9, (0.75,) * channels, {"w": wave}, steps)


def test_connecting_and_reading_everything_changes_nothing(awg, face):
    awg.snapshot(update=True)
    assert settings(face) == []
    assert awg.errors() == []
    assert isinstance(awg, WaveformGenerator)


@pytest.mark.parametrize("channels", [1, 2, 8])
def test_a_program_plays_on_its_channels(awg, face, channels):
    sent = program(channels)
    awg.upload(sent)
    state = face.state()
    for channel in range(8):
        for step in state.steps:
            played = step.waveforms[channel]
            if channel >= channels:
                assert played is None
                continue
            np.testing.assert_array_equal(played.samples, sent.waveforms["w"].channels[channel])
            np.testing.assert_array_equal(played.markers, sent.waveforms["w"].markers[channel])
    assert awg.amplitudes_Vpp() == (0.75,) * channels
    assert awg.sample_rate_Hz() == 2.5e9
    read = awg.waveform("w")
    np.testing.assert_array_equal(read.channels[-1], sent.waveforms["w"].channels[-1])
    np.testing.assert_array_equal(read.markers[-1], sent.waveforms["w"].markers[-1])
    assert len(read.channels) == channels
    awg.arm()
    assert awg.armed()
    assert [channel.output_on for channel in face.state().channels] == [n < channels for n in range(8)]
    awg.safe_state()
    assert not any(channel.output_on for channel in face.state().channels)


def test_the_range_is_that_of_the_output_path(awg, face):
    loud = dataclasses.replace(program(1), amplitude_Vpp=(4.0,))
    with pytest.raises(ProgramError, match=r"4 V is outside 0\.025\.\.1\.5 V"):
        awg.upload(loud)
    assert settings(face) == []
    face.path.set("DCHV", 1)
    awg.upload(loud)
    assert awg.amplitudes_Vpp() == (4.0,)


def test_what_the_instrument_cannot_play_is_refused_by_name(awg, face):
    with pytest.raises(ProgramError, match="sample rate"):
        awg.upload(dataclasses.replace(slot_program(), sample_rate_Hz=25e9))
    with pytest.raises(ProgramError, match="9 amplitudes for 8 channels"):
        awg.upload(program(9))
    assert settings(face) == []
    with pytest.raises(InstrumentError, match="awg8"):
        awg.loadSEQXFile("missing.seqx")
