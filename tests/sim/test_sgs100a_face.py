# SPDX-License-Identifier: Apache-2.0
"""The R&S SGS100A beyond what QCoDeS' driver asks of it."""

import asyncio

import pytest

from heraldlink_sim.faces.rohde_schwarz_sgs100a import RohdeSchwarzSGS100A


@pytest.fixture
def face() -> RohdeSchwarzSGS100A:
    return RohdeSchwarzSGS100A("SIM-9")


def ask(face: RohdeSchwarzSGS100A, message: str) -> str:
    return asyncio.run(face.execute(message.encode())).decode()


def test_settling_holds_up_operation_complete(face):
    ask(face, "FREQ 5GHZ")
    assert face.busy
    begun_s = face.clock.now_s()
    assert ask(face, "*OPC?") == "1"
    assert not face.busy
    ask(face, "ROSC:SOUR EXT")
    assert ask(face, "*OPC?") == "1"
    assert face.clock.now_s() - begun_s > 0.2


@pytest.mark.parametrize("query", ["CAL:ALL?", ":CAL:ALL:MEAS?", "CAL:FREQ?", "CAL:LEV?", "CAL:IQM:FULL?"])
def test_adjustments_are_slow(face, query):
    begun_s = face.clock.now_s()
    assert ask(face, query) == "0"
    assert face.clock.now_s() - begun_s >= 60
    assert ask(face, "STAT:OPER:COND?") == "0"


def test_a_lost_reference_is_told_and_mends(face):
    ask(face, "ROSC:SOUR EXT")
    assert face.state().reference_external
    face.set_locked(False)
    assert not face.state().reference_external
    assert ask(face, "SYST:SERR?") == '50,"Extern reference out of range or disconnected"'
    assert ask(face, "SYST:ERR?").startswith("50,")
    assert ask(face, "STAT:QUES:COND?") == "32"
    face.set_locked(True)
    assert ask(face, "SYST:SERR?") == '0,"No error"'
    assert face.state().reference_external
    face.set_locked(False)
    ask(face, "ROSC:SOUR INT")
    assert ask(face, "STAT:QUES:COND?") == "0"


@pytest.mark.parametrize(
    ("options", "highest"),
    [
        (("SGS-B106",), 6e9),
        (("SGS-B106V", "SGS-B112V"), 12.75e9),
        (("SGS-B112", "SGU-B120"), 20e9),
    ],
)
def test_options_set_the_band(options, highest):
    face = RohdeSchwarzSGS100A("SIM-9", options=options)
    assert ask(face, "*OPT?") == ",".join(options)
    ask(face, f"FREQ {highest}")
    ask(face, f"FREQ {highest + 1e6}")
    assert ask(face, "FREQ?") == f"{highest:.0f}"
    assert ask(face, "SYST:ERR:ALL?").startswith("-222,")


def test_what_is_not_installed_is_missing():
    face = RohdeSchwarzSGS100A("SIM-9", options=("SGS-B106",))
    ask(face, "PULM:STAT ON;:IQ:STAT ON;:PULM:WIDT 1E-6;:IQ:STAT OFF")
    assert ask(face, "SYST:ERR:ALL?").count("-241") == 2
    assert ask(face, "PULM:STAT?;:IQ:STAT?;:PULM:WIDT?") == "0;0;1e-06"


def test_level_limit_offset_and_peak(face):
    ask(face, "POW:LIM 0;:POW 5")
    assert ask(face, "SYST:ERR?").startswith("-222,")
    ask(face, "POW:OFFS 10;:POW -20;:IQ:CRES 6;STAT ON")
    assert face.state().power_dBm == -30
    assert ask(face, "POW?;POW:PEP?;:POW:RANG:UPP?;LOW?") == "-20;-14;0;-120"
    ask(face, "FFAS 3GHZ;PFAS -10;PHAS 90;PHAS:REF")
    assert ask(face, "FREQ?;POW?;PHAS?") == "3000000000;-10;0"


def test_one_controller_at_a_time(face):
    assert ask(face, "LOCK? 4711") == "1"
    assert ask(face, "LOCK? 4712") == "0"
    ask(face, "UNLOCK 4712")
    assert ask(face, "SYST:ERR?").startswith("-203,")
    ask(face, "UNL 4711")
    assert ask(face, "LOCK? 4712") == "1"


def test_it_tells_what_it_is_made_of(face):
    assert ask(face, ":SYST:HARD:ASS2:SNUM?") == '"SIM-9-2"'
    names = ask(face, ":SYST:SOFT:OPT1:NAME?").replace('"', "").split(",")
    assert ",".join(names) == ask(face, "*OPT?")
    assert len(ask(face, ":SYST:SOFT:OPT1:LIC?").split(",")) == len(names)
    assert ask(face, "SYST:COMM:NETW:HOST?") == '"rssgs100a"'


def test_sgs100a_answers_as_written(face):
    assert "sgs100a-answers-as-written" in {quirk.id for quirk in face.quirks}
    assert ask(face, "SOUR:OPM BBBY;OPM?") == "BBBYpass"
    assert ask(face, "SOUR:OPM norm;OPM?") == "NORMal"
    assert ask(face, "ROSC:EXT:FREQ 100MHZ;FREQ?;:ROSC:OUTP:FREQ?") == "100MHz;10MHz"
