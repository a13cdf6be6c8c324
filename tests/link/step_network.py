# SPDX-License-Identifier: Apache-2.0
"""Two end nodes and a midpoint as pure steps, their workers' answers, and what is in flight between them."""

from dataclasses import dataclass, field
from random import Random

import msgspec

from heraldlink.link import end, midpoint
from heraldlink.link.end_state import EndState
from heraldlink.link.events import (
    Answered,
    Broken,
    Call,
    Commit,
    Event,
    Readied,
    Received,
    SafeState,
    Send,
    Tell,
)
from heraldlink.link.facts import PairFact, PendingFact
from heraldlink.link.midpoint_state import MidpointState
from heraldlink.messages import worker as w
from heraldlink.messages.command import Finished, Held, Ok
from heraldlink.messages.header import Body
from heraldlink.messages.link import Hello
from heraldlink.messages.values import (
    Confusion,
    Demand,
    Deviation,
    Drive,
    Parameters,
    Phase,
    Prediction,
    Readout,
    SlotCounts,
)

ENDS = ("alice", "bob")
PREDICTION = Prediction(5e-3, 2.5e-3, 2.5e-3, 0.8, 0.79, 0.795, 0.01, {"alice": 0.01, "bob": 0.01})
PARAMETERS = Parameters({"alice": 0.2, "bob": 0.2}, 1000, 10**10, PREDICTION, phase_ticks=2)
COUNTS = SlotCounts(1000, 3, 0, 3, 0, 1000, (10, 10))


