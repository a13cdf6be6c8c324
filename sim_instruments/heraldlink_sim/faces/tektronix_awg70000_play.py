# SPDX-License-Identifier: Apache-2.0
"""Assignment, run state and jumps of an AWG70000 or AWG5200, and what the world sees of it.

Source: AWG70000 programmer manual as tm_devices lists its commands, QCoDeS' and qudi's drivers.
``AWGControl:RSTate?`` answers 0 stopped, 1 waiting for a trigger, 2 running. The bench says when a program
that trigger A started plays and ends (``set_playing``); what is started over the wire goes by the
instrument's own clock.
"""

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.tektronix_awg70000_assets import Component
from heraldlink_sim.faces.tektronix_awg70000_fgen import FunctionCommands
from heraldlink_sim.faces.tektronix_awg70000_player import Player
from heraldlink_sim.faces.tektronix_awg70000_program import single, unrolled
from heraldlink_sim.faces.tektronix_awg70000_sequences import Step
from heraldlink_sim.faces.tektronix_awg70000_steps import FIRST, LAST, NEXT, Input, Sequence, Target
from heraldlink_sim.faces.tektronix_awg70000_waveforms import LONGEST
from heraldlink_sim.scpi import Choice, Integer, Optional, ScpiError, Text, command, query
from heraldlink_sim.scpi.lexer import Argument
from heraldlink_sim.world.rack import GeneratorChannel, GeneratorState, ProgramStep

_NAME = Text(bare=True, longest=256)
_COMPONENT = Optional(Choice("I", "Q"), "")
STOPPED, WAITING, RUNNING = 0, 1, 2


class JumpTarget(Step):
    """A step number, or FIRSt, CURRent, LAST, END, NEXT."""

    def parse(self, argument: Argument) -> Target:
        """The target; raises ScpiError."""
        if argument.kind == "word" and argument.text.upper() in ("CURR", "CURRENT"):
            return "CURR"
        return super().parse(argument)


