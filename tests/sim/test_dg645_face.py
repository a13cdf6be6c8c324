# SPDX-License-Identifier: Apache-2.0
"""The SRS DG645 as its clients see it: a raw socket with CRLF."""

import pytest
from face_clients import LineClient, closing_all
from hypothesis import given
from hypothesis import strategies as st

from heraldlink_sim.faces.dg645_grammar import DelayError
from heraldlink_sim.faces.dg645_timing import Timing
from heraldlink_sim.faces.srs_dg645 import StanfordDG645
from heraldlink_sim.transport import EventLoopThread, serve_raw


@pytest.fixture
def generator():
    with EventLoopThread() as loop:
        device = StanfordDG645("SIM-alice_dg")
        server = loop.run(serve_raw(device, terminator=b"\r\n"))
        client = LineClient(server.port, b"\r\n")
        with closing_all(client):
            yield device, client
        loop.run(server.close())


def test_powers_up_unarmed(generator):
    device, client = generator
    assert client.ask("*IDN?").split(",")[2] == "s/nSIM-alice_dg"
    assert client.ask("TSRC?") == "5"
    assert not device.state().armed
    client.act("*TRG")
    assert client.ask("LERR?") == "0"
    assert not device.state().armed


def test_single_shot_arms_once(generator):
    device, client = generator
    client.act("TSRC 3")
    assert client.ask("TSRC?") == "3"
    assert not device.state().armed
    client.act("*TRG")
    assert client.ask("*OPC?") == "1"
    assert client.ask("INSR?") == "0"
    assert device.state().armed
    device.fired()
    assert not device.state().armed
    assert int(client.ask("INSR?")) & 1
    assert client.ask("INSR?") == "0"


def test_external_edges_fire_each_time_if_the_tick_crosses_the_level(generator):
    device, client = generator
    client.act("TSRC 1")
    assert client.ask("TSRC?") == "1"
    assert device.state().armed
    device.fired()
    assert device.state().armed
    client.act("TLVL 3.4")
    assert client.ask("TLVL?") == "+3.40"
    assert not device.state().armed


def test_delays_hang_on_each_other(generator):
    device, client = generator
    client.act("DLAY 2,0,1e-3")
    assert client.ask("DLAY?2") == "2,+0.001000000000".replace("2,", "0,", 1)
    client.act("DLAY 4,3,+25E-9;DLAY 5,4,1E-6")
    assert client.ask("DLAY? 4") == "3,+0.000000025000"
    assert client.ask("LINK?5") == "4"
    outputs = device.state().outputs
    assert outputs["AB"].edge_s == pytest.approx(1e-3)
    assert outputs["CD"].edge_s == pytest.approx(1e-3 + 10e-9 + 25e-9)


def test_amplitudes_and_the_missing_pulse(generator):
    device, client = generator
    client.act("LAMP 1,3.0")
    assert client.ask("LAMP?1") == "+3.00"
    assert device.state().outputs["AB"].amplitude_V == 3.0
    client.act("LPOL 1,0")
    assert client.ask("LPOL?1") == "0"
    assert device.state().outputs["AB"].amplitude_V == -3.0
    client.act("DLAY 3,2,0")
    assert client.ask("LERR?") == "0"
    assert device.state().outputs["AB"].amplitude_V == 0.0


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("FROB 1", 111),
        ("TSRC 9", 10),
        ("TSRC", 116),
        ("TSRC 1,2", 115),
        ("TSRC one", 120),
        ("DLAY 2,0,soon", 118),
        ("DLAY 2,0,-1", 12),
        ("DLAY 2,0,2001", 12),
        ("DLAY 2,3,1e-6", 13),
        ("DLAY 0,2,1e-6", 13),
        ("LAMP 1,9", 10),
        ("TRAT 0", 10),
        ("*IDN", 113),
        ("*TRG?", 112),
        ("SPTR?", 112),
        ("TSRC ,", 115),
        ("DLAY 2,,1", 114),
        ("BURC 99999999999", 121),
        ("=)(", 110),
        ("LOFF 1,-2.5", 10),
        ("*SAV 10", 10),
        ("HOLD 1E9", 10),
    ],
)
def test_mistakes_go_into_the_error_queue_and_change_nothing(generator, message, code):
    device, client = generator
    before = device.state()
    client.act(message)
    assert client.ask("LERR?") == str(code)
    assert client.ask("LERR?") == "0"
    assert device.state() == before


