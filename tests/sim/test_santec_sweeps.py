# SPDX-License-Identifier: Apache-2.0
"""Sweeps and logs of the Santec TSL-570, message by message, on a clock that the test moves."""

import asyncio

import numpy as np
import pytest

from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.faces.santec_tsl570 import SantecTSL570

LIGHT = 299_792_458.0
SPAN = ":WAV:SWE:SPE 10;:WAV:SWE:STAR 1540nm;:WAV:SWE:STOP 1550nm;:TRIG:OUTP:STEP 100pm"


class Bench:
    def __init__(self, **options) -> None:
        self.clock = SteppedClock()
        self.laser = SantecTSL570("SIM-1", self.clock, **options)

    def ask(self, message: str) -> str:
        return self.laser.execute_now(message.encode()).decode("latin-1")

    def act(self, message: str) -> None:
        assert self.laser.execute_now(message.encode()) == b""
        assert self.ask(":SYST:ERR?") == '0,"No error"'

    def phase(self) -> str:
        return self.ask(":WAV:SWE?")

    def pass_s(self, duration_s: float) -> None:
        self.clock.spend(duration_s)

    def wavelength_nm(self) -> float:
        return LIGHT / self.laser.state().frequency_Hz * 1e9

    def log_nm(self) -> np.ndarray:
        return np.frombuffer(payload(self.laser.execute_now(b":READ:DAT?")), "<f8") * 1e9


def payload(reply: bytes) -> bytes:
    digits = int(reply[1:2])
    assert int(reply[2 : 2 + digits]) == len(reply) - 2 - digits
    return reply[2 + digits :]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_tuning_takes_time_and_the_light_moves_along(bench):
    bench.act(":WAV 1600nm")
    bench.pass_s(0.02)
    assert 1550 < bench.wavelength_nm() < 1560
    bench.pass_s(0.06)
    assert 1560 < bench.wavelength_nm() < 1590
    bench.pass_s(0.2)
    assert bench.wavelength_nm() == pytest.approx(1600)


async def opc_after(bench: Bench, message: str) -> float:
    bench.act(message)
    before_s = bench.clock.now_s()
    assert await bench.laser.execute(b"*OPC?") == b"1"
    return bench.clock.now_s() - before_s


def test_opc_waits_for_tuning_and_for_a_sweep(bench):
    assert 0.1 < asyncio.run(opc_after(bench, ":WAV 1600nm")) < 0.2
    bench.act(SPAN)
    assert 1.0 < asyncio.run(opc_after(bench, ":WAV:SWE 1")) < 1.5
    assert bench.phase() == "+0"
    assert len(bench.log_nm()) == 101


def test_a_continuous_scan_prepares_runs_and_stops(bench):
    bench.act(SPAN)
    assert bench.ask(":READ:POIN?") == "+0"
    assert bench.laser.execute_now(b":READ:DAT?") == b"#10"
    bench.act(":WAV:SWE 1")
    assert bench.phase() == "+4"
    bench.pass_s(0.13)
    assert bench.phase() == "+1"
    bench.pass_s(0.5)
    assert 1544 < bench.wavelength_nm() < 1546
    assert 40 < int(bench.ask(":READ:POIN?")) < 60
    assert bench.ask(":WAV:SWE:COUN?") == "+0"
    bench.pass_s(0.6)
    assert bench.phase() == "+0"
    assert bench.ask(":WAV:SWE:COUN?") == "+1"
    assert bench.wavelength_nm() == pytest.approx(1550)
    np.testing.assert_allclose(bench.log_nm(), np.linspace(1540, 1550, 101))


def test_steps_dwell(bench):
    bench.act(SPAN)
    bench.act(":WAV:SWE:MOD 0;:WAV:SWE:STEP 1nm;:WAV:SWE:DWEL 2;:WAV:SWE 1")
    bench.pass_s(3.2)
    assert bench.wavelength_nm() == pytest.approx(1541)
    bench.pass_s(11 * 2.02)
    assert bench.phase() == "+0"
    np.testing.assert_allclose(bench.log_nm(), np.arange(1540, 1551))


def test_repeats_count_and_delay(bench):
    bench.act(SPAN)
    bench.act(":WAV:SWE:CYCL 3;:WAV:SWE:DEL 5;:WAV:SWE:REP")
    bench.pass_s(1.3)
    assert bench.phase() == "+4"
    assert bench.ask(":WAV:SWE:COUN?") == "+1"
    bench.pass_s(6.2)
    assert bench.ask(":WAV:SWE:COUN?") == "+2"
    bench.pass_s(6.2)
    assert bench.ask(":WAV:SWE:COUN?") == "+3"
    assert bench.phase() == "+0"


