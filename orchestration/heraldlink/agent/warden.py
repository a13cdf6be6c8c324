# SPDX-License-Identifier: Apache-2.0
"""Keeps a node's state, and is the one way to its safe state.

First the worker's drivers are asked. If they do not begin, do not end in time or an instrument does not obey,
the supervisor is asked for help: it kills the worker and does it raw. What is not known to be safe then is a
FAULT, which stays, over restarts too, until somebody clears it.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from heraldlink.agent.desk import Desk
from heraldlink.agent.outbox import Outbox
from heraldlink.agent.oversight import Oversight
from heraldlink.agent.states import STATE, Cause, State, StateFact, follow, refuse_unless_serving
from heraldlink.agent.workers import Worker
from heraldlink.journal import Entry
from heraldlink.messages.header import Body, Message
from heraldlink.messages.oversight import Help, Helped
from heraldlink.messages.worker import ArmSlot, Load, Notes, ParkAll, PlaySlot, PrepareAll

Then = Callable[[bool, str, dict[str, str]], None]
"""Called with (ok, "drivers" or "raw", what became of each instrument)."""

PLAYING = (State.IDLE, State.ARMED, State.RUNNING)
"""States in which instruments may be loaded, armed and played."""

PATIENCE_S = 2.5
"""For the worker to finish what it does and to park, before it is killed."""

AT_ONCE_S = 0.1
"""The same for an emergency stop, to begin with it."""

PARK_LIMIT_S = 2.5
"""For the drivers to park everything once they have begun; an emergency stop gives them STOP_LIMIT_S."""

STOP_LIMIT_S = 0.5

LOST_LIMIT_S = 0.6
"""For the drivers to begin and end, when nobody commands any more: what is left of the second after a lease's
expiry is for the supervisor, which does it raw."""

STOP_S = 0.2
"""For a worker without supervisor to park and end by itself, before it is terminated."""


@dataclass
class Parking:
    """On the way to the safe state."""

    reason: str
    begin_by: float
    end_by: float = math.inf
    latch: str = ""
    then: list[Then] = field(default_factory=list[Then])
    notes: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def limit_s(self) -> float:
        """For the drivers to park everything once they have begun."""
        return STOP_LIMIT_S if self.latch else PARK_LIMIT_S


class Warden:
    """State and safe state of one node. ``isolated``: instruments that have a process each."""

    def __init__(
        self,
        node: str,
        outbox: Outbox,
        oversight: Oversight,
        last: StateFact | None = None,
        isolated: frozenset[str] = frozenset(),
    ) -> None:
        self._node, self._outbox, self._oversight, self._isolated = node, outbox, oversight, isolated
        self._desk: Desk | None = None
        self._parking: Parking | None = None
        self._helping = 0
        self._number = 0
        self.parks = 0
        """How often the node was brought to its safe state; what was begun before is void."""
        self.state, self.reason = State.BOOT, ""
        self._latched = latched(last)

    def employ(self, desk: Desk) -> None:
        """Take the desk in front of the worker, and keep orders from it that the state forbids."""
        self._desk = desk
        desk.guard(self.refusal)

    # --- states

    def go(self, cause: Cause, reason: str) -> None:
        """Change the state, if the cause changes it; every change is journalled."""
        before, self.state = self.state, follow(self.state, cause)
        if self.state is before:
            return
        self.reason = reason
        self._outbox.append(Entry(STATE, StateFact(self.state.value, before.value, cause, reason)))
        if self.state in (State.FAULT, State.SUSPENDED):
            self._outbox.hurry()  # whoever starts the node again has to know
        self._beat()

    @property
    def told(self) -> str:
        """The state for people, with its reason where it takes nothing because of it."""
        unusual = self.state in (State.FAULT, State.SUSPENDED, State.MAINT)
        return f"{self.state} ({self.reason})" if unusual else self.state.value

    def check_serving(self) -> None:
        """Raise RequestError, with the remedy, if the node takes nothing new at present."""
        refuse_unless_serving(self._node, self.state, self.reason)

    def refusal(self, body: Body) -> str:
        """Why a call must not reach the instruments now; empty if it may."""
        stopped = self._parking is not None and bool(self._parking.latch)
        if isinstance(body, PrepareAll) and (stopped or self.state in (State.FAULT, State.DRAIN)):
            return f"node {self._node} is in {self.told}: nothing is prepared"
        if isinstance(body, ArmSlot) and body.ahead and self.state is State.DRAIN and not self._parking:
            return ""  # agreed on before: the slot being played is read only when all have armed this one
        if isinstance(body, Load | ArmSlot | PlaySlot) and self.state not in PLAYING:
            return f"node {self._node} is in {self.told}: nothing is armed or played"
        return ""

    # --- the safe state

    def park(
        self,
        reason: str,
        *,
        then: Then | None = None,
        patience_s: float = PATIENCE_S,
        limit_s: float = math.inf,
        latch: str = "",
        void: bool = True,
    ) -> None:
        """Bring every instrument to its safe state, then call ``then``; ``latch``: stay in FAULT after it.

        Drivers that have not begun after ``patience_s`` are not waited for; nor are those that have not ended
        after ``limit_s``, where a supervisor does it quicker.

        With ``void``, orders that were given before and have not ended are not carried out any more.
        """
        now = time.monotonic()
        under_way, parking = self._parking, self._parking or Parking(reason, now + patience_s)
        parking.begin_by = min(parking.begin_by, now + patience_s)
        if self._oversight.there:
            parking.end_by = min(parking.end_by, now + limit_s)
        parking.latch = parking.latch or latch
        if then:
            parking.then.append(then)
        if under_way is None:
            self._parking = parking
            self.go("parking", reason)
            self._ask_drivers(reason)
        if void:
            self.parks += 1
            if self._desk:
                self._desk.void_orders(f"node {self._node} is brought to its safe state: {reason}")

    def _ask_drivers(self, reason: str) -> None:
        desk = self._desk
        if self._helping:
            return
        opening = desk is not None and not desk.opened and self._oversight.there
        if desk is None or desk.worker is None or opening:
            self._ask_for_help((), (), reason)
        else:
            desk.call_first(ParkAll(), self._parked, time.monotonic())

    def _parked(self, message: Message) -> None:
        parking = self._parking
        if parking is None:
            return
        if not isinstance(message.body, Notes):
            self._dismiss(f"its instrument worker could not park: {message.body}")
            return
        parking.notes |= message.body.notes
        left = tuple(name for name, note in message.body.notes.items() if note.startswith("NOT"))
        if message.body.ok:
            self._finish(True, "drivers")
        elif self._isolated.issuperset(left):
            self._ask_for_help((), left, "; ".join(parking.notes[name] for name in left))
        else:
            self._dismiss("; ".join(parking.notes[name] for name in left))

    def _dismiss(self, reason: str) -> None:
        if self._desk:
            self._desk.dismiss(reason, time.monotonic())

    def rescue(self, worker: Worker, reason: str) -> Callable[[], None]:
        """The worker hangs or is gone: kill it, have the instruments made safe, hire another.

        What is returned is to be called once everybody was told.
        """
        self.parks += 1
        if self._parking is None:
            self._parking = Parking(reason, math.inf)
            self.go("parking", reason)
        if self._oversight.there:
            self._ask_for_help((worker.abandon(),), (), reason)
            return lambda: None
        worker.stop(STOP_S)
        return lambda: self._replace_worker(reason)

    def _replace_worker(self, reason: str) -> None:
        """Without a supervisor: a new worker's drivers do it."""
        desk = self._desk
        if desk is None:
            return
        if self._parking:
            # it opens its instruments first, for which the desk has a limit
            self._parking.begin_by = self._parking.end_by = math.inf
        if desk.hire(time.monotonic()):
            desk.call_first(ParkAll(), self._parked, time.monotonic())
        else:
            self._finish(False, "drivers", f"{reason}; it was replaced too often")

    def _ask_for_help(self, processes: tuple[int, ...], devices: tuple[str, ...], reason: str) -> None:
        if not self._oversight.there:
            self._finish(False, "drivers", reason)
        elif not self._helping or processes:
            self._number += 1
            self._helping = self._number
            self._oversight.say(Help(self._number, processes, devices, reason))

    def helped(self, word: Helped) -> None:
        """The supervisor has made instruments safe, or not."""
        if word.number != self._helping or self._parking is None:
            return
        self._helping = 0
        self._parking.notes |= word.outcomes
        desk, reason = self._desk, self._parking.reason
        left = "; ".join(f"{name}: {note}" for name, note in word.outcomes.items() if "NOT" in note)
        if desk and desk.worker is None and not desk.hire(time.monotonic()):
            self._finish(False, "raw", f"{reason}; the worker was replaced too often")
        else:
            self._finish(word.ok, "raw", left or reason)

    def helper_lost(self) -> None:
        """The supervisor has died; what it was asked to do is done here, by a new worker if there is none."""
        desk, parking = self._desk, self._parking
        if not self._helping or parking is None or desk is None:
            return
        self._helping = 0
        if desk.worker is None:
            self._replace_worker(parking.reason)
        else:
            desk.call_first(ParkAll(), self._parked, time.monotonic())

    def _finish(self, ok: bool, how: str, reason: str = "") -> None:
        parking, self._parking = self._parking, None
        self._helping = 0
        if parking is None:
            return
        latch = parking.latch or self._latched
        if not ok:
            self.go("unsafe", reason or parking.reason)
        elif latch:
            self.go("stopped", latch)
        else:
            self.go("secured", parking.reason)
        self._latched = ""
        for then in parking.then:
            then(ok, how, parking.notes)

    # --- the worker

    def opened(self, fault: str) -> None:
        """A worker has opened its instruments, or (``fault``) could not."""
        if fault:
            self._parking = self._parking or Parking(fault, math.inf)
            self.go("parking", fault)
            self._ask_for_help((), (), fault)
            self.go("unsafe", fault)
        elif self.state is State.BOOT:
            self.go("opened", "the instruments are open")
            self.park("start", void=False)  # who asks for a prepare while a node starts means afterwards

    def clear(self, reason: str, then: Then) -> None:
        """End FAULT: make every instrument safe again; FAULT stays if that fails."""
        desk = self._desk
        self._latched = ""
        self.go("cleared", reason)
        if desk:
            desk.forgive()
            if desk.worker is None or desk.fault:
                desk.replace(time.monotonic())
        self.park(reason, then=then, patience_s=desk.start_limit_s if desk else PATIENCE_S)

    # --- time

    def tick(self, now: float) -> None:
        """Sign of life, and an end to waiting for drivers that do not begin or do not end."""
        self._beat()
        parking, desk = self._parking, self._desk
        if parking is None or desk is None or desk.worker is None or self._helping:
            return
        begun = desk.since(ParkAll)
        # without a supervisor only drivers can park, and a worker dismissed for opening them never will
        waits = desk.opening and not self._oversight.there
        if begun is None and desk.opened and not waits and now > min(parking.begin_by, parking.end_by):
            self._dismiss(f"its instrument worker did not turn to the safe state in time ({parking.reason})")
        elif begun is not None and now > min(begun + parking.limit_s, parking.end_by):
            self._dismiss("its instrument worker did not finish parking")

    def _beat(self) -> None:
        self._oversight.beat(self.state.value, self.reason, time.monotonic())


def latched(last: StateFact | None) -> str:
    """Why the node was in FAULT by its journal's last change of state; empty if it was not."""
    return last.reason or "unknown" if last and last.state == State.FAULT else ""