def test_arming_needs_a_single_shot_mode(generator):
    _, client = generator
    client.act("TSRC 1;*TRG")
    assert client.ask("LERR?") == "11"


def test_answers_of_one_line_are_joined(generator):
    _, client = generator
    assert client.ask("TSRC?;LERR?;*OPC?") == "5;0;1"


def test_a_burst_takes_its_time(generator):
    device, client = generator
    client.act("BURM 1;BURC 11;BURP 0.1;BURD 0.5;*CLS;*TRG")
    assert int(client.ask("*STB?")) & 6 == 6
    assert int(client.ask("INSR?")) & 13 == 1
    device.clock.spend(1.4)
    assert int(client.ask("*STB?")) & 6 == 6
    device.clock.spend(0.2)
    assert int(client.ask("*STB?")) & 6 == 0
    assert int(client.ask("INSR?")) & 13 == 12
    assert device.state().outputs["AB"].edge_s == pytest.approx(0.5)


def test_a_change_of_timing_aborts_what_runs(generator):
    _, client = generator
    client.act("DLAY 3,2,10;*CLS;*TRG")
    assert int(client.ask("*STB?")) & 2
    client.act("BURC 3")
    assert not int(client.ask("*STB?")) & 2
    assert int(client.ask("INSR?")) & 32


def test_the_internal_rate_triggers_by_itself(generator):
    device, client = generator
    client.act("TRAT 10;TSRC 0;*CLS")
    client.ask("INSR?")
    device.clock.spend(0.3)
    assert int(client.ask("INSR?")) & 5 == 5
    client.act("DLAY 3,2,1;*CLS")
    device.clock.spend(0.3)
    assert int(client.ask("INSR?")) & 2, "triggers come while the cycle goes on"


def test_prescalers_let_some_cycles_out(generator):
    device, client = generator
    client.act("TSRC 1;PRES 1,3;PHAS 1,1")
    assert device.state().outputs["AB"].amplitude_V == 2.5
    client.act("ADVT 1")

    def pulses():
        seen = []
        for _ in range(6):
            seen.append(device.state().outputs["AB"].amplitude_V > 0)
            device.fired()
        return seen

    assert pulses() == [False, True, False, False, True, False]
    client.act("PRES 1,1;PRES 0,2")
    assert pulses() == [False, True] * 3
    client.act("PRES 0,1;PRES 1,2;PHAS 1,5")
    assert client.ask("LERR?") == "0"
    assert pulses() == [False] * 6


def test_inhibit(generator):
    device, client = generator
    client.act("TSRC 1")
    device.inhibited = True
    assert not device.state().armed
    client.act("INHB 3")
    outputs = device.state().outputs
    assert device.state().armed
    assert [outputs[name].amplitude_V for name in ("T0", "AB", "CD", "EF", "GH")] == [2.5, 0, 0, 2.5, 2.5]
    assert int(client.ask("INSR?")) & 16


@pytest.mark.parametrize(
    ("size", "up", "query", "before", "after"),
    [
        ("SSTR 250", "SPTR 1", "TRAT?", "+1000.000000", "+1250.000000"),
        ("SSTL 0.25", "SPTL 0", "TLVL?", "+1.00", "+0.75"),
        ("SSHD 1E-3", "SPHD 1", "HOLD?", "+0.000000000000", "+0.001000000000"),
        ("SSBC 2", "SPBC 1", "BURC?", "5", "7"),
        ("SSBD 1E-6", "SPBD 1", "BURD?", "+0.000000000000", "+0.000001000000"),
        ("SSBP 1E-6", "SPBP 0", "BURP?", "+0.000100000000", "+0.000099000000"),
        ("SSLA 1,0.5", "SPLA 1,1", "LAMP?1", "+2.50", "+3.00"),
        ("SSLO 2,0.5", "SPLO 2,0", "LOFF?2", "+0.00", "-0.50"),
        ("SSPS 3,4", "SPPS 3,1", "PRES?3", "1", "5"),
        ("SSDL 4,1E-6", "SPDL 4,1", "DLAY?4", "0,+0.000000000000", "0,+0.000001000000"),
    ],
)
def test_steps(generator, size, up, query, before, after):
    _, client = generator
    assert client.ask(query) == before
    client.act(size)
    client.act(up)
    assert client.ask(query) == after
    assert client.ask("LERR?") == "0"


