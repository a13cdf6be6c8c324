# SPDX-License-Identifier: Apache-2.0
"""Calls of instrument roles as bytes: which methods there are, of what types, and how they travel.

The table is made of the role protocols when this is imported; nothing that is not in it can be called, and
arguments and results are decoded by their annotations. Arrays travel as (type, shape, bytes).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any, cast, get_origin, get_type_hints

import msgspec
import numpy as np
from typing_extensions import get_protocol_members

from heraldlink_drivers import roles
from heraldlink_drivers.roles import Device

ROLES: Mapping[str, type[object]] = {
    role.__name__: role
    for role in (
        roles.Attenuator,
        roles.DetectorBias,
        roles.Interlocked,
        roles.MicrowaveSource,
        roles.OpticalSwitch,
        roles.PowerMeter,
        roles.PumpLaser,
        roles.SlotTrigger,
        roles.Thermometer,
        roles.TimeTagger,
        roles.WaveformGenerator,
    )
}


@dataclass(frozen=True, slots=True)
class Member:
    """A method or property of a role: names of its arguments, its types, and what is left out if absent."""

    name: str
    is_property: bool
    names: tuple[str, ...]
    arguments: type[object]
    result: type[object]


class Asked(msgspec.Struct, frozen=True, array_like=True):
    """A call; ``arguments`` are encoded, by name."""

    role: str
    member: str
    arguments: msgspec.Raw


class Told(msgspec.Struct, frozen=True, array_like=True):
    """Its end: an encoded result, or the kind and text of an error."""

    result: msgspec.Raw = msgspec.Raw(b"\xc0")
    error: str = ""
    text: str = ""


def _member(role: type[object], name: str) -> Member:
    found: object = getattr(role, name)
    is_property = isinstance(found, property)
    function = cast("Callable[..., object]", found.fget if isinstance(found, property) else found)
    hints = get_type_hints(function)
    result = hints.pop("return")
    fields = [
        (one.name, hints[one.name]) if one.default is one.empty else (one.name, hints[one.name], one.default)
        for one in signature(function).parameters.values()
        if one.name != "self"
    ]
    names = tuple(str(field[0]) for field in fields)
    return Member(name, is_property, names, msgspec.defstruct(f"{role.__name__}_{name}", fields), result)


TABLE: Mapping[tuple[str, str], Member] = {
    (title, name): _member(role, name)
    for title, role in {"Device": cast("type[object]", Device), **ROLES}.items()
    for name in sorted(get_protocol_members(role))
}
"""Every member of every role, by role and name."""


def roles_of(device: object) -> tuple[str, ...]:
    """Names of the roles that an instrument plays."""
    return ("Device", *(title for title, role in ROLES.items() if isinstance(device, role)))


def ask(role: str, member: Member, args: tuple[object, ...], kwargs: Mapping[str, object]) -> bytes:
    """Encode a call. Raises TypeError for arguments that the method does not have."""
    given = dict(zip(member.names, args, strict=False)) | dict(kwargs)
    arguments = member.arguments(**given)
    return msgspec.msgpack.encode(
        Asked(role, member.name, msgspec.Raw(msgspec.msgpack.encode(arguments, enc_hook=_plain)))
    )


def perform(device: object, asked: Asked) -> object:
    """Carry a call out. Raises KeyError for what is in no role, and whatever the instrument raises."""
    member = TABLE[asked.role, asked.member]
    if member.is_property:
        return cast(object, getattr(device, member.name))
    found = msgspec.msgpack.decode(asked.arguments, type=member.arguments, dec_hook=_array)
    given = {name: getattr(found, name) for name in member.names}
    return cast("Callable[..., object]", getattr(device, member.name))(**given)


def tell(result: object) -> Told:
    """Encode a result."""
    return Told(msgspec.Raw(msgspec.msgpack.encode(result, enc_hook=_plain)))


def result_of(member: Member, told: Told) -> object:
    """Decode a result by the method's annotation."""
    return msgspec.msgpack.decode(told.result, type=member.result, dec_hook=_array)


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        array = cast("np.ndarray[Any, np.dtype[np.generic]]", value)
        return (array.dtype.str, array.shape, array.tobytes())
    if isinstance(value, np.generic):
        return cast("Callable[[], object]", value.item)()
    raise NotImplementedError(f"{type(value).__name__} is no value of a role")


def _array(kind: type[object], value: object) -> object:
    if get_origin(kind) is np.ndarray:
        name, shape, data = cast("tuple[str, list[int], bytes]", value)
        return cast(object, np.frombuffer(data, np.dtype(name)).reshape(shape).copy())
    raise NotImplementedError(f"{kind} is no value of a role")
