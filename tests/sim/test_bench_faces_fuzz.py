# SPDX-License-Identifier: Apache-2.0
"""Delay generator, thermometer, switch and microwave source take any line, and answer the next question."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heraldlink_sim.faces.lakeshore_372 import LakeShore372
from heraldlink_sim.faces.polatis_ost import PolatisOST
from heraldlink_sim.faces.rohde_schwarz_sgs100a import RohdeSchwarzSGS100A
from heraldlink_sim.faces.srs_dg645 import StanfordDG645

HEADERS = {
    StanfordDG645: """
        *TRG *SAV *RCL *PSC *ESE *SRE *STB *CAL *TST INSE INSR LERR TSRC TRAT TLVL HOLD ADVT PRES
        PHAS INHB BURM BURC BURD BURP BURT DLAY LINK LAMP LOFF LPOL SSDL SPDL SSTR SPTR SSLA SPLA
        SSPS SPPS SSPH SPPH DISP SHDP IFCF EPHY EMAC IFRS LOCK UNLK XTRM TIMB REMT LCAL
    """,
    LakeShore372: """
        *RST *CLS *ESE *SRE *STB *OPC KRDG SRDG RDGR QRDG RDGPWR RDGST HTR AOUT HTRST SETP RAMPST
        SCAN MDAT CRVHDR CRVPT CRVDEL INCRV ALARMST RELAYST NETID ALMRST MNMXRST DFLT INSET INTYPE
        INNAME FILTER TLIMIT FREQ ALARM OUTMODE PID RANGE HTRSET RAMP MOUT STILL WARMUP ZONE ANALOG
        RELAY IEEE DISPLAY NET WEBLOG
    """,
    PolatisOST: """
        *RST *OPC OXC:SWIT:SIZE OXC:SWIT:CONN:ADD OXC:SWIT:CONN:ONLY OXC:SWIT:CONN:SUB
        OXC:SWIT:DISC:ALL OXC:SWIT:CONN:PORT OXC:SWIT:CONN:STAT OXC:SWIT:PORT:DIS OXC:SWIT:PORT:ENAB
        OXC:SWIT:PORT:STAT SYST:COMM:NETW:ADDR SYST:COMM:NETW2:ADDR SYST:ERR:ALL
    """,
    RohdeSchwarzSGS100A: """
        *RST *OPT FREQ POW PHAS POW:LIM POW:OFFS OUTP IQ:STAT PULM:STAT PULM:WIDT ROSC:SOUR
        ROSC:EXT:FREQ OPM CAL:ALL LOCK UNL FFAS PFAS SYST:SERR SYST:HARD:ASS2:NAME
        SYST:SOFT:OPT1:NAME SYST:PRES
    """,
}
ARGUMENTS = """
    0 1 -1 2 3 6 7 9 10 16 17 A 0.5 1.5 1e-6 5e9 1e999 -1E308 NAN INF MIN MAX ON OFF EXT INT
        100MHZ 5GHZ (@1) (@1,2) (@25,26) (@1:99999) (@) (@x "text" "te'xt 'text #15hello #0 #H1F
        10.0.0.1 99999999999999999999
    """

argument = st.one_of(st.sampled_from(ARGUMENTS.split()), st.text(max_size=3), st.just(""))
tail = st.lists(argument, max_size=9).map(",".join)


def lines(face: type) -> st.SearchStrategy[str]:
    header = st.sampled_from(HEADERS[face].split())
    command = st.builds("{}{} {}".format, header, st.sampled_from(["", "?"]), tail)
    glue = st.sampled_from([";", ";:", "; ", " "])
    return st.builds(lambda parts, g: g.join(parts), st.lists(command, min_size=1, max_size=6), glue)


@pytest.mark.parametrize("face", list(HEADERS), ids=lambda face: face.__name__)
@given(data=st.data())
def test_any_line_is_carried_out_or_refused(face, data):
    device = face()
    for line in data.draw(st.lists(lines(face), min_size=1, max_size=4)):
        asyncio.run(device.execute(line.encode("utf-8", "replace")))
        device.clock.spend(data.draw(st.sampled_from([0.0, 0.1, 40.0])))
    assert asyncio.run(device.execute(b"*IDN?")).count(b",") == 3
    if hasattr(device, "state"):
        device.state()
