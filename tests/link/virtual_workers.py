# SPDX-License-Identifier: Apache-2.0
"""Workers of a virtual network: what they answer and when, and what their instruments do at a tick."""

from collections.abc import Callable

from virtual_clock import VirtualClock
from virtual_world import World

from heraldlink.messages import worker as w
from heraldlink.messages.header import Body
from heraldlink.messages.values import Confusion, Parameters, Phase, Prediction, SlotCounts

PREDICTION = Prediction(5e-3, 2.5e-3, 2.5e-3, 0.8, 0.79, 0.795, 0.01, {"alice": 0.01, "bob": 0.01})
PARAMETERS = Parameters({"alice": 0.2, "bob": 0.2}, 1000, 10**10, PREDICTION, phase_ticks=3)
COUNTS = SlotCounts(1000, 3, 0, 3, 0, 1000, (10, 10))
SLOT_S = 0.1
WORK_S = 0.002
LOOK_S = 0.02
Answer = Callable[[], Body | None]


class Workers:
    """Those of all nodes.

    ``armed``: end nodes that the next tick starts; ``pulses``: when which node began to
    emit for which request; ``slots``: the slot of each burst of a request."""

    def __init__(self, clock: VirtualClock, world: World, reading_s: float) -> None:
        self._clock, self._world, self._reading_s = clock, world, reading_s
        self.slots: dict[tuple[int, int], int] = {}
        self.armed: dict[tuple[str, int], int] = {}
        self.pulses: list[tuple[float, str, int]] = []

    def take(self, node: str, call: Body) -> tuple[float, Answer]:
        """After how many seconds a real worker would answer a call, and what it answers then."""
        match call:
            case w.Count(fresh=True):
                delay_s = (self.slot() + 1) * SLOT_S - self._clock.now + 1e-6
            case w.ArmSlot():
                return self._armed(node, call)
            case w.PlaySlot():
                return self._begun(node, call)
            case w.AwaitSlot():
                delay_s = min(LOOK_S, self._over_s(self.slots[call.request, call.burst]))
            case w.ReadSlot():
                delay_s = self._reading_s
            case _:
                delay_s = WORK_S
        if isinstance(call, w.Unload):
            self.disarm(node)
        return delay_s, lambda: self.answer(node, call)

    def disarm(self, node: str) -> None:
        """No tick starts anything at a node that is made safe, or unloaded."""
        self.armed = {key: request for key, request in self.armed.items() if key[0] != node}

    def _armed(self, node: str, call: w.ArmSlot) -> tuple[float, Answer]:
        """Let the tick after the answer start the pulses of an end node, unless it is disarmed before."""
        clock = self._clock
        delay_s = max(WORK_S, (call.slot - 1) * SLOT_S - clock.now + 0.01)
        self.slots[call.request, call.burst] = call.slot
        self.armed[node, call.slot] = call.request
        tick_s = (int((clock.now + delay_s) / SLOT_S + 1e-9) + 1) * SLOT_S

        def pulse() -> None:
            if request := self.armed.pop((node, call.slot), 0):
                self.pulses.append((clock.now, node, request))

        clock.at(tick_s - clock.now, pulse)
        return delay_s, lambda: self.answer(node, call)

    def _begun(self, node: str, call: w.PlaySlot) -> tuple[float, Answer]:
        """Arm the midpoint's record, if it is the tick for it."""
        self.slots[call.request, call.burst] = call.slot
        if self.slot() != call.slot - 1:
            void = f"slot {call.slot} was to be recorded after tick {self.slot()}"
            if call.hold:
                return WORK_S, lambda: w.SlotBegun(call.request, call.burst, void)
            return WORK_S, lambda: w.SlotPlayed(call.request, call.burst, void, (), None, COUNTS, ())
        if not call.estimate:
            self._world.played.add(call.slot)
        delay_s = WORK_S if call.hold else self._over_s(call.slot) + self._reading_s
        return delay_s, lambda: self.answer(node, call)

    def _over_s(self, slot: int) -> float:
        """How long until a slot's record is over."""
        return max(WORK_S, (slot + 0.5) * SLOT_S - self._clock.now)

    def slot(self) -> int:
        """How many ticks were counted."""
        return int(self._clock.now / SLOT_S + 1e-9)

    def answer(self, node: str, call: Body) -> Body | None:
        """What a worker answers, told at the time of the answer."""
        match call:
            case w.Choose():
                return w.Chosen(call.request, PARAMETERS)
            case w.Load():
                return w.Loaded(call.request, "program")
            case w.Count():
                return w.Counted(call.request, self.slot())
            case w.ArmSlot():
                return w.SlotArmed(call.request, call.burst, self.slot())
            case w.PlaySlot() if call.hold:
                return w.SlotBegun(call.request, call.burst)
            case w.AwaitSlot():
                done = self._over_s(self.slots[call.request, call.burst]) <= WORK_S
                return w.SlotAwaited(call.request, call.burst, done)
            case w.PlaySlot() | w.ReadSlot():
                return self._played(call)
            case w.CollectSlot():
                readouts = self._world.readouts(node, call.slot)
                return w.SlotCollected(call.request, call.burst, readouts, Confusion(), 1000, ())
            case _:
                return None

    def _played(self, call: w.PlaySlot | w.ReadSlot) -> w.SlotPlayed:
        slot = self.slots[call.request, call.burst]
        heralds, doubles = self._world.heralds(slot), self._world.doubles(slot)
        phase = Phase(1e-3 * slot, 1e-3)
        return w.SlotPlayed(call.request, call.burst, "", heralds, phase, COUNTS, (), doubles=doubles)
