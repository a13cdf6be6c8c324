# SPDX-License-Identifier: Apache-2.0
"""Every number of a device file by its path: arms.alice.qubit.t1_s, midpoint.detectors.c.knee_A."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from math import isfinite
from typing import Any, cast

from heraldlink_physics.device import Devices
from heraldlink_physics.errors import PhysicsError

PORTS = ("c", "d")
Keys = tuple[str | int, ...]


def leaves(devices: Devices) -> dict[str, float]:
    """Value of every number in a device file, infinite ones too, by path; found from the dataclasses."""
    return dict(_leaves(devices))


def shifted(devices: Devices, path: str, value: float) -> Devices:
    """The same devices with one number changed; whole numbers are rounded.

    Raises PhysicsError for an unknown path, or for a value outside the parameter's range.
    """
    places = _places(devices)
    if path not in places:
        raise PhysicsError(f"no parameter {path!r}: known are {', '.join(places)}")
    new: float = round(value) if whole(devices, path) and isfinite(value) else value
    changed = _with(devices, places[path], new)
    if not isinstance(changed, Devices):
        raise PhysicsError(f"{path} is no parameter of a device")
    return changed


@lru_cache(maxsize=8)
def _places(devices: Devices) -> dict[str, Keys]:
    return {_spelt(devices, keys): keys for keys, _ in _walk(devices, ())}


@lru_cache(maxsize=8)
def _leaves(devices: Devices) -> dict[str, float]:
    return {_spelt(devices, keys): value for keys, value in _walk(devices, ())}


def whole(devices: Devices, path: str) -> bool:
    """Whether the parameter is a whole number (of picoseconds)."""
    return isinstance(_leaves(devices)[path], int)


def _walk(item: object, keys: Keys) -> Iterator[tuple[Keys, float]]:
    if isinstance(item, int | float) and not isinstance(item, bool):
        yield keys, item
    elif isinstance(item, tuple):
        for place, part in enumerate(cast(tuple[object, ...], item)):
            yield from _walk(part, (*keys, place))
    elif is_dataclass(item):
        for field in fields(item):
            yield from _walk(getattr(item, field.name), (*keys, field.name))


def _with(item: object, keys: Keys, value: float) -> object:
    if not keys:
        return value
    first, rest = keys[0], keys[1:]
    if isinstance(item, tuple) and isinstance(first, int):
        parts = cast(tuple[object, ...], item)
        return (*parts[:first], _with(parts[first], rest, value), *parts[first + 1 :])
    changes: dict[str, Any] = {str(first): _with(getattr(item, str(first)), rest, value)}  # pyright: ignore[reportUnknownArgumentType]
    return replace(cast(Devices, item), **changes)


def _spelt(devices: Devices, keys: Keys) -> str:
    words: list[str] = []
    for before, key in zip((None, *keys), keys, strict=False):
        if isinstance(key, str):
            words.append(key)
        else:
            words.append(devices.arms[key].name if before == "arms" else PORTS[key])
    return ".".join(words)
