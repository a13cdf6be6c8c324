# SPDX-License-Identifier: Apache-2.0
"""``SLISt`` commands of an AWG70002A: the sequence list (AWG70000 programmer manual)."""

from collections.abc import Callable

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.tektronix_awg70000_kinds import NameOrAll
from heraldlink_sim.faces.tektronix_awg70000_steps import (
    END,
    FIRST,
    LAST,
    NEXT,
    Input,
    Sequence,
    SequenceStep,
    Target,
    Track,
)
from heraldlink_sim.faces.tektronix_awg70000_waveforms import LONGEST, WaveformCommands, stamp_text
from heraldlink_sim.scpi import Choice, Integer, Optional, ScpiError, Text, command, query
from heraldlink_sim.scpi.lexer import Argument

MOST_STEPS, MOST_REPEATS, TRACKS = 16_383, 1_048_576, 8
_NAME = Text(bare=True, longest=256)  # the qcodes driver sends the name of EJUM without quotes
_STEP = "SLISt:SEQuence:STEP<1..16383>"
_WORDS = Choice("NEXT", "FIRSt", "LAST", "END")
_FLAGS = Choice("NCHange", "HIGH", "LOW", "TOGGle", "PULSe")


class Repeats:
    """ONCE, INFinite (None) or a number."""

    _number = Integer(1, MOST_REPEATS)

    def parse(self, argument: Argument) -> int | None:
        """Repeat count; raises ScpiError."""
        word = argument.text.upper() if argument.kind == "word" else ""
        if word in ("INF", "INFINITE"):
            return None
        return 1 if word == "ONCE" else self._number.parse(argument)


class Step:
    """A step number, or NEXT, FIRSt, LAST, END."""

    _number = Integer(1, MOST_STEPS)

    def parse(self, argument: Argument) -> Target:
        """The target; raises ScpiError."""
        if (
            argument.kind == "word"
            and argument.data[:1].isalpha()
            and argument.text.upper() not in ("MIN", "MAX")
        ):
            return {"NEXT": NEXT, "FIRS": FIRST, "LAST": LAST, "END": END}[_WORDS.parse(argument)]
        return self._number.parse(argument)


class Trigger:
    """ATRigger, BTRigger, ITRigger or OFF."""

    _choice = Choice("OFF", "ATRigger", "BTRigger", "ITRigger")
    _inputs: dict[str, Input] = {"OFF": "OFF", "ATR": "ATR", "BTR": "BTR", "ITR": "ITR"}  # noqa: RUF012

    def parse(self, argument: Argument) -> Input:
        """The input; raises ScpiError."""
        return self._inputs[self._choice.parse(argument)]


def _flag(letter: str) -> tuple[Callable[..., None], Callable[..., str]]:
    """Command and query of one of the four flag outputs (not wired to anything on the bench)."""
    header = f"{_STEP}:TFLag<1..8>:{letter}FLag"

    @command(header, _NAME, _FLAGS)
    def write(device: "SequenceCommands", step: int, track: int, name: str, level: str) -> None:
        device.track(name, step, track)
        device.sequence(name).step(step).flags[(track, letter)] = level

    @query(header, _NAME)
    def read(device: "SequenceCommands", step: int, track: int, name: str) -> str:
        device.track(name, step, track)
        return device.sequence(name).step(step).flags.get((track, letter), "NCH")

    return write, read


