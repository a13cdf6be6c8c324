# SPDX-License-Identifier: Apache-2.0
"""TOPTICA DLC pro with one CTL 1550, firmware 3.3.3: parameters and commands by name.

Pure but for the clock: one expression in, its answer out. Operations, answers and errors as the vendor's
client library (toptica-lasersdk 3.3.0) and QMI's ``Toptica_DLC`` read them: ``(param-ref 'n)`` and
``(param-gsv 'n)`` answer a value, ``(param-set! 'n v)`` a status (0, or < 0 for a value that is refused),
``(exec 'n ...)`` its streams and value, an error the line ``Error: -3 text``. Every parameter of the SDK's
tree answers in its type; hardware that is not fitted (lasers 2 to 4, amplifiers, locks) keeps what is
written and does nothing with it: a real one answers an error there [?]. ``factory-settings`` take user level
maintenance [?]. Powers up with emission off and a cold head.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, cast

from heraldlink_sim.clock import Clock, SteppedClock
from heraldlink_sim.faces import decop
from heraldlink_sim.faces.decop import DecopError, Expression, Marked, Name, Value
from heraldlink_sim.faces.toptica_defaults import ALIASES, POWER_UP, RANGES
from heraldlink_sim.faces.toptica_laser import CtlLaser
from heraldlink_sim.faces.toptica_tree import Command, Leaf, tree
from heraldlink_sim.world.rack import LaserState

WIRE_LOG_LENGTH = 2000
COMMAND_COST_s = 1e-3
NORMAL, READONLY, MAINTENANCE = 3, 4, 2
EMPTY: dict[str, Value] = {"b": False, "i": 0, "r": 0.0, "s": "", "x": b""}
SWITCHED_ON = datetime(2026, 1, 1)


@dataclass(slots=True)
class Subscription:
    """A parameter that somebody watches: told at most every ``interval_s``, and when it moved enough."""

    interval_s: float
    threshold: float
    told_s: float | None = None
    value: Value | None = None


@dataclass(slots=True)
class DecopSession:
    """What belongs to one connection: its user level (3 normal) and, if it monitors, its watch list."""

    level: int = NORMAL
    monitoring: bool = False
    watched: dict[str, Subscription] = field(default_factory=dict[str, Subscription])


SESSION: ContextVar[DecopSession] = ContextVar("decop_session")
"""The connection whose request is being answered; the server sets it."""


class TopticaDLCpro:
    """The controller and its laser."""

    def __init__(
        self, serial: str = "SIM-0001", clock: Clock | None = None, passwords: dict[int, str] | None = None
    ) -> None:
        self.serial, self.clock = serial, clock or SteppedClock()
        self.wire_log: deque[tuple[Literal["in", "out"], bytes]] = deque(maxlen=WIRE_LOG_LENGTH)
        self._passwords = passwords or {}
        self._alone = DecopSession()
        self._since_s = self.clock.now_s()
        self.power_cycle()

    # --- the wire

    def respond(self, message: bytes) -> bytes:
        """Answer one line (with the input stream behind it, if it has one) without the prompt."""
        self.wire_log.append(("in", message))
        self.clock.spend(COMMAND_COST_s)
        line, _, stream = message.partition(b"\n")
        try:
            answer = self._answer(decop.parse(line.decode("utf-8", "replace")), stream)
        except DecopError as error:
            answer = f"Error: {error.code} {error}"
        data = answer.encode()
        if data:
            self.wire_log.append(("out", data))
        return data

    async def execute(self, message: bytes) -> bytes:
        """Answer one line."""
        return self.respond(message)

    def swallow(self, message: bytes) -> bytes | None:
        """What is answered to a setting that does nothing; None for anything else."""
        if b"param-set!" in message:
            return b"0"
        command = message.partition(b"\n")[0].lower()
        names = [name for name in tree().commands if f"'{name})".encode() in command]
        silent = [name for name in names if tree().commands[name] == Command()]
        return b"()" if silent else None

    @property
    def session(self) -> DecopSession:
        """The connection whose request is being answered."""
        return SESSION.get(self._alone)

    def _answer(self, expression: Expression, stream: bytes) -> str:
        if not isinstance(expression, list):
            return decop.written(self._evaluate(expression))
        words = expression or [Name("")]
        operation = words[0].text.lower() if isinstance(words[0], Name) else ""
        if self.session.monitoring and operation in ("add", "remove"):
            return self._watch(operation, words[1:])
        if operation in ("exec", "signal"):
            return self._execute(words[1:], stream)
        if operation in ("param-disp", "browse"):
            return self._display(words[1:])
        answer = decop.written(self._evaluate(expression))
        return "" if self.session.monitoring else answer

    def _evaluate(self, expression: Expression) -> Value:
        if isinstance(expression, Marked):
            return self._quoted(expression)
        if not isinstance(expression, list):
            return decop.value_of(expression)
        if len(expression) == 1 and not isinstance(expression[0], list | Marked | Name):
            return decop.value_of(expression[0])
        operation = expression[0] if expression else Name("")
        operations: dict[str, Callable[[list[Expression]], Value]] = {
            "param-ref": lambda words: self.read(_only_name(words)),
            "get": lambda words: self.read(_only_name(words)),
            "param-gsv": lambda words: self._set_value(_only_name(words)),
            "param-set!": self._assign,
            "set": self._assign,
            "change-ul": self._change_level,
            "+": lambda words: decop.total([self._evaluate(word) for word in words]),
        }
        action = operations.get(operation.text.lower()) if isinstance(operation, Name) else None
        if action is None:
            raise DecopError(decop.SYNTAX, "unknown operation")
        return action(expression[1:])

    def _quoted(self, expression: Marked) -> Value:
        """A quasiquoted list, whose items behind commas are evaluated."""
        if expression.mark == "," and not isinstance(expression.inner, Name):
            return self._evaluate(expression.inner)
        if expression.mark != "`" or not isinstance(expression.inner, list):
            return decop.value_of(expression)
        items = expression.inner
        return tuple(self._quoted(i) if isinstance(i, Marked) else decop.value_of(i) for i in items)

    # --- parameters

    def read(self, name: str) -> Value:
        """Value of a parameter. Raises DecopError if there is none of that name."""
        name = self._known(name)[0]
        own: dict[str, Callable[[], Value]] = {
            "ul": lambda: self.session.level,
            "time": self.stamp,
            "uptime": self._uptime_s,
        }
        reading = own.get(name) or self._measured.get(name)
        return reading() if reading else self._settings[name]

    def write(self, name: str, value: Value) -> None:
        """Write a parameter. Raises DecopError, before anything changed, if it is refused."""
        name, leaf = self._known(name)
        if not leaf.mutable:
            raise DecopError(decop.READ_ONLY, f"'{name}' is read-only")
        if self.session.level > (MAINTENANCE if "factory-settings:" in name else NORMAL):
            raise DecopError(decop.DENIED, f"user level {self.session.level} may not write '{name}'")
        value = decop.as_kind(value, leaf.kind, name)
        self._within(name, value)
        self.laser.check(name, value)
        if name == "ul":
            self.session.level = int(cast(int, value))
            return
        self._settings[name] = value
        self.laser.follow(name)

    def _known(self, name: str) -> tuple[str, Leaf]:
        for board, part in ALIASES.items():
            name = name.replace(board, part, 1) if name.startswith(f"{board}:") else name
        name = tree().spelled(name)
        if (leaf := tree().leaves.get(name)) is None:
            raise DecopError(decop.UNKNOWN, f"unknown parameter '{name}'")
        return name, leaf

    def _within(self, name: str, value: Value) -> None:
        if name not in RANGES:
            return
        low, high = (self._settings[end] if isinstance(end, str) else end for end in RANGES[name])
        if not cast(float, low) <= cast(float, value) <= cast(float, high):
            raise DecopError(decop.RANGE, f"'{name}' takes {low!r} to {high!r}")

    def _set_value(self, name: str) -> Value:
        name = self._known(name)[0]
        return self.read(name) if name == "ul" else self._settings[name]

    def _assign(self, words: list[Expression]) -> Value:
        if len(words) != 2:
            raise DecopError(decop.SYNTAX, "param-set! takes a name and a value")
        name, value = decop.name_of(words[0]), decop.value_of(words[1])
        self._known(name)
        try:
            self.write(name, value)
        except DecopError as refused:
            if refused.code in (decop.TYPE, decop.READ_ONLY, decop.DENIED):
                raise
            return refused.code
        return 0

    def _change_level(self, words: list[Expression]) -> Value:
        level = decop.value_of(words[0]) if words else None
        password = decop.value_of(words[1]) if len(words) > 1 else ""
        if type(level) is not int or not 0 <= level <= READONLY:
            raise DecopError(decop.RANGE, "user level is 0 to 4")
        if level >= NORMAL or (password and self._passwords.get(level) == password):
            self.session.level = level
        return self.session.level

    def _display(self, words: list[Expression]) -> str:
        group = decop.name_of(words[0]).lower() if words else ""
        names = list(tree().under(group))
        if not names:
            raise DecopError(decop.UNKNOWN, f"unknown group '{group}'")
        return "\n".join(f"{name} = {decop.written(self.read(name))}" for name in names)

    # --- commands

    def _execute(self, words: list[Expression], stream: bytes) -> str:
        name = decop.name_of(words[0]).lower() if words else ""
        if name == "change-ul":
            return decop.written(self._change_level(words[1:]))
        if (command := tree().commands.get(name)) is None:
            raise DecopError(decop.UNKNOWN, f"unknown command '{name}'")
        if self.session.level > NORMAL and command.prints is None:
            raise DecopError(decop.DENIED, f"user level {self.session.level} may not execute '{name}'")
        if len(words) - 1 != len(command.arguments):
            raise DecopError(decop.SYNTAX, f"'{name}' takes {len(command.arguments)} arguments")
        for word, kind in zip(words[1:], command.arguments, strict=True):
            decop.as_kind(decop.value_of(word), kind, name)
        if command.reads == "x":
            decop.binary(stream.decode("ascii", "replace").rstrip("#\r\n"))
        self._act(name)
        return self._results(name, command)

    def _act(self, name: str) -> None:
        actions = {
            "laser1:wide-scan:start": self.laser.start_scan,
            "laser1:wide-scan:stop": self.laser.stop_scan,
        }
        actions.get(name, _nothing)()

    def _results(self, name: str, command: Command) -> str:
        """Streams and value of a command; logs and reports of a simulated system are short."""
        printed = {"s": f"{name}: nothing to report\n", "x": "\n", None: ""}[command.prints]
        if command.returns is None:
            return printed + "()"
        return printed + decop.written(EMPTY[command.returns])

    # --- monitoring

    def _watch(self, operation: str, words: list[Expression]) -> str:
        name = decop.name_of(words[0]) if words else ""
        numbers = [decop.value_of(word) for word in words[1:3]]
        try:
            self._known(name)
            if operation == "remove":
                self.session.watched.pop(name, None)
                return ""
            interval_ms = numbers[0] if numbers else 100
            threshold = numbers[1] if len(numbers) > 1 else 0
            interval_s = max(1e-3, 1e-3 * float(cast(float, decop.as_kind(interval_ms, "r", name))))
            self.session.watched[name] = Subscription(interval_s, _number(threshold))
        except DecopError as error:
            return f"(Error: {error.code} ({self.stamp()} '{name}) {error})"
        return ""

    def stamp(self) -> str:
        """Bench time as a time of day."""
        now = SWITCHED_ON + timedelta(seconds=self.clock.now_s())
        return now.isoformat(timespec="milliseconds") + "Z"

    def news(self, session: DecopSession, now_s: float) -> bytes:
        """Lines for a monitoring connection; ``now_s``: the time by which its intervals go."""
        lines: list[str] = []
        for name, watch in session.watched.items():
            if watch.told_s is not None and now_s - watch.told_s < watch.interval_s:
                continue
            value = self.read(name)
            if watch.told_s is None or _moved(watch.value, value, watch.threshold):
                watch.told_s, watch.value = now_s, value
                lines.append(f"({self.stamp()} '{name} {decop.written(value)})\n")
        return "".join(lines).encode()

    # --- the bench

    def state(self) -> LaserState:
        """Return what arrived over the wire."""
        return self.laser.lamp()

    def set_interlock(self, is_open: bool) -> None:
        """Open or close the interlock; opening ends emission, closing does not bring it back."""
        self.laser.set_interlock(is_open)

    def power_cycle(self) -> None:
        """Switch off and on: settings as at power-up, the head cold."""
        leaves = tree().leaves
        self._settings = {name: EMPTY[leaf.kind] for name, leaf in leaves.items()} | dict(POWER_UP)
        self._settings["serial-number"] = self.serial
        self._settings["laser1:dl:serial-number"] = f"{self.serial}-CTL"
        self._since_s = self.clock.now_s()
        self.laser = CtlLaser(self._settings, self.clock)
        self._measured = dict(self.laser.measured())
        self._measured["uptime-txt"] = lambda: f"{self._uptime_s()} s"

    def listens_on(self, command_port: int, monitoring_port: int) -> None:
        """Take note of the ports, which are parameters too."""
        self._settings["net-conf:cmd-port"], self._settings["net-conf:mon-port"] = (
            command_port,
            monitoring_port,
        )

    def _uptime_s(self) -> int:
        return int(self.clock.now_s() - self._since_s)


def _only_name(words: list[Expression]) -> str:
    if len(words) != 1:
        raise DecopError(decop.SYNTAX, "one name expected")
    return decop.name_of(words[0])


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _moved(old: Value | None, new: Value, threshold: float) -> bool:
    if isinstance(old, int | float) and isinstance(new, int | float) and not isinstance(new, bool):
        return abs(new - old) > threshold
    return old != new


def _nothing() -> None:
    """Accept a command that has no effect here."""
