# SPDX-License-Identifier: Apache-2.0
"""The Lake Shore 372 as its clients see it: a raw socket with CRLF, at most two of them."""

import math

import pytest
from face_clients import LineClient, closing_all
from hypothesis import given
from hypothesis import strategies as st

from heraldlink_sim.faces.lakeshore_372 import LakeShore372
from heraldlink_sim.faces.lakeshore_curves import sensor_ohm
from heraldlink_sim.faces.lakeshore_grammar import scientific
from heraldlink_sim.transport import EventLoopThread, serve_raw


@pytest.fixture
def face():
    return LakeShore372("SIM-fridge", seed=5)


@pytest.fixture
def client(face):
    with EventLoopThread() as loop:
        server = loop.run(serve_raw(face, terminator=b"\r\n", connections=2))
        client = LineClient(server.port, b"\r\n")
        with closing_all(client):
            yield client
        loop.run(server.close())


def ask(face: LakeShore372, line: str) -> str:
    return face.respond(line.encode()).decode()


def wait(face: LakeShore372, duration_s: float) -> None:
    face.clock.spend(duration_s)


def test_identity_and_power_on_state(client):
    assert client.ask("*IDN?") == "LSCI,MODEL372,SIM-fridge,1.3"
    assert client.ask("*ESR?") == "128"
    assert client.ask("SCAN?") == "06,0"
    assert client.ask("INNAME? 6") == "MXC"
    assert client.ask("INSET? 6;INSET? 7") == "1,10,3,21,1;0,10,3,21,1"
    assert client.ask("RANGE? 0;RANGE? 1;RANGE? 2") == "0;0;0"


def test_kelvin_and_ohm_belong_together(face):
    for kelvin in (0.008, 0.012, 0.1, 1.0, 4.2, 77.0, 300.0):
        face.temperature_K = lambda channel, value=kelvin: value
        answered_K, answered_ohm = (float(reply) for reply in ask(face, "KRDG? 6;SRDG? 6").split(";"))
        assert answered_K == pytest.approx(kelvin, rel=6e-3)
        assert answered_ohm == pytest.approx(sensor_ohm(kelvin), rel=2e-3)
        assert ask(face, "RDGST? 6") == "000"
    assert sensor_ohm(4.2) == pytest.approx(2005, rel=0.01)
    assert sensor_ohm(0.05) == pytest.approx(63765, rel=0.01)


def test_noise_is_small_seeded_and_less_with_the_filter():
    def series(seed: int, setup: str = "") -> list[float]:
        face = LakeShore372("SIM-1", seed=seed)
        face.respond(setup.encode())
        return [float(ask(face, "SRDG? 6")) for _ in range(200)]

    def spread(values: list[float]) -> float:
        mean = sum(values) / len(values)
        return math.sqrt(sum((value - mean) ** 2 for value in values) / len(values)) / mean

    assert series(3) == series(3) != series(4)
    assert spread(series(3)) == pytest.approx(2e-4, rel=0.2)
    assert spread(series(3, "FILTER 6,1,10,10")) == pytest.approx(2e-5, rel=0.2)


def test_only_the_scanned_input_is_measured(face):
    assert float(ask(face, "KRDG? 1")) == pytest.approx(46, rel=0.01)
    assert float(ask(face, "KRDG? 5")) == pytest.approx(0.85, rel=0.01)
    face.temperature_K = lambda channel: 2.0
    assert float(ask(face, "KRDG? 6")) == pytest.approx(2.0, rel=0.01)
    assert float(ask(face, "KRDG? 5")) == pytest.approx(0.85, rel=0.01), "an old reading"
    ask(face, "SCAN 5,0")
    assert float(ask(face, "KRDG? 5")) == pytest.approx(0.85, rel=0.01), "within its pause time"
    wait(face, 3)
    assert float(ask(face, "KRDG? 5")) == pytest.approx(2.0, rel=0.01)
    assert float(ask(face, "KRDG? 9")) == 0, "disabled"


def test_autoscan_goes_round_the_enabled_inputs(face):
    ask(face, "SCAN 6,1")
    seen = []
    for _ in range(60):
        seen.append(ask(face, "SCAN?"))
        wait(face, 1.0)
    assert list(dict.fromkeys(seen)) == ["06,1", "01,1", "02,1", "05,1"]
    assert seen.count("01,1") == pytest.approx(13, abs=1), "dwell 10 s and pause 3 s"
    face.temperature_K = lambda channel: 3.0
    wait(face, 60)
    assert [float(ask(face, f"KRDG? {n}")) for n in (1, 2, 5, 6)] == pytest.approx([3.0] * 4, rel=0.01)