class SequenceCommands(WaveformCommands):
    """Keeps sequences by name, in the order in which they came."""

    def __init__(self, memory_samples: int = LONGEST, clock: Clock | None = None) -> None:
        super().__init__(memory_samples, clock)
        self._sequences: dict[str, Sequence] = {}

    @property
    def sequences(self) -> dict[str, Sequence]:
        """All sequences by name, with what was loaded by now."""
        self.settle()
        return self._sequences

    def sequence(self, name: str) -> Sequence:
        """Entry of the sequence list; raises ScpiError -224."""
        if (found := self.sequences.get(name)) is None:
            raise ScpiError(-224, f"no sequence {name!r}")
        return found

    def track(self, name: str, step: int, track: int) -> Track:
        """One track of one step; raises ScpiError -222 or -224."""
        tracks = self.sequence(name).step(step).tracks
        if track > len(tracks):
            raise ScpiError(-222, f"track {track} of {name!r}")
        return tracks[track - 1]

    @query("SLISt:SIZE")
    def _sequence_count(self) -> int:
        return len(self.sequences)

    @query("SLISt:NAME", Integer(1, 1_000_000))
    def _sequence_name(self, index: int) -> str:
        if index > len(self.sequences):
            raise ScpiError(-222, str(index))
        return _NAME.format(list(self.sequences)[index - 1])

    @command("SLISt:SEQuence:NEW", _NAME, Integer(0, MOST_STEPS), Optional(Integer(1, TRACKS), 1))
    def _new_sequence(self, name: str, length: int, tracks: int) -> None:
        if name in self.sequences:
            raise ScpiError(-221, f"sequence {name!r} exists")
        steps = [SequenceStep([Track() for _ in range(tracks)]) for _ in range(length)]
        self.sequences[name] = Sequence(name, steps, tracks, self.next_stamp())

    @command("SLISt:SEQuence:DELete", NameOrAll())
    def _delete_sequence(self, name: str | None) -> None:
        if name is None:  # ALL
            self.sequences.clear()
        else:
            del self.sequences[self.sequence(name).name]

    @query("SLISt:SEQuence:LENGth", _NAME)
    def _sequence_length(self, name: str) -> int:
        return len(self.sequence(name).steps)

    @query("SLISt:SEQuence:TRACk", _NAME)
    def _sequence_tracks(self, name: str) -> int:
        return self.sequence(name).tracks

    @query("SLISt:SEQuence:TSTamp", _NAME)
    def _sequence_stamp(self, name: str) -> str:
        return stamp_text(self.sequence(name).stamp)

    @query("SLISt:SEQuence:STEP:MAX")
    def _most_steps(self) -> int:
        return MOST_STEPS

    @query("SLISt:SEQuence:STEP:RCOunt:MAX")
    def _most_repeats(self) -> int:
        return MOST_REPEATS

    @query("SLISt:SEQuence:TRACk:MAX")
    def _most_tracks(self) -> int:
        return TRACKS

    @command("SLISt:SEQuence:EVENt:JTIMing", _NAME, Choice("END", "IMMediate"))
    def _set_jump_timing(self, name: str, timing: str) -> None:
        self.changed_sequence(name).jump_at_end = timing == "END"

    @query("SLISt:SEQuence:EVENt:JTIMing", _NAME)
    def _jump_timing(self, name: str) -> str:
        return "END" if self.sequence(name).jump_at_end else "IMM"

    @command(f"{_STEP}:TASSet<1..8>:WAVeform", _NAME, _NAME)
    def _set_waveform(self, step: int, track: int, name: str, waveform: str) -> None:
        self.track(name, step, track)
        if waveform:
            self.waveform(waveform)
        self.changed_sequence(name).step(step).tracks[track - 1] = Track(waveform)

    @command(f"{_STEP}:TASSet:SEQuence", _NAME, _NAME)
    def _set_subsequence(self, step: int, name: str, subsequence: str) -> None:
        if subsequence == name or any(t.sequence for s in self.sequence(subsequence).steps for t in s.tracks):
            raise ScpiError(-221, f"{subsequence!r} cannot be a subsequence of {name!r}")
        tracks = self.changed_sequence(name).step(step).tracks
        tracks[:] = [Track(subsequence, sequence=True) for _ in tracks]

    @query(f"{_STEP}:TASSet<1..8>", _NAME)
    def _asset(self, step: int, track: int, name: str) -> str:
        return _NAME.format(self.track(name, step, track).name)

    @query(f"{_STEP}:TASSet<1..8>:TYPE", _NAME)
    def _asset_type(self, step: int, track: int, name: str) -> str:
        return "SEQ" if self.track(name, step, track).sequence else "WAV"

    @command(f"{_STEP}:RCOunt", _NAME, Repeats())
    def _set_repeat(self, step: int, name: str, count: int | None) -> None:
        self.changed_sequence(name).step(step).repeat = count

    @query(f"{_STEP}:RCOunt", _NAME)
    def _repeat(self, step: int, name: str) -> str:
        count = self.sequence(name).step(step).repeat
        return "INF" if count is None else str(count)

    @command(f"{_STEP}:GOTO", _NAME, Step())
    def _set_goto(self, step: int, name: str, target: Target) -> None:
        self.changed_sequence(name).step(step).goto = self.target(name, target)

    @query(f"{_STEP}:GOTO", _NAME)
    def _goto(self, step: int, name: str) -> str:
        return str(self.sequence(name).step(step).goto)

    @command(f"{_STEP}:EJUMp", _NAME, Step())
    def _set_jump(self, step: int, name: str, target: Target) -> None:
        self.changed_sequence(name).step(step).jump_to = self.target(name, target)

    @query(f"{_STEP}:EJUMp", _NAME)
    def _jump(self, step: int, name: str) -> str:
        return str(self.sequence(name).step(step).jump_to)

    @command(f"{_STEP}:EJINput", _NAME, Trigger())
    def _set_event(self, step: int, name: str, source: Input) -> None:
        self.changed_sequence(name).step(step).event = source

    @query(f"{_STEP}:EJINput", _NAME)
    def _event(self, step: int, name: str) -> str:
        return self.sequence(name).step(step).event

    @command(f"{_STEP}:WINPut", _NAME, Trigger())
    def _set_wait(self, step: int, name: str, source: Input) -> None:
        self.changed_sequence(name).step(step).wait = source

    @query(f"{_STEP}:WINPut", _NAME)
    def _wait_input(self, step: int, name: str) -> str:
        return self.sequence(name).step(step).wait

    _set_flag_a, _flag_a = _flag("A")
    _set_flag_b, _flag_b = _flag("B")
    _set_flag_c, _flag_c = _flag("C")
    _set_flag_d, _flag_d = _flag("D")

    def target(self, name: str, target: Target) -> Target:
        """The target; raises ScpiError -222 if the sequence has no such step."""
        if isinstance(target, int):
            self.sequence(name).step(target)
        return target

    def changed_sequence(self, name: str) -> Sequence:
        """The sequence, which is about to change; raises ScpiError -224."""
        sequence = self.sequence(name)
        sequence.stamp = self.next_stamp()
        return sequence
