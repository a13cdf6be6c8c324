# SPDX-License-Identifier: Apache-2.0
"""A device file's mapping -> `Devices`; the caller reads the file and puts its name before the message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import TypeVar, cast, get_type_hints

from heraldlink_physics.device import ArmDevice, Devices, MidpointDevice
from heraldlink_physics.errors import DeviceError, PhysicsError
from heraldlink_physics.snspd import Snspd

T = TypeVar("T")


def from_mapping(mapping: object) -> Devices:
    """Build the devices of a link.

    Keys ``name``, ``source``, ``arms`` (exactly two, in the order A, B), ``midpoint``; below them the fields
    of `ArmDevice` and `MidpointDevice` by name. Raises `DeviceError` that names the key.
    """
    top = _mapping(mapping, "the file")
    _keys(top, {"name", "source", "arms", "midpoint"}, "")
    arms = _mapping(top["arms"], "arms")
    if len(arms) != 2:
        raise DeviceError(f"arms: exactly two nodes are needed, not {len(arms)}")
    first, second = (_arm(name, arms[name]) for name in arms)
    return Devices(
        name=_text(top["name"], "name"),
        source=_text(top["source"], "source"),
        arms=(first, second),
        midpoint=_midpoint(top["midpoint"]),
    )


def _arm(name: str, value: object) -> ArmDevice:
    where = f"arms.{name}"
    given = _mapping(value, where)
    if "name" in given:
        raise DeviceError(f"{where}.name: unknown key; a node is named by the key of its section")
    return _build(ArmDevice, {"name": name, **given}, where)


def _midpoint(value: object) -> MidpointDevice:
    given = _mapping(value, "midpoint")
    if "detectors" not in given:
        raise DeviceError("midpoint.detectors: missing")
    detectors = _mapping(given["detectors"], "midpoint.detectors")
    _keys(detectors, {"c", "d"}, "midpoint.detectors")
    pair = tuple(_build(Snspd, detectors[port], f"midpoint.detectors.{port}") for port in "cd")
    return _build(MidpointDevice, {**given, "detectors": pair}, "midpoint")


def _build(kind: type[T], value: object, where: str) -> T:
    if not is_dataclass(kind):
        raise TypeError(f"{kind.__name__} is not a dataclass")
    given = _mapping(value, where)
    optional = {field.name for field in fields(kind) if field.default is not MISSING}
    _keys(given, {field.name for field in fields(kind)}, where, optional)
    hints = get_type_hints(kind)
    values = {key: _value(hints[key], given[key], f"{where}.{key}") for key in given}
    try:
        return kind(**values)
    except DeviceError:
        raise
    except PhysicsError as error:
        raise DeviceError(f"{where}: {error}") from error


def _value(kind: object, value: object, where: str) -> object:
    if isinstance(kind, type) and is_dataclass(kind):
        return _build(kind, value, where)
    if kind is str:
        return _text(value, where)
    if kind is int:
        return _integer(value, where)
    if kind is float:
        return _number(value, where)
    return value


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise DeviceError(f"{where}: must be a number, not {value!r}")
    return float(value)


def _integer(value: object, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise DeviceError(f"{where}: must be a whole number, not {value!r}")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise DeviceError(f"{where}: must be a text, not {value!r}")
    return value


def _mapping(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise DeviceError(f"{where}: must be a section with keys, not {value!r}")
    return cast(Mapping[str, object], value)


def _keys(
    given: Mapping[str, object], wanted: set[str], where: str, optional: set[str] | None = None
) -> None:
    prefix = f"{where}." if where else ""
    for key in given:
        if key not in wanted:
            raise DeviceError(f"{prefix}{key}: unknown key; known are {', '.join(sorted(wanted))}")
    for key in sorted(wanted - (optional or set())):
        if key not in given:
            raise DeviceError(f"{prefix}{key}: missing")