def test_one_input_always_stays_enabled(face):
    for channel in (1, 2, 5, 6):
        ask(face, f"INSET {channel},0,0,0,0,0")
    assert ask(face, "INSET? 1;INSET? 6") == "1,10,3,21,1;0,10,3,21,1"


def test_status_of_a_reading(face):
    ask(face, "INTYPE 6,0,5,0,13,0,1")
    assert ask(face, "RDGST? 6;KRDG? 6") == "016;+000.000E+00"
    ask(face, "INTYPE 6,0,5,1,13,1,1")
    assert ask(face, "RDGST? 6") == "001"
    ask(face, "INTYPE 6,0,5,1,13,0,1")
    face.temperature_K = lambda channel: 500.0
    assert ask(face, "RDGST? 6") == "064"
    face.temperature_K = lambda channel: 0.002
    assert ask(face, "RDGST? 6") == "128"


def test_excitation_power_and_quadrature(face):
    ohm = float(ask(face, "SRDG? 6"))
    assert float(ask(face, "RDGPWR? 6")) == pytest.approx((200e-6) ** 2 / ohm, rel=0.01)
    assert float(ask(face, "QRDG? 6")) > 0


def test_closed_loop_reaches_the_set_point_and_cools_again(face):
    ask(face, "OUTMODE 0,5,6,0,0,0,5;PID 0,50,5,0;SETP 0,1.5;RANGE 0,8")
    for _ in range(600):
        kelvin = float(ask(face, "KRDG? 6"))
    assert kelvin == pytest.approx(1.5, rel=0.01)
    percent = float(ask(face, "HTR? 0"))
    assert (percent / 100 * 0.1) ** 2 * 100 == pytest.approx(0.05 * 1.5**2, rel=0.03), "P = a (T^2 - T0^2)"
    ask(face, "RANGE 0,0")
    wait(face, 60)
    assert float(ask(face, "KRDG? 6")) == pytest.approx(0.012, rel=0.01)
    assert float(ask(face, "HTR? 0")) == 0


def test_open_loop_still_and_warm_up(face):
    ask(face, "OUTMODE 0,2,6,0,0,0,5;MOUT 0,50;RANGE 0,7")
    wait(face, 30)
    assert float(ask(face, "HTR? 0")) == 50
    assert float(ask(face, "KRDG? 6")) == pytest.approx(math.sqrt((0.5 * 0.0316) ** 2 * 100 / 0.05), rel=0.01)
    ask(face, "OUTMODE 2,4,5,0,0,0,5;STILL 10;RANGE 2,1;OUTMODE 1,6,6,0,0,0,5;WARMUP 1,30;RANGE 1,1")
    wait(face, 1)
    assert float(ask(face, "AOUT? 2")) == 10
    assert float(ask(face, "AOUT? 1")) == 30


def test_a_ramp_takes_its_time(face):
    ask(face, "RAMP 0,1,60;SETP 0,2")
    assert ask(face, "RAMPST? 0") == "1"
    wait(face, 1.0)
    assert float(ask(face, "SETP? 0")) == pytest.approx(1.1, abs=0.02)
    wait(face, 1.0)
    assert ask(face, "RAMPST? 0") == "0"
    assert float(ask(face, "SETP? 0")) == 2
    assert int(ask(face, "*STB?")) & 128
    ask(face, "*CLS")
    assert not int(ask(face, "*STB?")) & 128
    ask(face, "RAMP 0,0,0;SETP 0,3")
    assert float(ask(face, "SETP? 0")) == 3


def test_zones_choose_terms_and_range(face):
    ask(face, "ZONE 0,1,1,50,5,0,0,7,0,0,0;ZONE 0,2,10,40,5,0,0,8,0,1,0")
    ask(face, "OUTMODE 0,3,6,0,0,0,5;SETP 0,2;RANGE 0,1;RELAY 1,3,0,0")
    wait(face, 100)
    assert ask(face, "RANGE? 0") == "8"
    assert float(ask(face, "KRDG? 6")) == pytest.approx(2.0, rel=0.02)
    assert ask(face, "RELAYST? 1;RELAYST? 2") == "1;0"


def test_beyond_the_temperature_limit_all_heaters_go_off(face):
    ask(face, "OUTMODE 0,2,6,0,0,0,5;MOUT 0,100;RANGE 0,8;TLIMIT 6,3")
    wait(face, 20)
    assert float(ask(face, "KRDG? 6")) > 3
    assert ask(face, "RANGE? 0") == "0"


def test_alarms_latch_and_close_relays(face):
    ask(face, "ALARM 6,1,1,1,0,0,1,0,0;RELAY 1,2,6,1")
    assert ask(face, "ALARMST? 6;RELAYST? 1") == "0,0;0"
    face.temperature_K = lambda channel: 2.0
    ask(face, "KRDG? 6")
    assert ask(face, "ALARMST? 6;RELAYST? 1") == "1,0;1"
    assert int(ask(face, "*STB?")) & 8
    face.temperature_K = lambda channel: 0.5
    ask(face, "KRDG? 6")
    assert ask(face, "ALARMST? 6") == "1,0"
    ask(face, "ALMRST")
    ask(face, "KRDG? 6")
    assert ask(face, "ALARMST? 6") == "0,0"


