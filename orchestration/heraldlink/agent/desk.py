# SPDX-License-Identifier: Apache-2.0
"""Calls to the worker: one at a time, in order, each with a time limit; a worker that fails is replaced."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from heraldlink.agent.pipe import Closed
from heraldlink.agent.workers import Worker
from heraldlink.errors import ConfigurationError
from heraldlink.messages.header import VERSION, Body, Header, Message, kind_of
from heraldlink.messages.worker import (
    ArmSlot,
    AwaitSlot,
    CollectSlot,
    Count,
    Fault,
    Fence,
    Load,
    ParkAll,
    PlaySlot,
    PrepareAll,
    ReadSlot,
    Start,
    Started,
    Unload,
)

OnReply = Callable[[Message], None]
Gate = Callable[[Body], str]
SLOT_CALLS = (ArmSlot, AwaitSlot, CollectSlot, Count, PlaySlot, ReadSlot)
ORDERS = (PrepareAll, Load, ArmSlot, PlaySlot)
"""Calls that bring instruments out of their safe state."""
SLOT_LIMIT_S = 4.0
RESTARTS = 3
RESTART_WINDOW_S = 60.0
"""A worker that has to be replaced more than RESTARTS times in this time is not replaced again."""
MOST_ASIDE = 1000
"""Reads that may wait for a moment in which no request needs the worker."""


@dataclass(frozen=True, slots=True)
class Job:
    """A call, who gets its reply, and the epoch of the lease under which it was ordered."""

    body: Body
    on_reply: OnReply
    lease: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """How long calls may take, seconds."""

    start_s: float
    call_s: float

    def of(self, body: Body) -> float:
        """Limit of one call."""
        if isinstance(body, Start):
            return self.start_s
        return min(SLOT_LIMIT_S, self.call_s) if isinstance(body, SLOT_CALLS) else self.call_s


class Watcher(Protocol):
    """Whoever has to know of the worker's failures."""

    def broken(self, device: str, reason: str) -> None:
        """The worker or an instrument failed."""
        ...

    def opened(self, fault: str) -> None:
        """The instruments are open; or not, as ``fault`` says."""
        ...

    def rescue(self, worker: Worker, reason: str) -> Callable[[], None]:
        """Take care of a worker that is not to be used any more; the result is called when all is told."""
        ...


