# SPDX-License-Identifier: Apache-2.0
"""The supervisor's loop: safety channel, the agent's pipe and end, signals, and results of the raw list."""

import faulthandler
import json
import queue
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from types import FrameType

import zmq

from heraldlink.errors import HeraldlinkError
from heraldlink.messages.command import Err, Ping, Pong
from heraldlink.messages.header import Body
from heraldlink.messages.safety import Abort, Clear, GetSafety, Stop
from heraldlink.supervisor.fault_file import FaultFile
from heraldlink.supervisor.guard import Action, End, Guard, Kill, Latch, Raw, Reply, Spawn, Tell
from heraldlink.supervisor.line import Hung
from heraldlink.supervisor.notify import Notifier
from heraldlink.supervisor.processes import (
    Agent,
    adopt_orphans,
    keep_own_descriptors,
    kill_and_wait,
    kill_orphans,
)
from heraldlink.supervisor.raw_list import Item, Outcome, secure_all
from heraldlink.supervisor.safe_list import SafeList
from heraldlink.supervisor.safety_port import Call, SafetyPort

CLOSE_LIMIT_S = 1.0
"""For a killed process to leave its connections; killing takes milliseconds."""

LONGEST_REASON = 200
READY = ("SAFE", "IDLE", "ARMED", "RUNNING", "SUSPENDED", "FAULT", "MAINT")
"""States in which instruments were read back and people are answered; systemd ends what is never ready, and
nobody could clear a fault then."""


@dataclass(frozen=True, slots=True)
class Job:
    """Make these safe."""

    action: Raw
    items: Sequence[Item]


@dataclass(frozen=True, slots=True)
class Finished:
    """The raw list was run through."""

    number: int
    outcomes: Sequence[Outcome]


