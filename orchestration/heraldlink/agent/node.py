# SPDX-License-Identifier: Apache-2.0
"""A node's synchronous poll loop: sockets and worker in, link steps, journal and answers out."""

import time
from collections.abc import Callable, Mapping

from heraldlink.agent.admission import ROWS, Admission
from heraldlink.agent.archive import Archive, Index, fresh
from heraldlink.agent.beside import Keeper, SidePort
from heraldlink.agent.command_port import CommandPort, Question
from heraldlink.agent.desk import Desk
from heraldlink.agent.ears import Ears, Source
from heraldlink.agent.ending import Ending
from heraldlink.agent.lease import Lease, Refused
from heraldlink.agent.link_ports import BEAT_S, CUT_S, SILENCE_S, LinkPort
from heraldlink.agent.machines import Machine
from heraldlink.agent.notices import Notices
from heraldlink.agent.orders import obey
from heraldlink.agent.outbox import Outbox
from heraldlink.agent.oversight import Oversight
from heraldlink.agent.permits import Permits
from heraldlink.agent.reading import refuse
from heraldlink.agent.reception import Reception
from heraldlink.agent.stamps import Stamps
from heraldlink.agent.storage import Storage
from heraldlink.agent.tenancy import Tenancy
from heraldlink.agent.vitals import CLOCK_STEP, Vitals, free_descriptors
from heraldlink.agent.warden import LOST_LIMIT_S, Warden
from heraldlink.agent.workers import Worker
from heraldlink.config.permits import PermitConfig
from heraldlink.errors import RequestError
from heraldlink.journal import Entry, Journal
from heraldlink.link.courier import Tally
from heraldlink.link.events import (
    Action,
    Answered,
    Broken,
    Call,
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
from heraldlink.link.facts import PAIR
from heraldlink.messages.command import (
    NodeStatus,
)
from heraldlink.messages.header import Body, Message
from heraldlink.messages.values import INTERLOCK_OPEN, Deviation, Role
from heraldlink.messages.worker import (
    ArmSlot,
    Fault,
    Load,
    PlaySlot,
    SlotCollected,
    SlotPlayed,
    Unload,
)

TICK_S = 0.05
RUNNING = "is its process running?"


class Node:
    """Everything of a node's process but its construction."""

    def __init__(
        self,
        name: str,
        boot: int,
        machine: Machine,
        command: CommandPort,
        link: LinkPort,
        journal: Journal,
        oversight: Oversight | None = None,
        isolated: frozenset[str] = frozenset(),
        permits: Mapping[str, PermitConfig] | None = None,
        index: Index | None = None,
    ) -> None:
        self.name, self.boot = name, boot
        self.machine, self._command, self._link = machine, command, link
        self.archive = Archive(journal, index)
        self.outbox = Outbox(journal, self.archive.wrote)
        self.notices = Notices(name, boot)
        self.storage = Storage(name, journal)
        self.tenancy = Tenancy(Admission(name, boot, journal.of_kinds(ROWS)), self)
        self.stamps = Stamps(self.tenancy.epoch + 1)
        self._ports: list[SidePort] = []
        self._keeper: Keeper | None = None
        self._oversight = oversight or Oversight()
        self.warden = Warden(name, self.outbox, self._oversight, self.archive.index.state, isolated)
        self.ending = Ending(self)
        self._desk: Desk | None = None
        self.reception = Reception(self)
        self.permits = Permits(self, permits or {})
        self._vitals = Vitals(free_descriptors)
        self._next_tick = self._next_beat = 0.0
        self._ears = Ears()

    def employ(self, desk: Desk) -> None:
        """Take the desk in front of the worker; its failures come back through ``broken``."""
        self._desk = desk
        self.warden.employ(desk)
        desk.fence(self.stamps.floor, time.monotonic())

    def attach(self, port: SidePort) -> None:
        """Serve another channel beside command and link."""
        self._ports.append(port)

    def keep_up(self, keeper: Keeper) -> None:
        """Take what brings missed decisions to the end nodes."""
        self._keeper = keeper

    def post(self, target: str, body: Body) -> None:
        """Send a link message once everything before it is on disk."""
        self.outbox.then(lambda: self._link.send(target, body, time.monotonic()))

    def link_tallies(self) -> dict[str, Tally]:
        """What became of link messages, by node."""
        return self._link.tallies()

    @property
    def desk(self) -> Desk:
        """The desk in front of the worker."""
        if self._desk is None:
            raise RequestError(f"node {self.name} has no worker")
        return self._desk

    def broken(self, device: str, reason: str) -> None:
        """The worker or an instrument failed."""
        self.notices.broken(device, reason)
        self.feed(Broken(device, reason))

    def opened(self, fault: str) -> None:
        """A worker has opened the instruments, or could not."""
        self.warden.opened(fault)

    def rescue(self, worker: Worker, reason: str) -> Callable[[], None]:
        """A worker is not to be used any more."""
        return self.warden.rescue(worker, reason)

    def run(self, stopping: Callable[[], int]) -> None:
        """Serve until ``stopping()`` has asked once to come to an end, or twice to do so at once."""
        while not self.ending.over(stopping()):
            self.turn()
            self.outbox.settle(time.monotonic())
            if full := self.storage.look(time.monotonic()):
                self.broken("journal", full)
            for port in self._ports:
                port.settle(time.monotonic())
            self._link.tick(time.monotonic())
        self.outbox.flush()

    def turn(self) -> None:
        """Wait for something, at most until the next tick, and react to all of it."""
        worker, descriptor = self.desk.worker, self._oversight.fileno()
        sources: list[Source] = [self._command.socket, self._link.socket]
        sources += [port.socket for port in self._ports]
        sources += [worker.fileno()] if worker else []
        sources += [descriptor] if descriptor is not None else []
        next_s = min(self._next_tick, self._link.due_s(), self.outbox.due_s())
        ready = self._ears.hear(tuple(sources), next_s - time.monotonic())
        now = time.monotonic()
        if worker and worker.fileno() in ready:
            self.desk.readable(now)
        obey(self, self._oversight)
        received = self._link.receive(now) if self._link.socket in ready else []
        for node in self._link.restarted():
            self.feed(Lost(node, f"node {node} was restarted: what it was asked is lost"))
        for source, body in received:
            if self._keeper is None or not self._keeper.take(source, body):
                self.feed(Received(source, body))
        self._command.flush()
        for question in self._command.receive() if self._command.socket in ready else ():
            self.tenancy.serve(question)
        for port in self._ports:
            if port.socket in ready:
                port.serve(now)
        if now >= self._next_tick:
            self.tick(now)

    def tick(self, now: float) -> None:
        """Heartbeat, watch the worker, notice silent nodes."""
        self._next_tick = now + TICK_S
        self._look_after_itself()
        if now >= self._next_beat:
            self._next_beat = now + BEAT_S
            self._link.beat(now)
        self.desk.watch(now)
        self.warden.tick(now)
        self.permits.tick(now)
        self.reception.tick(now)
        self.tenancy.tick(now, busy=self.machine.busy)
        if self.machine.busy:
            for node in self.machine.others:
                silence_s = self._link.silence_s(node, now)
                if silence_s > CUT_S:
                    self._link.beat(now)  # whether its connection still stands shows when something is sent
                if silence_s > SILENCE_S:
                    self.feed(Lost(node, f"node {node} does not answer: {self._link.obstacle or RUNNING}"))
        self.notices.tick(now, self.status(), self.tenancy.status(now))
        if self._keeper:
            away = self._link.silence_s(self.machine.others[0], now) > SILENCE_S
            self._keeper.tick(now, there=not away, busy=self.machine.busy)
        self.feed(Ticked())

    def _look_after_itself(self) -> None:
        """Tell what is wrong with this process; it goes on."""
        for ailment in self._vitals.look(time.monotonic(), time.time()):
            self.notices.broken(ailment.what, ailment.reason)
            if ailment.fact:
                self.outbox.append(Entry(CLOCK_STEP, ailment.fact))

    def feed(self, event: Event) -> None:
        """One step of the link layer and its actions, in order."""
        for action in self.machine.step(event, time.monotonic()):
            self.perform(action)

    def perform(self, action: Action) -> None:
        """Do what the link layer asks."""
        match action:
            case Send(target, body):
                self.post(target, body)
            case Call() as call if self.permits.keeps(call):
                pass
            case Call(body):
                self.note(body)
                stamp = self.stamps.of(body, self.tenancy.epoch)
                self.desk.call(body, self.replied, time.monotonic(), stamp)
            case Commit(entries):
                found = [Entry(kind, body) for kind, body in entries]
                self.outbox.append(*fresh(self.archive, self.outbox.coming(PAIR), found))
            case Tell(client, create_id, body):
                self.outbox.then(lambda: self.reception.tell(client, create_id, body))
            case SafeState(reason):
                self.warden.park(reason)

    def note(self, body: Body) -> None:
        """What a call to the worker means for the node's state."""
        match body:
            case Load():
                self.warden.go("loading", "a request's programs are loaded")
            case ArmSlot() | PlaySlot():
                self.warden.go("playing", "slots are played")
            case Unload():
                self.warden.go("ended", "the request has ended")
            case _:
                pass

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        return self.machine.busy

    def break_off(self, reason: str) -> None:
        """End everything now; the node is not prepared any more."""
        if self.machine.busy:
            self.feed(Broken("", reason))
        self.feed(Readied(False, reason))

    def replied(self, message: Message) -> None:
        """The worker has answered a call of the link layer."""
        match message.body:
            case Fault(refused=True) if not self.machine.busy:
                pass  # of a request that has ended
            case Fault() as fault:
                self.feed(Broken(fault.device, fault.reason, fault.refused))
            case body:
                self.feed(Answered(self.permits.flagged(body)))
                if isinstance(body, SlotPlayed | SlotCollected):
                    self.heed(body.deviations)

    def heed(self, deviations: tuple[Deviation, ...]) -> None:
        """An open interlock ends everything, and stays a fault until somebody clears it."""
        found = next((one for one in deviations if one.reason == INTERLOCK_OPEN), None)
        if found:
            reason = f"{found.device}: {found.reason}"
            self.warden.park(reason, latch=reason)
            self.broken(found.device, found.reason)

    def do(self, question: Question) -> None:
        """Do what a client may ask."""
        self.reception.do(question)

    def wind_up(self, lease: Lease, reason: str) -> None:
        """End what was asked under a lease, after the slot that is playing."""
        self.reception.wind_up(lease, reason)

    def reloaded(self, roles: Mapping[str, Role]) -> None:
        """The keys were read again: role of each name that is let in. Whose key is gone has no say here."""
        self.tenancy.reloaded(roles)
        for port in self._ports:
            port.reloaded(frozenset(roles))

    def cancel_all(self, reason: str) -> bool:
        """End what was asked here, after the slot that is playing; False if there is nothing."""
        return self.reception.cancel_all(reason)

    def say(self, question: Question, body: Body, arrays: tuple[bytes, ...] = ()) -> bool:
        """Send a message to where a question came from last; False if nobody is there any more."""
        return self._command.answer(self.tenancy.address(question).peer, question.request_id, body, arrays)

    def answer(self, question: Question, body: Body, arrays: tuple[bytes, ...] = ()) -> bool:
        """Answer a question, and keep the answer of a command; False if nobody is there any more."""
        there = self.say(question, body, arrays)
        self.tenancy.answered(question, body)
        return there

    def refuse(self, question: Question, refusal: Refused) -> None:
        """Answer that it is not done; where that is not known, with what the instruments say."""
        refuse(self, question, refusal)

    def lose(self, floor: int, reason: str) -> None:
        """Nobody commands any more: end everything, go to the safe state, void orders below ``floor``."""
        self.stamps.raise_floor(floor)
        self.desk.fence(floor, time.monotonic())
        self.feed(Readied(False, f"node {self.name}: {reason}"))
        self.warden.park(reason, limit_s=LOST_LIMIT_S)

    def status(self) -> NodeStatus:
        """What this node is doing."""
        now = time.monotonic()
        return NodeStatus(
            node=self.name,
            role=self.machine.role,
            state=self.warden.told,
            prepared=self.machine.prepared,
            boot=self.boot,
            instruments=self.desk.instruments,
            present={node: self._link.silence_s(node, now) < SILENCE_S for node in self.machine.others},
        )
