# SPDX-License-Identifier: Apache-2.0
"""Tektronix' own tm_devices, unchanged, against the simulated generators on raw sockets."""

import numpy as np
import pytest

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
    tm_devices = pytest.importorskip(
        "tm_devices", reason="Tektronix' drivers: pip install heraldlink[third-party]"
    )
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
    functions = pytest.importorskip("tm_devices.helpers.enums").SignalGeneratorFunctionsAWG
    generator.generate_function(1e5, functions.SIN, 0.4, 0.0, "SOURCE1")
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
    functions = pytest.importorskip("tm_devices.helpers.enums").SignalGeneratorFunctionsAWG
    generator.generate_function(1e5, functions.RAMP, 0.3, 0.0, "all", symmetry=50)
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