class Supervisor:
    """One node's parent process."""

    def __init__(
        self,
        guard: Guard,
        port: SafetyPort,
        safe_list: SafeList,
        command: Sequence[str],
        notifier: Notifier,
        fault_file: FaultFile,
        say: Callable[[str], None],
    ) -> None:
        self._guard, self._port, self._safe_list, self._fault_file = guard, port, safe_list, fault_file
        self._command, self._notifier, self._say = command, notifier, say
        self._agent: Agent | None = None
        self._code: int | None = None
        self._helps: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._whole: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._finished: queue.SimpleQueue[Finished] = queue.SimpleQueue()
        self._ring, self._bell = socket.socketpair()
        self._signals: list[int] = []
        self._ready, self._next_pat = False, 0.0
        self._reload: Callable[[], None] = lambda: None
        for end in (self._ring, self._bell):
            end.setblocking(False)

    def run(self, look: Callable[[], None], reload: Callable[[], None]) -> int:
        """Supervise until asked to end; the exit code.

        ``look`` is called in every turn, ``reload`` at SIGHUP, which is handed on to the agent.
        """
        self._reload = reload
        adopt_orphans()
        self._watch_signals()
        for wanted in (self._helps, self._whole):
            apart = threading.Event()
            threading.Thread(target=self._run_raw, args=(wanted, apart), name="raw list", daemon=True).start()
            apart.wait()  # before an agent is started, whose pipes are to have no copies that nobody closes
        while self._code is None:
            self._turn()
            self._safe_list.look()
            with suppress(OSError):  # tried again in the next turn
                look()
        return self._code

    def _watch_signals(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, self._note)
        signal.set_wakeup_fd(self._bell.fileno(), warn_on_full_buffer=False)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._signals.append(number)

    def _turn(self) -> None:
        poller = zmq.Poller()
        poller.register(self._port.socket, zmq.POLLIN)
        poller.register(self._ring.fileno(), zmq.POLLIN)
        agent = self._agent
        if agent:
            poller.register(agent.line.fileno(), zmq.POLLIN)
            poller.register(agent.ended, zmq.POLLIN)
        ready = dict(poller.poll(int(self._guard.due_s(time.monotonic()) * 1000)))
        now = time.monotonic()
        with suppress(BlockingIOError):
            self._ring.recv(4096)
        if agent and agent.line.fileno() in ready:
            self._listen(agent, now)
        if agent and agent.ended in ready:
            self._bury(agent, now)
        self._take_signals(now)
        self._take_results(now)
        for call in self._port.receive():
            self._serve(call, now)
        self._do(self._guard.ticked(now))
        self._tell_systemd(now)

    def _listen(self, agent: Agent, now: float) -> None:
        with suppress(Hung):  # its end is seen by its own descriptor
            for word in agent.line.receive():
                self._do(self._guard.told(word, now))

    def _bury(self, agent: Agent, now: float) -> None:
        self._listen(agent, now)
        self._agent = None
        self._do(self._guard.died(agent.bury(), now))

    def _take_signals(self, now: float) -> None:
        while self._signals:
            number = self._signals.pop(0)
            if number == signal.SIGUSR1:
                self._dump(now)
            elif number == signal.SIGHUP:
                self._hand_on_reload()
            else:
                self._do(self._guard.signalled(now))

    def _hand_on_reload(self) -> None:
        try:
            self._reload()
        except (HeraldlinkError, OSError) as error:
            self._say(f"refused to reload: {error}")
        if self._agent:
            self._agent.signal(signal.SIGHUP)

    def _take_results(self, now: float) -> None:
        while not self._finished.empty():
            finished = self._finished.get()
            outcomes = finished.outcomes
            told = {outcome.device: outcome.note for outcome in outcomes}
            ok = all(outcome.ok for outcome in outcomes)
            self._say("; ".join(f"{name}: {note}" for name, note in told.items()))
            self._do(self._guard.secured(finished.number, told, ok, now))

    def _serve(self, call: Call, now: float) -> None:
        match call.body:
            case Ping():
                self._port.answer(call, Pong(self._guard.node, self._guard.boot))
            case GetSafety():
                self._port.answer(call, self._guard.status(now))
            case Abort(reason):
                self._do(self._guard.asked("abort", call, call.who, legible(reason), now))
            case Stop(reason):
                self._do(self._guard.asked("stop", call, call.who, legible(reason), now))
            case Clear(reason):
                self._do(self._guard.asked("clear", call, call.who, legible(reason), now))
            case _:
                reason = "this message is not for the safety channel"
                self._port.answer(call, Err("BAD_REQUEST", reason, self._guard.node))

    def _do(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Spawn():
                    self._spawn()
                case Kill():
                    if self._agent:
                        self._say(f"the agent (process {self._agent.pid}) does not move: it is killed")
                        self._agent.kill()
                case Raw():
                    self._say(f"safe state, raw: {action.reason}")
                    self._secure(action)
                case Reply(key, body):
                    self._reply(key, body)
                case Tell(word):
                    self._tell(word)
                case Latch(reason):
                    self._latch(reason)
                case End(code):
                    self._code = code

    def _secure(self, action: Raw) -> None:
        """Help is given beside the whole list, which must not wait for an instrument that hangs."""
        self._safe_list.look()
        items = [
            item for item in self._safe_list.items if not action.devices or item.device in action.devices
        ]
        (self._helps if action.number else self._whole).put(Job(action, items))
        if not action.devices:
            self._safe_list.forget()

    def _spawn(self) -> None:
        self._safe_list.look()
        if self._safe_list.mistake:
            for sentence in self._safe_list.mistake.sentences:
                self._say(sentence)
            self._do(self._guard.misconfigured())
            return
        try:
            self._agent = Agent(self._command)
        except OSError as error:
            self._say(f"the agent cannot be started: {error}")
            self._do(self._guard.not_spawned(str(error), time.monotonic()))
        else:
            self._do(self._guard.spawned(self._agent.pid, time.monotonic()))

    def _latch(self, reason: str) -> None:
        try:
            self._fault_file.keep(reason)
        except OSError as error:
            self._say(f"a restart would forget this fault, which cannot be written: {error}")

    def _tell(self, word: object) -> None:
        with suppress(Hung):  # then it has died or hangs, which is seen elsewhere
            if self._agent:
                self._agent.line.send(word)  # type: ignore[arg-type]

    def _reply(self, key: object, body: Body) -> None:
        if isinstance(key, Call):
            self._port.answer(key, body)

    def _run_raw(self, wanted: "queue.SimpleQueue[Job]", apart: threading.Event) -> None:
        """In a thread of its own, one list after the other, so that the safety channel answers meanwhile."""
        keep_own_descriptors()
        apart.set()
        while True:
            job = wanted.get()
            try:
                self._close(job.action)
            except Exception as error:  # the instruments are to be made safe whatever happened before
                self._say(f"processes may still hold instruments: {error}")
            try:
                outcomes = secure_all(job.items)
            except Exception as error:  # this thread never dies: nobody else makes the instruments safe
                outcomes = [Outcome(item.label, False, f"NOT VERIFIED: {error}") for item in job.items]
            self._finished.put(Finished(job.action.number, outcomes))
            with suppress(BlockingIOError):
                self._bell.send(b"\0")

    def _close(self, action: Raw) -> None:
        """Wait until no process holds the instruments: some models take one connection only."""
        agent = self._agent
        if action.processes:
            kill_and_wait(action.processes, CLOSE_LIMIT_S)
        if action.processes is None or action.processes:
            kill_orphans({agent.pid} if agent else (), CLOSE_LIMIT_S)

    def _tell_systemd(self, now: float) -> None:
        guard, notifier = self._guard, self._notifier
        notifier.status(f"{guard.state} {guard.reason}".strip())
        if guard.state in READY and not self._ready:
            self._ready = True
            notifier.tell("READY=1")
        if notifier.watchdog and now >= self._next_pat:
            self._next_pat = now + 1.0
            notifier.tell("WATCHDOG=1")

    def _dump(self, now: float) -> None:
        """SIGUSR1: state and stacks on standard error; the agent writes its own."""
        told = asdict(self._guard) | {"age_s": self._guard.status(now).age_s}
        sys.stderr.write(json.dumps(told, default=str) + "\n")
        sys.stderr.flush()
        faulthandler.dump_traceback(all_threads=True)
        if self._agent:
            self._agent.signal(signal.SIGUSR1)


def legible(reason: str) -> str:
    """Somebody's words as they may go into logs and journal: one line, not too long."""
    return "".join(letter if letter.isprintable() else " " for letter in reason[:LONGEST_REASON])
