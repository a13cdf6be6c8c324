# SPDX-License-Identifier: Apache-2.0
"""Two end nodes and a midpoint on a virtual clock, over wires that lose, double, delay and reorder frames.

The link ports, couriers, steps and recovery are the real ones; sockets, workers and disks are played here: a
frame is a list of bytes, a journal a list of facts that outlives its node, a slot lasts 0.1 s. A node can be
killed before any of its actions. Everything follows from the seed.
"""

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from random import Random

import msgspec

from heraldlink.agent.link_ports import BEAT_S, SILENCE_S, EndLink, MidpointLink
from heraldlink.link import end, midpoint
from heraldlink.link.end_state import EndState
from heraldlink.link.events import (
    Answered,
    Asked,
    Call,
    Cancelled,
    Commit,
    Event,
    Lost,
    Readied,
    Received,
    SafeState,
    Send,
    Tell,
    Ticked,
)
from heraldlink.link.facts import FACTS, EndFact, PairFact
from heraldlink.link.midpoint_state import MidpointState
from heraldlink.link.recovery import recovered
from heraldlink.messages import worker as w
from heraldlink.messages.command import Err, Finished
from heraldlink.messages.header import Body
from heraldlink.messages.link import Hello
from heraldlink.messages.values import (
    Confusion,
    Demand,
    Drive,
    Parameters,
    Phase,
    Prediction,
    Readout,
    SlotCounts,
)
from heraldlink.security.sender import LOCAL
from heraldlink.transport import Received as Frames

ENDS = ("alice", "bob")
NODES = (*ENDS, "midpoint")
PREDICTION = Prediction(5e-3, 2.5e-3, 2.5e-3, 0.8, 0.79, 0.795, 0.01, {"alice": 0.01, "bob": 0.01})
PARAMETERS = Parameters({"alice": 0.2, "bob": 0.2}, 1000, 10**10, PREDICTION, phase_ticks=2)
COUNTS = SlotCounts(1000, 3, 0, 3, 0, 1000, (10, 10))
SLOT_S = 0.1
TICK_S = 0.1
WORK_S = 0.002
LOOK_S = 0.02


class Killed(Exception):
    """The node ends here, whatever it was about to do."""


@dataclass
class Weather:
    """What the wires do to a frame: probabilities, and delays in seconds."""

    loss: float = 0.0
    doubling: float = 0.0
    delay_s: tuple[float, float] = (0.0005, 0.001)

    def arrivals(self, choices: Random) -> list[float]:
        """Delays of the copies that arrive."""
        copies = 2 if choices.random() < self.doubling else 1
        return [choices.uniform(*self.delay_s) for _ in range(copies) if choices.random() >= self.loss]


@dataclass
class VirtualDealer:
    """An end node's connection to the midpoint."""

    transmit: Callable[[str, list[bytes]], None]
    socket: None = None
    arrived: list[list[bytes]] = field(default_factory=list[list[bytes]])

    def send(self, frames: Sequence[bytes], timeout_s: float = 0.0) -> bool:
        self.transmit("midpoint", list(frames))
        return True

    def receive(self, timeout_s: float = 0.0) -> list[bytes] | None:
        return self.arrived.pop(0) if self.arrived else None


@dataclass
class VirtualRouter:
    """The midpoint's connections; a peer is known by its node and life."""

    transmit: Callable[[str, list[bytes]], None]
    socket: None = None
    arrived: list[Frames] = field(default_factory=list[Frames])

    def send(self, peer: bytes, frames: Sequence[bytes]) -> bool:
        return self.offer(peer, frames) == "sent"

    def offer(self, peer: bytes, frames: Sequence[bytes]) -> str:
        self.transmit(peer.decode(), list(frames))
        return "sent"

    def receive(self) -> Frames | None:
        return self.arrived.pop(0) if self.arrived else None


