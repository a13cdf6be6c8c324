# SPDX-License-Identifier: Apache-2.0
"""Face of the Tektronix AWG5014: four channels at 1.2 GS/s, the older command set, a raw socket on port 4000.

The world sees the waveforms or the sequence of the run mode, amplitudes, relays and clock. Trigger A of the
bench is its trigger input, trigger B its event input. Source: AWG5000 programmer manual as tm_devices lists
its commands, QCoDeS' driver.
"""

import re
from collections.abc import Awaitable
from pathlib import PureWindowsPath
from typing import ClassVar

from heraldlink_sim.clock import Clock
from heraldlink_sim.faces.tektronix_awg5014_sequence import CHANNELS, LONGEST_SEQUENCE, program
from heraldlink_sim.faces.tektronix_awg5014_setup import SetupCommands5014
from heraldlink_sim.faces.tektronix_awg70000_player import Player
from heraldlink_sim.faces.tektronix_awg70000_program import single
from heraldlink_sim.faces.tektronix_awg70002a import BLOCK_ENDS_MESSAGE
from heraldlink_sim.faces.tektronix_disk import PATH
from heraldlink_sim.model import InstrumentConfig, Model, Place, scpi_server
from heraldlink_sim.quirks import Quirk
from heraldlink_sim.scpi import Choice, Integer, Optional, ScpiError, Setting, Text, command, query
from heraldlink_sim.world.rack import GeneratorChannel, GeneratorState, ProgramStep

STOPPED, WAITING, RUNNING = 0, 1, 2
STRING_ENDS_MESSAGE = Quirk(
    "awg5014-string-ends-message",
    "A header right behind the only, quoted parameter of a command begins a new message.",
    "QCoDeS' load_awg_file writes SREStore without terminator and asks SEQuence:LENGth? at once [?].",
)
_GLUED = re.compile(rb'([A-Za-z:]+ +"[^"]*")([A-Za-z*][^"]*)')
_CALIBRATION_s, _TEST_s = 60.0, 20.0
_TESTS = (
    *("ALL", "FPANel", "AREGister", "DTIMing", "CREGister", "CPLock"),
    *(f"A{n}Memory" for n in range(1, CHANNELS + 1)),
    *(f"O{n}{part}" for n in (1, 2) for part in ("Register", "ALevel", "MLevel")),
)