def test_no_number_of_cycles_repeats_until_it_is_stopped(bench):
    bench.act(SPAN + ";:WAV:SWE:CYCL 0;:WAV:SWE:REP")
    bench.pass_s(86_400)
    assert int(bench.ask(":WAV:SWE:COUN?")) > 70_000
    bench.act(":WAV:SWE 0")
    assert bench.phase() == "+0"
    assert 1540 <= bench.wavelength_nm() <= 1550
    assert int(bench.ask(":READ:POIN?")) > 0


def test_standby_waits_for_a_trigger(bench):
    bench.act(SPAN + ";:TRIG:INP:STAN 1;:WAV:SWE 1")
    assert bench.phase() == "+4"
    bench.pass_s(10)
    assert bench.phase() == "+3"
    assert bench.wavelength_nm() == pytest.approx(1540)
    assert bench.ask("*OPC?") == "1", "nobody knows when the trigger comes"
    bench.act(":TRIG:INP:SOFT")
    assert bench.phase() == "+1"
    bench.pass_s(1.1)
    assert bench.phase() == "+0"


def test_santec_early_start_shortens_sweep(bench):
    bench.act(SPAN + ";:TRIG:INP:STAN 1;:WAV:SWE 1")
    bench.pass_s(0.05)
    bench.act(":TRIG:INP:SOFT")
    bench.pass_s(2)
    log_nm = bench.log_nm()
    assert 1540.5 < log_nm[0] < 1550
    assert len(log_nm) < 101


def test_santec_two_way_overwrites_log(bench):
    bench.act(SPAN + ";:WAV:SWE:MOD 3;:WAV:SWE 1")
    bench.pass_s(1.11)
    assert bench.log_nm()[0] == pytest.approx(1540)
    bench.pass_s(0.5)
    assert bench.log_nm()[0] == pytest.approx(1550)
    bench.pass_s(1)
    np.testing.assert_allclose(bench.log_nm(), np.linspace(1550, 1540, 101))
    assert bench.wavelength_nm() == pytest.approx(1540)


def test_the_range_shrinks_with_speed_which_therefore_comes_first(bench):
    bench.act(":WAV:SWE:SPE 200")
    assert bench.ask(":WAV:SWE:RANG:MIN?") == "+1.48200000E-006"
    assert bench.ask(":WAV:SWE:RANG:MAX?") == "+1.63800000E-006"
    bench.laser.execute_now(b":WAV:SWE:STAR 1481nm")
    assert bench.ask(":SYST:ERR?").startswith("-222,")
    bench.act(":WAV:SWE:SPE 1;:WAV:SWE:STAR 1481nm;:WAV:SWE:SPE 200")
    assert bench.ask(":WAV:SWE:STAR?") == "+1.48200000E-006"


@pytest.mark.parametrize("setting", [":WAV 1560nm", ":FREQ 193THZ", ":WAV:SWE:STOP 1500nm", ":WAV:SWE:SPE 5"])
def test_santec_wrong_state_is_silent(bench, setting):
    bench.act(SPAN + ";:WAV:SWE 1")
    bench.pass_s(0.5)
    header = setting.split()[0]
    before = bench.ask(header + "?")
    bench.act(setting)
    assert bench.ask(header + "?") == before
    assert bench.phase() == "+1"


def test_logs_in_the_legacy_set(bench):
    bench.act(SPAN + ";:POW 3;:POW:STAT 1;:WAV:SWE 1")
    bench.pass_s(2)
    bench.act(":SYST:COMM:COD 0")
    assert bench.ask(":READ:POIN?") == "101"
    log = np.frombuffer(payload(bench.laser.execute_now(b":READ:DAT?")), "<i4")
    np.testing.assert_array_equal(log[:3], [15_400_000, 15_401_000, 15_402_000])
    powers = np.frombuffer(payload(bench.laser.execute_now(b":READ:DAT:POW?")), "<f4")
    np.testing.assert_allclose(powers, np.full(101, 3.0))


def test_santec_power_log_in_milli_dbm():
    bench = Bench(has=frozenset({"santec-power-log-in-milli-dbm"}))
    bench.act(SPAN + ";:POW 3;:POW:STAT 1;:WAV:SWE 1")
    bench.pass_s(2)
    powers = np.frombuffer(payload(bench.laser.execute_now(b":READ:DAT:POW?")), "<i4")
    np.testing.assert_array_equal(powers, np.full(101, 3000))


def test_frequencies_of_a_sweep(bench):
    bench.act(":FREQ:SWE:STAR 185THZ;:FREQ:SWE:STOP 195E12;:FREQ:SWE:STEP 1GHZ")
    assert bench.ask(":WAV:FREQ:SWE:STAR?") == "+1.85000000E+014"
    assert bench.ask(":FREQ:SWE:STOP?") == "+1.95000000E+014"
    assert float(bench.ask(":FREQ:SWE:STEP?")) == pytest.approx(1e9)
    bench.act(":SYST:COMM:COD 0")
    assert bench.ask(":FREQ:SWE:STAR?") == "185.00000"
