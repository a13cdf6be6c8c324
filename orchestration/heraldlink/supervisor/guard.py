# SPDX-License-Identifier: Apache-2.0
"""What a supervisor decides, without sockets, clocks or processes: one happening in, what is to be done out.

Whenever the agent ends without having said that every instrument is safe, the raw safe list is run before
anything else; an agent that does not move is killed first. Too many ends in a short time, or an instrument
that cannot be made safe, and the node stays down in FAULT until somebody clears it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from heraldlink.messages.command import Err
from heraldlink.messages.oversight import Beat, Farewell, Help, Helped, Obeyed, Order, OrderKind, Word
from heraldlink.messages.safety import SafetyStatus, Secured
from heraldlink.supervisor.orders import Asked, Orders

BAD_INPUT, IN_USE = 2, 4
REFUSED = (BAD_INPUT, IN_USE)
"""Exit codes of an agent that found a file wrong, or the node running already: it touched nothing."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Times in seconds of the monotonic clock, and how many ends within ``window_s`` are too many."""

    start_s: float = 60.0
    progress_s: float = 1.5
    obey_s: float = 3.0
    clear_s: float = 90.0
    drain_s: float = 15.0
    leave_s: float = 8.0
    back_off_s: tuple[float, ...] = (0.2, 1.0, 2.0)
    window_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Spawn:
    """Start the agent."""


@dataclass(frozen=True, slots=True)
class Kill:
    """Kill the agent; its end is reported as ever."""


@dataclass(frozen=True, slots=True)
class Raw:
    """Kill ``processes`` (None: all that the agent left), then make ``devices`` (empty: all) safe."""

    processes: tuple[int, ...] | None
    devices: tuple[str, ...]
    reason: str
    number: int = 0
    """Of the agent's Help; 0 if the list is run because the agent is not there."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Answer somebody on the safety channel."""

    key: object
    body: Secured | Err


@dataclass(frozen=True, slots=True)
class Tell:
    """Say this to the agent."""

    word: Word


@dataclass(frozen=True, slots=True)
class Latch:
    """Remember on disk, before anything else is said, that the node is in FAULT; "" forgets it."""

    reason: str


@dataclass(frozen=True, slots=True)
class End:
    """The supervisor ends with this exit code."""

    code: int


Action = Spawn | Kill | Raw | Reply | Tell | Latch | End


class Phase(Enum):
    """What the supervisor is doing."""

    STARTING = auto()
    WATCHING = auto()
    DRAINING = auto()
    KILLING = auto()
    SECURING = auto()
    WAITING = auto()
    DOWN = auto()
    OVER = auto()


ALIVE = (Phase.STARTING, Phase.WATCHING, Phase.DRAINING)


