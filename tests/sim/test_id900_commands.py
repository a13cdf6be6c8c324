# SPDX-License-Identifier: Apache-2.0
"""The ID900's command language: spellings, units, defaults, links, states, and the firmware of 2019."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heraldlink_sim.errors import SimulationError
from heraldlink_sim.faces.id900_older import OLDER_FIRMWARE
from heraldlink_sim.faces.id_quantique_id900 import IDQuantiqueID900

LONG = {
    "INPU1": "INPUT1", "STAR": "START", "DELA3": "DELAY3", "TSCO5": "TSCOMBINER5", "GEN2": "GENERATOR2",
    "REC": "RECORD", "HIST4": "HISTOGRAM4", "RAW1": "RAW1", "OUTP2": "OUTPUT2", "DEVI": "DEVICE",
}  # fmt: skip
ROWS = {
    "INPU1": [("ENAB", "ENABLE"), ("COUN:INTE", "COUNTER:INTEGRATIONTIME"), ("RESY", "RESYNCPOLICY")],
    "STAR": [("THRE", "THRESHOLD"), ("SELE", "SELECT")],
    "DELA3": [("VALU", "VALUE"), ("LINK", "LINK")],
    "TSCO5": [("FIR:LINK", "FIRST:LINK"), ("WIND:BEGI:DELA", "WINDOW:BEGIN:DELAY"), ("OPOU", "OPOUTSIDE")],
    "GEN2": [("PPER", "PPERIOD"), ("TRIG:ARM:MODE", "TRIGGER:ARM:MODE"), ("PNUM", "PNUMBER")],
    "REC": [("NUM", "NUMBER"), ("DUR", "DURATION"), ("STAG", "STAGE")],
    "HIST4": [("BCOU", "BCOUNT"), ("REF:FILT", "REFERENCE:FILTER"), ("MIN", "MINIMUM")],
    "RAW1": [("SEND", "SEND"), ("ERRO", "ERRORS")],
    "OUTP2": [("PULS:WIDT", "PULSE:WIDTH"), ("MODE", "MODE")],
    "DEVI": [("RES:BWID", "RESOLUTION:BWIDTH"), ("SYNC", "SYNCHRO")],
}
known = st.sampled_from([(block, *row) for block, rows in ROWS.items() for row in rows])


def spelt(draw_lengths, cases, short, long):
    """Any spelling between the short and the long form, in any case."""
    digits = len(long) - len(long.rstrip("0123456789"))
    stem, number = (long[:-digits], long[-digits:]) if digits else (long, "")
    least = len(short.rstrip("0123456789"))
    word = stem[: least + draw_lengths % (len(stem) - least + 1)] + number
    return "".join(c.upper() if cases >> n & 1 else c.lower() for n, c in enumerate(word))


@given(known, st.lists(st.integers(0, 20), min_size=5, max_size=5), st.integers(0, 2**16), st.booleans())
def test_every_spelling_between_short_and_long_form_is_the_same_command(row, lengths, cases, colon):
    block, short, long = row
    device = IDQuantiqueID900()
    nodes = zip((block, *short.split(":")), (LONG[block], *long.split(":")), strict=True)
    header = ":".join(spelt(lengths[n], cases, *node) for n, node in enumerate(nodes))
    assert device.execute(f"{':' * colon}{header}?") == device.execute(f"{block}:{short}?") != ""


@given(st.text(max_size=40))
def test_any_text_is_answered_and_the_next_question_too(text):
    device = IDQuantiqueID900()
    device.execute(text)
    assert device.execute(":STAR:COUN?") == "0"


@pytest.mark.parametrize(
    ("message", "query", "reply"),
    [
        ("REC:DUR 3000 GTB", "REC:PWID?", "3000000000000TB"),
        ("REC:DURation 1500000000000.0", "REC:DUR?", "1500000000000TB"),
        ("INPU1:THRE 1000mV", "INPU1:THRE?", "1.0000V"),
        ("INPU1:THRE 1", "INPU1:THRE?", "1.0000V"),
        ("DELA1:VALU 2.5ns", "DELA1:VALU?", "2500TB"),
        ("REC:NUM INF", "REC:PNUM?", "INF"),
        ("HIST1:STOP:FILT ALL", "HIST1:STOP:FILT?", "ALL"),
        ("REC1:DUR 5", "REC:DUR?", "5TB"),
        ("INPU:ENAB ON", "INPU1:ENAB?", "ON"),
        ("HIST2:ENAB:LINK GEN3", "HIST2:ENAB:LINK?", "GEN3"),
        ("HIST2:ENAB:LINK", "HIST2:ENAB:LINK?", "REC"),
        ("GENE3:PNUM 7", "GEN3:PNUM?", "7"),
        ("DEVI:RES LOWRES", "DEVI:RES:BWID?", "100"),
        ("TSCO9:FIR:LINK TSCO8", "TSCO9:FIR:LINK:ADDR?", "NONE,DELA1,DELA2,DELA3,DELA4,DELA5,DELA6,DELA7,"
         "DELA8,GEN1,GEN2,GEN3,GEN4,GEN5,GEN6,GEN7,GEN8,REC,TSCO1,TSCO2,TSCO3,TSCO4,TSCO5,TSCO6,TSCO7,TSCO8"),
    ],
)  # fmt: skip
def test_values_and_units(message, query, reply):
    device = IDQuantiqueID900()
    assert device.execute(message) == ""
    assert device.execute(query) == reply


@pytest.mark.parametrize(
    ("block", "row", "allowed", "refused"),
    [
        ("TSCO1", "FIR:LINK", ("INPU1", "DELA8", "GEN1", "REC"), ("TSCO2", "TSCO17")),
        ("TSCO16", "SEC:LINK", ("DELA1", "TSCO8"), ("INPU1", "TSCO9", "TSCO17")),
        ("TSCO17", "WIND:BEGI:LINK", ("TSCO1", "TSCO16"), ("INPU1", "DELA1", "GEN1", "TSCO18")),
        ("DELA1", "LINK", ("STAR", "INPU4"), ("DELA2", "TSCO1", "REC")),
        ("REC", "TRIG:LINK", ("STAR", "DELA5"), ("TSCO1", "GEN1")),
        ("HIST1", "STOP:LINK", ("STAR", "DELA1", "TSCO24"), ("REC", "GEN1")),
        ("RAW4", "ENAB:LINK", ("REC", "GEN8"), ("INPU1", "TSCO1")),
        ("OUTP1", "LINK", ("TSCO9", "INPU1"), ("GEN1",)),
    ],
)
def test_links_lead_down_the_levels(block, row, allowed, refused):
    device = IDQuantiqueID900()
    for source in (*allowed, "NONE"):
        assert device.execute(f"{block}:{row} {source}") == ""
        assert device.execute(f"{block}:{row}?") == source
    for source in refused:
        assert device.execute(f"{block}:{row} {source}").startswith("No connection")
        assert device.execute(f"{block}:{row}?") == "NONE"


def test_states_restore_their_blocks():
    device, other = IDQuantiqueID900(), IDQuantiqueID900()
    device.execute("DEVI:CONF:LOAD COUNT;:DEVI:LEDS OFF;:INPU2:ENAB ON;COUN:MODE ACCU;:REC:NUM INF")
    device.execute("HIST3:BCOU 17;STOP:FILT FALL;:OUTP4:PULS OFF;PULS:WIDT 20000;:GEN7:TRIG:LINK DELA3")
    whole = device.execute("STATe?")
    assert whole != other.execute("STAT?")
    assert whole.count("\n") == 5 + 8 + 8 + 24 + 1 + 4 + 4 + 4 + 1 - 1
    for line in whole.splitlines():
        assert other.execute(line) == ""
    assert other.execute("STAT?") == whole
    assert device.execute("HIST3:STATE?") in whole.splitlines()


def test_presets_begin_from_power_on():
    device = IDQuantiqueID900()
    power_on = device.execute("STAT?")
    device.execute("INPU1:ENAB ON;:TSCO5:OPOU AND;:DEVI:CONF:LOAD INIT")
    assert device.execute("STAT?") == power_on
    device.execute("INPU1:ENAB ON;:DELA2:VALU 70;:DELA6:VALU 80;:DEVI:LEDS OFF;:DEVI:CONF:LOAD BLANK")
    kept = "INPU1:ENAB?;:DELA2:VALU?;:DELA6:VALU?;:DEVI:LEDS?"
    assert device.execute(kept) == "ON\n70TB\n0TB\nOFF"
    assert "LINK INPU" not in device.execute("STAT?")
    device.execute("*RST")
    assert device.execute("STAT?") == power_on


def test_an_unlocked_reference_fails_recalibration():
    device = IDQuantiqueID900()
    device.execute("DEVI:SYNC EXT")
    assert device.state().reference_external
    device.set_locked(False)
    device.execute("INPU1:ENAB ON")
    assert device.execute("INPU1:HIRES:ERROR?") == "1"
    assert "failed" in device.execute("DEVI:SAMP:RECA")
    assert not device.state().reference_external
    device.set_locked(True)
    assert device.execute("INPU1:HIRES:ERROR?") == "1"
    assert device.execute("DEVI:SAMP:RECA;:INPU1:HIRES:ERROR?") == "0"


def test_switching_off_and_on_brings_the_power_up_configuration_back():
    device = IDQuantiqueID900(startup=("INPU2:THRE 0.1V", "REC:NUM 7"))
    before = device.execute("STAT?")
    assert device.execute("INPU2:THRE?;:REC:NUM?") == "0.1000V\n7"
    device.execute("INPU2:THRE 1V;ENAB ON;:DELA1:VALU 5")
    device.power_cycle()
    assert device.execute("STAT?") == before


def test_ignored_settings_leave_the_queries_of_a_message():
    device = IDQuantiqueID900()
    assert device.swallow(b"INPU1:ENAB?;:*IDN?") is None
    assert device.swallow(b"INPU1:ENAB ON;THRE 1V") == b""
    assert device.swallow(b"INPU1:ENAB ON;ENAB?;:REC:PLAY;:INPU4:COUN?") == b"OFF\n0"
    assert device.execute("INPU1:ENAB?;:REC:STAG?") == "OFF\nSTOPPED"


def test_identity_and_resolution_can_be_set():
    device = IDQuantiqueID900("SIM-7", identity="IDQ ID1000 {serial}", hires_ps=13, idle="IDLE")
    assert device.execute("*IDN?;:DEVI:RES:BWID?;:REC:STAG?") == "IDQ ID1000 SIM-7\n13\nIDLE"


def test_a_short_request_cannot_ask_for_an_endless_reply():
    device = IDQuantiqueID900()
    reply = device.respond(b"HIST1:DATA?;:" * 5_000)
    assert len(reply) < 5_000_000
    assert reply.endswith(b"SCPI_ERR_REPLY_TOO_LONG")
    assert sum(len(data) for _, data in device.wire_log) < 10_000


def test_a_quirk_that_is_not_there_is_the_benchs_mistake():
    with pytest.raises(SimulationError, match="id900-flies"):
        IDQuantiqueID900(quirks=("id900-flies",))


@pytest.fixture
def older():
    return IDQuantiqueID900(quirks=(OLDER_FIRMWARE.id,))


def test_id900_older_firmware_in_the_words_of_its_clients(older):
    """Messages and the places where replies are cut as in MSLNZ/pr-single-photons, time_controller.py."""
    ask = older.execute
    configured = ask(
        "INPUT1:ENABLE ON;COUPLING DC;EDGE FALLING;THRESHOLD 0.25V;SELECT UNSHAPED;RESYNCPOLICY AUTO;"
        ":INPUT1:COUNTER:INTEGRATIONTIME 250;MODE ACCUM;:DELAY1:INPORT:LINK INPU1;:DELAY1:VALUE 1500"
    )
    assert not configured.endswith(("SCPI_ERR_PARAM_TYPE", "SCPI_ERR_INVALID_CMD"))
    enab, coup, edge, thre, sel, resy, time, mode, delay = (
        ask("INPUT1:STATE?;:DELAY1:VALUE?").upper().split(";")
    )
    assert enab.endswith("ON")
    assert (coup[5:], edge[5:], sel[5:], resy[5:]) == ("DC", "FALLING", "UNSHAPED", "AUTO")
    assert (float(thre[5:].rstrip("V")), float(time[30:].rstrip("TB")), mode[5:]) == (0.25, 250, "ACCUMULATE")
    assert float(delay.rstrip("TB")) == 1500
    value, address = ask("DELAY1:STATE?").rstrip(";").split(";")
    assert (float(value[12:].rstrip("TB")), address[10:]) == (1500, "INPU1")
    sync, res = ask("DEVICE:SYNC EXTERNAL;RESOLUTION LOWRES;:DEVICE:STATE?").upper().split(";")
    assert (sync[12:], res[4:]) == ("EXTERNAL", "LOWRES")
    enab, _, _, _, _, delay, time, mode = ask("START:STATE?").upper().split(";")
    assert (delay[5:], float(time[30:]), mode[5:]) == ("0TB", 1000, "CYCLE")


def test_id900_older_firmware_acquires_a_histogram(older):
    ask = older.execute
    reply = ask(
        ":HIST1:INPORT:STOP:LINK TSCO5;:HIST1:INPORT:REF:LINK STAR;:HIST1:INPORT:ENAB:LINK TSGE8;"
        ":HIST1:MINIMUM 0;:HIST1:BWIDTH 100;:HIST1:BCOUNT 40;:RAW1:INPORT:STOP:LINK TSCO5;"
        ":RAW1:INPORT:REF:LINK STAR"
    )
    assert "No connection" not in reply
    assert "SCPI_ERR" not in reply
    stop, ref, enab, low, width, count = ask(":HIST1:STATE?").rstrip(";").split(";")
    assert (stop[23:], ref[23:], enab[24:]) == ("TSCO5", "STAR", "TSGE8")
    assert (low[11:], width[5:], int(count[7:])) == ("0TB", "100TB", 40)
    assert ask("START:ENABLE ON").endswith("ON")
    assert ask("INPUT1:ENABLE ON").endswith("ON")
    assert ask("TSGE8:ONES:PWID 1000000000000") == ""
    assert ask(":TSGE8:ENABLE OFF").endswith("OFF")
    assert ask(":HIST1:FLUSH") == ask("TSST1:DATA:HISTO:FLUSh") == "Flushed Histogram!"
    assert ask("START:COUNTER:RESET") == "Counter value set to 0 "
    assert ask("INPUT1:HIRES:ERROR:CLEAR") == "Cleared Highres errors"
    assert ask(":TSGE8:ENABLE ON").endswith("ON")
    older.deliver({"START": np.array([0]), "IN1": np.array([250])}, 0)
    assert ask(":TSGE8:ENABLE OFF").endswith("OFF")
    data = ask("TSST1:DATA:HISTO?")
    assert data == ask(":HIST1:DATA?")
    assert np.flatnonzero(np.array(json.loads(data))).tolist() == [2]


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ("TSGE1:MODE SPUL;:TSGE1:ENAB ON;TRIG:MODE INTERNAL;DELAY 0;INTER:PER 24000;:TSGE1:SPUL:PWID 6000",
         {"GEN1:PPER?": "24000TB", "GEN1:PWID?": "6000TB", "GEN1:ENAB?": "ON"}),
        ("OUTP1:DELA 0;ENAB ON;INPO:LINK TSCO9;:OUTP1:MODE NIM", {"OUTP1:LINK?": "TSCO9"}),
        ("TSCO5:INPO:BEGIN:LINK INPU1;:TSCO5:INPO:END:LINK INPU1;:TSCO5:INPO:FIR:LINK INPU2",
         {"TSCO5:WIND:BEGI:LINK?": "INPU1", "TSCO5:WIND:END:LINK?": "INPU1", "TSCO5:FIR:LINK?": "INPU2"}),
        ("TSST2:DATA:RAW:SEND ON", {"RAW2:SEND?": "ON"}),
        ("INPU1:COUN:INTE 1000;MODE CYCL;:INPU1:COUP DC;EDGE RISI;ENAB ON;MODE LOWRES",
         {"DEVI:RES?": "LOWRES", "INPU1:COUN:MODE?": "CYCLE"}),
    ],
)  # fmt: skip
def test_id900_older_firmware_spellings(older, then, now):
    assert "SCPI_ERR" not in older.execute(then)
    assert {query: older.execute(query) for query in now} == now


def test_id900_headers_from_root():
    message = "HIST1:MIN 100; HIST1:BWID 200; HIST1:BCOU 5;BWID?;:REC1:DUR 7;NUM 3"
    assert IDQuantiqueID900().execute(message).count("SCPI_ERR_INVALID_CMD") == 3
    device = IDQuantiqueID900(quirks=("id900-headers-from-root",))
    assert device.execute(message) == "200TB"
    assert device.execute("HIST1:MIN?;BCOU?;:REC:DUR?;NUM?") == "100TB\n5\n7TB\n3"
    assert device.execute("HIST1:MIN 5; NOPE 3") == "SCPI_ERR_INVALID_CMD"


def test_todays_firmware_does_not_know_them():
    assert IDQuantiqueID900().execute("TSGE8:ENAB ON") == "SCPI_ERR_INVALID_CMD"
    assert IDQuantiqueID900().execute("DELA1:INPO:LINK INPU1") == "SCPI_ERR_INVALID_CMD"
