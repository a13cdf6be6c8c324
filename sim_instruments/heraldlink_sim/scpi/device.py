# SPDX-License-Identifier: Apache-2.0
"""An instrument that speaks SCPI: pure, bytes in and bytes out, no sockets and no clock.

An instrument is a class that declares its commands::

    from heraldlink_sim.scpi import (
        Boolean, Choice, Integer, Number, ScpiDevice, ScpiError, Setting, Text, command, query,
    )

    class Laser(ScpiDevice):
        identity = "ACME,PL780,SIM-1,1.4"
        power = Setting("[SOURce]:POWer[:LEVel]", Number(-15, 13, default=0, unit="DBM"))
        output = Setting("OUTPut<1..4>[:STATe]", Boolean())

        @power.guard                                  # before it is stored; may refuse
        def _power_guard(self, value: float) -> None:
            if self.locked: raise ScpiError(-221)

        @output.changed                               # after it was stored
        def _output_changed(self, value: bool, channel: int) -> None: ...

        @query("READ<1..4>:POWer")                    # answers READ2:POW?
        def read_power(self, channel: int) -> str:
            return f"{self.power.get():.3f}"

        @command("SYSTem:LABel", Text())              # SYST:LAB "x"
        def label(self, text: str) -> None: ...

    laser.power.get(); laser.output.get(2); laser.output.set(True, 2)
    reply = await laser.execute(b"POW 3DBM;POW?")     # -> b"3"
    reply = laser.execute_now(b"OUTP2?")              # without an event loop, if no handler waits

* A :class:`Setting` gives set and query, ``MIN|MAX|DEF`` as value and as query argument, units, ranges and
  ``*RST``.
* Handlers get the numeric suffixes first (1 where the client wrote none), then the parsed parameters. They
  return ``str``, ``bytes`` (sent as they are; ``block(payload)`` makes a definite block), ``int`` or None,
  may be ``async`` (the session waits), and raise :class:`ScpiError` with a code for the error queue.
* A subclass or a later member with the same pattern replaces the header.
* Here already: ``*IDN? *RST *CLS *ESR? *ESE *SRE *STB? *OPC *OPC? *WAI *TST? *OPT? SYST:ERR? SYST:ERR:COUN?
  SYST:ERR:ALL? SYST:VERS?``. Override :meth:`~ScpiDevice.reset`, :meth:`~ScpiDevice.format_error`,
  :meth:`~ScpiDevice.complete` or :meth:`~ScpiDevice.self_test`.
* Serve it: ``await serve_raw(device, "127.0.0.1", 0, terminator=b"\\r")`` of :mod:`heraldlink_sim.transport`.
* A device that is not SCPI (its own grammar) only needs ``async execute(message) -> bytes`` and ``wire_log``:
  see :class:`heraldlink_sim.transport.Device`.
"""

from collections import deque
from collections.abc import Awaitable, Iterator
from inspect import isawaitable
from typing import ClassVar, Literal, cast

from heraldlink_sim.scpi.declare import Handler, Response, Setting, actions_of, command, query
from heraldlink_sim.scpi.errors import ErrorQueue, ScpiError
from heraldlink_sim.scpi.headers import HeaderTree
from heraldlink_sim.scpi.lexer import Argument, Unit, units
from heraldlink_sim.scpi.status import MASTER_SUMMARY, OPERATION_COMPLETE, Status
from heraldlink_sim.scpi.values import Integer, Number, Optional, Parameter

WireLog = deque[tuple[Literal["in", "out"], bytes]]

_LOGGED_BYTES = 4096


class Entry:
    """What stands behind one header: a setting, or a method for the command and one for the query."""

    def __init__(self) -> None:
        self.setting: Setting[object] | None = None
        self.methods: dict[bool, tuple[str, tuple[Parameter[object], ...]]] = {}


class ScpiDevice:
    """Base of all SCPI instruments; see the module's text for how to declare one."""

    identity: ClassVar[str] = "heraldlink,ScpiDevice,SIM-0,0"
    options: ClassVar[str] = "0"
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

    def reset(self) -> None:
        """All settings to their defaults (``*RST``)."""
        self.values.clear()

    def format_error(self, error: ScpiError) -> str:
        """One entry of the error queue as it is answered."""
        return f'{error.code},"{error.message}"'

    async def complete(self) -> None:
        """Return when no operation is pending any more (``*OPC?``, ``*WAI``)."""

    def self_test(self) -> int:
        """Result of ``*TST?``: 0 is a pass."""
        return 0

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

    # What every SCPI instrument has

    @query("*IDN")
    def _identify(self) -> str:
        return self.identity

    @query("*OPT")
    def _options(self) -> str:
        return self.options

    @command("*RST")
    def _reset(self) -> None:
        self.reset()

    @command("*CLS")
    def _clear_status(self) -> None:
        self.errors.clear()
        self.status.events = 0

    @query("*ESR")
    def _take_events(self) -> int:
        return self.status.take_events()

    @command("*ESE", Integer(0, 255))
    def _set_event_enable(self, mask: int) -> None:
        self.status.event_enable = mask

    @query("*ESE")
    def _event_enable(self) -> int:
        return self.status.event_enable

    @command("*SRE", Integer(0, 255))
    def _set_service_enable(self, mask: int) -> None:
        self.status.service_enable = mask & ~MASTER_SUMMARY

    @query("*SRE")
    def _service_enable(self) -> int:
        return self.status.service_enable

    @query("*STB")
    def _status_byte(self) -> int:
        return self.status_byte()

    @command("*OPC")
    async def _operation_complete(self) -> None:
        await self.complete()
        self.status.raise_event(OPERATION_COMPLETE)

    @query("*OPC")
    async def _is_complete(self) -> str:
        await self.complete()
        return "1"

    @command("*WAI")
    async def _wait(self) -> None:
        await self.complete()

    @query("*TST")
    def _self_test(self) -> int:
        return self.self_test()

    @query("SYSTem:ERRor[:NEXT]")
    def _next_error(self) -> str:
        return self.format_error(self.errors.pop())

    @query("SYSTem:ERRor:COUNt")
    def _error_count(self) -> int:
        return len(self.errors)

    @query("SYSTem:ERRor:ALL")
    def _all_errors(self) -> str:
        return ",".join(self.format_error(error) for error in self.errors.drain() or [ScpiError(0)])

    @query("SYSTem:ERRor:CODE[:NEXT]")
    def _error_code(self) -> int:
        return self.errors.pop().code

    @query("SYSTem:VERSion")
    def _version(self) -> str:
        return "1999.0"


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


def _compile(cls: type[object]) -> HeaderTree[Entry]:
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
        tree.add(pattern, entry)
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
