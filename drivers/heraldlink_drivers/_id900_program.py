# SPDX-License-Identifier: Apache-2.0
"""From a tagger program to the ID900's commands; pure."""

import re
from collections.abc import Iterator

from heraldlink_drivers.errors import ProgramError
from heraldlink_drivers.roles import Combiner, TaggerProgram

INPUTS = ("STAR", "INPU1", "INPU2", "INPU3", "INPU4")
SOURCES = (*INPUTS, *(f"TSCO{number}" for number in range(1, 25)))
CHANNELS = range(1, 5)
LONGEST_DELAY_ps = 10**12
HIGHEST_THRESHOLD_V = 3.0
THRESHOLD_STEP_V = 0.01
"""How far a threshold may be rounded [?]: no public source states the step of the converter."""
_SETTING = re.compile(r"(?P<word>[A-Z]*)(?P<number>-?\d+(?:\.\d*)?|)(?P<unit>V|TB|)")
PER_LEVEL = 8
"""Combiners of one level: 1 to 8 take inputs, and 9 to 16 what stands behind a delay; the rest do not."""


def check(instrument: str, program: TaggerProgram) -> None:
    """Raise ProgramError for what the device has no block for."""
    for what, names in (
        ("input", {program.reference, program.tick_input, *program.threshold_V, *program.delays_ps}),
        ("counter", set(program.accumulate)),
    ):
        if unknown := sorted(names - set(INPUTS)):
            raise ProgramError(f"{instrument}: no {what} {', '.join(unknown)}, only {', '.join(INPUTS)}")
    for what, numbers in (("RAW channel", program.raw), ("output", program.outputs)):
        if wrong := sorted(set(numbers) - set(CHANNELS)):
            raise ProgramError(f"{instrument}: no {what} {wrong[0]}, only 1..4")
    for what, sources in (("RAW channels", program.raw), ("outputs", program.outputs)):
        if unknown := sorted(set(sources.values()) - set(SOURCES)):
            raise ProgramError(f"{instrument}: {what} have no source {', '.join(unknown)}")
    if any(not abs(level) <= HIGHEST_THRESHOLD_V for level in program.threshold_V.values()):
        raise ProgramError(f"{instrument}: thresholds must lie within +-{HIGHEST_THRESHOLD_V} V")
    if len(program.delays_ps) > 8:
        raise ProgramError(f"{instrument}: more than 8 delays")
    if any(not 0 <= delay <= LONGEST_DELAY_ps for delay in program.delays_ps.values()):
        raise ProgramError(f"{instrument}: delays must lie in 0..{LONGEST_DELAY_ps} ps")
    if program.combiner is not None:
        _check_combiner(instrument, program.combiner)
        _check_links(instrument, program, program.combiner)


def _check_combiner(instrument: str, combiner: Combiner) -> None:
    if not 1 <= combiner.number <= 24:
        raise ProgramError(f"{instrument}: no combiner {combiner.number}, only 1..24")
    if not 0 <= combiner.begin_ps < combiner.end_ps <= LONGEST_DELAY_ps:
        window = f"{combiner.begin_ps}..{combiner.end_ps} ps"
        raise ProgramError(f"{instrument}: gate {window} is not a window after the reference")


def _check_links(instrument: str, program: TaggerProgram, combiner: Combiner) -> None:
    """Raise ProgramError for a source that the device would not link to the combiner."""
    sources = {combiner.first, combiner.second, program.reference}
    if unknown := sorted(sources - set(SOURCES)):
        raise ProgramError(f"{instrument}: the combiner has no source {', '.join(unknown)}")
    for source in sorted(sources):
        apart = _level(f"TSCO{combiner.number}") - _level(source) - bool(program.delays_ps.get(source, 0))
        if apart not in (1, 2):
            raise ProgramError(f"{instrument}: {source} cannot be linked to combiner {combiner.number}")


def _level(name: str) -> int:
    """Level of a source, inputs first; a delay lifts an input by one (manual, page 68)."""
    return 0 if name in INPUTS else 2 + (int(name.removeprefix("TSCO")) - 1) // PER_LEVEL


