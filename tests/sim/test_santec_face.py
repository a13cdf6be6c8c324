# SPDX-License-Identifier: Apache-2.0
"""The Santec TSL-570 as its clients see it: a raw socket with CR, in both command sets."""

import pytest
from face_clients import LineClient, closing_all

from heraldlink_sim.faces.santec_tsl570 import SantecTSL570
from heraldlink_sim.transport import EventLoopThread, serve_raw

LIGHT = 299_792_458.0


@pytest.fixture
def laser():
    with EventLoopThread() as loop:
        device = SantecTSL570("SIM-hub_pump")
        server = loop.run(serve_raw(device, terminator=b"\r"))
        client = LineClient(server.port, b"\r")
        with closing_all(client):
            yield device, client
        loop.run(server.close())


def test_powers_up_dark(laser):
    device, client = laser
    assert client.ask("*IDN?").split(",")[:3] == ["SANTEC", "TSL-570", "SIM-hub_pump"]
    assert client.ask(":POW:STAT?") == "+0"
    assert client.ask(":POW:SHUT?") == "+1"
    assert not device.state().emitting
    assert not device.state().shutter_open


def test_scpi_set_speaks_si(laser):
    device, client = laser
    client.act(":WAV 1551.2345nm")
    assert client.ask(":WAV?") == "+1.55123450E-006"
    client.act(":WAV 1550E-9")
    assert client.ask(":FREQ?") == "+1.93414489E+014"
    client.act(":FREQ 193.5THZ")
    assert device.state().frequency_Hz == pytest.approx(193.5e12, abs=5e6)
    assert client.ask(":WAV? MIN") == "+1.48000000E-006"
    assert client.ask(":SOUR:WAV? MAX") == "+1.64000000E-006"
    client.act(":POW 10DBM")
    assert client.ask(":POW?") == "+1.00000000E+001"
    assert device.state().power_W == pytest.approx(10e-3)
    assert client.ask(":POW? MAX") == "+1.30000000E+001"
    assert client.ask(":SYST:ERR?") == '0,"No error"'


def test_legacy_set_speaks_nm_and_thz(laser):
    device, client = laser
    client.act(":SYST:COMM:COD 0")
    assert client.ask(":SYST:COMM:COD?") == "0"
    client.act(":WAV 1550")
    assert client.ask(":WAV?") == "1550.0000"
    assert client.ask(":FREQ?") == "193.41449"
    assert client.ask(":WAV:MIN?") == "1480.0000"
    assert client.ask(":POW:SHUT?") == "1"
    client.act(":FREQ 194.1")
    assert device.state().frequency_Hz == pytest.approx(194.1e12, abs=5e6)
    assert client.ask(":SYST:ERR?") == '0,"No error"'


def test_each_set_refuses_the_others_limits(laser):
    _, client = laser
    client.act(":WAV:MIN?")
    assert client.ask(":SYST:ERR?").startswith("-113,")
    client.act(":SYST:COMM:COD 0")
    client.act(":WAV? MIN")
    assert client.ask(":SYST:ERR?").startswith("-108,")


def test_power_in_mW_follows_the_unit(laser):
    device, client = laser
    client.act(":POW:UNIT 1")
    client.act(":POW 2.0")
    assert float(client.ask(":POW?")) == pytest.approx(2.0, rel=2e-3)  # the laser sets hundredths of a dB
    assert device.state().power_W == pytest.approx(2e-3, rel=2e-3)
    client.act(":POW:UNIT 0")
    assert client.ask(":POW?") == "+3.01000000E+000"


def test_shutter_is_one_for_closed_and_the_monitor_sits_before_it(laser):
    device, client = laser
    client.act(":POW 5")
    assert float(client.ask(":POW:ACT?")) < -50
    client.act(":POW:STAT 1")
    assert client.ask(":POW:ACT?") == "+5.00000000E+000"
    assert not device.state().shutter_open
    client.act(":POW:SHUT 0")
    assert client.ask(":POW:SHUT?") == "+0"
    assert device.state().shutter_open
    assert device.state().emitting


def test_manual_attenuation_sets_the_output(laser):
    device, client = laser
    client.act(":POW:ATT:AUT 0")
    client.act(":POW:ATT 3")
    assert client.ask(":POW:ATT?") == "+3.00000000E+000"
    assert device.state().power_W == pytest.approx(10e-3)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (":WAV 1700nm", -222),
        (":WAV 1479.9nm", -222),
        (":POW 13.02", -222),
        (":POW 5V", -103),
        (":WAV blue", -148),
        (":WAV", -109),
        (":POW:SHUT 2", -222),
        (":WAV 1550nm,2", -108),
        (":COFFEE 1", -113),
    ],
)
def test_mistakes_go_into_the_error_queue_and_change_nothing(laser, message, code):
    device, client = laser
    before = device.state()
    client.act(message)
    assert client.ask(":SYST:ERR?").startswith(f"{code},")
    assert client.ask(":SYST:ERR?") == '0,"No error"'
    assert device.state() == before


def test_reset_darkens_and_keeps_the_command_set(laser):
    device, client = laser
    client.act(":SYST:COMM:COD 0")
    client.act(":POW 5")
    client.act(":POW:STAT 1")
    client.act(":POW:SHUT 0")
    client.act("*RST")
    assert client.ask(":SYST:COMM:COD?") == "0"
    state = device.state()
    assert not state.emitting
    assert not state.shutter_open
    assert state.frequency_Hz == pytest.approx(LIGHT / 1550e-9)


def test_open_interlock_keeps_the_light_off(laser):
    device, client = laser
    client.act(":POW:STAT 1")
    assert client.ask(":POW:STAT?") == "+1"
    device.interlock_open = True
    assert client.ask(":SYST:ALER?") == "No07.,Inter lock detection"
    assert not device.state().emitting


def test_wire_log_is_bounded(laser):
    device, client = laser
    assert client.ask(":POW:STAT?") == "+0"
    assert ("in", b":POW:STAT?") in device.wire_log
    assert device.wire_log.maxlen
