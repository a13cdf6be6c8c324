# SPDX-License-Identifier: Apache-2.0
"""``SEQuence`` and ``SLISt:SUBSequence`` commands of an AWG5014: its one sequence and its subsequences.

Source: AWG5000 programmer manual as tm_devices lists its commands, QCoDeS' driver. Trigger A of the bench is
the trigger input, trigger B the event input. After the last element the first one follows [?].
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.tektronix_awg5014_settings import SettingCommands5014
from heraldlink_sim.faces.tektronix_awg5014_waveforms import ListedWaveform
from heraldlink_sim.faces.tektronix_awg70000_kinds import NAME, NameOrAll
from heraldlink_sim.faces.tektronix_awg70000_waveforms import stamp_text
from heraldlink_sim.scpi import Boolean, Choice, Integer, ScpiError, Text, command, query
from heraldlink_sim.world.rack import ProgramStep, Waveform

LONGEST_SEQUENCE, MOST_LOOPS, CHANNELS = 8000, 65_536, 4
_ELEMENT = "SEQuence:ELEMent<1..8000>"
_INNER = "SLISt:SUBSequence:ELEMent<1..8000>"
_BARE = Text(bare=True, longest=256)
_INDEX, _LOOPS = Integer(1, LONGEST_SEQUENCE), Integer(1, MOST_LOOPS)


@dataclass(slots=True)
class Element:
    """One element: waveforms by channel, or a subsequence."""

    waveforms: dict[int, str] = field(default_factory=dict[int, str])
    subsequence: str = ""
    loops: int = 1
    endless: bool = False
    wait: bool = False
    jump_type: str = "OFF"
    jump_index: int = 1
    goto_on: bool = False
    goto_index: int = 1


@dataclass(slots=True)
class Subsequence:
    """Elements that only loop."""

    elements: list[Element]
    stamp: int


class SequenceCommands5014(SettingCommands5014):
    """The sequence."""

    longest_sequence: ClassVar[int] = LONGEST_SEQUENCE

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(clock)
        self.elements: list[Element] = []
        self.subsequences: dict[str, Subsequence] = {}

    def element(self, number: int) -> Element:
        """Element by number (1-based); raises ScpiError -222."""
        if number > len(self.elements):
            raise ScpiError(-222, f"element {number} of {len(self.elements)}")
        return self.elements[number - 1]

    def subsequence(self, name: str) -> Subsequence:
        """Entry of the list; raises ScpiError -224."""
        if (found := self.subsequences.get(name)) is None:
            raise ScpiError(-224, f"no subsequence {name!r}")
        return found

    @command("SEQuence:LENGth", Integer(0, LONGEST_SEQUENCE))
    def _set_length(self, length: int) -> None:
        """Elements are added behind or taken away from behind; 0 deletes the sequence."""
        missing = length - len(self.elements)
        self.elements = self.elements[:length] + [Element() for _ in range(missing)]

    @query("SEQuence:LENGth")
    def _length_of_sequence(self) -> int:
        return len(self.elements)

    @command(f"{_ELEMENT}:WAVeform<1..4>", _BARE)
    def _set_waveform(self, number: int, channel: int, name: str) -> None:
        if name:
            self.waveform(name)
        self.element(number).waveforms[channel] = name

    @query(f"{_ELEMENT}:WAVeform<1..4>")
    def _waveform(self, number: int, channel: int) -> str:
        return NAME.format(self.element(number).waveforms.get(channel, ""))

    @command(f"{_ELEMENT}:SUBSequence", NAME)
    def _set_subsequence(self, number: int, name: str) -> None:
        if name:
            self.subsequence(name)
        self.element(number).subsequence = name

    @query(f"{_ELEMENT}:SUBSequence")
    def _subsequence(self, number: int) -> str:
        return NAME.format(self.element(number).subsequence)

    @command(f"{_ELEMENT}:LOOP:COUNt", _LOOPS)
    def _set_loops(self, number: int, count: int) -> None:
        self.element(number).loops = count

    @query(f"{_ELEMENT}:LOOP:COUNt")
    def _loop_count(self, number: int) -> int:
        return self.element(number).loops

    @command(f"{_ELEMENT}:LOOP:INFinite", Boolean())
    def _set_endless(self, number: int, on: bool) -> None:
        self.element(number).endless = on

    @query(f"{_ELEMENT}:LOOP:INFinite")
    def _endless(self, number: int) -> int:
        return int(self.element(number).endless)

    @command(f"{_ELEMENT}:TWAit", Boolean())
    def _set_wait(self, number: int, on: bool) -> None:
        self.element(number).wait = on

    @query(f"{_ELEMENT}:TWAit")
    def _waits(self, number: int) -> int:
        return int(self.element(number).wait)

    @command(f"{_ELEMENT}:JTARget:TYPE", Choice("INDex", "NEXT", "OFF"))
    def _set_jump_type(self, number: int, kind: str) -> None:
        self.element(number).jump_type = kind

    @query(f"{_ELEMENT}:JTARget:TYPE")
    def _jump_type(self, number: int) -> str:
        return self.element(number).jump_type

    @command(f"{_ELEMENT}:JTARget:INDex", _INDEX)
    def _set_jump_index(self, number: int, index: int) -> None:
        self.element(index)
        self.element(number).jump_index = index

    @query(f"{_ELEMENT}:JTARget:INDex")
    def _jump_index(self, number: int) -> int:
        return self.element(number).jump_index

    @command(f"{_ELEMENT}:GOTO:STATe", Boolean())
    def _set_goto(self, number: int, on: bool) -> None:
        self.element(number).goto_on = on

    @query(f"{_ELEMENT}:GOTO:STATe")
    def _goto(self, number: int) -> int:
        return int(self.element(number).goto_on)

    @command(f"{_ELEMENT}:GOTO:INDex", _INDEX)
    def _set_goto_index(self, number: int, index: int) -> None:
        self.element(index)
        self.element(number).goto_index = index

    @query(f"{_ELEMENT}:GOTO:INDex")
    def _goto_index(self, number: int) -> int:
        return self.element(number).goto_index

    @query("SLISt:SIZE")
    def _subsequence_count(self) -> int:
        return len(self.subsequences)

    @query("SLISt:NAME", Integer(0, 1_000_000))
    def _subsequence_name(self, index: int) -> str:
        if index >= len(self.subsequences):
            raise ScpiError(-222, str(index))
        return NAME.format(list(self.subsequences)[index])

    @command("SLISt:SUBSequence:NEW", NAME, _INDEX)
    def _new_subsequence(self, name: str, length: int) -> None:
        if name in self.subsequences:
            raise ScpiError(-221, f"subsequence {name!r} exists")
        self.subsequences[name] = Subsequence([Element() for _ in range(length)], self.next_stamp())

    @command("SLISt:SUBSequence:DELete", NameOrAll())
    def _delete_subsequence(self, name: str | None) -> None:
        if name is None:
            self.subsequences.clear()
        else:
            self.subsequence(name)
            del self.subsequences[name]

    @command("SLISt:SUBSequence:LENGth", NAME, _INDEX)
    def _set_inner_length(self, name: str, length: int) -> None:
        inner = self._changed(name)
        inner.elements = inner.elements[:length] + [Element() for _ in range(length - len(inner.elements))]

    @query("SLISt:SUBSequence:LENGth", NAME)
    def _inner_length(self, name: str) -> int:
        return len(self.subsequence(name).elements)

    @query("SLISt:SUBSequence:TSTamp", NAME)
    def _inner_stamp(self, name: str) -> str:
        return stamp_text(self.subsequence(name).stamp)

    @command(f"{_INNER}:WAVeform<1..4>", NAME, NAME)
    def _set_inner_waveform(self, number: int, channel: int, name: str, waveform: str) -> None:
        if waveform:
            self.waveform(waveform)
        self._inner(name, number).waveforms[channel] = waveform
        self._changed(name)

    @query(f"{_INNER}:WAVeform<1..4>", NAME)
    def _inner_waveform(self, number: int, channel: int, name: str) -> str:
        return NAME.format(self._inner(name, number).waveforms.get(channel, ""))

    @command(f"{_INNER}:LOOP:COUNt", NAME, _LOOPS)
    def _set_inner_loops(self, number: int, name: str, count: int) -> None:
        self._inner(name, number).loops = count
        self._changed(name)

    @query(f"{_INNER}:LOOP:COUNt", NAME)
    def _inner_loops(self, number: int, name: str) -> int:
        return self._inner(name, number).loops

    def _inner(self, name: str, number: int) -> Element:
        elements = self.subsequence(name).elements
        if number > len(elements):
            raise ScpiError(-222, f"element {number} of {name!r}")
        return elements[number - 1]

    def _changed(self, name: str) -> Subsequence:
        subsequence = self.subsequence(name)
        subsequence.stamp = self.next_stamp()
        return subsequence


def program(
    elements: list[Element],
    subsequences: Mapping[str, Subsequence],
    waveforms: Mapping[str, ListedWaveform],
    *,
    jump_at_end: bool,
) -> tuple[ProgramStep, ...]:
    """Steps of a sequence; a subsequence stands in the place of its element, once per loop of that."""
    parts = [_part(element, subsequences) for element in elements]
    starts = [1]
    for part in parts:
        starts.append(starts[-1] + len(part))
    if starts[-1] > LONGEST_SEQUENCE + 1:
        raise ScpiError(-225, "the unrolled sequence is too long")
    steps: list[ProgramStep] = []
    for index, (element, part) in enumerate(zip(elements, parts, strict=True)):
        after = starts[element.goto_index - 1] if element.goto_on else starts[(index + 1) % len(elements)]
        for place, inner in enumerate(part):
            last = place == len(part) - 1
            steps.append(
                ProgramStep(
                    waveforms=tuple(
                        _played(inner.waveforms.get(n, ""), waveforms) for n in range(1, CHANNELS + 1)
                    ),
                    repeat=None if element.endless and len(part) == 1 else inner.loops,
                    wait_trigger="A" if element.wait and place == 0 else None,
                    event=None if element.jump_type == "OFF" else "B",
                    jump_to=starts[element.jump_index - 1] if element.jump_type == "IND" else after,
                    goto=(starts[index] if element.endless and len(part) > 1 else after) if last else None,
                    jump_at_end=jump_at_end,
                )
            )
    return tuple(steps)


def _part(element: Element, subsequences: Mapping[str, Subsequence]) -> list[Element]:
    inner = subsequences.get(element.subsequence)
    if inner is None:
        return [element]
    return inner.elements * (1 if element.endless else element.loops)


def _played(name: str, waveforms: Mapping[str, ListedWaveform]) -> Waveform | None:
    return waveforms[name].played() if name in waveforms else None
