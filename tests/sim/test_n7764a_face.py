# SPDX-License-Identifier: Apache-2.0
"""The Keysight N7764A as its clients see it: a raw socket, and HiSLIP through VISA."""

import pytest
import pyvisa
from face_clients import LineClient, closing_all

from heraldlink_sim.faces.keysight_n7764a import KeysightN7764A
from heraldlink_sim.transport import EventLoopThread, serve_raw
from heraldlink_sim.transport.hislip import serve_hislip


@pytest.fixture
def loop():
    with EventLoopThread() as loop:
        yield loop


@pytest.fixture
def attenuator(loop):
    device = KeysightN7764A("SIM-hub_voa")
    device.input_power_W = lambda channel: 1e-3 * channel
    server = loop.run(serve_raw(device))
    client = LineClient(server.port, b"\n")
    with closing_all(client):
        yield device, client
    loop.run(server.close())


def test_powers_up_closed(attenuator):
    device, client = attenuator
    assert client.ask("*IDN?").split(",")[1:3] == ["N7764A", "SIM-hub_voa"]
    assert [client.ask(f"OUTP{n}?") for n in range(1, 5)] == ["0"] * 4
    assert all(not channel.open and channel.attenuation_dB == 45 for channel in device.state().channels)
    assert client.ask("SYST:ERR?") == '+0,"No error"'


def test_channels_are_apart(attenuator):
    device, client = attenuator
    client.act("INP3:ATT 2.5;:OUTP3 ON")
    assert client.ask("INPut3:ATTenuation?") == "+2.50000000E+000"
    assert client.ask("OUTP3:STAT?;:OUTP2:STAT?") == "1;0"
    states = [(channel.attenuation_dB, channel.open) for channel in device.state().channels]
    assert states == [(45, False), (45, False), (2.5, True), (45, False)]


def test_monitor_reads_behind_attenuator_and_gate(attenuator):
    _, client = attenuator
    client.act("INP2:ATT 20DB;:SENS2:POW:UNIT 1")
    assert float(client.ask("READ2:POW?")) < 1e-11
    client.act("OUTP2 1")
    assert float(client.ask("READ2:POW?")) == pytest.approx(2e-5)
    client.act("SENS2:POW:UNIT 0")
    assert float(client.ask("FETC2:POW?")) == pytest.approx(-16.98970004)


def test_output_power_acts_on_the_attenuation(attenuator):
    device, client = attenuator
    client.act("OUTP1:POW -10;:OUTP1 ON")
    assert device.state().channels[0].attenuation_dB == pytest.approx(10)
    assert float(client.ask("OUTP1:POW?")) == pytest.approx(-10)
    device.input_power_W = lambda channel: 0.0
    client.act("OUTP1:POW -20")
    assert client.ask("SYST:ERR?").startswith("-221,")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("INP1:ATT 45.5", -222),
        ("INP1:ATT -1", -222),
        ("INP5:ATT 1", -114),
        ("INP1:ATT 1V", -131),
        ("OUTP1 PERHAPS", -224),
        ("OUTP1:POW 3", -222),
    ],
)
def test_mistakes_go_into_the_error_queue(attenuator, message, code):
    device, client = attenuator
    before = device.state()
    client.act(message)
    assert client.ask("SYST:ERR?").startswith(f"{code},")
    assert device.state() == before


def test_the_same_over_hislip(loop):
    device = KeysightN7764A("SIM-hub_voa")
    server = loop.run(serve_hislip(device))
    visa = pyvisa.ResourceManager("@py").open_resource(server.address)
    try:
        visa.write("INP4:ATT 7;:OUTP4 ON")
        assert visa.query("INP4:ATT?;:OUTP4?").strip() == "+7.00000000E+000;1"
        assert device.state().channels[3].open
    finally:
        visa.close()
        loop.run(server.close())