@dataclass
class Guard:
    """A supervisor's state. ``fault``: why a former life left the node in FAULT, "" if it did not."""

    node: str
    boot: int
    fault: str = ""
    limits: Limits = field(default_factory=Limits)
    phase: Phase = Phase.WAITING
    agent: int = 0
    state: str = "BOOT"
    reason: str = ""
    restarts: int = 0
    ending: bool = False
    outcomes: Mapping[str, str] = field(default_factory=dict[str, str])
    _until: float = 0.0
    _count: int = -1
    _moved: float = 0.0
    _ends: list[float] = field(default_factory=list[float])
    _orders: Orders = field(default_factory=Orders)
    _farewell: Farewell | None = None
    _latched: str = ""
    _meant: bool = False
    """Whether the agent was killed because somebody asked while it could not be told."""
    _wrong: bool = False
    """Whether the agent found a file wrong as it opened its instruments: it is not tried again."""

    def status(self, now: float) -> SafetyStatus:
        """What is known of the node."""
        return SafetyStatus(
            node=self.node,
            state=self.state,
            reason=self.reason,
            boot=self.boot,
            agent=self.agent,
            age_s=now - self._moved if self.agent and self._count >= 0 else -1.0,
            restarts=self.restarts,
            outcomes=dict(self.outcomes),
        )

    # --- the agent

    def spawned(self, process: int, now: float) -> list[Action]:
        """The agent's process runs."""
        self.agent, self.phase, self._until = process, Phase.STARTING, now + self.limits.start_s
        self._count, self._farewell = -1, None
        return []

    def not_spawned(self, reason: str, now: float) -> list[Action]:
        """The agent's process could not be started; it is tried again, the rack stays safe meanwhile."""
        self.phase, self.state, self.reason = Phase.WAITING, "SAFE", f"no agent: {reason}"
        self._until = now + self.limits.back_off_s[-1]
        return []

    def misconfigured(self) -> list[Action]:
        """The node's files are wrong: no agent is started, nor is it tried again."""
        self.phase = Phase.OVER
        return [End(BAD_INPUT)]

    def told(self, word: Word, now: float) -> list[Action]:
        """The agent has said something."""
        match word:
            case Beat():
                return self._beaten(word, now)
            case Help():
                return self._asked_for_help(word)
            case Obeyed():
                return self._obeyed(word, now)
            case Farewell():
                self._farewell, self.outcomes = word, dict(self.outcomes) | word.outcomes
                self.phase, self._until = Phase.DRAINING, now + self.limits.leave_s
                return []
            case _:
                return []

    def _beaten(self, beat: Beat, now: float) -> list[Action]:
        if self.phase not in ALIVE:
            return []
        if beat.count != self._count:
            self._count, self._moved = beat.count, now
        self.state, self.reason = beat.state, beat.reason
        if self.phase is Phase.STARTING:
            self.phase = Phase.WATCHING
        return []

    def _asked_for_help(self, help_: Help) -> list[Action]:
        if self.phase not in ALIVE:
            return []
        return [Raw(help_.processes, help_.devices, help_.reason, help_.number)]

    def _obeyed(self, word: Obeyed, now: float) -> list[Action]:
        self.outcomes, self.state = dict(self.outcomes) | word.outcomes, word.state
        asked = self._orders.obeyed(word.number)
        if asked is None:
            return []
        secured = Secured(word.ok, word.how, word.state, dict(word.outcomes))
        return [*(Reply(key, secured) for key in asked.keys), *self._tell_next(asked.kind, now)]

    def died(self, status: int, now: float) -> list[Action]:
        """The agent's process has ended; ``status`` is its exit code, negative for a signal."""
        beaten, self.agent, farewell = self._count >= 0, 0, self._farewell
        if farewell and farewell.ok and status == 0:
            self.phase, self.state = Phase.OVER, "SAFE"
            return [*self._answer_all(True, "drivers"), End(0)]
        if not beaten and status in REFUSED:
            self.phase = Phase.OVER
            return [End(status)]
        self._wrong = status == BAD_INPUT and self.state == "BOOT"
        how = f"was ended by signal {-status}" if status < 0 else f"ended with exit code {status}"
        self.phase, self.state, self.reason = Phase.SECURING, "RECOVER", f"the agent {how}"
        self._ends = [end for end in self._ends if now - end < self.limits.window_s]
        self._ends += [] if self._meant else [now]
        self._meant = False
        return [Raw(None, (), self.reason)]

    def secured(self, number: int, outcomes: Mapping[str, str], ok: bool, now: float) -> list[Action]:
        """The raw safe list was run through; ``number`` as in Raw."""
        self.outcomes = dict(self.outcomes) | dict(outcomes)
        if number:
            return [Tell(Helped(number, ok, dict(outcomes)))] if self.phase in ALIVE else []
        if self.phase is not Phase.SECURING:
            return []
        if self._wrong:
            self.phase = Phase.OVER
            return [*self._answer_all(ok, "raw"), End(BAD_INPUT)]
        actions: list[Action] = []
        self._latch(ok)
        if self._latched:
            self.phase, self.state, self.reason = Phase.DOWN, "FAULT", self._latched
        else:
            self.phase, self.state = Phase.WAITING, "SAFE"
            self._until = now + self.limits.back_off_s[max(0, len(self._ends) - 1)]
        if self._latched != self.fault:
            self.fault = self._latched
            actions.append(Latch(self.fault))
        actions += self._answer_all(ok, "raw")
        if self.ending:
            self.phase = Phase.OVER
            return [*actions, End(0 if ok else 1)]
        return actions

    def _latch(self, ok: bool) -> None:
        if not ok:
            left = "; ".join(f"{name}: {note}" for name, note in self.outcomes.items() if "NOT" in note)
            self._latched = f"{self.reason}; {left}"
        elif stop := self._orders.stop():
            self._latched = f"emergency stop: {stop.reason}"
        elif len(self._ends) > len(self.limits.back_off_s):
            self._latched = f"{self.reason}, {len(self._ends)} times within {self.limits.window_s:g} s"

    # --- people

    def asked(self, kind: OrderKind, key: object, who: str, reason: str, now: float) -> list[Action]:
        """Somebody asks on the safety channel to abort, stop or clear."""
        if kind == "clear" and not reason.strip():
            return [Reply(key, Err("REJECTED", "clearing a fault takes a reason", self.node))]
        if kind == "clear" and self.state != "FAULT":
            return [Reply(key, Err("REJECTED", f"node {self.node} is not in FAULT: {self.state}", self.node))]
        alive = self.phase in ALIVE and self._count >= 0
        if (joined := self._orders.joinable(kind, alive=alive)) is not None:
            return self._join(joined, key)
        if alive:
            asked = self._orders.add(kind, who, reason, key)
            return [] if self._orders.crowded(kind) else [self._tell(asked, now)]
        if kind == "clear":
            return self._cleared(key, who, reason)
        return self._made_safe_without_agent(kind, key, who, reason)

    def _join(self, asked: Asked, key: object) -> list[Action]:
        if asked.full:
            reason = f"too many wait for node {self.node} to {asked.kind} already, which it does: ask later"
            return [Reply(key, Err("LIMIT", reason, self.node))]
        asked.keys.append(key)
        return []

    def _tell(self, asked: Asked, now: float) -> Tell:
        limit_s = self.limits.clear_s if asked.kind == "clear" else self.limits.obey_s
        return Tell(self._orders.tell(asked, now + limit_s))

    def _tell_next(self, kind: OrderKind, now: float) -> list[Action]:
        asked = self._orders.untold(kind)
        return [self._tell(asked, now)] if asked and self.phase in ALIVE else []

    def _cleared(self, key: object, who: str, reason: str) -> list[Action]:
        """An agent is started again once the rack has been made safe, whatever it was left in."""
        if self.phase is not Phase.DOWN:
            return [Reply(key, Err("REJECTED", f"node {self.node} is busy: ask again", self.node))]
        self._ends.clear()
        self._latched = ""
        self._orders.add("clear", who, reason, key)
        self.phase, self.state, self.reason = Phase.SECURING, "RECOVER", reason
        return [Raw(None, (), reason)]

    def _made_safe_without_agent(self, kind: OrderKind, key: object, who: str, reason: str) -> list[Action]:
        self._orders.add(kind, who, reason, key)
        if self.phase in (Phase.KILLING, Phase.SECURING):
            return []  # answered when that is done
        if self.phase is Phase.STARTING:
            self.phase, self._meant = Phase.KILLING, True
            return [Kill()]
        self.phase, self.reason = Phase.SECURING, reason or kind
        return [Raw(None, (), self.reason)]

    def _answer_all(self, ok: bool, how: str) -> list[Action]:
        secured = Secured(ok, how, self.state, dict(self.outcomes))
        return [Reply(key, secured) for key in self._orders.take_keys()]

    def signalled(self, now: float) -> list[Action]:
        """SIGTERM or SIGINT: let the agent come to an end; the second time, do not wait for it."""
        first, self.ending = not self.ending, True
        if self.phase in (Phase.SECURING, Phase.KILLING):
            return []
        if self.phase not in ALIVE:
            self.phase = Phase.OVER
            return [End(0 if self.state == "SAFE" else 1)]
        if first and self._count >= 0:
            self.phase, self._until = Phase.DRAINING, now + self.limits.drain_s
            return [Tell(Order(0, "drain", "supervisor", "the node is asked to end"))]
        self.phase = Phase.KILLING
        return [Kill()]

    def ticked(self, now: float) -> list[Action]:
        """Time has passed."""
        if self.phase is Phase.WAITING and now >= self._until:
            if self.fault and not self._latched:  # of a former life: no agent until somebody clears it
                self._latched = self.fault
                self.phase, self.state, self.reason = Phase.SECURING, "RECOVER", self.fault
                return [Raw(None, (), self.fault)]
            self.restarts += 1 if self._ends else 0
            return [Spawn()]
        if self.phase not in ALIVE:
            return []
        late = self.phase is not Phase.WATCHING and now > self._until
        still = not self._farewell and self._count >= 0 and now - self._moved > self.limits.progress_s
        if not (self._orders.overdue(now) or late or still):
            return []
        self.phase = Phase.KILLING
        return [Kill()]

    def due_s(self, now: float) -> float:
        """Seconds until ``ticked`` has to be asked again, at most 0.1."""
        return max(0.0, min(0.1, self._until - now)) if self.phase is Phase.WAITING else 0.1
