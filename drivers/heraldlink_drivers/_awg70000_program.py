# SPDX-License-Identifier: Apache-2.0
"""From a generator program to AWG70000 commands; pure.

Waveforms are float32 little endian in -1..1, markers one byte per sample (bit 6 marker 1, bit 7 marker 2).
Source: Tektronix AWG70000 programmer's manual as used by the QCoDeS and qudi drivers.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from heraldlink_drivers.errors import ProgramError
from heraldlink_drivers.roles import MARKER_1, MARKER_2, GeneratorProgram, Step, Waveform

_FORBIDDEN = '";,\n'


@dataclass(frozen=True, slots=True)
class Limits:
    """What one instrument can play: channels, samples of a waveform, steps, repeats, rates and amplitudes.

    ``amplitudes_Vpp``: least and most of each channel, on the output path that it has.
    """

    channels: int
    samples: tuple[int, int]
    granularity: int
    steps: int
    repeats: int
    sample_rates_Hz: tuple[float, float]
    amplitudes_Vpp: tuple[tuple[float, float], ...]


def stored_name(waveform: str, channel: int) -> str:
    """Name of one channel of a waveform in the instrument's list."""
    return f"{waveform}_ch{channel}"


def channels_of(program: GeneratorProgram) -> range:
    """Channels that a program plays on, counted from 1."""
    return range(1, len(program.amplitude_Vpp) + 1)


def check(instrument: str, program: GeneratorProgram, limits: Limits) -> None:
    """Raise ProgramError, naming instrument and limit, for a program that cannot be played."""
    problems = [*_clock(program, limits), *_steps(program, limits)]
    problems += _waveforms(program, program.waveforms, limits.samples, limits.granularity)
    names = (program.name, *program.waveforms)
    problems += [
        f"name {name!r} holds a quote, comma or semicolon" for name in names if set(name) & set(_FORBIDDEN)
    ]
    if problems:
        raise ProgramError(f"{instrument}: program {program.name}: {problems[0]}")


def check_waveforms(
    instrument: str, program: GeneratorProgram, names: Iterable[str], fixed: Sequence[int]
) -> None:
    """As `check`, of some waveforms alone; ``fixed``: least and most samples, and granularity."""
    least, most, granularity, *_ = fixed
    for problem in _waveforms(program, names, (least, most), granularity):
        raise ProgramError(f"{instrument}: program {program.name}: {problem}")


def changed_part(new: NDArray[Any], known: NDArray[Any] | None) -> slice:
    """From the first to the last item that differs from those known before; all of them if none are."""
    if known is None:
        return slice(0, new.size)
    (places,) = np.nonzero(new != known)
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0, 0)


def _waveforms(
    program: GeneratorProgram, names: Iterable[str], samples: tuple[int, int], granularity: int
) -> Iterator[str]:
    count = len(program.amplitude_Vpp)
    for name in names:
        for problem in _waveform(program.waveforms[name], count, samples, granularity):
            yield f"waveform {name}: {problem}"


def _clock(program: GeneratorProgram, limits: Limits) -> Iterator[str]:
    low, high = limits.sample_rates_Hz
    if not low <= program.sample_rate_Hz <= high:
        yield f"sample rate {program.sample_rate_Hz:g} Hz is outside {low:g}..{high:g} Hz"
    if not 1 <= len(program.amplitude_Vpp) <= limits.channels:
        yield f"{len(program.amplitude_Vpp)} amplitudes for {limits.channels} channels"
    for amplitude, (least, most) in zip(program.amplitude_Vpp, limits.amplitudes_Vpp, strict=False):
        if not least <= amplitude <= most:
            yield f"amplitude {amplitude:g} V is outside {least:g}..{most:g} V"


def _waveform(waveform: Waveform, channels: int, allowed: tuple[int, int], granularity: int) -> Iterator[str]:
    if len(waveform.channels) != channels or len(waveform.markers) != channels:
        yield f"needs samples and markers of {channels} channels"
        return
    lengths = {a.size for a in waveform.channels} | {a.size for a in waveform.markers}
    least, most = allowed
    if len(lengths) != 1:
        yield f"arrays differ in length: {sorted(lengths)}"
    elif not least <= waveform.length <= most:
        yield f"{waveform.length} samples are outside {least}..{most}"
    elif waveform.length % granularity:
        yield f"{waveform.length} samples are no multiple of {granularity}"
    for samples in waveform.channels:
        if not (np.isfinite(samples).all() and np.abs(samples).max(initial=0.0) <= 1):
            yield "samples must lie in -1..1"
    for markers in waveform.markers:
        if (markers & ~np.uint8(MARKER_1 | MARKER_2)).any():
            yield "markers use bits 6 and 7 only"


def _steps(program: GeneratorProgram, limits: Limits) -> Iterator[str]:
    count = len(program.steps)
    if not 1 <= count <= limits.steps:
        yield f"{count} steps are outside 1..{limits.steps}"
    for number, step in enumerate(program.steps, start=1):
        if step.waveform not in program.waveforms:
            yield f"step {number} plays an unknown waveform {step.waveform}"
        if not 1 <= step.repeat <= limits.repeats:
            yield f"step {number} repeats {step.repeat} times, not 1..{limits.repeats}"
        for target in (step.jump_to, step.goto):
            if target is not None and not 1 <= target <= count:
                yield f"step {number} leads to step {target} of {count}"


def sequence_commands(program: GeneratorProgram) -> Iterator[str]:
    """Commands that build the sequence, with event jumps at the end of the running waveform."""
    name = program.name
    yield f'SLIS:SEQ:NEW "{name}",{len(program.steps)},{len(program.amplitude_Vpp)}'
    yield f'SLIS:SEQ:EVEN:JTIM "{name}",END'
    for number, step in enumerate(program.steps, start=1):
        yield from _step_commands(name, number, step, channels_of(program))


def _step_commands(name: str, number: int, step: Step, channels: range) -> Iterator[str]:
    here = f"SLIS:SEQ:STEP{number}"
    for channel in channels:
        yield f'{here}:TASS{channel}:WAV "{name}","{stored_name(step.waveform, channel)}"'
    yield f'{here}:RCO "{name}",{step.repeat}'
    yield f'{here}:WINP "{name}",{_trigger(step.wait)}'
    yield f'{here}:EJIN "{name}",{_trigger(step.event)}'
    yield f'{here}:EJUM "{name}",{step.jump_to or "NEXT"}'
    yield f'{here}:GOTO "{name}",{step.goto or "NEXT"}'


def _trigger(trigger: str | None) -> str:
    return f"{trigger}TR" if trigger else "OFF"
