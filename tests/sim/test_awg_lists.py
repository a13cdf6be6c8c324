# SPDX-License-Identifier: Apache-2.0
"""Waveform list, sequence list, files and outputs of the simulated AWG70002A, command by command."""

import asyncio
import io
import zipfile

import numpy as np
import pytest

from heraldlink_sim.faces.tektronix_awg70002a import TektronixAWG70002A
from heraldlink_sim.scpi import block

SAMPLES = 2400


@pytest.fixture
def face() -> TektronixAWG70002A:
    device = TektronixAWG70002A()
    for name in ("a", "b"):
        send(device, f'WLIS:WAV:NEW "{name}",{SAMPLES}')
    return device


def send(face: TektronixAWG70002A, message: str | bytes) -> str:
    return face.execute_now(message if isinstance(message, bytes) else message.encode()).decode("latin-1")


def refused(face: TektronixAWG70002A, message: str | bytes) -> int:
    """Error number of a message that must be refused, by exactly one error."""
    assert send(face, message) == ""
    (error,) = face.errors.drain()
    return error.code


def finish(face: TektronixAWG70002A, message: str) -> list[int]:
    """Error numbers after an overlapped operation, which ``*OPC?`` awaits."""
    assert asyncio.run(face.execute(f"{message};*OPC?".encode())) == b"1"
    return [error.code for error in face.errors.drain()]


def floats(*values: float) -> bytes:
    return block(np.array(values, "<f4").tobytes())


def programmed(face: TektronixAWG70002A, *steps: str, tracks: int = 2) -> None:
    """A sequence "s" on both channels; each step is a row of settings in short."""
    send(face, f'SLIS:SEQ:NEW "s",{len(steps)},{tracks}')
    for number, settings in enumerate(steps, 1):
        for setting in settings.split():
            header, value = setting.split("=")
            send(face, f'SLIS:SEQ:STEP{number}:{header} "s",{value}')
    for channel in range(1, tracks + 1):
        send(face, f'SOUR{channel}:CASS:SEQ "s",{channel};:SOUR{channel}:DAC:RES 8')
    assert len(face.errors) == 0


def test_waveform_list(face: TektronixAWG70002A) -> None:
    assert send(face, "WLIS:SIZE?;LIST?;LAST?;NAME? 1") == '2;"a,b";"b";"a"'
    assert send(face, 'WLIS:WAV:LENG? "a";TYPE? "a";LMIN?') == "2400;REAL;2400"
    send(face, 'WLIS:WAV:DEL "a"')
    assert send(face, "WLIS:LIST?") == '"b"'
    send(face, "WLIS:WAV:DEL ALL")
    assert send(face, "WLIS:LIST?;SIZE?") == '"";0'


def test_data_and_markers_in_parts(face: TektronixAWG70002A) -> None:
    send(face, b'WLIS:WAV:DATA "a",10,3,' + floats(0.5, -0.25, 1.5))
    send(face, b'WLIS:WAV:MARK:DATA "a",11,2,' + block(bytes([64, 192])))
    assert face.execute_now(b'WLIS:WAV:DATA? "a",9,5') == floats(0, 0.5, -0.25, 1.5, 0)
    assert face.execute_now(b'WLIS:WAV:MARK:DATA? "a",10,4') == block(bytes([0, 64, 192, 0]))
    assert face.execute_now(b'WLIS:WAV:DATA? "b"') == block(bytes(4 * SAMPLES))
    send(face, 'SOUR1:CASS:WAV "a";DAC:RES 8')
    assert send(face, 'SOUR1:CASS:WAV "a";:SOUR1:DAC:RES 8;RES?') == "8"
    face.errors.clear()
    (step,) = face.state().steps
    played = step.waveforms[0]
    assert played is not None
    assert played.samples[10:13].tolist() == [0.5, -0.25, 1.0]
    assert played.markers[10:14].tolist() == [0, 64, 192, 0]


@pytest.mark.parametrize(("bits", "markers"), [(8, 192), (9, 64), (10, 0)])
def test_resolution_leaves_bits_for_markers(face: TektronixAWG70002A, bits: int, markers: int) -> None:
    send(face, b'WLIS:WAV:MARK:DATA "a",0,1,' + block(bytes([192])))
    send(face, f'SOUR2:CASS:WAV "a";:SOUR2:DAC:RES {bits}')
    played = face.state().steps[0].waveforms[1]
    assert played is not None
    assert played.markers[0] == markers


