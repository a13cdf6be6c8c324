# SPDX-License-Identifier: Apache-2.0
"""The simulated 33512B: QCoDeS' own driver, unchanged, over HiSLIP and raw socket, and its couplings."""

import asyncio
from collections.abc import Iterator

import numpy as np
import pytest
from driven import driven
from qcodes.instrument_drivers.Keysight import Keysight33512B as Driver

from heraldlink_sim.faces.keysight_33512b import Keysight33512B
from heraldlink_sim.scpi import block
from heraldlink_sim.transport import EventLoopThread


@pytest.fixture
def face() -> Keysight33512B:
    return Keysight33512B()


@pytest.fixture(params=["raw", "hislip"])
def driver(request: pytest.FixtureRequest, loop: EventLoopThread, face: Keysight33512B) -> Iterator[Driver]:
    with driven(loop, face, request.param, Driver) as instrument:
        yield instrument


def codes(face: Keysight33512B) -> list[int]:
    return [error.code for error in face.errors.drain()]


def send(face: Keysight33512B, message: str | bytes) -> str:
    return face.execute_now(message if isinstance(message, bytes) else message.encode()).decode()


def number(face: Keysight33512B, query: str) -> float:
    return float(send(face, query))


def test_snapshot_reads_everything_without_an_error(driver: Driver, face: Keysight33512B) -> None:
    driver.snapshot(update=True)
    assert driver.error() == (0, "No error")
    driver.flush_error_queue(verbose=False)
    assert codes(face) == []


def test_every_parameter_comes_back_as_set(driver: Driver, face: Keysight33512B) -> None:
    short = {"SWEEP": "SWE", "FIXED": "FIX"}
    limits = {"burst_ncycles": ("INF", 7), "amplitude": (1.0,), "offset": (0.2,), "pulse_width": (2e-4,)}
    for owner in (driver.ch1, driver.ch2, driver.sync):
        for parameter in owner.parameters.values():
            values = limits.get(parameter.name) or parameter.vals.valid_values
            for value in values:
                parameter.set(value)
                expected = float("inf") if value == "INF" else short.get(value, value)
                assert parameter.get() == pytest.approx(expected), parameter.full_name
            if parameter.name in ("function_type", "burst_state"):
                parameter.set(values[0] if parameter.name == "function_type" else "OFF")
            if parameter.name in ("amplitude_unit", "frequency"):
                parameter.set({"amplitude_unit": "VPP", "frequency": 1e3}[parameter.name])
    driver.force_trigger()
    driver.sync_channel_phases()
    assert codes(face) == []


def test_keysight_33500_clips(face: Keysight33512B) -> None:
    """The quirk of that name."""
    send(face, "FREQ 30E6")
    assert number(face, "FREQ?") == 20e6
    send(face, "VOLT 11")
    assert number(face, "VOLT?") == pytest.approx(10)
    assert codes(face) == [-222, -222]
    assert number(face, "FREQ? MAX") == 20e6
    assert number(face, "VOLT? MIN") == pytest.approx(1e-3)


def test_amplitude_and_offset_share_the_output(face: Keysight33512B) -> None:
    send(face, "VOLT:OFFS 4;:VOLT 1")
    assert codes(face) == []
    send(face, "VOLT 6")
    assert number(face, "VOLT:OFFS?") == pytest.approx(2)
    assert codes(face) == [-221]
    send(face, "VOLT:HIGH 1;:VOLT:LOW -1")
    assert (number(face, "VOLT?"), number(face, "VOLT:OFFS?")) == pytest.approx((2, 0))
    send(face, "VOLT:HIGH -2")
    assert codes(face) == [-221]
    assert number(face, "VOLT:LOW?") == pytest.approx(-2.001)


def test_the_amplitude_waits_while_the_output_is_dc(face: Keysight33512B) -> None:
    send(face, "FUNC DC;:VOLT 10;:VOLT:OFFS 4")
    assert (number(face, "VOLT?"), number(face, "VOLT:OFFS?")) == pytest.approx((10, 4))
    assert codes(face) == []
    send(face, "FUNC SIN")
    assert (number(face, "VOLT?"), number(face, "VOLT:OFFS?")) == pytest.approx((10, 0))
    assert codes(face) == [-221]


