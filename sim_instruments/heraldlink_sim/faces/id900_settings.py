# SPDX-License-Identifier: Apache-2.0
"""Settings of one ID900: kept per block as set over the wire, and read as the parts of its signal graph."""

from __future__ import annotations

from collections.abc import Mapping

from heraldlink_sim.faces.id900_commands import Command
from heraldlink_sim.faces.id900_generator import PulseSetting
from heraldlink_sim.faces.id900_links import can_link
from heraldlink_sim.faces.id900_names import short, short_row
from heraldlink_sim.faces.id900_related import Relation
from heraldlink_sim.faces.id900_table import BLOCKS, Action
from heraldlink_sim.faces.id900_tagger import (
    CombinerSetting,
    DelaySetting,
    InputSetting,
    Operation,
    TaggerSettings,
    WindowEdge,
)
from heraldlink_sim.faces.id900_values import Kind, Link, ReplyError, Value
from heraldlink_sim.world import rack

WORLD_INPUTS = {
    "STAR": rack.START,
    "INPU1": rack.IN1,
    "INPU2": rack.IN2,
    "INPU3": rack.IN3,
    "INPU4": rack.IN4,
}
GENERATORS = (*(f"GEN{n}" for n in range(1, 9)), "REC")
FIRST_DELAYS = tuple(f"DELA{n}" for n in range(1, 6))
LOWRES_ps = 100
LOOP_LEVELS_V = {"NIM": -0.8, "TTL": 2.5}
"""Height of an output's pulse at the input that takes it (SELEct OUTPut) into 50 ohm [?]."""

_TWINS = {"DUR": "PWID", "PWID": "DUR", "NUM": "PNUM", "PNUM": "NUM"}
"""Rows of RECord that are one setting: a record is a generator whose pulse is the acquisition."""


def _rows() -> dict[tuple[str, str], Kind]:
    return {
        (short(block) + (str(number) if number else ""), short_row(row)): kind
        for block, (numbers, rows) in BLOCKS.items()
        for number in numbers
        for row, kind in rows.items()
        if not isinstance(kind, Action)
    }


def _of_inputs(block: str, row: str) -> bool:
    return block in WORLD_INPUTS or block == "DEVI" or (block in FIRST_DELAYS and row == "VALU")