class Desk:
    """The queue in front of the worker.

    A worker that hangs or dies goes to ``watcher.rescue``, which hires another when the instruments are safe;
    ``watcher.broken(device, reason)`` is told of that, and of instruments that cannot be opened; calls that
    were waiting are answered with Fault. A worker that finds a file wrong ends the node with
    ConfigurationError.
    """

    def __init__(self, spawn: Callable[[], Worker], start: Start, limits: Limits, watcher: Watcher) -> None:
        self._spawn, self._start, self._limits, self._watcher = spawn, start, limits, watcher
        self._jobs: deque[Job] = deque()
        self._aside: deque[Job] = deque()
        self._floor = 0
        self._running: tuple[Job, float] | None = None
        self._replaced: deque[float] = deque()
        self._expected = False
        self.instruments: dict[str, str] = {}
        self.fault = "the instruments are being opened"
        self.opened = False
        self.worker: Worker | None = None
        self._gate: Gate = no_gate
        self.hire(time.monotonic())

    def guard(self, gate: Gate) -> None:
        """Ask ``gate`` why a call must not be sent (empty: it may), when its turn has come."""
        self._gate = gate

    def void_orders(self, reason: str) -> None:
        """Refuse orders that wait, and looks at a slot: they are from before the node was to be made safe."""
        void = [job for job in self._jobs if isinstance(job.body, (*ORDERS, *SLOT_CALLS))]
        self._jobs = deque(job for job in self._jobs if job not in void)
        for job in void:
            job.on_reply(answer(Fault("", reason, refused=True)))

    @property
    def idle(self) -> bool:
        """Whether nothing is asked or waiting."""
        return self._running is None and not self._jobs

    def call(self, body: Body, on_reply: OnReply, now: float, lease: int = 0) -> None:
        """Queue a call; Unload and ParkAll are never refused, others are while there is no worker.

        ``lease``: epoch under which it is ordered; the worker refuses what is below its fence.
        """
        if self.worker is None and not self._expected:
            on_reply(answer(Fault("", self.fault)))
            return
        self._jobs.append(Job(body, on_reply, lease))
        self._next(now)

    def call_first(self, body: Body, on_reply: OnReply, now: float) -> None:
        """Queue a call before all that wait, but after the opening of the instruments."""
        place = sum(1 for job in self._jobs if isinstance(job.body, Fence | Start))
        self._jobs.insert(place, Job(body, on_reply))
        self._next(now)

    def since(self, kind: type[Body]) -> float | None:
        """When the call that is being done was begun, if it is of this kind."""
        return self._running[1] if self._running and isinstance(self._running[0].body, kind) else None

    @property
    def opening(self) -> bool:
        """Whether the worker opens its instruments now, or will as soon as it can."""
        running = self._running is not None and isinstance(self._running[0].body, Start)
        return running or any(isinstance(job.body, Start) for job in self._jobs)

    @property
    def start_limit_s(self) -> float:
        """How long opening the instruments may take."""
        return self._limits.start_s

    def ask_aside(self, body: Body, on_reply: OnReply, now: float) -> bool:
        """Queue a call that only reads, for when no other waits; False if too many wait already."""
        if self.worker is None:
            on_reply(answer(Fault("", self.fault)))
            return True
        if len(self._aside) >= MOST_ASIDE:
            return False
        self._aside.append(Job(body, on_reply))
        self._next(now)
        return True

    def fence(self, floor: int, now: float) -> None:
        """Void all orders below this epoch, those that wait and any that come, in the worker itself."""
        self._floor = floor
        self._jobs.appendleft(Job(Fence(floor), ignore))
        self._next(now)

    def readable(self, now: float) -> None:
        """Take the worker's replies."""
        if self.worker is None:
            return
        try:
            messages = self.worker.replies()
        except Closed:
            self.dismiss("its instrument worker ended unexpectedly", now)
            return
        for message in messages:
            running, self._running = self._running, None
            if running:
                running[0].on_reply(message)
            self._next(now)

    def watch(self, now: float) -> None:
        """Dismiss a worker that takes too long."""
        if self._running and now - self._running[1] > self._limits.of(self._running[0].body):
            body = self._running[0].body
            limit_s = self._limits.of(body)
            name = type(body).__name__
            self.dismiss(f"its instrument worker did not finish {name} within {limit_s:g} s", now)

    def close(self, timeout_s: float) -> None:
        """Let the worker park its instruments and end."""
        if self.worker:
            self.worker.stop(timeout_s)
            self.worker = None

    def _next(self, now: float) -> None:
        while not self._running and self.worker is not None and (self._jobs or self._aside):
            job = (self._jobs or self._aside).popleft()
            if refusal := self._gate(job.body):
                job.on_reply(answer(Fault("", refusal, refused=True)))
                continue
            self._running = (job, now)
            try:
                self.worker.ask(job.body, job.lease)
            except Closed:
                self.dismiss("its instrument worker ended unexpectedly", now)

    def hire(self, now: float) -> bool:
        """Spawn a worker and have it open the instruments; False if that was done too often lately."""
        self._expected = False
        while self._replaced and now - self._replaced[0] > RESTART_WINDOW_S:
            self._replaced.popleft()
        if len(self._replaced) > RESTARTS:
            self._fail_all(self.fault)
            return False
        self._replaced.append(now)
        self.worker = self._spawn()
        self._jobs.extendleft([Job(self._start, self._started), Job(Fence(self._floor), ignore)])
        self._next(now)
        return True

    def forgive(self) -> None:
        """Forget how often the worker was replaced: somebody has mended the cause."""
        self._replaced.clear()

    def replace(self, now: float) -> None:
        """Let the worker end, if there is one, and hire another; what waits for it is refused."""
        self.close(1.0)
        self._fail_all("its instrument worker is replaced")
        self.hire(now)

    def _started(self, message: Message) -> None:
        match message.body:
            case Started() as body:
                self.instruments, self.fault, self.opened = body.instruments, "", True
                self._watcher.opened("")
            case Fault(misconfigured=True, reason=reason):
                raise ConfigurationError(reason)
            case Fault() as body:
                self.opened = True
                self.fault = body.reason if body.device in body.reason else f"{body.device}: {body.reason}"
                self._watcher.broken(body.device, body.reason)
                self._watcher.opened(self.fault)
            case _:
                pass

    def dismiss(self, reason: str, now: float) -> None:
        """Use this worker no longer, whatever it is doing; waiting calls get a Fault."""
        worker, self.worker = self.worker, None
        self.fault, self.opened = reason, True
        if worker is None:
            return
        go_on = self._watcher.rescue(worker, reason)
        self._fail_all(reason)
        self._watcher.broken("", reason)
        self._expected = True
        go_on()

    def _fail_all(self, reason: str) -> None:
        failed = [self._running[0]] if self._running else []
        failed += [*self._jobs, *self._aside]
        self._running = None
        self._jobs.clear()
        self._aside.clear()
        for job in failed:
            if not isinstance(job.body, Start | Unload | ParkAll):
                job.on_reply(answer(Fault("", reason)))


def no_gate(_: Body) -> str:
    """Everything may be sent."""
    return ""


def ignore(_: Message) -> None:
    """Nobody waits for this reply."""


def answer(body: Body) -> Message:
    """A reply made here instead of by the worker."""
    return Message(Header(VERSION, kind_of(type(body)), 0, 0, 0), body)
