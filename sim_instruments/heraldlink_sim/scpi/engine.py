# SPDX-License-Identifier: Apache-2.0
"""Runs program messages on a declared instrument: path rule, dispatch, parameters, answers, errors."""

from collections import deque
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import ClassVar, Literal

from heraldlink_sim.clock import Clock, SteppedClock
from heraldlink_sim.scpi.compile import Entry, compile_headers, refuse_hidden_methods
from heraldlink_sim.scpi.declare import Handler, Response, Setting
from heraldlink_sim.scpi.errors import ErrorQueue, ScpiError
from heraldlink_sim.scpi.headers import HeaderTree
from heraldlink_sim.scpi.lexer import Argument, Unit, units
from heraldlink_sim.scpi.status import MASTER_SUMMARY, Status
from heraldlink_sim.scpi.values import Number, Optional, Parameter, Rest
from heraldlink_sim.scpi.waiting import run_or_wait

WireLog = deque[tuple[Literal["in", "out"], bytes]]
Step = tuple[Unit, Entry, tuple[int, ...]]

_LOGGED_BYTES = 4096
_LONGEST_PLAN, _MOST_PLANS = 200, 4096
"""Messages of queries up to this long are resolved once, up to this many of a class."""


class _Answers:
    """Answers of one message. ``closed``: the last one was indefinite, so that none may follow."""

    __slots__ = ("closed", "parts", "size")

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0
        self.closed = False