class Settings:
    """All settings by block (``INPU1``) and row (``COUN:MODE``); power-on values first.

    ``hires_ps``: bin width in high resolution.
    """

    def __init__(self, levels_V: Mapping[str, float], hires_ps: int = 1) -> None:
        self._levels_V = dict(levels_V)
        self._hires_ps = hires_ps
        self._rows = _rows()
        self._values: dict[tuple[str, str], Value] = {}
        self._graph: TaggerSettings | None = None
        self._relations: dict[str, Relation] = {}
        self.reset()

    def reset(self, *, keep_inputs: bool = False) -> None:
        """Return to power-on: no input enabled, no link, no output.

        ``keep_inputs``: but for the inputs, their first delays, and what belongs to the whole device.
        """
        kept = {row: value for row, value in self._values.items() if keep_inputs and _of_inputs(*row)}
        self._values = {row: kind.default for row, kind in self._rows.items()} | kept
        self._changed()

    def __getitem__(self, key: tuple[str, str]) -> Value:
        return self._values[key]

    def set(self, block: str, row: str, value: Value) -> None:
        """Keep a value. Raises ReplyError for a link that the device cannot make."""
        kind = self._rows[block, row]
        if isinstance(kind, Link) and isinstance(value, str) and not can_link(value, block, kind.purpose):
            raise ReplyError(f"No connection possible from {value} to {block}")
        if (old := self._values[block, row]) == value and type(old) is type(value):
            return
        self._values[block, row] = value
        if block == "REC" and row in _TWINS:
            self._values[block, _TWINS[row]] = value
        self._changed()

    def _changed(self) -> None:
        """Forget what was derived from the values."""
        self._graph = None
        self._relations.clear()

    def load(self, command: Command, argument: str) -> None:
        """Set what a command says; raises ReplyError."""
        self.set(command.name, command.key, self._rows[command.name, command.key].read(argument))

    def written(self, block: str) -> dict[str, str]:
        """Return all rows of a block as the device writes them."""
        return {
            row: kind.write(self._values[name, row])
            for (name, row), kind in self._rows.items()
            if name == block and row != "CONF:LOAD"
        }

    @property
    def blocks(self) -> tuple[str, ...]:
        """Return all blocks, in the order of the table."""
        return tuple(dict.fromkeys(name for name, _ in self._rows))

    def text(self, block: str, row: str) -> str | None:
        """Return a word or a link."""
        value = self._values[block, row]
        return value if isinstance(value, str) else None

    def number(self, block: str, row: str) -> int:
        """Return a time in ps or a count."""
        value = self._values[block, row]
        return int(value) if isinstance(value, int | float) else 0

    def on(self, block: str, row: str) -> bool:
        """Return a switch."""
        return self._values[block, row] is True

    @property
    def resolution_ps(self) -> int:
        """Bin width of the time stamps: that of HIRES, or 100 ps in LOWRES."""
        return self._hires_ps if self.text("DEVI", "RES") == "HIRES" else LOWRES_ps

    def relation(self, block: str) -> Relation:
        """Return what a HISTogram or RAW block relates to what."""
        if block not in self._relations:
            self._relations[block] = Relation(
                stop=self.text(block, "STOP:LINK"),
                stop_edge=self.text(block, "STOP:FILT") or "RISING",
                reference=self.text(block, "REF:LINK"),
                reference_edge=self.text(block, "REF:FILT") or "RISING",
                gate=self.text(block, "ENAB:LINK"),
            )
        return self._relations[block]

    def pulses(self, block: str) -> PulseSetting:
        """Return what a generator, or the record, plays."""
        number = self._values[block, "PNUM"]
        return PulseSetting(
            period_ps=self.number(block, "PPER"),
            width_ps=self.number(block, "PWID"),
            number=number if isinstance(number, int) else None,
            trigger=self.text(block, "TRIG:LINK"),
            delay_ps=self.number(block, "TRIG:DELA"),
            automatic=self.text(block, "TRIG:ARM:MODE") == "AUTO",
        )

    def graph(self) -> TaggerSettings:
        """Return what shapes the signals."""
        if self._graph is None:
            self._graph = TaggerSettings(
                inputs={name: self._input(name) for name in WORLD_INPUTS},
                delays={f"DELA{n}": self._delay(f"DELA{n}") for n in range(1, 9)},
                combiners={f"TSCO{n}": self._combiner(f"TSCO{n}") for n in range(1, 25)},
                generators={name: self.pulses(name) for name in GENERATORS},
                resolution_ps=self.resolution_ps,
            )
        return self._graph

    def _input(self, name: str) -> InputSetting:
        threshold = self._values[name, "THRE"]
        selected = self.text(name, "SELE")
        number = name.removeprefix("INPU")
        looped = f"OUTP{number}" if selected == "OUTPUT" and number.isdecimal() else None
        level_V = self._levels_V.get(name, 1.0)
        if looped is not None:
            level_V = LOOP_LEVELS_V[self.text(looped, "MODE") or "NIM"]
        return InputSetting(
            enabled=self.on(name, "ENAB"),
            threshold_V=float(threshold) if isinstance(threshold, int | float) else 0.0,
            rising=self.text(name, "EDGE") == "RISING",
            level_V=level_V,
            outside=selected in ("UNSHAPED", "SHAPED"),
            looped=self._output_source(looped) if looped else None,
            loop_delay_ps=self.number(looped, "DELA") if looped else 0,
        )

    def _output_source(self, output: str) -> str | None:
        return self.text(output, "LINK") if self.on(output, "ENAB") else None

    def _delay(self, name: str) -> DelaySetting:
        return DelaySetting(self.text(name, "LINK"), self.number(name, "VALU"))

    def _combiner(self, name: str) -> CombinerSetting:
        return CombinerSetting(
            first=self.text(name, "FIR:LINK"),
            second=self.text(name, "SEC:LINK"),
            windowed=self.on(name, "WIND:ENAB"),
            begin=self._edge(name, "BEGI"),
            end=self._edge(name, "END"),
            inside=Operation(self.text(name, "OPIN") or "MUTE"),
            outside=Operation(self.text(name, "OPOU") or "MUTE"),
        )

    def _edge(self, name: str, side: str) -> WindowEdge:
        return WindowEdge(
            self.text(name, f"WIND:{side}:LINK"),
            self.number(name, f"WIND:{side}:DELA"),
            self.text(name, f"WIND:{side}:EDGE") == "RISING",
        )