def commands(program: TaggerProgram) -> Iterator[str]:
    """Commands in the order in which the device must get them."""
    yield f"DEVI:SYNC {'EXT' if program.reference_external else 'INT'}"
    yield "DEVI:RES HIRES"
    for name in INPUTS:
        yield from _input(name, program)
    paths = dict(_delays(program))
    for name, path in paths.items():
        yield f"{path}:LINK {name}"
        yield f"{path}:VALU {program.delays_ps[name]}TB"
    if program.combiner is not None:
        yield from _combiner(program.combiner, paths, program.reference)
    for number in CHANNELS:
        yield from _raw(number, program, paths)
    for number in CHANNELS:
        yield from _output(number, program, paths)
    yield "REC:ENAB ON"
    yield f"REC:TRIG:LINK {program.tick_input}"
    yield "REC:TRIG:ARM:MODE MANU"
    yield "REC:NUM 1"


def agrees(sent: str, found: str) -> bool:
    """Whether a setting reads back as it was sent: words also in their long form, thresholds nearly."""
    one, other = _SETTING.fullmatch(sent.upper()), _SETTING.fullmatch(found.strip().upper())
    if one is None or other is None:
        return False
    if one["unit"] == "V" == other["unit"]:
        return abs(float(one["number"]) - float(other["number"])) <= THRESHOLD_STEP_V
    same_words = other["word"].startswith(one["word"]) and bool(other["word"]) == bool(one["word"])
    return same_words and one["number"] == other["number"] and one["unit"] == other["unit"]


def _input(name: str, program: TaggerProgram) -> Iterator[str]:
    if name not in program.threshold_V:
        yield f"{name}:ENAB OFF"
        return
    yield f"{name}:COUP DC"
    yield f"{name}:EDGE RISI"
    yield f"{name}:THRE {program.threshold_V[name]:.4f}V"
    yield f"{name}:COUN:MODE {'ACCU' if name in program.accumulate else 'CYCL'}"
    yield f"{name}:ENAB ON"


def _delays(program: TaggerProgram) -> Iterator[tuple[str, str]]:
    """Input and the delay block behind it."""
    delayed = [name for name in INPUTS if program.delays_ps.get(name, 0)]
    return ((name, f"DELA{number}") for number, name in enumerate(delayed, start=1))


def _combiner(combiner: Combiner, paths: dict[str, str], reference: str) -> Iterator[str]:
    block = f"TSCO{combiner.number}"
    start = paths.get(reference, reference)
    yield f"{block}:FIR:LINK {paths.get(combiner.first, combiner.first)}"
    yield f"{block}:SEC:LINK {paths.get(combiner.second, combiner.second)}"
    for edge, delay_ps in (("BEGI", combiner.begin_ps), ("END", combiner.end_ps)):
        yield f"{block}:WIND:{edge}:LINK {start}"
        yield f"{block}:WIND:{edge}:EDGE RISI"
        yield f"{block}:WIND:{edge}:DELA {delay_ps}TB"
    yield f"{block}:WIND:ENAB ON"
    yield f"{block}:OPIN OR"
    yield f"{block}:OPOU MUTE"


def _raw(number: int, program: TaggerProgram, paths: dict[str, str]) -> Iterator[str]:
    if number not in program.raw:
        yield f"RAW{number}:SEND OFF"
        return
    source = program.raw[number]
    yield f"RAW{number}:REF:LINK {paths.get(program.reference, program.reference)}"
    yield f"RAW{number}:STOP:LINK {paths.get(source, source)}"
    yield f"RAW{number}:SEND ON"


def _output(number: int, program: TaggerProgram, paths: dict[str, str]) -> Iterator[str]:
    if number not in program.outputs:
        yield f"OUTP{number}:ENAB OFF"
        return
    source = program.outputs[number]
    yield f"OUTP{number}:LINK {paths.get(source, source)}"
    yield f"OUTP{number}:MODE TTL"
    yield f"OUTP{number}:PULS ON"
    yield f"OUTP{number}:ENAB ON"