def test_units_and_load(face: Keysight33512B) -> None:
    send(face, "VOLT 1;:VOLT:UNIT VRMS")
    assert number(face, "VOLT?") == pytest.approx(1 / (2 * np.sqrt(2)))
    send(face, "VOLT:UNIT DBM")
    assert number(face, "VOLT?") == pytest.approx(3.979, abs=1e-3)
    send(face, "VOLT 0 DBM;:VOLT:UNIT VPP")
    assert number(face, "VOLT?") == pytest.approx(0.6325, abs=1e-4)
    send(face, "OUTP:LOAD INF")
    assert number(face, "VOLT?") == pytest.approx(1.265, abs=1e-3)
    assert send(face, "OUTP:LOAD?") == "9.9E+37"
    send(face, "VOLT:UNIT DBM")
    assert codes(face) == [-221]


def test_a_function_switches_off_what_it_does_not_allow(face: Keysight33512B) -> None:
    send(face, "FREQ 1E6;:FM:STAT ON;:BURS:STAT ON")
    assert send(face, "FM:STAT?;:BURS:STAT?") == "0;1"
    send(face, "FUNC RAMP")
    assert number(face, "FREQ?") == 200e3
    send(face, "FUNC DC")
    assert send(face, "BURS:STAT?") == "0"
    assert codes(face) == [-221, -221]
    send(face, "AM:STAT ON")
    assert codes(face) == [-221]


def test_a_burst_takes_its_time_on_the_clock(face: Keysight33512B) -> None:
    send(face, "TRIG:SOUR BUS;:BURS:NCYC 2000;:BURS:STAT ON;:OUTP ON")
    begin_s = face.clock.now_s()
    assert asyncio.run(face.execute(b"*TRG;*OPC?")) == b"1"
    assert face.clock.now_s() - begin_s == pytest.approx(2.0, abs=0.01)
    send(face, "TRIG:SOUR IMM;*TRG")
    assert codes(face) == [-211]  # nothing waits for the bus


def test_arbitrary_waveforms_come_as_numbers_and_blocks(face: Keysight33512B) -> None:
    codes_16 = np.array([0, 32767, -32767, 0, 1, 2, 3, 4])
    send(face, "DATA:ARB:DAC one," + ",".join(map(str, codes_16)))
    send(face, b"DATA:ARB:DAC two," + block(codes_16.astype(">i2").tobytes()))
    send(face, "FORM:BORD SWAP")
    send(face, b"SOUR2:DATA:ARB:DAC three," + block(codes_16.astype("<i2").tobytes()))
    send(face, b"DATA:ARB four," + block((codes_16 / 32767).astype("<f4").tobytes()))
    for channel, name in ((1, "one"), (1, "two"), (2, "three"), (1, "four")):
        np.testing.assert_allclose(face.points(channel, name), codes_16 / 32767, atol=1e-7)
    send(face, "FUNC:ARB two;:FUNC ARB;:FUNC:ARB:SRAT 1E6")
    assert send(face, "FUNC:ARB?;:FUNC:ARB:POIN?") == '"TWO";8'
    assert number(face, "FUNC:ARB:FREQ?") == pytest.approx(125e3)
    assert codes(face) == []
    send(face, "DATA:ARB:DAC one," + ",".join(["0"] * 8))
    send(face, "DATA:ARB short,0,0")
    send(face, "FUNC:ARB nothing")
    assert codes(face) == [786, -222, -256]


def test_files_and_states(face: Keysight33512B) -> None:
    send(face, "DATA:ARB a," + ",".join(["0.5", "-0.5"] * 8) + ";:FUNC:ARB a")
    send(face, r'MMEM:STOR:DATA1 "INT:\a.arb";:DATA:VOL:CLE;:MMEM:LOAD:DATA1 "INT:\a.arb"')
    assert send(face, "DATA:VOL:CAT?") == r'"INT:\BUILTIN\EXP_RISE.arb","INT:\a.arb"'
    np.testing.assert_allclose(face.points(1, r"INT:\a.arb")[:2], [0.5, -0.5], atol=1e-4)
    assert "a.arb,ARB" in send(face, "MMEM:CAT?")
    send(face, "FREQ 5000;*SAV 2;:FREQ 1;*RCL 2")
    assert number(face, "FREQ?") == 5000
    assert send(face, "MEM:STAT:VAL? 2;:MEM:STAT:VAL? 3") == "1;0"
    assert codes(face) == []


def test_apply(face: Keysight33512B) -> None:
    send(face, "SOUR2:AM:STAT ON;:SOUR2:APPL:SQU 2 KHZ,1.5 VPP,-0.5")
    assert send(face, "OUTP2?;:SOUR2:AM:STAT?;:SOUR2:FUNC?") == "1;0;SQU"
    assert send(face, "SOUR2:APPL?").startswith('"SQU +2.000000000000000E+03,+1.5')
    assert codes(face) == []
