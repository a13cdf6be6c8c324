# SPDX-License-Identifier: Apache-2.0
"""What the simulated AWG70002A computes, notes, saves, calibrates, and where its sequencer is."""

import asyncio

import numpy as np
import pytest

from heraldlink_sim.clock import SteppedClock
from heraldlink_sim.faces.tektronix_awg70000_player import Player
from heraldlink_sim.faces.tektronix_awg70002a import TektronixAWG70002A, TektronixAWG70002B
from heraldlink_sim.scpi import block
from heraldlink_sim.world.rack import ProgramStep, Waveform

SAMPLES = 2400


@pytest.fixture
def face() -> TektronixAWG70002A:
    device = TektronixAWG70002A()
    turns = np.arange(SAMPLES) / SAMPLES
    for name, values in (("sine", 0.5 * np.sin(2 * np.pi * turns)), ("ramp", turns)):
        send(device, f'WLIS:WAV:NEW "{name}",{SAMPLES}')
        send(device, f'WLIS:WAV:DATA "{name}",'.encode() + block(values.astype("<f4").tobytes()))
    send(device, b'WLIS:WAV:MARK:DATA "ramp",0,1,' + block(b"\xc0"))
    return device


def send(face: TektronixAWG70002A, message: str | bytes) -> str:
    return face.execute_now(message if isinstance(message, bytes) else message.encode()).decode("latin-1")


def finish(face: TektronixAWG70002A, message: str) -> list[int]:
    """Error numbers after an overlapped operation, which ``*OPC?`` awaits."""
    assert asyncio.run(face.execute(f"{message};*OPC?".encode())) == b"1"
    return codes(face)


def codes(face: TektronixAWG70002A) -> list[int]:
    return [error.code for error in face.errors.drain()]


def samples(face: TektronixAWG70002A, name: str) -> np.ndarray:
    return face.waveform(name).component().copy()


