# SPDX-License-Identifier: Apache-2.0
"""Waveform list, subsequences, files and settings of the simulated AWG5014, command by command."""

import asyncio

import numpy as np
import pytest

from heraldlink_sim.faces.tektronix_awg5014 import TektronixAWG5014
from heraldlink_sim.scpi import block

RECORD = np.dtype([("value", "<f4"), ("marker", "u1")])


@pytest.fixture
def face() -> TektronixAWG5014:
    return TektronixAWG5014()


def send(face: TektronixAWG5014, message: str | bytes) -> str:
    return face.execute_now(message if isinstance(message, bytes) else message.encode()).decode("latin-1")


def codes(face: TektronixAWG5014) -> list[int]:
    return [error.code for error in face.errors.drain()]


def test_predefined_waveforms_stand_first_and_stay(face: TektronixAWG5014) -> None:
    count = int(send(face, "WLIS:SIZE?"))
    names = [send(face, f"WLIS:NAME? {index}") for index in range(count)]
    assert names[0] == '"*DC"'
    assert '"*Sine3600"' in names
    assert send(face, 'WLIS:WAV:PRED? "*DC";:WLIS:WAV:LENG? "*Clock960"') == "1;960"
    send(face, 'WLIS:WAV:NEW "mine",100,REAL;:WLIS:WAV:DEL ALL')
    assert int(send(face, "WLIS:SIZE?")) == count
    assert codes(face) == []
    send(face, 'WLIS:WAV:DEL "*DC"')
    send(face, f"WLIS:NAME? {count}")
    assert codes(face) == [-221, -222]


def test_integer_data_are_levels_and_markers(face: TektronixAWG5014) -> None:
    words = np.array([0, 8191, 16382, 8191 | 1 << 14, 8191 | 3 << 14], "<u2")
    send(face, 'WLIS:WAV:NEW "w",5,INT')
    send(face, b'WLIS:WAV:DATA "w",' + block(words.tobytes()))
    assert face.execute_now(b'WLIS:WAV:DATA? "w"') == block(words.tobytes())
    assert face.execute_now(b'WLIS:WAV:MARK:DATA? "w",3,2') == block(bytes([64, 192]))
    send(face, 'SOUR2:WAV "w"')
    played = face.state().steps[0].waveforms[1]
    assert played is not None
    assert played.samples.tolist() == [-1, 0, 1, 0, 0]
    assert played.markers.tolist() == [0, 0, 0, 64, 192]


def test_real_data_are_records_of_five_bytes(face: TektronixAWG5014) -> None:
    records = np.array([(0.5, 64), (-0.25, 0), (1.0, 192)], RECORD)
    send(face, 'WLIS:WAV:NEW "w",3,REAL')
    send(face, b'WLIS:WAV:DATA "w",0,3,' + block(records.tobytes()))
    assert face.execute_now(b'WLIS:WAV:DATA? "w"') == block(records.tobytes())
    send(face, 'WLIS:WAV:NORM "w",FSC;:WLIS:WAV:RESA "w",6')
    assert send(face, 'WLIS:WAV:LENG? "w"') == "6"
    assert codes(face) == []
    send(face, b'WLIS:WAV:DATA "w",0,3,' + block(b"1234"))
    assert codes(face) == [-161]


def test_deleting_what_is_played_ends_the_run(face: TektronixAWG5014) -> None:
    send(face, 'WLIS:WAV:NEW "w",300,REAL;:SOUR1:WAV "w";:OUTP1 1;:AWGC:RUN')
    assert send(face, "AWGC:RST?") == "2"
    send(face, 'WLIS:WAV:DEL "w"')
    assert send(face, "AWGC:RST?;:OUTP1?;:SOUR1:WAV?") == '0;0;""'