def test_the_sum_of_amplitude_and_offset_is_limited(generator):
    _, client = generator
    client.act("LAMP 1,5;LOFF 1,1.5")
    assert client.ask("LERR?;LOFF?1") == "10;+0.00"


def test_settings_are_saved_and_recalled(generator):
    _, client = generator
    client.act("TSRC 3;TRAT 42;DLAY 2,0,1E-6;LAMP 1,4;*SAV 3;*RCL 0")
    assert client.ask("TSRC?;TRAT?;DLAY?2;LAMP?1") == "5;+1000.000000;0,+0.000000000000;+2.50"
    client.act("*RCL 3")
    assert client.ask("TSRC?;TRAT?;DLAY?2;LAMP?1") == "3;+42.000000;0,+0.000001000000;+4.00"
    client.act("DLAY 2,0,5E-6;*RCL 3")
    assert client.ask("DLAY?2") == "0,+0.000001000000"
    client.act("*RCL 7")
    assert client.ask("LERR?") == "14"


def test_status_registers(generator):
    device, client = generator
    calls = []
    device.service_requests.append(lambda: calls.append(1))
    assert client.ask("*ESR?") == "128"
    client.act("*ESE 48;*SRE 96;*CLS")
    assert client.ask("*SRE?;*ESE?") == "32;48"
    client.act("TSRC 9")
    assert calls == [1]
    assert client.ask("*OPC?;*STB?") == f"1;{32 + 64 + 16}"
    assert client.ask("*ESR?") == "16"
    client.act("FROB")
    assert client.ask("*ESR?") == "32"
    client.act("*OPC")
    assert client.ask("*ESR?") == "1"
    client.act("INSE 1;*SRE 1;*TRG")
    assert int(client.ask("*STB?")) & 65 == 65
    device.power_cycle()
    assert client.ask("*ESR?;*ESE?;INSE?") == "128;0;0"
    client.act("*ESE 7;*PSC 0")
    device.power_cycle()
    assert client.ask("*ESE?;*PSC?") == "7;0"


def test_the_error_buffer_overflows_at_its_end(generator):
    _, client = generator
    for _ in range(25):
        client.write("FROB")
    codes = [client.ask("LERR?") for _ in range(21)]
    assert codes == ["111"] * 19 + ["254", "0"]


def test_calibration_and_self_test_take_their_time(generator):
    device, client = generator
    begun_s = device.clock.now_s()
    assert client.ask("*CAL?") == "0"
    assert device.clock.now_s() > begun_s + 20
    assert client.ask("*TST?") == "0"


def test_panel_and_interfaces(generator):
    _, client = generator
    client.act("DISP 11,2;SHDP 0;IFCF 3,7;IFCF 11,10.0.0.9;EPHY 1,0;IFRS 2;REMT;LCAL;XTRM 13,10")
    assert client.ask("DISP?;SHDP?;IFCF?3;IFCF? 11;EPHY?1;TIMB?;LOCK?;UNLK?") == "11,2;0;7;10.0.0.9;0;0;1;1"
    assert client.ask("EMAC?").count(":") == 5
    assert client.ask("LERR?") == "0"
    client.act("IFCF 11,10.0.0.900;IFCF 1,9601;XTRM 10,0")
    assert client.ask("LERR?;LERR?;LERR?;LERR?") == "10;10;10;0"


def test_a_lost_timebase_is_told(generator):
    device, client = generator
    device.set_locked(False)
    assert int(client.ask("INSR?")) & 64
    assert not int(client.ask("INSR?")) & 64


def test_reset_disarms(generator):
    device, client = generator
    client.act("TSRC 3;*TRG;*RST")
    assert client.ask("TSRC?") == "5"
    assert not device.state().armed
    assert device.wire_log.maxlen


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.floats(-1e-3, 1e-3)), max_size=30))
def test_no_series_of_links_makes_a_loop_or_a_negative_edge(changes):
    timing = Timing()
    for change in changes:
        before = [timing.absolute_s(edge) for edge in range(10)]
        try:
            timing.set_delay(*change)
        except DelayError:
            assert [timing.absolute_s(edge) for edge in range(10)] == before
        assert all(timing.absolute_s(edge) >= 0 for edge in range(10))
