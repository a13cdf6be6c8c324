# SPDX-License-Identifier: Apache-2.0
"""Whatever arrives on a wire, a face answers or reports it, and still answers the next question."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heraldlink_sim.errors import TransportError
from heraldlink_sim.faces.eos_messages import JsonSession
from heraldlink_sim.faces.id900_datalink import DataLinkService
from heraldlink_sim.faces.id_quantique_id900 import IDQuantiqueID900
from heraldlink_sim.faces.keysight_n7764a import KeysightN7764A
from heraldlink_sim.faces.santec_tsl570 import SantecTSL570
from heraldlink_sim.faces.single_quantum_eos import SingleQuantumEOS
from heraldlink_sim.faces.srs_dg645 import StanfordDG645

HUGE = "9" * 5000

headers = st.sampled_from(
    """ *IDN *RST *TRG INPU1:ENAB INPU1:THRE INPU9999:ENAB DELA1:VALU DELA2:LINK TSCO5:FIR:LINK TSCO5:OPIN
    TSCO5:WIND:BEGI:LINK TSCO5:WIND:BEGI:DELA RAW1:STOP:LINK OUTP1:PULS:WIDT REC:NUM REC:DUR REC:PLAY REC:STAG
    STAR:COUN STAR:COUN:RESE DEVI:CONF:LOAD WAV FREQ POW POW:SHUT POW:ATT POW:ACT WAV:MIN INP1:ATT INP1:WAV
    OUTP1 OUTP1:POW READ2:POW SENS1:POW:UNIT SYST:ERR DLAY LINK LAMP TSRC TLVL INSR LERR
    list start-stream status stop""".split()  # noqa: SIM905
)
arguments = st.sampled_from(
    """ 0 1 -1 3 7 1.5 1e999 1E-6 NAN INF MIN MAX ON OFF NONE INPU1 STAR TSCO5 DELA2 0.5V 100NS 1550nm 193THZ
    5mW 2,0,1e-6 3,2,1e999 1,9 1,2,3,4 #15hello #0 "text --channel --address --stream-port --id""".split()  # noqa: SIM905
)
commands = st.builds("{}{} {}".format, headers, st.sampled_from(["", "?"]), arguments)
rubbish = st.one_of(headers, arguments, st.text(max_size=3), st.just(HUGE))
messages = st.lists(st.one_of(commands, rubbish), max_size=6).flatmap(
    lambda parts: st.sampled_from([";", ";:", " ", ""]).map(lambda glue: glue.join(parts))
)
json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.just(10**400), st.text(max_size=3)),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=6,
)


@given(messages)
def test_id900_answers_everything(message):
    device = IDQuantiqueID900()
    assert isinstance(device.execute(message.encode().decode("latin-1")), str)
    assert device.execute("*IDN?").startswith("IDQ")
    device.state()
    device.deliver({}, 1)


@given(messages)
def test_datalink_answers_json(message):
    def refuse(port):
        raise AssertionError("a stream was opened for rubbish")

    service = DataLinkService({"192.0.2.1"}, refuse, lambda: 0.0)
    json.loads(service.execute(message.encode().decode("latin-1")))


@pytest.mark.parametrize("face", [SantecTSL570, KeysightN7764A, StanfordDG645])
@given(messages)
def test_text_instruments_keep_errors_to_themselves(face, message):
    device = face()
    asyncio.run(device.execute(message.encode()))
    device.state()
    assert asyncio.run(device.execute(b"*IDN?"))


@given(
    st.sampled_from(
        ["SetAllBiasCurrents", "SetAllTriggerLevels", "SetMeasurementPeriod", "DetectorEnable", "Other"]
    ),
    json_values,
)
def test_eos_takes_any_value_or_refuses_it(command, value):
    device = SingleQuantumEOS()
    answer = device.execute({"command": command, "value": value})
    assert bool(answer.reply) != bool(answer.broadcast)
    device.state()
    device.counts_line()


@given(st.lists(st.binary(max_size=20), max_size=5))
def test_json_session_survives_any_bytes(pieces):
    session = JsonSession()
    for piece in [*pieces, b"[" * 70_000]:
        try:
            for message in session.feed(piece):
                SingleQuantumEOS().respond(message)
        except TransportError:
            continue


def test_deep_json_is_an_error():
    (message,) = JsonSession().feed(b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}")
    answer = json.loads(SingleQuantumEOS().respond(message).removesuffix(b"\x17"))
    assert answer["label"] == "Error"
