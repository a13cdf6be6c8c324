# SPDX-License-Identifier: Apache-2.0
"""pymeasure's drivers of the 33500 series, unchanged, against the simulated 33512B."""

import numpy as np
import pytest
from pymeasure.instruments import agilent

from heraldlink_sim.faces.keysight_33512b import Keysight33512B
from heraldlink_sim.transport import EventLoopThread, serve_hislip, serve_raw


@pytest.fixture
def face():
    return Keysight33512B("SIM-1")


@pytest.fixture(
    params=[("Agilent33500", serve_hislip), ("Agilent33500", serve_raw), ("Agilent33521A", serve_hislip)]
)
def generator(request, face):
    name, serve = request.param
    with EventLoopThread() as loop:
        server = loop.run(serve(face))
        driver = getattr(agilent, name)(
            server.address, visa_library="@py", read_termination="\n", write_termination="\n"
        )
        yield driver
        driver.adapter.close()
        loop.run(server.close())


def codes(face):
    return [error.code for error in face.errors.drain()]


def test_shapes_and_levels(generator, face):
    for shape in ("SIN", "SQU", "TRI", "RAMP", "PULS", "PRBS", "NOIS", "ARB", "DC", "SIN"):
        generator.shape = shape
        assert generator.shape == shape
    generator.frequency = 1e3
    generator.amplitude = 1.5
    generator.offset = 0.25
    assert (generator.frequency, generator.amplitude, generator.offset) == pytest.approx((1e3, 1.5, 0.25))
    assert (generator.voltage_high, generator.voltage_low) == pytest.approx((1.0, -0.5))
    generator.voltage_high = 2.0
    generator.voltage_low = 1.0
    assert (generator.amplitude, generator.offset) == pytest.approx((1.0, 1.5))
    generator.amplitude_unit = "VRMS"
    assert generator.amplitude == pytest.approx(1 / np.sqrt(8))
    generator.amplitude_unit = "VPP"
    generator.phase = 90
    generator.output_load = "INF"
    assert generator.output_load == 9.9e37
    generator.output = True
    assert generator.output is True
    assert (generator.phase, generator.amplitude) == pytest.approx((90, 2.0))
    assert codes(face) == []


def test_pulses_and_ramps(generator, face):
    generator.shape = "PULS"
    generator.pulse_period = 1e-3
    generator.pulse_hold = "WIDT"
    generator.pulse_width = 2e-4
    assert generator.pulse_dutycycle == pytest.approx(20)
    generator.pulse_dutycycle = 40
    assert generator.pulse_width == pytest.approx(4e-4)
    generator.pulse_transition = 2e-8
    generator.square_dutycycle = 30
    generator.ramp_symmetry = 25
    assert (generator.pulse_transition, generator.square_dutycycle, generator.ramp_symmetry) == (2e-8, 30, 25)
    assert codes(face) == []


def test_bursts_and_triggers(generator, face):
    generator.burst_mode = "TRIG"
    generator.burst_ncycles = 5
    generator.burst_period = 1e-2
    generator.burst_state = True
    assert (generator.burst_mode, generator.burst_ncycles, generator.burst_period) == ("TRIG", 5, 1e-2)
    assert generator.burst_state is True
    generator.trigger_source = "BUS"
    generator.ext_trig_out = True
    generator.trigger()
    generator.wait_for_trigger(timeout=5)
    assert generator.trigger_source == "BUS"
    assert generator.ext_trig_out is True
    assert codes(face) == []


def test_arbitrary_waveforms(generator, face):
    ramp = list(range(-10_000, 10_000, 20))
    for channel in (generator.ch_1, generator.ch_2):
        channel.data_volatile_clear()
        channel.data_arb("test", ramp, data_format="DAC")
        channel.data_arb("levels", [value / 32767 for value in ramp], data_format="float")
        channel.arb_file = "test"
        channel.shape = "ARB"
        channel.arb_srate = 1e6
        channel.arb_filter = "STEP"
        channel.arb_advance = "TRIG"
        assert channel.arb_file.strip('"') == "TEST"  # as PyMeasure's own tests on a device have it
        assert (channel.arb_srate, channel.arb_filter, channel.arb_advance) == (1e6, "STEP", "TRIG")
    for number in (1, 2):
        np.testing.assert_allclose(face.points(number, "test"), np.array(ramp) / 32767, atol=1e-7)
        np.testing.assert_allclose(face.points(number, "levels"), np.array(ramp) / 32767, atol=1e-7)
    assert codes(face) == []


def test_the_rest(generator, face):
    generator.beep()
    generator.display = "hello"
    generator.clear_display()
    generator.phase_sync()
    assert generator.id.split(",")[1] == "33512B"
    assert generator.check_errors() == []
