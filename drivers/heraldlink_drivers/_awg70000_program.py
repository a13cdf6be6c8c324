# SPDX-License-Identifier: Apache-2.0
"""From a generator program to AWG70000 commands; pure.

Waveforms are float32 little endian in -1..1, markers one byte per sample (bit 6 marker 1, bit 7 marker 2).
Source: Tektronix AWG70000 programmer's manual as used by the QCoDeS and qudi drivers.
"""

from collections.abc import Iterator

import numpy as np

from heraldlink_drivers.errors import ProgramError
from heraldlink_drivers.roles import MARKER_1, MARKER_2, GeneratorProgram, Step, Waveform

CHANNELS = 2
MIN_SAMPLES = 2400
MAX_SAMPLES = 2_000_000_000
MAX_STEPS = 16_383
MAX_REPEAT = 2**20
SAMPLE_RATES_Hz = (1.49e3, 25e9)
AMPLITUDES_Vpp = (0.25, 0.5)
_FORBIDDEN = '";,\n'


def stored_name(waveform: str, channel: int) -> str:
    """Name of one channel of a waveform in the instrument's list."""
    return f"{waveform}_ch{channel}"


def check(instrument: str, program: GeneratorProgram) -> None:
    """Raise ProgramError, naming instrument and limit, for a program that cannot be played."""
    problems = [*_clock(program), *_steps(program)]
    for name, waveform in program.waveforms.items():
        problems += [f"waveform {name}: {problem}" for problem in _waveform(waveform)]
    names = (program.name, *program.waveforms)
    problems += [
        f"name {name!r} holds a quote, comma or semicolon" for name in names if set(name) & set(_FORBIDDEN)
    ]
    if problems:
        raise ProgramError(f"{instrument}: program {program.name}: {problems[0]}")


def _clock(program: GeneratorProgram) -> Iterator[str]:
    low, high = SAMPLE_RATES_Hz
    if not low <= program.sample_rate_Hz <= high:
        yield f"sample rate {program.sample_rate_Hz:g} Hz is outside {low:g}..{high:g} Hz"
    if len(program.amplitude_Vpp) != CHANNELS:
        yield f"{len(program.amplitude_Vpp)} amplitudes for {CHANNELS} channels"
    least, most = AMPLITUDES_Vpp
    for amplitude in program.amplitude_Vpp:
        if not least <= amplitude <= most:
            yield f"amplitude {amplitude:g} V is outside {least:g}..{most:g} V"


def _waveform(waveform: Waveform) -> Iterator[str]:
    if len(waveform.channels) != CHANNELS or len(waveform.markers) != CHANNELS:
        yield f"needs samples and markers of {CHANNELS} channels"
        return
    lengths = {a.size for a in waveform.channels} | {a.size for a in waveform.markers}
    if len(lengths) != 1:
        yield f"arrays differ in length: {sorted(lengths)}"
    elif not MIN_SAMPLES <= waveform.length <= MAX_SAMPLES:
        yield f"{waveform.length} samples are outside {MIN_SAMPLES}..{MAX_SAMPLES}"
    for samples in waveform.channels:
        if not (np.isfinite(samples).all() and np.abs(samples).max(initial=0.0) <= 1):
            yield "samples must lie in -1..1"
    for markers in waveform.markers:
        if (markers & ~np.uint8(MARKER_1 | MARKER_2)).any():
            yield "markers use bits 6 and 7 only"


def _steps(program: GeneratorProgram) -> Iterator[str]:
    count = len(program.steps)
    if not 1 <= count <= MAX_STEPS:
        yield f"{count} steps are outside 1..{MAX_STEPS}"
    for number, step in enumerate(program.steps, start=1):
        if step.waveform not in program.waveforms:
            yield f"step {number} plays an unknown waveform {step.waveform}"
        if not 1 <= step.repeat <= MAX_REPEAT:
            yield f"step {number} repeats {step.repeat} times, not 1..{MAX_REPEAT}"
        for target in (step.jump_to, step.goto):
            if target is not None and not 1 <= target <= count:
                yield f"step {number} leads to step {target} of {count}"


def sequence_commands(program: GeneratorProgram) -> Iterator[str]:
    """Commands that build the sequence, with event jumps at the end of the running waveform."""
    name = program.name
    yield f'SLIS:SEQ:NEW "{name}",{len(program.steps)},{CHANNELS}'
    yield f'SLIS:SEQ:EVEN:JTIM "{name}",END'
    for number, step in enumerate(program.steps, start=1):
        yield from _step_commands(name, number, step)


def _step_commands(name: str, number: int, step: Step) -> Iterator[str]:
    here = f"SLIS:SEQ:STEP{number}"
    for channel in range(1, CHANNELS + 1):
        yield f'{here}:TASS{channel}:WAV "{name}","{stored_name(step.waveform, channel)}"'
    yield f'{here}:RCO "{name}",{step.repeat}'
    yield f'{here}:WINP "{name}",{_trigger(step.wait)}'
    yield f'{here}:EJIN "{name}",{_trigger(step.event)}'
    yield f'{here}:EJUM "{name}",{step.jump_to or "NEXT"}'
    yield f'{here}:GOTO "{name}",{step.goto or "NEXT"}'


def _trigger(trigger: str | None) -> str:
    return f"{trigger}TR" if trigger else "OFF"


def block(data: bytes) -> bytes:
    """IEEE 488.2 definite-length block."""
    length = str(len(data))
    return f"#{len(length)}{length}".encode() + data


def block_content(reply: bytes) -> bytes:
    """Content of a definite-length block; raises ValueError if it is not whole."""
    if reply[:1] != b"#" or not reply[1:2].isdigit():
        raise ValueError(f"no block in {reply[:20]!r}")
    begin = 2 + int(reply[1:2])
    length = int(reply[2:begin])
    if len(reply) < begin + length:
        raise ValueError(f"block of {length} bytes broken off after {len(reply) - begin}")
    return reply[begin : begin + length]
