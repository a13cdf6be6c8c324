# SPDX-License-Identifier: Apache-2.0
"""``SLISt`` commands of an AWG70000 or AWG5200 beyond single steps: pattern jumps, added steps, flags."""

from heraldlink_sim.faces.tektronix_awg70000_arithmetic import ArithmeticCommands
from heraldlink_sim.faces.tektronix_awg70000_kinds import NAME
from heraldlink_sim.faces.tektronix_awg70000_sequences import MOST_STEPS, Step
from heraldlink_sim.faces.tektronix_awg70000_steps import Sequence, SequenceStep, Target, Track
from heraldlink_sim.scpi import (
    Boolean,
    Choice,
    Integer,
    Optional,
    ScpiError,
    Setting,
    command,
    query,
)

PATTERNS = 256  # an eight bit word at the pattern jump connector
_PATTERN = Integer(0, PATTERNS - 1)


class JumpCommands(ArithmeticCommands):
    """Pattern jump table and sequence editing."""

    pattern_strobe = Setting("AWGControl:PJUMp:JSTRobe", Boolean())
    pattern_edge = Setting("AWGControl:PJUMp:SEDGe", Choice("FALLing", "RISing"))

    @command("SLISt:SEQuence:EVENt:PJUMp:DEFine", NAME, _PATTERN, Step())
    def _define_pattern(self, name: str, pattern: int, target: Target) -> None:
        self.changed_sequence(name).pattern_jumps[pattern] = self.target(name, target)

    @query("SLISt:SEQuence:EVENt:PJUMp:DEFine", NAME, _PATTERN)
    def _pattern(self, name: str, pattern: int) -> str:
        """Step of a pattern; 0 where none is defined [?]."""
        return str(self.sequence(name).pattern_jumps.get(pattern, 0))

    @command("SLISt:SEQuence:EVENt:PJUMp:ENABle", NAME, Boolean())
    def _enable_patterns(self, name: str, on: bool) -> None:
        self.changed_sequence(name).pattern_enabled = on

    @query("SLISt:SEQuence:EVENt:PJUMp:ENABle", NAME)
    def _patterns_enabled(self, name: str) -> int:
        return int(self.sequence(name).pattern_enabled)

    @query("SLISt:SEQuence:EVENt:PJUMp:SIZE")
    def _pattern_count(self) -> int:
        return PATTERNS

    @command("SLISt:SEQuence:RFLag", NAME, Boolean())
    def _set_repeat_flags(self, name: str, on: bool) -> None:
        self.changed_sequence(name).repeat_flags = on

    @query("SLISt:SEQuence:RFLag", NAME)
    def _repeat_flags(self, name: str) -> int:
        return int(self.sequence(name).repeat_flags)

    @command("SLISt:SEQuence:STEP:ADD", NAME, Integer(1, MOST_STEPS), Optional(Integer(1, MOST_STEPS), 1))
    def _add_steps(self, name: str, location: int, count: int) -> None:
        """Insert before a step; beyond the end the gap is filled too. Step numbers in jumps stay [?]."""
        sequence = self.changed_sequence(name)
        gap = max(0, location - 1 - len(sequence.steps))
        if len(sequence.steps) + gap + count > MOST_STEPS:
            raise ScpiError(-225, name)
        added = [SequenceStep([Track() for _ in range(sequence.tracks)]) for _ in range(gap + count)]
        place = min(location - 1, len(sequence.steps))
        sequence.steps[place:place] = added

    @query("SLISt:SEQuence:WMUSage", NAME, Integer(1, 8))
    def _memory_usage(self, name: str, track: int) -> int:
        """Samples of all different waveforms on one track."""
        sequence = self.sequence(name)
        if track > sequence.tracks:
            raise ScpiError(-222, f"track {track} of {name!r}")
        names = self._waveform_names(sequence, track)
        return sum(len(self.waveforms[one]) for one in names if one in self.waveforms)

    def _waveform_names(self, sequence: Sequence, track: int) -> set[str]:
        names: set[str] = set()
        for step in sequence.steps:
            asset = step.tracks[track - 1]
            inner = self.sequences.get(asset.name) if asset.sequence else None
            if inner is not None:
                names |= self._waveform_names(inner, min(track, inner.tracks))
            elif not asset.sequence:
                names.add(asset.name)
        return names
