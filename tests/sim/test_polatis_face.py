# SPDX-License-Identifier: Apache-2.0
"""The Polatis switch as its clients see it: a raw socket with CRLF."""

import pytest
from face_clients import LineClient, closing_all
from hypothesis import given
from hypothesis import strategies as st

from heraldlink_sim.faces.polatis_ost import PolatisOST
from heraldlink_sim.faces.polatis_ports import Mirrors
from heraldlink_sim.transport import EventLoopThread, serve_raw


@pytest.fixture
def switch():
    with EventLoopThread() as loop:
        device = PolatisOST("SIM-switch")
        server = loop.run(serve_raw(device, terminator=b"\r\n"))
        client = LineClient(server.port, b"\r\n")
        with closing_all(client):
            yield device, client
        loop.run(server.close())


def test_powers_up_dark(switch):
    device, client = switch
    assert client.ask("*idn?") == "Polatis,I-OST-24x24-LU1-DMHNS,SIM-switch,6.5.2.18"
    assert client.ask(":oxc:swit:size?") == "24,24"
    assert client.ask(":oxc:swit:conn:stat?") == "(@),(@)"
    assert client.ask(":oxc:swit:conn:port? 2") == '""'
    assert device.state().connections == {}


def test_paths_are_added_subtracted_and_replaced(switch):
    device, client = switch
    client.act(":oxc:swit:conn:add (@1,2),(@41,42)")
    assert client.ask(":oxc:swit:conn:port? 2") == '"42"'
    assert client.ask(":oxc:swit:conn:port? 41") == '"1"'
    client.act("OXC:SWITCH:CONNECT:ADD (@3),(@43)")
    assert client.ask("oxc:swit:conn:stat?") == "(@1,2,3),(@41,42,43)"
    client.act(":oxc:swit:conn:sub (@2),(@42)")
    client.act(":oxc:swit:conn:sub (@3),(@)")
    assert device.state().connections == {1: 41}
    assert client.ask(":oxc:swit:conn:only (@5:7),(@31:33); stat?") == "(@5,6,7),(@31,32,33)"
    client.act(":oxc:swit:disc:all")
    assert device.state().connections == {}


def test_a_new_path_takes_over_the_ports_of_others(switch):
    device, client = switch
    client.act(":oxc:swit:conn:add (@1,2),(@25,26)")
    client.act(":oxc:swit:conn:add (@1),(@26)")
    assert device.state().connections == {1: 26}


def test_light_passes_once_the_mirrors_have_arrived(switch):
    device, client = switch
    client.write(":oxc:swit:conn:add (@1),(@25)")
    assert client.ask(":oxc:swit:conn:port? 1") == '"25"'
    begun_s = device.clock.now_s()
    assert device.state().connections == {}
    assert client.ask("*OPC?") == "1"
    assert device.state().connections == {1: 25}
    assert device.clock.now_s() >= begun_s + 0.010
    client.write(":oxc:swit:conn:add (@1,2),(@25,26)")
    assert client.ask("*STB?") == "0"
    assert device.state().connections == {1: 25}, "a path that stands is not interrupted"


def test_ports_can_be_disabled(switch):
    device, client = switch
    client.act(":oxc:swit:conn:add (@1,2),(@25,26);:oxc:swit:port:dis (@2,25)")
    assert device.state().connections == {}
    assert client.ask(":oxc:swit:port:stat? (@1,2,25)") == "(E,D,D)"
    client.act(":oxc:swit:conn:add (@2),(@26)")
    assert client.ask("SYST:ERR?") == '-221,"Settings conflict;port 2 is disabled"'
    client.act(":oxc:swit:port:enab (@2)")
    client.act(":oxc:swit:conn:add (@2),(@26)")
    assert device.state().connections == {2: 26}
    assert client.ask(":oxc:swit:port:stat?").count("E") == 47


def test_network_address(switch):
    _, client = switch
    client.act(":syst:comm:netw2:addr 10.0.0.7")
    assert client.ask(":syst:comm:netw2:addr?").split()[:2] == ['IP="10.0.0.7"', 'Gateway="0.0.0.0"']
    assert client.ask(":syst:comm:netw:addr?").startswith('IP="192.168.1.1"')


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (":oxc:swit:conn:add (@1),(@2)", -222),
        (":oxc:swit:conn:add (@25),(@1)", -222),
        (":oxc:swit:conn:add (@1),(@49)", -222),
        (":oxc:swit:conn:add (@1,2),(@25)", -220),
        (":oxc:swit:conn:add (@1,1),(@25,26)", -220),
        (":oxc:swit:conn:add (@1)", -109),
        (":oxc:swit:conn:add (@1,x),(@25,26)", -171),
        (":oxc:swit:conn:add (@1:99999),(@25)", -223),
        (":oxc:swit:conn:add 1,25", -104),
        (":oxc:swit:conn:add (@1,(@25)", -171),
        (":oxc:swit:port:dis (@0)", -222),
        (":oxc:swit:nonsense", -113),
    ],
)
def test_mistakes_change_nothing(switch, message, code):
    device, client = switch
    client.act(":oxc:swit:conn:only (@7),(@30)")
    client.act(message)
    assert client.ask(":syst:err:all?").split(",")[0] == str(code)
    assert client.ask(":syst:err?").startswith("0,")
    assert device.state().connections == {7: 30}


_path = st.tuples(st.integers(1, 4), st.integers(5, 8))


@given(st.lists(st.tuples(st.booleans(), _path), max_size=30))
def test_each_port_is_on_one_path_at_most(changes):
    mirrors, expected = Mirrors(4, 4, 0.02), {}
    for now, (join, (a, b)) in enumerate(changes):
        if join:
            mirrors.join([(a, b)], float(now))
            expected = {i: o for i, o in expected.items() if i != a and o != b} | {a: b}
        else:
            mirrors.part([a])
            expected.pop(a, None)
        assert mirrors.commanded == expected
        assert mirrors.lit(now + 0.02) == expected
        assert all(mirrors.partner(o) == i and mirrors.partner(i) == o for i, o in expected.items())
