# SPDX-License-Identifier: Apache-2.0
"""The SRS DG645 as its clients see it: a raw socket with CRLF."""

import pytest
from face_clients import LineClient, closing_all
from hypothesis import given
from hypothesis import strategies as st

from heraldlink_sim.faces.dg645_timing import Timing, TimingError
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
    assert client.ask("INSR?0") == "1"
    assert client.ask("INSR? 0") == "0"


def test_external_edges_fire_each_time_if_the_tick_crosses_the_level(generator):
    device, client = generator
    client.act("TSRC 1")
    assert client.ask("TSRC?") == "1"
    assert device.state().armed
    device.fired()
    assert device.state().armed
    client.act("TLVL 3.4")
    assert client.ask("TLVL?") == "+3.400000"
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


def test_several_queries_answer_a_line_each(generator):
    _, client = generator
    assert client.ask("TSRC?;LERR?;*OPC?") == "5"
    assert [client.read(), client.read()] == ["0", "1"]


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
        except TimingError:
            assert [timing.absolute_s(edge) for edge in range(10)] == before
        assert all(timing.absolute_s(edge) >= 0 for edge in range(10))
