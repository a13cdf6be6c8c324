# SPDX-License-Identifier: Apache-2.0
"""The DLC pro as raw sockets see it: prompts, expressions, errors, user levels, the laser in time."""

import re
import socket

import pytest
from face_clients import LineClient, closing_all
from hypothesis import given, settings
from hypothesis import strategies as st

from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.faces.decop import parse, written
from heraldlink_sim.faces.decop_server import DecopLines, serve_decop
from heraldlink_sim.faces.toptica_controller import TopticaDLCpro
from heraldlink_sim.faces.toptica_tree import tree
from heraldlink_sim.transport import EventLoopThread
from heraldlink_sim.transport.server import Dropped, Repeated


def port_of(address):
    assert address.startswith("tcp://127.0.0.1:")
    return int(address.rpartition(":")[2])


class CommandLine:
    """A telnet user: sends a line, reads up to the prompt."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self.received = b""
        self.greeting = self.read()

    def read(self):
        while b"\n> " not in self.received:
            more = self.socket.recv(4096)
            assert more, f"closed after {self.received!r}"
            self.received += more
        text, _, self.received = self.received.partition(b"\n> ")
        return text.decode()

    def ask(self, line):
        self.socket.sendall(line.encode() + b"\n")
        return self.read()

    def close(self):
        self.socket.close()


@pytest.fixture
def box():
    with EventLoopThread() as loop:
        face = TopticaDLCpro("SIM-hub_dlc", SteppedClock(), {2: "maintain", 1: "serve"})
        server = loop.run(serve_decop(face, discovery_port=0))
        yield face, server
        loop.run(server.close())


@pytest.fixture
def line(box):
    client = CommandLine(port_of(box[1].address))
    with closing_all(client):
        yield client


def on(face):
    for name in ("emission-button-enabled", "laser1:enabled"):
        face.write(name, True)


def test_greets_and_answers_each_type(line):
    assert line.greeting == "DeCoF Command Line\r"
    assert line.ask("(param-ref 'serial-number)") == '"SIM-hub_dlc"'
    assert line.ask("(param-ref 'laser1:emission)") == "#f"
    assert line.ask("(param-ref 'laser1:ctl:wavelength-set)") == "1550.0"
    assert line.ask("(param-ref 'ul)") == "3"
    assert line.ask("(param-ref 'laser1:dl:lock:candidates)") == '""'
    assert line.ask("param-ref 'LASER1:TYPE") == '"CTL"'


def test_batches(line):
    assert line.ask("`(,(param-ref 'ul),(param-ref 'laser1:dl:cc:current-set))") == "(3 200.0)"
    assert line.ask("(+ (param-set! 'laser1:label \"a\")(param-set! 'laser1:dl:pc:voltage-set 71))") == "0"
    assert line.ask("`(,(param-ref 'laser1:label) ,(param-ref 'laser1:dl:pc:voltage-set))") == '("a" 71.0)'


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("(param-ref 'nonsense)", "Error: -3 unknown parameter 'nonsense'"),
        ("(param-set! 'laser1:emission #t)", "Error: -4 .*read-only"),
        ("(param-set! 'laser1:enabled 1)", "Error: -2 .*laser1:enabled'"),
        ("(param-set! 'ul 3.5)", "Error: -2 .*ul'"),
        ("(param-set! 'laser1:ctl:wavelength-set 2000)", "-6"),
        ("(param-set! 'laser1:ctl:wavelength-set nan)", "Error: -2 .*"),
        ("(param-set! 'laser1:ctl:wavelength-set 1e999)", "Error: -6 .*"),
        ("(exec 'nonsense)", "Error: -3 unknown command 'nonsense'"),
        ("(exec 'laser1:config:load)", "Error: -1 .*1 arguments"),
        ("(param-set! 'laser1:dl:factory-settings:power 3.0)", "Error: -5 .*level 3.*"),
        ("(((", "Error: -1 .*"),
        (")", "Error: -1 .*"),
        ('"half', "Error: -1 .*"),
        ("(frobnicate 1)", "Error: -1 unknown operation"),
        ("(" * 5000, "Error: -1 .*"),
    ],
)
def test_mistakes_are_answered_and_change_nothing(box, line, request_, answer):
    before = dict(box[0]._settings)
    assert re.fullmatch(answer, line.ask(request_))
    assert box[0]._settings == before
    assert line.ask("(param-ref 'ul)") == "3"


def test_user_levels_belong_to_the_connection(box, line):
    assert line.ask('(exec \'change-ul 2 "wrong")') == "3"
    assert line.ask('(exec \'change-ul 2 "maintain")') == "2"
    assert line.ask("(param-set! 'laser1:dl:factory-settings:power 3.0)") == "0"
    other = CommandLine(port_of(box[1].address))
    with closing_all(other):
        assert other.ask("(param-ref 'ul)") == "3"
        assert other.ask('(exec \'change-ul 4 "")') == "4"
        assert other.ask('(param-set! \'laser1:label "x")').startswith("Error: -5")
    assert line.ask("(param-ref 'ul)") == "2"


def test_streams(line):
    assert line.ask("(exec 'laser1:config:import)\nAAEC#") == "()"
    assert line.ask("(exec 'laser1:config:import)\n!!!#").startswith("Error: -2")
    assert line.ask("(exec 'laser1:config:show)").endswith("()")
    assert line.ask("(param-disp 'laser1:ctl:power)") == "laser1:ctl:power:power-act = 0.0"


def test_bytes_one_by_one_and_empty_lines(line):
    for byte in b"\r\n(param-ref 'ul)\r\n":
        line.socket.sendall(bytes([byte]))
    assert line.read() == "> 3"


def test_light_needs_button_enable_interlock_and_current(box):
    face, _ = box
    assert not face.state().emitting
    on(face)
    assert face.state().emitting
    assert face.state().shutter_open
    face.clock.spend(1.0)
    assert face.read("laser1:ctl:power:power-act") == pytest.approx(0.18 * 140)
    assert face.state().power_W == pytest.approx(25.2e-3)
    face.set_interlock(True)
    assert face.read("laser1:emission") is False
    assert face.read("interlock-open") is True
    assert "Interlock open" in face.read("system-health-txt")
    face.set_interlock(False)
    assert not face.state().emitting  # the button must be pressed again
    face.write("emission-button-enabled", True)
    face.write("laser1:dl:cc:enabled", False)
    assert face.state().emitting
    assert not face.state().shutter_open
    assert face.read("laser1:emission") is False


def test_the_wavelength_takes_its_time(box):
    face, _ = box
    face.write("laser1:ctl:wavelength-set", 1560.0)
    face.clock.spend(0.5)
    assert face.read("laser1:ctl:wavelength-act") == pytest.approx(1555.0)
    assert face.read("laser1:ctl:state-txt") == "Moving"
    face.clock.spend(0.6)
    assert face.read("laser1:ctl:wavelength-act") == 1560.0
    assert face.read("laser1:busy") is False
    assert face.state().frequency_Hz == pytest.approx(299792458.0 / 1560e-9)


def test_the_head_warms_up(box):
    face, _ = box
    assert face.read("laser1:dl:tc:ready") is False
    assert face.read("laser1:health") != 0
    face.clock.spend(60.0)
    assert face.read("tc1:channel1:ready") is True
    assert face.read("laser1:dl:tc:temp-act") == pytest.approx(25.0, abs=0.01)
    assert (face.read("laser1:health"), face.read("laser1:health-txt")) == (0, "OK")


def test_a_wide_scan_and_its_end(box):
    face, _ = box
    face.write("laser1:wide-scan:speed", 10.0)
    assert face.respond(b"(exec 'laser1:wide-scan:start)") == b"()"
    assert face.respond(b"(exec 'laser1:wide-scan:start)").startswith(b"Error: -7")
    assert face.respond(b"(param-set! 'laser1:ctl:wavelength-set 1600)") == b"-7"
    face.clock.spend(1.0)
    assert face.read("laser1:ctl:wavelength-act") == pytest.approx(1550.0, abs=0.1)
    assert face.read("laser1:wide-scan:progress") == pytest.approx(50, abs=1)
    face.clock.spend(3.0)
    assert face.read("laser1:ctl:wavelength-act") == 1550.0  # restored
    assert face.read("laser1:wide-scan:state-txt") == "Idle"


def test_power_stabilisation_holds_the_power_within_the_current_limit(box):
    face, _ = box
    on(face)
    face.write("laser1:power-stabilization:enabled", True)
    face.write("laser1:power-stabilization:setpoint", 20.0)
    face.clock.spend(1.0)
    assert face.read("laser1:ctl:power:power-act") == pytest.approx(20.0)
    face.write("laser1:dl:cc:current-clip", 100.0)
    face.clock.spend(1.0)
    assert face.read("laser1:ctl:power:power-act") == pytest.approx(0.18 * 40)
    assert face.read("cc1:channel1:current-act") == pytest.approx(100.0)


def test_scan_ends_follow_offset_and_amplitude(box):
    face, _ = box
    face.write("laser1:scan:amplitude", 10.0)
    assert (face.read("laser1:scan:start"), face.read("laser1:scan:end")) == (65.0, 75.0)
    face.write("laser1:scan:start", 55.0)
    assert (face.read("laser1:scan:offset"), face.read("laser1:scan:amplitude")) == (65.0, 20.0)


def test_the_piezo_scans(box):
    face, _ = box
    face.write("laser1:scan:amplitude", 10.0)
    face.write("laser1:scan:frequency", 1.0)
    face.write("laser1:scan:enabled", True)
    seen = []
    for _ in range(100):
        face.clock.spend(0.05)
        seen.append(face.read("pc1:channel1:voltage-act"))
    assert min(seen) == pytest.approx(65.0, abs=0.5)
    assert max(seen) == pytest.approx(75.0, abs=0.5)
    face.write("laser1:scan:enabled", False)
    assert face.read("laser1:dl:pc:voltage-act") == 70.0


def test_settings_are_told_from_queries(box):
    face, _ = box
    assert face.swallow(b"(param-set! 'laser1:enabled #t)") == b"0"
    assert face.swallow(b"(exec 'laser1:wide-scan:start)") == b"()"
    assert face.swallow(b"(param-ref 'laser1:enabled)") is None
    assert face.swallow(b'(exec \'change-ul 3 "")') is None
    assert face.swallow(b"(exec 'system-summary)") is None


def test_power_cycle_forgets(box):
    face, _ = box
    on(face)
    face.write("laser1:label", "pump")
    face.power_cycle()
    assert not face.state().emitting
    assert face.read("laser1:label") == ""


def test_monitoring_tells_changes_beyond_the_threshold(box, line):
    _, server = box
    watcher = LineClient(port_of(server.monitoring_address), b"\n")
    with closing_all(watcher):
        watcher.socket.sendall(b"(add 'laser1:dl:pc:voltage-set 5 1.0)\n(add 'nonsense)\n")
        lines = sorted([watcher.read(), watcher.read()])
        assert re.fullmatch(r"\(2026-01-01T00:00:00\.\d+Z 'laser1:dl:pc:voltage-set 70\.0\)", lines[0])
        assert re.fullmatch(r"\(Error: -3 \(2026.*Z 'nonsense\) unknown parameter 'nonsense'\)", lines[1])
        line.ask("(param-set! 'laser1:dl:pc:voltage-set 70.5)")
        line.ask("(param-set! 'laser1:dl:pc:voltage-set 72)")
        assert watcher.read().endswith("'laser1:dl:pc:voltage-set 72.0)")
        watcher.socket.sendall(b"(remove 'laser1:dl:pc:voltage-set)\n(add 'laser1:label)\n")
        assert watcher.read().endswith('\'laser1:label "")')
        line.ask("(param-set! 'laser1:dl:pc:voltage-set 80)")
        line.ask('(param-set! \'laser1:label "x")')
        assert watcher.read().endswith('\'laser1:label "x")')


def test_discovery(box):
    _, server = box
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(b"whoareyou?", ("127.0.0.1", server.discovery_port))
        answer = client.recv(1000).decode()
    ports = f"{port_of(server.address)} {port_of(server.monitoring_address)}"
    assert answer == f'("SIM-hub_dlc" "" "" "" "" "simulated" 0 "127.0.0.1" {ports})'


async def refuse(server, refusing):
    server.refuse(refusing)


class Faulty:
    """A door in front of a face that answers otherwise."""

    def __init__(self, face):
        self.face, self.fault = face, None
        self.wire_log = face.wire_log

    def respond(self, message):
        if self.fault is not None:
            raise self.fault
        return self.face.respond(message)


def test_broken_answers_and_refusal():
    with EventLoopThread() as loop:
        door = Faulty(TopticaDLCpro("SIM-1"))
        server = loop.run(serve_decop(door.face, device=door))
        client = CommandLine(port_of(server.address))
        door.fault = Repeated(b"5")
        assert (client.ask("(param-ref 'ul)"), client.read()) == ("5", "5")
        door.fault = Dropped(b"5\n> ", closes=False)
        assert client.ask("(param-ref 'ul)") == "5"
        door.fault = Dropped(b"1")
        client.socket.sendall(b"(param-ref 'ul)\n")
        assert client.socket.recv(100) == b"1"
        assert client.socket.recv(100) == b""
        loop.run(refuse(server, True))
        with socket.create_connection(("127.0.0.1", port_of(server.address))) as refused:
            assert refused.recv(100) == b""
        loop.run(refuse(server, False))
        assert CommandLine(port_of(server.address)).greeting
        loop.run(server.close())


values = st.one_of(
    st.booleans(), st.integers(-(10**9), 10**9), st.floats(allow_nan=False, allow_infinity=False), st.text()
)


@given(values)
def test_what_is_written_is_read_back(value):
    assert parse(f"'({written(value)})").inner == [value]


@settings(max_examples=300)
@given(
    st.lists(
        st.one_of(st.binary(max_size=60), st.sampled_from([b"(param-ref 'ul)\n", b"(exec '", b"#", b"\n"]))
    )
)
def test_garbage_never_crashes_or_desynchronises(pieces):
    face, lines = TopticaDLCpro("SIM-1"), DecopLines()
    for piece in pieces:
        for request in lines.feed(piece):
            answer = face.respond(request)
            assert answer
    ends = list(lines.feed(b"#\n(exec 'change-ul 3 \"\")\n(param-ref 'ul)\n"))
    assert face.respond(ends[-1]) == b"3"


def test_memory_is_bounded():
    lines = DecopLines()
    requests = [request for _ in range(64) for request in lines.feed(b"x" * 65536)]
    assert len(requests) == 1
    assert len(lines._buffer) <= 2 * 65536
    assert list(lines.feed(b"\n(param-ref 'ul)\n"))[-1] == b"(param-ref 'ul)"


def test_the_tree_is_complete():
    assert len(tree().leaves) == 11093
    assert tree().leaves["laser1:ctl:wavelength-set"].mutable
    assert not tree().leaves["laser1:ctl:wavelength-act"].mutable
