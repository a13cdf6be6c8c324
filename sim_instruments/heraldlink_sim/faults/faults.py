# SPDX-License-Identifier: Apache-2.0
"""All faults of a bench: injected, listed with what they did, and healed."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Protocol

from heraldlink_sim.errors import FaultError
from heraldlink_sim.faults.kinds import EVENTS, STATES, FaultConfig
from heraldlink_sim.faults.line import Line, line_of
from heraldlink_sim.faults.sense import enter, refusal, storm
from heraldlink_sim.faults.strikes import Injected
from heraldlink_sim.transport.server import Device, Listener

_log = logging.getLogger(__name__)
_SHOWN_BYTES = 60
_LOG_LENGTH = 1000
_WIRE_LENGTH = 50_000


class Named(Protocol):
    """What faults must know of an instrument of a bench."""

    @property
    def face(self) -> Device:
        """The instrument itself."""
        ...

    @property
    def serial(self) -> str:
        """Its serial number."""
        ...

    @property
    def about(self) -> str:
        """Its model and what it is for, for sentences."""
        ...

    @property
    def answers_itself(self) -> bool:
        """Whether it is simulated, not replayed or somewhere else."""
        ...


@dataclass(frozen=True, slots=True)
class Strike:
    """One injection: bench time, instrument, kind, and the message it struck (empty for states)."""

    time_s: float
    instrument: str
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Passed:
    """One message as it reached an instrument's port; ``clock_s`` is the machine's monotonic clock."""

    clock_s: float
    instrument: str
    message: str


@dataclass(slots=True)
class _Place:
    line: Line
    about: str
    answers_itself: bool
    listeners: list[Listener] = field(default_factory=list[Listener])


class Faults:
    """The faults of several instruments by name. ``now_s``: bench time."""

    def __init__(self, instruments: Mapping[str, Named], now_s: Callable[[], float]) -> None:
        self.now_s = now_s
        self._numbers = count(1)
        self.log: deque[Strike] = deque(maxlen=_LOG_LENGTH)
        self.wire: deque[Passed] = deque(maxlen=_WIRE_LENGTH)
        """What reached the instruments since ``watch``; nothing before."""
        self.settings: deque[Passed] = deque(maxlen=_WIRE_LENGTH)
        """What told any instrument to do something: every message that does not begin with a query."""
        self._watched: set[str] = set()
        self.injected: list[Injected] = []
        self._places: dict[str, _Place] = {}
        for name, item in instruments.items():
            line = line_of(item.face, now_s, self._note, item.serial)
            line.on_look = self.look
            line.on_power_cycle = partial(self._power_cycle, name)
            line.on_message = partial(self._pass, name)
            self._places[name] = _Place(line, item.about, item.answers_itself)

    def line(self, instrument: str) -> Line:
        """The line to serve an instrument through."""
        return self._place(instrument).line

    def attach(self, instrument: str, listeners: Sequence[Listener]) -> None:
        """Tell on which servers an instrument listens."""
        self._place(instrument).listeners += listeners
        for fault in self.injected:
            if fault.holds and (fault.instrument, fault.config.kind) == (instrument, "refuse"):
                self._enter(fault, True)

    def watch(self, instruments: Sequence[str]) -> None:
        """Log from now on what reaches these instruments, and forget what was logged."""
        for name in instruments:
            self._place(name)
        self._watched.update(instruments)
        self.wire.clear()

    @property
    def settings_since_s(self) -> float:
        """From when on ``settings`` holds everything."""
        return self.settings[0].clock_s if len(self.settings) == _WIRE_LENGTH else 0.0

    def device(self, instrument: str) -> Device:
        """The instrument behind its line: its front panel, which faults of the wire do not touch."""
        return self._place(instrument).line.device

    def add(self, instrument: str, config: FaultConfig) -> Injected:
        """Inject a fault. Raises FaultError if it makes no sense for the instrument, or there is none."""
        place = self._place(instrument)
        if not place.answers_itself:
            raise FaultError(f"{instrument} is not simulated: nothing lies between it and its clients")
        if why := refusal(config.kind, place.line.device):
            raise FaultError(f"{instrument} is a {place.about}: {why}")
        fault = Injected(next(self._numbers), instrument, config)
        self.injected.append(fault)
        place.line.faults.append(fault)
        self.look()
        return fault

    def heal(self, instrument: str | None = None) -> list[Injected]:
        """End the faults of one instrument, or all; return them."""
        if instrument is not None:
            self._place(instrument)
        healed = [fault for fault in self.injected if instrument in (None, fault.instrument)]
        for fault in healed:
            self._end(fault)
        return healed

    def look(self) -> None:
        """Let states and events begin and end whose time has come."""
        now_s = self.now_s()
        for fault in list(self.injected):
            if fault.over(now_s):
                self._end(fault)
            elif fault.due(now_s):
                self._begin(fault)

    def listing(self) -> list[dict[str, object]]:
        """All living faults, ready for JSON."""
        self.look()
        return [
            {
                "number": fault.number,
                "instrument": fault.instrument,
                "kind": fault.config.kind,
                "options": fault.config.settings,
                "strikes": fault.hits,
            }
            for fault in self.injected
        ]

    # --- beginnings and ends

    def _begin(self, fault: Injected) -> None:
        kind, place = fault.config.kind, self._places[fault.instrument]
        if kind in STATES and not fault.holds:
            fault.holds = True
            fault.hits += 1
            self._note(fault, b"")
            self._enter(fault, True)
        elif kind in EVENTS and fault.config.match is None and not fault.hits:
            fault.hits += 1
            self._note(fault, b"")
            self._end(fault)
            if kind == "reset":
                self._power_cycle(fault.instrument)
            else:
                storm(place.line.device)

    def _end(self, fault: Injected) -> None:
        fault.lifted.set()
        if fault in self.injected:
            self.injected.remove(fault)
            self._places[fault.instrument].line.faults.remove(fault)
        if fault.holds:
            fault.holds = False
            self._enter(fault, self._still_holds(fault))

    def _still_holds(self, ended: Injected) -> bool:
        """Whether another fault of the same kind keeps the instrument in the state."""
        return any(
            other.holds and (other.instrument, other.config.kind) == (ended.instrument, ended.config.kind)
            for other in self.injected
        )

    def _enter(self, fault: Injected, present: bool) -> None:
        place = self._places[fault.instrument]
        if fault.config.kind == "refuse":
            for listener in place.listeners:
                listener.refuse(present)
        else:
            enter(fault.config.kind, place.line.device, present)

    def _power_cycle(self, instrument: str) -> None:
        place = self._places[instrument]
        enter("reset", place.line.device, True)
        refused = any(
            f.holds and f.config.kind == "refuse" for f in self.injected if f.instrument == instrument
        )
        for listener in place.listeners:
            listener.refuse(True)
            listener.refuse(refused)

    def _note(self, fault: Injected, message: bytes) -> None:
        text = message[:_SHOWN_BYTES].decode("latin-1").strip()
        self.log.append(Strike(self.now_s(), fault.instrument, fault.config.kind, text))
        _log.info("%s: fault %s at %.6f s %r", fault.instrument, fault.config.kind, self.now_s(), text)

    def _pass(self, instrument: str, message: bytes) -> None:
        shown = message[:_SHOWN_BYTES]
        query, watched = b"?" in shown.lstrip().partition(b" ")[0], instrument in self._watched
        if query and not watched:
            return
        passed = Passed(time.monotonic(), instrument, shown.decode("latin-1").strip())
        if not query:
            self.settings.append(passed)
        if watched:
            self.wire.append(passed)

    def _place(self, instrument: str) -> _Place:
        if (place := self._places.get(instrument)) is None:
            known = ", ".join(sorted(self._places))
            raise FaultError(f"there is no instrument {instrument!r} on this bench; there are: {known}")
        return place