class ScpiEngine:
    """Executes messages for a class that declares settings, commands and queries."""

    error_capacity: ClassVar[int] = 30
    output_capacity: ClassVar[int] = 1 << 28
    """Longest response message; a longer one is dropped as a deadlock (-430)."""
    command_s: ClassVar[float] = 1e-3
    """What a message costs of the instrument's time when it is stepped."""
    _tree: ClassVar[HeaderTree[Entry]]
    _plans: ClassVar[dict[bytes, tuple[Step, ...]]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        refuse_hidden_methods(cls)
        cls._tree = compile_headers(cls, cls.spelled)
        cls._plans = {}

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or SteppedClock()
        self.values: dict[tuple[object, ...], object] = {}
        self.errors = ErrorQueue(self.error_capacity)
        self.status = Status()
        self.wire_log: WireLog = deque(maxlen=1000)
        self.service_requests: list[Callable[[], None]] = []
        self._requests_service = False

    @classmethod
    def spelled(cls, pattern: str) -> str:
        """Header pattern as this model has it; a family of models fills in its numbers of channels here."""
        return pattern

    def respond(self, message: bytes) -> bytes | Awaitable[bytes]:
        """Answer one program message (no terminator), at once or after what it has to wait for.

        The answers of its queries are joined by ``;``; empty when there are none.
        """
        self.clock.spend(self.command_s)
        self.wire_log.append(("in", message[:_LOGGED_BYTES]))
        plan = self._plans.get(message)
        if plan is not None and len(plan) == 1:
            return self._ask_one(*plan[0])
        return run_or_wait(self._respond(message, plan))

    async def execute(self, message: bytes) -> bytes:
        """Run one program message, as :meth:`respond`."""
        answer = self.respond(message)
        return answer if isinstance(answer, bytes) else await answer

    def execute_now(self, message: bytes) -> bytes:
        """Like :meth:`execute` without an event loop; raises RuntimeError when a handler has to wait."""
        answer = self.respond(message)
        if isinstance(answer, bytes):
            return answer
        raise RuntimeError(f"{message[:40]!r} has to wait: use execute() in an event loop")

    def report(self, error: ScpiError) -> None:
        """Put an error into the queue and into the event status register."""
        self.errors.push(error)
        self.status.raise_event(error.event_bit)
        self.look()

    def status_byte(self, *, message_available: bool = False) -> int:
        """The status byte, as a serial poll sees it."""
        return self.status.byte(errors=len(self.errors) > 0, message_available=message_available)

    def poll(self, *, message_available: bool) -> int:
        """Answer a serial poll; like a message it costs time, so that who polls gets to the end of it."""
        self.clock.spend(self.command_s)
        self.look()
        return self.status_byte(message_available=message_available)

    def look(self) -> None:
        """Notice what time has brought, and request service when the master summary bit rises."""
        if not self.service_requests:
            return
        requests = bool(self.status_byte() & MASTER_SUMMARY)
        if requests and not self._requests_service:
            self._requests_service = True
            for request in list(self.service_requests):
                request()
        self._requests_service = requests

    def _ask_one(self, unit: Unit, entry: Entry, suffixes: tuple[int, ...]) -> bytes | Awaitable[bytes]:
        """Run a message of one query that was resolved before: the most frequent kind, and the quickest."""
        self.look()
        try:
            response = self._dispatch(unit, entry, suffixes)
            if isinstance(response, str | bytes | int):
                return self._logged(_encode(response))
        except ScpiError as error:
            self.report(error)
            return b""
        return b"" if response is None else run_or_wait(self._ask_late(response))

    async def _ask_late(self, response: Awaitable[Response]) -> bytes:
        try:
            answer = await response
        except ScpiError as error:
            self.report(error)
            return b""
        self.look()
        return b"" if answer is None else self._logged(_encode(answer))

    def _logged(self, answer: bytes) -> bytes:
        self.wire_log.append(("out", answer[:_LOGGED_BYTES]))
        return answer

    async def _respond(self, message: bytes, plan: tuple[Step, ...] | None) -> bytes:
        self.look()
        answers = _Answers()
        try:
            if plan is None:
                await self._run(message, answers)
            else:
                for step in plan:
                    await self._unit(*step, answers)
        except ScpiError as error:
            self.report(error)
        self.look()
        if not answers.parts:
            return b""
        return self._logged(answers.parts[0] if len(answers.parts) == 1 else b";".join(answers.parts))

    async def _run(self, message: bytes, answers: _Answers) -> None:
        path: list[str] = []
        plan: list[Step] = []
        only_queries = True
        for unit in units(message):
            tokens, path = _resolve(unit.header, path)
            step = (unit, *self._find(tokens))
            plan.append(step)
            only_queries = only_queries and unit.query and not unit.arguments
            await self._unit(*step, answers)
        if only_queries and len(message) < _LONGEST_PLAN and len(self._plans) < _MOST_PLANS:
            self._plans[message] = tuple(plan)

    def _find(self, tokens: list[str]) -> tuple[Entry, tuple[int, ...]]:
        try:
            return self._tree.find(tokens)
        except ScpiError as error:
            raise ScpiError(error.code, ":".join(tokens)) from None

    async def _unit(self, unit: Unit, entry: Entry, suffixes: tuple[int, ...], answers: _Answers) -> None:
        """Run one unit; raises for errors after which the rest of the message cannot be trusted."""
        if unit.query and answers.closed:
            raise ScpiError(-440)
        try:
            response = self._dispatch(unit, entry, suffixes, bool(answers.parts))
            if isawaitable(response):
                response = await response
        except ScpiError as error:
            if -200 < error.code <= -100 or -500 < error.code <= -400:
                raise
            self.report(error)
            return
        if unit.query and response is not None:
            self._collect(_encode(response), answers)
            answers.closed = entry.indefinite

    def _dispatch(
        self, unit: Unit, entry: Entry, suffixes: tuple[int, ...], answered: bool = False
    ) -> Response | Awaitable[Response]:
        if answered and entry.polls:
            return self.status_byte(message_available=True)
        if unit.query in entry.methods:
            return self._call(entry, unit, suffixes)
        if entry.setting is not None:
            return self._setting(entry.setting, unit, suffixes)
        raise ScpiError(-113, unit.header)

    def _collect(self, answer: bytes, answers: _Answers) -> None:
        answers.parts.append(answer)
        answers.size += len(answer)
        if answers.size > self.output_capacity:
            answers.parts.clear()
            raise ScpiError(-430)

    def _call(self, entry: Entry, unit: Unit, suffixes: tuple[int, ...]) -> Response | Awaitable[Response]:
        name, parameters = entry.methods[unit.query]
        handler: Handler = getattr(self, name)
        return handler(*suffixes, *_parse(parameters, unit.arguments))

    def _setting(self, setting: Setting[object], unit: Unit, suffixes: tuple[int, ...]) -> str | None:
        if unit.query:
            return self._ask(setting, unit.arguments, suffixes)
        if not setting.writable:
            raise ScpiError(-113, unit.header)
        (value,) = _parse((setting.kind,), unit.arguments)
        if setting.check is not None:
            setting.check(self, value, *suffixes)
        self.values[(setting, *suffixes)] = value
        if setting.announce is not None:
            setting.announce(self, value, *suffixes)
        return None

    def _ask(
        self, setting: Setting[object], arguments: tuple[Argument, ...], suffixes: tuple[int, ...]
    ) -> str:
        if not setting.readable:
            raise ScpiError(-113, setting.pattern)
        if not arguments:
            return setting.kind.format(self.values.get((setting, *suffixes), setting.default))
        limit = setting.kind.keyword(arguments[0]) if isinstance(setting.kind, Number) else None
        if limit is None or len(arguments) > 1:
            raise ScpiError(-108, arguments[0].text[:40])
        return setting.kind.format(limit)


def _resolve(header: str, path: list[str]) -> tuple[list[str], list[str]]:
    """Full header of a unit and the path for the next one (SCPI-1999 volume 1, 6.2.4)."""
    if header.startswith("*"):
        return [header.upper()], path
    tokens = header.removeprefix(":").split(":")
    if not header.startswith(":"):
        tokens = path + tokens
    return tokens, tokens[:-1]


def _parse(parameters: tuple[Parameter[object], ...], arguments: tuple[Argument, ...]) -> list[object]:
    """All parameters, before anything is executed; raises -108 or -109 for a wrong number of them."""
    if parameters and isinstance(rest := parameters[-1], Rest):
        first = len(parameters) - 1
        if len(arguments) <= first:
            raise ScpiError(-109)
        values = _parse(parameters[:-1], arguments[:first])
        return [*values, [rest.parse(argument) for argument in arguments[first:]]]
    if len(arguments) > len(parameters):
        raise ScpiError(-108, arguments[len(parameters)].text[:40])
    values = [parameter.parse(argument) for parameter, argument in zip(parameters, arguments, strict=False)]
    for parameter in parameters[len(arguments) :]:
        if not isinstance(parameter, Optional):
            raise ScpiError(-109)
        values.append(parameter.default)
    return values


def _encode(response: str | bytes | int) -> bytes:
    return response if isinstance(response, bytes) else str(response).encode("latin-1")