def test_subsequences_stand_in_their_elements_place(face: TektronixAWG5014) -> None:
    for name in ("a", "b"):
        send(face, f'WLIS:WAV:NEW "{name}",300,REAL')
    send(face, 'SLIS:SUBS:NEW "inner",2;:SLIS:SUBS:ELEM1:WAV1 "inner","a";:SLIS:SUBS:ELEM2:WAV1 "inner","b"')
    send(
        face, 'SLIS:SUBS:ELEM2:LOOP:COUN "inner",4;:SEQ:LENG 2;:SEQ:ELEM1:SUBS "inner";:SEQ:ELEM1:LOOP:COUN 2'
    )
    send(face, 'SEQ:ELEM2:WAV1 "a";:SEQ:ELEM2:GOTO:STAT 1;:SEQ:ELEM2:GOTO:IND 1;:AWGC:RMOD SEQ')
    assert send(face, 'SLIS:SIZE?;:SLIS:SUBS:LENG? "inner";:SEQ:ELEM1:SUBS?') == '1;2;"inner"'
    steps = face.state().steps
    assert [(step.repeat, step.goto) for step in steps] == [(1, None), (4, None), (1, None), (4, 5), (1, 1)]
    assert codes(face) == []


def test_settings_waveforms_and_sequence_come_back_from_a_file(face: TektronixAWG5014) -> None:
    send(face, 'WLIS:WAV:NEW "w",300,INT;:SEQ:LENG 2;:SEQ:ELEM1:WAV1 "w";:SEQ:ELEM1:TWA 1')
    send(face, "SEQ:ELEM2:LOOP:INF 1;:SEQ:ELEM2:JTAR:TYPE NEXT;:SOUR2:MARK1:VOLT:HIGH 2")
    send(face, "SOUR1:VOLT 2;:SOUR1:VOLT:OFFS 0.5")
    send(face, 'AWGC:RMOD SEQ;:SOUR1:FREQ 2E8;:TRIG:LEV 0.7;:EVEN:JTIM ASYN;:OUTP3 1;:AWGC:SSAV "kept.awg"')
    send(face, "*RST;:WLIS:WAV:DEL ALL")
    assert asyncio.run(face.execute(b'AWGC:SRES "kept.awg";*OPC?')) == b"1"
    assert send(face, "SEQ:LENG?;:SEQ:ELEM1:TWA?;:SEQ:ELEM2:LOOP:INF?;:SEQ:ELEM2:JTAR:TYPE?") == "2;1;1;NEXT"
    assert send(face, "AWGC:RMOD?;:EVEN:JTIM?;:OUTP3?;:AWGC:SNAM?").startswith(
        'SEQ;ASYN;1;"\\Users\\OEM\\Documents\\kept.awg","C:"'
    )
    replies = send(
        face, "SOUR1:VOLT?;:SOUR1:VOLT:OFFS?;:SOUR2:MARK1:VOLT:HIGH?;:SOUR1:FREQ?;:TRIG:LEV?"
    ).split(";")
    assert [float(reply) for reply in replies] == [2, 0.5, 2, 2e8, 0.7]
    assert send(face, 'WLIS:WAV:LENG? "w";TYPE? "w"') == "300;INT"
    assert codes(face) == []


@pytest.mark.parametrize("kind", ["WFM", "TXT"])
def test_exported_waveforms_can_be_imported(face: TektronixAWG5014, kind: str) -> None:
    send(face, f'MMEM:EXP "*Sine100","s.{kind}",{kind};:MMEM:IMP "mine","s.{kind}",{kind}')
    assert codes(face) == []
    np.testing.assert_allclose(face.waveform("mine").values, face.waveform("*Sine100").values, atol=1e-7)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x06\0\0\0\xff\xff\0\0MAGIC\0\x88\x13"])
def test_broken_files_load_nothing(face: TektronixAWG5014, content: bytes) -> None:
    send(face, b'MMEM:DATA "bad.awg",' + block(content))
    send(face, "SEQ:LENG 3")
    asyncio.run(face.execute(b'AWGC:SRES "bad.awg"'))
    assert codes(face) == [-250]
    assert send(face, "SEQ:LENG?") == "3"


def test_direct_output_has_its_own_range(face: TektronixAWG5014) -> None:
    send(face, "SOUR1:VOLT 3;:AWGC:DOUT1 1")
    assert float(send(face, "SOUR1:VOLT?")) == 0.6
    send(face, "SOUR1:VOLT 3")
    assert codes(face) == [-222]


def test_calibration_takes_its_time(face: TektronixAWG5014) -> None:
    begin_s = face.clock.now_s()
    assert asyncio.run(face.execute(b"*CAL?")) == b"0"
    assert face.clock.now_s() - begin_s == pytest.approx(60, abs=0.1)
