# SPDX-License-Identifier: Apache-2.0
"""Two end nodes and a midpoint on a virtual clock, over wires that lose, double, delay and reorder frames.

The link ports, couriers, steps and recovery are the real ones; sockets, workers and disks are played here: a
frame is a list of bytes, a journal a list of facts that outlives its node, a slot lasts 0.1 s. A node can be
killed before any of its actions. Everything follows from the seed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from random import Random

import msgspec
from virtual_clock import VirtualClock
from virtual_wires import VirtualDealer, VirtualRouter, Weather, frames_of
from virtual_workers import SLOT_S, WORK_S, Workers
from virtual_world import ENDS, World

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
from heraldlink.messages.command import Err, Finished
from heraldlink.messages.header import Body
from heraldlink.messages.link import Hello
from heraldlink.messages.values import Basis, Demand, Drive

NODES = (*ENDS, "midpoint")
TICK_S = 0.1
BASES: tuple[Basis, ...] = ("XX", "YY", "ZZ")


class Killed(Exception):
    """The node ends here, whatever it was about to do."""


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


class VirtualNetwork(VirtualClock):
    """The network, on its clock."""

    def __init__(
        self, seed: int, weather: Weather | None = None, slips: float = 0.0, reading_s: float = WORK_S
    ) -> None:
        super().__init__()
        self.choices = Random(seed)
        self.weather = weather or Weather()
        self.world = World(seed, slips)
        self.workers = Workers(self, self.world, reading_s)
        self.ended: dict[tuple[str, int], float] = {}
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
            self.workers.disarm(process.name)
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
            process.wire.arrived.append(frames_of(source, frames))
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
                self.workers.disarm(process.name)
            case _:
                raise AssertionError(action)

    def work(self, process: Process, call: Body) -> None:
        """Answer when a real worker would."""
        delay_s, answer = self.workers.take(process.name, call)

        def reply() -> None:
            body = answer()
            if body:
                self.feed(process, Answered(body))

        self.at(delay_s, lambda: self.guarded(process, reply))

    # clients

    def ask(self, node: str, number: int = 6, max_time_s: float = 60.0) -> int:
        """A client's CREATE; its create_id."""
        create_id = len(self.asked) + 1
        process = self.processes[node]
        self.asked[create_id] = (node, process.boot)
        self.numbers[create_id] = number
        wanted = Demand(number, 0.6, max_time_s, create_id, BASES, 10**6)
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
