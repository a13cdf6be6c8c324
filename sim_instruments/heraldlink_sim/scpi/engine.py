# SPDX-License-Identifier: Apache-2.0
"""Runs program messages on a declared instrument: path rule, dispatch, parameters, answers, errors.

The declarations of a class are compiled once, into one tree of headers.
"""

from collections import deque
from collections.abc import Awaitable, Iterator
from inspect import isawaitable
from typing import ClassVar, Literal, cast

from heraldlink_sim.scpi.declare import Handler, Response, Setting, actions_of
from heraldlink_sim.scpi.errors import ErrorQueue, ScpiError
from heraldlink_sim.scpi.headers import HeaderTree
from heraldlink_sim.scpi.lexer import Argument, Unit, units
from heraldlink_sim.scpi.status import Status
from heraldlink_sim.scpi.values import Number, Optional, Parameter, Rest

WireLog = deque[tuple[Literal["in", "out"], bytes]]

_LOGGED_BYTES = 4096


class Entry:
    """What stands behind one header: a setting, or a method for the command and one for the query."""

    def __init__(self) -> None:
        self.setting: Setting[object] | None = None
        self.methods: dict[bool, tuple[str, tuple[Parameter[object], ...]]] = {}


class ScpiEngine:
    """Executes messages for a class that declares settings, commands and queries."""

    error_capacity: ClassVar[int] = 30
    _tree: ClassVar[HeaderTree[Entry]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        _refuse_hidden_methods(cls)
        cls._tree = _compile(cls)

    def __init__(self) -> None:
        self.values: dict[tuple[object, ...], object] = {}
        self.errors = ErrorQueue(self.error_capacity)
        self.status = Status()
        self.wire_log: WireLog = deque(maxlen=1000)

    @classmethod
    def spelled(cls, pattern: str) -> str:
        """Header pattern as this model has it; a family of models fills in its numbers of channels here."""
        return pattern

    def respond(self, message: bytes) -> bytes | Awaitable[bytes]:
        """Answer one program message (no terminator), at once or after what it has to wait for."""
        return self.execute(message)

    async def execute(self, message: bytes) -> bytes:
        """Run one program message (no terminator); the answers joined by ``;``, empty when there are none."""
        self.wire_log.append(("in", message[:_LOGGED_BYTES]))
        answers: list[bytes] = []
        try:
            await self._run(message, answers)
        except ScpiError as error:
            self.report(error)
        answer = b";".join(answers)
        if answers:
            self.wire_log.append(("out", answer[:_LOGGED_BYTES]))
        return answer

    def execute_now(self, message: bytes) -> bytes:
        """Like :meth:`execute` without an event loop; raises RuntimeError when a handler has to wait."""
        coroutine = self.execute(message)
        try:
            coroutine.send(None)
        except StopIteration as stop:
            return bytes(stop.value)
        coroutine.close()
        raise RuntimeError(f"{message[:40]!r} has to wait: use execute() in an event loop")

    def report(self, error: ScpiError) -> None:
        """Put an error into the queue and into the event status register."""
        self.errors.push(error)
        self.status.raise_event(error.event_bit)

    def status_byte(self, *, message_available: bool = False) -> int:
        """The status byte, as a serial poll sees it."""
        return self.status.byte(errors=len(self.errors) > 0, message_available=message_available)

    async def _run(self, message: bytes, answers: list[bytes]) -> None:
        path: list[str] = []
        for unit in units(message):
            tokens, path = _resolve(unit.header, path)
            try:
                response = await self._unit(unit, tokens, bool(answers))
            except ScpiError as error:
                if error.code > -200:
                    raise  # after a command error the rest of the message cannot be trusted
                self.report(error)
                continue
            if response is not None:
                answers.append(response)

    async def _unit(self, unit: Unit, tokens: list[str], answered: bool) -> bytes | None:
        try:
            entry, suffixes = self._tree.find(tokens)
        except ScpiError as error:
            raise ScpiError(error.code, ":".join(tokens)) from None
        if tokens == ["*STB"] and answered:
            return str(self.status_byte(message_available=True)).encode()
        if unit.query in entry.methods:
            response = self._call(entry, unit, suffixes)
        elif entry.setting is not None:
            response = self._setting(entry.setting, unit, suffixes)
        else:
            raise ScpiError(-113, ":".join(tokens))
        if isawaitable(response):
            response = await response
        return _encode(response) if unit.query else None

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


def _members(cls: type[object]) -> Iterator[tuple[str, object]]:
    """Declared members, base classes first, so that a subclass replaces a header."""
    for base in reversed(cls.__mro__):
        yield from vars(base).items()


def _refuse_hidden_methods(cls: type[object]) -> None:
    """A handler that shares its name, but no header, with an inherited member would break the base class."""
    for name, member in vars(cls).items():
        patterns = {action.pattern for action in actions_of(member)}
        for base in cls.__mro__[1:]:
            hidden = vars(base).get(name)
            if patterns and hidden is not None and not patterns & {a.pattern for a in actions_of(hidden)}:
                raise TypeError(f"{cls.__name__}.{name} hides {base.__name__}.{name}: choose another name")


def _compile(cls: type[ScpiEngine]) -> HeaderTree[Entry]:
    entries: dict[str, Entry] = {}
    for name, member in _members(cls):
        if isinstance(member, Setting):
            setting = cast(Setting[object], member)
            entries.setdefault(setting.pattern, Entry()).setting = setting
            continue
        for action in actions_of(member):
            entry = entries.setdefault(action.pattern, Entry())
            entry.methods[action.query] = (name, action.parameters)
    tree: HeaderTree[Entry] = HeaderTree()
    for pattern, entry in entries.items():
        tree.add(cls.spelled(pattern), entry)
    return tree


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


def _encode(response: Response) -> bytes | None:
    if response is None or isinstance(response, bytes):
        return response
    return str(response).encode("latin-1")