def test_waveform_object_changes_with_its_bytes_only(face: TektronixAWG70002A) -> None:
    send(face, 'SOUR1:CASS:WAV "a"')
    before = face.state().steps[0].waveforms[0]
    assert before is not None
    send(face, b'WLIS:WAV:DATA "b",0,1,' + floats(1))
    send(face, "OUTP1 ON;:SOUR1:VOLT 0.3")
    assert face.state().steps[0].waveforms[0] is before
    send(face, b'WLIS:WAV:DATA "a",0,1,' + floats(1))
    after = face.state().steps[0].waveforms[0]
    assert after is not None
    assert after is not before
    assert (before.samples[0], after.samples[0]) == (0, 1)
    with pytest.raises(ValueError, match="read-only"):
        after.samples[0] = 0


def test_stamp_follows_the_bytes(face: TektronixAWG70002A) -> None:
    first = send(face, 'WLIS:WAV:TST? "a"')
    assert send(face, 'WLIS:WAV:DATA? "a",0,1;:WLIS:WAV:TST? "a"').endswith(first)
    send(face, b'WLIS:WAV:DATA "a",0,1,' + floats(1))
    second = send(face, 'WLIS:WAV:TST? "a"')
    send(face, b'WLIS:WAV:MARK:DATA "a",0,1,' + block(b"\x40"))
    assert len({first, second, send(face, 'WLIS:WAV:TST? "a"')}) == 3
    assert first == '"2026/01/01 00:00:01"'


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b'WLIS:WAV:NEW "a",2400', -221),
        (b'WLIS:WAV:NEW "c",2399', -222),
        (b'WLIS:WAV:NEW "c",2400,INT', -224),
        (b"WLIS:WAV:NEW c,2400", -104),
        (b'WLIS:WAV:NEW "c",2000000000', -225),
        (b'WLIS:WAV:DATA "x",0,1,' + floats(0), -224),
        (b'WLIS:WAV:DATA "a",2400,1,' + floats(0), -222),
        (b'WLIS:WAV:DATA "a",0,2,' + floats(0), -161),
        (b'WLIS:WAV:DATA "a",0,1,' + floats(float("nan")), -222),
        (b'WLIS:WAV:DATA "a",0,1,#210', -161),
        (b'WLIS:WAV:DATA "a",0,1,5', -104),
        (b'WLIS:WAV:DATA "a",0,1', -109),
        (b'WLIS:WAV:DEL "x"', -224),
        (b"WLIS:NAME? 3", -222),
        (b'SOUR1:CASS:WAV "x"', -224),
        (b'SOUR1:CASS:SEQ "x",1', -224),
        (b'SOUR3:CASS:WAV "a"', -114),
        (b"SOUR1:VOLT 0.6", -222),
        (b"SOUR1:DAC:RES 7", -222),
        (b"CLOC:SRAT 26 GHZ", -222),
        (b"CLOC:SOUR ATOM", -224),
        (b"FGEN:CHAN1:TYPE TRI;FREQ 10GHZ", -222),
        (b"AWGC:RUN", -221),
        (b"SOUR1:JUMP:FORCE 1", -221),
        (b'MMEM:OPEN "C:\\nothing.wfmx"', -256),
        (b'MMEM:DEL "nothing.wfmx"', -256),
        (b'MMEM:CDIR "\\Nowhere"', -256),
        (b'MMEM:CDIR "D:\\"', -256),
        (b'MMEM:DATA "\\Nowhere\\a.wfmx",#11x', -256),
        (b"AWGC:RUNN", -113),
    ],
)
def test_refusals(face: TektronixAWG70002A, message: bytes, code: int) -> None:
    before = face.state()
    assert refused(face, message) == code
    assert face.state() == before


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ('SLIS:SEQ:NEW "s",1', -221),
        ('SLIS:SEQ:NEW "t",16384', -222),
        ('SLIS:SEQ:STEP3:RCO "s",1', -222),
        ('SLIS:SEQ:STEP16384:RCO "s",1', -114),
        ('SLIS:SEQ:STEP1:RCO "s",0', -222),
        ('SLIS:SEQ:STEP1:GOTO "s",3', -222),
        ('SLIS:SEQ:STEP1:EJUM "s",SOON', -224),
        ('SLIS:SEQ:STEP1:EJIN "s",CTR', -224),
        ('SLIS:SEQ:STEP1:TASS3:WAV "s","a"', -222),
        ('SLIS:SEQ:STEP1:TASS1:WAV "s","x"', -224),
        ('SLIS:SEQ:STEP1:TASS:SEQ "s","s"', -221),
        ('SOUR1:CASS:SEQ "s",3', -222),
        ('SLIS:SEQ:LENG? "x"', -224),
    ],
)
def test_sequence_refusals(face: TektronixAWG70002A, message: str, code: int) -> None:
    programmed(face, "RCO=2", "RCO=3")
    assert refused(face, message) == code
    assert [step.repeat for step in face.state().steps] == [2, 3]


