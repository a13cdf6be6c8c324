# SPDX-License-Identifier: Apache-2.0
"""ID Quantique ID900 and ID1000 Time Controllers: SCPI text in, reply text out, events through a graph.

Pure: no socket; the bench delivers the pulses of each tick period. Errors are words in the reply (there is no
error queue). Replies of several queries in one message are separated by a newline, as in the vendor's
examples. The text of ``*IDN?`` is not in any public source [?] and can be set; serial numbers begin ``SIM-``.
The bin of high resolution is 1 ps (``DEVIce:RESolution:BWIDth?`` of an ID1000); that of an ID900 is in no
public source [?] and can be set.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from heraldlink_sim.clock import Clock, SteppedClock
from heraldlink_sim.errors import SimulationError
from heraldlink_sim.faces.id900_commands import split_message
from heraldlink_sim.faces.id900_control import HEADERS_FROM_ROOT, Control
from heraldlink_sim.faces.id900_generator import Stage
from heraldlink_sim.faces.id900_machine import TICK_INPUT, Machine
from heraldlink_sim.faces.id900_older import OLDER_FIRMWARE
from heraldlink_sim.faces.id900_raw import Delivery
from heraldlink_sim.faces.id900_settings import WORLD_INPUTS, Settings
from heraldlink_sim.faces.id900_state import world_state
from heraldlink_sim.faces.id900_tagger import TaggerSettings
from heraldlink_sim.quirks import Quirk
from heraldlink_sim.transport.server import Dropped
from heraldlink_sim.world.rack import TaggerState

WIRE_LOG_LENGTH = 2000
LOGGED_BYTES = 4096
"""Of each message that the wire log keeps."""
COMMAND_s = 0.001

HANGS_ON_OVERFLOW = Quirk(
    "id900-hangs-on-overflow",
    "Answers nothing more once time stamps were lost to a rate beyond 10 M/s, until it is restarted.",
    "Time Controller Series manual, page 48: may conflict in the internal logic, requiring a manual restart",
)


class IDQuantiqueID900:
    """One time controller.

    ``levels_V``: pulse height at the cable of each input (STAR, INPU1..INPU4), 1 V where not given.
    ``record_listeners`` take what the RAW blocks send. ``quirks``: ids of optional quirks. ``hires_ps``: bin
    in high resolution. ``idle``: what ``STAGe?`` says of a record that neither waits nor plays. ``startup``:
    commands that it carries out when its power comes on.
    """

    quirks: ClassVar[tuple[Quirk, ...]] = (OLDER_FIRMWARE, HEADERS_FROM_ROOT, HANGS_ON_OVERFLOW)

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
        startup: tuple[str, ...] = (),
    ) -> None:
        self.serial = serial
        self.wire_log: deque[tuple[Literal["in", "out"], bytes]] = deque(maxlen=WIRE_LOG_LENGTH)
        if unknown := set(quirks) - {quirk.id for quirk in self.quirks}:
            raise SimulationError(f"{serial}: no quirk {', '.join(sorted(unknown))}")
        self._may_hang = HANGS_ON_OVERFLOW.id in quirks
        self._clock = clock or SteppedClock()
        self._settings = Settings(levels_V or {}, hires_ps)
        self._seen: tuple[TaggerSettings, bool, bool, TaggerState] | None = None
        self._machine = Machine(self._settings, self._clock, slot_ps)
        named = identity.format(serial=serial)
        self._startup = startup
        self._control = Control(self._settings, self._machine, named, idle, frozenset(quirks))
        self.power_cycle()

    # --- the wire

    def respond(self, message: bytes) -> bytes:
        """Answer one request; raises Dropped for a device that hangs."""
        self.wire_log.append(("in", message[:LOGGED_BYTES]))
        self._clock.spend(COMMAND_s)
        reply = self.execute(message.decode("latin-1")).encode("latin-1", "replace")
        if self._may_hang and self._machine.raw.overflowed:
            raise Dropped
        self.wire_log.append(("out", reply[:LOGGED_BYTES]))
        return reply

    def execute(self, message: str) -> str:
        """Answer one request; mistakes are answered in the reply, commands before them have acted."""
        return self._control.execute(message)

    # --- the world

    @property
    def on_record_armed(self) -> Callable[[], None]:
        """Called when a record was armed, or a longer one waits for the next period."""
        return self._control.on_record_armed

    @on_record_armed.setter
    def on_record_armed(self, call: Callable[[], None]) -> None:
        self._control.on_record_armed = call

    @property
    def record_listeners(self) -> list[Callable[[Delivery], None]]:
        """Who takes what the RAW blocks send."""
        return self._machine.deliveries

    def state(self) -> TaggerState:
        """Return what arrived over the wire."""
        given = (self._settings.graph(), self._machine.generators["REC"].active, self._control.locked)
        if self._seen is None or self._seen[0] is not given[0] or self._seen[1:3] != given[1:]:
            self._seen = (*given, world_state(self._settings, *given[1:]))
        return self._seen[3]

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
        """Let the external 10 MHz be there or not.

        A device that should follow it then has high-resolution error 1 until it is there and recalibrated.
        """
        self._control.locked = locked

    def power_cycle(self) -> None:
        """Switch off and on: power-on settings, and a device that hung answers again."""
        self._control.restart()
        self._machine.raw.restart()
        for command in self._startup:
            self._control.execute(command)

    def swallow(self, message: bytes) -> bytes | None:
        """Answer the queries of a message and ignore its settings; None if it has none."""
        headers = [header for header, _ in split_message(message.decode("latin-1"))]
        queries = [header for header in headers if header.endswith("?")]
        if len(queries) == len(headers):
            return None
        return self.execute(";".join(f":{query}".replace(":*", "*") for query in queries)).encode("latin-1")
