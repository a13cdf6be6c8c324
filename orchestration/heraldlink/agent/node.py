# SPDX-License-Identifier: Apache-2.0
"""A node's synchronous poll loop: sockets and worker in, link steps, journal and answers out."""

import time
from collections.abc import Callable

from heraldlink.agent.admission import Admission
from heraldlink.agent.archive import Archive
from heraldlink.agent.beside import Keeper, SidePort
from heraldlink.agent.command_port import CommandPort, Question
from heraldlink.agent.desk import Desk
from heraldlink.agent.ears import Ears, Source
from heraldlink.agent.ending import Ending
from heraldlink.agent.lease import Lease, Refused
from heraldlink.agent.link_ports import BEAT_S, SILENCE_S, LinkPort
from heraldlink.agent.machines import Machine
from heraldlink.agent.notices import Notices
from heraldlink.agent.orders import obey
from heraldlink.agent.outbox import Outbox
from heraldlink.agent.oversight import Oversight
from heraldlink.agent.reading import read, refuse
from heraldlink.agent.requests import demand_of
from heraldlink.agent.stamps import Stamps
from heraldlink.agent.storage import Storage
from heraldlink.agent.tenancy import Tenancy
from heraldlink.agent.warden import Warden
from heraldlink.agent.workers import Worker
from heraldlink.errors import RequestError
from heraldlink.journal import Entry, Journal
from heraldlink.link.courier import Tally
from heraldlink.link.events import (
    Action,
    Answered,
    Asked,
    Broken,
    Call,
    Cancelled,
    Commit,
    Event,
    Lost,
    Opened,
    Readied,
    Received,
    SafeState,
    Send,
    Tell,
    Ticked,
)
from heraldlink.messages.command import (
    Cancel,
    Create,
    Created,
    Done,
    Err,
    FetchTags,
    Finished,
    GetStatus,
    NodeStatus,
    Park,
    Ping,
    Pong,
    Prepare,
    Receive,
    StopReceive,
    Tags,
)
from heraldlink.messages.event import GetSnapshot
from heraldlink.messages.header import Body, Message, new_id
from heraldlink.messages.lease import ReadParameter
from heraldlink.messages.values import INTERLOCK_OPEN, CommandCode, Deviation, ErrorCode
from heraldlink.messages.worker import (
    ArmSlot,
    Fault,
    Load,
    Notes,
    PlaySlot,
    PrepareAll,
    ReadTags,
    SlotCollected,
    SlotPlayed,
    TagArrays,
    Unload,
)

