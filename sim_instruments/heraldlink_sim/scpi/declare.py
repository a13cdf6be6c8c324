# SPDX-License-Identifier: Apache-2.0
"""The words with which an instrument is declared: :class:`Setting`, :func:`command` and :func:`query`."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, overload

from heraldlink_sim.scpi.lexer import Argument
from heraldlink_sim.scpi.values import Parameter

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., object])
Response = str | bytes | int | None
Handler = Callable[..., Response | Awaitable[Response]]
P = ParamSpec("P")
D = TypeVar("D")


class Kind(Protocol[T]):
    """A parameter type with a default and an answer format."""

    @property
    def default(self) -> T | None:
        """Value after ``*RST``."""
        ...

    def parse(self, argument: Argument) -> T:
        """Value of an argument; raises ScpiError."""
        ...

    def format(self, value: T) -> str:
        """Answer to a query."""
        ...


class Holder(Protocol):
    """Whatever keeps the values of settings: a device."""

    @property
    def values(self) -> dict[tuple[object, ...], object]:
        """Current value of each (setting, suffixes) that was ever set."""
        ...


class Bound(Generic[T]):
    """A setting of one device; suffixes are given in the order of the pattern."""

    __slots__ = ("_holder", "_setting")

    def __init__(self, setting: "Setting[T]", holder: Holder) -> None:
        self._setting = setting
        self._holder = holder

    def get(self, *suffixes: int) -> T:
        """Present value."""
        value = self._holder.values.get((self._setting, *suffixes), self._setting.default)
        return value  # type: ignore[return-value]  # only set() writes, and it takes T

    def set(self, value: T, *suffixes: int) -> None:
        """Store a value from within the instrument; neither checked nor announced."""
        self._holder.values[(self._setting, *suffixes)] = value


class Setting(Generic[T]):
    """A value that is set and queried under one header, with a type that checks it."""

    def __init__(self, pattern: str, kind: Kind[T], *, readable: bool = True, writable: bool = True) -> None:
        if kind.default is None:
            raise ValueError(f"the setting {pattern!r} needs a default")
        self.pattern, self.kind, self.default = pattern, kind, kind.default
        self.readable, self.writable = readable, writable
        self.check: Callable[..., None] | None = None
        self.announce: Callable[..., None] | None = None

    def guard(self, function: Callable[Concatenate[D, P], None]) -> Callable[Concatenate[D, P], None]:
        """Decorator: called as ``(device, value, *suffixes)`` before it is stored; may raise ScpiError."""
        self.check = function
        return function

    def changed(self, function: Callable[Concatenate[D, P], None]) -> Callable[Concatenate[D, P], None]:
        """Decorator: called as ``(device, value, *suffixes)`` after the value was stored."""
        self.announce = function
        return function

    @overload
    def __get__(self, instance: None, owner: type[object]) -> Self: ...

    @overload
    def __get__(self, instance: Holder, owner: type[object]) -> Bound[T]: ...

    def __get__(self, instance: Holder | None, owner: type[object]) -> Self | Bound[T]:
        return self if instance is None else Bound(self, instance)


@dataclass(frozen=True, slots=True)
class Action:
    """One header and the method behind it."""

    pattern: str
    query: bool
    parameters: tuple[Parameter[object], ...]


_MARK = "__scpi_actions__"


def command(pattern: str, *parameters: Parameter[object]) -> Callable[[F], F]:
    """Declare a method as the handler of a command; it gets the suffixes, then the parsed parameters."""
    return _declare(Action(pattern, False, parameters))


def query(pattern: str, *parameters: Parameter[object]) -> Callable[[F], F]:
    """Declare a method as the handler of a query (no ``?`` in the pattern); it returns the answer."""
    return _declare(Action(pattern, True, parameters))


def actions_of(function: object) -> tuple[Action, ...]:
    """Actions that a function was declared for, by any number of stacked decorators."""
    found: tuple[Action, ...] = getattr(function, _MARK, ())
    return found


def _declare(action: Action) -> Callable[[F], F]:
    def mark(function: F) -> F:
        setattr(function, _MARK, (*actions_of(function), action))
        return function

    return mark
