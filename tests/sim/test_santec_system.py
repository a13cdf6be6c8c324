# SPDX-License-Identifier: Apache-2.0
"""Alerts, interfaces, power and quirks of the Santec TSL-570; the wire's quirks on a real socket."""

import socket
from contextlib import suppress

import numpy as np
import pytest

from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.faces import santec_quirks
from heraldlink_sim.faces.santec_tsl570 import MODEL, SantecConfig, SantecTSL570
from heraldlink_sim.model import Place
from heraldlink_sim.transport import EventLoopThread
from heraldlink_sim.transport.server import Dropped

LONG_LOG = b":WAV:SWE:SPE 200;:TRIG:OUTP:STEP 10pm;:WAV:SWE 1"


@pytest.fixture
def laser() -> SantecTSL570:
    return SantecTSL570("SIM-1", SteppedClock())


def ask(laser: SantecTSL570, message: str) -> str:
    return laser.execute_now(message.encode()).decode("latin-1")


def swept(*quirks: str) -> SantecTSL570:
    laser = SantecTSL570("SIM-1", SteppedClock(), has=frozenset(quirks))
    laser.execute_now(LONG_LOG)
    laser.clock.spend(10)
    assert int(ask(laser, ":READ:POIN?")) > 10_000
    return laser


def test_warming_up_is_an_alert_and_dark():
    laser = SantecTSL570("SIM-1", SteppedClock(), warm_up_s=1800)
    laser.execute_now(b":POW:STAT 1")
    assert ask(laser, ":SYST:ALER?") == "No23.,Ongoing Warm up"
    assert not laser.state().emitting
    laser.clock.spend(1800)
    assert ask(laser, ":SYST:ALER?") == "No alerts."
    assert laser.state().emitting
    laser.power_cycle()
    assert ask(laser, ":SYST:ALER?") == "No23.,Ongoing Warm up"


def test_a_power_out_of_reach_is_an_alert(laser):
    laser.execute_now(b":POW 13;:WAV 1640nm")
    laser.clock.spend(1)
    assert ask(laser, ":SYST:ALER?") == "No06.,Power setting Error"
    laser.execute_now(b":POW:STAT 1")
    assert ask(laser, ":POW:ACT?") == "+1.10000000E+001"


def test_the_offset_moves_the_light_alone(laser):
    laser.execute_now(b":WAV:OFFS 50pm")
    assert ask(laser, ":WAV?;:WAV:OFFS?") == "+1.55000000E-006;+5.00000000E-011"
    assert 299_792_458 / laser.state().frequency_Hz == pytest.approx(1550.05e-9, rel=1e-12)


def test_santec_monitor_before_shutter(laser):
    laser.execute_now(b":POW 5;:POW:STAT 1;:POW:SHUT 1")
    assert ask(laser, ":POW:ACT?") == "+5.00000000E+000"


def test_headers_of_the_source_may_name_it(laser):
    assert ask(laser, ":SOUR1:CHAN1:POW:STAT?") == "+0"
    assert ask(laser, "source:wav? nm") == "+1.55000000E-006"
    assert ask(laser, ":SOUR:SYST:LOCK?") == ""
    assert ask(laser, ":SYST:ERR?").startswith("-113,")


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (":AM:SOUR 2", -222),
        (":WAV:SWE:SPE 3", -222),
        (":SYST:COMM:ETH:IPAD 300.1.1.1", -148),
        (":SYST:COMM:GPIB:ADDR 31", -222),
        (":TRIG:OUTP 4", -222),
        (":WAV:SWE:DWEL 1000", -222),
        (":WAV:OFFS 1nm", -222),
        (":WAV:FIN 101", -222),
        (":SYST:COMM:COD 0;:WAV 1550nm", -148),
    ],
)
def test_mistakes(laser, message, code):
    assert ask(laser, message) == ""
    assert ask(laser, ":SYST:ERR?").startswith(f"{code},")


def test_santec_few_error_numbers(laser):
    for message in (b":WAV 1V", b":POW:STAT PERHAPS", b'*ESE "a"', b"*ESE #3", b"ABCDEFGHIJKLMNOP"):
        laser.execute_now(message)
        assert int(ask(laser, ":SYST:ERR?").split(",")[0]) in (-102, -103, -113, -148)


def test_santec_no_default(laser):
    assert ask(laser, ":WAV 1500NM;:WAV DEF") == ""
    assert ask(laser, ":SYST:ERR?").startswith("-148,")
    assert float(ask(laser, ":WAV?")) == 1500e-9


def test_santec_signed_switches(laser):
    assert ask(laser, ":POW:STAT 1;STAT?;STAT 0;STAT?") == "+1;+0"
    assert ask(laser, ":SYST:COMM:COD 0;:POW:STAT?") == "0"


def test_santec_reset_empties_error_queue(laser):
    laser.execute_now(b":COFFEE")
    laser.execute_now(b"*RST")
    assert ask(laser, ":SYST:ERR?") == '0,"No error"'