class PlayCommands(FunctionCommands):
    """The run state; ``_player`` is None while stopped."""

    def __init__(self, memory_samples: int = LONGEST, clock: Clock | None = None) -> None:
        super().__init__(memory_samples, clock)
        self._waveform_of: dict[int, tuple[str, Component]] = {}
        self._track_of: dict[int, tuple[str, int]] = {}
        self._running = False
        self._playing = False
        self._player: Player | None = None

    def state(self) -> GeneratorState:
        """What arrived over the wire."""
        functions = self.mode.get() == "FGEN"
        rate_Hz, steps = self.function_program() if functions else (self.sample_rate_Hz.get(), self.steps())
        return GeneratorState(
            running=self._running,
            sample_rate_Hz=rate_Hz,
            reference_external=self.clock_source.get() != "INT",
            channels=tuple(
                GeneratorChannel(
                    self.output.get(n) and not self.all_off.get(),
                    self.fgen_amplitude_Vpp.get(n) if functions else self.amplitude_Vpp(n),
                )
                for n in self._channel_numbers()
            ),
            steps=steps,
        )

    @property
    def playing(self) -> bool:
        """Whether a triggered program still plays; ``AWGC:STOP`` and ``AWGC:RUN`` end it."""
        return self._playing

    def set_playing(self, playing: bool) -> None:
        """Take note that a trigger at the input started the program, or that it ended and waits again."""
        self._playing = playing

    def reset(self) -> None:
        """``*RST``: settings to default, stopped, nothing assigned; lists and files stay."""
        super().reset()
        self.abort_operations()
        self._waveform_of.clear()
        self._track_of.clear()
        self._halt()

    def power_cycle(self) -> None:
        """Off and on again: lists are empty, the disk is as it was."""
        super().power_cycle()
        self.waveforms.clear()
        self.sequences.clear()

    @command("[SOURce<channel>]:CASSet:WAVeform", _NAME, _COMPONENT)
    @command("[SOURce<channel>]:WAVeform", _NAME, _COMPONENT)
    def _assign_waveform(self, channel: int, name: str, component: Component) -> None:
        if not name:
            self._clear_asset(channel)
            return
        kind = self.waveform(name).kind
        if component and kind == "REAL":
            raise ScpiError(-221, f"{name!r} is real")
        self._waveform_of[channel] = (name, component or ("I" if kind == "IQ" else ""))
        self._track_of.clear()
        self._restart()

    @query("[SOURce<channel>]:WAVeform")
    def _waveform_of_channel(self, channel: int) -> str:
        name, _ = self._waveform_of.get(channel, ("", ""))
        return _NAME.format(name if name in self.waveforms else "")

    @command("[SOURce<channel>]:CASSet:SEQuence", _NAME, Integer(1, 8), _COMPONENT)
    def _assign_sequence(self, channel: int, name: str, track: int, component: Component) -> None:
        """One sequence at a time: a channel that holds another one, or a waveform, is cleared."""
        if track > self.sequence(name).tracks:
            raise ScpiError(-222, f"track {track} of {name!r}")
        self._track_of = {n: held for n, held in self._track_of.items() if held[0] == name}
        self._track_of[channel] = (name, track)
        self._waveform_of.clear()
        self._restart()

    @query("[SOURce<channel>]:CASSet")
    def _asset_of_channel(self, channel: int) -> str:
        if channel in self._track_of and self._track_of[channel][0] in self.sequences:
            name, track = self._track_of[channel]
            return _NAME.format(f"{name},{track}")
        return self._waveform_of_channel(channel)

    @query("[SOURce<channel>]:CASSet:TYPE")
    def _asset_type_of_channel(self, channel: int) -> str:
        if self._asset_of_channel(channel) == '""':
            return "NONE"
        return "SEQ" if channel in self._track_of else "WAV"

    @command("[SOURce<channel>]:CASSet:CLEar")
    def _clear_asset(self, channel: int) -> None:
        self._waveform_of.pop(channel, None)
        self._track_of.pop(channel, None)
        self._restart()

    @command("[SOURce<channel>]:JUMP:FORCe", JumpTarget())
    def _force_jump(self, channel: int, target: Target) -> None:
        if (sequence := self._assigned()) is None or self._player is None:
            raise ScpiError(-221, "no sequence is running")
        if isinstance(target, int):
            sequence.step(target)
        count, present = len(self._player.steps), self._present_index() or 0
        words = {FIRST: 0, LAST: count - 1, NEXT: (present + 1) % max(count, 1), "CURR": present}
        self._player.jump(target - 1 if isinstance(target, int) else words.get(target), self.clock.now_s())

    @command("[SOURce<channel>]:JUMP:PATTern:FORCe", Integer(0, 255))
    def _force_pattern(self, channel: int, pattern: int) -> None:
        sequence = self._assigned()
        if sequence is None or not sequence.pattern_enabled:
            raise ScpiError(-221, "no sequence with pattern jumps is assigned")
        if (target := sequence.pattern_jumps.get(pattern)) is not None:
            self._force_jump(channel, target)

    @query("[SOURce<channel>]:SCSTep")
    def _current_step(self, channel: int) -> int:
        """Step that plays, counted from 1; 0 while stopped [?]."""
        index = self._present_index()
        return 0 if index is None else index + 1

    @command("AWGControl:RUN[:IMMediate]")
    def _start(self) -> None:
        self._refuse_bad_clock()
        steps = None
        if self.mode.get() == "AWG" and not (steps := self.steps()):
            raise ScpiError(-221, "no waveform or sequence is assigned")
        self._running = True
        self._restart(steps)

    @command("AWGControl:STOP[:IMMediate]")
    def _halt(self) -> None:
        self._running = self._playing = False
        self._player = None

    @query("AWGControl:RSTate")
    def _run_state(self) -> int:
        if self._player is None:
            return STOPPED
        self._player.advance(self.clock.now_s())
        return WAITING if self._player.waiting and not self._playing else RUNNING

    @command("TRIGger[:SEQuence]:IMMediate", Optional(Choice("ATRigger", "BTRigger"), "ATR"))
    def _trigger(self, source: str) -> None:
        if self._player is not None:
            self._player.trigger(source[0], self.clock.now_s())

    @command("*TRG")
    def _group_trigger(self) -> None:
        self._trigger("ATR")

    def steps(self) -> tuple[ProgramStep, ...]:
        """The program that the channels are assigned."""
        resolutions = tuple(self.resolution_bits.get(n) for n in self._channel_numbers())
        if (sequence := self._assigned()) is not None:
            tracks = tuple(
                self._track_of[n][1] if n in self._track_of else None for n in self._channel_numbers()
            )
            return unrolled(sequence, self.sequences, self.waveforms, tracks, resolutions)
        assigned = [self._waveform_of.get(n, ("", "")) for n in self._channel_numbers()]
        played = tuple(
            self.waveforms[name].played(bits, component) if name in self.waveforms else None
            for (name, component), bits in zip(assigned, resolutions, strict=True)
        )
        if not any(waveform is not None for waveform in played):
            return ()
        trigger: Input = "BTR" if self.trigger_input.get(1) == "BTR" else "ATR"
        return single(played, mode=self.run_mode.get(1), trigger=trigger)

    def _restart(self, steps: tuple[ProgramStep, ...] | None = None) -> None:
        """Begin the program anew if it runs; ``steps``: those assigned, if they are known."""
        self._playing, self._player = False, None
        if self._running:
            if self.mode.get() == "FGEN":
                rate_Hz, steps = self.function_program()
            else:
                rate_Hz, steps = self.sample_rate_Hz.get(), self.steps() if steps is None else steps
            self._player = Player(steps, rate_Hz, self.clock.now_s())

    def _present_index(self) -> int | None:
        if self._player is None:
            return None
        self._player.advance(self.clock.now_s())
        return self._player.index

    def _refuse_bad_clock(self) -> None:
        if self.clock_source.get() != "INT" and not self.reference_locked:
            raise ScpiError(-221, "the clock is not locked")

    def _channel_numbers(self) -> range:
        return range(1, self.channels + 1)

    def _assigned(self) -> Sequence | None:
        names = {name for name, _ in self._track_of.values() if name in self.sequences}
        return self.sequences[names.pop()] if names else None