def test_slot_program_reaches_the_world(face: TektronixAWG70002A) -> None:
    programmed(
        face,
        'TASS1:WAV="a" TASS2:WAV="b" RCO=50 WINP=ATR',
        'TASS1:WAV="a" RCO=20000 EJIN=BTR EJUM=3 GOTO=1',
        'TASS2:WAV="b" RCO=1 GOTO=2',
    )
    assert send(face, "AWGC:RST?") == "0"
    send(face, "CLOC:SRAT 12.5E9;SOUR EFIX;:OUTP1 1;:OUTP2 1;:AWGC:RUN")
    assert send(face, "AWGC:RST?") == "1"
    state = face.state()
    assert (state.running, state.sample_rate_Hz, state.reference_external) == (True, 12.5e9, True)
    assert all(channel.output_on for channel in state.channels)
    first, second, third = state.steps
    assert (first.repeat, first.wait_trigger, first.event, first.goto) == (50, "A", None, None)
    assert (second.repeat, second.event, second.jump_to, second.goto) == (20000, "B", 3, 1)
    assert (third.repeat, third.goto, third.jump_at_end) == (1, 2, True)
    a, b = first.waveforms
    assert second.waveforms == (a, None)
    assert third.waveforms == (None, b)
    send(face, 'SLIS:SEQ:EVEN:JTIM "s",IMM;:OUTP:OFF 1;:AWGC:STOP')
    state = face.state()
    assert not state.running
    assert not any(channel.output_on for channel in state.channels)
    assert not any(step.jump_at_end for step in state.steps)


def test_sequence_settings_are_answered(face: TektronixAWG70002A) -> None:
    programmed(face, "RCO=INF EJIN=ATR EJUM=2 WINP=BTR GOTO=LAST TFL2:BFL=TOGG", 'TASS1:WAV="a" GOTO=END')
    header = "SLIS:SEQ:STEP1"
    query = f'{header}:RCO? "s";EJIN? "s";EJUM? "s";WINP? "s";GOTO? "s";TFL2:BFL? "s";AFL? "s"'
    assert send(face, query) == "INF;ATR;2;BTR;LAST;TOGG;NCH"
    assert send(face, 'SLIS:SEQ:STEP2:TASS1? "s";TASS1:TYPE? "s";:SLIS:SEQ:STEP2:GOTO? "s"') == '"a";WAV;END'
    assert send(face, 'SLIS:SIZE?;NAME? 1;SEQ:LENG? "s";TRAC? "s";EVEN:JTIM? "s"') == '1;"s";2;2;END'
    assert send(face, "SLIS:SEQ:STEP:MAX?;RCO:MAX?") == "16383;1048576"
    first, second = face.state().steps
    assert (first.repeat, first.wait_trigger, first.event, first.jump_to, first.goto) == (
        None,
        "B",
        "A",
        2,
        2,
    )
    assert second.goto == 3  # behind the last step: the end
    assert send(face, "SOUR1:CASS?;CASS:TYPE?;:SOUR2:CASS?") == '"s,1";SEQ;"s,2"'
    send(face, "SLIS:SEQ:DEL ALL")
    assert send(face, "SOUR1:CASS?;CASS:TYPE?") == '"";NONE'


def test_a_channel_holds_one_kind_of_asset(face: TektronixAWG70002A) -> None:
    programmed(face, "RCO=1")
    send(face, 'SLIS:SEQ:NEW "t",1,2;:SOUR1:CASS:SEQ "t",1')
    assert send(face, "SOUR1:CASS?;:SOUR2:CASS?") == '"t,1";""'
    send(face, 'SOUR2:CASS:WAV "a"')
    assert send(face, "SOUR1:CASS?;:SOUR2:CASS?") == '"";"a"'
    send(face, "SOUR2:CASS:CLE")
    assert face.state().steps == ()


