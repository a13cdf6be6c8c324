# SPDX-License-Identifier: Apache-2.0
"""Filters that move, power control, logs and signs of the N776x family, on a clock that the test moves."""

import asyncio

import numpy as np
import pytest

from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.faces.keysight_n7761a import KeysightN7761A
from heraldlink_sim.faces.keysight_n7764a import KeysightN7764A


class Bench:
    def __init__(self, kind=KeysightN7761A) -> None:
        self.clock = SteppedClock()
        self.voa = kind("SIM-1", self.clock)
        self.voa.input_power_W = lambda channel: 1e-3

    def raw(self, message: str) -> bytes:
        return asyncio.run(self.voa.execute(message.encode()))

    def ask(self, message: str) -> str:
        return self.raw(message).decode("latin-1")

    def act(self, message: str) -> None:
        assert self.ask(message) == ""
        assert self.ask(":SYST:ERR?") == '+0,"No error"'

    def dB(self) -> float:
        return self.voa.state().channels[0].attenuation_dB


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_one_channel(bench):
    assert bench.ask("*IDN?").split(",")[1] == "N7761A"
    assert len(bench.voa.state().channels) == 1
    assert bench.ask("INP2:ATT?") == ""
    assert bench.ask("SYST:ERR?").startswith("-114,")
    assert len(Bench(KeysightN7764A).voa.state().channels) == 4


def test_the_filter_moves_at_its_speed_and_opc_waits(bench):
    bench.act("INP1:ATT:SPE 10;:INP1:ATT 25")
    assert bench.ask("INP1:ATT?;ATT:SPE?") == "+2.50000000E+001;+1.00000000E+001"
    bench.clock.spend(1)
    assert 34 < bench.dB() < 35.1
    before_s = bench.clock.now_s()
    assert bench.ask("*OPC?") == "1"
    assert bench.clock.now_s() - before_s == pytest.approx(1, abs=0.02)
    assert bench.dB() == 25


def test_offsets_shift_what_is_told(bench):
    bench.act("INP1:OFFS 3;:INP1:ATT 13")
    assert bench.ask("INP1:ATT? MIN;ATT? MAX") == "+3.00000000E+000;+4.80000000E+001"
    bench.clock.spend(1)
    assert bench.dB() == pytest.approx(10)
    bench.act("OUTP1 1;:OUTP1:POW:OFFS 2")
    assert float(bench.ask("FETC1:POW?")) == pytest.approx(-8)
    bench.act("INP1:ATT MIN")
    assert bench.ask("INP1:ATT?") == "+3.00000000E+000"


def test_units_are_signed_and_hold_for_plain_numbers(bench):
    bench.act("OUTP1:POW:UNIT W")
    assert bench.ask("OUTP1:POW:UNIT?;:SENS1:POW:UNIT?") == "+1;+0"
    bench.act("OUTP1:POW 1E-5;:OUTP1 ON")
    bench.clock.spend(1)
    assert bench.dB() == pytest.approx(20)
    assert float(bench.ask("OUTP1:POW?")) == pytest.approx(1e-5)
    bench.act("OUTP1:POW -30DBM")
    assert float(bench.ask("OUTP1:POW?")) == pytest.approx(1e-6)


def test_an_attenuation_ends_the_absolute_power_mode(bench):
    assert bench.ask("OUTP1:APM?") == "0"
    bench.act("OUTP1:POW -20")
    assert bench.ask("OUTP1:APM?") == "1"
    bench.act("INP1:ATT 5")
    assert bench.ask("OUTP1:APM?") == "0"


def test_power_control_follows_the_input(bench):
    bench.act("OUTP1:POW -20;:OUTP1:POW:CONT 1;:OUTP1 1")
    assert bench.dB() == pytest.approx(20)
    bench.voa.input_power_W = lambda channel: 1e-2
    assert bench.dB() == pytest.approx(30)
    assert float(bench.ask("READ1:POW?")) == pytest.approx(-20)
    bench.voa.input_power_W = lambda channel: 1e-6
    assert bench.dB() == 0
    bench.act("INP1:ATT 7")
    assert bench.ask("OUTP1:POW:CONT?") == "0"


def test_a_reading_takes_its_averaging_time(bench):
    bench.act("OUTP1:ATIM 0.5;:OUTP1 1")
    before_s = bench.clock.now_s()
    bench.ask("READ1:POW?")
    assert bench.clock.now_s() - before_s == pytest.approx(0.5, abs=0.01)


def test_zeroing_takes_time(bench):
    bench.act("OUTP1:CORR:COLL:ZERO")
    before_s = bench.clock.now_s()
    assert bench.ask("*OPC?") == "1"
    assert bench.clock.now_s() - before_s > 2.9
    assert bench.ask("OUTP1:CORR:COLL:ZERO?") == "+0"
    bench.act("OUTPut:CORRection:COLLect:ZERO:ALL")


def test_n776x_blocks_big_endian(bench):
    bench.act("INP1:ATT 0;:OUTP1 1;*WAI")
    bench.act("SENS1:FUNC:PAR:LOGG 100,0.01;:SENS1:FUNC:STAT LOGG,START")
    assert bench.ask("SENS1:FUNC:STAT?") == "LOGGING,PROGRESS"
    bench.act("INP1:ATT:SPE 10;:INP1:ATT 10")
    assert bench.ask("*OPC?;:SENS1:FUNC:STAT?") == "1;LOGGING,COMPLETE"
    reply = bench.raw("SENS1:FUNC:RES?")
    assert reply.startswith(b"#3400")
    powers_W = np.frombuffer(reply[5:], ">f4")
    assert powers_W[0] == pytest.approx(1e-3, rel=0.02)
    assert powers_W[-1] == pytest.approx(1e-4, rel=0.05)
    assert np.all(np.diff(powers_W) <= 0)


def test_n776x_errors_are_signed(bench):
    assert bench.ask("SYST:ERR?") == '+0,"No error"'


def test_gates_that_open_at_power_on(bench):
    bench.act("OUTP1:STAT:APOW 1;:OUTP1 0")
    bench.voa.power_cycle()
    assert bench.ask("OUTP1?") == "1"
    assert bench.dB() == 45
