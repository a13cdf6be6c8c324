# SPDX-License-Identifier: Apache-2.0
"""ID Quantique ID900 Time Controller: SCPI text in, reply text out, records at the slot tick.

Pure: no socket and no clock; the bench delivers the pulses of each tick period. Replies of several queries
in one message are separated by a newline. ``REC:NUM`` n records n tick periods, one record in each (the
vendor asks for at least 0.2 s per sub-acquisition, so that none is shorter than a period). Counters in cycle
mode end their integration at slot ends. The text of ``*IDN?`` is not in any public source; its serial number
begins with ``SIM-``.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.errors import SimulationError
from heraldlink_sim.faces.id900_commands import BLOCKS, Action, Command, find, short_row, split_message
from heraldlink_sim.faces.id900_settings import WORLD_INPUTS, Settings
from heraldlink_sim.faces.id900_state import world_state
from heraldlink_sim.faces.id900_tagger import RawTags, SignalGraph, Times, raw_tags
from heraldlink_sim.faces.id900_values import ReplyError
from heraldlink_sim.world.rack import TaggerState

Stage = Literal["STOPPED", "ARMED", "PLAYING"]
RecordListener = Callable[[int, RawTags], None]

MAX_EVENTS_PER_SECOND = 10_000_000
WIRE_LOG_LENGTH = 2000


def _nobody() -> None:
    """Stand in until the bench listens."""


class IDQuantiqueID900:
    """One time controller.

    ``levels_V``: pulse height at the cable of each input (STAR, INPU1..INPU4), 1 V where not given.
    ``record_listeners`` are called with (RAW number, tags) at the end of each record, in order of number.
    """

    def __init__(
        self, serial: str = "SIM-0001", levels_V: Mapping[str, float] | None = None, slot_ps: int = 10**11
    ) -> None:
        self.serial = serial
        self.on_record_armed: Callable[[], None] = _nobody
        self.record_listeners: list[RecordListener] = []
        self.wire_log: deque[tuple[Literal["in", "out"], bytes]] = deque(maxlen=WIRE_LOG_LENGTH)
        self._settings = Settings(levels_V or {})
        self._stage: Stage = "STOPPED"
        self._remaining = 0.0
        self._slot_ps = slot_ps
        self._begun: int | None = None
        self._counts: dict[str, int] = {}
        self._cycles: dict[str, tuple[int, int, int]] = {}
        self._raw_errors = dict.fromkeys(range(1, 5), 0)

    # --- the wire

    def respond(self, message: bytes) -> bytes:
        """Answer one request."""
        self.wire_log.append(("in", message))
        reply = self.execute(message.decode("latin-1")).encode()
        self.wire_log.append(("out", reply))
        return reply

    def execute(self, message: str) -> str:
        """Answer one request; mistakes are answered in the reply, commands before them have acted."""
        replies: list[str] = []
        for header, argument in split_message(message):
            try:
                replies.append(self._answer(header, argument))
            except ReplyError as error:
                replies.append(str(error))
        return "\n".join(reply for reply in replies if reply)

    def _answer(self, header: str, argument: str) -> str:
        if header.upper() == "*IDN?":
            return f"IDQ,ID900,{self.serial},2.4.0"
        if header.upper() == "*RST":
            return self._reset()
        command = find(header, argument)
        if isinstance(command.kind, Action):
            return self._act(command)
        if command.query:
            return command.kind.write(self._settings[command.name, command.key])
        value = command.kind.read(argument) if argument else command.kind.default
        if command.key == "CONF:LOAD":
            return self._reset()
        self._settings.set(command.name, command.key, value)
        return f"{command.row} set to {command.kind.write(value)}" if command.key == "ENAB" else ""

    def _reset(self) -> str:
        self._settings.reset()
        self._stage = "STOPPED"
        return ""

    def _act(self, command: Command) -> str:
        actions: dict[str, Callable[[Command], str]] = {
            "COUN": lambda c: str(self.counter(c.name)),
            "COUN:RESE": self._reset_counter,
            "HIRE:ERRO": lambda c: "0" if self._settings.on(c.name, "ENAB") else "5",
            "HIRE:ERRO:CLEA": lambda _: "Cleared Highres errors",
            "STAT": self._describe,
            "PLAY": self._play,
            "STOP": self._stop,
            "STAG": lambda _: self._stage,
            "ERRO": lambda c: str(self._raw_errors[c.number]),
            "ERRO:CLEA": self._clear_raw_errors,
            "RES:BWID": lambda _: f"{self._settings.resolution_ps}",
            "SAMP:RECA": lambda _: "done",
        }
        return actions[command.key](command)

    def _describe(self, command: Command) -> str:
        rows = BLOCKS[command.block][1]
        return ";".join(
            f"{short_row(row)} {kind.write(self._settings[command.name, short_row(row)])}"
            for row, kind in rows.items()
            if not isinstance(kind, Action)
        )

    def _reset_counter(self, command: Command) -> str:
        self._counts[command.name] = 0
        self._cycles.pop(command.name, None)
        return "Counter value set to 0 "

    def _clear_raw_errors(self, command: Command) -> str:
        self._raw_errors[command.number] = 0
        return ""

    def _play(self, _: Command) -> str:
        if self._settings.on("REC", "ENAB"):
            number = self._settings["REC", "NUM"]
            self._remaining = float(number) if isinstance(number, int) else math.inf
            self._stage = "ARMED" if self._settings.text("REC", "TRIG:LINK") else "PLAYING"
            self.on_record_armed()
        return ""

    def _stop(self, _: Command) -> str:
        self._stage = "STOPPED"
        return ""

    # --- the world

    def state(self) -> TaggerState:
        """Return what arrived over the wire."""
        return world_state(self._settings, armed=self._stage != "STOPPED")

    def counter(self, block: str) -> int:
        """Return the counter of an input or combiner: since its reset, or of its last integration."""
        if self._settings.text(block, "COUN:MODE") == "ACCUMULATE":
            return self._counts.get(block, 0)
        return self._cycles.get(block, (0, 0, 0))[2]

    def begin_slot(self, slot: int) -> None:
        """Take the tick of a slot whose pulses are delivered later: it counts, and starts an armed record.

        Optional; without it :meth:`deliver` takes the tick too. A record armed after the tick waits.
        """
        self._begun = slot
        tick = np.zeros(1, np.int64)
        graph = SignalGraph(self._settings.graph(), {"INPU4": tick})
        self._count("INPU4", graph.times("INPU4"), self._slot_ps)
        link = self._settings.text("REC", "TRIG:LINK")
        if self._stage == "ARMED" and graph.times(link).size:
            self._stage = "PLAYING"

    def deliver(self, events: Mapping[str, NDArray[np.int64]], slot: int) -> None:
        """Take all pulses of one tick period, per input (START, IN1..IN4) sorted int64 ps since the tick.

        Counters advance, and a record that was armed is complete, with its tags sent, when this returns.
        Several ticks in IN4 stand for empty periods that passed. Raises SimulationError for an input
        that does not exist.
        """
        if unknown := set(events) - set(WORLD_INPUTS.values()):
            raise SimulationError(f"ID900 has no input {', '.join(sorted(unknown))}")
        pulses = {name: events[world] for name, world in WORLD_INPUTS.items() if world in events}
        graph = SignalGraph(self._settings.graph(), pulses)
        begun = self._begun == slot
        for block in (*WORLD_INPUTS, *(f"TSCO{n}" for n in range(1, 25))):
            if not (begun and block == "INPU4"):
                self._count(block, graph.times(block), self._slot_ps)
        late = begun and self._stage == "ARMED"
        self._begun = None
        if self._stage != "STOPPED" and not late:
            self._record(graph)

    def _count(self, block: str, times: Times, elapsed_ps: int) -> None:
        self._counts[block] = self._counts.get(block, 0) + times.size
        running, passed_ps, shown = self._cycles.get(block, (0, 0, 0))
        running, passed_ps = running + times.size, passed_ps + elapsed_ps
        if passed_ps >= self._settings.number(block, "COUN:INTE") * 10**9:
            running, passed_ps, shown = 0, 0, running
        self._cycles[block] = (running, passed_ps, shown)

    def _record(self, graph: SignalGraph) -> None:
        link = self._settings.text("REC", "TRIG:LINK")
        starts = graph.times(link) if link else np.zeros(1, np.int64)
        if starts.size == 0:
            return
        self._remaining -= 1
        again = self._remaining > 0 or self._settings.text("REC", "TRIG:ARM:MODE") == "AUTO"
        self._stage = ("ARMED" if link else "PLAYING") if again else "STOPPED"
        begin_ps = int(starts[0])
        self._send(graph, begin_ps, begin_ps + self._settings.number("REC", "DUR"))

    def _send(self, graph: SignalGraph, begin_ps: int, end_ps: int) -> None:
        for number in range(1, 5):
            block = f"RAW{number}"
            source = self._settings.text(block, "STOP:LINK")
            if source is None or not self._settings.on(block, "SEND"):
                continue
            reference = self._settings.text(block, "REF:LINK")
            references = graph.times(reference) if reference else None
            tags = raw_tags(graph.times(source), references, begin_ps, end_ps)
            capacity = MAX_EVENTS_PER_SECOND * (end_ps - begin_ps) // 10**12 + 1
            self._raw_errors[number] += max(0, tags.timestamps_ps.size - capacity)
            for listener in self.record_listeners:
                listener(number, tags)