@dataclass
class Bench:
    """What the workers of one network answer: ticks pass when the midpoint plays or one is awaited."""

    tick: int = 5
    doubt: tuple[Deviation, ...] = ()
    missing: frozenset[tuple[str, int]] = frozenset()
    shifted: dict[str, int] = field(default_factory=dict[str, int])
    heralds: dict[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    keeping: dict[tuple[str, int], int] = field(default_factory=dict)
    parameters: Parameters = PARAMETERS
    freed: dict[str, list[int]] = field(default_factory=dict)
    begun: set[int] = field(default_factory=set)
    slots: dict[int, int] = field(default_factory=dict)
    waiting: list[tuple[str, w.AwaitSlot]] = field(default_factory=list)

    def answer(self, node: str, call: Body) -> Body | None:
        match call:
            case w.Choose():
                return w.Chosen(call.request, self.parameters)
            case w.Load():
                return w.Loaded(call.request, "program")
            case w.Count():
                return w.Counted(call.request, self.tick)
            case w.FreeQubits():
                self.freed.setdefault(node, []).extend(call.qubits)
                return w.QubitsFreed()
            case w.ArmSlot():
                self.keeping[node, call.slot] = call.keep
                self.tick = max(self.tick, call.slot - 1)
                return w.SlotArmed(call.request, call.burst, self.tick)
            case w.PlaySlot():
                played = self.play(call)
                self.begun.add(call.burst)
                self.slots[call.burst] = call.slot
                return w.SlotBegun(call.request, call.burst) if call.hold else played
            case w.AwaitSlot() if call.burst in self.begun:
                return w.SlotAwaited(call.request, call.burst, True)
            case w.AwaitSlot():
                self.waiting.append((node, call))
                return None
            case w.ReadSlot():
                return self.read(call)
            case w.CollectSlot():
                return self.collect(node, call)
            case _:
                return None

    def play(self, call: w.PlaySlot) -> Body:
        self.tick = call.slot
        heralds = () if call.estimate else ((7, 1), (8, 2), (100 + call.slot, 1))
        heralds = heralds[: call.keep] if call.keep else heralds
        self.heralds[call.slot] = heralds
        return self.told(call.request, call.burst, call.slot)

    def read(self, call: w.ReadSlot) -> Body:
        return self.told(call.request, call.burst, self.slots[call.burst])

    def told(self, request: int, burst: int, slot: int) -> Body:
        phase = Phase(0.1 * slot, 1e-3)
        return w.SlotPlayed(request, burst, "", self.heralds[slot], phase, COUNTS, self.doubt)

    def over(self) -> list[tuple[str, w.AwaitSlot]]:
        """Who waited for a slot that was played by now."""
        over = [item for item in self.waiting if item[1].burst in self.begun]
        self.waiting = [item for item in self.waiting if item not in over]
        return over

    def collect(self, node: str, call: w.CollectSlot) -> Body:
        readouts = tuple(
            Readout(attempt + self.shifted.get(node, 0), 1 if node == "alice" else -1)
            for attempt, _ in self.heralds[call.slot]
            if (node, attempt) not in self.missing
        )
        if self.keeping[node, call.slot]:
            kept = tuple(readout.attempt for readout in readouts)
            return w.SlotCollected(call.request, call.burst, (), Confusion(1, 0, 0, 1), 1000, (), kept=kept)
        return w.SlotCollected(call.request, call.burst, readouts, Confusion(1, 0, 0, 1), 1000, ())


@dataclass
class Network:
    """The three step functions and everything in flight between them."""

    bench: Bench
    alice: EndState
    bob: EndState
    middle: MidpointState
    flying: list[tuple[str, Event]] = field(default_factory=list)
    journal: dict[str, list[msgspec.Struct]] = field(default_factory=dict)
    told: list[Body] = field(default_factory=list)
    parked: list[str] = field(default_factory=list)
    draining: frozenset[str] = frozenset()
    sent: list[Body] = field(default_factory=list)

    def feed(self, node: str, event: Event) -> None:
        if node == "midpoint":
            self.middle, actions = midpoint.step(self.middle, event, 0.0)
        elif node == "alice":
            self.alice, actions = end.step(self.alice, event, 0.0)
        else:
            self.bob, actions = end.step(self.bob, event, 0.0)
        for action in actions:
            self.perform(node, action)

    def perform(self, node: str, action: object) -> None:
        match action:
            case Send(target, body):
                self.sent.append(body)
                self.flying.append((target, Received(node, body)))
            case Call(w.ArmSlot(ahead=False)) if node in self.draining:
                self.flying.append((node, Broken("", f"node {node} is in DRAIN", refused=True)))
            case Call(body):
                reply = self.bench.answer(node, body)
                if reply:
                    self.flying.append((node, Answered(reply)))
                for other, waited in self.bench.over():
                    done = w.SlotAwaited(waited.request, waited.burst, True)
                    self.flying.append((other, Answered(done)))
            case Commit(entries):
                self.journal.setdefault(node, []).extend(body for _, body in entries)
            case Tell(_, _, body):
                self.tell(node, body)
            case SafeState():
                self.parked.append(node)
            case _:
                raise AssertionError(action)

    def tell(self, node: str, body: Body) -> None:
        if isinstance(body, Ok | Held):
            if body.pair.status == "PENDING":
                numbers = [fact.heralds for fact in self.journal[node] if isinstance(fact, PendingFact)]
                assert body.pair.mhp_seq in {herald.mhp_seq for heralds in numbers for herald in heralds}
                self.told.append(body)
                return
            for keeper in (node, "midpoint"):
                assert body.pair.mhp_seq in {fact.decision.mhp_seq for fact in self.pairs(keeper)}
        self.told.append(body)

    def pairs(self, node: str) -> list[PairFact]:
        return [fact for fact in self.journal.get(node, []) if isinstance(fact, PairFact)]

    def deliver_one(self, choices: Random) -> None:
        """Something of what is in flight; between two nodes messages keep their order, as couriers do."""
        if not self.flying:
            return
        node, event = self.flying[choices.randrange(min(len(self.flying), 6))]
        source = event.source if isinstance(event, Received) else None
        first = next(
            place
            for place, (target, other) in enumerate(self.flying)
            if target == node and (other.source if isinstance(other, Received) else None) == source
        )
        self.feed(*self.flying.pop(first))

    def run_in_order(self, choices: Random, limit: int = 20000) -> None:
        """Until nothing is in flight, by `deliver_one`."""
        for _ in range(limit):
            if not self.flying:
                return
            self.deliver_one(choices)
        raise AssertionError("the network does not come to rest")

    def run(self, choices: Random | None, limit: int = 4000) -> None:
        for _ in range(limit):
            if not self.flying:
                return
            index, twice = 0, False
            if choices is not None:
                index = choices.randrange(min(len(self.flying), 6))
                twice = choices.randrange(8) == 0
            node, event = self.flying[index]
            if not (twice and isinstance(event, Received)):
                del self.flying[index]
            self.feed(node, event)
        raise AssertionError("the network does not come to rest")


def network(bench: Bench | None = None) -> Network:
    def state(node: str, peer: str) -> EndState:
        return EndState(node, peer, "midpoint", ENDS, boot=1, tick_rate_Hz=10.0)

    net = Network(
        bench or Bench(), state("alice", "bob"), state("bob", "alice"), MidpointState("midpoint", ENDS)
    )
    for node in (*ENDS, "midpoint"):
        net.feed(node, Readied(True))
    for node in ENDS:
        net.feed("midpoint", Received(node, Hello(1, Drive(0.2, 0.2, 10**6))))
    return net


def demand(number: int = 8, max_time_s: float = 30.0, withhold_limit: int = 10**6) -> Demand:
    return Demand(number, 0.6, max_time_s, 3, ("XX", "YY", "ZZ"), withhold_limit)


def finished(net: Network) -> Finished:
    (only,) = [body for body in net.told if isinstance(body, Finished)]
    return only