def test_a_curve_of_the_user_reads_the_sensor(face):
    assert ask(face, "CRVHDR? 21") == "SIM RX-102A,SIM-21,4,+350,1"
    ask(face, 'CRVHDR 40,"MINE","X1",3,400,1')
    for index, kelvin in enumerate((0.02, 0.015, 0.012, 0.01, 0.009), start=1):
        ask(face, f"CRVPT 40,{index},{sensor_ohm(kelvin):.6g},{2 * kelvin}")
    assert [float(part) for part in ask(face, "CRVPT? 40,3").split(",")] == pytest.approx(
        [sensor_ohm(0.012), 0.024], rel=1e-5
    )
    ask(face, "INCRV 6,40")
    assert ask(face, "INCRV? 6") == "40"
    assert float(ask(face, "KRDG? 6")) == pytest.approx(0.024, rel=0.01)
    ask(face, "CRVDEL 40")
    assert float(ask(face, "KRDG? 6")) == 0
    ask(face, "CRVPT 5,1,1,1")
    assert int(ask(face, "*ESR?")) & 16, "standard curves cannot be written"


def test_extremes(face):
    for kelvin in (0.5, 0.1, 0.3):
        face.temperature_K = lambda channel, value=kelvin: value
        ask(face, "KRDG? 6")
    low, high = (float(part) for part in ask(face, "MDAT? 6").split(","))
    assert (low, high) == pytest.approx((0.1, 0.5), rel=0.01)


@pytest.mark.parametrize(
    ("line", "bit"),
    [
        ("FROB 1", 32),
        ("FROB?", 32),
        ("*IDN", 32),
        ("KRDG?", 32),
        ("KRDG? 1,2", 32),
        ("KRDG? 17", 16),
        ("KRDG? x", 32),
        ("INSET 6,1,10", 32),
        ("INSET 6,1,10,3,77,1", 16),
        ("RANGE 0,9", 16),
        ("PID 0,5000,1,1", 16),
        ("SETP 0,warm", 32),
        ("RAMP 0,1,500", 16),
        ("*ESE 256", 16),
        ("SCAN 17,0", 16),
        ("=)(", 32),
    ],
)
def test_mistakes_set_a_bit_and_answer_nothing(client, line, bit):
    client.ask("*ESR?")
    client.write(line)
    assert client.ask("*ESR?") == str(bit)
    assert client.ask("INSET? 6;RANGE? 0;PID? 0") == "1,10,3,21,1;0;50,20,0"


def test_service_request_on_an_event(face):
    calls = []
    face.service_requests.append(lambda: calls.append(1))
    ask(face, "*CLS;*ESE 32;*SRE 32")
    assert calls == []
    ask(face, "FROB")
    assert calls == [1]
    assert int(ask(face, "*STB?")) & 96 == 96


def test_mains_off_keeps_settings_but_not_the_heaters(face):
    ask(face, 'OUTMODE 0,2,6,0,0,0,5;RANGE 0,5;OUTMODE 2,2,5,1,0,0,5;RANGE 2,1;INNAME 3,"magnet"')
    face.power_cycle()
    assert ask(face, "RANGE? 0;RANGE? 2;INNAME? 3;*ESR?") == "0;1;magnet;128"
    assert face.swallow(b"RANGE 0,1") == b""
    assert face.swallow(b"RANGE? 0") is None


def test_lakeshore_372_htrset_of_a_336():
    face = LakeShore372("SIM-1", has=frozenset({"lakeshore-372-htrset-of-a-336"}))
    assert ask(face, "HTRSET 0,0,2,3,0.5,1;HTRSET? 0;HTRSET? 1") == "0,2,3,0.5,1;0,1,0,0,1"
    assert ask(LakeShore372("SIM-1"), "HTRSET 0,50,0,0,2;HTRSET? 0;HTRSET? 1") == "50,0,0,2;1,1,0,1"


@given(st.floats(1e-12, 1e12), st.booleans())
def test_answered_numbers_keep_their_digits(value, negative):
    value = -value if negative else value
    assert float(scientific(value)) == pytest.approx(value, rel=6e-4)
    assert len(scientific(value)) == 12


@given(st.text(alphabet=st.characters(max_codepoint=255), max_size=60))
def test_no_line_stops_it(line):
    face = LakeShore372()
    face.respond(line.encode("latin-1"))
    assert ask(face, "*IDN?").startswith("LSCI,MODEL372,")