def test_waveforms_on_trigger(face: TektronixAWG70002A) -> None:
    send(face, 'SOUR1:CASS:WAV "a";:SOUR1:RMOD TRIG;TINP BTR;:AWGC:RUN;RST?')
    (step,) = face.state().steps
    assert (step.repeat, step.wait_trigger, step.goto) == (1, "B", 1)
    assert send(face, "TRIG:IMM ATR;:AWGC:RST?;:TRIG:IMM BTR;:AWGC:RST?;STOP;RST?") == "1;2;0"


def test_subsequences_are_unrolled(face: TektronixAWG70002A) -> None:
    send(face, 'SLIS:SEQ:NEW "sub",2;STEP1:RCO "sub",4;:SLIS:SEQ:STEP2:GOTO "sub",1')
    send(face, 'SLIS:SEQ:STEP1:TASS1:WAV "sub","a";:SLIS:SEQ:STEP2:TASS1:WAV "sub","b"')
    programmed(face, "GOTO=3", 'TASS:SEQ="sub" RCO=INF EJIN=BTR EJUM=1 WINP=ATR', "GOTO=2", tracks=1)
    steps = face.state().steps
    assert [(s.repeat, s.wait_trigger, s.event, s.jump_to, s.goto) for s in steps] == [
        (1, None, None, None, 4),
        (4, "A", "B", 1, 3),
        (1, None, "B", 1, 2),
        (1, None, None, None, 2),
    ]
    send(face, 'SLIS:SEQ:STEP2:RCO "s",9000')
    assert refused(face, "AWGC:RUN") == -225


def test_markers_never_cross(face: TektronixAWG70002A) -> None:
    assert send(face, "SOUR1:MARK2:VOLT:LOW 1.2;HIGH?") == "1.2000000000E+00"
    assert send(face, "SOUR1:MARK2:VOLT:HIGH -1;LOW?") == "-1.0000000000E+00"
    assert send(face, "SOUR2:MARK2:VOLT:HIGH?") == "1.0000000000E+00"


def test_reset_keeps_the_lists(face: TektronixAWG70002A) -> None:
    programmed(face, "RCO=1")
    send(face, "CLOC:SRAT 1E9;:AWGC:RUN;*RST")
    state = face.state()
    assert (state.running, state.sample_rate_Hz, state.steps) == (False, 25e9, ())
    assert send(face, "WLIS:SIZE?;:SLIS:SIZE?") == "2;1"


def test_files(face: TektronixAWG70002A) -> None:
    send(face, b'MMEM:DATA "One.TXT",' + block(b"\nhello\n"))
    assert send(face, 'MMEM:DATA? "C:\\users\\oem\\DOCUMENTS\\one.txt"') == "#17\nhello\n"
    assert send(face, 'MMEM:DATA:SIZE? "..\\Documents\\one.txt"') == "7"
    send(face, 'MMEM:MDIR "new";CDIR "new";CDIR?')
    assert refused(face, 'MMEM:DEL "one.txt"') == -256
    send(face, 'MMEM:DEL "..\\one.txt"')
    assert refused(face, 'MMEM:OPEN "..\\one.txt"') == -256


def archive(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        for name, content in members.items():
            out.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.wfmx", b""),
        ("a.wfmx", b"not a file"),
        ("a.wfmx", b'<DataFile offset="000000999" version="0.1">'),
        ("a.wfmx", b'<DataFile offset="000000044" version="0.1"><a>'),
        ("a.wfmx", b'<DataFile offset="000000051" version="0.1"></DataFile>'),
        ("a.wfmx", b'<DataFile offset="000000030"/><!DOCTYPE x>'.replace(b"30", b"46")),
        ("a.seqx", b"PK nonsense"),
        ("a.seqx", archive()),
        ("a.seqx", archive(**{"Waveforms/w.wfmx": b"broken"})),
        ("a.seqx", archive(**{"Sequences/s.sml": b'<DataFile offset="000000030"/>'})),
    ],
)
def test_broken_files_load_nothing(face: TektronixAWG70002A, name: str, content: bytes) -> None:
    send(face, f'MMEM:DATA "{name}",'.encode() + block(content))
    assert finish(face, f'MMEM:OPEN "{name}"') == [-250]
    assert send(face, "WLIS:SIZE?;:SLIS:SIZE?") == "2;0"
