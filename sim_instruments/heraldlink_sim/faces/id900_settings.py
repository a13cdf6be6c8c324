# SPDX-License-Identifier: Apache-2.0
"""Settings of one ID900: kept per block as set over the wire, and read as signal graph or world state."""

from __future__ import annotations

from collections.abc import Mapping

from heraldlink_sim.faces.id900_commands import BLOCKS, Action, short_row
from heraldlink_sim.faces.id900_tagger import (
    CombinerSetting,
    DelaySetting,
    InputSetting,
    Operation,
    TaggerSettings,
    WindowEdge,
)
from heraldlink_sim.faces.id900_values import ReplyError, Value, short, split_number
from heraldlink_sim.world import rack

LEVEL = {"STAR": 0, "INPU": 0, "DELA": 1}
WORLD_INPUTS = {
    "STAR": rack.START,
    "INPU1": rack.IN1,
    "INPU2": rack.IN2,
    "INPU3": rack.IN3,
    "INPU4": rack.IN4,
}


def level(name: str) -> int:
    """Return the place of a block in the signal path: a link leads from a lower to a higher level."""
    letters, number = split_number(name)
    if letters == "TSCO":
        return 2 + (number - 1) // 8
    return LEVEL.get(letters, 9)


class Settings:
    """All settings by block (``INPU1``) and row (``COUN:MODE``); power-on values first."""

    def __init__(self, levels_V: Mapping[str, float]) -> None:
        self._levels_V = dict(levels_V)
        self._values: dict[tuple[str, str], Value] = {}
        self.reset()

    def reset(self) -> None:
        """Return to power-on: no input enabled, no link, no output."""
        self._values = {
            (short(block) + (str(number) if number else ""), short_row(row)): kind.default
            for block, (numbers, rows) in BLOCKS.items()
            for number in numbers
            for row, kind in rows.items()
            if not isinstance(kind, Action)
        }

    def __getitem__(self, key: tuple[str, str]) -> Value:
        return self._values[key]

    def set(self, block: str, row: str, value: Value) -> None:
        """Keep a value. Raises ReplyError for a link that the device cannot make."""
        if row.endswith("LINK") and isinstance(value, str) and level(value) >= level(block):
            raise ReplyError(f"No connection possible from {value} to {block}")
        self._values[block, row] = value
        if (block, row) in (("REC", "DUR"), ("REC", "PWID")):
            self._values["REC", "DUR"] = self._values["REC", "PWID"] = value

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
        """Bin width of the time stamps: 1 ps in HIRES, 100 ps in LOWRES."""
        return 1 if self.text("DEVI", "RES") == "HIRES" else 100

    def graph(self) -> TaggerSettings:
        """Return what shapes the signals."""
        return TaggerSettings(
            inputs={name: self._input(name) for name in WORLD_INPUTS},
            delays={f"DELA{n}": self._delay(f"DELA{n}") for n in range(1, 9)},
            combiners={f"TSCO{n}": self._combiner(f"TSCO{n}") for n in range(1, 25)},
            resolution_ps=self.resolution_ps,
        )

    def _input(self, name: str) -> InputSetting:
        threshold = self._values[name, "THRE"]
        return InputSetting(
            enabled=self.on(name, "ENAB"),
            threshold_V=float(threshold) if isinstance(threshold, int | float) else 0.0,
            rising=self.text(name, "EDGE") == "RISING",
            level_V=self._levels_V.get(name, 1.0),
        )

    def _delay(self, name: str) -> DelaySetting:
        return DelaySetting(self.text(name, "LINK"), self.number(name, "VALU"))

    def _combiner(self, name: str) -> CombinerSetting:
        return CombinerSetting(
            first=self.text(name, "FIR:LINK"),
            second=self.text(name, "SEC:LINK"),
            windowed=self.on(name, "WIND:ENAB"),
            begin=WindowEdge(self.text(name, "WIND:BEGI:LINK"), self.number(name, "WIND:BEGI:DELA")),
            end=WindowEdge(self.text(name, "WIND:END:LINK"), self.number(name, "WIND:END:DELA")),
            inside=Operation(self.text(name, "OPIN") or "MUTE"),
            outside=Operation(self.text(name, "OPOU") or "MUTE"),
        )
