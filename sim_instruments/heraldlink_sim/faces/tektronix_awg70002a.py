# SPDX-License-Identifier: Apache-2.0
"""Face of the Tektronix AWG70002A: two channels at 25 GS/s with sequencer (option 03).

Serve it over HiSLIP, or on a raw socket with ``block_ends_message=True`` for clients that send nothing
behind a block (the qcodes driver's file upload). Commands after the AWG70000 programmer manual and that
driver.

What the wire decides and the world sees: the sequence (or the waveforms) assigned to the channels, repeats,
waits, event jumps and gotos, amplitudes, output relays, sample rate, clock source, and the DAC resolution: at
10 bits, where the instrument wakes up, no marker comes out; 9 bits leave marker 1, 8 bits both.
``AWGC:RST?`` answers 1 (waiting) while the first step waits for a trigger, 2 once ``TRIG:IMM`` forced it or
while the program plays.
"""

from typing import ClassVar

from heraldlink_sim.faces.tektronix_awg70002a_assets import Input, Sequence, Target
from heraldlink_sim.faces.tektronix_awg70002a_channels import CHANNELS, ChannelCommands
from heraldlink_sim.faces.tektronix_awg70002a_program import single, unrolled
from heraldlink_sim.faces.tektronix_awg70002a_sequences import Step
from heraldlink_sim.model import InstrumentConfig, Model, Place, scpi_server
from heraldlink_sim.scpi import Choice, Integer, Optional, ScpiError, Text, command, query
from heraldlink_sim.world.rack import GeneratorChannel, GeneratorState, ProgramStep

_NAME = Text(bare=True, longest=256)
STOPPED, WAITING, RUNNING = 0, 1, 2


class TektronixAWG70002A(ChannelCommands):
    """One instrument; see the module's text."""

    options: ClassVar[str] = "01,03,225"

    def __init__(self, serial: str = "SIM-0001") -> None:
        super().__init__()
        self._identity = f"TEKTRONIX,AWG70002A,{serial},FV:5.3.0128.0"
        self._waveform_of: dict[int, str] = {}
        self._track_of: dict[int, tuple[str, int]] = {}
        self._running = False
        self._forced = False
        self._playing = False

    def state(self) -> GeneratorState:
        """What arrived over the wire."""
        return GeneratorState(
            running=self._running and self.mode.get() == "AWG",
            sample_rate_Hz=self.sample_rate_Hz.get(),
            reference_external=self.clock_source.get() != "INT",
            channels=tuple(
                GeneratorChannel(self.output.get(n) and not self.all_off.get(), self.amplitude_Vpp.get(n))
                for n in CHANNELS
            ),
            steps=self._steps(),
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
        self._waveform_of.clear()
        self._track_of.clear()
        self._running = self._forced = self._playing = False

    @query("*IDN")
    def _identify_serial(self) -> str:
        return self._identity

    @command("SOURce<1..2>:CASSet:WAVeform", _NAME)
    def _assign_waveform(self, channel: int, name: str) -> None:
        self._waveform_of[channel] = self.waveform(name).name
        self._track_of.clear()

    @command("SOURce<1..2>:CASSet:SEQuence", _NAME, Integer(1, 8))
    def _assign_sequence(self, channel: int, name: str, track: int) -> None:
        """One sequence at a time: a channel that holds another one, or a waveform, is cleared."""
        if track > self.sequence(name).tracks:
            raise ScpiError(-222, f"track {track} of {name!r}")
        self._track_of = {n: held for n, held in self._track_of.items() if held[0] == name}
        self._track_of[channel] = (name, track)
        self._waveform_of.clear()

    @query("SOURce<1..2>:CASSet")
    def _asset_of_channel(self, channel: int) -> str:
        if channel in self._track_of and self._track_of[channel][0] in self.sequences:
            name, track = self._track_of[channel]
            return _NAME.format(f"{name},{track}")
        name = self._waveform_of.get(channel, "")
        return _NAME.format(name if name in self.waveforms else "")

    @query("SOURce<1..2>:CASSet:TYPE")
    def _asset_type_of_channel(self, channel: int) -> str:
        if self._asset_of_channel(channel) == '""':
            return "NONE"
        return "SEQ" if channel in self._track_of else "WAV"

    @command("SOURce<1..2>:CASSet:CLEar")
    def _clear_asset(self, channel: int) -> None:
        self._waveform_of.pop(channel, None)
        self._track_of.pop(channel, None)

    @command("SOURce<1..2>:JUMP:FORCe", Step())
    def _force_jump(self, channel: int, target: Target) -> None:
        if (sequence := self._assigned()) is None or not self._running:
            raise ScpiError(-221, "no sequence is running")
        if isinstance(target, int):
            sequence.step(target)
        self._forced = True

    @command("AWGControl:RUN[:IMMediate]")
    def _start(self) -> None:
        if self.mode.get() == "AWG" and not self._steps():
            raise ScpiError(-221, "no waveform or sequence is assigned")
        self._running, self._forced, self._playing = True, False, False

    @command("AWGControl:STOP[:IMMediate]")
    def _stop(self) -> None:
        self._running = self._forced = self._playing = False

    @query("AWGControl:RSTate")
    def _run_state(self) -> int:
        if not self._running:
            return STOPPED
        steps = self._steps()
        waits = bool(steps) and steps[0].wait_trigger is not None
        return WAITING if waits and not (self._forced or self._playing) else RUNNING

    @command("TRIGger[:SEQuence]:IMMediate", Optional(Choice("ATRigger", "BTRigger"), "ATR"))
    def _trigger(self, source: str) -> None:
        steps = self._steps() if self._running else ()
        if steps and steps[0].wait_trigger == source[0]:
            self._forced = True

    @command("*TRG")
    def _group_trigger(self) -> None:
        self._trigger("ATR")

    def _assigned(self) -> Sequence | None:
        names = {name for name, _ in self._track_of.values() if name in self.sequences}
        return self.sequences[names.pop()] if names else None

    def _steps(self) -> tuple[ProgramStep, ...]:
        resolutions = tuple(self.resolution_bits.get(n) for n in CHANNELS)
        if (sequence := self._assigned()) is not None:
            tracks = tuple(self._track_of[n][1] if n in self._track_of else None for n in CHANNELS)
            return unrolled(sequence, self.sequences, self.waveforms, tracks, resolutions)
        stored = [self.waveforms.get(self._waveform_of.get(n, "")) for n in CHANNELS]
        if not any(waveform is not None for waveform in stored):
            return ()
        played = tuple(
            waveform.played(bits) if waveform is not None else None
            for waveform, bits in zip(stored, resolutions, strict=True)
        )
        trigger: Input = "BTR" if self.trigger_input.get(1) == "BTR" else "ATR"
        return single(played, triggered=self.run_mode.get(1) != "CONT", trigger=trigger)


def _make(place: Place, config: InstrumentConfig) -> TektronixAWG70002A:
    return TektronixAWG70002A(place.serial)


MODEL = Model("Tektronix AWG70002A", "generator", _make, scpi_server(block_ends_message=True))