@dataclass
class World:
    """What happens in the slots: which attempts are heralded, the outcomes, and how counters slip.

    Attempts are heralded close to each other, from ``first`` on, so that a slip has a chance to pass. With
    ``slips`` (a probability) a node's counter misses or adds a sync, or both, somewhere in the slot.
    """

    seed: int
    slips: float = 0.0
    first: int = 100
    played: set[int] = field(default_factory=set[int])

    def draw(self, *what: object) -> Random:
        return Random("/".join(map(str, (self.seed, *what))))

    def read_out(self, slot: int) -> list[tuple[int, int]]:
        """Attempts with clicks in a slot that was played, and what they herald: 1, 2, or 3 for both."""
        if slot not in self.played:
            return []
        draw = self.draw(slot)
        attempts = sorted(draw.sample(range(self.first, self.first + 12), draw.randrange(6)))
        return [(attempt, draw.choice((1, 1, 2, 2, 3))) for attempt in attempts]

    def label(self, node: str, slot: int, attempt: int) -> int:
        """The index that a node's own counter gives to an attempt."""
        draw = self.draw("slip", node, slot)
        if draw.random() >= self.slips:
            return attempt
        slips = draw.choice(((-1,), (1,), (-1, 1), (1, -1), (-1, -1)))
        where = sorted(draw.choices(range(self.first - 2, self.first + 12), k=len(slips)))
        return attempt + sum(shift for place, shift in zip(where, slips, strict=True) if attempt >= place)

    def heralds(self, slot: int) -> tuple[tuple[int, int], ...]:
        """As the midpoint labels them."""
        return tuple(
            (self.label("midpoint", slot, attempt), kind) for attempt, kind in self.read_out(slot) if kind < 3
        )

    def doubles(self, slot: int) -> tuple[int, ...]:
        """Attempts in which both detectors clicked, as the midpoint labels them."""
        found = self.read_out(slot)
        return tuple(self.label("midpoint", slot, attempt) for attempt, kind in found if kind == 3)

    def readouts(self, node: str, slot: int) -> tuple[Readout, ...]:
        """As an end node labels them; an attempt that was read out twice has no outcome."""
        labels = [self.label(node, slot, attempt) for attempt, _ in self.read_out(slot)]
        outcomes = [self.outcome(node, slot, attempt) for attempt, _ in self.read_out(slot)]
        return tuple(
            Readout(label, 0 if labels.count(label) > 1 else outcome)
            for label, outcome in zip(labels, outcomes, strict=True)
        )

    def truth(self, slot: int, label: int) -> set[tuple[int, int]]:
        """Outcomes of the attempts that the midpoint may have meant."""
        return {
            (self.outcome(ENDS[0], slot, attempt), self.outcome(ENDS[1], slot, attempt))
            for attempt, kind in self.read_out(slot)
            if kind < 3 and self.label("midpoint", slot, attempt) == label
        }

    def outcome(self, node: str, slot: int, attempt: int) -> int:
        """Perfectly anticorrelated, so that outcomes of different attempts do not pass for a pair."""
        first = self.draw(slot, attempt).choice((1, -1))
        return first if node == ENDS[0] else -first


@dataclass
class Process:
    """One life of a node."""

    name: str
    boot: int
    state: EndState | MidpointState
    link: EndLink | MidpointLink
    wire: VirtualDealer | VirtualRouter
    next_tick: float = 0.0
    next_beat: float = 0.0
    alive: bool = True
    woken: float = inf

    @property
    def step(self) -> Callable[..., tuple[EndState | MidpointState, tuple[object, ...]]]:
        return midpoint.step if self.name == "midpoint" else end.step  # type: ignore[return-value]

    @property
    def busy(self) -> bool:
        state = self.state
        waiting = isinstance(state, EndState) and bool(state.asking or state.queue)
        return state.active is not None or waiting