def test_arithmetic(face: TektronixAWG70002A) -> None:
    ramp = samples(face, "ramp")
    send(face, 'WLIS:WAV:INV "ramp"')
    np.testing.assert_allclose(samples(face, "ramp"), ramp[::-1], atol=1e-6)
    send(face, 'WLIS:WAV:REV "ramp"')
    np.testing.assert_allclose(samples(face, "ramp"), ramp, atol=1e-6)
    assert face.waveform("ramp").all_markers()[-1] == 0xC0
    send(face, 'WLIS:WAV:ROT:POIN "ramp",1')
    assert face.waveform("ramp").all_markers()[0] == 0xC0
    send(face, 'WLIS:WAV:NORM "ramp",FSC;:WLIS:WAV:NORM "sine",ZREF')
    assert (samples(face, "ramp").min(), samples(face, "ramp").max()) == pytest.approx((-1, 1))
    assert np.abs(samples(face, "sine")).max() == pytest.approx(1)
    send(face, 'WLIS:WAV:SCAL "sine",0.25;:WLIS:WAV:AOFF "sine",0.5')
    assert samples(face, "sine").max() == pytest.approx(0.75)
    send(face, 'WLIS:WAV:SHIF "sine",180')
    assert samples(face, "sine")[SAMPLES // 4] == pytest.approx(0.25)
    send(face, 'WLIS:WAV:RES "sine",4800')
    assert send(face, 'WLIS:WAV:LENG? "sine"') == "4800"
    assert codes(face) == []
    send(face, 'WLIS:WAV:RES "sine",10')
    assert codes(face) == [-222]


def test_iq_waveforms(face: TektronixAWG70002A) -> None:
    send(face, 'WLIS:WAV:MIQ "sine","ramp";:SOUR1:CASS:WAV "sine_IQ",Q')
    assert send(face, 'WLIS:WAV:TYPE? "sine_IQ"') == "IQ"
    played = face.state().steps[0].waveforms[0]
    assert played is not None
    np.testing.assert_allclose(played.samples, samples(face, "ramp"))
    quarter = np.full(SAMPLES, 0.25, "<f4").tobytes()
    send(face, b'WLIS:WAV:DATA:I "sine_IQ",' + block(quarter))
    assert face.execute_now(b'WLIS:WAV:DATA:I? "sine_IQ"') == block(quarter)
    assert codes(face) == []
    send(face, b'WLIS:WAV:DATA "sine_IQ",' + block(quarter))
    assert codes(face) == [-221]


def test_hints_change_nothing_that_is_played(face: TektronixAWG70002A) -> None:
    send(face, 'SLIS:SEQ:NEW "s",2;:SLIS:SEQ:SRAT "s",1 GHZ;:WLIS:WAV:AMPL "sine",0.3')
    assert float(send(face, 'SLIS:SEQ:SRAT? "s"')) == 1e9
    assert float(send(face, 'WLIS:WAV:AMPL? "sine"')) == 0.3
    assert float(send(face, "SOUR1:VOLT?")) == 0.5
    assert codes(face) == []


@pytest.mark.parametrize("kind", ["WFMX", "WFM", "TXT"])
def test_saved_waveforms_load_again(face: TektronixAWG70002A, kind: str) -> None:
    before, markers = samples(face, "ramp"), face.waveform("ramp").all_markers()
    send(face, f'MMEM:SAVE:WAV:{kind} "ramp","kept.{kind}"')
    send(face, "WLIS:WAV:DEL ALL")
    assert finish(face, f'MMEM:OPEN "kept.{kind}"') == []
    np.testing.assert_allclose(samples(face, "kept"), before, atol=1e-7)
    np.testing.assert_array_equal(face.waveform("kept").all_markers(), markers)
    assert finish(face, f'MMEM:IMP "again","kept.{kind}",{kind}') == []
    np.testing.assert_allclose(samples(face, "again"), before, atol=1e-7)


def test_sequences_and_setups_load_again(face: TektronixAWG70002A) -> None:
    send(face, 'SLIS:SEQ:NEW "s",2,2;:SLIS:SEQ:EVEN:JTIM "s",END;:SLIS:SEQ:STEP1:RCO "s",7')
    send(face, 'SLIS:SEQ:STEP1:TASS1:WAV "s","sine";:SLIS:SEQ:STEP2:GOTO "s",1;:SLIS:SEQ:STEP2:WINP "s",BTR')
    send(face, 'SLIS:SEQ:STEP2:TFL1:BFL "s",PULS')
    send(face, 'MMEM:SAVE:SEQ "s","s.seqx";:MMEM:SAVE:SET "all.awgx"')
    send(face, "SLIS:SEQ:DEL ALL;:WLIS:WAV:DEL ALL")
    assert finish(face, 'MMEM:OPEN:SASS:SEQ "s.seqx"') == []
    assert send(face, "WLIS:LIST?;:MMEM:OPEN:SASS:SEQ:MROP?") == '"sine";"s"'
    step_1, step_2 = face.sequence("s").steps
    assert (step_1.repeat, step_1.tracks[0].name, step_2.goto, step_2.wait) == (7, "sine", 1, "BTR")
    assert send(face, 'SLIS:SEQ:STEP2:TFL1:BFL? "s"') == "PULS"
    assert finish(face, 'MMEM:OPEN:SET "all.awgx"') == []
    assert send(face, "WLIS:SIZE?;:SLIS:SIZE?") == "2;1"
    assert finish(face, r'MMEM:OPEN:SASS:WAV "\Program Files\Tektronix\AWG70000\Samples\AWG5k7k Predefined '
                        r'Waveforms.awgx","*Sine100"') == []  # fmt: skip
    assert send(face, 'WLIS:WAV:LENG? "*Sine100"') == "100"


def test_loading_is_done_when_opc_says_so(face: TektronixAWG70002A) -> None:
    send(face, 'MMEM:SAVE:WAV:WFMX "ramp","late.wfmx";:MMEM:OPEN "late.wfmx"')
    assert send(face, "WLIS:SIZE?") == "2"
    assert finish(face, "*CLS") == []
    assert send(face, "WLIS:SIZE?") == "3"


def test_the_disk(face: TektronixAWG70002A) -> None:
    send(face, rb'MMEM:MDIR "data";:MMEM:CDIR "data";:MMEM:DATA "a.bin",' + block(b"0123456789"))
    send(face, b'MMEM:DATA "a.bin",4,' + block(b"XY"))
    assert face.execute_now(b'MMEM:DATA? "a.bin"') == block(b"0123XY6789")
    assert face.execute_now(b'MMEM:DATA? "a.bin",2,3') == block(b"23X")
    assert send(face, "MMEM:CAT?").endswith('"a.bin,,10"')
    send(face, r'MMEM:COPY "a.bin","b.bin";:MMEM:DEL "a.bin"')
    assert '"b.bin,,10"' in send(face, "MMEM:CAT?")
    assert codes(face) == []
    send(face, r'MMEM:CDIR "..";:MMEM:DEL "data"')
    assert codes(face) == [-250]  # it is not empty


def test_pattern_jumps(face: TektronixAWG70002A) -> None:
    send(face, 'SLIS:SEQ:NEW "s",3,1;:SLIS:SEQ:STEP:ADD "s",2,2')
    assert send(face, 'SLIS:SEQ:LENG? "s"') == "5"
    for step in range(1, 6):
        send(face, f'SLIS:SEQ:STEP{step}:TASS1:WAV "s","ramp";:SLIS:SEQ:STEP{step}:RCO "s",INF')
    send(face, 'SLIS:SEQ:EVEN:PJUM:DEF "s",17,4;:SOUR1:CASS:SEQ "s",1;:AWGC:RUN')
    assert send(face, "SOUR1:SCST?") == "1"
    send(face, "SOUR1:JUMP:PATT:FORC 17")
    assert codes(face) == [-221]
    send(face, 'SLIS:SEQ:EVEN:PJUM:ENAB "s",1;:SOUR1:JUMP:PATT:FORC 17')
    assert send(face, 'SOUR1:SCST?;:SLIS:SEQ:EVEN:PJUM:DEF? "s",17') == "4;4"
    send(face, "SOUR1:JUMP:FORC LAST")
    assert send(face, 'SOUR1:SCST?;:SLIS:SEQ:WMUS? "s",1') == f"5;{SAMPLES}"
    assert codes(face) == []


def test_the_function_generator_is_what_the_world_sees(face: TektronixAWG70002A) -> None:
    send(
        face, "INST:MODE FGEN;:FGEN:CHAN1:FREQ 1E6;AMPL 0.4;:FGEN:CHAN2:TYPE TRI;FREQ 2E6;:OUTP1 1;:AWGC:RUN"
    )
    state = face.state()
    (step,) = state.steps
    first, second = step.waveforms
    assert first is not None
    assert second is not None
    assert state.running
    assert state.channels[0].amplitude_Vpp == 0.4
    assert state.sample_rate_Hz / len(first.samples) == pytest.approx(1e6)
    assert np.argmax(np.abs(np.fft.rfft(second.samples))[1:]) + 1 == 2
    assert face.state().steps[0].waveforms[0] is first
    send(face, "FGEN:CHAN1:HIGH 0.2;LOW 0.1")
    assert float(send(face, "FGEN:CHAN1:OFFS?")) == pytest.approx(0.15)
    assert codes(face) == []


def test_calibration_and_self_test_take_their_time(face: TektronixAWG70002A) -> None:
    begin_s = face.clock.now_s()
    send(face, "CAL:STAR")
    assert send(face, "CAL:RUNN?;:CAL:STOP:STAT?") == '"Calibration";0'
    send(face, "DIAG:STAR")
    assert codes(face) == [-221]  # one at a time
    assert finish(face, "*CLS") == []
    assert face.clock.now_s() - begin_s == pytest.approx(240, abs=0.1)
    assert send(face, "CAL:RUNN?;:CAL:STOP:STAT?") == '"";1'
    assert asyncio.run(face.execute(b"DIAG:IMM?;:DIAG:DATA?;:DIAG:LOOP?")) == b"0;0;1"
    send(face, "CAL:STAR;:CAL:ABOR")
    assert send(face, "CAL:RUNN?") == '""'


def test_what_is_not_licensed_is_refused(face: TektronixAWG70002A) -> None:
    send(face, "BWAV:FUNC SINE")
    send(face, "CPL:COMP;:SYNC:ADJ:STAR")
    assert codes(face) == [-241, -241, -241]


def test_a_lost_reference_stops_a_start(face: TektronixAWG70002A) -> None:
    send(face, 'SOUR1:CASS:WAV "ramp";:CLOC:SOUR EFIX')
    face.set_locked(False)
    send(face, "AWGC:RUN")
    assert codes(face) == [-221]
    face.set_locked(True)
    send(face, "AWGC:RUN")
    assert send(face, "AWGC:RST?") == "2"
    assert finish(face, "CLOC:EREF:FREQ:DET") == []
    assert float(send(face, "CLOC:EREF:FREQ?")) == 10e6


def test_power_goes_with_the_lists_and_leaves_the_disk(face: TektronixAWG70002A) -> None:
    send(face, 'MMEM:SAVE:WAV:WFMX "ramp","kept.wfmx"')
    face.power_cycle()
    assert send(face, "WLIS:SIZE?") == "0"
    assert finish(face, 'MMEM:OPEN "kept.wfmx"') == []


def test_the_b_series(face: TektronixAWG70002A) -> None:
    other = TektronixAWG70002B("SIM-7")
    assert send(other, "*IDN?") == "TEKTRONIX,AWG70002B,SIM-7,FV:5.3.0128.0"


def step_of(length: int, **settings: object) -> ProgramStep:
    return ProgramStep((Waveform(np.zeros(length, np.float32), np.zeros(length, np.uint8)),), **settings)  # type: ignore[arg-type]


def test_the_player_waits_jumps_and_loops() -> None:
    steps = (
        step_of(10, repeat=2, wait_trigger="A"),
        step_of(5, repeat=None, event="B", jump_to=3, jump_at_end=True),
        step_of(10, goto=1),
    )
    player = Player(steps, 1.0, 0.0)
    player.advance(100)
    assert (player.index, player.waiting) == (0, True)
    assert not player.trigger("B", 100)
    assert player.trigger("A", 100)
    player.advance(119.9)
    assert player.index == 0
    player.advance(120)
    assert player.index == 1
    assert player.trigger("B", 1000.0 + 121)
    player.advance(1125)  # at the end of the running waveform
    assert player.index == 2
    player.advance(1135)
    assert (player.index, player.waiting) == (0, True)


def test_years_of_a_loop_are_one_round() -> None:
    steps = (step_of(2), step_of(1, goto=1))
    player = Player(steps, 1e9, SteppedClock().now_s())
    player.advance(1e8)
    assert player.index in (0, 1)
    assert 1e8 - player.entered_s < 4e-8 + 1e-7  # within what a float keeps of 1e8 s
