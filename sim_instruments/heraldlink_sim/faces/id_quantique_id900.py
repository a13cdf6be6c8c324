# SPDX-License-Identifier: Apache-2.0
"""ID Quantique ID900 and ID1000 Time Controllers: SCPI text in, reply text out, events through a graph.

Pure: no socket; the bench delivers the pulses of each tick period. Errors are words in the reply (there is no
error queue). Replies of several queries in one message are separated by a newline, as in the vendor's
examples. The text of ``*IDN?`` is not in any public source [?] and can be set; serial numbers begin ``SIM-``.
The bin of high resolution is 1 ps (``DEVIce:RESolution:BWIDth?`` of an ID1000); that of an ID900 is in no
public source [?] and can be set. ``STATe?`` answers commands that restore the block; the form of today's
firmware is in no source [?], that of 2019 to 2022 is (:mod:`id900_older`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.clock import Clock, SteppedClock
from heraldlink_sim.errors import SimulationError
from heraldlink_sim.faces import id900_older as older
from heraldlink_sim.faces import id900_presets
from heraldlink_sim.faces.id900_commands import Command, known, split_message, valid_addresses
from heraldlink_sim.faces.id900_generator import Stage
from heraldlink_sim.faces.id900_machine import TICK_INPUT, Machine
from heraldlink_sim.faces.id900_raw import Delivery
from heraldlink_sim.faces.id900_settings import WORLD_INPUTS, Settings
from heraldlink_sim.faces.id900_state import describe, world_state
from heraldlink_sim.faces.id900_table import Action
from heraldlink_sim.faces.id900_values import Kind, Link, ReplyError
from heraldlink_sim.quirks import Quirk
from heraldlink_sim.transport.server import Dropped
from heraldlink_sim.world.rack import TaggerState

WIRE_LOG_LENGTH = 2000
COMMAND_s = 0.001
POWER_ON = "INIT"
"""Preset that is loaded at power-on and by ``*RST`` [?]: the vendor's examples count on its links."""

HANGS_ON_OVERFLOW = Quirk(
    "id900-hangs-on-overflow",
    "Answers nothing more once time stamps were lost to a rate beyond 10 M/s, until it is restarted.",
    "Time Controller Series manual, page 48: may conflict in the internal logic, requiring a manual restart",
)


def _nobody() -> None:
    """Stand in until the bench listens."""


def _silent(act: Callable[[Command], None]) -> Callable[[Command], str]:
    """Return an action that answers nothing."""

    def done(command: Command) -> str:
        act(command)
        return ""

    return done


