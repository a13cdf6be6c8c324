# SPDX-License-Identifier: Apache-2.0
"""Runs program messages on a declared instrument: path rule, dispatch, parameters, answers, errors."""

from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from typing import ClassVar, Literal, NamedTuple, cast

from heraldlink_sim.clock import Clock, SteppedClock
from heraldlink_sim.scpi.compile import Entry, compile_headers, refuse_hidden_methods
from heraldlink_sim.scpi.declare import Handler, Response, Setting
from heraldlink_sim.scpi.errors import ErrorQueue, ScpiError
from heraldlink_sim.scpi.headers import HeaderTree
from heraldlink_sim.scpi.lexer import Argument, Unit, text_size, units
from heraldlink_sim.scpi.status import MASTER_SUMMARY, Status
from heraldlink_sim.scpi.values import Number, Optional, Parameter, Rest
from heraldlink_sim.scpi.waiting import run_or_wait

WireLog = deque[tuple[Literal["in", "out"], bytes]]
Waiting = tuple[Awaitable[Response], "Step"]

_LOGGED_BYTES = 4096
_LONGEST_PLAN, _LONGEST_HEADER, _MOST_PLANS = 1000, 200, 4096
"""Messages of queries, and headers, up to this long are resolved once, up to this many of a class."""


class Step(NamedTuple):
    """One unit with what stands behind its header."""

    unit: Unit
    entry: Entry
    suffixes: tuple[int, ...]


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
    input_capacity: ClassVar[int] = 1 << 21
    """Longest message, definite blocks apart; a longer one is dropped (-363)."""
    _tree: ClassVar[HeaderTree[Entry]]
    _plans: ClassVar[dict[bytes, tuple[Step, ...]]]
    _headers: ClassVar[dict[str, tuple[Entry, tuple[int, ...], str]]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        refuse_hidden_methods(cls)
        cls._tree = compile_headers(cls, cls.spelled)
        cls._plans, cls._headers = {}, {}

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

    def find_header(self, tokens: list[str]) -> tuple[Entry, tuple[int, ...]]:
        """What stands behind a full header, always the same; raises ScpiError -112, -113 or -114."""
        return self._tree.find(tokens)

    def respond(self, message: bytes) -> bytes | Awaitable[bytes]:
        """Answer one program message (no terminator), at once or after what it has to wait for.

        The answers of its queries are joined by ``;``; empty when there are none.
        """
        self.clock.spend(self.command_s)
        self.wire_log.append(("in", message[:_LOGGED_BYTES]))
        if len(message) > _LONGEST_PLAN:
            if len(message) > self.input_capacity and text_size(message) > self.input_capacity:
                self.report(ScpiError(-363))
                return b""
            steps = self._steps(message)
        elif (plan := self._plans.get(message)) is None:
            steps = self._steps(message)
        elif len(plan) == 1:
            return self._ask_one(plan[0])
        else:
            steps = iter(plan)
        self.look()
        answers = _Answers()
        waiting = self._run(steps, answers)
        return run_or_wait(self._go_on(waiting, steps, answers)) if waiting else self._finish(answers)

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

    def _ask_one(self, step: Step) -> bytes | Awaitable[bytes]:
        """Run a message of one query that was resolved before: the most frequent kind, and the quickest."""
        self.look()
        try:
            response = self._dispatch(step)
        except ScpiError as error:
            self.report(error)
            return b""
        if isinstance(response, str | bytes | int):
            return self._logged(_encode(response))
        if response is None:
            return b""
        return run_or_wait(self._go_on((response, step), iter(()), _Answers()))

    def _logged(self, answer: bytes) -> bytes:
        self.wire_log.append(("out", answer[:_LOGGED_BYTES]))
        return answer

    def _run(self, steps: Iterator[Step], answers: _Answers) -> Waiting | None:
        """Run units until one has to wait, which is returned, or until the end, or a command error."""
        try:
            for step in steps:
                response = self._run_one(step, answers)
                if response is not None:
                    return response, step
        except ScpiError as error:
            self.report(error)
        return None

    def _run_one(self, step: Step, answers: _Answers) -> Awaitable[Response] | None:
        """Run one unit; raises for errors after which the rest of the message cannot be trusted."""
        if step.unit.query and answers.closed:
            raise ScpiError(-440)
        try:
            response = self._dispatch(step, bool(answers.parts))
            if isinstance(response, Coroutine):
                response = run_or_wait(cast(Coroutine[object, object, Response], response))
        except ScpiError as error:
            self._note(error)
            return None
        if response is None or isinstance(response, str | bytes | int):
            self._collect(response, step, answers)
            return None
        return response

    async def _go_on(self, waiting: Waiting | None, steps: Iterator[Step], answers: _Answers) -> bytes:
        """Wait for a unit, run those behind it, and so on to the end."""
        while waiting:
            response, step = waiting
            try:
                try:
                    self._collect(await response, step, answers)
                except ScpiError as error:
                    self._note(error)
            except ScpiError as error:
                self.report(error)
                break
            self.look()
            waiting = self._run(steps, answers)
        return self._finish(answers)

    def _note(self, error: ScpiError) -> None:
        """Report an execution error; raise a command or query error, which ends the message."""
        if -200 < error.code <= -100 or -500 < error.code <= -400:
            raise error
        self.report(error)

    def _finish(self, answers: _Answers) -> bytes:
        self.look()
        if not answers.parts:
            return b""
        return self._logged(answers.parts[0] if len(answers.parts) == 1 else b";".join(answers.parts))

    def _steps(self, message: bytes) -> Iterator[Step]:
        """Units one by one with what stands behind their headers; messages of queries are remembered."""
        path = ""
        plan: list[Step] | None = [] if len(message) <= _LONGEST_PLAN else None
        for unit in units(message):
            entry, suffixes, path = self._find(unit.header, path)
            step = Step(unit, entry, suffixes)
            if not unit.query:
                plan = None
            elif plan is not None:
                plan.append(step)
            yield step
        if plan:
            if len(self._plans) >= _MOST_PLANS:
                self._plans.clear()
            self._plans[message] = tuple(plan)

    def _find(self, header: str, path: str) -> tuple[Entry, tuple[int, ...], str]:
        """Entry, suffixes, and the path for the next unit (SCPI-1999 volume 1, 6.2.4)."""
        if header[0] == "*":
            entry, suffixes, _ = self._headers.get(header) or self._look_up(header, "")
            return entry, suffixes, path
        if header[:2] == ":*":  # a common command has no path (IEEE 488.2, 7.6.1)
            raise ScpiError(-113, header[:_LONGEST_HEADER])
        full = header[1:] if header[0] == ":" else f"{path}{header}"
        return self._headers.get(full) or self._look_up(full, full[: full.rfind(":") + 1])

    def _look_up(self, header: str, path: str) -> tuple[Entry, tuple[int, ...], str]:
        try:
            entry, suffixes = self.find_header(header.split(":"))
        except ScpiError as error:
            raise ScpiError(error.code, header[:_LONGEST_HEADER]) from None
        if len(self._headers) >= _MOST_PLANS:
            self._headers.clear()
        if len(header) <= _LONGEST_HEADER:
            self._headers[header] = entry, suffixes, path
        return entry, suffixes, path

    def _dispatch(self, step: Step, answered: bool = False) -> Response | Awaitable[Response]:
        unit, entry, suffixes = step
        if answered and entry.polls:
            return self.status_byte(message_available=True)
        if (method := entry.methods.get(unit.query)) is not None:
            handler: Handler = getattr(self, method[0])
            if not method[1] and not unit.arguments:
                return handler(*suffixes)
            return handler(*suffixes, *_parse(method[1], unit.arguments))
        if entry.setting is not None:
            return self._setting(entry.setting, unit, suffixes)
        raise ScpiError(-113, unit.header)

    def _collect(self, response: Response, step: Step, answers: _Answers) -> None:
        if response is None or not step.unit.query:
            return
        answer = _encode(response)
        answers.parts.append(answer)
        answers.closed = step.entry.indefinite
        answers.size += len(answer)
        if answers.size > self.output_capacity:
            answers.parts.clear()
            raise ScpiError(-430)

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


def _parse(parameters: tuple[Parameter[object], ...], arguments: tuple[Argument, ...]) -> list[object]:
    """All parameters, before anything is executed; raises -108 or -109 for a wrong number of them."""
    if len(parameters) == len(arguments) == 1 and not isinstance(parameters[0], Rest):
        return [parameters[0].parse(arguments[0])]
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