class VirtualNetwork:
    """The network; ``now`` is its clock in seconds."""

    def __init__(
        self, seed: int, weather: Weather | None = None, slips: float = 0.0, reading_s: float = WORK_S
    ) -> None:
        self.choices = Random(seed)
        self.weather = weather or Weather()
        self.world = World(seed, slips)
        self.now = 100.0
        self.reading_s = reading_s
        self.slots: dict[tuple[int, int], int] = {}
        self.armed: dict[tuple[str, int], int] = {}
        self.pulses: list[tuple[float, str, int]] = []
        self.ended: dict[tuple[str, int], float] = {}
        self.order = 0
        self.agenda: list[tuple[float, int, Callable[[], None]]] = []
        self.journals: dict[str, list[msgspec.Struct]] = {node: [] for node in NODES}
        self.numbers: dict[int, int] = {}
        self.told: list[tuple[str, int, int, Body]] = []
        self.asked: dict[int, tuple[str, int]] = {}
        self.kills: dict[str, int] = {}
        self.black: set[tuple[str, str]] = set()
        self.frames = 0
        self.lost = 0
        self.restarts = 0
        self.boots = dict.fromkeys(NODES, 0)
        self.processes: dict[str, Process] = {}
        for node in NODES:
            self.start(node)

    # the clock

    def at(self, delay_s: float, act: Callable[[], None]) -> None:
        """Do something after a delay."""
        self.order += 1
        heapq.heappush(self.agenda, (self.now + delay_s, self.order, act))

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Let time pass, up to a condition."""
        end_s = self.now + seconds
        while self.agenda and self.agenda[0][0] <= end_s:
            self.now, _, act = heapq.heappop(self.agenda)
            act()
            if until():
                return
        self.now = end_s

    # lives

    def start(self, node: str) -> None:
        """Begin a life: read the journal, join the link, be prepared by the operator a moment later."""
        self.boots[node] += 1
        boot = self.boots[node]

        def transmit(target: str, frames: list[bytes]) -> None:
            self.transmit(node, target, frames)

        if node == "midpoint":
            router = VirtualRouter(transmit)
            link: EndLink | MidpointLink = MidpointLink(router, node, ENDS, boot)  # type: ignore[arg-type]
            wire: VirtualDealer | VirtualRouter = router
            state: EndState | MidpointState = MidpointState(node, ENDS)
        else:
            peer = ENDS[1 - ENDS.index(node)]
            dealer, hello = VirtualDealer(transmit), Hello(boot, Drive(0.2, 0.2, 10**6))
            link = EndLink(dealer, node, "midpoint", peer, hello)  # type: ignore[arg-type]
            wire, state = dealer, EndState(node, peer, "midpoint", ENDS, boot, 1 / SLOT_S)
        process = Process(node, boot, state, link, wire)
        self.processes[node] = process
        self.guarded(process, lambda: self.feed(process, recovered(self.journals[node], ENDS)))
        self.at(0.01, lambda: self.tick(process))

    def kill(self, process: Process) -> None:
        """End a life at once; the next one begins a little later."""
        if process.alive:
            process.alive = False
            self.disarm(process.name)
            self.restarts += 1
            self.at(self.choices.uniform(0.01, 4.0), lambda: self.start(process.name))

    def guarded(self, process: Process, act: Callable[[], None]) -> None:
        """Do something as a process, which may be killed by it."""
        if not process.alive:
            return
        try:
            act()
            process.link.tick(self.now)
        except Killed:
            self.kill(process)
            return
        due_s = process.link.due_s()
        if due_s < min(process.woken, self.now + TICK_S):
            process.woken = due_s
            self.at(max(0.0, due_s - self.now), lambda: self.wake(process))

    def wake(self, process: Process) -> None:
        """Something is overdue."""
        process.woken = inf
        self.guarded(process, lambda: None)

    def tick(self, process: Process) -> None:
        """What a node does 10 times a second."""
        if not process.alive:
            return
        self.guarded(process, lambda: self.ticked(process))
        self.at(TICK_S, lambda: self.tick(process))

    def ticked(self, process: Process) -> None:
        link = process.link
        if self.now >= process.next_beat:
            process.next_beat = self.now + BEAT_S
            link.beat(self.now)
        if process.busy:
            for node in NODES:
                if node != process.name and link.silence_s(node, self.now) > SILENCE_S:
                    self.feed(process, Lost(node, f"node {node} does not answer"))
        elif not process.state.prepared:
            self.feed(process, Readied(True))
        self.feed(process, Ticked())

    # wires

    def transmit(self, source: str, target: str, frames: list[bytes]) -> None:
        self.frames += 1
        arrivals = self.weather.arrivals(self.choices) if (source, target) not in self.black else []
        self.lost += not arrivals
        for delay_s in arrivals:
            self.at(delay_s, lambda: self.arrive(source, target, frames))

    def arrive(self, source: str, target: str, frames: list[bytes]) -> None:
        process = self.processes[target]
        if isinstance(process.wire, VirtualRouter):
            process.wire.arrived.append(Frames(source.encode(), frames, LOCAL))
        else:
            process.wire.arrived.append(frames)
        self.guarded(process, lambda: self.read(process))

    def read(self, process: Process) -> None:
        received = process.link.receive(self.now)
        for node in process.link.restarted():
            self.feed(process, Lost(node, f"node {node} was restarted"))
        for source, body in received:
            self.feed(process, Received(source, body))

    # steps

    def feed(self, process: Process, event: Event) -> None:
        process.state, actions = process.step(process.state, event, self.now)
        for action in actions:
            if process.name in self.kills:
                self.kills[process.name] -= 1
                if self.kills[process.name] < 0:
                    del self.kills[process.name]
                    raise Killed
            self.perform(process, action)

    def perform(self, process: Process, action: object) -> None:
        match action:
            case Send(target, body):
                process.link.send(target, body, self.now)
            case Call(body):
                self.work(process, body)
            case Commit(entries):
                self.journals[process.name] += [stored(kind, body) for kind, body in entries]
                for _, fact in entries:
                    if isinstance(fact, EndFact):
                        self.ended[process.name, fact.request] = self.now
            case Tell(_, create_id, body):
                self.told.append((process.name, process.boot, create_id, body))
            case SafeState():
                self.disarm(process.name)
            case _:
                raise AssertionError(action)

    # workers

    def work(self, process: Process, call: Body) -> None:
        """Answer when a real worker would."""
        delay_s, answer = WORK_S, lambda: self.answer(process.name, call)
        match call:
            case w.Count(fresh=True):
                delay_s = (self.slot() + 1) * SLOT_S - self.now + 1e-6
            case w.ArmSlot():
                self.slots[call.request, call.burst] = call.slot
                delay_s = max(WORK_S, (call.slot - 1) * SLOT_S - self.now + 0.01)
                self.arm(process.name, call, self.now + delay_s)
            case w.PlaySlot():
                self.slots[call.request, call.burst] = call.slot
                if self.slot() != call.slot - 1:
                    void = f"slot {call.slot} was to be recorded after tick {self.slot()}"
                    late: Body = w.SlotPlayed(call.request, call.burst, void, (), None, COUNTS, ())
                    if call.hold:
                        late = w.SlotBegun(call.request, call.burst, void)
                    answer = lambda: late  # noqa: E731
                else:
                    if not call.estimate:
                        self.world.played.add(call.slot)
                    if not call.hold:
                        delay_s = self.over_s(call.slot) + self.reading_s
            case w.AwaitSlot():
                delay_s = min(LOOK_S, self.over_s(self.slots[call.request, call.burst]))
            case w.ReadSlot():
                delay_s = self.reading_s
            case w.Unload():
                self.disarm(process.name)
            case _:
                pass

        def reply() -> None:
            body = answer()
            if body:
                self.feed(process, Answered(body))

        self.at(delay_s, lambda: self.guarded(process, reply))

    def over_s(self, slot: int) -> float:
        """How long until a slot's record is over."""
        return max(WORK_S, (slot + 0.5) * SLOT_S - self.now)

    def arm(self, node: str, call: w.ArmSlot, when_s: float) -> None:
        """Let the next tick after that time start the pulses of an end node, unless it is disarmed before."""
        self.armed[node, call.slot] = call.request
        tick_s = (int(when_s / SLOT_S + 1e-9) + 1) * SLOT_S

        def pulse() -> None:
            if request := self.armed.pop((node, call.slot), 0):
                self.pulses.append((self.now, node, request))

        self.at(tick_s - self.now, pulse)

    def disarm(self, node: str) -> None:
        """No tick starts anything at a node that is made safe, or unloaded."""
        self.armed = {key: request for key, request in self.armed.items() if key[0] != node}

    def slot(self) -> int:
        return int(self.now / SLOT_S + 1e-9)

    def answer(self, node: str, call: Body) -> Body | None:
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
                done = self.over_s(self.slots[call.request, call.burst]) <= WORK_S
                return w.SlotAwaited(call.request, call.burst, done)
            case w.PlaySlot() | w.ReadSlot():
                slot = self.slots[call.request, call.burst]
                heralds, doubles = self.world.heralds(slot), self.world.doubles(slot)
                phase = Phase(0.1, 1e-3)
                return w.SlotPlayed(call.request, call.burst, "", heralds, phase, COUNTS, (), doubles=doubles)
            case w.CollectSlot():
                readouts = self.world.readouts(node, call.slot)
                return w.SlotCollected(call.request, call.burst, readouts, Confusion(), 1000, ())
            case _:
                return None

    # clients

    def ask(self, node: str, number: int = 6, max_time_s: float = 60.0) -> int:
        """A client's CREATE; its create_id."""
        create_id = len(self.asked) + 1
        process = self.processes[node]
        self.asked[create_id] = (node, process.boot)
        self.numbers[create_id] = number
        wanted = Demand(number, 0.6, max_time_s, create_id, ("XX", "YY", "ZZ"), 10**6)
        peer = ENDS[1 - ENDS.index(node)]
        asked = Asked("client", create_id, peer, wanted, 1000 + create_id)
        self.guarded(process, lambda: self.feed(process, asked))
        return create_id

    def cancel(self, create_id: int) -> None:
        """The client wants its request to end."""
        process = self.processes[self.asked[create_id][0]]
        event = Cancelled("client", create_id, "cancelled by the client")
        self.guarded(process, lambda: self.feed(process, event))

    def ends_of(self, create_id: int) -> list[Body]:
        """What a client was told at the end of its request."""
        return [
            body for _, _, one, body in self.told if one == create_id and isinstance(body, Err | Finished)
        ]

    def pairs(self, node: str) -> list[PairFact]:
        return [fact for fact in self.journals[node] if isinstance(fact, PairFact)]


def stored(kind: str, body: msgspec.Struct) -> msgspec.Struct:
    """A fact as it comes back from a disk."""
    if kind not in FACTS:
        return body
    return msgspec.msgpack.decode(msgspec.msgpack.encode(body), type=FACTS[kind])