class IDQuantiqueID900:
    """One time controller.

    ``levels_V``: pulse height at the cable of each input (STAR, INPU1..INPU4), 1 V where not given.
    ``record_listeners`` take what the RAW blocks send. ``quirks``: ids of optional quirks. ``hires_ps``: bin
    in high resolution. ``idle``: what ``STAGe?`` says of a record that neither waits nor plays.
    """

    quirks: ClassVar[tuple[Quirk, ...]] = (older.OLDER_FIRMWARE, HANGS_ON_OVERFLOW)

    def __init__(
        self,
        serial: str = "SIM-0001",
        levels_V: Mapping[str, float] | None = None,
        slot_ps: int = 10**11,
        clock: Clock | None = None,
        *,
        identity: str = "IDQ,ID900,{serial},2.4.0",
        hires_ps: int = 1,
        quirks: tuple[str, ...] = (),
        idle: str = Stage.STOPPED,
    ) -> None:
        self.serial, self._identity, self._idle = serial, identity.format(serial=serial), idle
        self.on_record_armed: Callable[[], None] = _nobody
        self.wire_log: deque[tuple[Literal["in", "out"], bytes]] = deque(maxlen=WIRE_LOG_LENGTH)
        if unknown := set(quirks) - {quirk.id for quirk in self.quirks}:
            raise SimulationError(f"{serial}: no quirk {', '.join(sorted(unknown))}")
        self._is_older = older.OLDER_FIRMWARE.id in quirks
        self._may_hang = HANGS_ON_OVERFLOW.id in quirks
        self._clock = clock or SteppedClock()
        self._settings = Settings(levels_V or {}, hires_ps)
        self._machine = Machine(self._settings, self._clock, slot_ps)
        self._locked = True
        self._actions = self._table()
        self._load(POWER_ON)

    # --- the wire

    def respond(self, message: bytes) -> bytes:
        """Answer one request; raises Dropped for a device that hangs."""
        self.wire_log.append(("in", message))
        self._clock.spend(COMMAND_s)
        reply = self.execute(message.decode("latin-1")).encode("latin-1", "replace")
        if self._may_hang and self._machine.raw.overflowed:
            raise Dropped
        self.wire_log.append(("out", reply))
        return reply

    def execute(self, message: str) -> str:
        """Answer one request; mistakes are answered in the reply, commands before them have acted."""
        self._machine.catch_up()
        replies: list[str] = []
        for header, argument in split_message(message):
            try:
                reply = self._answer(header, argument)
            except ReplyError as error:
                reply = str(error)
            if reply:
                replies.append(reply)
        return (";" if self._is_older else "\n").join(replies)

    def _answer(self, header: str, argument: str) -> str:
        if header.startswith("*"):
            return self._common(header.upper())
        if self._is_older:
            header, argument = older.today(header), older.source(argument)
        if header.upper() in ("STAT?", "STATE?"):
            return describe(self._settings)
        command = known(header)
        kind = command.kind
        if isinstance(kind, Action):
            return self._actions[command.key](command) or self._acknowledged(command, "")
        if command.key.endswith(":ADDR"):
            return valid_addresses(command)
        if command.query:
            return self._written(command, kind)
        return self._set(command, kind, argument)

    def _common(self, header: str) -> str:
        if header == "*IDN?":
            return self._identity
        if header == "*RST":
            return self._load(POWER_ON)
        raise ReplyError("SCPI_ERR_INVALID_CMD")

    def _written(self, command: Command, kind: Kind) -> str:
        written = kind.write(self._settings[command.name, command.key])
        return older.source_then(written) if self._is_older and isinstance(kind, Link) else written

    def _set(self, command: Command, kind: Kind, argument: str) -> str:
        value = kind.read(argument) if argument else kind.default
        if command.key == "CONF:LOAD":
            return self._load(str(value))
        before = self._settings[command.name, command.key]
        self._settings.set(command.name, command.key, value)
        if value != before:
            self._machine.changed(command.name, command.key)
        self._machine.rearm(command.name)
        if self._is_older and (command.name, command.key, value) == ("REC", "ENAB", True):
            self._play(command)  # the older firmware knows no other way to start
        return self._acknowledged(command, kind.write(value))

    def _acknowledged(self, command: Command, written: str) -> str:
        return older.acknowledgement(command, written) if self._is_older and not command.query else ""

    def _load(self, preset: str) -> str:
        """Return to power-on values and link what a preset links."""
        self._settings.reset()
        self._machine.reset()
        for line in id900_presets.commands(preset):
            for header, argument in split_message(line):
                self._settings.load(known(header), argument)
        return ""

    def _table(self) -> dict[str, Callable[[Command], str]]:
        machine = self._machine
        return {
            "COUN": lambda c: str(machine.count(c.name)),
            "COUN:RESE": _silent(lambda c: machine.reset_counter(c.name)),
            "HIRE:ERRO": self._hires_error,
            "HIRE:ERRO:CLEA": _silent(lambda c: machine.hires_errors.update({c.name: 0})),
            "STAT": self._state,
            "PLAY": self._play,
            "STOP": _silent(lambda c: machine.stop(c.name)),
            "TRIG:ARM": self._arm,
            "TRIG:DARM": _silent(lambda c: machine.stop(c.name)),
            "STAG": self._stage,
            "DATA": lambda c: str(machine.histograms[c.number].counts.tolist()),
            "FLUS": _silent(lambda c: machine.flush(c.number)),
            "ERRO": lambda c: str(machine.raw.errors[c.number]),
            "ERRO:CLEA": _silent(lambda c: machine.raw.errors.update({c.number: 0})),
            "RES:BWID": lambda _: str(self._settings.resolution_ps),
            "SAMP:RECA": lambda _: "" if self._locked else "Sampling recalibration failed",
        }

    def _hires_error(self, command: Command) -> str:
        if not self._settings.on(command.name, "ENAB"):
            return "5"
        return str(self._machine.hires_errors[command.name])

    def _state(self, command: Command) -> str:
        if self._is_older:
            rows = self._settings.written(command.name)
            if text := older.state(command.name, rows.__getitem__):
                return text
        return describe(self._settings, command.name)

    def _play(self, command: Command) -> str:
        if self._settings.on(command.name, "ENAB"):
            self._machine.play(command.name)
            self._tell(command.name)
        return ""

    def _arm(self, command: Command) -> str:
        if self._settings.on(command.name, "ENAB") and self._settings.text(command.name, "TRIG:LINK"):
            self._machine.arm(command.name)
            self._tell(command.name)
        return ""

    def _tell(self, name: str) -> None:
        """Tell the bench that a record waits for time to pass."""
        if name == "REC":
            self._machine.driven |= self.on_record_armed is not _nobody
            self.on_record_armed()

    def _stage(self, command: Command) -> str:
        stage = self._machine.stage(command.name)
        if stage is Stage.STOPPED:
            return self._idle
        if stage is not Stage.ARMED and self._machine.between_slots:
            self._tell(command.name)  # a longer acquisition goes on when somebody waits for it
        return stage

    # --- the world

    @property
    def record_listeners(self) -> list[Callable[[Delivery], None]]:
        """Who takes what the RAW blocks send."""
        return self._machine.deliveries

    def state(self) -> TaggerState:
        """Return what arrived over the wire."""
        return world_state(self._settings, self._machine.generators["REC"].active, self._locked)

    def counter(self, block: str) -> int:
        """Return the counter of an input or combiner: since its reset, or of its last integration."""
        return self._machine.count(block)

    def begin_slot(self, slot: int) -> None:
        """Take the tick of a slot whose pulses are delivered later: it counts, and starts an armed record.

        Optional; without it :meth:`deliver` takes the tick too. A record armed after the tick waits.
        """
        self._machine.begin_slot()

    def deliver(self, events: Mapping[str, NDArray[np.int64]], slot: int) -> None:
        """Take all pulses of one tick period, per input (START, IN1..IN4) sorted int64 ps since the tick.

        Periods follow each other without a gap. Counters and histograms advance, and a record that ends
        within the period is complete, with its tags sent, when this returns. Several ticks in IN4 stand for
        empty periods that passed. Raises SimulationError for an input that does not exist.
        """
        if unknown := set(events) - set(WORLD_INPUTS.values()):
            raise SimulationError(f"ID900 has no input {', '.join(sorted(unknown))}")
        pulses = {name: events[world] for name, world in WORLD_INPUTS.items() if world in events}
        ticks = pulses.get(TICK_INPUT, np.empty(0, np.int64))
        self._machine.deliver(pulses, int(ticks.size) if ticks.size > 1 and not ticks.any() else 1)

    # --- faults

    def set_locked(self, locked: bool) -> None:
        """Let the external 10 MHz be there or not; without it recalibration fails."""
        self._locked = locked

    def restart(self) -> None:
        """Switch off and on: power-on settings, and a device that hung answers again."""
        self._load(POWER_ON)
        self._machine.raw.restart()
