# SPDX-License-Identifier: Apache-2.0
"""The words of an ID900: each command looked up, carried out on settings or machine, and answered.

``STATe?`` answers commands that restore the block; the form of today's firmware is in no source [?], that of
2019 to 2022 is (:mod:`id900_older`).
"""

from __future__ import annotations

from collections.abc import Callable

from heraldlink_sim.faces import id900_older as older
from heraldlink_sim.faces import id900_presets
from heraldlink_sim.faces.id900_commands import Command, known, split_message, valid_addresses
from heraldlink_sim.faces.id900_generator import Stage
from heraldlink_sim.faces.id900_machine import Machine
from heraldlink_sim.faces.id900_settings import GENERATORS, Settings
from heraldlink_sim.faces.id900_state import describe
from heraldlink_sim.faces.id900_table import Action
from heraldlink_sim.faces.id900_values import Kind, Link, ReplyError
from heraldlink_sim.quirks import Quirk

POWER_ON = "INIT"
"""Preset that is loaded at power-on and by ``*RST`` [?]: the vendor's examples count on its links."""


HEADERS_FROM_ROOT = Quirk(
    "id900-headers-from-root",
    "Takes a header that its branch does not have as one from the root, though no colon says so.",
    "two public classes IDQTimeTagger send HIST1:MIN 0; HIST1:BWID 100; no reply of a device is known",
)

MAX_REPLY = 1 << 22
"""Characters of a reply; what would follow is not carried out. The device's own limit is in no source [?]."""


def nobody() -> None:
    """Stand in until the bench listens."""


def _silent(act: Callable[[Command], None]) -> Callable[[Command], str]:
    """Return an action that answers nothing."""

    def done(command: Command) -> str:
        act(command)
        return ""

    return done


class Control:
    """What a device understands. ``idle``: word for a record that neither waits nor plays.

    ``quirks``: ids of those that it has. ``on_record_armed`` is called when a record waits for bench time.
    """

    def __init__(
        self, settings: Settings, machine: Machine, identity: str, idle: str, quirks: frozenset[str]
    ) -> None:
        self._settings, self._machine = settings, machine
        self._identity, self._idle = identity, idle
        self._is_older = older.OLDER_FIRMWARE.id in quirks
        self._from_root = HEADERS_FROM_ROOT.id in quirks
        self.on_record_armed: Callable[[], None] = nobody
        self.locked = True
        self._actions = self._table()

    def restart(self) -> None:
        """Return to power-on."""
        self._load(POWER_ON)

    def execute(self, message: str) -> str:
        """Answer one request; mistakes are answered in the reply, commands before them have acted."""
        self._machine.catch_up()
        replies: list[str] = []
        room = MAX_REPLY
        for header, argument in split_message(message, self._from_root):
            try:
                reply = self._answer(header, argument)
            except ReplyError as error:
                reply = str(error)
            if reply:
                replies.append(reply)
            if (room := room - len(reply)) < 0:
                replies.append("SCPI_ERR_REPLY_TOO_LONG")
                break
        return (";" if self._is_older else "\n").join(replies)

    def _answer(self, header: str, argument: str) -> str:
        if header.startswith("*"):
            return self._common(header.upper())
        if self._is_older:
            if (translated := older.today(header)) is None:
                return ""
            header, argument = translated, older.source(argument)
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
        if self._is_older and command.name in GENERATORS and command.key == "ENAB" and value is True:
            self._start_as_then(command)
        return self._acknowledged(command, kind.write(value))

    def _start_as_then(self, command: Command) -> None:
        """Let ENABle ON start a generator: one acquisition, endless pulses, or one for each trigger."""
        if command.name != "REC":
            linked = self._settings.text(command.name, "TRIG:LINK") is not None
            self._settings.set(command.name, "PNUM", 1 if linked else None)
            self._settings.set(command.name, "TRIG:ARM:MODE", "AUTO" if linked else "MANUAL")
        self._play(command)

    def _acknowledged(self, command: Command, written: str) -> str:
        return older.acknowledgement(command, written) if self._is_older and not command.query else ""

    def _load(self, preset: str) -> str:
        """Link what a preset links, and nothing else; INIT also undoes the settings of the inputs."""
        self._settings.reset(keep_inputs=preset != POWER_ON)
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
            "SAMP:RECA": self._recalibrate,
        }

    @property
    def _drifting(self) -> bool:
        """Whether it should follow a reference that is not there."""
        return not self.locked and self._settings.text("DEVI", "SYNC") == "EXTERNAL"

    def _recalibrate(self, _: Command) -> str:
        if self._drifting:
            return "Sampling recalibration failed"
        for name, error in self._machine.hires_errors.items():
            self._machine.hires_errors[name] = 0 if error == 1 else error
        return ""

    def _hires_error(self, command: Command) -> str:
        if not self._settings.on(command.name, "ENAB"):
            return "5"
        if self._drifting:
            self._machine.hires_errors[command.name] = 1
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
            self._machine.driven |= self.on_record_armed is not nobody
            self.on_record_armed()

    def _stage(self, command: Command) -> str:
        stage = self._machine.stage(command.name)
        if stage is Stage.STOPPED:
            return self._idle
        if stage is not Stage.ARMED and self._machine.between_slots:
            self._tell(command.name)  # a longer acquisition goes on when somebody waits for it
        return stage
