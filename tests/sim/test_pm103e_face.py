# SPDX-License-Identifier: Apache-2.0
"""The Thorlabs PM103E as its clients see it, on a clock that the test moves, and its port 2000."""

import asyncio
import math
import statistics

import pytest
from face_clients import LineClient, closing_all, wait_until

from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.faces.thorlabs_pm103e import MODEL, IDLE_s, ThorlabsPM103E
from heraldlink_sim.model import InstrumentConfig, Place
from heraldlink_sim.transport import EventLoopThread


class Bench:
    def __init__(self) -> None:
        self.clock = SteppedClock()
        self.meter = ThorlabsPM103E("SIM-1", self.clock, seed=3)

    def ask(self, message: str) -> str:
        return asyncio.run(self.meter.execute(message.encode())).decode()

    def value(self, message: str) -> float:
        return float(self.ask(message))

    def light(self, power_W: float, wavelength_m: float = 1550e-9) -> None:
        self.meter.input_W = lambda: (power_W, wavelength_m)


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_identities(bench):
    assert bench.ask("*IDN?") == "Thorlabs,PM103E,SIM-1,1.4.0"
    assert bench.ask("SYST:SENS:IDN?") == "S154C,SIM-head,01-JAN-2026,1,18,49"
    assert bench.ask("SYST:ERR?") == '+0,"No error"'


def test_it_reads_the_light(bench):
    assert abs(bench.value("MEAS:POW?")) < 1e-9
    bench.light(2e-4)
    assert bench.value("MEAS:POW?") == pytest.approx(2e-4, rel=1e-3)
    assert bench.value("MEAS:SCAL:CURR:DC?") == pytest.approx(2e-4, rel=1e-3)
    assert bench.ask("CONF?") == "CURR"
    assert bench.value("MEAS:FREQ?") == 0.0
    bench.ask("CONF:POW;:SENS:POW:UNIT DBM")
    assert bench.value("READ?") == pytest.approx(10 * math.log10(0.2), abs=0.01)


def test_the_reading_is_corrected_for_the_wavelength_set(bench):
    bench.light(1e-4, 1310e-9)
    low = bench.value("MEAS:POW?")
    assert low < 0.97e-4
    bench.ask("SENS:CORR:WAV 1310")
    assert bench.value("MEAS:POW?") == pytest.approx(1e-4, rel=1e-3)
    bench.ask("CORR 10")
    assert bench.value("MEAS:POW?") == pytest.approx(1e-3, rel=1e-3)
    assert bench.value("CORR:WAV? MIN") == 800
    assert bench.value("SENS:CORR:WAV? MAX") == 1700
    bench.ask("SENS:CORR:WAV 1.55UM")
    assert bench.value("SENS:CORR:WAV?") == pytest.approx(1550)


def test_ranges_follow_the_light_or_are_exceeded(bench):
    bench.light(2e-4)
    bench.ask("MEAS:POW?")
    assert bench.value("SENS:POW:RANG?") == pytest.approx(5e-4)
    bench.ask("SENS:POW:RANG 2E-5")
    assert bench.ask("SENS:POW:RANG:AUTO?") == "0"
    assert bench.value("POW:DC:RANG:UPP?") == pytest.approx(5e-5)
    assert bench.value("MEAS:POW?") == 9.9e37
    bench.ask("SENS:POW:RANG:AUTO ON")
    assert bench.value("MEAS:POW?") == pytest.approx(2e-4, rel=1e-3)
    bench.light(20e-3)
    assert bench.value("MEAS:POW?") == 9.9e37


def test_there_is_one_range_for_power_and_current(bench):
    bench.ask("SENS:CURR:RANG 1E-3;:MEAS:CURR?")
    assert bench.ask("SENS:POW:RANG:AUTO?;:SENS:CURR:RANG:AUTO?") == "0;0"
    assert bench.value("SENS:POW:RANG?") == pytest.approx(5e-3)
    bench.ask("SENS:POW:RANG:AUTO 1")
    assert bench.ask("SENS:CURR:RANG:AUTO?") == "1"


def test_two_steps(bench):
    bench.ask("SENS:AVER:COUN 1000")
    bench.ask("INIT")
    assert int(bench.ask("STAT:OPER:COND?")) & 16
    before_s = bench.clock.now_s()
    bench.light(1e-4)
    assert bench.value("FETC?") == pytest.approx(1e-4, rel=1e-3)
    assert bench.clock.now_s() - before_s > 2.9
    assert int(bench.ask("STAT:OPER?")) & 512
    assert bench.ask("ABOR;:STAT:OPER?") == "0"
    bench.ask("INIT;INIT")
    assert bench.ask("SYST:ERR?").startswith("-213,")


def test_nothing_measured_is_an_error(bench):
    assert bench.ask("FETC?") == ""
    assert bench.ask("SYST:ERR?").startswith("-230,")


def test_zeroing_takes_time_and_removes_the_dark_current(bench):
    bench.meter.zero_A = 1e-9
    assert bench.value("MEAS:CURR?") == pytest.approx(-1e-9, rel=0.2)
    bench.ask("SENS:CORR:COLL:ZERO:INIT")
    assert bench.ask("SENS:CORR:COLL:ZERO:STAT?") == "1"
    assert bench.ask("*OPC?;:SENS:CORR:COLL:ZERO:STAT?") == "1;0"
    assert abs(bench.value("MEAS:CURR?")) < 1e-11
    assert abs(bench.value("CORR:COLL:ZERO:MAGN?")) < 1e-9


def test_averaging_quietens(bench):
    bench.light(1e-4)

    def spread() -> float:
        return statistics.stdev(bench.value("MEAS:POW?") for _ in range(100))

    loud = spread()
    bench.ask("SENS:AVER 100")
    assert spread() < loud / 4


def test_a_seed_repeats_the_readings():
    readings = []
    for _ in range(2):
        bench = Bench()
        bench.light(1e-5)
        readings.append([bench.ask("READ?") for _ in range(5)])
    assert readings[0] == readings[1]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("SENS:CORR:WAV 1800", -222),
        ("SENS:AVER:COUN 0", -222),
        ("SENS:POW:RANG 1", -222),
        ("MEAS:ENER?", -113),
        ("SENS:CORR:WAV 1310V", -131),
        ("SENS:POW:UNIT HORSE", -224),
    ],
)
def test_mistakes(bench, message, code):
    assert bench.ask(message) == ""
    assert bench.ask("SYST:ERR?").startswith(f"{code},")


def test_a_silent_client_is_hung_up():
    with EventLoopThread() as loop:
        face = MODEL.make(Place("SIM-1", SteppedClock()), InstrumentConfig(model="Thorlabs PM103E"))
        config = InstrumentConfig(model="Thorlabs PM103E")
        listening = loop.run(MODEL.serve(face, face, config, "127.0.0.1", "meter"))
        client = LineClient(int(listening.addresses["meter"].split("::")[2]), b"\n")
        with closing_all(client):
            assert client.ask("*IDN?").startswith("Thorlabs,PM103E")
            face.clock.spend(IDLE_s + 1)
            client.socket.settimeout(0.05)

            def hung_up() -> bool:
                try:
                    return client.socket.recv(10) == b""
                except TimeoutError:
                    return False

            wait_until(hung_up, "the console to hang up")
        for listener in listening.listeners:
            loop.run(listener.close())
