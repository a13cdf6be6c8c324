# SPDX-License-Identifier: Apache-2.0
"""The values of a Bluefors cryostat by their dotted paths, as its control software names them.

Paths as users of the interface quote them (``mapper.bf.temperatures.tmixing``, ``mapper.bf.pressures.p1``,
``mapper.bf.valves.v1``, ``mapper.bf.pumps.scroll1``, ``mapper.bf.heaters.hs-still`` [?], ``mapper.bf.flow``).
Values are texts. One that is written is QUEUED until the hardware has it, then SYNCHRONIZED.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

FLOAT, INTEGER, ENUMERATION = "Value.Number.Float", "Value.Number.Integer", "Value.Number.Integer.Enumeration"
BF = "mapper.bf"
SENSORS: Mapping[str, int] = {"t50k": 1, "t4k": 2, "tmagnet": 3, "tstill": 5, "tmixing": 6}
"""Channel numbers of the thermometers."""
STAGES_K: Mapping[int, float] = {1: 45.0, 2: 3.1, 3: 3.2, 5: 0.85, 6: 0.012}
SYNCHRONIZES_AFTER_S = 0.2
PERIOD_S = 1.0
MAXIMUM_AGE_S = 60.0
ZERO_C_K = 273.15
SYNCHRONIZED, QUEUED, INDEPENDENT = "SYNCHRONIZED", "QUEUED", "INDEPENDENT"


@dataclass(slots=True)
class Value:
    """One value. ``measure``: where it comes from if it is measured; otherwise it is what was written."""

    path: str
    kind: str
    text: str = "0"
    measure: Callable[[], float] | None = None
    writable: bool = False
    low: float = 0.0
    high: float = 1.0
    written_s: float = 0.0
    before: str = "0"
    held_s: float | None = None
    held: str = field(default="0")

    def latest(self, now_s: float) -> dict[str, object]:
        """The latest value with its time (ms since 1970 by ``now_s``), status and age."""
        if self.measure is not None:
            taken_s = now_s // PERIOD_S * PERIOD_S if self.held_s is None else self.held_s
            text = repr(float(self.measure())) if self.held_s is None else self.held
            return _entry(text, taken_s, SYNCHRONIZED, now_s - taken_s > MAXIMUM_AGE_S)
        done = now_s - self.written_s >= SYNCHRONIZES_AFTER_S
        return _entry(self.text, self.written_s, SYNCHRONIZED if done else QUEUED, False)

    def latest_valid(self, now_s: float) -> dict[str, object]:
        """The latest value that the hardware has."""
        if self.measure is None and now_s - self.written_s < SYNCHRONIZES_AFTER_S:
            return _entry(self.before, self.written_s, SYNCHRONIZED, False)
        return self.latest(now_s)

    def write(self, text: str, now_s: float) -> None:
        """Take a new value. Raises ValueError for one that is no number or out of range."""
        number = float(text)
        if not self.low <= number <= self.high:
            raise ValueError(f"{text} is not in {self.low:g}..{self.high:g}")
        self.before, self.text, self.written_s = self.text, text, now_s

    def hold(self, now_s: float) -> None:
        """Stop measuring: the value that there is grows old."""
        if self.measure is not None:
            self.held, self.held_s = repr(float(self.measure())), now_s

    def node(self, now_s: float) -> dict[str, object]:
        """The value as the interface shows it."""
        content: dict[str, object] = {
            "latest_value": self.latest(now_s),
            "latest_valid_value": self.latest_valid(now_s),
            "maximum_age": round(MAXIMUM_AGE_S * 1e3),
            "read_only": not self.writable,
        }
        return {"name": self.path, "type": self.kind, "content": content}


def _entry(text: str, taken_s: float, status: str, outdated: bool) -> dict[str, object]:
    return {
        "value": text,
        "date": round(taken_s * 1e3),
        "status": status,
        "outdated": outdated,
        "exception": "",
    }


def values(temperature_K: Callable[[int], float]) -> dict[str, Value]:
    """All values of a cold cryostat, by path."""
    made = [_sensor(f"{BF}.temperatures.{name}", partial(temperature_K, n)) for name, n in SENSORS.items()]
    for number, bar in enumerate((4e-9, 0.35, 0.9, 0.4, 0.1, 1.0), 1):
        made.append(_sensor(f"{BF}.pressures.p{number}", partial(float, bar)))
    made.append(_sensor(f"{BF}.flow", lambda: 0.55e-3))
    made += [Value(f"{BF}.valves.v{number}", ENUMERATION, writable=True) for number in range(1, 24)]
    made += [
        Value(f"{BF}.pumps.{pump}", ENUMERATION, "1", writable=True)
        for pump in ("scroll1", "scroll2", "turbo1", "compressor", "pulsetube")
    ]
    made += [
        Value(f"{BF}.heaters.{heater}{what}", kind, writable=True, high=high)
        for heater in ("hs-still", "hs-mc", "ext")
        for what, kind, high in (("", ENUMERATION, 1.0), ("_power", FLOAT, 0.1))
    ]
    return {value.path: value for value in made}


def _sensor(path: str, measure: Callable[[], float]) -> Value:
    return Value(path, FLOAT, measure=measure)