TICK_S = 0.05
RUNNING = "is its process running?"
PATIENCE_S = 2.0


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
    ) -> None:
        self.name, self.boot = name, boot
        self._machine, self._command, self._link = machine, command, link
        self.archive = Archive(journal)
        self.outbox = Outbox(journal, self.archive.wrote)
        self.notices = Notices(name, boot)
        self._storage = Storage(name, journal)
        self.tenancy = Tenancy(Admission(name, boot, journal.rows()), self)
        self._stamps = Stamps(self.tenancy.epoch + 1)
        self._ports: list[SidePort] = []
        self._keeper: Keeper | None = None
        self._oversight = oversight or Oversight()
        self.warden = Warden(name, self.outbox, self._oversight, journal.rows(), isolated)
        self.ending = Ending(self)
        self._requests: dict[tuple[str, int], Question] = {}
        self._desk: Desk | None = None
        self._deferred: list[tuple[Question, float]] = []
        self._next_tick = self._next_beat = 0.0
        self._ears = Ears()

    def employ(self, desk: Desk) -> None:
        """Take the desk in front of the worker; its failures come back through ``broken``."""
        self._desk = desk
        self.warden.employ(desk)
        desk.fence(self._stamps.floor, time.monotonic())

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
            self.outbox.flush()
            if full := self._storage.look(time.monotonic()):
                self.broken("journal", full)
            for port in self._ports:
                port.settle(time.monotonic())
            self._link.tick(time.monotonic())

    def turn(self) -> None:
        """Wait for something, at most until the next tick, and react to all of it."""
        worker, descriptor = self.desk.worker, self._oversight.fileno()
        sources: list[Source] = [self._command.socket, self._link.socket]
        sources += [port.socket for port in self._ports]
        sources += [worker.fileno()] if worker else []
        sources += [descriptor] if descriptor is not None else []
        next_s = min(self._next_tick, self._link.due_s())
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
        if now >= self._next_beat:
            self._next_beat = now + BEAT_S
            self._link.beat(now)
        self.desk.watch(now)
        self.warden.tick(now)
        self.bring_deferred(now)
        self.tenancy.tick(now, busy=self._machine.busy)
        if self._machine.busy:
            for node in self._machine.others:
                silence_s = self._link.silence_s(node, now)
                if silence_s > SILENCE_S:
                    self.feed(Lost(node, f"node {node} does not answer: {self._link.obstacle or RUNNING}"))
        self.notices.tick(now, self.status(), self.tenancy.status(now))
        if self._keeper:
            away = self._link.silence_s(self._machine.others[0], now) > SILENCE_S
            self._keeper.tick(now, idle=not (away or self._machine.busy))
        self.feed(Ticked())

    def feed(self, event: Event) -> None:
        """One step of the link layer and its actions, in order."""
        for action in self._machine.step(event, time.monotonic()):
            self.perform(action)

    def perform(self, action: Action) -> None:
        """Do what the link layer asks."""
        match action:
            case Send(target, body):
                self.post(target, body)
            case Call(body):
                self.note(body)
                stamp = self._stamps.of(body, self.tenancy.epoch)
                self.desk.call(body, self.replied, time.monotonic(), stamp)
            case Commit(entries):
                fresh = [Entry(kind, body) for kind, body in entries if not self.archive.holds(body)]
                self.outbox.append(*fresh)
            case Tell(client, create_id, body):
                self.outbox.then(lambda: self.tell(client, create_id, body))
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
        return self._machine.busy

    def cancel_all(self, reason: str) -> bool:
        """End what was asked here, after the slot that is playing; False if there is nothing."""
        asked = list(self._requests)
        for client, create_id in asked:
            self.feed(Cancelled(client, create_id, reason))
        return bool(asked)

    def break_off(self, reason: str) -> None:
        """End everything now; the node is not prepared any more."""
        if self._machine.busy:
            self.feed(Broken("", reason))
        self.feed(Readied(False, reason))

    def replied(self, message: Message) -> None:
        """The worker has answered a call of the link layer."""
        match message.body:
            case Fault() as fault:
                self.feed(Broken(fault.device, fault.reason))
            case body:
                self.feed(Answered(body))
                if isinstance(body, SlotPlayed | SlotCollected):
                    self.heed(body.deviations)

    def heed(self, deviations: tuple[Deviation, ...]) -> None:
        """An open interlock ends everything, and stays a fault until somebody clears it."""
        found = next((one for one in deviations if one.reason == INTERLOCK_OPEN), None)
        if found:
            reason = f"{found.device}: {found.reason}"
            self.warden.park(reason, latch=reason)
            self.broken(found.device, found.reason)

    def tell(self, client: str, create_id: int, body: Body) -> None:
        """Tell a client about its request; one that is gone has its request cancelled."""
        question = self._requests.get((client, create_id))
        self.notices.told(client, create_id, body, question.trace if question else "")
        if question is None:
            return
        there = (self.answer if isinstance(body, Created | Finished | Err) else self.say)(question, body)
        if isinstance(body, Finished | Err):
            self._requests.pop((client, create_id), None)
        elif not there:
            self.feed(Cancelled(client, create_id, "its client has gone"))
            self._requests.pop((client, create_id), None)
            self.tenancy.gone(question)

    def do(self, question: Question) -> None:
        """Do what a client may ask."""
        match question.body:
            case Ping():
                self.answer(question, Pong(self.name, self.boot, time.monotonic_ns()))
            case GetStatus():
                self.answer(question, self.status())
            case GetSnapshot():
                self.answer(question, self.notices.snapshot())
            case Prepare() | Create() if self._storage.refusal:
                self.answer(question, Err("NORES", self._storage.refusal, self.name, "journal"))
            case Prepare() | Park():
                self.bring(question)
            case Create() as body:
                self.create(question, body)
            case Cancel() as body:
                self.feed(Cancelled(question.client, body.create_id, "cancelled by the client"))
                self.answer(question, Done({}))
            case Receive() | StopReceive() as body:
                self.open(question, body)
            case FetchTags() as body:
                self.hand_over(question, body)
            case ReadParameter() as body:
                read(self, question, body)
            case _:
                self.answer(question, Err("REJECTED", "this message is not for a node", self.name))

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

    def wind_up(self, lease: Lease, reason: str) -> None:
        """End what was asked under a lease, after the slot that is playing."""
        for (client, create_id), question in list(self._requests.items()):
            if self.tenancy.under(lease, question):
                self.feed(Cancelled(client, create_id, reason))

    def lose(self, floor: int, reason: str) -> None:
        """Nobody commands any more: end everything, go to the safe state, void orders below ``floor``."""
        self._stamps.raise_floor(floor)
        self.desk.fence(floor, time.monotonic())
        self.feed(Readied(False, f"node {self.name}: {reason}"))
        self.perform(SafeState(reason))

    def status(self) -> NodeStatus:
        """What this node is doing."""
        now = time.monotonic()
        return NodeStatus(
            node=self.name,
            role=self._machine.role,
            state=self.warden.told,
            prepared=self._machine.prepared,
            boot=self.boot,
            instruments=self.desk.instruments,
            present={node: self._link.silence_s(node, now) < SILENCE_S for node in self._machine.others},
        )

    def bring(self, question: Question) -> None:
        """Prepare or park."""
        if isinstance(question.body, Park):
            self.park(question)
        elif self._machine.busy:
            self._deferred.append((question, time.monotonic() + PATIENCE_S))
        else:
            self.prepare(question)

    def park(self, question: Question) -> None:
        """Bring every instrument to its safe state; FAULT names what did not obey."""
        self.feed(Readied(False))

        def parked(ok: bool, how: str, notes: dict[str, str]) -> None:
            left = next((name for name, note in notes.items() if note.startswith("NOT")), "")
            reason = notes.get(left, self.warden.reason)
            self.answer(question, Done(notes) if ok else Err("OTHER", reason, self.name, left))

        self.warden.park("parked by a client", then=parked)

    def prepare(self, question: Question) -> None:
        """Apply the operating point; a node is prepared only when every setting was verified."""
        try:
            self.warden.check_serving()
        except RequestError as error:
            self.answer(question, Err("NORES", str(error), self.name))
            return
        self.feed(Readied(False))

        def done(message: Message) -> None:
            match message.body:
                case Notes(ok=True, notes=notes):
                    self.warden.go("prepared", "the operating point was applied and read back")
                    self.feed(Readied(True))
                    self.answer(question, Done(notes))
                case Notes(notes=notes):
                    device, note = next(iter(notes.items()))
                    self.answer(question, Err("OTHER", note, self.name, device))
                case Fault() as fault:
                    self.feed(Broken(fault.device, fault.reason))
                    self.answer(question, Err(code_of(fault), fault.reason, self.name, fault.device))
                case _:
                    pass

        call = PrepareAll()
        stamp = question.lease or self._stamps.of(call, self.tenancy.epoch)
        self.desk.call(call, done, time.monotonic(), stamp)

    def bring_deferred(self, now: float) -> None:
        """Prepare that came while a request was still ending."""
        deferred, self._deferred = self._deferred, []
        for question, deadline in deferred:
            if not self._machine.busy:
                self.bring(question)
            elif now > deadline:
                self.answer(question, Err("NORES", f"node {self.name} is serving a request", self.name))
            else:
                self._deferred.append((question, deadline))

    def create(self, question: Question, body: Create) -> None:
        """A CREATE: check it and hand it to the link layer."""
        try:
            demand = demand_of(body)
        except RequestError as error:
            self.answer(question, Err("CREATE", str(error), self.name))
            return
        if self._machine.role == "midpoint":
            reason = f"node {self.name} is a midpoint and holds no qubit: ask an end node"
            self.answer(question, Err("CREATE", reason, self.name))
            return
        try:
            self.warden.check_serving()
        except RequestError as error:
            self.answer(question, Err("NORES", str(error), self.name))
            return
        self._requests[question.client, body.create_id] = question
        request = new_id()
        self._stamps.admit(request, question.lease)
        self.feed(Asked(question.client, body.create_id, body.remote, demand, request))

    def open(self, question: Question, body: Receive | StopReceive) -> None:
        """RECEIVE and STOP_RECEIVE: from which peer requests are taken for a purpose."""
        peers = [node for node in self._machine.others if self._machine.role == "end"][1:]
        if body.remote not in peers:
            reason = f"node {self.name} has no link to {body.remote!r}"
            self.answer(question, Err("CREATE", reason, self.name))
            return
        opened = isinstance(body, Receive)
        self.feed(Opened(body.purpose_id, opened))
        self.answer(
            question, Done({body.remote: f"purpose {body.purpose_id} is {'open' if opened else 'closed'}"})
        )

    def hand_over(self, question: Question, body: FetchTags) -> None:
        """Recorded tags of a request."""

        def done(message: Message) -> None:
            match message.body:
                case TagArrays() as found:
                    tags = Tags(self.name, found.streams, found.describe)
                    self.answer(question, tags, message.arrays)
                case Fault() as fault:
                    self.answer(question, Err("NORES", fault.reason, self.name, fault.device))
                case _:
                    pass

        self.desk.call(ReadTags(body.request), done, time.monotonic())


def code_of(fault: Fault) -> ErrorCode | CommandCode:
    """The code of a preparation that failed."""
    if fault.limited:
        return "LIMIT"
    return "REJECTED" if fault.misconfigured else "OTHER"