class TektronixAWG5014(SetupCommands5014):
    """One instrument; see the module's text."""

    options: ClassVar[str] = "01,09"
    quirks: ClassVar[tuple[Quirk, ...]] = (BLOCK_ENDS_MESSAGE, STRING_ENDS_MESSAGE)

    test_selection = Setting("DIAGnostic:SELect", Choice(*_TESTS))
    jump_mode = Setting("AWGControl:EVENt:JMODe", Choice("EJUMp", "DJUMp"))
    enhanced_jump_mode = Setting("AWGControl:ENHanced:SEQuence:JMODe", Choice("LOGic", "TABLe", "SOFTware"))

    def __init__(self, serial: str = "SIM-0001", clock: Clock | None = None) -> None:
        super().__init__(clock)
        self._identity = f"TEKTRONIX,AWG5014,{serial},SCPI:99.0 FW:4.6.0.7"
        self._running = self._playing = False
        self._player: Player | None = None
        self._dynamic_jumps: dict[int, int] = {}
        self.reference_locked = True

    @query("*IDN")
    def _identify_serial(self) -> str:
        return self._identity

    def respond(self, message: bytes) -> bytes | Awaitable[bytes]:
        """Answer one message; two that were sent without a terminator between them are taken apart."""
        if (glued := _GLUED.fullmatch(message)) is not None:
            message = b";:".join(glued.groups()).replace(b";:*", b";*")
        return super().respond(message)

    def state(self) -> GeneratorState:
        """What arrived over the wire."""
        external = "EXT" in (self.clock_source.get(), self.reference_source.get(1))
        channels = tuple(
            GeneratorChannel(self.output.get(n), self.amplitude_Vpp(n)) for n in range(1, CHANNELS + 1)
        )
        return GeneratorState(self._running, self.sample_rate_Hz(), external, channels, self.steps())

    @property
    def playing(self) -> bool:
        """Whether a triggered program still plays; ``AWGC:STOP`` and ``AWGC:RUN`` end it."""
        return self._playing

    def set_playing(self, playing: bool) -> None:
        """Take note that a trigger at the input started the program, or that it ended and waits again."""
        self._playing = playing

    def set_locked(self, locked: bool) -> None:
        """The reference from outside comes, or fails."""
        self.reference_locked = locked

    def reset(self) -> None:
        """``*RST``: settings to default, stopped, no sequence; waveforms and files stay."""
        super().reset()
        self.elements = []
        self.waveform_of.clear()
        self.run_mode = "CONT"
        self._halt()

    def power_cycle(self) -> None:
        """Off and on again: only the predefined waveforms are left, the disk is as it was."""
        super().power_cycle()
        self.waveforms = {name: entry for name, entry in self.waveforms.items() if entry.predefined}
        self.subsequences.clear()

    def forget_waveforms(self) -> None:
        """Channels lose waveforms that were deleted; a run ends with that and their outputs go off."""
        for channel in [n for n, name in self.waveform_of.items() if name not in self.waveforms]:
            del self.waveform_of[channel]
            self.output.set(False, channel)
            self._halt()

    def steps(self) -> tuple[ProgramStep, ...]:
        """The program of the run mode."""
        if self.run_mode in ("SEQ", "ENH"):
            timing = self.event_timing.get() == "SYNC"
            return program(self.elements, self.subsequences, self.waveforms, jump_at_end=timing)
        names = [self.waveform_of.get(n, "") for n in range(1, CHANNELS + 1)]
        played = tuple(self.waveforms[name].played() if name in self.waveforms else None for name in names)
        return single(played, mode=self.run_mode) if any(w is not None for w in played) else ()

    @command("[SOURce<1..4>]:WAVeform", Text(bare=True, longest=256))
    def _assign(self, channel: int, name: str) -> None:
        if name:
            self.waveform_of[channel] = self.waveform(name).name
        else:
            self.waveform_of.pop(channel, None)
        self._restart()

    @query("[SOURce<1..4>]:WAVeform")
    def _assigned(self, channel: int) -> str:
        return PATH.format(self.waveform_of.get(channel, ""))

    @command("[SOURce<1..4>]:FUNCtion:USER", PATH, Optional(PATH, ""))
    def _assign_file(self, channel: int, path: str, unit: str) -> None:
        """A waveform file goes to the channel under its own name; no name clears the channel."""
        if not path:
            self._assign(channel, "")
            return
        name = PureWindowsPath(path).stem
        self._import(name, path, "WFM")
        self._assign(channel, name)

    @query("[SOURce<1..4>]:FUNCtion:USER")
    def _assigned_file(self, channel: int) -> str:
        return self._assigned(channel)

    @command("AWGControl:RMODe", Choice("CONTinuous", "TRIGgered", "GATed", "SEQuence", "ENHanced"))
    def _set_run_mode(self, mode: str) -> None:
        self.run_mode = mode
        self._restart()

    @query("AWGControl:RMODe")
    def _run_mode(self) -> str:
        return self.run_mode

    @command("AWGControl:RUN[:IMMediate]")
    def _start(self) -> None:
        if not self.steps():
            raise ScpiError(-221, "no waveform is assigned")
        if "EXT" in (self.clock_source.get(), self.reference_source.get(1)) and not self.reference_locked:
            raise ScpiError(-221, "the clock is not locked")
        self._running = True
        self._restart()

    @command("AWGControl:STOP[:IMMediate]")
    @command("ABORt")
    def _halt(self) -> None:
        self._running = self._playing = False
        self._player = None

    @query("AWGControl:RSTate")
    def _run_state(self) -> int:
        if self._player is None:
            return STOPPED
        self._player.advance(self.clock.now_s())
        return WAITING if self._player.waiting and not self._playing else RUNNING

    @command("TRIGger[:SEQuence][:IMMediate]")
    @command("*TRG")
    def _trigger(self) -> None:
        if self._player is not None:
            self._player.trigger("A", self.clock.now_s())

    @command("EVENt[:IMMediate]")
    def _event(self) -> None:
        if self._player is not None:
            self._player.trigger("B", self.clock.now_s())

    @command("SEQuence:JUMP[:IMMediate]", Integer(1, LONGEST_SEQUENCE))
    @command("AWGControl:EVENt:SOFTware[:IMMediate]", Integer(1, LONGEST_SEQUENCE))
    def _jump(self, number: int) -> None:
        self.element(number)
        if self._player is None or self.run_mode not in ("SEQ", "ENH"):
            raise ScpiError(-221, "no sequence is running")
        self._player.jump(number - 1, self.clock.now_s())

    @query("AWGControl:SEQuencer:POSition")
    def _position(self) -> int:
        """Element that plays, counted from 1, which it also answers while stopped [?]."""
        if self._player is None:
            return 1
        self._player.advance(self.clock.now_s())
        return 1 + (self._player.index or 0)

    @query("AWGControl:SEQuencer:TYPE")
    @query("AWGControl:SEQuence:TYPE")
    def _sequencer_type(self) -> str:
        return "HARD"

    @command("AWGControl:EVENt:DJUMp:DEFine", Integer(0, 511), Integer(-1, LONGEST_SEQUENCE))
    def _define_jump(self, pattern: int, target: int) -> None:
        self._dynamic_jumps[pattern] = target

    @query("AWGControl:EVENt:DJUMp:DEFine", Integer(0, 511))
    def _defined_jump(self, pattern: int) -> int:
        return self._dynamic_jumps.get(pattern, -1)

    @command("AWGControl:EVENt:TABLe[:IMMediate]")
    def _table_event(self) -> None:
        if self.enhanced_jump_mode.get() != "TABL":
            raise ScpiError(-221, "not in table jump mode")
        self._event()

    @query("AWGControl:CONFigure:CNUMber")
    def _channel_count(self) -> int:
        return CHANNELS

    @command("AWGControl:APPLication:RUN", PATH)
    @command("AWGControl:COMPile", PATH)
    def _no_application(self, name: str) -> None:
        """Applications and the equation compiler are not simulated."""
        raise ScpiError(-241, name)

    @query("AWGControl:APPLication:STATe", PATH)
    def _application_state(self, name: str) -> int:
        return 0

    @command("CALibration[:ALL]")
    async def _calibrate(self) -> None:
        self._halt()
        await self.clock.sleep_until(self.clock.now_s() + _CALIBRATION_s)

    @query("CALibration[:ALL]")
    @query("*CAL")
    async def _calibrate_and_answer(self) -> int:
        await self._calibrate()
        return 0

    @command("DIAGnostic[:IMMediate]")
    async def _test(self) -> None:
        self._halt()
        await self.clock.sleep_until(self.clock.now_s() + _TEST_s)

    @query("DIAGnostic[:IMMediate]")
    async def _test_and_answer(self) -> int:
        await self._test()
        return 0

    @query("DIAGnostic:DATA")
    def _test_code(self) -> int:
        return 0

    def _restart(self) -> None:
        """Begin the program anew if it runs."""
        self._playing, self._player = False, None
        if self._running:
            self._player = Player(self.steps(), self.sample_rate_Hz(), self.clock.now_s())


def _make(place: Place, config: InstrumentConfig) -> TektronixAWG5014:
    return TektronixAWG5014(place.serial, place.clock)


MODEL = Model("Tektronix AWG5014", "generator", _make, scpi_server(primary="raw", block_ends_message=True))