def test_santec_version_is_firmware(laser):
    assert ask(laser, ":SYST:VERS?") == "0026.0026.0011" == ask(laser, "*IDN?").split(",")[3]


def test_times_have_one_digit_in_the_legacy_set(laser):
    laser.execute_now(b":WAV:SWE:DWEL 3;:WAV:SWE:DEL 1.26")
    assert ask(laser, ":WAV:SWE:DWEL?") == "+3.00000000E+000"
    laser.execute_now(b":SYST:COMM:COD 0")
    assert ask(laser, ":WAV:SWE:DWEL?;DEL?") == "3.0;1.3"
    assert ask(laser, ":POW:ATT?;:WAV:SWE:SPE?") == "0.00;100.0"


def test_reset_leaves_the_interfaces(laser):
    laser.execute_now(b":SYST:COMM:ETH:IPAD 10.0.0.5;:DISP:BRIG 40;*RST")
    assert ask(laser, ":SYST:COMM:ETH:IPAD?;:DISP:BRIG?") == "10.0.0.5;+100"


def test_shut_down_stays_off_until_power_returns(laser):
    laser.execute_now(b":POW:STAT 1;:SPEC:SHUT")
    assert ask(laser, ":SYST:ERR?") == '0,"No error"'
    laser.clock.spend(3)
    with pytest.raises(Dropped):
        laser.respond(b"*IDN?")
    assert not laser.state().emitting
    assert not laser.admits_connection()
    laser.power_cycle()
    assert ask(laser, ":POW:STAT?") == "+0"


def test_a_reboot_takes_a_minute(laser):
    laser.execute_now(b":POW:STAT 1;:SPEC:REB")
    laser.clock.spend(30)
    with pytest.raises(Dropped):
        laser.respond(b"*IDN?")
    laser.clock.spend(40)
    assert ask(laser, ":POW:STAT?") == "+0"


def test_santec_drops_long_logs():
    laser = swept("santec-drops-long-logs")
    with pytest.raises(Dropped) as dropped:
        laser.execute_now(b":READ:DAT?")
    assert dropped.value.closes
    assert 20_000 <= len(dropped.value.sent) <= 40_000
    assert len(swept().execute_now(b":READ:DAT?")) > 80_000


def test_santec_log_without_delimiter():
    with pytest.raises(Dropped) as sent:
        swept("santec-log-without-delimiter").execute_now(b":READ:DAT?")
    assert not sent.value.closes
    assert len(np.frombuffer(sent.value.sent[8:], "<f8")) > 10_000


def test_round_trip():
    laser = SantecTSL570("SIM-1", SteppedClock(), round_trip_s=5.3e-3)
    with EventLoopThread() as loop:
        assert loop.run(laser.execute(b"*IDN?")).startswith(b"SANTEC")
    assert laser.clock.now_s() == pytest.approx(10e-3)


@pytest.fixture
def connect():
    """connect(quirk, n) -> how many of n connections, one behind the other, were answered."""
    with EventLoopThread() as loop:

        def answered(quirk: str, number: int) -> list[bool]:
            config = SantecConfig(model="Santec TSL-570", quirks=(quirk,))
            face = MODEL.make(Place("SIM-1", SteppedClock(), seed=5), config)
            listening = loop.run(MODEL.serve(face, face, config, "127.0.0.1", "x"))
            host, port = listening.addresses["x"].split("::")[1:3]
            results = [greets(host, int(port)) for _ in range(number)]
            for listener in listening.listeners:
                loop.run(listener.close())
            return results

        yield answered


def greets(host: str, port: int) -> bool:
    with suppress(ConnectionError), socket.create_connection((host, port), 5) as client:
        client.sendall(b"*IDN?\r")
        return client.recv(100).startswith(b"SANTEC")
    return False


def test_santec_resets_reconnections(connect):
    answered = connect("santec-resets-reconnections", 60)
    assert answered[0]
    assert 5 <= answered.count(False) <= 25


def test_santec_port_dies(connect):
    assert connect("santec-port-dies", 24) == [True] * 20 + [False] * 4


def test_quirks_have_ids_and_evidence_and_unknown_ones_are_refused():
    for quirk in SantecTSL570.quirks:
        assert quirk.id.startswith("santec-")
        assert quirk.what
        assert quirk.evidence
    assert len({quirk.id for quirk in SantecTSL570.quirks}) == len(SantecTSL570.quirks)
    with pytest.raises(ValueError, match="santec-port-dies"):
        SantecConfig(model="Santec TSL-570", quirks=("coffee",))
    with pytest.raises(ValueError, match="range_nm"):
        SantecConfig(model="Santec TSL-570", range_nm=(1640, 1480))
    assert set(santec_quirks.OPTIONAL).isdisjoint(santec_quirks.ALWAYS)
