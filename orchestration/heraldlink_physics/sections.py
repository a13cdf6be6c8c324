# SPDX-License-Identifier: Apache-2.0
"""Sections of a device file -> frozen dataclasses, with the key of whatever is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from heraldlink_physics.errors import DeviceError, PhysicsError

T = TypeVar("T")


def build(kind: type[T], value: object, where: str) -> T:
    """Build the dataclass ``kind`` from a section; fields with a default may be left out.

    Fields are numbers, texts, switches, one of several words, further dataclasses, an absent one
    (``| None``), or two of a dataclass with a ``name`` as two sections by that name (or built already).
    Raises `DeviceError` that names the key, below ``where``.
    """
    if not is_dataclass(kind):
        raise TypeError(f"{kind.__name__} is not a dataclass")
    given = mapping(value, where or "the file")
    optional = {field.name for field in fields(kind) if field.default is not MISSING}
    keys(given, {field.name for field in fields(kind)}, where, optional)
    hints = get_type_hints(kind)
    values = {key: _value(hints[key], given[key], below(where, key)) for key in given}
    try:
        return kind(**values)
    except DeviceError:
        raise
    except PhysicsError as error:
        raise DeviceError(f"{where}: {error}" if where else str(error)) from error


def below(where: str, key: str) -> str:
    """Name of a key of a section."""
    return f"{where}.{key}" if where else key


def _value(kind: object, value: object, where: str) -> object:
    if get_origin(kind) in (UnionType, tuple, Literal):
        return _compound(kind, value, where)
    if isinstance(kind, type) and is_dataclass(kind):
        return build(kind, value, where)
    if kind is str:
        return text(value, where)
    if kind is bool:
        return _switch(value, where)
    if kind is int:
        return _integer(value, where)
    if kind is float:
        return _number(value, where)
    return value


def _compound(kind: object, value: object, where: str) -> object:
    parts = get_args(kind)
    if get_origin(kind) is Literal:
        if value not in parts:
            raise DeviceError(f"{where}: must be one of {', '.join(map(str, parts))}, not {value!r}")
        return value
    if get_origin(kind) is UnionType:
        (present,) = (part for part in parts if part is not NoneType)
        return None if value is None else _value(present, value, where)
    if isinstance(value, tuple):
        return cast("tuple[object, ...]", value)
    named = mapping(value, where)
    if len(named) != len(parts):
        raise DeviceError(f"{where}: exactly two nodes are needed, not {len(named)}")
    return tuple(_named(part, name, named[name], where) for part, name in zip(parts, named, strict=True))


def _named(kind: type[T], name: str, value: object, where: str) -> T:
    given = mapping(value, below(where, name))
    if "name" in given:
        raise DeviceError(f"{where}.{name}.name: unknown key; a node is named by the key of its section")
    return build(kind, {"name": name, **given}, below(where, name))


def _switch(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise DeviceError(f"{where}: must be true or false, not {value!r}")
    return value


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise DeviceError(f"{where}: must be a number, not {value!r}")
    return float(value)


def _integer(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise DeviceError(f"{where}: must be a whole number, not {value!r}")
    return value


def text(value: object, where: str) -> str:
    """A text that is not empty. Raises `DeviceError`."""
    if not isinstance(value, str) or not value:
        raise DeviceError(f"{where}: must be a text, not {value!r}")
    return value


def mapping(value: object, where: str) -> Mapping[str, object]:
    """A section. Raises `DeviceError`."""
    if not isinstance(value, Mapping):
        raise DeviceError(f"{where}: must be a section with keys, not {value!r}")
    return cast(Mapping[str, object], value)


def keys(given: Mapping[str, object], wanted: set[str], where: str, optional: set[str] | None = None) -> None:
    """Refuse unknown and missing keys. Raises `DeviceError`."""
    for key in given:
        if key not in wanted:
            raise DeviceError(f"{below(where, key)}: unknown key; known are {', '.join(sorted(wanted))}")
    for key in sorted(wanted - (optional or set())):
        if key not in given:
            raise DeviceError(f"{below(where, key)}: missing")
